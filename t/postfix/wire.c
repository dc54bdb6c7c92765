#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <unistd.h>
#include "postfix/request.h"
#include "postfix/version.h"
#include "postfix/wire.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/postfix/fake_server.h"
#include "t/postfix/recorded.h"

static bool same_bytes(const struct buf *got, const char *recording)
{
	struct buf want = BUF(0);
	bool same;

	recorded(&want, recording);
	same = got->length == want.length
		&& memcmp(buf_text(got), buf_text(&want), got->length) == 0;
	buf_close(&want);
	return same;
}

static void is_recorded(const struct wire_message *message, const void *from, const char *recording)
{
	struct buf list = BUF(0);

	wire_put(message, POSTFIX(3, 7), from, &list);
	okf(same_bytes(&list, recording), "as recorded: %s", recording);
	buf_close(&list);
}

/* The lists of a recording, one by one. */
static struct attr_source source_of(const char *recording)
{
	struct buf bytes = BUF(0);
	int pair[2];

	recorded(&bytes, recording);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	attr_write(pair[1], 5, bytes.data, bytes.length);
	close(pair[1]);
	buf_close(&bytes);
	return (struct attr_source){.fd = pair[0]};
}

static void test_greeting(void)
{
	static const struct {
		int version;
		const char *recording;
	} greetings[] = {
		{POSTFIX(3, 4), "3.5/greeting"},
		{POSTFIX(3, 5), "3.5/greeting"},
		{POSTFIX(3, 6), "3.7/greeting"},
		{POSTFIX(3, 7), "3.7/greeting"},
		{POSTFIX(3, 11), "3.7/greeting"},
		{POSTFIX(4, 0), "3.7/greeting"},
	};

	for (size_t i = 0; i < COUNT(greetings); i++) {
		struct buf greeting = BUF(0);
		size_t length;
		const char *bytes = wire_greeting(greetings[i].version, &length);

		buf_add(&greeting, bytes, length);
		okf(same_bytes(&greeting, greetings[i].recording), "greeting of %d",
			greetings[i].version);
		buf_close(&greeting);
	}
}

static void test_verdicts(void)
{
	const struct wire_verdict done = {.status = 0};
	const struct wire_verdict hop = {
		.dsn = "4.4.1",
		.reason = "connect to 127.0.0.1[127.0.0.1]:21099: Connection refused",
		.status = -1,
	};
	struct attr_source source = source_of("3.7/verdict-hop");
	struct wire_verdict read = {.status = 5};
	struct pool pool = {0};
	struct attrs attrs;

	is_recorded(&wire_verdict, &done, "3.7/verdict-done");
	is_recorded(&wire_verdict, &hop, "3.7/verdict-hop");
	attr_read(&source, &pool, &attrs);
	is_text(wire_get(&wire_verdict, &attrs, &read), NULL, "a verdict is read");
	is_text(read.dsn, "4.4.1", "its first status");
	is_number(read.status, -1, "its second status");
	close(source.fd);
	pool_free(&pool);
}

static const struct wire_append bounce = {
	.command = WIRE_APPEND,
	.queue_id = "3E1A9AD8423",
	.original = "bounce1@dest.test",
	.address = "bounce1@dest.test",
	.offset = 650,
	.dsn_orcpt = "rfc822;bounce1@dest.test",
	.dsn = "5.1.1",
	.diag_type = "smtp",
	.diag_text = "550 5.1.1 no such user",
	.mta_type = "dns",
	.mta = "127.0.0.1",
	.action = "failed",
	.reason = "host 127.0.0.1[127.0.0.1] said: 550 5.1.1 no such user (in reply to RCPT TO "
		  "command)",
};

static void test_commands(void)
{
	const struct wire_append defer = {
		.queue_id = "300A0AD82AE",
		.original = "x@down.test",
		.address = "x@down.test",
		.offset = 638,
		.dsn_orcpt = "rfc822;x@down.test",
		.dsn = "4.4.1",
		.action = "delayed",
		.reason = "connect to 127.0.0.1[127.0.0.1]:21099: Connection refused",
	};
	const struct wire_append trace = {
		.flags = 512,
		.queue_id = "08037AD8214",
		.original = "bv@cache.test",
		.address = "bv@cache.test",
		.offset = 257,
		.dsn_orcpt = "rfc822;bv@cache.test",
		.dsn = "2.1.5",
		.diag_type = "smtp",
		.diag_text = "250 2.1.5 ok",
		.mta_type = "dns",
		.mta = "127.0.0.1",
		.action = "deliverable",
		.reason = "delivery via 127.0.0.1[127.0.0.1]:21027: 250 2.1.5 ok",
	};
	const struct wire_verify verify = {"update", "v@probe.test", WIRE_VERIFY_OK,
		"250 2.1.5 ok"};
	const struct wire_flush flush = {"add", "fast.test", "2EAFFAD84D3"};

	is_recorded(&wire_append, &bounce, "3.7/bounce");
	is_recorded(&wire_append, &defer, "3.7/defer-local");
	is_recorded(&wire_append, &trace, "3.7/trace-probe");
	is_recorded(&wire_verify, &verify, "3.7/verify");
	is_recorded(&wire_flush, &flush, "3.7/flush");
}

/* Attribute 8 has the name of the version when written, and either when read. */
static void test_versions(void)
{
	static const struct {
		int version;
		const char *name, *other;
	} versions[] = {
		{POSTFIX(3, 5), "smtputf8", "sendopts"},
		{POSTFIX(3, 9), "smtputf8", "sendopts"},
		{POSTFIX(3, 10), "sendopts", "smtputf8"},
		{POSTFIX(3, 11), "sendopts", "smtputf8"},
	};
	struct request request = {.sendopts = 3, .data_offset = 10, .announced = 1};

	for (size_t i = 0; i < COUNT(versions); i++) {
		struct attr_source source = {.seconds = 5};
		struct pool pool = {0};
		struct buf list = BUF(0);
		struct request again = {.flags = 0};
		struct attrs attrs;
		int pair[2];

		socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
		source.fd = pair[0];
		wire_put(&wire_request, versions[i].version, &request, &list);
		attr_write(pair[1], 5, list.data, list.length);
		attr_read(&source, &pool, &attrs);
		ok(attrs.count == 23, "a request has 23 attributes");
		is_text(attrs.items[7].name, versions[i].name, "the eighth");
		ok(attr_get(&attrs, versions[i].other) == NULL, "and not by its other name");
		is_text(wire_get(&wire_request, &attrs, &again), NULL, "all is there");
		is_number(again.sendopts, 3, "its value");
		close(pair[0]);
		close(pair[1]);
		buf_close(&list);
		pool_free(&pool);
	}
}

static void test_get(void)
{
	struct attr items[] = {
		{"unknown", "?"},
		{"offset", "18446744073709551615"},
		{"recipient", "a@b"},
		{"notify_flags", "4"},
	};
	struct attrs attrs = {.items = items, .count = COUNT(items)};
	struct request_rcpt rcpt = {.original = "was", .offset = 7};

	is_text(wire_get(&wire_request_rcpt, &attrs, &rcpt), NULL, "any order, more than is known");
	is_text(rcpt.address, "a@b", "the address");
	is_text(rcpt.original, "was", "what is missing stays");
	ok(rcpt.offset == -1 && rcpt.dsn_notify == 4, "the numbers");
	items[1].value = "x";
	is_text(wire_get(&wire_request_rcpt, &attrs, &rcpt), "offset", "a number that is none");
	items[1].value = "";
	is_text(wire_get(&wire_request_rcpt, &attrs, &rcpt), "offset", "an empty number");
	items[1] = (struct attr){"off", "1"};
	is_text(wire_get(&wire_request_rcpt, &attrs, &rcpt), "offset", "no number");
	items[1] = (struct attr){"offset", "1"};
	items[3].value = "4294967296";
	is_text(wire_get(&wire_request_rcpt, &attrs, &rcpt), "notify_flags",
		"too large for an int");
}

#define HELLO "protocol\0delivery_status_protocol\0\0"
#define NO_LOG ""

static const struct talk {
	const char *name;
	int version;
	struct fake_words words;
	bool answered;
	int status;
	const char *log;
} talks[] = {
	{"recorded", POSTFIX(3, 7),
		{HELLO, sizeof HELLO - 1,
			"status\0"
			"0\0",
			10, NULL, 0},
		true, 0, NO_LOG},
	{"not recorded", POSTFIX(3, 7),
		{HELLO, sizeof HELLO - 1,
			"status\0"
			"4294967295\0",
			19, NULL, 0},
		true, -1, NO_LOG},
	{"more in the answer", POSTFIX(3, 7),
		{HELLO, sizeof HELLO - 1,
			"new\0\0status\0"
			"1\0",
			15, NULL, 0},
		true, 1, NO_LOG},
	{"3.5 announces nothing", POSTFIX(3, 5),
		{"", 0,
			"status\0"
			"0\0",
			10, NULL, 0},
		true, 0, NO_LOG},
	{"wrong protocol", POSTFIX(3, 7), {"protocol\0foo\0", 14, "", 0, NULL, 0}, false, 0,
		"warning: unexpected protocol foo from SOCKET socket"
		" (expected: delivery_status_protocol)"},
	{"no protocol", POSTFIX(3, 7),
		{"status\0"
		 "0\0",
			10, "", 0, NULL, 0},
		false, 0,
		"warning: unexpected protocol (none) from SOCKET socket"
		" (expected: delivery_status_protocol)"},
	{"half an announcement", POSTFIX(3, 7), {"prot", 4, "", 0, NULL, 0}, false, 0,
		"warning: read SOCKET socket: Connection timed out"},
	{"no answer", POSTFIX(3, 7), {HELLO, sizeof HELLO - 1, "", 0, NULL, 0}, false, 0,
		"warning: write/read SOCKET socket: Connection reset by peer"},
	{"half an answer", POSTFIX(3, 7), {HELLO, sizeof HELLO - 1, "status", 6, NULL, 0}, false, 0,
		"warning: write/read SOCKET socket: Protocol error"},
	{"no number", POSTFIX(3, 7), {HELLO, sizeof HELLO - 1, "status\0x\0", 10, NULL, 0}, false, 0,
		"warning: write/read SOCKET socket: malformed reply"},
	{"no status", POSTFIX(3, 7),
		{HELLO, sizeof HELLO - 1,
			"foo\0"
			"0\0",
			7, NULL, 0},
		false, 0, "warning: write/read SOCKET socket: malformed reply"},
};

static void is_log(const char *want, const char *path, const char *name)
{
	struct pool pool = {0};
	const char *place = strstr(want, "SOCKET");

	is_text(heard(),
		place ? pool_format(&pool, "%.*s%s%s", (int)(place - want), want, path,
			place + strlen("SOCKET"))
		      : want,
		name);
	pool_free(&pool);
}

static void test_talks(const char *path)
{
	struct fake_server *server = fake_server(path, WORDS("", ""));
	struct wire wire = {.ipc_timeout = 1};

	for (const struct talk *t = talks; t < talks + COUNT(talks); t++) {
		struct pool pool = {0};
		int status = 0;

		fake_server_say(server, t->words);
		wire.version = t->version;
		okf(wire_ask(&wire, &pool, path, "delivery_status_protocol", &wire_append, &bounce,
			    &status) == t->answered
				&& status == t->status,
			"%s", t->name);
		is_log(t->log, path, t->name);
		pool_free(&pool);
	}
	fake_server_close(server);
}

static void test_request_bytes(const char *path)
{
	struct fake_server *server = fake_server(path,
		WORDS(HELLO,
			"status\0"
			"0\0\0"));
	struct wire wire = {.version = POSTFIX(3, 7), .ipc_timeout = 5};
	struct pool pool = {0};
	struct buf said = BUF(0);
	int status = 7;

	ok(wire_ask(&wire, &pool, path, "delivery_status_protocol", &wire_append, &bounce, &status)
			&& status == 0,
		"asked");
	is_number(fake_server_heard(server, &said), 1, "one connection");
	ok(same_bytes(&said, "3.7/bounce"), "what was said");
	fake_server_close(server);
	ok(!wire_ask(&wire, &pool, path, "delivery_status_protocol", &wire_append, &bounce, &status)
			&& status == 0,
		"nobody is there");
	is_log("warning: connect to SOCKET: No such file or directory", path, "said so");
	buf_close(&said);
	pool_free(&pool);
}

int main(void)
{
	char folder[] = "/tmp/wire.XXXXXX", path[64];

	heard_start();
	test_greeting();
	test_verdicts();
	test_commands();
	test_versions();
	test_get();
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/bounce", folder);
	test_talks(path);
	test_request_bytes(path);
	rmdir(folder);
	heard_stop();
	return done();
}

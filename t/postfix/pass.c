/* pass.c against an agent that says what it should, and what it should not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/postfix/fake_server.h"
#include "postfix/pass.h"
#include "postfix/version.h"
#include "util/base64.h"

#define HELLO                                                                                      \
	"protocol\0"                                                                               \
	"delivery_request_protocol\0\0"
#define OLD_HELLO                                                                                  \
	"status\0"                                                                                 \
	"0\0\0"
#define VERDICT(status)                                                                            \
	"status\0\0diag_type\0\0diag_text\0\0mta_type\0\0mta_mname\0\0action\0\0reason\0\0"        \
	"status\0" status "\0\0"

static const struct passed {
	const char *name;
	int version;
	struct fake_words words;
	enum pass_outcome outcome;
	const char *log;
} cases[] = {
	{"finished", POSTFIX(3, 7), WORDS(HELLO, VERDICT("0")), PASS_FINISHED, ""},
	{"finished, 3.5", POSTFIX(3, 5), WORDS(OLD_HELLO, VERDICT("0")), PASS_FINISHED, ""},
	{"deferred", POSTFIX(3, 11), WORDS(HELLO, VERDICT("4294967295")), PASS_DEFERRED, ""},
	{"another greeting", POSTFIX(3, 7), WORDS(OLD_HELLO, VERDICT("0")), PASS_NOBODY,
		"warning: private/next socket: malformed response"},
	{"a status that is not 0", POSTFIX(3, 5), WORDS("status\0" "1\0\0", VERDICT("0")),
		PASS_NOBODY, "warning: private/next socket: malformed response"},
	{"half a verdict", POSTFIX(3, 7), WORDS(HELLO, "status\0\0\0"), PASS_NO_ANSWER,
		"warning: private/next socket: malformed response"},
	{"no verdict", POSTFIX(3, 7), WORDS(HELLO, ""), PASS_NO_ANSWER,
		"warning: private/next socket: malformed response"},
};

static struct pool pool;
static struct request request = {.pool = &pool, .queue_name = "active", .queue_id = "ABC",
	.data_offset = 12, .data_size = 34, .nexthop = "a.example", .encoding = "",
	.sender = "s@a.example", .envelope_id = "", .client_name = "", .client_address = "",
	.client_port = "", .client_proto = "", .client_helo = "", .sasl_method = "",
	.sasl_username = "", .sasl_sender = "", .log_ident = "ABC", .rewrite_context = "local",
	.announced = 7, .arrived = {1, 2}, .activated = {3, 4}, .handed = {5, 6}};
static const struct request_rcpt rcpt = {"o@a.example", "r@a.example", 99, "", 0};

static void each_case(void)
{
	struct fake_server *server = fake_server("private/next", WORDS("", ""));
	struct wire wire = {.ipc_timeout = 1};

	for (const struct passed *c = cases; c < cases + COUNT(cases); c++) {
		fake_server_say(server, c->words);
		wire.version = c->version;
		is_number(pass_on(&wire, &request, &rcpt, "next", "b.example"), c->outcome, c->name);
		is_text(heard(), c->log, "what is logged");
	}
	fake_server_close(server);
}

/* The struct of 88 bytes is passed on whole, with the time when we got the request. */
static const char *times(void)
{
	char raw[88] = {1, 2, 3};
	struct buf text = BUF(0);
	const struct timeval all[] = {request.arrived, request.activated, request.handed};
	const char *result;

	memset(raw + 80, 7, 4);
	base64_encode(&text, raw, sizeof raw);
	request.stats = pool_text(&pool, buf_text(&text));
	buf_clear(&text);
	memcpy(raw, all, sizeof all);
	base64_encode(&text, raw, sizeof raw);
	result = pool_text(&pool, buf_text(&text));
	buf_close(&text);
	return result;
}

static void what_is_asked(void)
{
	struct fake_server *server = fake_server("private/next", WORDS(HELLO, VERDICT("0")));
	struct wire wire = {.version = POSTFIX(3, 7), .ipc_timeout = 5};
	const char *stats = times();

	is_number(pass_on(&wire, &request, &rcpt, "next", "b.example"), PASS_FINISHED, "passed");
	is_text(fake_server_values(server),
		pool_format(&pool, "0|active|ABC|12|34|b.example||0|s@a.example||0|%s|||||||||ABC|"
			"local|1|", stats),
		"the request is ours, but for next hop, time and number of recipients");
	fake_server_close(server);
	heard();
}

int main(void)
{
	char directory[] = "/tmp/safemx-test-XXXXXX";

	if (mkdtemp(directory) == NULL || chdir(directory) < 0 || mkdir("private", 0700) < 0)
		return 99;
	request.stats = "";
	heard_start();
	each_case();
	what_is_asked();
	heard_stop();
	unlink("private/next");
	rmdir("private");
	rmdir(directory);
	pool_free(&pool);
	return done();
}

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "postfix/request.h"
#include "postfix/version.h"
#include "t/lib/child.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/postfix/recorded.h"
#include "util/base64.h"
#include "util/clock.h"

static const struct wire wire = {.version = POSTFIX(3, 7), .ipc_timeout = 5};

/* What the queue manager's BYTES come to; it closes behind them. GREETING (may be NULL) is ours. */
static enum request_got receive(const struct wire *by, const struct buf *bytes, struct pool *pool,
	struct request *request, struct buf *greeting)
{
	enum request_got got;
	int pair[2], large = 1 << 20;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
	attr_write(pair[1], 5, bytes->data, bytes->length);
	shutdown(pair[1], SHUT_WR);
	*request = (struct request){.pool = pool};
	got = request_receive(by, pair[0], request);
	if (greeting)
		greeting->length += (size_t)read(pair[1], buf_reserve(greeting, 256), 256);
	close(pair[0]);
	close(pair[1]);
	return got;
}

static void test_recorded(void)
{
	struct buf bytes = BUF(0), greeting = BUF(0), want = BUF(0);
	struct pool pool = {0};
	struct request r;

	recorded(&bytes, "3.7/request");
	recorded(&want, "3.7/greeting");
	clock_freeze(0, (struct timeval){.tv_sec = 1795493608, .tv_usec = 5});
	ok(receive(&wire, &bytes, &pool, &r, &greeting) == REQUEST_READY, "the recorded request");
	ok(greeting.length == want.length && memcmp(greeting.data, want.data, want.length) == 0,
		"greeted as 3.7 does");
	ok(r.pool == &pool, "the pool stays");
	is_number(r.flags, 3, "flags");
	is_text(r.queue_name, "active", "queue name");
	is_text(r.queue_id, "7E0CCAD8371", "queue id");
	ok(r.data_offset == 725 && r.data_size == 315, "offset and size");
	is_text(r.nexthop, "[127.0.0.1]:21026", "next hop");
	is_text(r.encoding, "", "encoding");
	is_number(r.sendopts, 0, "sendopts");
	is_text(r.sender, "sender@example.test", "sender");
	is_text(r.envelope_id, "", "envelope id");
	is_number(r.dsn_ret, 0, "ret");
	ok(r.arrived.tv_sec == 1795493607 && r.arrived.tv_usec == 426949, "arrival");
	ok(r.activated.tv_sec == 1795493607 && r.activated.tv_usec == 575169, "active");
	ok(r.handed.tv_sec == 1795493608 && r.handed.tv_usec == 5, "handed over now");
	is_text(r.client_name, "localhost", "client name");
	is_text(r.client_address, "127.0.0.1", "client address");
	is_text(r.client_port, "57314", "client port");
	is_text(r.client_proto, "ESMTP", "client protocol");
	is_text(r.client_helo, "client.test", "client helo");
	is_text(r.sasl_method, "", "sasl method");
	is_text(r.log_ident, "7E0CCAD8371", "ident");
	is_text(r.rewrite_context, "local", "context");
	is_number((long long)r.rcpt_count, 2, "recipients");
	is_text(r.rcpts[0].address, "ok1@dest.test", "the first");
	is_text(r.rcpts[1].original, "ok2@dest.test", "the second's original");
	is_text(r.rcpts[1].dsn_orcpt, "rfc822;ok2@dest.test", "its orcpt");
	ok(r.rcpts[0].offset == 642 && r.rcpts[1].offset == 708, "offsets");
	is_number(r.rcpts[1].dsn_notify, 0, "notify");
	clock_thaw();
	buf_close(&bytes);
	buf_close(&greeting);
	buf_close(&want);
	pool_free(&pool);
}

/* A request and its recipients, as VERSION has them. */
static void put_request(struct buf *to, int version, struct request *request, size_t rcpts)
{
	struct request_rcpt rcpt = {.address = "a@b", .offset = 20};

	wire_put(&wire_request, version, request, to);
	for (size_t i = 0; i < rcpts; i++)
		wire_put(&wire_request_rcpt, version, &rcpt, to);
}

static const struct request usual = {
	.flags = REQUEST_SUCCESS | 2,
	.queue_name = "active",
	.queue_id = "ABC",
	.data_offset = 100,
	.data_size = 10,
	.nexthop = "b",
	.sender = "s@b",
	.announced = 1,
};

static const struct broken {
	const char *name;
	struct request change; /* its fields that are not 0 replace the usual */
	size_t rcpts;
	const char *log;
} broken[] = {
	{"no recipient", {.announced = 0}, 0,
		"warning: ABC: no recipients in delivery request for destination b"},
	{"less than none", {.announced = -5}, 0,
		"warning: ABC: no recipients in delivery request for destination b"},
	{"fewer than announced", {.announced = 3}, 2,
		"warning: deliver_request_get: error receiving recipient attributes"},
	{"far fewer than announced", {.announced = 2147483647}, 2,
		"warning: deliver_request_get: error receiving recipient attributes"},
	{"no next hop", {.nexthop = ""}, 1, "warning: ABC: empty nexthop hostname"},
	{"another folder", {.queue_name = "../x"}, 1, "warning: bad mail queue name: ../x"},
	{"another file", {.queue_id = "../x"}, 1, "warning: bad mail queue id: ../x"},
	{"no file", {.queue_id = ""}, 1, "warning: bad mail queue id: "},
	{"before the file", {.data_offset = -1}, 1,
		"warning: delivery request: no attribute offset, or malformed"},
	{"less than nothing", {.data_size = -1}, 1,
		"warning: delivery request: no attribute size, or malformed"},
};

static void test_broken(void)
{
	for (const struct broken *b = broken; b < broken + COUNT(broken); b++) {
		struct request sent = usual, got;
		struct pool pool = {0};
		struct buf bytes = BUF(0);

		sent.announced = b->change.announced ? b->change.announced : b->rcpts ? 1 : 0;
		sent.nexthop = b->change.nexthop ? b->change.nexthop : "b";
		sent.queue_name = b->change.queue_name ? b->change.queue_name : "active";
		sent.queue_id = b->change.queue_id ? b->change.queue_id : "ABC";
		sent.data_offset = b->change.data_offset ? b->change.data_offset : 100;
		sent.data_size = b->change.data_size;
		put_request(&bytes, wire.version, &sent, b->rcpts);
		ok(receive(&wire, &bytes, &pool, &got, NULL) == REQUEST_BROKEN, b->name);
		is_text(heard(), b->log, b->name);
		buf_close(&bytes);
		pool_free(&pool);
	}
}

#define BYTES(text) (text), sizeof(text) - 1

static const struct raw {
	const char *name, *bytes;
	size_t length;
	enum request_got got;
	const char *log;
} raws[] = {
	{"qmgr had nothing", BYTES(""), REQUEST_NONE, ""},
	{"garbage", BYTES("hello\0world\0\0"), REQUEST_BROKEN,
		"warning: delivery request: no attribute flags, or malformed"
		"|warning: deliver_request_get: error receiving common attributes"},
	{"an empty list", BYTES("\0"), REQUEST_BROKEN,
		"warning: delivery request: no attribute flags, or malformed"
		"|warning: deliver_request_get: error receiving common attributes"},
	{"cut short",
		BYTES("flags\0"
		      "3\0queue"),
		REQUEST_BROKEN, "warning: deliver_request_get: error receiving common attributes"},
	{"no number", BYTES("flags\0x\0\0"), REQUEST_BROKEN,
		"warning: delivery request: no attribute flags, or malformed"
		"|warning: deliver_request_get: error receiving common attributes"},
};

static void test_raw(void)
{
	for (const struct raw *r = raws; r < raws + COUNT(raws); r++) {
		struct pool pool = {0};
		struct buf bytes = BUF(0);
		struct request request;

		buf_add(&bytes, r->bytes, r->length);
		ok(receive(&wire, &bytes, &pool, &request, NULL) == r->got, r->name);
		is_text(heard(), r->log, r->name);
		is_text(request.sender, "", "text is never NULL");
		buf_close(&bytes);
		pool_free(&pool);
	}
}

static void test_versions(void)
{
	static const struct {
		int version;
		long sendopts, want;
	} rows[] = {
		{POSTFIX(3, 5), 63, 15},
		{POSTFIX(3, 9), 63, 15},
		{POSTFIX(3, 10), 63, 63},
		{POSTFIX(3, 11), 1 + 2 + 32, 35},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wire by = {.version = rows[i].version, .ipc_timeout = 5};
		struct request sent = usual, got;
		struct pool pool = {0};
		struct buf bytes = BUF(0), greeting = BUF(0), want = BUF(0);

		sent.sendopts = (int)rows[i].sendopts;
		put_request(&bytes, rows[i].version, &sent, 1);
		ok(receive(&by, &bytes, &pool, &got, &greeting) == REQUEST_READY, "read");
		is_number(got.sendopts, rows[i].want, "the bits this version knows");
		recorded(&want, rows[i].version < POSTFIX(3, 6) ? "3.5/greeting" : "3.7/greeting");
		ok(greeting.length == want.length
				&& memcmp(greeting.data, want.data, want.length) == 0,
			"its greeting");
		buf_close(&bytes);
		buf_close(&greeting);
		buf_close(&want);
		pool_free(&pool);
	}
}

static void test_many(void)
{
	static const size_t counts[] = {1, 63, 64, 65, 50, 1000};

	for (size_t i = 0; i < COUNT(counts); i++) {
		struct request sent = usual, got;
		struct pool pool = {0};
		struct buf bytes = BUF(0);

		sent.announced = (int)counts[i];
		put_request(&bytes, wire.version, &sent, counts[i]);
		okf(receive(&wire, &bytes, &pool, &got, NULL) == REQUEST_READY
				&& got.rcpt_count == counts[i],
			"%zu recipients", counts[i]);
		is_text(got.rcpts[counts[i] - 1].address, "a@b", "the last");
		buf_close(&bytes);
		pool_free(&pool);
	}
}

/* The queue manager of a bad dream: announces no end of recipients, and sends them. */
static void test_endless(void)
{
	struct request sent = usual, got;
	struct pool pool = {0};
	struct buf bytes = BUF(0), rcpt = BUF(0);
	int pair[2];

	sent.announced = 2147483647;
	put_request(&bytes, wire.version, &sent, 0);
	attr_text(&rcpt, "recipient", "");
	rcpt.length--;
	for (int i = 0; i < 100000; i++)
		buf_addc(&rcpt, 'x');
	buf_add(&rcpt,
		"\0offset\0"
		"20\0",
		12);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	if (fork() == 0) {
		close(pair[0]);
		attr_write(pair[1], 20, bytes.data, bytes.length);
		while (attr_write(pair[1], 20, rcpt.data, rcpt.length))
			;
		_exit(0);
	}
	close(pair[1]);
	got = (struct request){.pool = &pool};
	ok(request_receive(&wire, pair[0], &got) == REQUEST_BROKEN, "there is an end");
	is_text(heard(), "warning: deliver_request_get: error receiving recipient attributes",
		"said");
	okf(got.rcpt_count > 100 && got.rcpt_count < 200, "at 16 MB (%zu)", got.rcpt_count);
	close(pair[0]);
	buf_close(&bytes);
	buf_close(&rcpt);
	pool_free(&pool);
}

/* Times that are none, or not there, are now; nothing can overflow later. */
static void test_stats(void)
{
	struct {
		struct timeval arrived, activated, handed, setup, done;
		int reuse;
	} stats;
	static const struct {
		const char *name;
		size_t length;
		long arrived, activated, handed; /* sent */
		long want_arrived, want_activated, want_handed;
	} rows[] = {
		{"the usual", 0, 50, 60, 0, 50, 60, 100},
		{"passed on by an agent", 0, 50, 60, 70, 50, 60, 70},
		{"never", 0, 0, 0, 0, 100, 100, 100},
		{"before the beginning", 0, -1, -1, -1, 100, 100, 100},
		{"when the sun is gone", 0, 0x7fffffffffffffff, 60, 0, 100, 60, 100},
		{"cut", 20, 50, 60, 70, 100, 100, 100},
	};

	clock_freeze(0, (struct timeval){.tv_sec = 100});
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct request sent = usual, got;
		struct pool pool = {0};
		struct buf bytes = BUF(0), text = BUF(0);

		memset(&stats, 0, sizeof stats);
		stats.arrived.tv_sec = rows[i].arrived;
		stats.activated.tv_sec = rows[i].activated;
		stats.handed.tv_sec = rows[i].handed;
		base64_encode(&text, &stats, rows[i].length ? rows[i].length : sizeof stats);
		sent.stats = buf_text(&text);
		put_request(&bytes, wire.version, &sent, 1);
		receive(&wire, &bytes, &pool, &got, NULL);
		ok(got.arrived.tv_sec == rows[i].want_arrived
				&& got.activated.tv_sec == rows[i].want_activated
				&& got.handed.tv_sec == rows[i].want_handed,
			rows[i].name);
		buf_close(&bytes);
		buf_close(&text);
		pool_free(&pool);
	}
	clock_thaw();
}

static void is_reply(const struct why *hop, bool deferred, const char *recording)
{
	struct buf got = BUF(0), want = BUF(0);
	int pair[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	shutdown(pair[1], SHUT_WR); /* so that it need not wait */
	request_reply(&wire, pair[0], hop, deferred);
	got.length += (size_t)read(pair[1], buf_reserve(&got, 1024), 1024);
	recorded(&want, recording);
	okf(got.length == want.length && memcmp(got.data, want.data, want.length) == 0, "as in %s",
		recording);
	close(pair[0]);
	close(pair[1]);
	buf_close(&got);
	buf_close(&want);
}

/* Not before the queue manager has closed do we. */
static void test_waits(void)
{
	struct timeval before, after;
	int pair[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	before = clock_wall();
	request_reply(&(struct wire){.version = POSTFIX(3, 7), .ipc_timeout = 1}, pair[0], NULL,
		false);
	after = clock_wall();
	ok(after.tv_sec * 10 + after.tv_usec / 100000
			>= before.tv_sec * 10 + before.tv_usec / 100000 + 9,
		"waits for the queue manager, but not for ever");
	close(pair[1]);
	close(pair[0]);
}

static void reply_to_nobody(void)
{
	int pair[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	close(pair[1]);
	request_reply(&(struct wire){.version = POSTFIX(3, 7), .ipc_timeout = 0}, pair[0], NULL, false);
}

/* It is neither waited for, which would have no end here, nor the end of us. */
static void test_nobody(void)
{
	struct child child = child_run(reply_to_nobody);

	is_number(child_exit(&child), 0, "the queue manager may be gone");
}

static void test_replies(void)
{
	struct pool pool = {0};
	struct why hop = {.pool = &pool}, none = {.pool = &pool};

	is_reply(NULL, false, "3.7/verdict-done");
	is_reply(&none, false, "3.7/verdict-done");
	why_site(&hop, "4.4.1", "connect to 127.0.0.1[127.0.0.1]:21099: Connection refused");
	is_reply(&hop, true, "3.7/verdict-hop");
	pool_free(&pool);
	test_waits();
	test_nobody();
}

int main(void)
{
	heard_start();
	test_recorded();
	test_broken();
	test_raw();
	test_versions();
	test_many();
	test_endless();
	test_stats();
	test_replies();
	heard_stop();
	return done();
}

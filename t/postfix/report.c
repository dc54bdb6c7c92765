#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "postfix/report.h"
#include "postfix/version.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/postfix/fake_server.h"
#include "t/postfix/recorded.h"
#include "util/clock.h"
#include "util/text.h"

enum server { BOUNCE, DEFER, TRACE, VERIFY, FLUSH, SERVERS };

static const struct {
	const char *name, *path;
	struct fake_words good, bad;
} daemons[SERVERS] = {
#define SPEAKS(protocol)                                                                           \
	{"protocol\0" protocol "\0", sizeof("protocol\0" protocol "\0"),                           \
		"status\0"                                                                         \
		"0\0",                                                                             \
		10},                                                                               \
	{                                                                                          \
		"protocol\0" protocol "\0", sizeof("protocol\0" protocol "\0"),                    \
			"status\0"                                                                 \
			"4294967295\0",                                                            \
			19                                                                         \
	}
	[BOUNCE] = {"bounce", "private/bounce", SPEAKS("delivery_status_protocol")},
	[DEFER] = {"defer", "private/defer", SPEAKS("delivery_status_protocol")},
	[TRACE] = {"trace", "private/trace", SPEAKS("delivery_status_protocol")},
	[VERIFY] = {"verify", "private/verify", SPEAKS("address_verification_prrotocol")},
	[FLUSH] = {"flush", "public/flush", SPEAKS("queue_flush_protocol")},
};

static struct fake_server *servers[SERVERS];
static struct table_set *set;

static void start_servers(unsigned failing)
{
	for (int i = 0; i < SERVERS; i++)
		fake_server_say(servers[i], failing & (1U << i) ? daemons[i].bad : daemons[i].good);
}

/* The values of one list at *AT, which moves behind it; returns how many. */
static size_t values(const char **at, const char **list, size_t most)
{
	size_t count = 0;

	while (**at && count < most) {
		*at += strlen(*at) + 1;
		list[count++] = *at;
		*at += strlen(*at) + 1;
	}
	(*at)++;
	return count;
}

/* "bounce: 5.1.1 failed TEXT; verify: ADDRESS 2 TEXT; flush: SITE", what the servers were told. */
static const char *told(struct pool *pool)
{
	const char *text = "", *v[20] = {NULL};

	for (int i = 0; i < SERVERS; i++) {
		struct buf raw = BUF(0);
		int lists = fake_server_heard(servers[i], &raw);
		const char *at = buf_text(&raw);

		for (int j = 0; j < lists; j++) {
			size_t count = values(&at, v, COUNT(v));

			text = pool_format(pool, "%s%s%s: ", text, text[0] ? "; " : "",
				daemons[i].name);
			if (count == 15)
				text = pool_format(pool, "%s%s %s %s", text, v[8], v[13], v[14]);
			else
				text = pool_format(pool, "%s%s %s%s%s", text, v[1], v[2],
					count > 3 ? " " : "", count > 3 ? v[3] : "");
		}
		buf_close(&raw);
	}
	return text;
}

#define LINE(status, word, text)                                                                   \
	"ABC: to=<u@dest.test>, orig_to=<o@orig.test>, relay=mx[192.0.2.1]:25, delay=0.11,"        \
	" delays=0.06/0/0.04/0.01, dsn=" status ", status=" word " (" text ")"
#define WARNED(name) "warning: ABC: " name " service failure"

static const struct case_ {
	const char *name;
	int flags;
	enum report_fate fate;
	const char *status, *text;
	int notify;
	bool dsn, final, soft, no_negative;
	unsigned failing;
	bool finished, marked;
	const char *log, *told;
} cases[] = {
	{"sent", .flags = 3, .fate = REPORT_SENT, .status = "2.0.0", .text = "250 ok",
		.finished = true, .marked = true, .log = LINE("2.0.0", "sent", "250 ok"),
		.told = ""},
	{"sent, and not to be marked", .flags = 2, .fate = REPORT_SENT, .status = "2.0.0",
		.text = "250 ok", .finished = true, .log = LINE("2.0.0", "sent", "250 ok"),
		.told = ""},
	{"sent, success wanted, the server will say so", .flags = 3, .fate = REPORT_SENT,
		.status = "2.0.0", .text = "250 ok", .notify = 2, .dsn = true, .finished = true,
		.marked = true, .log = LINE("2.0.0", "sent", "250 ok"), .told = ""},
	{"sent, success wanted, the server won't say so", .flags = 3, .fate = REPORT_SENT,
		.status = "2.0.0", .text = "250 ok", .notify = 6, .finished = true, .marked = true,
		.log = LINE("2.0.0", "sent", "250 ok"),
		.told = "trace: 2.0.0 relayed delivery via mx[192.0.2.1]:25: 250 ok"},
	{"delivered for good", .flags = 3, .fate = REPORT_SENT, .status = "2.0.0", .text = "250 ok",
		.notify = 2, .final = true, .finished = true, .marked = true,
		.log = LINE("2.0.0", "sent", "250 ok"),
		.told = "trace: 2.0.0 delivered delivery via mx[192.0.2.1]:25: 250 ok"},
	{"sendmail -v, sent", .flags = 1027, .fate = REPORT_SENT, .status = "2.0.0",
		.text = "250 ok", .finished = true, .marked = true,
		.log = LINE("2.0.0", "sent", "250 ok"),
		.told = "trace: 2.0.0 relayed delivery via mx[192.0.2.1]:25: 250 ok"},
	{"sendmail -v and success wanted", .flags = 1027, .fate = REPORT_SENT, .status = "2.0.0",
		.text = "250 ok", .notify = 2, .finished = true, .marked = true,
		.log = LINE("2.0.0", "sent", "250 ok"),
		.told = "trace: 2.0.0 relayed delivery via mx[192.0.2.1]:25: 250 ok"
			"; trace: 2.0.0 relayed delivery via mx[192.0.2.1]:25: 250 ok"},
	{"sent after a delay notice, nothing else said", .flags = 8195, .fate = REPORT_SENT,
		.status = "2.0.0", .text = "250 ok", .finished = true, .marked = true,
		.log = LINE("2.0.0", "sent", "250 ok"),
		.told = "trace: 2.0.0 relayed delivery via mx[192.0.2.1]:25: 250 ok"},
	{"sent after a delay notice, delay wanted", .flags = 8195, .fate = REPORT_SENT,
		.status = "2.0.0", .text = "250 ok", .notify = 8, .finished = true, .marked = true,
		.log = LINE("2.0.0", "sent", "250 ok"),
		.told = "trace: 2.0.0 relayed delivery via mx[192.0.2.1]:25: 250 ok"},
	{"sent after a delay notice, failure wanted", .flags = 8195, .fate = REPORT_SENT,
		.status = "2.0.0", .text = "250 ok", .notify = 4, .finished = true, .marked = true,
		.log = LINE("2.0.0", "sent", "250 ok"), .told = ""},
	{"sent, but the trace fails", .flags = 1027, .fate = REPORT_SENT, .status = "2.0.0",
		.text = "250 ok", .failing = 1U << TRACE,
		.log = WARNED("trace") "|" LINE("4.3.0", "deferred",
			"ABC: trace service failed") "|" WARNED("trace") "|" WARNED("trace"),
		.told = "defer: 4.3.0 delayed ABC: trace service failed"
			"; trace: 2.0.0 relayed delivery via mx[192.0.2.1]:25: 250 ok"
			"; trace: 4.3.0 delayed delivery via mx[192.0.2.1]:25: ABC: trace service "
			"failed"},
	{"sent, but a success trace fails", .flags = 3, .fate = REPORT_SENT, .status = "2.0.0",
		.text = "250 ok", .notify = 2, .failing = 1U << TRACE,
		.log = WARNED("trace") "|" LINE("4.3.0", "deferred", "ABC: trace service failed"),
		.told = "defer: 4.3.0 delayed ABC: trace service failed"
			"; trace: 2.0.0 relayed delivery via mx[192.0.2.1]:25: 250 ok"},

	{"deferred", .flags = 3, .fate = REPORT_DEFERRED, .status = "4.4.1", .text = "refused",
		.log = LINE("4.4.1", "deferred", "refused"),
		.told = "defer: 4.4.1 delayed refused"},
	{"deferred, success wanted of a server with DSN", .flags = 3, .fate = REPORT_DEFERRED,
		.status = "4.4.1", .text = "refused", .notify = 2, .dsn = true,
		.log = LINE("4.4.1", "deferred", "refused"),
		.told = "defer: 4.4.1 delayed refused"},
	{"deferred under soft_bounce", .flags = 3, .fate = REPORT_DEFERRED, .status = "4.4.1",
		.text = "refused", .soft = true, .log = LINE("4.4.1", "deferred", "refused"),
		.told = "defer: 4.4.1 delayed refused"},
	{"deferred, but not recorded", .flags = 3, .fate = REPORT_DEFERRED, .status = "4.4.1",
		.text = "refused", .failing = 1U << DEFER,
		.log = WARNED("defer") "|" LINE("4.4.1", "deferred", "refused"),
		.told = "defer: 4.4.1 delayed refused"},
	{"sendmail -v, deferred", .flags = 1027, .fate = REPORT_DEFERRED, .status = "4.4.1",
		.text = "refused", .log = LINE("4.4.1", "deferred", "refused"),
		.told = "defer: 4.4.1 delayed refused"
			"; trace: 4.4.1 delayed delivery via mx[192.0.2.1]:25: refused"},
	{"sendmail -v, deferred, trace fails", .flags = 1027, .fate = REPORT_DEFERRED,
		.status = "4.4.1", .text = "refused", .failing = 1U << TRACE,
		.log = LINE("4.4.1", "deferred", "refused") "|" WARNED("trace") "|" WARNED("trace"),
		.told = "defer: 4.4.1 delayed refused"
			"; trace: 4.4.1 delayed delivery via mx[192.0.2.1]:25: refused"},

	{"bounced", .flags = 3, .fate = REPORT_BOUNCED, .status = "5.1.1", .text = "no",
		.finished = true, .marked = true, .log = LINE("5.1.1", "bounced", "no"),
		.told = "bounce: 5.1.1 failed no"},
	{"bounced, marked whatever the flags", .flags = 0, .fate = REPORT_BOUNCED,
		.status = "5.1.1", .text = "no", .finished = true, .marked = true,
		.log = LINE("5.1.1", "bounced", "no"), .told = "bounce: 5.1.1 failed no"},
	{"soft_bounce", .flags = 3, .fate = REPORT_BOUNCED, .status = "5.1.1", .text = "no",
		.soft = true, .log = LINE("4.1.1", "SOFTBOUNCE", "no"),
		.told = "defer: 4.1.1 delayed no"},
	{"soft_bounce, sendmail -v", .flags = 1027, .fate = REPORT_BOUNCED, .status = "5.1.1",
		.text = "no", .soft = true, .log = LINE("4.1.1", "SOFTBOUNCE", "no"),
		.told = "defer: 4.1.1 delayed no; trace: 4.1.1 delayed delivery via "
			"mx[192.0.2.1]:25: no"},
	{"bounced, but not recorded", .flags = 3, .fate = REPORT_BOUNCED, .status = "5.1.1",
		.text = "no", .failing = 1U << BOUNCE,
		.log = LINE("4.3.0", "deferred", "bounce or trace service failure"),
		.told = "bounce: 5.1.1 failed no; defer: 4.3.0 delayed bounce or trace service "
			"failure"},
	{"nothing works", .flags = 3, .fate = REPORT_BOUNCED, .status = "5.1.1", .text = "no",
		.failing = 31,
		.log = WARNED(
			"defer") "|" LINE("4.3.0", "deferred", "bounce or trace service failure"),
		.told = "bounce: 5.1.1 failed no; defer: 4.3.0 delayed bounce or trace service "
			"failure"},
	{"sendmail -v, bounced", .flags = 1027, .fate = REPORT_BOUNCED, .status = "5.1.1",
		.text = "no", .finished = true, .marked = true,
		.log = LINE("5.1.1", "bounced", "no"),
		.told = "bounce: 5.1.1 failed no; trace: 5.1.1 failed delivery via "
			"mx[192.0.2.1]:25: no"},
	{"sendmail -v, bounced, trace fails", .flags = 1027, .fate = REPORT_BOUNCED,
		.status = "5.1.1", .text = "no", .failing = 1U << TRACE,
		.log = WARNED("trace") "|" LINE("4.3.0", "deferred",
			"bounce or trace service failure") "|" WARNED("trace") "|" WARNED("trace"),
		.told = "bounce: 5.1.1 failed no; defer: 4.3.0 delayed bounce or trace service "
			"failure"
			"; trace: 5.1.1 failed delivery via mx[192.0.2.1]:25: no"
			"; trace: 4.3.0 delayed delivery via mx[192.0.2.1]:25: bounce or trace "
			"service failure"},

	{"probe, deliverable", .flags = 259, .fate = REPORT_SENT, .status = "2.1.5",
		.text = "250 ok", .notify = 2, .finished = true, .marked = true,
		.log = LINE("2.1.5", "deliverable", "250 ok"),
		.told = "verify: o@orig.test 0 250 ok; verify: u@dest.test 0 250 ok"},
	{"probe, deferred", .flags = 259, .fate = REPORT_DEFERRED, .status = "4.1.1",
		.text = "later", .finished = true, .marked = true,
		.log = LINE("4.1.1", "undeliverable", "later"),
		.told = "verify: o@orig.test 1 later; verify: u@dest.test 1 later"},
	{"probe, bounced", .flags = 259, .fate = REPORT_BOUNCED, .status = "5.1.1", .text = "no",
		.soft = true, .finished = true, .marked = true,
		.log = LINE("5.1.1", "undeliverable", "no"),
		.told = "verify: o@orig.test 2 no; verify: u@dest.test 2 no"},
	{"probe, bounced, no negative cache", .flags = 259, .fate = REPORT_BOUNCED,
		.status = "5.1.1", .text = "no", .no_negative = true, .finished = true,
		.marked = true, .log = LINE("5.1.1", "undeliverable-but-not-cached", "no"),
		.told = ""},
	{"probe, deferred, no negative cache", .flags = 259, .fate = REPORT_DEFERRED,
		.status = "4.1.1", .text = "no", .no_negative = true, .finished = true,
		.marked = true, .log = LINE("4.1.1", "undeliverable-but-not-cached", "no"),
		.told = ""},
	{"probe, deliverable, no negative cache", .flags = 259, .fate = REPORT_SENT,
		.status = "2.1.5", .text = "ok", .no_negative = true, .finished = true,
		.marked = true, .log = LINE("2.1.5", "deliverable", "ok"),
		.told = "verify: o@orig.test 0 ok; verify: u@dest.test 0 ok"},
	{"probe, verify fails", .flags = 259, .fate = REPORT_SENT, .status = "2.1.5",
		.text = "250 ok", .failing = 1U << VERIFY, .log = WARNED("verify"),
		.told = "verify: o@orig.test 0 250 ok"},
	{"sendmail -bv, deliverable", .flags = 515, .fate = REPORT_SENT, .status = "2.1.5",
		.text = "250 ok", .notify = 2, .finished = true, .marked = true,
		.log = LINE("2.1.5", "deliverable", "250 ok"),
		.told = "trace: 2.1.5 deliverable delivery via mx[192.0.2.1]:25: 250 ok"},
	{"sendmail -bv, deferred", .flags = 515, .fate = REPORT_DEFERRED, .status = "4.1.1",
		.text = "later", .finished = true, .marked = true,
		.log = LINE("4.1.1", "undeliverable", "later"),
		.told = "trace: 4.1.1 undeliverable delivery via mx[192.0.2.1]:25: later"},
	{"sendmail -bv, bounced", .flags = 515, .fate = REPORT_BOUNCED, .status = "5.1.1",
		.text = "no", .soft = true, .finished = true, .marked = true,
		.log = LINE("5.1.1", "undeliverable", "no"),
		.told = "trace: 5.1.1 undeliverable delivery via mx[192.0.2.1]:25: no"},
	{"sendmail -bv, trace fails", .flags = 515, .fate = REPORT_BOUNCED, .status = "5.1.1",
		.text = "no", .failing = 1U << TRACE, .log = WARNED("trace"),
		.told = "trace: 5.1.1 undeliverable delivery via mx[192.0.2.1]:25: no"},

	{"sent with a 5", .flags = 3, .fate = REPORT_SENT, .status = "5.0.0", .text = "x",
		.finished = true, .marked = true,
		.log = "warning: sent: ignoring dsn code \"5.0.0\"|" LINE("2.0.0", "sent", "x"),
		.told = ""},
	{"bounced with a 4", .flags = 3, .fate = REPORT_BOUNCED, .status = "4.1.1", .text = "x",
		.finished = true, .marked = true,
		.log = "warning: bounce_append: ignoring dsn code \"4.1.1\"|" LINE("5.0.0",
			"bounced", "x"),
		.told = "bounce: 5.0.0 failed x"},
	{"deferred with a 5", .flags = 3, .fate = REPORT_DEFERRED, .status = "5.1.1", .text = "x",
		.log = "warning: defer_append: ignoring dsn code \"5.1.1\"|" LINE("4.0.0",
			"deferred", "x"),
		.told = "defer: 4.0.0 delayed x"},
	{"deferred with nonsense", .flags = 3, .fate = REPORT_DEFERRED, .status = "4.1.1 x",
		.text = "x",
		.log = "warning: defer_append: ignoring dsn code \"4.1.1 x\"|" LINE("4.0.0",
			"deferred", "x"),
		.told = "defer: 4.0.0 delayed x"},
	{"deferred without a code", .flags = 3, .fate = REPORT_DEFERRED, .status = NULL,
		.text = NULL,
		.log = "warning: defer_append: ignoring dsn code \"\"|" LINE("4.0.0", "deferred",
			""),
		.told = "defer: 4.0.0 delayed "},
};

static const struct wire wire = {.version = POSTFIX(3, 7), .ipc_timeout = 5};

static const struct reporter usual = {
	.wire = &wire,
	.negative_cache = true,
	.external_addresses = true,
	.delay_resolution = 2,
	.status_filter_name = "smtp_delivery_status_filter",
	.verify_name = "verify",
	.bounce_name = "bounce",
	.defer_name = "defer",
	.trace_name = "trace",
	.flush_name = "flush",
};

static const struct request_rcpt usual_rcpt = {
	.original = "o@orig.test",
	.address = "u@dest.test",
	.offset = 1,
	.dsn_orcpt = "",
};

static const struct report_session usual_session = {
	.relay = "mx[192.0.2.1]:25",
	.ready = {.tv_sec = 1000, .tv_usec = 100000},
	.done = {.tv_sec = 1000, .tv_usec = 110000},
};

static struct request usual_request(struct pool *pool, int flags)
{
	return (struct request){
		.pool = pool,
		.flags = flags,
		.queue_name = "active",
		.queue_id = "ABC",
		.arrived = {.tv_sec = 1000, .tv_usec = 0},
		.activated = {.tv_sec = 1000, .tv_usec = 60000},
		.handed = {.tv_sec = 1000, .tv_usec = 61000},
	};
}

/* One report about "u@dest.test", whose record is the second byte; *marked: it was crossed off. */
static bool one(const struct reporter *reporter, const struct request *request,
	const struct request_rcpt *rcpt, enum report_fate fate, const struct why *what,
	const struct report_session *session, bool *marked)
{
	static const struct queuefile_options options = {.hash_queue_names = ""};
	int fd = open("active/ABC", O_RDWR | O_CREAT | O_TRUNC, 0700);
	struct queuefile *file;
	char mark = '?';
	bool finished;

	ok(write(fd, "RRR", 3) == 3, "a queue file");
	file = queuefile_open(request->pool, &options, "active", "ABC");
	finished = report(reporter, request, file, rcpt, fate, what, session);
	queuefile_close(file);
	*marked = pread(fd, &mark, 1, 1) == 1 && mark == 'D';
	close(fd);
	return finished;
}

static void test_cases(void)
{
	for (const struct case_ *c = cases; c < cases + COUNT(cases); c++) {
		struct pool pool = {0};
		struct request request = usual_request(&pool, c->flags);
		struct request_rcpt rcpt = usual_rcpt;
		struct report_session session = usual_session;
		struct reporter reporter = usual;
		const struct why what = {.pool = &pool, .status = c->status, .text = c->text};
		bool marked;

		rcpt.dsn_notify = c->notify;
		session.server_did_dsn = c->dsn;
		session.final = c->final;
		reporter.soft_bounce = c->soft;
		reporter.negative_cache = !c->no_negative;
		start_servers(c->failing);
		okf(one(&reporter, &request, &rcpt, c->fate, &what, &session, &marked)
				== c->finished,
			"%s: finished", c->name);
		okf(marked == c->marked, "%s: marked", c->name);
		is_text(heard(), c->log, c->name);
		is_text(told(&pool), c->told, c->name);
		pool_free(&pool);
	}
}

/* What a 3.7.11 agent sent is what we send. */
static void test_recorded(const struct buf *recordings)
{
	static const struct {
		enum server server;
		enum report_fate fate;
		int flags, notify;
		const char *id, *address;
		long offset;
		const char *orcpt, *status, *text, *mta, *said, *relay;
	} rows[] = {
		{BOUNCE, REPORT_BOUNCED, 3, 0, "3E1A9AD8423", "bounce1@dest.test", 650,
			"rfc822;bounce1@dest.test", "5.1.1",
			"host 127.0.0.1[127.0.0.1] said: 550 5.1.1 no such user (in reply to RCPT "
			"TO command)",
			"127.0.0.1", "550 5.1.1 no such user", "127.0.0.1[127.0.0.1]:21026"},
		{DEFER, REPORT_DEFERRED, 3, 0, "2EAFFAD84D3", "defer1@fast.test", 648,
			"rfc822;defer1@fast.test", "4.2.0",
			"host 127.0.0.1[127.0.0.1] said: 450 4.2.0 mailbox busy (in reply to RCPT "
			"TO command)",
			"127.0.0.1", "450 4.2.0 mailbox busy", "127.0.0.1[127.0.0.1]:21026"},
		{DEFER, REPORT_DEFERRED, 3, 0, "300A0AD82AE", "x@down.test", 638,
			"rfc822;x@down.test", "4.4.1",
			"connect to 127.0.0.1[127.0.0.1]:21099: Connection refused", NULL, NULL,
			"none"},
		{TRACE, REPORT_SENT, 3, 6, "24B20AD8193", "n1@dest.test", 688,
			"rfc822;orig@dest.test", "2.0.0", "250 2.0.0 queued as SINK1", "127.0.0.1",
			"250 2.0.0 queued as SINK1", "127.0.0.1[127.0.0.1]:21026"},
		{TRACE, REPORT_SENT, 515, 0, "08037AD8214", "bv@cache.test", 257,
			"rfc822;bv@cache.test", "2.1.5", "250 2.1.5 ok", "127.0.0.1",
			"250 2.1.5 ok", "127.0.0.1[127.0.0.1]:21027"},
		{VERIFY, REPORT_SENT, 259, 0, "X", "v@probe.test", -1, "", "2.1.5", "250 2.1.5 ok",
			"127.0.0.1", "250 2.1.5 ok", "127.0.0.1[127.0.0.1]:21027"},
		{FLUSH, REPORT_DEFERRED, 3, 0, "2EAFFAD84D3", "defer1@fast.test", 648, "", "4.2.0",
			"x", NULL, NULL, "none"},
	};
	struct reporter reporter = usual;
	struct match *fast = match_open(set, "fast_flush_domains", "fast.test", MATCH_DOMAIN, 0);

	reporter.fast_flush = fast;
	start_servers(0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pool pool = {0};
		struct request request = usual_request(&pool, rows[i].flags);
		struct request_rcpt rcpt = {rows[i].address, rows[i].address, rows[i].offset,
			rows[i].orcpt, rows[i].notify};
		struct report_session session = usual_session;
		struct why what = {.pool = &pool,
			.status = rows[i].status,
			.text = rows[i].text,
			.mta = rows[i].mta,
			.said = rows[i].said,
			.said_type = "smtp"};
		struct buf raw = BUF(0);
		bool marked;

		request.queue_id = rows[i].id;
		session.relay = rows[i].relay;
		if (rows[i].server == VERIFY)
			rcpt.original = "";
		one(&reporter, &request, &rcpt, rows[i].fate, &what, &session, &marked);
		fake_server_heard(servers[rows[i].server], &raw);
		okf(raw.length == recordings[i].length
				&& memcmp(buf_text(&raw), buf_text(&recordings[i]), raw.length)
					== 0,
			"recorded %zu", i);
		buf_close(&raw);
		told(&pool);
		heard();
		pool_free(&pool);
	}
	match_free(fast);
}

static void log_is(const struct reporter *reporter, const struct request_rcpt *rcpt,
	const struct report_session *session, const char *text, const char *want)
{
	struct pool pool = {0};
	struct request request = usual_request(&pool, 3);
	const struct why what = {.pool = &pool, .status = "2.0.0", .text = text};
	bool marked;

	one(reporter, &request, rcpt, REPORT_SENT, &what, session, &marked);
	is_text(heard(), want, "the line");
	pool_free(&pool);
}

#define END                                                                                        \
	", relay=mx[192.0.2.1]:25, delay=0.11, delays=0.06/0/0.04/0.01, dsn=2.0.0, status=sent "   \
	"(ok)"

static void test_lines(void)
{
	struct reporter reporter = usual;
	struct request_rcpt rcpt = usual_rcpt;
	struct report_session session = usual_session;

	rcpt.original = "U@DEST.test";
	log_is(&reporter, &rcpt, &session, "ok", "ABC: to=<u@dest.test>" END);
	rcpt.original = "";
	log_is(&reporter, &rcpt, &session, "ok", "ABC: to=<u@dest.test>" END);
	rcpt.original = "a b@x.test";
	rcpt.address = "c d@x.test";
	log_is(&reporter, &rcpt, &session, "ok",
		"ABC: to=<\"c d\"@x.test>, orig_to=<\"a b\"@x.test>" END);
	reporter.external_addresses = false;
	log_is(&reporter, &rcpt, &session, "ok", "ABC: to=<c d@x.test>, orig_to=<a b@x.test>" END);
	rcpt = usual_rcpt;
	rcpt.original = "";
	session.reuse_count = 2;
	session.tls_status = "!verify/requiretls";
	log_is(&usual, &rcpt, &session, "a\nb\001",
		"ABC: to=<u@dest.test>, relay=mx[192.0.2.1]:25, conn_use=3,"
		" delay=0.11, delays=0.06/0/0.04/0.01, tls=!verify/requiretls, dsn=2.0.0, "
		"status=sent (a?b?)");
	session = usual_session;
	session.tls_status = "";
	session.relay = "none";
	session.ready = (struct timeval){.tv_sec = 0};
	log_is(&usual, &rcpt, &session, "ok",
		"ABC: to=<u@dest.test>, relay=none, delay=0.11,"
		" delays=0.06/0/0/0.05, dsn=2.0.0, status=sent (ok)");
	session.done = (struct timeval){.tv_sec = 0};
	clock_freeze(0, (struct timeval){.tv_sec = 1061, .tv_usec = 700000});
	log_is(&usual, &rcpt, &session, "ok",
		"ABC: to=<u@dest.test>, relay=none, delay=62,"
		" delays=0.06/0/0/62, dsn=2.0.0, status=sent (ok)");
	clock_freeze(0, (struct timeval){.tv_sec = 900});
	log_is(&usual, &rcpt, &session, "ok",
		"ABC: to=<u@dest.test>, relay=none, delay=0,"
		" delays=0.06/0/0/0, dsn=2.0.0, status=sent (ok)");
	clock_thaw();
}

static void test_delays(void)
{
	static const struct {
		long us;
		int resolution;
		const char *text;
	} delays[] = {
		{4000, 2, "0"},
		{5000, 2, "0.01"},
		{103000, 2, "0.1"},
		{456000, 2, "0.46"},
		{996000, 2, "1"},
		{1040000, 2, "1"},
		{1060000, 2, "1.1"},
		{61700000, 2, "62"},
		{1234, 6, "0.0012"},
		{1250, 6, "0.0013"},
		{9960000, 2, "10"},
		{10400000, 2, "10"},
		{10500000, 2, "11"},
		{70000, 2, "0.07"},
		{1200000, 2, "1.2"},
		{35000000, 2, "35"},
		{0, 2, "0"},
		{0, 6, "0"},
		{0, 0, "0"},
		{1, 6, "0.000001"},
		{499999, 0, "0"},
		{500000, 0, "1"},
		{1499999, 0, "1"},
		{49999, 1, "0"},
		{50000, 1, "0.1"},
		{94000, 6, "0.094"},
		{99960, 6, "0.1"},
		{2000000, 6, "2"},
		{-5000000, 2, "0"},
		{86400000000, 2, "86400"},
	};
	const struct timeval from = {.tv_sec = 1000, .tv_usec = 900000};
	struct pool pool = {0};

	for (size_t i = 0; i < COUNT(delays); i++) {
		long us = delays[i].us + 1000900000;
		const struct timeval until = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};

		is_text(report_delay(&pool, &from, &until, delays[i].resolution), delays[i].text,
			delays[i].text);
	}
	pool_free(&pool);
}

/* What smtp_delivery_status_filter answers to each outcome, as 3.7.11 was seen to take it. */
static void test_filter(void)
{
	static const struct {
		const char *result;
		enum report_fate fate;
		const char *log;
	} rows[] = {
		{"5.1.1 hard", REPORT_SENT, "bad|2.0.0 sent (why)"},
		{"2.9.9 soft", REPORT_SENT, "2.9.9 sent (soft)"},
		{"5.1.1 hard", REPORT_BOUNCED, "5.1.1 bounced (hard)"},
		{"5.1.1 hard", REPORT_DEFERRED, "5.1.1 bounced (hard)"},
		{"4.1.1 soft", REPORT_SENT, "bad|2.0.0 sent (why)"},
		{"4.1.1 soft", REPORT_BOUNCED, "4.1.1 deferred (soft)"},
		{"4.1.1 soft", REPORT_DEFERRED, "4.1.1 deferred (soft)"},
		{"2.9.9 soft", REPORT_DEFERRED, "bad|4.0.0 deferred (why)"},
		{"5.1.1", REPORT_BOUNCED, "5.1.1 bounced (why)"},
		{"5.1.1  two", REPORT_BOUNCED, "5.1.1 bounced (two)"},
		{"5.1.1text", REPORT_BOUNCED, "bad|5.0.0 bounced (why)"},
		{"5.1.12345 x", REPORT_BOUNCED, "bad|5.0.0 bounced (why)"},
		{"5.1 x", REPORT_BOUNCED, "bad|5.0.0 bounced (why)"},
		{"x", REPORT_BOUNCED, "bad|5.0.0 bounced (why)"},
		{"3.1.1 x", REPORT_BOUNCED, "bad|5.0.0 bounced (why)"},
		{"5.999.999 x", REPORT_BOUNCED, "5.999.999 bounced (x)"},
	};
	static const char *const statuses[] = {"2.0.0", "4.0.0", "5.0.0"};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pool pool = {0};
		struct request request = usual_request(&pool, 3);
		struct reporter reporter = usual;
		const struct why what = {.pool = &pool,
			.status = statuses[rows[i].fate],
			.text = "why"};
		const char *table = pool_format(&pool, "static:{%s}", rows[i].result);
		struct tables *tables = tables_open(set, "smtp_delivery_status_filter", table, 0);
		const char *line, *want = rows[i].log;
		bool marked;

		reporter.status_filter = tables;
		one(&reporter, &request, &usual_rcpt, rows[i].fate, &what, &usual_session, &marked);
		line = heard();
		if (text_starts(want, "bad|")) {
			want += 4;
			ok(text_starts(line,
				   pool_format(&pool,
					   "warning: smtp_delivery_status_filter: bad status code: "
					   "%s|",
					   rows[i].result)),
				line);
		} else {
			ok(strstr(line, "warning") == NULL, line);
		}
		line = strstr(line, "dsn=");
		ok(line && strstr(line, strchr(want, ' ') + 1) && strncmp(line + 4, want, 5) == 0,
			want);
		told(&pool);
		pool_free(&pool);
	}
}

static void test_filter_error(void)
{
	struct pool pool = {0};
	struct request request = usual_request(&pool, 3);
	struct reporter reporter = usual;
	const struct why what = {.pool = &pool, .status = "2.0.0", .text = "250 ok"};
	bool marked;

	reporter.status_filter = tables_open(set, "smtp_delivery_status_filter", "fail:x", 0);
	ok(one(&reporter, &request, &usual_rcpt, REPORT_SENT, &what, &usual_session, &marked)
			&& marked,
		"a filter that fails loses nothing");
	is_text(heard(),
		"warning: fail:x lookup error for \"2.0.0 250 ok\"|" LINE("2.0.0", "sent",
			"250 ok"),
		"and is warned about");
	pool_free(&pool);
}

static void flush_is(const char *domains, const char *address, int flags,
	const struct fake_words *answer, const char *log, const char *want)
{
	struct pool pool = {0};
	struct request request = usual_request(&pool, flags);
	struct request_rcpt rcpt = {"", address, 1, "", 0};
	struct reporter reporter = usual;
	const struct why what = {.pool = &pool, .status = "4.4.1", .text = "x"};
	struct match *fast = match_open(set, "fast_flush_domains", domains, MATCH_DOMAIN_PARENT, 0);
	const char *line;
	bool marked;

	reporter.fast_flush = fast;
	start_servers(0);
	if (answer)
		fake_server_say(servers[FLUSH], *answer);
	one(&reporter, &request, &rcpt, REPORT_DEFERRED, &what, &usual_session, &marked);
	line = strchr(heard(), '|');
	is_text(line ? line + 1 : "", log, address);
	line = strstr(told(&pool), "flush");
	is_text(line ? line : "", want, address);
	match_free(fast);
	pool_free(&pool);
}

static void test_flush(void)
{
	const struct fake_words deny = {"protocol\0queue_flush_protocol\0", 31,
		"status\0"
		"4\0",
		10, NULL, 0};
	const struct fake_words refuse = {"protocol\0queue_flush_protocol\0", 31,
		"status\0"
		"3\0",
		10, NULL, 0};

	flush_is("dest.test", "u@dest.test", 3, NULL, "", "flush: dest.test ABC");
	flush_is("dest.test", "u@Sub.dest.test", 3, NULL, "", "flush: Sub.dest.test ABC");
	flush_is("dest.test", "u@other.test", 3, NULL, "", "");
	flush_is("dest.test", "u@", 3, NULL, "", "");
	flush_is("dest.test", "local", 3, NULL, "", "");
	flush_is("", "u@dest.test", 3, NULL, "", "");
	flush_is("dest.test", "u@dest.test", 259, NULL, "", "");
	flush_is("dest.test", "u@dest.test", 3, &deny, "", "flush: dest.test ABC");
	flush_is("dest.test", "u@dest.test", 3, &refuse, WARNED("flush"), "flush: dest.test ABC");
	flush_is("fail:x", "u@dest.test", 3, NULL,
		"warning: fast_flush_domains: fail:x: table lookup problem|" WARNED("flush"), "");
}

/* The services may have other names, which are in the texts. */
static void test_names(void)
{
	struct pool pool = {0};
	struct request request = usual_request(&pool, 3);
	struct reporter reporter = usual;
	const struct why what = {.pool = &pool, .status = "5.1.1", .text = "no"};
	bool marked;

	reporter.bounce_name = "nosuch";
	reporter.trace_name = "follow";
	start_servers(0);
	ok(!one(&reporter, &request, &usual_rcpt, REPORT_BOUNCED, &what, &usual_session, &marked)
			&& !marked,
		"no such service");
	is_text(heard(),
		"warning: connect to private/nosuch: No such file or directory|" LINE("4.3.0",
			"deferred", "nosuch or follow service failure"),
		"as it says");
	is_text(told(&pool), "defer: 4.3.0 delayed nosuch or follow service failure",
		"and records");
	pool_free(&pool);
}

static void test_marks(void)
{
	struct pool pool = {0};
	struct request request = usual_request(&pool, 3);
	struct request_rcpt rcpt = usual_rcpt;
	const struct why what = {.pool = &pool, .status = "2.0.0", .text = "ok"};
	bool marked;

	rcpt.offset = -1;
	ok(one(&usual, &request, &rcpt, REPORT_SENT, &what, &usual_session, &marked) && !marked,
		"a recipient without a record");
	ok(report(&usual, &request, NULL, &usual_rcpt, REPORT_SENT, &what, &usual_session),
		"no queue file");
	heard();
	pool_free(&pool);
}

int main(void)
{
	static const char *const recordings[] = {"bounce", "defer-reply", "defer-local",
		"trace-success", "trace-probe", "verify", "flush"};
	struct buf bytes[COUNT(recordings)] = {BUF(0)};
	char folder[] = "/tmp/report.XXXXXX", name[64];

	for (size_t i = 0; i < COUNT(recordings); i++) {
		snprintf(name, sizeof name, "3.7/%s", recordings[i]);
		recorded(&bytes[i], name);
	}
	if (mkdtemp(folder) == NULL || chdir(folder) < 0 || mkdir("private", 0700) < 0
		|| mkdir("public", 0700) < 0 || mkdir("active", 0700) < 0)
		return 1;
	heard_start();
	set = table_set_new(&(struct table_options){.version = POSTFIX(3, 7)});
	for (int i = 0; i < SERVERS; i++)
		servers[i] = fake_server(daemons[i].path, daemons[i].good);
	test_cases();
	test_recorded(bytes);
	test_lines();
	test_delays();
	test_filter();
	test_filter_error();
	test_flush();
	test_names();
	test_marks();
	for (int i = 0; i < SERVERS; i++)
		fake_server_close(servers[i]);
	for (size_t i = 0; i < COUNT(recordings); i++)
		buf_close(&bytes[i]);
	table_set_free(set);
	unlink("active/ABC");
	rmdir("private");
	rmdir("public");
	rmdir("active");
	rmdir(folder);
	heard_stop();
	return done();
}

#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "smtp/session.h"
#include "smtp/transaction.h"
#include "t/lib/heard.h"
#include "t/lib/mailing.h"
#include "t/lib/tap.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

static struct mailing mail;

/* --- one transaction over a connection of its own --- */

static struct server *the_server(void)
{
	struct destination *to = POOL_NEW(&mail.pool, struct destination);
	struct server *server = POOL_NEW(&mail.pool, struct server);

	to->text = to->host = "mx.test";
	server->destination = to;
	server->host = "mx.test";
	addr_parse(&server->addr, "127.0.0.1", mail.port);
	server->address = "127.0.0.1";
	server->namaddr = "mx.test[127.0.0.1]";
	server->namaddrport = pool_format(&mail.pool, "mx.test[127.0.0.1]:%u", mail.port);
	return server;
}

/* "done" or "lost 4.4.2 text"; then what became of the connection. */
static const char *transact(bool keep, bool final_server)
{
	static const struct tls_policy plain = {.expect.level = TLS_LEVEL_NONE};
	const struct agent *agent = &mail.test.agent;
	struct why why = {.pool = &mail.pool};
	struct server *server = the_server();
	enum session_end end;
	struct connection *conn = session_open(agent, &mail.d, server, &plain, &end, &why);
	const char *text;
	bool done_it;

	if (end != SESSION_READY) {
		if (conn)
			session_close(agent, &mail.d, conn);
		return pool_format(&mail.pool, "no session: %s", why.text);
	}
	mail.d.session.relay = server->namaddrport;
	mail.d.final_server = final_server;
	done_it = transaction_run(agent, &mail.d, conn, keep, &why);
	text = pool_format(&mail.pool, "%s%s%s%s%s%s%s", done_it ? "done" : "lost ",
		done_it ? "" : why.status, done_it ? "" : " ", done_it ? "" : why.text,
		conn->broken ? " broken" : "", conn->bad ? " bad" : "",
		conn->chat.protocol_error ? " protocol" : "");
	if (mail.d.completed != done_it)
		text = pool_format(&mail.pool, "%s, completed: %d", text, mail.d.completed);
	if (keep)
		connection_drop(conn);
	else
		session_close(agent, &mail.d, conn);
	return text;
}

struct dialogue {
	const char *name;
	bool lmtp, keep, next; /* next: it is not the final server */
	int flags;             /* of the request, REQUEST_; 0: SUCCESS */
	const char *rcpts;     /* NULL: a and b */
	const char *script;    /* after the EHLO reply */
	const char *heard;     /* after EHLO; NULL: whatever */
	const char *want, *fates;
	const char *log;       /* NULL: whatever */
};

static void check(const struct dialogue *x, const char *hello)
{
	const char *greeted = x->lmtp ? "LHLO client.example | " : "EHLO client.example | ", *got, *heard_it;

	mailing_begin(&mail, pool_format(&mail.pool, "220 mx\n%s%s", hello, x->script), "mx.test",
		x->rcpts ? x->rcpts : "a@x.test b@x.test");
	if (x->flags)
		mail.request->flags = x->flags;
	got = transact(x->keep, !x->next);
	heard_it = mailing_heard(&mail);
	if (x->heard)
		is_text(text_starts(heard_it, greeted) ? heard_it + strlen(greeted) : heard_it, x->heard,
			x->name);
	is_text(got, x->want, x->name);
	is_text(mailing_fates(&mail), x->fates, x->name);
	if (x->log)
		is_text(mailing_log(&mail), x->log, x->name);
	heard();
	mailing_told(&mail);
}

static void check_all(const struct dialogue *dialogues, size_t count, const char *hello)
{
	for (const struct dialogue *x = dialogues; x < dialogues + count; x++)
		check(x, hello);
}

#define CHECK(dialogues, hello) check_all(dialogues, COUNT(dialogues), hello)

#define SIMPLE ">EHLO client.example\n250 mx\n"
#define PIPES ">EHLO client.example\n250-mx\n250 PIPELINING\n"
#define LMTP ">LHLO client.example\n250 mx\n"
#define LMTP_PIPES ">LHLO client.example\n250-mx\n250 PIPELINING\n"

#define MAIL "MAIL FROM:<from@client.example>"
#define RCPT(who) "RCPT TO:<" who "@x.test>"
#define BODY "Subject: x, , hello, ."
#define GROUP MAIL ", " RCPT("a") ", " RCPT("b") ", DATA"
#define TO(who, status, word, text) \
	"ID: to=<" who "@x.test>, relay=mx.test[127.0.0.1]:PORT, dsn=" status ", status=" word \
	" (" text ")"
#define SAID(reply, command) \
	"host mx.test[127.0.0.1] said: " reply " (in reply to " command ")"
#define LOST(doing) "lost connection with mx.test[127.0.0.1] while " doing
#define TWICE "sending end of data -- message may be sent more than once"

/* --- without PIPELINING (RFC 5321 3.3) --- */

static const struct dialogue simple[] = {
	{.name = "good", .script = ">MAIL*\n250 ok\n>RCPT*\n250 ok\n>RCPT*\n250 ok\n>DATA\n354 go\n>>.\n"
		"250 2.1.0 taken\n>QUIT\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b") " | DATA | " BODY
		" | QUIT", .want = "done", .fates = "SS",
		.log = TO("a", "2.1.0", "sent", "250 2.1.0 taken") "|"
		TO("b", "2.1.0", "sent", "250 2.1.0 taken")},
	{.name = "kept", .keep = true, .script = ">MAIL*\n250 ok\n>RCPT*\n250 ok\n>RCPT*\n250 ok\n"
		">DATA\n354 go\n>>.\n250 taken\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b") " | DATA | "
		BODY, .want = "done", .fates = "SS"},
	{.name = "MAIL refused", .script = ">MAIL*\n550 5.7.1 no\n>RSET\n250 ok\n>QUIT\n",
		.heard = MAIL " | RSET | QUIT", .want = "done", .fates = "BB",
		.log = TO("a", "5.7.1", "bounced", SAID("550 5.7.1 no", "MAIL FROM command")) "|"
		TO("b", "5.7.1", "bounced", SAID("550 5.7.1 no", "MAIL FROM command"))},
	{.name = "MAIL refused for now, another server", .next = true,
		.script = ">MAIL*\n450 4.7.1 no\n>RSET\n250 ok\n>QUIT\n", .heard = MAIL " | RSET | QUIT",
		.want = "done", .fates = "NN", .log = "ID: " SAID("450 4.7.1 no", "MAIL FROM command")},
	{.name = "one RCPT refused", .script = ">MAIL*\n250 ok\n>RCPT*\n550 5.1.1 who\n>RCPT*\n250 ok\n"
		">DATA\n354 go\n>>.\n250 taken\n>QUIT\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b")
		" | DATA | " BODY " | QUIT", .want = "done", .fates = "BS",
		.log = TO("a", "5.1.1", "bounced", SAID("550 5.1.1 who", "RCPT TO command")) "|"
		TO("b", "2.0.0", "sent", "250 taken")},
	{.name = "one RCPT refused for now, another server", .next = true,
		.script = ">MAIL*\n250 ok\n>RCPT*\n250 ok\n>RCPT*\n452 4.5.3 many\n>DATA\n354 go\n>>.\n"
		"250 taken\n>QUIT\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b") " | DATA | " BODY
		" | QUIT", .want = "done", .fates = "SN",
		.log = "ID: " SAID("452 4.5.3 many", "RCPT TO command") "|"
		TO("a", "2.0.0", "sent", "250 taken")},
	{.name = "every RCPT refused", .script = ">MAIL*\n250 ok\n>RCPT*\n550 5.1.1 who\n>RCPT*\n"
		"450 4.2.1 busy\n>RSET\n250 ok\n>QUIT\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b")
		" | RSET | QUIT", .want = "done", .fates = "BD"},
	{.name = "DATA refused", .script = ">MAIL*\n250 ok\n>RCPT*\n250 ok\n>RCPT*\n250 ok\n>DATA\n"
		"451 4.3.0 no\n>RSET\n250 ok\n>QUIT\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b")
		" | DATA | RSET | QUIT", .want = "done", .fates = "DD"},
	{.name = "DATA answered 250", .script = ">MAIL*\n250 ok\n>RCPT*\n250 ok\n>RCPT*\n250 ok\n>DATA\n"
		"250 2.0.0 taken\n>RSET\n250 ok\n>QUIT\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b")
		" | DATA | RSET | QUIT", .want = "done protocol", .fates = "BB",
		.log = TO("a", "5.5.0", "bounced", "Protocol error: "
		SAID("250 2.0.0 taken", "DATA command")) "|" TO("b", "5.5.0", "bounced", "Protocol error: "
		SAID("250 2.0.0 taken", "DATA command"))},
	{.name = "end of data refused", .script = ">MAIL*\n250 ok\n>RCPT*\n250 ok\n>RCPT*\n250 ok\n"
		">DATA\n354 go\n>>.\n554 5.6.0 spam\n>QUIT\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b")
		" | DATA | " BODY " | QUIT", .want = "done", .fates = "BB"},
	{.name = "354 to the dot", .script = ">MAIL*\n250 ok\n>RCPT*\n250 ok\n>RCPT*\n250 ok\n"
		">DATA\n354 go\n>>.\n354 more\n>QUIT\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b")
		" | DATA | " BODY " | QUIT", .want = "done protocol", .fates = "BB",
		.log = TO("a", "5.5.0", "bounced", SAID("354 more", "end of DATA command")) "|"
		TO("b", "5.5.0", "bounced", SAID("354 more", "end of DATA command"))},
	{.name = "421 to RCPT, then gone", .script = ">MAIL*\n250 ok\n>RCPT*\n421 4.3.2 bye\n!close\n",
		.heard = MAIL " | " RCPT("a"), .want = "lost 4.4.2 " LOST("sending RCPT TO") " broken",
		.fates = "DO"},
	{.name = "RSET refused", .script = ">MAIL*\n550 no\n>RSET\n500 what\n>QUIT\n",
		.heard = MAIL " | RSET | QUIT", .want = "done bad", .fates = "BB"},
	{.name = "lost at RSET", .script = ">MAIL*\n550 no\n>RSET\n!close\n", .heard = MAIL " | RSET",
		.want = "done broken", .fates = "BB"},
	/* lost: nobody is settled who was not before */
	{.name = "lost at MAIL", .script = ">MAIL*\n!close\n", .heard = MAIL,
		.want = "lost 4.4.2 " LOST("sending MAIL FROM") " broken", .fates = "OO", .log = ""},
	{.name = "lost at RCPT", .script = ">MAIL*\n250 ok\n>RCPT*\n250 ok\n>RCPT*\n!close\n",
		.heard = MAIL " | " RCPT("a") " | " RCPT("b"),
		.want = "lost 4.4.2 " LOST("sending RCPT TO") " broken", .fates = "OO", .log = ""},
	{.name = "lost at DATA", .script = ">MAIL*\n250 ok\n>RCPT*\n550 no\n>RCPT*\n250 ok\n>DATA\n"
		"!close\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b") " | DATA",
		.want = "lost 4.4.2 " LOST("sending DATA command") " broken", .fates = "BO"},
	{.name = "lost at the dot", .script = ">MAIL*\n250 ok\n>RCPT*\n250 ok\n>RCPT*\n250 ok\n>DATA\n"
		"354 go\n>>.\n!close\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b") " | DATA | " BODY,
		.want = "lost 4.4.2 " LOST(TWICE) " broken", .fates = "OO", .log = ""},
};

/* --- with PIPELINING (RFC 2920) --- */

static const struct dialogue pipelined[] = {
	{.name = "one group, and another", .script = ">>DATA\n250 ok\n250 ok\n250 ok\n354 go\n>>.\n"
		"250 taken\n", .heard = GROUP " | " BODY ", QUIT", .want = "done", .fates = "SS"},
	{.name = "kept: no QUIT", .keep = true, .script = ">>DATA\n250 ok\n250 ok\n250 ok\n354 go\n>>.\n"
		"250 taken\n", .heard = GROUP " | " BODY, .want = "done", .fates = "SS"},
	{.name = "MAIL refused, so DATA is", .script = ">>DATA\n550 5.7.1 no\n503 mail\n503 mail\n"
		"503 rcpt\n>RSET\n250 ok\n", .heard = GROUP " | RSET, QUIT", .want = "done", .fates = "BB",
		.log = TO("a", "5.7.1", "bounced", SAID("550 5.7.1 no", "MAIL FROM command")) "|"
		TO("b", "5.7.1", "bounced", SAID("550 5.7.1 no", "MAIL FROM command"))},
	{.name = "MAIL refused, DATA is not", .script = ">>DATA\n550 5.7.1 no\n250 ok\n250 ok\n354 go\n"
		">>.\n250 taken\n", .heard = GROUP " | ., QUIT", .want = "done", .fates = "BB"},
	{.name = "MAIL refused, then gone", .next = true, .script = ">>DATA\n450 no\n!close\n",
		.heard = GROUP, .want = "lost 4.4.2 " LOST("sending RCPT TO") " broken", .fates = "NN",
		.log = "ID: " SAID("450 no", "MAIL FROM command")},
	{.name = "every RCPT refused, DATA is", .script = ">>DATA\n250 ok\n550 a\n550 b\n503 no\n>RSET\n"
		"250 ok\n", .heard = GROUP " | RSET, QUIT", .want = "done", .fates = "BB"},
	{.name = "every RCPT refused, DATA is not", .script = ">>DATA\n250 ok\n550 a\n450 b\n354 go\n>>.\n"
		"250 thanks for nothing\n", .heard = GROUP " | ., QUIT", .want = "done", .fates = "BD",
		.log = TO("a", "5.0.0", "bounced", SAID("550 a", "RCPT TO command")) "|"
		TO("b", "4.0.0", "deferred", SAID("450 b", "RCPT TO command"))},
	{.name = "the same, kept", .keep = true, .script = ">>DATA\n250 ok\n550 a\n450 b\n354 go\n>>.\n"
		"250 thanks for nothing\n", .heard = GROUP " | .", .want = "done", .fates = "BD"},
	{.name = "the same, then gone", .script = ">>DATA\n250 ok\n550 a\n450 b\n354 go\n>>.\n!close\n",
		.heard = GROUP " | ., QUIT", .want = "done broken", .fates = "BD"},
	{.name = "one RCPT refused", .script = ">>DATA\n250 ok\n550 a\n250 ok\n354 go\n>>.\n250 taken\n",
		.heard = GROUP " | " BODY ", QUIT", .want = "done", .fates = "BS"},
	{.name = "DATA refused", .script = ">>DATA\n250 ok\n250 ok\n250 ok\n451 no\n>RSET\n250 ok\n",
		.heard = GROUP " | RSET, QUIT", .want = "done", .fates = "DD"},
	{.name = "end of data refused", .script = ">>DATA\n250 ok\n250 ok\n250 ok\n354 go\n>>.\n"
		"451 later\n", .heard = GROUP " | " BODY ", QUIT", .want = "done", .fates = "DD"},
	{.name = "one reply is missing", .script = ">>DATA\n250 ok\n250 ok\n250 ok\n!close\n",
		.heard = GROUP, .want = "lost 4.4.2 " LOST("sending DATA command") " broken",
		.fates = "OO", .log = ""},
	{.name = "one reply too many", .script = ">>DATA\n250 ok\n250 extra\n550 a\n250 b\n354 go\n>RSET\n"
		"250 ok\n", .heard = GROUP " | RSET, QUIT", .want = "done bad protocol", .fates = "BB",
		.log = TO("b", "5.0.0", "bounced", SAID("550 a", "RCPT TO command")) "|"
		TO("a", "5.5.0", "bounced", "Protocol error: " SAID("250 b", "DATA command"))},
	{.name = "421 in a group", .script = ">>DATA\n250 ok\n421 4.3.2 bye\n!close\n", .heard = GROUP,
		.want = "lost 4.4.2 " LOST("sending RCPT TO") " broken", .fates = "DO"},
	/* replies before the commands: they shift, and nothing is lost */
	{.name = "success before it is asked for", .script = "250 ok\n250 ok\n250 ok\n354 go\n>>.\n"
		"250 taken\n", .want = "done", .fates = "SS"},
};

/* --- LMTP (RFC 2033 4.2) --- */

#define LMTP_DATA ">MAIL*\n250 ok\n>RCPT*\n250 ok\n>RCPT*\n250 ok\n>DATA\n354 go\n>>.\n"
#define LMTP_SAID MAIL " | " RCPT("a") " | " RCPT("b") " | DATA | " BODY

static const struct dialogue lmtp[] = {
	{.name = "each its own reply", .lmtp = true, .script = LMTP_DATA "250 2.1.5 a\n550 5.2.2 b\n"
		">QUIT\n221 bye\n", .heard = LMTP_SAID " | QUIT", .want = "done", .fates = "SB",
		.log = TO("a", "2.1.5", "sent", "250 2.1.5 a") "|"
		TO("b", "5.2.2", "bounced", SAID("550 5.2.2 b", "end of DATA command"))},
	{.name = "only the accepted ones have a reply", .lmtp = true, .script = ">MAIL*\n250 ok\n>RCPT*\n"
		"550 a\n>RCPT*\n250 ok\n>DATA\n354 go\n>>.\n250 b\n>QUIT\n221 bye\n",
		.heard = LMTP_SAID " | QUIT", .want = "done", .fates = "BS"},
	{.name = "lost in between", .lmtp = true, .script = LMTP_DATA "250 a\n!close\n",
		.heard = LMTP_SAID, .want = "lost 4.4.2 " LOST(TWICE) " broken", .fates = "SO"},
	{.name = "soft, another server", .lmtp = true, .next = true, .script = LMTP_DATA
		"450 4.2.0 a\n250 b\n>QUIT\n221 bye\n", .heard = LMTP_SAID " | QUIT", .want = "done",
		.fates = "NS", .log = "ID: " SAID("450 4.2.0 a", "end of DATA command") "|"
		TO("b", "2.0.0", "sent", "250 b")},
};

static const struct dialogue lmtp_pipelined[] = {
	{.name = "all in one, and the rest", .lmtp = true, .script = ">>DATA\n250 ok\n250 ok\n250 ok\n"
		"354 go\n>>.\n250 a\n250 b\n221 bye\n", .heard = GROUP " | " BODY ", QUIT", .want = "done",
		.fates = "SS"},
	{.name = "nobody accepted, 354", .lmtp = true, .script = ">>DATA\n250 ok\n550 a\n550 b\n354 go\n"
		">>.\n503 nobody\n221 bye\n", .heard = GROUP " | ., QUIT", .want = "done", .fates = "BB"},
};

/* --- probes --- */

enum { PROBE = REQUEST_SUCCESS | REQUEST_VERIFY };

static const struct dialogue probes[] = {
	{.name = "a probe", .flags = PROBE, .script = ">MAIL*\n250 ok\n>RCPT*\n250 2.1.5 yes\n>RCPT*\n"
		"550 5.1.1 no\n>RSET\n250 ok\n>QUIT\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b")
		" | RSET | QUIT", .want = "done", .fates = "SB",
		.log = TO("a", "2.1.5", "deliverable", "250 2.1.5 yes") "|"
		TO("b", "5.1.1", "undeliverable", SAID("550 5.1.1 no", "RCPT TO command"))},
	{.name = "lost after one", .flags = PROBE, .script = ">MAIL*\n250 ok\n>RCPT*\n250 yes\n>RCPT*\n"
		"!close\n", .heard = MAIL " | " RCPT("a") " | " RCPT("b"),
		.want = "lost 4.4.2 " LOST("sending RCPT TO") " broken", .fates = "SO"},
	{.name = "MAIL refused", .flags = PROBE, .script = ">MAIL*\n550 no\n>RSET\n250 ok\n>QUIT\n",
		.heard = MAIL " | RSET | QUIT", .want = "done", .fates = "BB"},
};

static const struct dialogue pipelined_probes[] = {
	{.name = "a probe", .flags = PROBE, .script = ">>QUIT\n250 ok\n250 yes\n550 no\n250 ok\n",
		.heard = MAIL ", " RCPT("a") ", " RCPT("b") ", RSET, QUIT", .want = "done", .fates = "SB"},
	{.name = "kept", .flags = PROBE, .keep = true, .script = ">>RSET\n250 ok\n250 yes\n550 no\n250 ok\n",
		.heard = MAIL ", " RCPT("a") ", " RCPT("b") ", RSET", .want = "done", .fates = "SB"},
};

static const struct dialogue data_probes[] = {
	{.name = "a probe of DATA", .flags = PROBE, .script = ">>DATA\n250 ok\n250 yes\n550 no\n354 go\n",
		.heard = GROUP, .want = "done broken", .fates = "SB",
		.log = TO("b", "5.0.0", "undeliverable", SAID("550 no", "RCPT TO command")) "|"
		TO("a", "2.0.0", "deliverable", "354 go")},
	{.name = "DATA refused", .flags = PROBE, .script = ">>DATA\n250 ok\n250 yes\n550 no\n451 no\n"
		">RSET\n250 ok\n", .heard = GROUP " | RSET, QUIT", .want = "done", .fates = "BB"},
	{.name = "nobody accepted, 354: nothing is sent", .flags = PROBE, .script = ">>DATA\n250 ok\n"
		"550 no\n550 no\n354 go\n", .heard = GROUP, .want = "done broken", .fates = "BB"},
};

static void test_dialogues(void)
{
	mailing_reopen(&mail, false, 0, NULL);
	CHECK(simple, SIMPLE);
	CHECK(pipelined, PIPES);
	CHECK(probes, SIMPLE);
	CHECK(pipelined_probes, PIPES);
	mailing_reopen(&mail, false, 0, "smtp_address_verify_target=data");
	CHECK(data_probes, PIPES);
	mailing_reopen(&mail, true, 0, NULL);
	CHECK(lmtp, LMTP);
	CHECK(lmtp_pipelined, LMTP_PIPES);
}

/* --- groups --- */

static void test_groups(void)
{
	struct buf rcpts = BUF(0), script = BUF(0);
	const char *got, *heard_it, *at;
	size_t most = 0;

	mailing_reopen(&mail, false, 0, NULL);
	for (int i = 0; i < 100; i++)
		buf_addf(&rcpts, "%s%050d%02d@x.test", i ? " " : "", 0, i);
	/* 33 bytes of MAIL, 71 of each RCPT: 57 of them fit into 4096. */
	buf_addf(&script, ">>RCPT TO:<%050d56@x.test>\n", 0);
	for (int i = 0; i < 58; i++)
		buf_adds(&script, "250 ok\n");
	buf_adds(&script, ">>DATA\n");
	for (int i = 0; i < 43; i++)
		buf_adds(&script, "250 ok\n");
	buf_adds(&script, "354 go\n>>.\n250 taken\n");
	mailing_begin(&mail, pool_format(&mail.pool, "220 mx\n%s%s", PIPES, buf_text(&script)),
		"mx.test", buf_text(&rcpts));
	got = transact(false, true);
	heard_it = mailing_heard(&mail);
	is_text(got, "done", "a hundred recipients");
	ok(strspn(mailing_fates(&mail), "S") == 100, "all have it");
	for (at = heard_it; at; at = strstr(at + 1, " | ")) {
		const char *end = strstr(at + 1, " | ");
		size_t length = end ? (size_t)(end - at) : strlen(at);

		most = length > most ? length : most;
	}
	okf(most > 4000 && most <= 4096, "a group has at most 4096 bytes: %zu", most);
	heard();
	buf_close(&rcpts);
	buf_close(&script);
}

/* The clock runs on while a command is made: a slow table, say. Here it is a slow log. */
static void slow_log(void *context UNUSED, enum log_severity severity UNUSED, const char *line,
	size_t length UNUSED)
{
	if (strstr(line, "unknown content encoding"))
		clock_advance(10001);
}

static void test_silence(void)
{
	const struct log_sink sink = {.write = slow_log};
	const char *got, *heard_it;

	mailing_reopen(&mail, false, 0, "smtp_send_xforward_command=yes");
	mailing_begin(&mail, "220 mx\n>EHLO client.example\n250-mx\n250-PIPELINING\n250-8BITMIME\n"
		"250 XFORWARD NAME\n>XFORWARD*\n250 ok\n>>DATA\n250 ok\n250 ok\n354 go\n>>.\n250 taken\n",
		"mx.test", "a@x.test");
	mail.request->client_name = "there.example";
	mail.request->encoding = "9bit";
	log_open(&sink);
	got = transact(false, true);
	heard_start();
	heard_it = mailing_heard(&mail);
	is_text(got, "done", "a command takes long to make");
	is_text(heard_it, "EHLO client.example | XFORWARD NAME=there.example | " MAIL ", " RCPT("a")
		", DATA | " BODY ", QUIT", "those before it don't wait for it");
}

static void test_xforward(void)
{
	static const char script[] = "220 mx\n>EHLO client.example\n250-mx\n250-PIPELINING\n"
		"250 XFORWARD NAME SOURCE\n>>DATA\n250 ok\n500 what\n250 ok\n250 ok\n354 go\n>>.\n250 taken\n";
	const char *got;

	mailing_reopen(&mail, false, 0, "smtp_send_xforward_command=yes");
	mailing_begin(&mail, script, "mx.test", "a@x.test");
	mail.request->client_name = "there.example";
	got = transact(false, true);
	is_text(mailing_heard(&mail), "EHLO client.example | XFORWARD NAME=there.example,"
		" XFORWARD SOURCE=LOCAL, " MAIL ", " RCPT("a") ", DATA | " BODY ", QUIT", "XFORWARD");
	is_text(got, "done", "XFORWARD");
	ok(strstr(mailing_log(&mail), "warning: host mx.test[127.0.0.1]:PORT said: 500 what (in reply to"
		" XFORWARD helo/protocol command)") != NULL, "a refusal is only warned of");
}

/* --- the size limit (RFC 1870) --- */

static void test_size(void)
{
	static const char script[] = "220 mx\n>EHLO client.example\n250-mx\n250 SIZE 10\n";
	const char *got;

	mailing_reopen(&mail, false, 0, NULL);
	mailing_begin(&mail, script, "mx.test", "a@x.test");
	got = transact(false, false);
	is_text(mailing_heard(&mail), "EHLO client.example", "a message too large: not a word, no QUIT");
	is_text(got, "done broken", "it is just closed");
	is_text(mailing_log(&mail), pool_format(&mail.pool, TO("a", "5.3.4", "bounced",
		"message size %ld exceeds size limit 10 of server mx.test[127.0.0.1]"),
		mail.request->data_size),
		"bounced at once, though there is another server");
	mailing_begin(&mail, script, "mx.test", "a@x.test");
	is_text(transact(true, true), "done", "a kept connection stays good");
	mailing_heard(&mail);
	heard();
}

/* --- content --- */

static const char *send_content(const char *content)
{
	mail.content = content;
	mailing_begin(&mail, "220 mx\n" PIPES ">>DATA\n250 ok\n250 ok\n354 go\n>>.\n250 taken\n",
		"mx.test", "a@x.test");
	transact(false, true);
	mail.content = NULL;
	return mailing_heard(&mail) + strlen("EHLO client.example | " MAIL ", " RCPT("a") ", DATA | ");
}

static void test_content(void)
{
	mailing_reopen(&mail, false, 0, "smtp_line_length_limit=20");
	is_text(send_content("A: b\n\n.\n..\nx\n"), "A: b, , .., ..., x, ., QUIT", "dots");
	is_text(send_content(""), "., QUIT", "nothing");
	is_text(send_content("a\rb\n\r\n"), "a b,  , ., QUIT", "no bare CR goes out");
	is_text(send_content("0123456789012345678901234\n"),
		"01234567890123456789,  01234, ., QUIT", "a long line");
	ok(strstr(mailing_log(&mail), ": breaking line > 20 bytes with <CR><LF>SPACE") != NULL, "is logged");
	mailing_reopen(&mail, false, 0, "flags=R");
	is_text(send_content("A: b\n"), "Return-Path: <from@client.example>, A: b, ., QUIT", "flags=R");
}

/* The queue file is cut, or can't be read. */
static int queue_fd(void)
{
	char link[64], target[256];
	ssize_t length;

	for (int fd = 3; fd < 100; fd++) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		length = readlink(link, target, sizeof target - 1);
		target[length > 0 ? length : 0] = '\0';
		if (strstr(target, "/active/4F"))
			return fd;
	}
	return -1;
}

static void begin_content(void)
{
	mailing_begin(&mail, "220 mx\n" PIPES ">>DATA\n250 ok\n250 ok\n354 go\n", "mx.test", "a@x.test");
}

static void test_bad_queue_file(void)
{
	const char *got, *heard_it;
	int fd;

	mailing_reopen(&mail, false, 0, NULL);
	begin_content();
	if (ftruncate(queue_fd(), mail.request->data_offset + 12) < 0)
		ok(false, "cannot cut the queue file");
	queuefile_close(mail.file);
	mail.d.file = mail.file = queuefile_open(&mail.pool, &mail.test.agent.queue, "active",
		mail.request->queue_id);
	got = transact(false, false);
	heard_it = mailing_heard(&mail);
	is_text(got, "done broken", "a queue file that is cut");
	ok(strstr(heard_it, "., ") == NULL && strstr(heard_it, "QUIT") == NULL, "no dot, no QUIT");
	is_text(mailing_fates(&mail), "B", "nobody can have it");
	ok(strstr(mailing_log(&mail), "dsn=5.3.0, status=bounced (unreadable mail queue entry)") != NULL,
		"which is said");
	ok(mail.d.corrupt, "it is put aside");

	begin_content();
	fd = open("/dev/null", O_WRONLY);
	dup2(fd, queue_fd());
	close(fd);
	got = transact(false, true);
	heard_it = mailing_heard(&mail);
	is_text(got, "done broken", "a queue file that can't be read now");
	ok(strstr(heard_it, "., ") == NULL && strstr(heard_it, "QUIT") == NULL, "no dot, no QUIT");
	is_text(mailing_fates(&mail), "D", "is tried again");
	ok(strstr(mailing_log(&mail), "dsn=4.3.0, status=deferred (queue file read error)") != NULL,
		"which is said");
	ok(!mail.d.corrupt, "and not put aside");
}

/* A message much larger than all buffers, to a server that has seen enough. */
static void test_torn(void)
{
	struct buf content = BUF(0);
	const char *got;

	for (int i = 0; i < 300000; i++)
		buf_addf(&content, "%060d\n", i);
	mailing_reopen(&mail, false, 0, NULL);
	mail.content = buf_text(&content);
	mailing_begin(&mail, "220 mx\n" PIPES ">>DATA\n250 ok\n250 ok\n354 go\n!bytes 100000\n"
		"552 5.3.4 too big\n!close\n", "mx.test", "a@x.test");
	got = transact(false, true);
	mailing_heard(&mail);
	is_text(got, "done broken", "a server hangs up in the middle");
	is_text(mailing_log(&mail), TO("a", "5.3.4", "bounced",
		SAID("552 5.3.4 too big", "end of DATA command")), "its last words count");

	mailing_begin(&mail, "220 mx\n" PIPES ">>DATA\n250 ok\n250 ok\n354 go\n!bytes 100000\n"
		"250 2.0.0 taken\n!close\n", "mx.test", "a@x.test");
	got = transact(false, true);
	mailing_heard(&mail);
	is_text(got, "lost 4.4.2 " LOST("sending message body") " broken", "but not if they are good");
	is_text(mailing_fates(&mail), "O", "nobody is settled");

	mailing_begin(&mail, "220 mx\n" PIPES ">>DATA\n250 ok\n250 ok\n354 go\n!bytes 100000\n!reset\n",
		"mx.test", "a@x.test");
	got = transact(false, true);
	mailing_heard(&mail);
	is_text(got, "lost 4.4.2 " LOST("sending message body") " broken", "without last words");
	mail.content = NULL;
	buf_close(&content);
	heard();
}

int main(void)
{
	mailing_open(&mail, false, 0, NULL);
	test_dialogues();
	test_groups();
	test_silence();
	test_xforward();
	test_size();
	test_content();
	test_bad_queue_file();
	test_torn();
	mailing_close(&mail);
	return done();
}

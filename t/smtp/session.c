#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "postfix/version.h"
#include "smtp/ehlo.h"
#include "smtp/session.h"
#include "t/lib/heard.h"
#include "t/lib/mailing.h"
#include "t/lib/tap.h"
#include "util/clock.h"
#include "util/text.h"

static struct mailing mail;

static void configure(const char *settings, bool lmtp, int version)
{
	mailing_reopen(&mail, lmtp, version, settings ? settings
		: lmtp ? "lmtp_skip_quit_response=yes" : NULL);
}

static const char *end_name(enum session_end end)
{
	switch (end) {
	case SESSION_READY:
		return "ready";
	case SESSION_NO_CONNECTION:
		return "no connection";
	case SESSION_REFUSED:
		return "refused";
	case SESSION_NO_TLS:
		return "no TLS";
	}
	return "?";
}

/* What came of it: "ready PIPELINING SIZE", or "refused 4.7.1 text", with "site", "said X". */
static const char *outcome(enum session_end end, struct connection *conn, const struct why *why)
{
	if (end == SESSION_READY)
		return pool_format(&mail.pool, "ready %s%s%s%s",
			ehlo_names(&mail.pool, conn->ehlo.features, POSTFIX(3, 7)),
			conn->chat.pipelining ? " pipelining" : "", conn->in_tls ? " in TLS" : "",
			conn->ehlo.size_limit ? pool_format(&mail.pool, " limit %ld", conn->ehlo.size_limit)
			: "");
	return pool_format(&mail.pool, "%s %s %s%s%s%s", end_name(end), why->status, why->text,
		why->site ? " (site)" : "", why->elsewhere ? " (elsewhere)" : "",
		why->said ? pool_format(&mail.pool, " (%s: %s)", why->mta, why->said) : "");
}

/* A session with the server at work, whose features the test may set first. */
static const char *opened(struct server *server)
{
	const struct agent *agent = &mail.test.agent;
	struct policy_base *base = policy_for(agent, &mail.d, server->destination);
	struct why why = {.pool = &mail.pool};
	const struct tls_policy *policy = policy_decide(agent, &mail.d, base, server, &why);
	enum session_end end = SESSION_REFUSED;
	struct connection *conn = NULL;
	const char *text;

	if (policy)
		conn = session_open(agent, &mail.d, server, policy, &end, &why);
	text = outcome(end, conn, &why);
	if (conn)
		session_close(agent, &mail.d, conn);
	return text;
}

static struct server *server_at(const char *path)
{
	struct destination *to = POOL_NEW(&mail.pool, struct destination);
	struct server *server = POOL_NEW(&mail.pool, struct server);

	to->text = to->host = to->ascii = path ? "client.example" : "mx.test";
	to->path = path;
	to->service = "smtp";
	to->port = mail.port;
	server->destination = to;
	server->host = to->host;
	server->best_preference = server->vouched = true;
	if (path == NULL)
		addr_parse(&server->addr, "127.0.0.1", mail.port);
	server->address = path ? path : "127.0.0.1";
	server->namaddr = pool_format(&mail.pool, "%s[%s]", server->host, server->address);
	server->namaddrport = path ? server->namaddr
		: pool_format(&mail.pool, "%s:%u", server->namaddr, mail.port);
	return server;
}

struct meeting {
	const char *name, *script, *want, *heard, *log;
};

static void meet(const struct meeting *x)
{
	struct server *server;
	const char *got;

	mailing_begin(&mail, x->script, "mx.test", "a@x.test");
	server = server_at(NULL);
	server->loop_detection = true;
	got = opened(server);
	is_text(mailing_heard(&mail), x->heard, x->name);
	is_text(got, x->want, x->name);
	is_text(mailing_log(&mail), x->log, x->name);
}

static void meet_all(const struct meeting *meetings, size_t count)
{
	for (const struct meeting *x = meetings; x < meetings + count; x++)
		meet(x);
}

#define MEET(meetings) meet_all(meetings, COUNT(meetings))
#define EHLO ">EHLO client.example\n"
#define HELO ">HELO client.example\n"
#define REFUSED(reply) "host mx.test[127.0.0.1] refused to talk to me: " reply
#define LOST(doing) "lost connection with mx.test[127.0.0.1] while " doing

/* --- greeting, EHLO, HELO (RFC 5321 3.1, 3.2) --- */

static const struct meeting usual[] = {
	{"EHLO", "220 mx ESMTP\n" EHLO "250-mx hi\n250-PIPELINING\n250-SIZE 1000\n250 DSN\n",
		"ready PIPELINING SIZE DSN pipelining limit 1000", "EHLO client.example | QUIT", ""},
	{"a greeting of many lines", "220-one\n220-two\n220 three\n" EHLO "250 mx\n", "ready ",
		"EHLO client.example | QUIT", ""},
	{"HELO where EHLO is unknown", "220 mx\n" EHLO "502 what?\n" HELO "250-mx\n250 PIPELINING\n",
		"ready ", "EHLO client.example | HELO client.example | QUIT", ""},
	{"HELO after 4xx", "220 mx\n" EHLO "450 not now\n" HELO "250 mx\n", "ready ",
		"EHLO client.example | HELO client.example | QUIT", ""},
	{"HELO after 354", "220 mx\n" EHLO "354 go on\n" HELO "250 mx\n", "ready ",
		"EHLO client.example | HELO client.example | QUIT", ""},
	{"HELO refused", "220 mx\n" EHLO "502 what?\n" HELO "550 5.7.1 go away\n",
		"refused 5.7.1 " REFUSED("550 5.7.1 go away") " (site) (mx.test: 550 5.7.1 go away)",
		"EHLO client.example | HELO client.example | QUIT", ""},
	{"EHLO 421", "220 mx\n" EHLO "421 4.3.2 bye\n",
		"refused 4.3.2 " REFUSED("421 4.3.2 bye") " (site) (mx.test: 421 4.3.2 bye)",
		"EHLO client.example | QUIT", ""},
	{"greeting 554", "554 5.7.1 no\n",
		"refused 4.7.1 " REFUSED("554 5.7.1 no") " (site) (mx.test: 554 5.7.1 no)", "QUIT", ""},
	{"greeting 421", "421 4.3.2 busy\n",
		"refused 4.3.2 " REFUSED("421 4.3.2 busy") " (site) (mx.test: 421 4.3.2 busy)", "QUIT", ""},
	{"greeting 354", "354 go\n", "refused 5.5.0 " REFUSED("354 go") " (site) (mx.test: 354 go)",
		"QUIT", ""},
	{"no greeting", "!close\n",
		"refused 4.4.2 " LOST("receiving the initial server greeting") " (site)", "", ""},
	{"lost at EHLO", "220 mx\n" EHLO "!close\n",
		"refused 4.4.2 " LOST("performing the EHLO handshake") " (site)", "EHLO client.example", ""},
	{"lost inside the EHLO reply", "220 mx\n" EHLO "250-mx\n!close\n",
		"refused 4.4.2 " LOST("performing the EHLO handshake") " (site)", "EHLO client.example", ""},
	{"lost at HELO", "220 mx\n" EHLO "500 what\n" HELO "!reset\n",
		"refused 4.4.2 " LOST("performing the HELO handshake") " (site)",
		"EHLO client.example | HELO client.example", ""},
	{"our own name in the greeting", "220 Client.example ESMTP\n" EHLO "250 mx\n", "ready ",
		"EHLO client.example | QUIT", "warning: host mx.test[127.0.0.1]:PORT greeted me with my own"
		" hostname client.example"},
	{"our own name in the EHLO reply", "220 mx\n" EHLO "250-client.EXAMPLE hi\n250 SIZE x\n",
		"refused 5.4.6 mail for mx.test loops back to myself (site)", "EHLO client.example | QUIT",
		"warning: host mx.test[127.0.0.1]:PORT replied to HELO/EHLO with my own hostname"
		" client.example"},
	{"an odd SIZE", "220 mx\n" EHLO "250-mx\n250 SIZE 12x\n", "ready SIZE",
		"EHLO client.example | QUIT",
		"warning: bad EHLO SIZE limit \"12x\" from mx.test[127.0.0.1]:PORT"},
	{"SMTPUTF8 needs 8BITMIME", "220 mx\n" EHLO "250-mx\n250 SMTPUTF8\n",
		"ready 8BITMIME EHLO_MASK_SMTPUTF8", "EHLO client.example | QUIT",
		"host mx.test[127.0.0.1] offers SMTPUTF8 support, but not 8BITMIME"},
	{"a PIX", "220 **2*0*\n" HELO "250 mx\n", "ready ", "HELO client.example | QUIT",
		"ID: enabling PIX workarounds: disable_esmtp for mx.test[127.0.0.1]:PORT"},
};

static void test_usual(void)
{
	static const struct meeting hard[] = {
		{"greeting 554", "554 5.7.1 no\n",
			"refused 5.7.1 " REFUSED("554 5.7.1 no") " (site) (mx.test: 554 5.7.1 no)", "QUIT", ""},
	}, never[] = {
		{"smtp_never_send_ehlo", "220 mx ESMTP\n" HELO "250 mx\n", "ready ",
			"HELO client.example | QUIT", ""},
	}, not_always[] = {
		{"no ESMTP", "220 mx SMTP\n" HELO "250 mx\n", "ready ", "HELO client.example | QUIT", ""},
		{"ESMTP", "220 mx esmtp\n" EHLO "250 mx\n", "ready ", "EHLO client.example | QUIT", ""},
		{"as the name", "220 ESMTP hi\n" EHLO "250 mx\n", "ready ",
			"EHLO client.example | QUIT", ""},
	}, discarding[] = {
		{"some are discarded", "220 mx\n" EHLO "250-mx\n250-PIPELINING\n250-SIZE 9\n250 DSN\n",
			"ready DSN", "EHLO client.example | QUIT", "discarding EHLO keywords: PIPELINING SIZE"},
	}, waiting[] = {
		{"the reply to QUIT", "220 mx\n" EHLO "250 mx\n>QUIT\n221 bye\n", "ready ",
			"EHLO client.example | QUIT", ""},
	};

	MEET(usual);
	configure("smtp_skip_5xx_greeting=no", false, 0);
	MEET(hard);
	configure("smtp_never_send_ehlo=yes", false, 0);
	MEET(never);
	configure("smtp_always_send_ehlo=no", false, 0);
	MEET(not_always);
	configure("smtp_discard_ehlo_keyword_address_maps=inline:{ {127.0.0.1 = size pipelining what} }",
		false, 0);
	MEET(discarding);
	configure("smtp_skip_quit_response=no", false, 0);
	MEET(waiting);
}

static void test_lmtp(void)
{
	static const struct meeting lmtp[] = {
		{"LHLO", "220 mx\n>LHLO client.example\n250-mx\n250 PIPELINING\n",
			"ready PIPELINING pipelining", "LHLO client.example | QUIT", ""},
		{"no LHLO, no mail", "220 mx\n>LHLO client.example\n500 5.5.1 what\n",
			"refused 5.5.1 " REFUSED("500 5.5.1 what") " (site) (mx.test: 500 5.5.1 what)",
			"LHLO client.example | QUIT", ""},
		{"lost", "220 mx\n>LHLO client.example\n!close\n",
			"refused 4.4.2 " LOST("performing the LHLO handshake") " (site)",
			"LHLO client.example", ""},
	};

	configure(NULL, true, 0);
	MEET(lmtp);
}

/* --- SMTPUTF8 (RFC 6531 3.5) --- */

static void test_utf8(void)
{
	static const char script[] = "220 mx\n" EHLO "250 mx\n",
		offering[] = "220 mx\n" EHLO "250-mx\n250-8BITMIME\n250 SMTPUTF8\n";
	const struct {
		int version, sendopts;
		const char *script, *want;
	} cases[] = {
		{POSTFIX(3, 7), SENDOPT_SMTPUTF8 | SENDOPT_UTF8_SENDER, script, "refused 5.6.7 SMTPUTF8 is"
			" required, but was not offered by host mx.test[127.0.0.1]"},
		{POSTFIX(3, 11), SENDOPT_SMTPUTF8 | SENDOPT_UTF8_RCPT, script, "refused 5.6.7 message"
			" requires SMTPUTF8, but no server was found that supports SMTPUTF8. The last attempted"
			" server was mx.test[127.0.0.1] (elsewhere)"},
		{POSTFIX(3, 7), SENDOPT_SMTPUTF8, script, "ready "},
		{POSTFIX(3, 7), SENDOPT_UTF8_HEADER, script, "ready "},
		{POSTFIX(3, 7), SENDOPT_SMTPUTF8 | SENDOPT_UTF8_HEADER, offering,
			"ready 8BITMIME EHLO_MASK_SMTPUTF8"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got;

		configure(NULL, false, cases[i].version);
		mailing_begin(&mail, cases[i].script, "mx.test", "a@x.test");
		mail.request->sendopts = cases[i].sendopts;
		got = opened(server_at(NULL));
		is_text(mailing_heard(&mail), "EHLO client.example | QUIT", "SMTPUTF8");
		is_text(got, cases[i].want, "SMTPUTF8");
	}
}

/* --- STARTTLS (RFC 3207; TLS_README) --- */

#define OFFER "220 mx\n" EHLO "250-mx\n250-SIZE 1000\n250-PIPELINING\n250 STARTTLS\n"
#define STARTS OFFER ">STARTTLS\n220 go\n!tls\n"
#define SECURED "EHLO client.example | STARTTLS | EHLO client.example | QUIT"

static const struct meeting encrypting[] = {
	{"what was offered in the clear is forgotten, the limit too",
		STARTS EHLO "250-mx\n250 DSN\n", "ready DSN in TLS", SECURED, ""},
	{"EHLO is refused inside TLS", STARTS EHLO "500 what\n" HELO "250 mx\n",
		"ready  in TLS", "EHLO client.example | STARTTLS | EHLO client.example |"
		" HELO client.example | QUIT", ""},
	{"STARTTLS is not offered again", STARTS EHLO "250-mx\n250 STARTTLS\n",
		"ready  in TLS", SECURED, ""},
	{"replies injected behind the 220", OFFER
		">STARTTLS\n220 go\n250-evil\n250-AUTH PLAIN\n250 SIZE 1\n!tls\n" EHLO "250-mx\n250 DSN\n",
		"ready DSN in TLS", SECURED, ""},
	{"not offered", "220 mx\n" EHLO "250 mx\n", "refused 4.7.4 TLS is required, but was not offered"
		" by host mx.test[127.0.0.1] (site)", "EHLO client.example | QUIT", ""},
	{"454", OFFER ">STARTTLS\n454 4.7.0 not now\n", "refused 4.7.0 TLS is required, but host"
		" mx.test[127.0.0.1] refused to start TLS: 454 4.7.0 not now (site)"
		" (mx.test: 454 4.7.0 not now)", "EHLO client.example | STARTTLS | QUIT", ""},
	{"502", OFFER ">STARTTLS\n502 no\n", "refused 5.0.0 TLS is required, but host"
		" mx.test[127.0.0.1] refused to start TLS: 502 no (site) (mx.test: 502 no)",
		"EHLO client.example | STARTTLS | QUIT", ""},
	{"lost", OFFER ">STARTTLS\n!close\n", "refused 4.4.2 "
		LOST("receiving the STARTTLS response") " (site)", "EHLO client.example | STARTTLS", ""},
	{"lost inside TLS", STARTS EHLO "!close\n", "no TLS 4.4.2 "
		LOST("performing the EHLO handshake") " (site)",
		"EHLO client.example | STARTTLS | EHLO client.example", ""},
	{"421 inside TLS", STARTS EHLO "421 bye\n", "refused 4.0.0 " REFUSED("421 bye")
		" (site) (mx.test: 421 bye)", SECURED, ""},
};

static void test_starttls(void)
{
	static const struct meeting optional[] = {
		{"used", STARTS EHLO "250-mx\n250 DSN\n", "ready DSN in TLS", SECURED, ""},
		{"not offered", "220 mx\n" EHLO "250 mx\n", "ready ", "EHLO client.example | QUIT", ""},
		{"454", OFFER ">STARTTLS\n454 4.7.0 not now\n",
			"ready PIPELINING SIZE STARTTLS pipelining limit 1000",
			"EHLO client.example | STARTTLS | QUIT", ""},
		{"502", OFFER ">STARTTLS\n502 no\n", "ready PIPELINING SIZE STARTTLS pipelining limit 1000",
			"EHLO client.example | STARTTLS | QUIT", ""},
		{"lost", OFFER ">STARTTLS\n!close\n", "refused 4.4.2 "
			LOST("receiving the STARTTLS response") " (site)", "EHLO client.example | STARTTLS", ""},
		{"lost inside TLS", STARTS EHLO "!close\n", "no TLS 4.4.2 "
			LOST("performing the EHLO handshake") " (site)",
			"EHLO client.example | STARTTLS | EHLO client.example", ""},
	}, discarded[] = {
		{"discarded", OFFER, "refused 4.7.4 TLS is required, but was not offered by host"
			" mx.test[127.0.0.1]: smtp_discard_ehlo_keywords, or its table, has STARTTLS"
			" (site)", "EHLO client.example | QUIT",
			"discarding EHLO keywords: STARTTLS"},
	}, none[] = {
		{"not wanted", OFFER, "ready PIPELINING SIZE STARTTLS pipelining limit 1000",
			"EHLO client.example | QUIT", "Host offered STARTTLS: [mx.test]"},
	}, wrapped[] = {
		{"wrapper mode", "!tls\n220 mx\n" EHLO "250-mx\n250-STARTTLS\n250 DSN\n", "ready DSN in TLS",
			"EHLO client.example | QUIT", ""},
	};

	configure("smtp_tls_security_level=encrypt", false, 0);
	MEET(encrypting);
	configure("smtp_tls_security_level=may", false, 0);
	MEET(optional);
	configure("smtp_tls_security_level=encrypt;smtp_discard_ehlo_keywords=starttls", false, 0);
	MEET(discarded);
	configure("smtp_tls_security_level=none;smtp_tls_note_starttls_offer=yes", false, 0);
	MEET(none);
	configure("smtp_tls_security_level=encrypt;smtp_tls_wrappermode=yes", false, 0);
	MEET(wrapped);
}

/* What instead of a handshake, and a certificate that won't do; the log is TLS's own business. */
static void test_handshakes(void)
{
	static const struct {
		const char *name, *settings, *script, *want, *heard;
	} cases[] = {
		{"close at encrypt", "smtp_tls_security_level=encrypt", OFFER ">STARTTLS\n220 go\n!swallow\n!close\n",
			"no TLS 4.7.5 Cannot start TLS: handshake failure: the server closed the connection"
			" (site)", ""},
		{"close at may", "smtp_tls_security_level=may", OFFER ">STARTTLS\n220 go\n!swallow\n!close\n",
			"no TLS 4.7.5 Cannot start TLS: handshake failure", ""},
		{"no such certificate", "smtp_tls_security_level=verify", STARTS ">QUIT\n",
			"refused 4.7.5 Server certificate not verified", "QUIT"},
		{"no such protocol", "smtp_tls_security_level=may;smtp_tls_protocols=TLSv9", STARTS,
			"no TLS 4.7.5 Cannot start TLS: handshake failure", "{tls}"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got, *heard_it;

		configure(cases[i].settings, false, 0);
		mailing_begin(&mail, cases[i].script, "mx.test", "a@x.test");
		got = opened(server_at(NULL));
		heard_it = mailing_heard(&mail);
		okf(text_starts(got, cases[i].want), "%s: %s", cases[i].name, got);
		okf(text_ends_any_case(heard_it, cases[i].heard), "%s: %s", cases[i].name, heard_it);
		ok(strstr(got, cases[i].want[0] == 'r' || strstr(cases[i].want, "(site)") ? "(site)" : "no TLS")
			!= NULL, cases[i].name);
	}
}

static void test_no_engine(void)
{
	static const struct meeting needed[] = {
		{"no engine, at encrypt", OFFER, "refused 4.7.5 TLS is required, but our TLS engine is"
			" unavailable (site)", "EHLO client.example | QUIT", ""},
	}, broken[] = {
		{"no engine, for a reason", OFFER, "refused 4.7.5 TLS is required, but our TLS engine is"
			" unavailable: cannot load Certification Authority data, CAfile=\"/nowhere\""
			" (site)", "EHLO client.example | QUIT", ""},
	}, strange[] = {
		{"no such digest", OFFER, "refused 4.7.5 TLS is required, but our TLS engine is"
			" unavailable: Digest algorithm \"x\" not found (site)",
			"EHLO client.example | QUIT", ""},
	}, unkeyed[] = {
		{"no such key", OFFER, "refused 4.7.5 TLS is required, but our TLS engine is"
			" unavailable: cannot get RSA certificate from file \"/nowhere\" (site)",
			"EHLO client.example | QUIT", ""},
	}, optional[] = {
		{"no engine, at may", OFFER, "ready PIPELINING SIZE STARTTLS pipelining limit 1000",
			"EHLO client.example | QUIT", ""},
	};

	configure("smtp_tls_security_level=encrypt", false, 0);
	tls_engine_close(mail.test.agent.tls);
	mail.test.agent.tls = NULL;
	MEET(needed);
	configure("smtp_tls_security_level=encrypt;smtp_tls_CAfile=/nowhere", false, 0);
	MEET(broken);
	configure("smtp_tls_security_level=encrypt;smtp_tls_fingerprint_digest=x", false, 0);
	MEET(strange);
	configure("smtp_tls_security_level=encrypt;smtp_tls_cert_file=/nowhere"
		";smtp_tls_key_file=/nowhere2", false, 0);
	MEET(unkeyed);
	configure("smtp_tls_security_level=may", false, 0);
	tls_engine_close(mail.test.agent.tls);
	mail.test.agent.tls = NULL;
	MEET(optional);
}

/* --- REQUIRETLS (RFC 8689 4.2.1) --- */

#define ASKED "Sender requested REQUIRETLS, but "

static void test_requiretls(void)
{
	static const struct {
		const char *settings, *script, *want, *heard, *tls;
	} cases[] = {
		{"smtp_tls_security_level=may;smtp_requiretls_policy=opportunistic+starttls",
			"220 mx\n" EHLO "250 mx\n",
			"refused 5.7.30 " ASKED "TLS service was not offered by host mx.test[127.0.0.1] (elsewhere)",
			"EHLO client.example | QUIT", "may?/!requiretls:nostarttls"},
		{"smtp_tls_security_level=may;smtp_requiretls_policy=opportunistic+starttls",
			OFFER ">STARTTLS\n454 4.7.0 not now\n",
			"refused 5.7.10 " ASKED "host mx.test[127.0.0.1] refused to start TLS: 454 4.7.0 not now"
			" (elsewhere)", "EHLO client.example | STARTTLS | QUIT", "may?/!requiretls:nostarttls"},
		{"smtp_tls_security_level=may;smtp_requiretls_policy=opportunistic",
			OFFER ">STARTTLS\n454 4.7.0 not now\n",
			"ready PIPELINING SIZE STARTTLS pipelining limit 1000",
			"EHLO client.example | STARTTLS | QUIT", "may:none/requiretls:none"},
		/* offered before TLS it is nobody's promise */
		{"smtp_tls_security_level=may;smtp_requiretls_policy=opportunistic",
			"220 mx\n" EHLO "250-mx\n250 REQUIRETLS\n", "ready ", "EHLO client.example | QUIT",
			"may:none/requiretls:none"},
		{"smtp_tls_security_level=may;smtp_requiretls_policy=opportunistic",
			STARTS EHLO "250-mx\n250 DSN\n", "ready DSN in TLS", SECURED, "may/requiretls:none"},
		{"smtp_tls_security_level=encrypt;smtp_requiretls_policy=opportunistic",
			STARTS EHLO "250-mx\n250-DSN\n250 REQUIRETLS\n", "ready DSN REQUIRETLS in TLS", SECURED,
			"encrypt/requiretls:nocertmatch"},
		{"smtp_tls_security_level=fingerprint;smtp_tls_fingerprint_cert_match=00:11:22:33:44:55:66:77:"
			"88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff;"
			"smtp_tls_fingerprint_digest=sha256;smtp_requiretls_policy=enforce", STARTS,
			"refused 5.7.10 " ASKED "no trusted server certificate was found. The last attempted"
			" server was mx.test[127.0.0.1]: *", "EHLO client.example | STARTTLS | QUIT",
			"!fingerprint/!requiretls:nocertmatch"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t most = strcspn(cases[i].want, "*");
		const char *got;

		configure(cases[i].settings, false, POSTFIX(3, 11));
		mailing_begin(&mail, cases[i].script, "mx.test", "a@x.test");
		mail.request->sendopts = SENDOPT_REQUIRETLS;
		got = opened(server_at(NULL));
		is_text(mailing_heard(&mail), cases[i].heard, cases[i].tls);
		okf(strncmp(got, cases[i].want, most) == 0 && (cases[i].want[most] || !got[most]), "%s: %s",
			cases[i].tls, got);
		is_text(features_text(&mail.pool, &mail.d.features), cases[i].tls, cases[i].settings);
		mailing_log(&mail);
	}
}

/* --- connecting --- */

static void test_connect(void)
{
	struct server *server;
	const char *got, *path;

	configure(NULL, false, 0);
	mailing_begin(&mail, "", "mx.test", "a@x.test");
	mailing_heard(&mail); /* nobody listens any more */
	got = opened(server = server_at(NULL));
	is_text(got, pool_format(&mail.pool,
		"no connection 4.4.1 connect to %s: Connection refused (site)", server->namaddrport),
		"nobody listens");
	is_text(mailing_log(&mail), "connect to mx.test[127.0.0.1]:PORT: Connection refused",
		"an info line says so");

	configure(NULL, true, 0);
	mailing_again(&mail, "unix:/nowhere", "a@x.test");
	got = opened(server_at("nowhere"));
	is_text(got, "no connection 4.4.1 connect to client.example[nowhere]: No such file or directory"
		" (site)", "no such socket");
	is_text(mailing_log(&mail), "", "without a line of its own");
	path = pool_format(&mail.pool, "/%0200d", 0);
	got = opened(server_at(path));
	is_text(got, "no connection 4.3.5 Server configuration error (site)", "a path too long");
	ok(strstr(mailing_log(&mail), "warning: unix-domain name too long: /0") != NULL, "is warned of");
}

static void test_unix_socket(void)
{
	struct fake_mx *mx;
	char *heard_it;

	configure(NULL, true, 0);
	mailing_again(&mail, "unix:private/lmtp", "a@x.test");
	mx = fake_mx("private/lmtp", "220 mx\n>LHLO client.example\n250 mx\n");
	is_text(opened(server_at("private/lmtp")), "ready ", "LMTP over a UNIX socket");
	heard_it = fake_mx_end(mx);
	is_text(heard_it, "LHLO client.example | QUIT", "is LMTP");
	free(heard_it);
}

static void test_bind(void)
{
	static const struct meeting bound[] = {
		{"bound to an address", "220 mx\n" EHLO "250 mx\n", "ready ", "EHLO client.example | QUIT",
			""},
	}, elsewhere[] = {
		{"an address of others", "220 mx\n" EHLO "250 mx\n", "ready ", "EHLO client.example | QUIT",
			"warning: smtp_connect_addr: bind 192.0.2.1: Cannot assign requested address"},
	}, enforced[] = {
		{"which is enforced", "220 mx\n", "no connection 4.4.0 server configuration error (site)", "",
			"warning: smtp_connect_addr: bind 192.0.2.1: Cannot assign requested address|server"
			" configuration error"},
	};

	configure("smtp_bind_address=127.0.0.1", false, 0);
	MEET(bound);
	configure("smtp_bind_address=192.0.2.1", false, 0);
	MEET(elsewhere);
	configure("smtp_bind_address=192.0.2.1;smtp_bind_address_enforce=yes", false, POSTFIX(3, 7));
	MEET(enforced);
}

/* --- time limits --- */

static void test_late(void)
{
	static const struct meeting silent[] = {
		{"a silent server", "220 mx\n" EHLO, "refused 4.4.2 conversation with mx.test[127.0.0.1]"
			" timed out while performing the EHLO handshake (site)", "EHLO client.example", ""},
	};

	configure("smtp_helo_timeout=1s", false, 0);
	MEET(silent);
	configure("smtp_helo_timeout=1s;smtp_per_request_deadline=yes", false, POSTFIX(3, 7));
	clock_thaw(); /* a deadline needs a clock */
	MEET(silent);
	clock_freeze(1000000, (struct timeval){.tv_sec = 1700000000});
}

int main(void)
{
	mailing_open(&mail, false, 0, NULL);
	test_usual();
	test_lmtp();
	test_utf8();
	test_starttls();
	test_handshakes();
	test_no_engine();
	test_requiretls();
	test_connect();
	test_unix_socket();
	test_bind();
	test_late();
	mailing_close(&mail);
	return done();
}

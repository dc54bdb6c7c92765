/*
 * AUTH: what of an offer is used, the exchange, and what a refusal comes to. What the server says is
 * there before it is asked for. Base64 by base64(1), the digest by openssl(1).
 */
#include "config.h"
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "smtp/auth.h"
#include "t/lib/heard.h"
#include "t/lib/memory_table.h"
#include "t/lib/tap.h"
#include "t/lib/test_agent.h"
#include "util/clock.h"

#define ENABLED "smtp_sasl_auth_enable=yes; smtp_sasl_password_maps=static:joe:secret; "
#define PLAINTEXT ENABLED "smtp_sasl_security_options=noanonymous; "
#define SAYS_PLAIN "AUTH PLAIN AGpvZQBzZWNyZXQ="
#define DIGEST "5en6G6MezRroT3XKqkdPOmY/BfQ="

static struct test_agent test;
static struct pool pool;
static const struct destination to = {.text = "x.test", .host = "x.test"};
static const struct tls_policy policy = {.expect.level = TLS_LEVEL_NONE};

static struct connection *connected(int *peer)
{
	struct server at = {.destination = &to, .host = "mx.test", .address = "192.0.2.1",
		.namaddr = "mx.test[192.0.2.1]", .namaddrport = "mx.test[192.0.2.1]:25"};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		abort();
	*peer = ends[1];
	return connection_new(&test.agent, &at, &policy, ends[0]);
}

/* All that the server has heard, each line with '|' behind it. */
static const char *heard_by(int peer)
{
	static char text[8000];
	size_t length = 0;
	char c;

	while (length < sizeof text - 1 && recv(peer, &c, 1, 0) == 1)
		if (c != '\r')
			text[length++] = (char)(c == '\n' ? '|' : c);
	text[length] = '\0';
	close(peer);
	return text;
}

static void open_with(bool lmtp, const char *settings)
{
	test_agent_open(&test, lmtp, 0, settings);
	test.agent.notify = ~0U; /* so that there is a transcript */
	test.agent.auth_failures = memory_table(false);
	heard();
}

/* --- what of an offer is used --- */

#define LIMITED ENABLED "smtp_sasl_mechanism_filter=!ntlm, static:all"
#define NONE_LEFT(line) "warning: mx.test[192.0.2.1]:25 offered no supported AUTH mechanisms: '" line "'"

static const struct offer {
	const char *name, *settings, *lines, *left, *log; /* left NULL: the table failed */
} offers[] = {
	{"all", ENABLED, "PLAIN LOGIN", "PLAIN LOGIN", ""},
	{"blanks don't count", ENABLED, "  PLAIN\t LOGIN ", "PLAIN LOGIN", ""},
	{"lines add up", ENABLED, "PLAIN\nGSSAPI", "PLAIN GSSAPI", ""},
	{"nothing offered", ENABLED, "", "", "warning: mx.test[192.0.2.1]:25 offered null AUTH mechanism list"},
	{"some are wanted", ENABLED "smtp_sasl_mechanism_filter=plain, login", "NTLM LOGIN PLAIN",
		"LOGIN PLAIN", ""},
	{"some are not", LIMITED, "NTLM PLAIN", "PLAIN", ""},
	{"none is left", LIMITED, "NTLM", "", NONE_LEFT("NTLM")},
	{"a later line is not warned about", LIMITED, "PLAIN\nNTLM", "PLAIN", ""},
	{"one warning is enough", LIMITED, "NTLM\nNTLM", "", NONE_LEFT("NTLM")},
	{"a later line may be better", LIMITED, "NTLM\nPLAIN", "PLAIN", NONE_LEFT("NTLM")},
	{"a table that fails", ENABLED "smtp_sasl_mechanism_filter=fail:x", "PLAIN", NULL, NULL},
	{"without SASL it is as it was", "", "PLAIN  x", "PLAIN  x", ""},
};

static void learn(const struct offer *x)
{
	struct connection *conn;
	int peer;

	open_with(false, x->settings);
	conn = connected(&peer);
	conn->ehlo.features = EHLO_AUTH;
	conn->ehlo.auth = x->lines;
	ok(auth_learn(&test.agent, conn) == (x->left != NULL), x->name);
	if (x->left)
		is_text(conn->ehlo.auth, x->left, x->name);
	if (x->log)
		is_text(heard(), x->log, x->name);
	conn->ehlo.features = 0;
	conn->ehlo.auth = "as it was";
	ok(auth_learn(&test.agent, conn), "no AUTH, nothing to learn");
	is_text(conn->ehlo.auth, "as it was", "nothing");
	connection_drop(conn);
	close(peer);
	test_agent_close(&test);
}

/* --- the exchange --- */

#define FAILED "SASL authentication failed; "
#define SAID(reply) FAILED "server mx.test[192.0.2.1] said: " reply
#define CANNOT(reason) "4.7.0 " FAILED "cannot authenticate to server mx.test[192.0.2.1]: " reason \
	" (site) (x-sasl: " reason ")"

static const struct exchange {
	const char *name;
	bool lmtp;
	const char *settings, *offer; /* NULL: no AUTH */
	const char *replies, *heard;
	const char *want; /* "yes", "no need", or *why */
	const char *cached;
} exchanges[] = {
	{"PLAIN", false, PLAINTEXT, "PLAIN", "235 2.7.0 welcome\r\n", SAYS_PLAIN "|", "yes", ""},
	{"for somebody", false, PLAINTEXT "send_cyrus_sasl_authzid=yes", "PLAIN", "235 yes\r\n",
		"AUTH PLAIN am9lAGpvZQBzZWNyZXQ=|", "yes", ""},
	{"LOGIN", false, PLAINTEXT, "LOGIN",
		"334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 2.7.0 welcome\r\n",
		"AUTH LOGIN|am9l|c2VjcmV0|", "yes", ""},
	{"CRAM-MD5", false, ENABLED, "CRAM-MD5", "334 PDFAbXgudGVzdD4=\r\n235 welcome\r\n",
		"AUTH CRAM-MD5|am9lIDNhNmIwZTcwNDA2ZmViYWE2ZDhiOTQ2ODIxZjg1OTFh|", "yes", ""},
	{"the better one", false, PLAINTEXT, "PLAIN CRAM-MD5",
		"334 PDFAbXgudGVzdD4=\r\n235 welcome\r\n",
		"AUTH CRAM-MD5|am9lIDNhNmIwZTcwNDA2ZmViYWE2ZDhiOTQ2ODIxZjg1OTFh|", "yes", ""},
	{"an empty user and password", false, "smtp_sasl_auth_enable=yes; "
		"smtp_sasl_password_maps=static:joe:; smtp_sasl_security_options=noanonymous", "PLAIN",
		"235 yes\r\n", "AUTH PLAIN AGpvZQA=|", "yes", ""},

	{"not offered", false, PLAINTEXT, NULL, "", "", "no need", ""},
	{"SASL is off", false, "smtp_sasl_password_maps=static:joe:secret", "PLAIN", "", "", "no need", ""},
	{"nobody is known there", false,
		"smtp_sasl_auth_enable=yes; smtp_sasl_password_maps=inline:{y.test=joe:secret}", "PLAIN", "",
		"", "no need", ""},
	{"a table that fails", false, "smtp_sasl_auth_enable=yes; smtp_sasl_password_maps=fail:x", "PLAIN",
		"", "", "4.3.0 local data error while talking to mx.test[192.0.2.1]: smtp_sasl_password_maps:"
		" fail:x lookup error for \"mx.test\": this table always fails (site)", ""},

	{"refused", false, PLAINTEXT, "PLAIN", "535 5.7.8 no\r\n", SAYS_PLAIN "|",
		"4.7.8 " SAID("535 5.7.8 no") " (site) (smtp: 535 5.7.8 no)",
		"mx.test;joe=1700000000;" DIGEST ";5.7.8;535 5.7.8 no|"},
	{"refused for good", false, PLAINTEXT "smtp_sasl_auth_soft_bounce=no", "PLAIN",
		"535 5.7.8 no\r\n", SAYS_PLAIN "|",
		"5.7.8 " SAID("535 5.7.8 no") " (site) (smtp: 535 5.7.8 no)",
		"mx.test;joe=1700000000;" DIGEST ";5.7.8;535 5.7.8 no|"},
	{"refused for another reason", false, PLAINTEXT, "PLAIN", "454 4.7.0 not now\r\n", SAYS_PLAIN "|",
		"4.7.0 " SAID("454 4.7.0 not now") " (site) (smtp: 454 4.7.0 not now)", ""},
	{"534 is no wrong password", false, PLAINTEXT, "PLAIN", "534 5.7.9 too weak\r\n", SAYS_PLAIN "|",
		"4.7.9 " SAID("534 5.7.9 too weak") " (site) (smtp: 534 5.7.9 too weak)", ""},
	{"in many lines", false, PLAINTEXT, "PLAIN", "535-5.7.8 no\r\n535 5.7.8 never\r\n", SAYS_PLAIN "|",
		"4.7.8 " SAID("535-5.7.8 no\n535 5.7.8 never") " (site) (smtp: 535-5.7.8 no\n535 5.7.8 never)",
		"mx.test;joe=1700000000;" DIGEST ";5.7.8;535-5.7.8 no\n535 5.7.8 never|"},
	{"in LMTP", true, "lmtp_sasl_auth_enable=yes; lmtp_sasl_password_maps=static:joe:secret; "
		"lmtp_sasl_security_options=noanonymous", "PLAIN", "535 5.7.8 no\r\n", SAYS_PLAIN "|",
		"4.7.8 " SAID("535 5.7.8 no") " (site) (lmtp: 535 5.7.8 no)",
		"mx.test;joe=1700000000;" DIGEST ";5.7.8;535 5.7.8 no|"},
	{"an answer that is none", false, PLAINTEXT, "PLAIN", "150 hm\r\n", SAYS_PLAIN "|",
		"4.5.0 " SAID("150 hm") " (site) (smtp: 150 hm)", ""},
	{"no answer", false, PLAINTEXT, "PLAIN", "", SAYS_PLAIN "|", "4.4.2 lost connection with"
		" mx.test[192.0.2.1] while performing the EHLO handshake (site)", ""},

	{"the filter left none", false, PLAINTEXT, "", "", "",
		"4.7.0 SASL authentication failed: server mx.test[192.0.2.1] offered no compatible"
		" authentication mechanisms for this type of connection security (site)", ""},
	{"no plaintext without TLS", false, ENABLED, "PLAIN LOGIN", "", "", CANNOT("no mechanism available"), ""},
	{"a mechanism that nobody knows", false, PLAINTEXT, "X-ODD", "", "", CANNOT("no mechanism available"), ""},
	{"a challenge that is no base64", false, ENABLED, "CRAM-MD5", "334 !\r\n", "AUTH CRAM-MD5|",
		CANNOT("bad protocol / cancel"), ""},
	{"a challenge too many", false, ENABLED, "CRAM-MD5",
		"334 PDFAbXgudGVzdD4=\r\n334 PDFAbXgudGVzdD4=\r\n",
		"AUTH CRAM-MD5|am9lIDNhNmIwZTcwNDA2ZmViYWE2ZDhiOTQ2ODIxZjg1OTFh|",
		CANNOT("generic failure"), ""},
};

static const char *outcome(bool went_on, const struct connection *conn, const struct why *why)
{
	if (went_on)
		return conn->authenticated ? "yes" : "no need";
	return pool_format(&test.pool, "%s%s %s%s%s", conn->authenticated ? "yes, but " : "",
		why->status, why->text, why->site ? " (site)" : "",
		why->said ? pool_format(&test.pool, " (%s: %s)", why->said_type, why->said) : "");
}

/* Authenticates at a server that says REPLIES; what the server heard is in *SERVER_HEARD. */
static const char *authenticated(struct connection *conn, int peer, const char *replies,
	const char **server_heard)
{
	const struct request request = {.sender = "me@client.example"};
	const struct delivery d = {.request = &request};
	struct why why = {.pool = &test.pool};
	const char *text, *transcript;

	if (send(peer, replies, strlen(replies), 0) < 0 || shutdown(peer, SHUT_WR) < 0)
		abort();
	text = outcome(auth_run(&test.agent, &d, conn, &why), conn, &why);
	transcript = pool_text(&test.pool, buf_text(&conn->chat.transcript));
	connection_drop(conn);
	*server_heard = heard_by(peer);
	ok((strstr(transcript, "Out: AUTH ") != NULL) == (**server_heard != '\0')
		&& strstr(transcript, "c2VjcmV0") == NULL && strstr(transcript, "AGpvZQ") == NULL,
		"the transcript has what was said, but no secret");
	return text;
}

static void run(const struct exchange *x)
{
	struct connection *conn;
	const char *server_heard, *text;
	int peer;

	open_with(x->lmtp, x->settings);
	conn = connected(&peer);
	conn->ehlo.features = x->offer ? EHLO_AUTH : 0;
	conn->ehlo.auth = x->offer ? x->offer : "";
	text = authenticated(conn, peer, x->replies, &server_heard);
	is_text(text, x->want, x->name);
	is_text(server_heard, x->heard, "what the server heard");
	is_text(memory_table_text(), x->cached, "what is remembered");
	heard();
	test_agent_close(&test);
}

/* --- a response that does not fit the command (RFC 4954 4) --- */

static void test_long(void)
{
	static const struct {
		const char *name, *replies, *want;
		bool sent;
	} cases[] = {
		{"it waits for an empty challenge", "334 \r\n235 yes\r\n", "yes", true},
		{"a bare 334 is one, too", "334\r\n235 yes\r\n", "yes", true},
		{"any other is an error", "334 QQ==\r\n", "4.7.0 " FAILED "non-empty initial PLAIN challenge"
			" from server mx.test[192.0.2.1]: 334 QQ== (site) (x-sasl: protocol error)", false},
		{"it may be refused before", "535 5.7.8 no\r\n",
			"4.7.8 " SAID("535 5.7.8 no") " (site) (smtp: 535 5.7.8 no)", false},
	};
	char password[401];

	memset(password, 'x', sizeof password - 1);
	password[sizeof password - 1] = '\0';
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct connection *conn;
		const char *server_heard;
		int peer;

		open_with(false, pool_format(&pool, "smtp_sasl_auth_enable=yes; smtp_sasl_password_maps="
			"static:joe:%s; smtp_sasl_security_options=noanonymous", password));
		conn = connected(&peer);
		conn->ehlo.features = EHLO_AUTH;
		conn->ehlo.auth = "PLAIN";
		is_text(authenticated(conn, peer, cases[i].replies, &server_heard), cases[i].want,
			cases[i].name);
		ok(strncmp(server_heard, "AUTH PLAIN|", 11) == 0, "the command has none");
		is_number((long long)strlen(server_heard + 11), cases[i].sent ? 405 / 3 * 4 + 1 : 0,
			"the response");
		test_agent_close(&test);
	}
}

/* --- a mechanism that never ends, and begins with nothing --- */

static int endless_new(void *global UNUSED, sasl_client_params_t *params UNUSED, void **context)
{
	*context = NULL;
	return SASL_OK;
}

static int endless_step(void *context UNUSED, sasl_client_params_t *params UNUSED,
	const char *said UNUSED, unsigned length UNUSED, sasl_interact_t **prompt UNUSED,
	const char **answer, unsigned *answer_length, sasl_out_params_t *out UNUSED)
{
	*answer = "";
	*answer_length = 0;
	return SASL_CONTINUE;
}

static int endless(const sasl_utils_t *utils UNUSED, int most UNUSED, int *version,
	sasl_client_plug_t **plugins, int *count)
{
	static sasl_client_plug_t plugin = {.mech_name = "ENDLESS", .mech_new = endless_new,
		.mech_step = endless_step, .features = SASL_FEAT_WANT_CLIENT_FIRST};

	*version = SASL_CLIENT_PLUG_VERSION;
	*plugins = &plugin;
	*count = 1;
	return SASL_OK;
}

static const char *repeated(const char *text, int times)
{
	const char *all = "";

	for (int i = 0; i < times; i++)
		all = pool_format(&pool, "%s%s", all, text);
	return all;
}

static void test_endless(void)
{
	static const struct {
		const char *name;
		int challenges;
		const char *want;
	} cases[] = {
		{"as many challenges as one can bear", 100, "yes"},
		{"one more", 101, "4.3.0 " FAILED "authentication protocol loop with server"
			" mx.test[192.0.2.1] (site)"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct connection *conn;
		const char *server_heard;
		int peer;

		open_with(false, ENABLED "smtp_sasl_security_options=");
		if (i == 0)
			sasl_client_add_plugin("ENDLESS", endless);
		conn = connected(&peer);
		conn->ehlo.features = EHLO_AUTH;
		conn->ehlo.auth = "ENDLESS";
		is_text(authenticated(conn, peer, pool_format(&pool, "%s235 yes\r\n",
			repeated("334 \r\n", cases[i].challenges)), &server_heard), cases[i].want,
			cases[i].name);
		is_text(server_heard, pool_format(&pool, "AUTH ENDLESS =|%s", repeated("|", 100)),
			"an empty response is = with the command, and nothing behind it");
		test_agent_close(&test);
	}
}

/* --- a password that was refused --- */

static void test_cached(void)
{
	struct connection *conn;
	const char *server_heard;
	int peer;

	open_with(false, PLAINTEXT);
	table_put(test.agent.auth_failures, "mx.test;joe", "1699999999;" DIGEST ";5.7.8;535 5.7.8 no");
	conn = connected(&peer);
	conn->ehlo.features = EHLO_AUTH;
	conn->ehlo.auth = "PLAIN";
	is_text(authenticated(conn, peer, "", &server_heard), "4.7.8 SASL [CACHED] authentication failed;"
		" server mx.test said: 535 5.7.8 no (site) (smtp: 535 5.7.8 no)", "refused not long ago");
	is_text(server_heard, "", "the server is not asked");
	test_agent_close(&test);
}

/* --- what is good enough inside TLS --- */

static void test_tls(void)
{
	static const struct {
		const char *name;
		bool in_tls;
		enum tls_level level;
		bool matched, plain;
		const char *settings;
	} cases[] = {
		{"without TLS", false, TLS_LEVEL_SECURE, true, false,
			"smtp_sasl_tls_security_options=noanonymous"},
		{"inside TLS", true, TLS_LEVEL_ENCRYPT, true, true,
			"smtp_sasl_tls_security_options=noanonymous"},
		{"inside TLS by default", true, TLS_LEVEL_ENCRYPT, true, false, ""},
		{"verified only", true, TLS_LEVEL_SECURE, true, true,
			"smtp_sasl_tls_verified_security_options=noanonymous"},
		{"not verified", true, TLS_LEVEL_SECURE, false, false,
			"smtp_sasl_tls_verified_security_options=noanonymous"},
		{"nothing to verify", true, TLS_LEVEL_ENCRYPT, true, false,
			"smtp_sasl_tls_verified_security_options=noanonymous"},
		{"verified by default as inside TLS", true, TLS_LEVEL_SECURE, true, true,
			"smtp_sasl_tls_security_options=noanonymous"},
		{"mutual_auth", true, TLS_LEVEL_ENCRYPT, true, false,
			"smtp_sasl_tls_security_options=noanonymous, Mutual_auth"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct connection *conn;
		const char *server_heard;
		int peer;

		open_with(false, pool_format(&pool, ENABLED "%s", cases[i].settings));
		conn = connected(&peer);
		conn->ehlo.features = EHLO_AUTH;
		conn->ehlo.auth = "PLAIN";
		conn->in_tls = cases[i].in_tls;
		conn->tls.level = cases[i].level;
		conn->tls.matched = cases[i].matched;
		is_text(authenticated(conn, peer, "235 yes\r\n", &server_heard),
			cases[i].plain ? "yes" : CANNOT("no mechanism available"), cases[i].name);
		is_text(server_heard, cases[i].plain ? SAYS_PLAIN "|" : "", "what the server heard");
		test_agent_close(&test);
	}
}

int main(void)
{
	clock_freeze(1000, (struct timeval){.tv_sec = 1700000000});
	heard_start();
	for (const struct offer *x = offers; x < offers + COUNT(offers); x++)
		learn(x);
	for (const struct exchange *x = exchanges; x < exchanges + COUNT(exchanges); x++)
		run(x);
	test_long();
	test_endless();
	test_cached();
	test_tls();
	heard_stop();
	pool_free(&pool);
	clock_thaw();
	return done();
}

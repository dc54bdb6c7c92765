/* Handshakes with a server in this process: what comes out, what is logged, what is kept. */
#include "tls/session.h"
#include <stdio.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/tls/forge.h"
#include "t/tls/server.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/macros.h"
#include "util/pool.h"

#define PEER "mx.example[192.0.2.1]:25"
#define ANY "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:+SHA256:+SHA384:+DHE-RSA:+DHE-DSS:+RSA"

static const struct tls_options usual = {
	.version = TLS_POSTFIX(3, 7),
	.ca_file = "", .ca_path = "", .verify_depth = 9,
	.cert_file = "", .key_file = "", .dcert_file = "", .dkey_file = "", .eccert_file = "",
	.eckey_file = "", .chain_files = "",
	.fingerprint_digest = "sha256", .dane_digests = "sha512 sha256",
	.high_list = "aNULL:-aNULL:HIGH:@STRENGTH",
	.medium_list = "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH",
	.low_list = "", .export_list = "", .null_list = "eNULL:!aNULL",
	.curves = "X25519 X448 prime256v1 secp521r1 secp384r1", .groups = "ffdhe2048 ffdhe3072",
	.log = TLS_LOG_SUMMARY, .session_timeout = 3600, .fast_shutdown = true,
};

static struct forged root, rsa, ec, ed, encipher;
static struct buf said; /* what was logged, lines joined by '|' */

static void note(void *context, enum log_severity severity, const char *line, size_t length)
{
	(void)context;
	(void)severity;
	buf_addf(&said, "%s%.*s", said.length ? "|" : "", (int)length, line);
}

struct run {
	struct server server;
	struct tls_expect expect;
	const char *key;
	bool old, summary;
	int seconds;
	struct pool pool;
	struct stream *stream;
	enum tls_result result;
	struct tls_verdict verdict;
};

static struct run run_with(const struct forged *identity)
{
	return (struct run){
		.server = {.priority = ANY, .identity = identity},
		.expect = {.level = TLS_LEVEL_ENCRYPT, .protocols = ">=TLSv1", .grade = "medium",
			.exclude = "", .sni = "", .why_not = ""},
		.key = "",
		.seconds = 20,
	};
}

static void start(struct run *run, struct tls_engine *engine)
{
	struct tls_start how = {&run->expect, PEER, run->key, run->old, run->summary};

	buf_clear(&said);
	run->stream = stream_open(server_start(&run->server));
	stream_limit(run->stream, run->seconds);
	run->result = tls_start(engine, run->stream, &how, &run->pool, &run->verdict);
}

/* Sends a line; the answer, in the pool, or "late", "lost". */
static const char *ask(struct run *run, const char *line)
{
	struct buf answer = BUF(1000);
	enum io io;
	const char *text;

	stream_put(run->stream, line, strlen(line));
	stream_put(run->stream, "\r\n", 2);
	io = stream_flush(run->stream);
	if (io == IO_OK)
		io = stream_line(run->stream, &answer);
	text = io == IO_OK ? pool_text(&run->pool, buf_text(&answer)) : io == IO_LATE ? "late" : "lost";
	buf_close(&answer);
	return text;
}

static void stop(struct run *run)
{
	stream_close(run->stream);
	server_wait(&run->server);
	pool_free(&run->pool);
}

static struct tls_engine *engine_with(const struct tls_options *options)
{
	struct tls_engine *engine = tls_engine_open(options);

	if (engine == NULL)
		printf("Bail out! no engine\n");
	return engine;
}

/* ---- protocols, ciphers, the summary ---- */

#define START "Untrusted TLS connection established to " PEER ": "
#define AES256 "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"

static const struct {
	const char *name, *priority;
	struct forged *identity;
	enum tls_level level;
	int version;
	const char *summary, *protocol, *cipher;
} meetings[] = {
	{"TLS 1.3, RSA", ANY, &rsa, TLS_LEVEL_MAY, TLS_POSTFIX(3, 7),
		START AES256 " key-exchange X25519 server-signature RSA-PSS (2048 bits) "
		"server-digest SHA256", "TLSv1.3", "TLS_AES_256_GCM_SHA384"},
	{"TLS 1.3, ECDSA", ANY, &ec, TLS_LEVEL_ENCRYPT, TLS_POSTFIX(3, 5),
		START AES256 " key-exchange X25519 server-signature ECDSA (prime256v1) "
		"server-digest SHA256", "TLSv1.3", "TLS_AES_256_GCM_SHA384"},
	{"TLS 1.3, Ed25519", ANY, &ed, TLS_LEVEL_ENCRYPT, TLS_POSTFIX(3, 9),
		START AES256 " key-exchange X25519 server-signature ED25519", "TLSv1.3",
		"TLS_AES_256_GCM_SHA384"},
	{"TLS 1.3, group names of 3.10", ANY, &rsa, TLS_LEVEL_ENCRYPT, TLS_POSTFIX(3, 10),
		START AES256 " key-exchange x25519 server-signature RSA-PSS (2048 bits) "
		"server-digest SHA256", "TLSv1.3", "TLS_AES_256_GCM_SHA384"},
	{"TLS 1.3, P-256 only, so asked again", ANY ":-GROUP-ALL:+GROUP-SECP256R1", &rsa,
		TLS_LEVEL_MAY, TLS_POSTFIX(3, 7),
		START AES256 " key-exchange ECDHE (prime256v1) server-signature RSA-PSS "
		"(2048 bits) server-digest SHA256", "TLSv1.3", "TLS_AES_256_GCM_SHA384"},
	{"TLS 1.3, finite field", ANY ":-GROUP-ALL:+GROUP-FFDHE2048", &rsa, TLS_LEVEL_MAY,
		TLS_POSTFIX(3, 8), START AES256 " key-exchange DHE (2048 bits) server-signature "
		"RSA-PSS (2048 bits) server-digest SHA256", "TLSv1.3", "TLS_AES_256_GCM_SHA384"},
	{"TLS 1.3, finite field, 3.11", ANY ":-GROUP-ALL:+GROUP-FFDHE3072", &rsa, TLS_LEVEL_MAY,
		TLS_POSTFIX(3, 11), START AES256 " key-exchange ffdhe3072 server-signature "
		"RSA-PSS (2048 bits) server-digest SHA256", "TLSv1.3", "TLS_AES_256_GCM_SHA384"},
	{"TLS 1.3, ChaCha20", "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305", &rsa,
		TLS_LEVEL_MAY, TLS_POSTFIX(3, 7),
		START "TLSv1.3 with cipher TLS_CHACHA20_POLY1305_SHA256 (256/256 bits) key-exchange "
		"X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256", "TLSv1.3",
		"TLS_CHACHA20_POLY1305_SHA256"},
	{"TLS 1.2", ANY ":-VERS-TLS1.3", &rsa, TLS_LEVEL_ENCRYPT, TLS_POSTFIX(3, 7),
		START "TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)", "TLSv1.2",
		"ECDHE-RSA-AES256-GCM-SHA384"},
	{"TLS 1.2, Camellia", ANY ":-VERS-TLS1.3:-CIPHER-ALL:+CAMELLIA-128-CBC", &rsa,
		TLS_LEVEL_ENCRYPT, TLS_POSTFIX(3, 7),
		START "TLSv1.2 with cipher ECDHE-RSA-CAMELLIA128-SHA256 (128/128 bits)", "TLSv1.2",
		"ECDHE-RSA-CAMELLIA128-SHA256"},
	{"TLS 1.2, DHE", ANY ":-VERS-TLS1.3:-KX-ALL:+DHE-RSA", &rsa, TLS_LEVEL_ENCRYPT,
		TLS_POSTFIX(3, 7),
		START "TLSv1.2 with cipher DHE-RSA-AES256-GCM-SHA384 (256/256 bits)", "TLSv1.2",
		"DHE-RSA-AES256-GCM-SHA384"},
	{"TLS 1.2, RSA key exchange", ANY ":-VERS-TLS1.3:-KX-ALL:+RSA", &rsa, TLS_LEVEL_ENCRYPT,
		TLS_POSTFIX(3, 7),
		START "TLSv1.2 with cipher AES256-GCM-SHA384 (256/256 bits)", "TLSv1.2",
		"AES256-GCM-SHA384"},
	{"TLS 1.1", "NONE:+VERS-TLS1.1:+AES-256-CBC:+SHA1:+ECDHE-RSA:+COMP-NULL:+SIGN-ALL:+GROUP-ALL"
		":+CTYPE-X509", &rsa, TLS_LEVEL_ENCRYPT, TLS_POSTFIX(3, 7),
		START "TLSv1.1 with cipher ECDHE-RSA-AES256-SHA (256/256 bits)", "TLSv1.1",
		"ECDHE-RSA-AES256-SHA"},
	{"TLS 1.0", "NONE:+VERS-TLS1.0:+AES-128-CBC:+SHA1:+RSA:+COMP-NULL:+SIGN-ALL:+CTYPE-X509", &rsa,
		TLS_LEVEL_MAY, TLS_POSTFIX(3, 7),
		START "TLSv1 with cipher AES128-SHA (128/128 bits)", "TLSv1", "AES128-SHA"},
	{"anonymous", "NORMAL:-VERS-TLS1.3:-KX-ALL:+ANON-ECDH:+ANON-DH", NULL, TLS_LEVEL_ENCRYPT,
		TLS_POSTFIX(3, 7), "Anonymous TLS connection established to " PEER
		": TLSv1.2 with cipher ADH-AES256-GCM-SHA384 (256/256 bits)", "TLSv1.2",
		"ADH-AES256-GCM-SHA384"},
	{"anonymous, elliptic", "NORMAL:-VERS-TLS1.3:-KX-ALL:+ANON-ECDH", NULL, TLS_LEVEL_MAY,
		TLS_POSTFIX(3, 7), "Anonymous TLS connection established to " PEER
		": TLSv1.2 with cipher AECDH-AES256-SHA (256/256 bits)", "TLSv1.2", "AECDH-AES256-SHA"},
};

static void meet(void)
{
	for (size_t i = 0; i < COUNT(meetings); i++) {
		struct tls_options options = usual;
		struct run run = run_with(meetings[i].identity);
		struct tls_engine *engine;

		options.version = meetings[i].version;
		engine = engine_with(&options);
		run.server.priority = meetings[i].priority;
		run.expect.level = meetings[i].level;
		if (options.version < TLS_POSTFIX(3, 6))
			run.expect.protocols = "!SSLv2, !SSLv3";
		start(&run, engine);
		okf(run.result == TLS_DONE && tls_active(run.stream), "%s", meetings[i].name);
		is_text(buf_text(&said), meetings[i].summary, meetings[i].name);
		is_text(run.verdict.protocol, meetings[i].protocol, "protocol");
		is_text(run.verdict.cipher, meetings[i].cipher, "cipher");
		ok(run.verdict.matched && !run.verdict.reused, "matched, not resumed");
		is_number(run.verdict.level, run.expect.level, "the level that was asked for");
		ok(run.verdict.present == (meetings[i].identity != NULL), "has it a certificate?");
		is_text(ask(&run, "EHLO me"), "250 EHLO me", "a line and its answer");
		buf_clear(&said);
		tls_log_reused(run.stream);
		ok(strstr(buf_text(&said), " TLS connection reused to " PEER ": TLSv1") != NULL,
			"the line for another use");
		stop(&run);
		ok(run.server.said_goodbye, "the server hears that this is the end");
		tls_engine_close(engine);
	}
}

/* At levels that must match: not TLS 1.1, nothing anonymous. */
static void strictly(void)
{
	static const struct {
		const char *priority;
		struct forged *identity;
		const char *said, *why;
	} old[] = {
		{"NONE:+VERS-TLS1.1:+AES-256-CBC:+SHA1:+ECDHE-RSA:+COMP-NULL:+SIGN-ALL:+GROUP-ALL"
			":+CTYPE-X509", &rsa, "GNUTLS_E_UNSUPPORTED_VERSION_PACKET::A packet with illegal "
			"or unsupported version was received.:",
			"the server chose TLSv1.1; it was offered TLSv1.2, TLSv1.3 with ciphers medium"},
		{"NORMAL:-VERS-TLS1.3:-KX-ALL:+ANON-ECDH:+ANON-DH", NULL,
			"GNUTLS_E_FATAL_ALERT_RECEIVED::alert handshake failure:SSL alert number 40:",
			"the server's alert is \"handshake failure\"; it was offered TLSv1.2, TLSv1.3"
			" with ciphers medium"},
	};
	struct tls_engine *engine = engine_with(&usual);
	struct tls_name name = {.name = "mx.example", .rule = "match"};
	char want[200];

	for (size_t i = 0; i < COUNT(old); i++) {
		struct run run = run_with(old[i].identity);

		run.server.priority = old[i].priority;
		run.expect.level = TLS_LEVEL_SECURE;
		run.expect.names = &name;
		run.expect.name_count = 1;
		start(&run, engine);
		snprintf(want, sizeof want, "SSL_connect error to " PEER ": -1|warning: TLS library "
			"problem: error:%s", old[i].said);
		ok(run.result == TLS_HANDSHAKE && !tls_active(run.stream), "no handshake");
		is_text(buf_text(&said), want, "and it is said why");
		is_text(run.verdict.reason, old[i].why, "to people, too");
		stop(&run);
	}
	tls_engine_close(engine);
}

/* ---- what goes wrong ---- */

static const struct {
	const char *name;
	enum server_does does;
	const char *said;
} failures[] = {
	{"plain text", SERVER_SPEAKS_PLAIN, "SSL_connect error to " PEER ": -1|warning: TLS library "
		"problem: error:GNUTLS_E_UNEXPECTED_PACKET::An unexpected TLS packet was received.:"},
	{"closed", SERVER_CLOSES, "SSL_connect error to " PEER ": lost connection"},
	{"alert", SERVER_ALERTS, "SSL_connect error to " PEER ": -1|warning: TLS library problem: "
		"error:GNUTLS_E_FATAL_ALERT_RECEIVED::alert handshake failure:SSL alert number 40:"},
	{"cut short", SERVER_CUTS, "SSL_connect error to " PEER ": lost connection"},
	{"silent", SERVER_SLEEPS, "SSL_connect error to " PEER ": Connection timed out"},
};

static void fail(void)
{
	struct tls_engine *engine = engine_with(&usual);

	for (size_t i = 0; i < COUNT(failures); i++) {
		struct run run = run_with(&rsa);

		run.server.does = failures[i].does;
		run.seconds = failures[i].does == SERVER_SLEEPS ? 1 : 20;
		start(&run, engine);
		okf(run.result == TLS_HANDSHAKE, "%s: no handshake", failures[i].name);
		ok(!tls_active(run.stream), "the stream is as it was");
		is_text(buf_text(&said), failures[i].said, failures[i].name);
		is_text(run.verdict.protocol, "", "nothing is told of a protocol");
		stop(&run);
	}
	tls_engine_close(engine);
}

/* Why there is no channel, for people: what the server did, and what each side had. */
#define TLS12 "NORMAL:-VERS-TLS1.3"
static const struct {
	const char *name;
	enum server_does does;
	bool insists;
	const char *priority, *protocols, *exclude, *want;
} told[] = {
	{"closed", SERVER_CLOSES, false, ANY, ">=TLSv1", "", "the server closed the connection"},
	{"plain text", SERVER_SPEAKS_PLAIN, false, ANY, ">=TLSv1", "",
		"what the server sends is not TLS"},
	{"an older protocol", SERVER_ECHOES, false, TLS12, "TLSv1.3", "",
		"the server's alert is \"handshake failure\"; it was offered TLSv1.3 with ciphers medium"},
	{"a newer protocol", SERVER_ECHOES, false, "NORMAL:-VERS-ALL:+VERS-TLS1.3", ">=TLSv1 <=TLSv1.2",
		"", "the server's alert is \"handshake failure\"; it was offered TLSv1, TLSv1.1, TLSv1.2"
		" with ciphers medium"},
	{"other ciphers", SERVER_ECHOES, false, TLS12 ":-CIPHER-ALL:+AES-256-GCM", "TLSv1.2",
		"AES256, CAMELLIA", "the server's alert is \"handshake failure\"; it was offered TLSv1.2"
		" with ciphers medium, less AES256, CAMELLIA"},
	{"an excluded cipher", SERVER_ECHOES, false, TLS12 ":-CIPHER-ALL:+AES-256-GCM"
		":-KX-ALL:+ECDHE-RSA", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384",
		"the server chose the excluded cipher ECDHE-RSA-AES256-GCM-SHA384"},
	{"no client certificate", SERVER_ECHOES, true, TLS12, ">=TLSv1", "", "the server's alert is"
		" \"decode error\"; it had asked for a client certificate, and there is none"
		" for it"},
	{"no protocol", SERVER_ECHOES, false, ANY, "TLSv9", "", "nothing can be offered with protocols"
		" \"TLSv9\", ciphers \"medium\", exclusions \"\""},
};

static void tell(void)
{
	struct tls_engine *engine = engine_with(&usual);

	for (size_t i = 0; i < COUNT(told); i++) {
		struct run run = run_with(&rsa);

		run.server.does = told[i].does;
		run.server.insists = told[i].insists;
		run.server.priority = told[i].priority;
		run.expect.protocols = told[i].protocols;
		run.expect.exclude = told[i].exclude;
		start(&run, engine);
		ok(run.result == TLS_HANDSHAKE, told[i].name);
		is_text(run.verdict.reason, told[i].want, told[i].name);
		is_text(tls_alert(run.stream, &run.pool), "", "there is no session to end");
		stop(&run);
	}
	tls_engine_close(engine);
}

/* RFC 5746: OpenSSL 3 refuses servers without it unless it is told otherwise, and so do we. */
static void insist_on_safety(void)
{
	static const char *const settings[] = {"", "LEGACY_SERVER_CONNECT"};
	struct tls_options options = usual;

	for (size_t i = 0; i < COUNT(settings); i++) {
		struct tls_engine *engine;
		struct run run = run_with(&rsa);

		options.ssl_options = settings[i];
		engine = engine_with(&options);
		run.server.does = SERVER_ECHOES;
		run.server.priority = TLS12 ":%DISABLE_SAFE_RENEGOTIATION";
		start(&run, engine);
		ok(run.result == (i == 0 ? TLS_HANDSHAKE : TLS_DONE), "no secure renegotiation");
		if (i == 0)
			is_text(run.verdict.reason,
				"the server has no secure renegotiation (RFC 5746), which tls_ssl_options = LEGACY_SERVER_CONNECT would forgive",
				"and it is told why");
		stop(&run);
		tls_engine_close(engine);
	}
}

/* TLS 1.3 tells afterwards that a certificate was missing: at the first read. */
static void tell_afterwards(void)
{
	struct tls_engine *engine = engine_with(&usual);
	struct run run = run_with(&rsa);

	run.server.insists = true;
	start(&run, engine);
	ok(run.result == TLS_DONE, "as far as we know");
	is_text(tls_alert(run.stream, &run.pool), "", "nothing was heard yet");
	is_text(ask(&run, "a"), "lost", "and then it ends");
	is_text(tls_alert(run.stream, &run.pool), "the server's alert is \"certificate required\"; it"
		" had asked for a client certificate, and there is none for it", "for this reason");
	stop(&run);
	tls_engine_close(engine);
}

static const struct {
	const char *name;
	enum server_does does;
	const char *priority, *first, *second, *said;
} oddities[] = {
	{"warning alert", SERVER_WARNS, ANY, "250 a", "250 b", ""},
	{"key update", SERVER_REKEYS, ANY, "250 a", "250 b", ""},
	{"hello request", SERVER_ASKS_AGAIN, ANY ":-VERS-TLS1.3", "250 a", "250 b", ""},
	{"gone without goodbye", SERVER_VANISHES, ANY, "lost", "lost", ""},
	{"gone without goodbye, TLS 1.2", SERVER_VANISHES, ANY ":-VERS-TLS1.3", "lost", "lost", ""},
	{"goodbye", SERVER_ENDS, ANY, "250 a", "lost", ""},
	{"junk", SERVER_BABBLES, ANY, "lost", "lost", "|warning: TLS library problem: "
		"error:GNUTLS_E_DECRYPTION_FAILED::Decryption has failed.:"},
	{"nothing but tickets", SERVER_SPILLS, ANY, "lost", "lost", "|warning: TLS library problem: "
		"error:GNUTLS_E_TOO_MANY_EMPTY_PACKETS::Too many empty record packets have been received.:"},
};

static void oddly(void)
{
	struct tls_engine *engine = engine_with(&usual);
	gnutls_datum_t ticket_key;

	gnutls_session_ticket_key_generate(&ticket_key);
	for (size_t i = 0; i < COUNT(oddities); i++) {
		struct run run = run_with(&rsa);
		const char *after;

		run.server.does = oddities[i].does;
		run.server.priority = oddities[i].priority;
		run.server.ticket_key = &ticket_key;
		run.key = "x"; /* or no tickets would be sent */
		start(&run, engine);
		okf(run.result == TLS_DONE, "%s: a handshake", oddities[i].name);
		is_text(ask(&run, "a"), oddities[i].first, oddities[i].name);
		is_text(ask(&run, "b"), oddities[i].second, oddities[i].name);
		after = strchr(buf_text(&said), '|');
		is_text(after ? after : "", oddities[i].said, "what is said");
		stop(&run);
	}
	gnutls_free(ticket_key.data);
	tls_engine_close(engine);
}

/* What a product of algorithms cannot exclude. */
static void excluded(void)
{
	struct tls_engine *engine = engine_with(&usual);
	struct run run = run_with(&rsa);

	run.server.priority = ANY ":-VERS-TLS1.3:-KX-ALL:+ECDHE-RSA";
	run.expect.exclude = "ECDHE-RSA-AES256-GCM-SHA384, ECDHE-RSA-CHACHA20-POLY1305";
	start(&run, engine);
	ok(run.result == TLS_HANDSHAKE, "an excluded suite is refused");
	is_text(buf_text(&said), "SSL_connect error to " PEER ": -1|warning: TLS library problem: "
		"error:handshake::the server chose the excluded cipher ECDHE-RSA-AES256-GCM-SHA384:",
		"and named");
	stop(&run);
	run = run_with(&rsa);
	run.expect.exclude = "ECDHE-RSA-AES256-GCM-SHA384, AESGCM, AESCCM, CHACHA20";
	start(&run, engine);
	ok(run.result == TLS_DONE, "TLS 1.3 is not touched by exclusions");
	stop(&run);
	run = run_with(&rsa);
	run.expect.protocols = "TLSv9";
	start(&run, engine);
	ok(run.result == TLS_HANDSHAKE, "settings that cannot be used are a failed handshake");
	is_text(buf_text(&said), "warning: " PEER ": Invalid TLS protocol list \"TLSv9\": aborting TLS "
		"session", "as Postfix says it");
	stop(&run);
	for (int old = 0; old < 2; old++) { /* GnuTLS has one word for a cipher of TLS 1.2 and 1.3 */
		run = run_with(&rsa);
		run.server.priority = ANY ":-VERS-TLS1.3:-KX-ALL:+ECDHE-RSA:%SERVER_PRECEDENCE";
		run.expect.exclude = "AESGCM";
		run.old = old;
		start(&run, engine);
		is_number(run.result, old ? TLS_DONE : TLS_RECONNECT_OLD, "AESGCM is excluded");
		ok(!old || strstr(run.verdict.cipher, "GCM") == NULL, "and not used");
		ok(old || buf_text(&said)[0] == '\0', "the first time nothing is said");
		stop(&run);
	}
	tls_engine_close(engine);
}

/* A certificate for key encipherment alone, and an ECDHE handshake: OpenSSL doesn't mind. */
static void key_usage(void)
{
	struct tls_engine *engine = engine_with(&usual);
	struct run run;

	for (int try = 0; try < 3; try++) {
		run = run_with(&encipher);
		run.server.priority = ANY ":-VERS-TLS1.3:-KX-ALL:+ECDHE-RSA"
			":%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS";
		start(&run, engine);
		is_number(run.result, try ? TLS_DONE : TLS_RECONNECT, "key usage");
		if (try == 0)
			is_text(buf_text(&said), "", "the first time nothing is said");
		else
			is_text(ask(&run, "a"), "250 a", "later it works");
		stop(&run);
	}
	tls_engine_close(engine);
}

/* RFC 7250: the bare key, if both want it. */
static void raw_keys(void)
{
	static const struct {
		int version;
		bool wanted, had;
		const char *priority, *summary;
	} cases[] = {
		{TLS_POSTFIX(3, 9), true, true, ANY ":+CTYPE-SRV-RAWPK", START AES256 " key-exchange "
			"X25519 server-signature RSA-PSS (2048 bit raw public key) server-digest SHA256"},
		{TLS_POSTFIX(3, 9), true, true, ANY ":+CTYPE-SRV-RAWPK:-VERS-TLS1.3",
			START "TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)"},
		{TLS_POSTFIX(3, 9), true, false, ANY, START AES256 " key-exchange "
			"X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256"},
		{TLS_POSTFIX(3, 9), false, true, ANY ":+CTYPE-SRV-RAWPK", START AES256 " key-exchange "
			"X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256"},
		{TLS_POSTFIX(3, 7), true, true, ANY ":+CTYPE-SRV-RAWPK", START AES256 " key-exchange "
			"X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tls_options options = usual;
		struct run run = run_with(&rsa);
		struct tls_engine *engine;

		options.version = cases[i].version;
		engine = engine_with(&options);
		run.server.priority = cases[i].priority;
		run.server.raw = cases[i].had;
		run.expect.raw_keys = cases[i].wanted;
		start(&run, engine);
		ok(run.result == TLS_DONE && run.verdict.present && !run.verdict.trusted,
			"a peer without a chain");
		is_text(buf_text(&said), cases[i].summary, "raw key or not");
		is_text(ask(&run, "a"), "250 a", "it works");
		stop(&run);
		tls_engine_close(engine);
	}
}

/* ---- server name, client certificates ---- */

static void server_name(void)
{
	static const struct {
		const char *name, *sent;
	} names[] = {
		{"mx.example", "mx.example"}, {"", ""}, {"192.0.2.1", ""}, {"2001:db8::1", ""},
	};
	struct tls_engine *engine = engine_with(&usual);
	struct run run;
	char name[301];

	for (size_t i = 0; i < COUNT(names); i++) {
		run = run_with(&rsa);
		run.expect.sni = names[i].name;
		start(&run, engine);
		stop(&run);
		is_text(run.server.sni, names[i].sent, "SNI");
	}
	memset(name, 'a', 300);
	name[300] = '\0';
	run = run_with(&rsa);
	run.expect.sni = name;
	start(&run, engine);
	ok(run.result == TLS_HANDSHAKE, "a long name fails the handshake");
	ok(strstr(buf_text(&said), "warning: " PEER ": ignoring too long SNI hostname: aaaa") != NULL,
		"and is warned about");
	stop(&run);
	tls_engine_close(engine);
}

static void client_certificates(void)
{
	static const struct {
		bool asks, has;
		const char *priority, *suffix;
	} cases[] = {
		{true, true, ANY, "server-digest SHA256 client-signature RSA-PSS (2048 bits) "
			"client-digest SHA256"},
		{true, true, ANY ":-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256",
			"server-digest SHA256 client-signature ECDSA (prime256v1) client-digest SHA256"},
		{true, false, ANY, "server-digest SHA256"},
		{false, true, ANY, "server-digest SHA256"},
		{true, true, ANY ":-VERS-TLS1.3", "(256/256 bits)"},
	};
	struct tls_options options = usual;
	struct tls_engine *engine;
	struct pool pool = {0};
	const char *text;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run run = run_with(&ec);

		options.chain_files = cases[i].has ? forge_file(&pool, "chains", pool_format(&pool,
			"%s%s%s%s", forge_key(&pool, &rsa), forge_certificate(&pool, &rsa),
			forge_key(&pool, &ec), forge_certificate(&pool, &ec))) : "";
		engine = engine_with(&options);
		run.server.asks = cases[i].asks;
		run.server.priority = cases[i].priority;
		start(&run, engine);
		ok(run.result == TLS_DONE, "a handshake");
		is_text(ask(&run, "a"), "250 a", "it works");
		text = buf_text(&said);
		text += strlen(text) > strlen(cases[i].suffix) ? strlen(text) - strlen(cases[i].suffix) : 0;
		is_text(text, cases[i].suffix, "client's part of the summary");
		stop(&run);
		okf(run.server.client_certificate == (cases[i].asks && cases[i].has),
			"the server has %s certificate", cases[i].asks && cases[i].has ? "a" : "no");
		tls_engine_close(engine);
	}
	pool_free(&pool);
}

/* ---- resumption ---- */

struct repeat {
	struct tls_engine *engine;
	gnutls_datum_t *ticket_key;
	const char *priority;
	struct forged *identity;
};

/* One connection; was it resumed? Both sides must agree. */
static bool resumes(const struct repeat *repeat, const char *key, struct tls_expect expect)
{
	struct run run = run_with(repeat->identity);
	bool resumed;

	run.server.priority = repeat->priority;
	run.server.ticket_key = repeat->ticket_key;
	run.expect = expect;
	run.key = key;
	start(&run, repeat->engine);
	if (run.result == TLS_DONE) {
		tls_keep_session(repeat->engine, run.stream); /* too early in TLS 1.3: must not hang */
		ask(&run, "a");
		tls_keep_session(repeat->engine, run.stream);
	}
	resumed = run.verdict.reused;
	stop(&run);
	okf(run.result != TLS_DONE || run.server.resumed == resumed, "both sides agree");
	return resumed;
}

static void resume_one(const struct repeat *repeat, const char *name)
{
	struct run run = run_with(&rsa);
	struct tls_expect expect = run.expect, other;

	okf(!resumes(repeat, "k", expect), "%s: the first is new", name);
	okf(resumes(repeat, "k", expect), "%s: the second is resumed", name);
	okf(resumes(repeat, "k", expect), "%s: and so is the third", name);
	okf(!resumes(repeat, "l", expect), "%s: another key is new", name);
	okf(!resumes(repeat, "", expect), "%s: without a key it is new", name);
	okf(!resumes(repeat, "", expect), "%s: and is not kept", name);

	other = expect;
	other.level = TLS_LEVEL_MAY;
	okf(!resumes(repeat, "k", other), "%s: another level is new", name);
	other = expect;
	other.sni = "mx.example";
	okf(!resumes(repeat, "k", other), "%s: another server name is new", name);
	other = expect;
	other.protocols = ">=TLSv1.2";
	okf(!resumes(repeat, "k", other), "%s: other protocols are new", name);
	okf(resumes(repeat, "k", expect), "%s: the old one is still there", name);

	run.server.does = SERVER_CLOSES;
	run.key = "k";
	start(&run, repeat->engine);
	ok(run.result == TLS_HANDSHAKE, "a handshake that fails");
	stop(&run);
	okf(!resumes(repeat, "k", expect), "%s: after a failed handshake it is new", name);
}

static void resume(void)
{
	static const struct {
		const char *name, *priority;
		int version;
		struct forged *identity;
		const char *line;
	} ways[] = {
		{"TLS 1.3, 3.7", ANY, TLS_POSTFIX(3, 7), &rsa, START AES256
			" key-exchange X25519 server-signature RSA-PSS (2048 bits)"},
		{"TLS 1.3, 3.8, ECDSA", ANY, TLS_POSTFIX(3, 8), &ec, START AES256
			" key-exchange X25519 server-signature ECDSA (prime256v1)"},
		{"TLS 1.3, 3.10", ANY, TLS_POSTFIX(3, 10), &rsa, START AES256 " key-exchange x25519"},
		{"TLS 1.2", ANY ":-VERS-TLS1.3", TLS_POSTFIX(3, 7), &rsa,
			START "TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)"},
	};
	gnutls_datum_t ticket_key;

	gnutls_session_ticket_key_generate(&ticket_key);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct tls_options options = usual;
		struct repeat repeat = {NULL, &ticket_key, ways[i].priority, ways[i].identity};
		struct tls_expect expect = run_with(&rsa).expect;

		options.version = ways[i].version;
		repeat.engine = engine_with(&options);
		resume_one(&repeat, ways[i].name);
		resumes(&repeat, "k", expect);
		is_text(buf_text(&said), ways[i].line, "summary when resumed");
		tls_engine_close(repeat.engine);

		options.ssl_options = "NO_TICKET";
		repeat.engine = engine_with(&options);
		resumes(&repeat, "k", expect);
		okf(!resumes(&repeat, "k", expect), "%s: no tickets, nothing resumed", ways[i].name);
		tls_engine_close(repeat.engine);

		options.ssl_options = NULL;
		options.session_timeout = 0;
		repeat.engine = engine_with(&options);
		resumes(&repeat, "k", expect);
		okf(!resumes(&repeat, "k", expect), "%s: no cache, nothing resumed", ways[i].name);
		tls_engine_close(repeat.engine);
	}
	gnutls_free(ticket_key.data);
}

/* The server is another one, or has learnt something: the ticket must not get in the way. */
static void resume_across(void)
{
	static const char *const turns[] = {ANY, ANY ":-VERS-TLS1.3", ANY ":-VERS-TLS1.3", ANY, ANY};
	static const bool resumed[] = {false, false, true, true, true};
	struct run run = run_with(&ec);
	gnutls_datum_t ticket_key, other_key;
	struct repeat repeat = {engine_with(&usual), &ticket_key, ANY, &ec};

	gnutls_session_ticket_key_generate(&ticket_key);
	for (size_t i = 0; i < COUNT(turns); i++) {
		repeat.priority = turns[i];
		okf(resumes(&repeat, "k", run.expect) == resumed[i], "turn %zu: %s", i, turns[i]);
	}
	gnutls_session_ticket_key_generate(&other_key);
	repeat.ticket_key = &other_key;
	repeat.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
	ok(!resumes(&repeat, "k", run.expect), "TLS 1.2 is gone altogether: fails");
	ok(strstr(buf_text(&said), "SSL_connect error") != NULL, "once");
	ok(!resumes(&repeat, "k", run.expect), "what failed is forgotten");
	ok(strstr(buf_text(&said), "TLSv1.3") != NULL, "so TLS 1.3 it is");
	gnutls_free(other_key.data);
	gnutls_free(ticket_key.data);
	tls_engine_close(repeat.engine);
}

/* Sessions that did not match are not kept. */
static void keep_only_good(void)
{
	struct tls_name names[] = {{.name = "other.example", .rule = "match"}};
	struct tls_expect expect = run_with(&rsa).expect;
	gnutls_datum_t ticket_key;
	struct repeat repeat = {engine_with(&usual), &ticket_key, ANY, &rsa};

	gnutls_session_ticket_key_generate(&ticket_key);
	expect.level = TLS_LEVEL_VERIFY;
	expect.names = names;
	expect.name_count = 1;
	resumes(&repeat, "k", expect);
	ok(!resumes(&repeat, "k", expect), "a session that did not match is not kept");
	repeat.identity = NULL;
	repeat.priority = "NORMAL:-VERS-TLS1.3:-KX-ALL:+ANON-ECDH";
	expect = run_with(&rsa).expect;
	resumes(&repeat, "k", expect);
	ok(!resumes(&repeat, "k", expect), "an anonymous session is not kept");
	gnutls_free(ticket_key.data);
	tls_engine_close(repeat.engine);
}

/* ---- loglevels, bulk ---- */

static void levels(void)
{
	struct tls_options options = usual;
	struct tls_engine *engine;
	struct run run = run_with(&rsa);

	options.log = 0;
	engine = engine_with(&options);
	start(&run, engine);
	is_text(buf_text(&said), "", "level 0 says nothing");
	tls_log_reused(run.stream);
	is_text(buf_text(&said), "", "nor of another use");
	stop(&run);
	run = run_with(&rsa);
	run.summary = true;
	start(&run, engine);
	ok(strncmp(buf_text(&said), START, strlen(START)) == 0, "unless it is asked for");
	stop(&run);
	tls_engine_close(engine);

	options.log = tls_log_parse("smtp_tls_loglevel", "summary, ssl-debug, cache", options.version);
	engine = engine_with(&options);
	run = run_with(&rsa);
	run.key = "smtp&example&mx.example&192.0.2.1&";
	run.expect.sni = "mx.example";
	start(&run, engine);
	ok(strncmp(buf_text(&said), PEER ": SNI hostname: mx.example|looking for session "
		"smtp&example&mx.example&192.0.2.1&&", 90) == 0, "cache and server name");
	ok(strstr(buf_text(&said), " in smtp cache|SSL_connect:before SSL initialization"
		"|SSL_connect:SSLv3/TLS write client hello|SSL_connect:SSLv3/TLS read server hello"
		"|") != NULL, "states");
	ok(strstr(buf_text(&said), "|SSL_connect:SSLv3/TLS write finished|" START) != NULL,
		"the summary comes last");
	stop(&run);

	run = run_with(&rsa);
	run.server.does = SERVER_ALERTS;
	start(&run, engine);
	is_text(buf_text(&said), "SSL_connect:before SSL initialization|SSL_connect:SSLv3/TLS write "
		"client hello|SSL3 alert read:fatal:handshake failure|SSL_connect:error in error"
		"|SSL_connect error to " PEER ": -1|warning: TLS library problem: "
		"error:GNUTLS_E_FATAL_ALERT_RECEIVED::alert handshake failure:SSL alert number 40:",
		"an alert in debug");
	stop(&run);
	tls_engine_close(engine);
}

/*
 * At every level together, with dumps of all that moves: neither the client's private key, nor what
 * is said inside the channel, is to be read in the log.
 */
static bool dumped(const gnutls_datum_t *secret, size_t at)
{
	enum { WINDOW = 6 };
	char hex[3 * WINDOW + 1];

	for (size_t i = 0; i < WINDOW; i++)
		snprintf(hex + 3 * i, 4, "%02x ", secret->data[at + i]);
	hex[3 * WINDOW - 1] = '\0';
	return strstr(buf_text(&said), hex) != NULL;
}

static void nothing_secret(void)
{
	struct tls_options options = usual;
	struct run run = run_with(&ec);
	gnutls_ecc_curve_t curve;
	gnutls_datum_t x, y, k;
	struct tls_engine *engine;
	struct pool pool = {0};
	bool seen = false;
	char line[101] = "";

	options.chain_files = forge_file(&pool, "secret", pool_format(&pool, "%s%s",
		forge_key(&pool, &ec), forge_certificate(&pool, &ec)));
	options.log = ~0u;
	engine = engine_with(&options);
	gnutls_x509_privkey_export_ecc_raw(ec.key, &curve, &x, &y, &k);
	run.server.asks = true;
	start(&run, engine);
	is_text(ask(&run, "AUTH PLAIN AG1lAHNlY3JldA=="), "250 AUTH PLAIN AG1lAHNlY3JldA==", "a password");
	ok(run.server.client_certificate, "the key was used");
	ok(strstr(buf_text(&said), "write to ") && strstr(buf_text(&said), "read from "),
		"all that moves is dumped");
	for (size_t at = 0; at + 6 <= k.size; at++)
		seen = seen || dumped(&k, at);
	ok(!seen, "but no part of the private key");
	ok(strstr(buf_text(&said), "AUTH") == NULL && strstr(buf_text(&said), "50 4c 41 49 4e") == NULL,
		"nor of what is said inside");
	ok(strstr(buf_text(&said), "PRIVATE") == NULL, "nor of its file");
	memset(line, 'x', sizeof line - 1);
	for (int i = 0; i < 1500; i++)
		ask(&run, line);
	ok(strstr(buf_text(&said), "no more of this session is dumped") != NULL,
		"a long session is not dumped to its end");
	ok(said.length < 3 * 1024 * 1024, "so that the log stays bearable");
	gnutls_free(x.data);
	gnutls_free(y.data);
	gnutls_free(k.data);
	stop(&run);
	tls_engine_close(engine);
	pool_free(&pool);
}

static void bulk(void)
{
	enum { LINES = 20000, WIDTH = 100 };
	struct tls_engine *engine = engine_with(&usual);
	struct run run = run_with(&ec);
	char line[WIDTH + 1];
	const char *answer;

	memset(line, 'x', WIDTH);
	line[WIDTH] = '\0';
	run.server.does = SERVER_SWALLOWS;
	start(&run, engine);
	for (int i = 0; i < LINES; i++)
		if (stream_put(run.stream, line, WIDTH) != IO_OK)
			break;
	ok(stream_flush(run.stream) == IO_OK, "all is sent");
	stop(&run);
	is_number((long long)run.server.heard, LINES * WIDTH, "and all is heard");

	run = run_with(&ec);
	start(&run, engine);
	for (int i = 0; i < LINES / 100; i++) {
		answer = ask(&run, line);
		if (strlen(answer) != WIDTH + 4)
			break;
	}
	is_text(answer, pool_format(&run.pool, "250 %s", line), "back and forth");
	stop(&run);
	tls_engine_close(engine);
}

static const struct {
	const char *value;
	int version;
	unsigned log;
	const char *said;
} log_values[] = {
	{"", TLS_POSTFIX(3, 7), 0, ""},
	{"0", TLS_POSTFIX(3, 7), 0, ""},
	{"none", TLS_POSTFIX(3, 7), 0, ""},
	{"1", TLS_POSTFIX(3, 7), TLS_LOG_SUMMARY, ""},
	{"Routine", TLS_POSTFIX(3, 7), TLS_LOG_SUMMARY, ""},
	{"2", TLS_POSTFIX(3, 7), TLS_LOG_SUMMARY | TLS_LOG_VERBOSE | TLS_LOG_PEERCERT
		| TLS_LOG_CERTMATCH | TLS_LOG_DANE | TLS_LOG_CACHE | TLS_LOG_DEBUG, ""},
	{"9", TLS_POSTFIX(3, 7), TLS_LOG_SUMMARY | TLS_LOG_VERBOSE | TLS_LOG_PEERCERT
		| TLS_LOG_CERTMATCH | TLS_LOG_DANE | TLS_LOG_CACHE | TLS_LOG_DEBUG | TLS_LOG_TLS_PACKETS
		| TLS_LOG_ALL_PACKETS, ""},
	{"verbose", TLS_POSTFIX(3, 7),
		TLS_LOG_VERBOSE | TLS_LOG_PEERCERT | TLS_LOG_CERTMATCH | TLS_LOG_DANE, ""},
	{"verbose", TLS_POSTFIX(3, 5), TLS_LOG_VERBOSE | TLS_LOG_PEERCERT | TLS_LOG_CERTMATCH, ""},
	{"summary,untrusted peercert", TLS_POSTFIX(3, 7),
		TLS_LOG_SUMMARY | TLS_LOG_UNTRUSTED | TLS_LOG_PEERCERT, ""},
	{"summary 0", TLS_POSTFIX(3, 7), TLS_LOG_SUMMARY, ""},
	{"dane", TLS_POSTFIX(3, 6), TLS_LOG_DANE, ""},
	{"dane", TLS_POSTFIX(3, 5), 0,
		"warning: unknown smtp_tls_loglevel value \"dane\" in \"dane\""},
	{"summary verbos", TLS_POSTFIX(3, 7), 0,
		"warning: unknown smtp_tls_loglevel value \"verbos\" in \"summary verbos\""},
	{"10", TLS_POSTFIX(3, 7), 0, "warning: unknown smtp_tls_loglevel value \"10\" in \"10\""},
};

static void log_words(void)
{
	for (size_t i = 0; i < COUNT(log_values); i++) {
		unsigned log;

		buf_clear(&said);
		log = tls_log_parse("smtp_tls_loglevel", log_values[i].value, log_values[i].version);
		okf(log == log_values[i].log, "loglevel \"%s\"", log_values[i].value);
		is_text(buf_text(&said), log_values[i].said, "and what is said");
	}
}

int main(void)
{
	log_open(&(struct log_sink){note, NULL});
	root = forge("Root", GNUTLS_PK_ECDSA, NULL, 0);
	rsa = forge("mx.example", GNUTLS_PK_RSA, &root, 0);
	ec = forge("mx.example", GNUTLS_PK_ECDSA, &root, 0);
	ed = forge("mx.example", GNUTLS_PK_EDDSA_ED25519, &root, 0);
	encipher = forge("mx.example", GNUTLS_PK_RSA, &root, GNUTLS_KEY_KEY_ENCIPHERMENT);
	log_words();
	meet();
	strictly();
	fail();
	tell();
	insist_on_safety();
	tell_afterwards();
	oddly();
	excluded();
	key_usage();
	raw_keys();
	server_name();
	client_certificates();
	resume();
	resume_across();
	keep_only_good();
	levels();
	nothing_secret();
	bulk();
	forge_free(&root);
	forge_free(&rsa);
	forge_free(&ec);
	forge_free(&ed);
	forge_free(&encipher);
	buf_close(&said);
	return done();
}

/* Why there is no channel, in words: from channels as they come out of a failed handshake. */
#include "tls/failure.h"
#include <errno.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/tls/client.h"

#define OFFER "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define UNASKED "; it had asked for a client certificate, and there is none for it"
#define OFFERED "it was offered TLSv1.2, TLSv1.3 with ciphers medium, less 3DES"

static const struct tls_expect expect = {.protocols = ">=TLSv1.2", .grade = "medium",
	.exclude = " 3DES ", .sni = "", .why_not = ""};

/* The same, of what would not end in a channel that this library leaves behind by itself. */
static const struct {
	const char *name;
	unsigned char hello[11]; /* the last thing that came */
	size_t end;
	int failure, error;
	bool closed;
	const char *reason;
} made[] = {
	{"the socket failed", {0}, 0, GNUTLS_E_PULL_ERROR, ECONNRESET, false,
		"Connection reset by peer"},
	{"an error before a closed connection", {0}, 0, GNUTLS_E_PULL_ERROR, ETIMEDOUT, true,
		"Connection timed out"},
	{"closed", {0}, 0, GNUTLS_E_PREMATURE_TERMINATION, 0, true, "the server closed the connection"},
	{"an old version", {22, 3, 1, 0, 50, 2, 0, 0, 46, 3, 1}, 11,
		GNUTLS_E_UNSUPPORTED_VERSION_PACKET, 0, false, "the server chose TLSv1; " OFFERED},
	{"TLS 1.1", {22, 3, 2, 0, 50, 2, 0, 0, 46, 3, 2}, 11,
		GNUTLS_E_UNSUPPORTED_VERSION_PACKET, 0, false, "the server chose TLSv1.1; " OFFERED},
	{"a version of nobody", {22, 3, 9, 0, 50, 2, 0, 0, 46, 3, 9}, 11,
		GNUTLS_E_UNSUPPORTED_VERSION_PACKET, 0, false,
		"A packet with illegal or unsupported version was received. It was offered "
		"TLSv1.2, TLSv1.3 with ciphers medium, less 3DES"},
	{"a hello that is cut", {22, 3, 1, 0, 50, 2, 0, 0, 46, 3, 1}, 10,
		GNUTLS_E_UNSUPPORTED_VERSION_PACKET, 0, false,
		"A packet with illegal or unsupported version was received. It was offered "
		"TLSv1.2, TLSv1.3 with ciphers medium, less 3DES"},
	{"another message", {22, 3, 1, 0, 50, 11, 0, 0, 46, 3, 1}, 11,
		GNUTLS_E_UNSUPPORTED_VERSION_PACKET, 0, false,
		"A packet with illegal or unsupported version was received. It was offered "
		"TLSv1.2, TLSv1.3 with ciphers medium, less 3DES"},
	{"another record", {21, 3, 1, 0, 50, 2, 0, 0, 46, 3, 1}, 11,
		GNUTLS_E_UNSUPPORTED_VERSION_PACKET, 0, false,
		"A packet with illegal or unsupported version was received. It was offered "
		"TLSv1.2, TLSv1.3 with ciphers medium, less 3DES"},
	{"no secure renegotiation", {0}, 0, GNUTLS_E_SAFE_RENEGOTIATION_FAILED, 0, false,
		"the server has no secure renegotiation (RFC 5746), which tls_ssl_options ="
		" LEGACY_SERVER_CONNECT would forgive"},
	{"no TLS", {0}, 0, GNUTLS_E_UNEXPECTED_PACKET, 0, false, "what the server sends is not TLS"},
	{"something else", {0}, 0, GNUTLS_E_DECRYPTION_FAILED, 0, false,
		"Decryption has failed. It was offered TLSv1.2, TLSv1.3 with ciphers medium, less "
		"3DES"},
};

static void by_hand(const struct priority *priority)
{
	for (size_t i = 0; i < COUNT(made); i++) {
		struct channel channel = {.in = made[i].end ? (char *)made[i].hello : NULL,
			.end = made[i].end, .failure = made[i].failure, .error = made[i].error,
			.closed = made[i].closed};
		struct pool pool = {0};

		is_text(failure_reason(&pool, &channel, priority, &expect), made[i].reason,
			made[i].name);
		is_text(failure_alert(&pool, &channel), "", "no alert");
		pool_free(&pool);
	}
}

static struct forged identity;
static struct pool words;

static const struct {
	const char *name;
	struct server server;
	int code;
	const char *reason, *alert; /* "*": and something in front */
} ends[] = {
	{"a handshake that was refused", {.does = SERVER_ALERTS}, GNUTLS_E_FATAL_ALERT_RECEIVED,
		"the server's alert is \"handshake failure\"; " OFFERED,
		"the server's alert is \"handshake failure\""},
	{"no version in common",
		{.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0", .identity = &identity},
		GNUTLS_E_UNSUPPORTED_VERSION_PACKET, "the server chose TLSv1.1; " OFFERED, ""},
	{"it insists on a certificate",
		{.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2", .identity = &identity, .insists = true},
		GNUTLS_E_FATAL_ALERT_RECEIVED, "*" UNASKED, "*" UNASKED},
	{"it does not speak TLS", {.does = SERVER_SPEAKS_PLAIN}, GNUTLS_E_UNEXPECTED_PACKET,
		"what the server sends is not TLS", ""},
	{"it closes", {.does = SERVER_CLOSES}, GNUTLS_E_PREMATURE_TERMINATION,
		"the server closed the connection", ""},
};

static const char *rest(const char *text, const char *want)
{
	size_t have = strlen(text), wanted = strlen(want) - 1;

	return *want == '*' && have > wanted ? pool_format(&words, "*%s", text + have - wanted) : text;
}

static void by_server(const struct priority *priority)
{
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct server server = ends[i].server;
		struct client client;

		client_start(&client, &server, OFFER, NULL);
		client.channel.failure = client.handshake;
		is_number(client.handshake, ends[i].code, ends[i].name);
		is_text(rest(failure_reason(&words, &client.channel, priority, &expect),
				ends[i].reason), ends[i].reason, ends[i].name);
		is_text(rest(failure_alert(&words, &client.channel), ends[i].alert),
			ends[i].alert, ends[i].name);
		client_stop(&client);
	}
}

static void of_settings(void)
{
	char long_name[SNI_MOST + 2];
	struct tls_expect odd = expect;
	struct pool pool = {0};

	is_text(failure_of_settings(&pool, &odd),
		"nothing can be offered with protocols \">=TLSv1.2\", ciphers \"medium\", exclusions "
		"\"3DES\"",
		"what is configured");
	memset(long_name, 'x', sizeof long_name);
	long_name[SNI_MOST + 1] = '\0';
	odd.sni = long_name;
	is_text(failure_of_settings(&pool, &odd),
		"the server name xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... is too long",
		"a name that is too long");
	long_name[SNI_MOST] = '\0';
	ok(strncmp(failure_of_settings(&pool, &odd), "nothing", 7) == 0, "one that is not");
	pool_free(&pool);
}

static void nothing_excluded(const struct priority *priority)
{
	struct channel channel = {.failure = GNUTLS_E_DECRYPTION_FAILED};
	struct tls_expect all = expect;
	struct pool pool = {0};

	all.exclude = "";
	all.grade = "high";
	is_text(failure_reason(&pool, &channel, priority, &all),
		"Decryption has failed. It was offered TLSv1.2, TLSv1.3 with ciphers high",
		"nothing excluded");
	pool_free(&pool);
}

int main(void)
{
	struct priority priority = {.text = OFFER};

	identity = forge("mx.example", GNUTLS_PK_ECDSA, NULL, 0);
	if (gnutls_priority_init(&priority.offer, OFFER, NULL) < 0)
		return 99;
	by_hand(&priority);
	by_server(&priority);
	of_settings();
	nothing_excluded(&priority);
	gnutls_priority_deinit(priority.offer);
	forge_free(&identity);
	pool_free(&words);
	return done();
}

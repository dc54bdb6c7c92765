/*
 * handshake. The words for states and alerts are those that OpenSSL gives Postfix to log; they
 * follow GnuTLS's messages, so that a state is told once, and none where nothing is received.
 */
#include "tls/handshake.h"
#include <errno.h>
#include "tls/alert.h"
#include "util/log.h"
#include "util/macros.h"
#include "util/pool.h"
#include "util/text.h"

static const struct {
	unsigned message; /* gnutls_handshake_description_t */
	bool received;
	const char *state;
} states[] = {
	{GNUTLS_HANDSHAKE_CLIENT_HELLO, false, "SSLv3/TLS write client hello"},
	{GNUTLS_HANDSHAKE_SERVER_HELLO, true, "SSLv3/TLS read server hello"},
	{GNUTLS_HANDSHAKE_HELLO_RETRY_REQUEST, true, "SSLv3/TLS read server hello"},
	{GNUTLS_HANDSHAKE_ENCRYPTED_EXTENSIONS, true, "TLSv1.3 read encrypted extensions"},
	{GNUTLS_HANDSHAKE_CERTIFICATE_PKT, true, "SSLv3/TLS read server certificate"},
	{GNUTLS_HANDSHAKE_CERTIFICATE_STATUS, true, "SSLv3/TLS read certificate status"},
	{GNUTLS_HANDSHAKE_SERVER_KEY_EXCHANGE, true, "SSLv3/TLS read server key exchange"},
	{GNUTLS_HANDSHAKE_CERTIFICATE_REQUEST, true, "SSLv3/TLS read server certificate request"},
	{GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY, true, "TLSv1.3 read server certificate verify"},
	{GNUTLS_HANDSHAKE_SERVER_HELLO_DONE, true, "SSLv3/TLS read server done"},
	{GNUTLS_HANDSHAKE_CERTIFICATE_PKT, false, "SSLv3/TLS write client certificate"},
	{GNUTLS_HANDSHAKE_CLIENT_KEY_EXCHANGE, false, "SSLv3/TLS write client key exchange"},
	{GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY, false, "SSLv3/TLS write certificate verify"},
	{GNUTLS_HANDSHAKE_CHANGE_CIPHER_SPEC, true, "SSLv3/TLS read change cipher spec"},
	{GNUTLS_HANDSHAKE_CHANGE_CIPHER_SPEC, false, "SSLv3/TLS write change cipher spec"},
	{GNUTLS_HANDSHAKE_FINISHED, true, "SSLv3/TLS read finished"},
	{GNUTLS_HANDSHAKE_FINISHED, false, "SSLv3/TLS write finished"},
	{GNUTLS_HANDSHAKE_NEW_SESSION_TICKET, true, "SSLv3/TLS read server session ticket"},
};

static int tell(gnutls_session_t session, unsigned message, unsigned when, unsigned received,
	const gnutls_datum_t *bytes)
{
	struct channel *channel = gnutls_session_get_ptr(session);

	(void)when;
	(void)bytes;
	for (size_t i = 0; i < COUNT(states); i++)
		if (states[i].message == message && states[i].received == (received != 0)) {
			channel->state = states[i].state;
			log_info("SSL_connect:%s", channel->state);
		}
	return 0;
}

/* Postfix's line about a failed read or write; or -1, and the library's own problem after it. */
static void fail(const char *server, const char *what)
{
	log_info("SSL_connect error to %s: %s", server, what);
}

static void complain(struct channel *channel, const char *server, int rc)
{
	fail(server, "-1");
	alert_problem(channel->session, rc);
}

static void explain(struct channel *channel, const char *server, int rc)
{
	bool lost = channel->closed && rc != GNUTLS_E_FATAL_ALERT_RECEIVED;
	struct pool pool = {0};

	if (channel->state && rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		log_info("SSL3 alert read:fatal:%s", alert_name(channel->session));
	if (channel->state && channel->error != ETIMEDOUT)
		log_info("SSL_connect:error in %s",
			lost || channel->error ? channel->state : "error");
	if (channel->error != 0)
		fail(server, text_errno(&pool, channel->error));
	else if (lost)
		fail(server, "lost connection");
	else
		complain(channel, server, rc);
	pool_free(&pool);
}

/* As OpenSSL does by itself: the peer hears which alert ends it, if it still listens. */
static void alert(struct channel *channel, int rc)
{
	int error = channel->error;

	if (channel->error == 0 && !channel->closed
		&& gnutls_alert_send_appropriate(channel->session, rc) >= 0)
		channel_flush(channel);
	channel->error = error; /* what ended it, not that the peer has gone by now */
	channel->dead = true;
}

/*
 * What isn't fatal: a warning alert, as for a name that the server doesn't know (RFC 6066 3).
 * Each costs the peer a record, and its time is limited; so is the number of these.
 */
static int shake(gnutls_session_t session)
{
	enum { WARNINGS_MOST = 20 };
	int rc = gnutls_handshake(session);

	for (int i = 0; i < WARNINGS_MOST && rc < 0 && !gnutls_error_is_fatal(rc); i++)
		rc = gnutls_handshake(session);
	return rc;
}

enum handshake handshake_run(struct channel *channel, const char *server)
{
	int rc;

	if (channel->state) {
		channel->state = "before SSL initialization";
		log_info("SSL_connect:%s", channel->state);
		gnutls_handshake_set_hook_function(channel->session, GNUTLS_HANDSHAKE_ANY,
			GNUTLS_HOOK_POST, tell);
	}
	if ((rc = shake(channel->session)) == GNUTLS_E_SUCCESS)
		return HANDSHAKE_DONE;
	channel->failure = rc;
	if (rc != GNUTLS_E_KEY_USAGE_VIOLATION)
		explain(channel, server, rc);
	alert(channel, rc);
	return rc == GNUTLS_E_KEY_USAGE_VIOLATION ? HANDSHAKE_KEY_USAGE : HANDSHAKE_FAILED;
}

void handshake_refuse(struct channel *channel, const char *server, const char *reason)
{
	fail(server, "-1");
	log_warning("TLS library problem: error:handshake::%s:", reason);
	handshake_give_up(channel);
}

void handshake_give_up(struct channel *channel)
{
	if (gnutls_alert_send(channel->session, GNUTLS_AL_FATAL, GNUTLS_A_HANDSHAKE_FAILURE) >= 0)
		channel_flush(channel);
	channel->dead = true;
}

#include "tls/failure.h"
#include <string.h>
#include "tls/alert.h"
#include "util/macros.h"
#include "util/text.h"

/* --- what we had --- */

static const char *version_name(unsigned version)
{
	static const char *const names[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};

	return version - 0x0301 < COUNT(names) ? names[version - 0x0301] : NULL;
}

static void add_protocols(struct buf *to, const struct priority *priority)
{
	const unsigned *list;
	int count = gnutls_priority_protocol_list(priority->offer, &list);

	for (int i = count; i-- > 0;) /* the oldest first, as people have them in their lists */
		buf_addf(to, "%s%s", to->length > 0 ? ", " : "",
			list[i] == GNUTLS_TLS1_0 ? "TLSv1"
				: list[i] == GNUTLS_TLS1_1 ? "TLSv1.1"
				: list[i] == GNUTLS_TLS1_2 ? "TLSv1.2" : "TLSv1.3");
}

/* "TLSv1.2, TLSv1.3 with ciphers medium, less 3DES" */
static const char *offered(struct pool *pool, const struct priority *priority,
	const struct tls_expect *expect)
{
	struct buf text = BUF(0);
	const char *exclude = text_trim(pool, expect->exclude), *copy;

	add_protocols(&text, priority);
	copy = pool_format(pool, "%s with ciphers %s%s%s", buf_text(&text), expect->grade,
		*exclude ? ", less " : "", exclude);
	buf_close(&text);
	return copy;
}

/* --- what the server had --- */

/*
 * The version in its ServerHello, which GnuTLS has thrown away: it was the last thing that came
 * (RFC 5246 6.2.1, 7.4.1.3: record header, message header, version). 0: something else came.
 */
static unsigned version_chosen(const struct channel *channel)
{
	const unsigned char *in = (const unsigned char *)channel->in;
	enum { RECORD = 5, MESSAGE = 4, HANDSHAKE = 22, SERVER_HELLO = 2 };

	if (in == NULL || channel->end < RECORD + MESSAGE + 2 || in[0] != HANDSHAKE
		|| in[RECORD] != SERVER_HELLO)
		return 0;
	return (unsigned)in[RECORD + MESSAGE] << 8 | in[RECORD + MESSAGE + 1];
}

static bool is_about_certificate(int alert)
{
	return alert == GNUTLS_A_CERTIFICATE_REQUIRED || alert == GNUTLS_A_UNKNOWN_CA
		|| alert == GNUTLS_A_ACCESS_DENIED
		|| (alert >= GNUTLS_A_SSL3_NO_CERTIFICATE && alert <= GNUTLS_A_CERTIFICATE_UNKNOWN);
}

/* Had it asked for our certificate? Then its alert may be about that. */
static const char *our_certificate(gnutls_session_t session)
{
	if (gnutls_certificate_client_get_request_status(session) == 0)
		return "";
	if (gnutls_certificate_get_ours(session) == NULL)
		return "; it had asked for a client certificate, and there is none for it";
	if (is_about_certificate((int)gnutls_alert_get(session)))
		return "; it has seen our client certificate";
	return "";
}

/* --- */

static const char *by_alert(struct pool *pool, const struct channel *channel,
	const struct priority *priority, const struct tls_expect *expect)
{
	const char *certificate = our_certificate(channel->session);

	return pool_format(pool, "the server's alert is \"%s\"%s%s",
		alert_name(channel->session), *certificate ? "" : "; it was offered ",
		*certificate ? certificate : offered(pool, priority, expect));
}

const char *failure_reason(struct pool *pool, const struct channel *channel,
	const struct priority *priority, const struct tls_expect *expect)
{
	unsigned version = version_chosen(channel);

	if (channel->failure == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return by_alert(pool, channel, priority, expect);
	if (channel->error != 0)
		return text_errno(pool, channel->error);
	if (channel->closed)
		return "the server closed the connection";
	if (channel->failure == GNUTLS_E_UNSUPPORTED_VERSION_PACKET && version_name(version))
		return pool_format(pool, "the server chose %s; it was offered %s",
			version_name(version), offered(pool, priority, expect));
	if (channel->failure == GNUTLS_E_SAFE_RENEGOTIATION_FAILED)
		return "the server has no secure renegotiation (RFC 5746), which tls_ssl_options ="
		       " LEGACY_SERVER_CONNECT would forgive";
	if (channel->failure == GNUTLS_E_UNEXPECTED_PACKET)
		return "what the server sends is not TLS";
	return pool_format(pool, "%s It was offered %s", gnutls_strerror(channel->failure),
		offered(pool, priority, expect));
}

const char *failure_of_settings(struct pool *pool, const struct tls_expect *expect)
{
	if (strlen(expect->sni) > SNI_MOST)
		return pool_format(pool, "the server name %.40s... is too long", expect->sni);
	return pool_format(pool, "nothing can be offered with protocols \"%s\", ciphers \"%s\","
		" exclusions \"%s\"", expect->protocols, expect->grade,
		text_trim(pool, expect->exclude));
}

const char *failure_alert(struct pool *pool, const struct channel *channel)
{
	if (channel->failure != GNUTLS_E_FATAL_ALERT_RECEIVED)
		return "";
	return pool_format(pool, "the server's alert is \"%s\"%s",
		alert_name(channel->session), our_certificate(channel->session));
}

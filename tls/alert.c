/* alert */
#include "tls/alert.h"
#include "util/log.h"
#include "util/macros.h"

static const struct {
	int alert; /* gnutls_alert_description_t */
	const char *name;
} alerts[] = { /* RFC 8446 6.2, RFC 5246 7.2.2 */
	{0, "close notify"}, {10, "unexpected message"}, {20, "bad record mac"},
	{21, "decryption failed"}, {22, "record overflow"}, {30, "decompression failure"},
	{40, "handshake failure"}, {41, "no certificate"}, {42, "bad certificate"},
	{43, "unsupported certificate"}, {44, "certificate revoked"}, {45, "certificate expired"},
	{46, "certificate unknown"}, {47, "illegal parameter"}, {48, "unknown CA"},
	{49, "access denied"}, {50, "decode error"}, {51, "decrypt error"},
	{60, "export restriction"}, {70, "protocol version"}, {71, "insufficient security"},
	{80, "internal error"}, {86, "inappropriate fallback"}, {90, "user canceled"},
	{100, "no renegotiation"}, {109, "missing extension"}, {110, "unsupported extension"},
	{111, "certificate unobtainable"}, {112, "unrecognized name"},
	{113, "bad certificate status response"}, {114, "bad certificate hash value"},
	{115, "unknown PSK identity"}, {116, "certificate required"},
	{120, "no application protocol"},
};

const char *alert_name(gnutls_session_t session)
{
	int alert = (int)gnutls_alert_get(session);

	for (size_t i = 0; i < COUNT(alerts); i++)
		if (alerts[i].alert == alert)
			return alerts[i].name;
	return "unknown";
}

void alert_problem(gnutls_session_t session, int rc)
{
	const char *name = gnutls_strerror_name(rc);

	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		log_warning("TLS library problem: error:%s::alert %s:SSL alert number %d:", name,
			alert_name(session), (int)gnutls_alert_get(session));
	else
		log_warning("TLS library problem: error:%s::%s:", name, gnutls_strerror(rc));
}

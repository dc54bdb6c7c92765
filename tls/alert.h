#ifndef TLS_ALERT_H
#define TLS_ALERT_H
/*
 * alert - what the library says of a session that broke, in the form that OpenSSL gives Postfix to
 * log (TLS_README). Inside this room only.
 */
#include <gnutls/gnutls.h>

/* OpenSSL's name of the last alert that the peer sent: "protocol version". */
const char *alert_name(gnutls_session_t session);

/*
 * Warns: "TLS library problem: error:..." for a result that is fatal. SESSION is asked for the
 * peer's alert, if that is what RC says; otherwise NULL will do.
 */
void alert_problem(gnutls_session_t session, int rc);

#endif

#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H
/*
 * session - from a server to a ready connection: connect, greeting, EHLO, STARTTLS, EHLO, AUTH
 * (RFC 5321 3.1, 3.2; RFC 3207).
 */
#include "smtp/connection.h"
#include "smtp/delivery.h"

enum session_end {
	SESSION_READY,
	SESSION_NO_CONNECTION, /* never connected: an info line was logged (TCP); the relay is none */
	SESSION_REFUSED,       /* the server, or we, ended it: *why is for all open recipients */
	SESSION_NO_TLS,        /* the TLS handshake failed or TLS was lost: *why likewise; a plaintext
	                          retry may be allowed */
};

/*
 * Returns the connection, NULL for SESSION_NO_CONNECTION. If it isn't SESSION_READY the recipients are
 * told first, and then session_close() is all there is to do: a server may take its time over QUIT.
 */
struct connection *session_open(const struct agent *agent, struct delivery *d,
	const struct server *server, const struct tls_policy *policy, enum session_end *end,
	struct why *why);

/* Ends it: QUIT where it can be said, the transcript to the postmaster where it is due. */
void session_close(const struct agent *agent, const struct delivery *d, struct connection *conn);

#endif

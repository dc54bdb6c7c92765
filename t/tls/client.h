#ifndef T_TLS_CLIENT_H
#define T_TLS_CLIENT_H
/* client - a bare GnuTLS client over a channel, for tests of what stands below a session. */
#include <gnutls/gnutls.h>
#include "t/tls/server.h"
#include "tls/channel.h"

struct client {
	struct server *server;
	struct stream *stream;
	gnutls_session_t session;
	gnutls_certificate_credentials_t certificates;
	gnutls_anon_client_credentials_t anonymous;
	struct channel channel;
	int handshake; /* GnuTLS's code: 0 it is done */
};

/* Starts the server, and shakes hands with it. IDENTITY is the client's, or NULL. */
void client_start(struct client *client, struct server *server, const char *priority,
	const struct forged *identity);

/* Closes the connection, waits for the server. */
void client_stop(struct client *client);

#endif

#ifndef TLS_HANDSHAKE_H
#define TLS_HANDSHAKE_H
/*
 * handshake - until it is done or has failed, and what is logged about that (TLS_README,
 * GnuTLS manual). Inside this room only.
 */
#include <stdbool.h>
#include "tls/channel.h"

enum handshake {
	HANDSHAKE_DONE,
	HANDSHAKE_FAILED,    /* SERVER's line was logged, and the peer was told why; channel->failure */
	HANDSHAKE_KEY_USAGE, /* nothing was logged: it failed for the certificate's key usage alone */
};

/* With channel->state set its changes are logged: "SSL_connect:...". The session is fresh. */
enum handshake handshake_run(struct channel *channel, const char *server);

/* After it was done: refuses what was negotiated, for REASON. */
void handshake_refuse(struct channel *channel, const char *server, const char *reason);

/* The same, and nothing is logged. */
void handshake_give_up(struct channel *channel);

#endif

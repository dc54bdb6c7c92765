#ifndef T_TLS_SERVER_H
#define T_TLS_SERVER_H
/* server - a TLS server for one connection, in a thread at the other end of a socket pair. */
#include <pthread.h>
#include <stdbool.h>
#include <gnutls/gnutls.h>
#include "t/tls/forge.h"

enum server_does { /* instead of a handshake, or after it */
	SERVER_ECHOES,       /* handshake, then each line comes back behind "250 " */
	SERVER_SPEAKS_PLAIN, /* reads the hello, answers "500 what?" */
	SERVER_CLOSES,       /* reads the hello, closes */
	SERVER_ALERTS,       /* reads the hello, sends a fatal handshake_failure */
	SERVER_CUTS,         /* sends a part of a record, closes */
	SERVER_SLEEPS,       /* reads the hello, says nothing until the client is gone */
	SERVER_WARNS,        /* a warning alert unrecognized_name in front of a good handshake */
	SERVER_VANISHES,     /* handshake, reads a line, closes without close_notify */
	SERVER_ENDS,         /* handshake, one line comes back, then close_notify, then reads on */
	SERVER_ASKS_AGAIN,   /* handshake, HelloRequest in front of each answer (TLS 1.2) */
	SERVER_REKEYS,       /* handshake, KeyUpdate in front of each answer (TLS 1.3) */
	SERVER_BABBLES,      /* handshake, then a record that is no record */
	SERVER_SPILLS,       /* handshake, then tickets without end (TLS 1.3) */
	SERVER_SWALLOWS,     /* handshake, reads, never answers */
};

struct server {
	enum server_does does;
	const char *priority;           /* GnuTLS's */
	const struct forged *identity;  /* NULL: none, so anonymous */
	const struct forged *issuer;    /* sent behind it; NULL: not sent */
	const gnutls_datum_t *ticket_key; /* NULL: no tickets */
	bool asks;                      /* for a certificate of the client */
	bool insists;                   /* on one */
	bool raw;                       /* shows its bare key to those who can read it (RFC 7250) */

	/* What it saw; after server_wait(). */
	char sni[256];
	bool done, resumed, client_certificate, said_goodbye;
	size_t heard; /* bytes */

	int fd;
	pthread_t thread;
};

/* Returns the client's end. */
int server_start(struct server *server);
void server_wait(struct server *server);

#endif

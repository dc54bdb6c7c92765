#ifndef TLS_SUMMARY_H
#define TLS_SUMMARY_H
/*
 * summary - the line that tells the outcome of a handshake (TLS_README), as the installed Postfix
 * words it. Inside this room only.
 */
#include <stdbool.h>
#include <gnutls/gnutls.h>
#include "tls/expect.h"
#include "tls/peer.h"
#include "tls/session.h"
#include "tls/suites.h"
#include "util/pool.h"

struct summary { /* the facts; "" is nothing to tell */
	const char *word;     /* "Verified" */
	const char *server;   /* "mx.example[192.0.2.1]:25" */
	const char *protocol; /* "TLSv1.3" */
	const char *cipher;   /* OpenSSL's name */
	int bits;
	const char *exchange; /* "X25519"; this and what follows only for TLS 1.3 */
	const char *server_signature, *server_digest; /* "RSA-PSS (2048 bits)", "SHA256" */
	const char *client_signature, *client_digest;
};

/* Anonymous, Verified, Trusted or Untrusted. LEVEL is the one that was asked for in the end. */
const char *summary_word(int version, enum tls_level level, const struct tls_verdict *verdict);

/* "TLSv1.3", OpenSSL's word; "unknown". */
const char *summary_protocol(gnutls_session_t session);

/* All but word, server. SUITE is an index in suites[]. Strings in the pool. */
void summary_read(struct pool *pool, int version, gnutls_session_t session, size_t suite,
	const struct tls_peer *peer, struct summary *summary);

/* How: "established", or "reused" for a connection that was kept open. */
const char *summary_text(struct pool *pool, const struct summary *summary, const char *how);

#endif

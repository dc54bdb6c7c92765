#ifndef TLS_PEER_H
#define TLS_PEER_H
/*
 * peer - what the other side showed in the handshake, copied out of the session: the certificates
 * as sent (DER), at most TLS_PEER_MOST of them, or a raw public key (RFC 7250), or nothing. Inside
 * this room only. Nothing in it is trusted yet.
 */
#include <stdbool.h>
#include <stddef.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include "tls/der.h"
#include "util/pool.h"

enum { TLS_PEER_MOST = 16 }; /* a server may send any number: the rest is not looked at */

enum tls_peer_kind {
	TLS_PEER_NONE, /* anonymous key exchange, or no certificate */
	TLS_PEER_X509,
	TLS_PEER_RAW, /* one entry: a SubjectPublicKeyInfo */
};

struct tls_peer {
	enum tls_peer_kind kind;
	struct tls_der
		chain[TLS_PEER_MOST]; /* leaf first, the rest in the order sent; in the pool */
	size_t count;
	gnutls_x509_crt_t
		leaf; /* chain[0] parsed; NULL: no certificate, or one that does not parse */
};

/*
 * Works after a resumed handshake too: the session data has the chain. False: the library failed,
 * *peer says NONE. Close it in either case.
 */
bool tls_peer_read(struct pool *pool, gnutls_session_t session, struct tls_peer *peer);
void tls_peer_close(struct tls_peer *peer);

#endif

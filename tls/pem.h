#ifndef TLS_PEM_H
#define TLS_PEM_H
/*
 * pem - the blocks of a file of certificates and public keys (RFC 7468). Text around them is
 * ignored, as are headers in front of the base64. Inside this room only.
 */
#include "tls/der.h"
#include "util/pool.h"

enum pem {
	PEM_BLOCK,
	PEM_END, /* no more */
	PEM_BAD, /* a block that does not end, or is not base64 */
};

/* The next block of *TEXT: LABEL and DER are in the pool. *TEXT moves behind it. */
enum pem pem_next(struct pool *pool, const char **text, const char **label, struct tls_der *der);

#endif

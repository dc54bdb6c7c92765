#ifndef T_TLS_FORGE_H
#define T_TLS_FORGE_H
/* forge - keys and certificates for tests, made on the spot. */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include "util/pool.h"

struct forged {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
};

/*
 * A certificate for NAME (as CN and dNSName) with a new key of this kind (RSA 2048, ECDSA P-256,
 * EDDSA_ED25519), signed by ISSUER, or by itself if that is NULL: then it is a CA. USAGE is
 * GNUTLS_KEY_ bits, 0 for no extension.
 */
struct forged forge(const char *name, gnutls_pk_algorithm_t kind, const struct forged *issuer,
	unsigned usage);
void forge_free(struct forged *forged);

/* PEM, in the pool. */
const char *forge_key(struct pool *pool, const struct forged *forged);
const char *forge_certificate(struct pool *pool, const struct forged *forged);

/* A directory that is gone, with its files, when the process ends; files in it. */
const char *forge_directory(void);
const char *forge_file(struct pool *pool, const char *name, const char *content);

#endif

#ifndef TLS_IDENTITY_H
#define TLS_IDENTITY_H
/*
 * identity - the client's keys, each with its chain of certificates, from files. Inside this room
 * only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include "tls/engine.h"

enum { IDENTITIES_MOST = 8, IDENTITY_CHAIN_MOST = 16, IDENTITY_ID = 32 /* bytes, SHA-256 */ };

struct identity {
	gnutls_pk_algorithm_t kind;
	gnutls_privkey_t key;
	unsigned char key_id[IDENTITY_ID];
	gnutls_pcert_st chain[IDENTITY_CHAIN_MOST]; /* leaf first */
	unsigned length;
};

struct identities {
	struct identity identity[IDENTITIES_MOST]; /* one of a kind */
	size_t count;
};

/* All that is configured. False: TLS is off, and the warnings of TLS_README were logged. */
bool identities_load(struct identities *to, const struct tls_options *options);
void identities_free(struct identities *identities);

#endif

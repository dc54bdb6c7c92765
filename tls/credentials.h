#ifndef TLS_CREDENTIALS_H
#define TLS_CREDENTIALS_H
/*
 * credentials - the client's own certificates and keys (TLS_README), read before chroot and
 * read-only afterwards. Shared by all sessions. Inside this room only.
 */
#include <stdbool.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include "tls/engine.h"

struct credentials;

/*
 * RETRIEVE is what GnuTLS calls when a server asks for a certificate; it finds its session's
 * credentials by itself and may use credentials_choose(). NULL: something configured cannot be
 * used, and TLS is off; the warnings of TLS_README were logged.
 */
struct credentials *credentials_load(const struct tls_options *options,
	gnutls_certificate_retrieve_function2 *retrieve);
void credentials_free(struct credentials *credentials); /* NULL is fine */

/* For a session with certificates and, if ANONYMOUS, also for one without. */
bool credentials_set(const struct credentials *credentials, gnutls_session_t session,
	bool anonymous);

/*
 * The first identity of one of these KINDS (COUNT 0: any); *LENGTH is 0 if there is none. What it
 * points to is the credentials'.
 */
void credentials_choose(const struct credentials *credentials, const gnutls_pk_algorithm_t *kinds,
	size_t count, gnutls_pcert_st **chain, unsigned *length, gnutls_privkey_t *key);

#endif

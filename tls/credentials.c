/* credentials */
#include "tls/credentials.h"
#include <stdlib.h>
#include "tls/identity.h"
#include "util/memory.h"

struct credentials {
	gnutls_certificate_credentials_t certificates;
	gnutls_anon_client_credentials_t anonymous;
	struct identities own;
};

struct credentials *credentials_load(const struct tls_options *options,
	gnutls_certificate_retrieve_function2 *retrieve)
{
	struct credentials *credentials = MEMORY_NEW(struct credentials);

	if (gnutls_certificate_allocate_credentials(&credentials->certificates) < 0
		|| gnutls_anon_allocate_client_credentials(&credentials->anonymous) < 0
		|| !identities_load(&credentials->own, options)) {
		credentials_free(credentials);
		return NULL;
	}
	gnutls_certificate_set_retrieve_function2(credentials->certificates, retrieve);
	return credentials;
}

bool credentials_set(const struct credentials *credentials, gnutls_session_t session,
	bool anonymous)
{
	return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials->certificates) >= 0
		&& (!anonymous
			|| gnutls_credentials_set(session, GNUTLS_CRD_ANON, credentials->anonymous) >= 0);
}

/* Servers name the issuers they like; OpenSSL, and so Postfix, doesn't care. */
void credentials_choose(const struct credentials *credentials, const gnutls_pk_algorithm_t *kinds,
	size_t count, gnutls_pcert_st **chain, unsigned *length, gnutls_privkey_t *key)
{
	*length = 0;
	for (size_t i = 0; *length == 0 && i < credentials->own.count; i++) {
		const struct identity *identity = &credentials->own.identity[i];
		bool liked = count == 0;

		for (size_t j = 0; j < count; j++)
			liked |= kinds[j] == identity->kind;
		if (!liked)
			continue;
		*chain = (gnutls_pcert_st *)identity->chain;
		*length = identity->length;
		*key = identity->key;
	}
}

void credentials_free(struct credentials *credentials)
{
	if (credentials == NULL)
		return;
	identities_free(&credentials->own);
	if (credentials->certificates)
		gnutls_certificate_free_credentials(credentials->certificates);
	if (credentials->anonymous)
		gnutls_anon_free_client_credentials(credentials->anonymous);
	free(credentials);
}

/* suites - see suites.def for where it comes from. */
#include "tls/suites.h"

/* The classes of suites.def: strength and usual. */
#define CLASS_PLAIN STRENGTH_HIGH, USUAL_YES
#define CLASS_FIPS STRENGTH_HIGH | STRENGTH_FIPS, USUAL_YES
#define CLASS_EXTRA STRENGTH_HIGH, USUAL_NOT
#define CLASS_FIPS_EXTRA STRENGTH_HIGH | STRENGTH_FIPS, USUAL_NOT
#define CLASS_OPEN 0, USUAL_YES
#define CLASS_FIPS_OPEN STRENGTH_FIPS, USUAL_YES

#define SUITE(ID, NAME, SINCE, KX, AU, ENC, BITS, MAC, CLASS, \
	GNUTLS_KX, GNUTLS_CIPHER, GNUTLS_MAC) \
	{ID, NAME, SINCE_##SINCE, KX_##KX, AU_##AU, MAC_##MAC, CLASS_##CLASS, ENC_##ENC, BITS, \
		GNUTLS_KX_##GNUTLS_KX, GNUTLS_CIPHER_##GNUTLS_CIPHER, GNUTLS_MAC_##GNUTLS_MAC},
#define SUITE_13(ID, NAME, BITS, GNUTLS_CIPHER) \
	{ID, NAME, SINCE_TLS1_3, 0, 0, MAC_AEAD, CLASS_PLAIN, 0, BITS, \
		GNUTLS_KX_UNKNOWN, GNUTLS_CIPHER_##GNUTLS_CIPHER, GNUTLS_MAC_AEAD},

const struct suite suites[SUITES] = {
#include "tls/suites.def"
};

void suite_set_add(struct suite_set *set, size_t suite)
{
	set->bits[suite / 64] |= UINT64_C(1) << suite % 64;
}

bool suite_set_has(const struct suite_set *set, size_t suite)
{
	return suite < SUITES_LISTED && (set->bits[suite / 64] >> suite % 64 & 1);
}

size_t suite_negotiated(gnutls_session_t session)
{
	bool tls13 = gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3;
	gnutls_kx_algorithm_t kx = tls13 ? GNUTLS_KX_UNKNOWN : gnutls_kx_get(session);
	gnutls_cipher_algorithm_t cipher = gnutls_cipher_get(session);
	gnutls_mac_algorithm_t mac = gnutls_mac_get(session);
	size_t i = tls13 ? SUITES_LISTED : 0;

	while (i < SUITES
		&& (suites[i].gnutls_kx != kx || suites[i].gnutls_cipher != cipher
			|| suites[i].gnutls_mac != mac))
		i++;
	return i;
}

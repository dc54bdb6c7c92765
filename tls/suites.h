#ifndef TLS_SUITES_H
#define TLS_SUITES_H
/*
 * suites - the table of cipher suites: OpenSSL's names and properties, which lists are written in
 * and the log shows, beside what GnuTLS calls the same. Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <gnutls/gnutls.h>

/* What a suite is, as OpenSSL's words choose by it. Each set of bits: a suite has one of them. */
enum suite_kx { KX_RSA = 1, KX_DHE = 2, KX_ECDHE = 4 };
enum suite_au { AU_RSA = 1, AU_DSS = 2, AU_ECDSA = 4, AU_NONE = 8 };
enum suite_enc {
	ENC_AES128CBC = 1, ENC_AES256CBC = 2, ENC_AES128GCM = 4, ENC_AES256GCM = 8,
	ENC_AES128CCM = 16, ENC_AES256CCM = 32, ENC_AES128CCM8 = 64, ENC_AES256CCM8 = 128,
	ENC_CHACHA20 = 256, ENC_CAMELLIA128CBC = 512, ENC_CAMELLIA256CBC = 1024,
	ENC_ARIA128GCM = 2048, ENC_ARIA256GCM = 4096, ENC_NONE = 8192,
};
enum suite_mac { MAC_MD5 = 1, MAC_SHA1 = 2, MAC_SHA256 = 4, MAC_SHA384 = 8, MAC_AEAD = 16 };
enum suite_since { SINCE_SSL3 = 1, SINCE_TLS1 = 2, SINCE_TLS1_2 = 4, SINCE_TLS1_3 = 8 };
enum suite_strength { STRENGTH_HIGH = 1, STRENGTH_FIPS = 2 }; /* either, both, or none */
enum suite_usual { USUAL_NOT = 1, USUAL_YES = 2 };            /* in OpenSSL's default list? */

struct suite {
	uint16_t id;      /* on the wire */
	const char *name; /* OpenSSL's */
	uint8_t since, kx, au, mac, strength, usual;
	uint16_t enc;
	uint16_t bits;    /* of the key, used and nominal alike */
	gnutls_kx_algorithm_t gnutls_kx; /* UNKNOWN: not in GnuTLS; or TLS 1.3, where it is apart */
	gnutls_cipher_algorithm_t gnutls_cipher;
	gnutls_mac_algorithm_t gnutls_mac;
};

/* The suites for TLS 1.2 and older come first: lists speak of these. */
enum { SUITES_LISTED = 89, SUITES = 94 };
extern const struct suite suites[SUITES];

struct suite_set { /* of suites[0] to suites[SUITES_LISTED - 1] */
	uint64_t bits[2];
};

void suite_set_add(struct suite_set *set, size_t suite);
bool suite_set_has(const struct suite_set *set, size_t suite);

/* The index in suites[] of what a handshake ended with, or SUITES: none of ours. */
size_t suite_negotiated(gnutls_session_t session);

#endif

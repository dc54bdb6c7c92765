#ifndef TLS_DANE_H
#define TLS_DANE_H
/*
 * dane - TLSA records against certificates (RFC 6698, 7671, 7672; TLS_README), and fingerprints,
 * which are such records in disguise. Pure functions of bytes; what usage 2 demands of the chain is
 * path's matter. Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <gnutls/gnutls.h>
#include "tls/der.h"
#include "tls/expect.h"
#include "util/pool.h"

enum { /* RFC 6698 2.1 */
	DANE_TA = 2,
	DANE_EE = 3, /* usage; PKIX-TA and PKIX-EE are not for SMTP */
	DANE_CERTIFICATE = 0,
	DANE_KEY = 1, /* selector */
	DANE_FULL = 0,
	DANE_PRIVATE = 255, /* matching type */
};

struct dane_digests {                             /* by matching type */
	gnutls_digest_algorithm_t algorithm[256]; /* GNUTLS_DIG_UNKNOWN: not enabled */
	unsigned char strength[256];              /* more is stronger, RFC 7671 9 */
};

/*
 * tls_dane_digests: names, strongest first, each perhaps with "=number". Bad ones are warned about
 * and skipped.
 */
void dane_digests_read(struct dane_digests *digests, const char *text);

/*
 * Could anything match the record? Usage, selector and matching type known, the digest of the
 * right length, the full data a certificate or a key.
 */
bool dane_usable(const struct dane_digests *digests, const struct tls_tlsa *record);

/*
 * Digest agility, on usable records: of those with one usage and selector that have digests, only
 * those with the strongest stay. Keeps the order; returns how many are left.
 */
size_t dane_strongest(const struct dane_digests *digests, const struct tls_tlsa **records,
	size_t count);

/*
 * Does the record, whatever its usage, match this certificate, as sent, or its key (either may be
 * empty: it is not there, and matches nothing)?
 */
bool dane_matches(const struct dane_digests *digests, const struct tls_tlsa *record,
	struct tls_der certificate, struct tls_der key);

/* "3 1 1 AB01..."; of more than 64 bytes the first and last 32. */
const char *dane_text(struct pool *pool, const struct tls_tlsa *record);

#endif

#ifndef TLS_TRUST_H
#define TLS_TRUST_H
/*
 * trust - what verify trusts: the certificates of CAfile and CApath, tafiles, the digests that
 * count, and what is remembered of chains. What others in the room call is in verify.h. Inside this
 * room only.
 */
#include <stddef.h>
#include "tls/anchors.h"
#include "tls/dane.h"
#include "tls/tafile.h"
#include "tls/verify.h"
#include "util/cache.h"

/* Self-signed ones end a chain; the others only help to complete it (no partial chains). */
const struct anchors *trust_roots(const struct tls_trust *trust);
const struct anchors *trust_helpers(const struct tls_trust *trust);

/* As tafiles_read(). */
const struct anchors *trust_set(struct tls_trust *trust, const char *const *files, size_t count);

const struct dane_digests *trust_dane_digests(const struct tls_trust *trust);

/* Matching type DANE_PRIVATE is smtp_tls_fingerprint_digest, and there is no other. */
const struct dane_digests *trust_fingerprint_digest(const struct tls_trust *trust);

/* What GnuTLS said of paths, by a digest of all that went into the question. */
struct cache *trust_statuses(const struct tls_trust *trust);

#endif

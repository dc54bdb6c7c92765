#ifndef TLS_PRIORITY_H
#define TLS_PRIORITY_H
/*
 * priority - protocols, a cipher grade and exclusions to what GnuTLS will offer (TLS_README,
 * GnuTLS manual). A GnuTLS priority string is a product of algorithms, an OpenSSL list a sequence of
 * suites: we offer the smallest product that holds the list, and afterwards ask priority_allows().
 * Each distinct wish is worked out once; the result is immutable, counted, and shared by all
 * threads. Inside this room only.
 */
#include <stdbool.h>
#include <gnutls/gnutls.h>
#include "tls/engine.h"
#include "tls/expect.h"
#include "tls/suites.h"

struct priorities; /* the groups, and what was worked out */

struct priority_wish {
	const struct tls_expect *expect; /* protocols, grade, exclude, level for what is built in */
	bool must_match; /* no TLS 1.0, 1.1 and SHA-1: OpenSSL's security level 1, not 0 */
	bool raw_keys;   /* offer RFC 7250 */
	bool lenient;    /* let a certificate's key usage be what it is (GnuTLS manual) */
	bool unsafe;     /* a server without secure renegotiation (RFC 5746) will do, too */
	bool old;        /* not TLS 1.3: for a ticket of TLS 1.2, or after TLS_RECONNECT_OLD */
};

struct priority {
	gnutls_priority_t offer;
	const char *text; /* GnuTLS's words for it */
	const char *list; /* OpenSSL's, with the exclusions */
	struct suite_set allowed; /* up to TLS 1.2 */
	bool with_13;     /* TLS 1.3 is offered */
	bool anonymous;   /* suites without a certificate are offered */
};

/* Warns when none of the configured groups is supported, and uses the usual ones. */
struct priorities *priorities_new(const struct tls_options *options);
void priorities_free(struct priorities *priorities);

/*
 * NULL: the settings cannot be used, which is a failed handshake (TLS_README); SERVER's
 * warning was logged. Give it back.
 */
const struct priority *priority_find(struct priorities *priorities,
	const struct priority_wish *wish, const char *server);
void priority_done(const struct priority *priority); /* NULL is fine */

/* May a handshake end with this suite (its index in suites[])? */
bool priority_allows(const struct priority *priority, size_t suite);

/* It may not: was it offered only because TLS 1.3 has a cipher of the same name (GnuTLS manual)? */
bool priority_only_for_13(const struct priority *priority, size_t suite);

#endif

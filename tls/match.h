#ifndef TLS_MATCH_H
#define TLS_MATCH_H
/*
 * match - names in a certificate against acceptable names, as Postfix does it (TLS_README).
 * Libraries' host name checks differ. Pure functions of bytes. Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tls/der.h"
#include "tls/expect.h"

enum match_kind {
	MATCH_DNS,     /* subjectAltName dNSName */
	MATCH_ADDRESS, /* subjectAltName iPAddress: 4 or 16 bytes */
	MATCH_COMMON,  /* commonName of the subject, in UTF-8 */
};

struct match_name { /* one name in a certificate; may hold any bytes, NULs too */
	enum match_kind kind;
	struct tls_der bytes;
};

/*
 * Does dNSName or commonName NAME satisfy REFERENCE, a lower-case host name in A-labels or, with a
 * dot in front, the domain it must be below? "*" is one whole left-most label above two others;
 * with MANY_LABELS (tls_wildcard_matches_multiple_labels, effective in Postfix 3.5 only) one or
 * more. Neither a NUL nor a trailing dot is overlooked.
 */
bool match_host(const char *reference, struct tls_der name, bool many_labels);

/* Does iPAddress BYTES equal the numeric address REFERENCE? */
bool match_address(const char *reference, struct tls_der bytes);

struct match_rules {
	bool many_labels; /* as above */
	bool addresses;   /* address literals match iPAddress names; in 3.5 they match nothing */
};

enum match_is {
	MATCH_OK,
	MATCH_NO_HOST,    /* "hostname mismatch" */
	MATCH_NO_ADDRESS, /* "IP address mismatch" */
};

struct match {
	enum match_is is;
	const struct tls_name *name; /* MATCH_OK: what matched */
	const struct match_name *by; /* the certificate's name it matched */
};

/*
 * One of the acceptable host names must match, dNSNames first; commonNames count only if there is
 * no dNSName. If there is an address among the acceptable names, it must match as well: so does
 * OpenSSL combine them. Only the first address counts. No acceptable name at all: MATCH_NO_HOST.
 */
struct match match_names(const struct tls_name *acceptable, size_t count,
	const struct match_name *names, size_t name_count, struct match_rules rules);

#endif

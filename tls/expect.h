#ifndef TLS_EXPECT_H
#define TLS_EXPECT_H
/*
 * expect - what the peer must prove and how we talk to it, as a value (TLS_README). Const
 * once decided. Never weakened in place: decide again.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "util/pool.h"

enum tls_level { /* Postfix's order: strength is compared with < and > */
	TLS_LEVEL_INVALID = -2,
	TLS_LEVEL_NOT_FOUND = -1,
	TLS_LEVEL_NONE,
	TLS_LEVEL_MAY,
	TLS_LEVEL_ENCRYPT,
	TLS_LEVEL_FINGERPRINT,
	TLS_LEVEL_HALF_DANE, /* never configured, only computed */
	TLS_LEVEL_DANE,
	TLS_LEVEL_DANE_ONLY,
	TLS_LEVEL_VERIFY,
	TLS_LEVEL_SECURE,
};

/* The word as configured and logged, any letter case on the way in. */
enum tls_level tls_level_parse(const char *word); /* INVALID: no such word (half-dane too) */
const char *tls_level_name(enum tls_level level); /* "unknown" for those below none */
bool tls_level_required(enum tls_level level);   /* TLS must be had: above may */
bool tls_level_must_match(enum tls_level level); /* the certificate must match: above encrypt */

struct tls_name {         /* one acceptable name */
	const char *name;     /* lower-case A-labels; a leading dot: any subdomain; or an IP address */
	const char *rule;     /* why it is acceptable: "nexthop", "dot-nexthop", "hostname", "match" */
	bool vouched;         /* a host name that DNSSEC vouched for (for the log) */
};

struct tls_tlsa {         /* RFC 6698 2.1 */
	uint8_t usage, selector, matching;
	const uint8_t *data;
	size_t length;
};

struct tls_expect {
	enum tls_level level;
	const struct tls_name *names;  /* verify, secure; dane with usage 2 */
	size_t name_count;
	const char *const *fingerprints; /* as written, validated: hex with or without colons */
	size_t fingerprint_count;
	const struct tls_tlsa *tlsa;
	size_t tlsa_count;
	const char *tlsa_owner;   /* "_25._tcp.mx.example": the records' name, for the log; NULL: unknown */
	const char *const *anchor_files; /* tafile: replaces CAfile and CApath */
	size_t anchor_file_count;
	const char *protocols;  /* list as configured (TLS_README) */
	const char *grade;      /* high, medium, low, export, null */
	const char *exclude;    /* list of exclusions, built-in words (eNULL, aNULL) not included */
	const char *sni;        /* "" none; A-labels */
	bool raw_keys;          /* enable_rpk, 3.9: at may, encrypt, fingerprint (TLS_README) */
	const char *policy_failure; /* 3.10: "sts-webpki-invalid", ...: verification fails; or NULL */
	const char *why_not;    /* what else would have been acceptable, and why it is not:
	                           "mx1.provider.example would match, but the MX record of
	                           customer.example is not signed"; "" nothing */
};

#endif

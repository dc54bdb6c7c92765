#ifndef TLS_CERTIFICATE_H
#define TLS_CERTIFICATE_H
/*
 * certificate - one certificate: its bytes, GnuTLS's view of it, and the questions that Postfix,
 * by way of OpenSSL, asks of it (TLS_README). Read-only once open, so threads may share it. Inside
 * this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include "tls/der.h"
#include "tls/match.h"
#include "util/pool.h"

enum { CERTIFICATE_COMMON_MOST = 16 }; /* commonNames that are looked at */

/* What it says of its issuer beside the name (RFC 5280 4.2.1.1); empty: nothing. */
struct certificate_issuer {
	struct tls_der key_id, serial;
	struct tls_der name; /* of the issuer's issuer, whole */
};

struct certificate {
	struct tls_der der; /* as sent or read; somebody else's */
	struct der_certificate parts;
	gnutls_x509_crt_t crt;
	time_t from, until;    /* validity, the end not included; -1: not a date of RFC 5280 */
	struct tls_der own_id; /* key identifier; empty: none */
	struct certificate_issuer issuer;
	bool broken; /* an extension that it depends on cannot be read: it proves nothing */
};

/* The same bytes, as GnuTLS has them. */
gnutls_datum_t certificate_datum(struct tls_der der);

/* A SubjectPublicKeyInfo, for the caller to deinit; NULL: GnuTLS cannot read it. */
gnutls_pubkey_t certificate_key(struct tls_der key);

/* Parses DER, which must stay where it is. False: no certificate; nothing to close. */
bool certificate_open(struct certificate *certificate, struct tls_der der);
void certificate_close(struct certificate *certificate);

bool certificate_valid(const struct certificate *certificate, time_t now);

/* Are subject and issuer the same name? */
bool certificate_self_issued(const struct certificate *certificate);

/*
 * Could ISSUER have issued it, by names, key identifiers and serial number? The signature is not
 * looked at. A broken one neither issues nor is issued, as with OpenSSL.
 */
bool certificate_could_be_from(const struct certificate *certificate,
	const struct certificate *issuer);

/* May it issue others? RFC 5280 4.2.1.3 and .9; a self-issued one of version 1 may. */
bool certificate_is_ca(const struct certificate *certificate);

/* pathLenConstraint; -1: none. */
int certificate_path_length(const struct certificate *certificate);

/*
 * Is it meant for servers, or for issuing such? Extended key usage, if any, must name them (any
 * purpose is not enough, as in OpenSSL); a leaf's key usage must allow TLS. With names that cannot
 * be read it is fit for nothing.
 */
bool certificate_for_servers(const struct certificate *certificate, bool leaf);

/* Less than 80 bits of security, which OpenSSL refuses at its level 1. */
bool certificate_has_weak_key(const struct certificate *certificate);

/*
 * The same of a SubjectPublicKeyInfo, and of one that cannot be read; *BITS is how long it is, 0 if
 * nobody knows.
 */
bool certificate_is_weak_key(struct tls_der key, unsigned *bits);

/* Has it a critical extension that nobody here understands? */
bool certificate_has_unknown(const struct certificate *certificate);

/* Issued by somebody who is no authority, for himself (RFC 3820): never accepted. */
bool certificate_is_proxy(const struct certificate *certificate);

/* Claims addresses or systems of the internet's (RFC 3779), which we hold against nothing. */
bool certificate_has_resources(const struct certificate *certificate);

/*
 * All dNSName, iPAddress and commonName entries in order; *NAMES is in the pool. When the
 * subjectAltName cannot be read, there is a dNSName that matches nothing: commonName must not
 * count.
 */
size_t certificate_names(const struct certificate *certificate, struct pool *pool,
	struct match_name **names);

#endif

#ifndef TLS_EXTENSIONS_H
#define TLS_EXTENSIONS_H
/*
 * extensions - are those that a verdict rests on of the form that RFC 5280 4.2.1 gives them? What
 * they say is asked elsewhere. Inside this room only.
 */
#include <stdbool.h>
#include "tls/der.h"

/*
 * Key identifiers, key usage, alternative names, basic constraints, name constraints, extended key
 * usage, CRL distribution points: each is absent, or there once and readable to its end. OpenSSL
 * trusts no certificate, as leaf or as issuer, where it is otherwise; GnuTLS takes some of them for
 * absent.
 */
bool extensions_readable(const struct der_certificate *parts);

#endif

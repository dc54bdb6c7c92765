#ifndef TLS_EXCLUDED_H
#define TLS_EXCLUDED_H
/*
 * excluded - the excluded dNSName subtrees of name constraints (RFC 5280 4.2.1.10), letter case
 * ignored. GnuTLS checks constraints, but releases before the fix that Debian has as 3.7.9-2+deb12u7
 * compare them byte by byte, so that excluding "A.TEST" lets "mx.a.test" pass. Inside this room
 * only.
 */
#include <stdbool.h>
#include "tls/certificate.h"

/* Does AUTHORITY exclude a dNSName of LEAF or, if there is none, its commonName? */
bool excluded_by(const struct certificate *authority, const struct certificate *leaf);

#endif

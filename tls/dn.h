#ifndef TLS_DN_H
#define TLS_DN_H
/*
 * dn - distinguished names (RFC 5280 4.1.2.4) as text. All functions take a Name as DER, whole.
 * Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include "tls/der.h"
#include "util/pool.h"

enum { DN_LINE_MOST = 255 }; /* bytes of a line */

enum dn_type { DN_COMMON_NAME, DN_ORGANIZATION };

/*
 * The one-line form that OpenSSL made known: "/C=XX/O=Rogue+OU=a/CN=Rogue Root". Bytes that are not
 * printable ASCII are \xHH, and "/" and "+" in a value have a backslash in front. It ends before
 * the first component that would exceed DN_LINE_MOST.
 */
const char *dn_line(struct pool *pool, struct tls_der name);

/*
 * The values of the first attributes of TYPE, at most MOST, in UTF-8; returns how many. They may
 * hold NULs. A value that is not in a known string type, or not well-formed, is empty.
 */
size_t dn_values(struct pool *pool, struct tls_der name, enum dn_type type, struct tls_der *values,
	size_t most);

/* All values of emailAddress; of one that is no IA5String (RFC 5280 4.1.2.6) data is NULL. */
size_t dn_mailboxes(struct pool *pool, struct tls_der name, struct tls_der **values);

/* Are all its strings well-formed? OpenSSL trusts no certificate where they are not. */
bool dn_readable(struct tls_der name);

#endif

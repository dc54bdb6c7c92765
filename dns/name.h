#ifndef DNS_NAME_H
#define DNS_NAME_H
/* name - domain names as text: syntax (dns.md 1.4), comparison, IDNA (UTS 46 non-transitional). */
#include <stdbool.h>
#include <stddef.h>
#include "util/pool.h"

/* Postfix's host name check. False: *reason is its word for it ("misplaced hyphen", ...). */
bool name_is_host(const char *name, const char **reason);
bool name_same(const char *a, const char *b);       /* ASCII case, one final dot ignored */
/* Lower case, without a final dot, in POOL. */
const char *name_plain(struct pool *pool, const char *name);
/* A-labels; the name itself when it is ASCII; NULL when it can't be converted. */
const char *name_to_ascii(struct pool *pool, const char *name);
/* U-labels; the name itself when it has none or they are invalid. */
const char *name_to_utf8(struct pool *pool, const char *name);

#endif

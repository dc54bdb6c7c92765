#ifndef DNS_NAME_H
#define DNS_NAME_H
/* name - domain names as text: syntax, comparison, IDNA (UTS 46 non-transitional). */
#include <stdbool.h>
#include <stddef.h>
#include "util/pool.h"

enum { NAME_MOST = 255, NAME_LABEL_MOST = 63 }; /* bytes of text, as Postfix counts them */

/* Postfix's host name check. False: *reason is its word for it ("misplaced hyphen", ...). */
bool name_is_host(const char *name, const char **reason);
/* The same, but the first label may be "*": names of queries and of what answers contain. */
bool name_is_owner(const char *name, const char **reason);
/* What Postfix warns of a name that is no owner name: "misplaced hyphen: -mx.example". */
const char *name_complaint(struct pool *pool, const char *name);

bool name_same(const char *a, const char *b); /* ASCII case, one final dot ignored */
/* Without a final dot, in POOL. The root is "". */
const char *name_bare(struct pool *pool, const char *name);
/* The same in lower case. */
const char *name_plain(struct pool *pool, const char *name);
/*
 * A-labels; the name itself when it is ASCII; NULL when it can't be converted. IDNA_2003: by its
 * transitional rules (enable_idna2003_compatibility).
 */
const char *name_to_ascii(struct pool *pool, const char *name, bool idna_2003);
/* U-labels; the name itself when it has none or they are invalid. */
const char *name_to_utf8(struct pool *pool, const char *name);

#endif

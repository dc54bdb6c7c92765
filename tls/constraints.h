#ifndef TLS_CONSTRAINTS_H
#define TLS_CONSTRAINTS_H
/*
 * constraints - the names that authorities may vouch for (RFC 5280 4.2.1.10), held against all
 * below. GnuTLS looks at them too, but some of its versions compare letters as they are written,
 * lose what two authorities leave nothing of, or take minutes for many; and none looks at directory
 * names, or at authorities' names. What either refuses is refused. Inside this room only.
 */
#include "tls/certificate.h"
#include "tls/problem.h"

enum {
	CONSTRAINTS_MOST = 1024,           /* subtrees in all authorities of a path */
	CONSTRAINTS_COMPARISONS = 1 << 20, /* of these with all names of the path */
};

/*
 * The leaf is PATH[0], its authorities are above it, the anchor included. Self-issued authorities
 * are held against nothing. PROBLEM_NONE, or of the lowest certificate where one is met:
 * PROBLEM_NOT_PERMITTED, PROBLEM_EXCLUDED, or PROBLEM_LIMITED_NAME or PROBLEM_LIMIT_KIND where that
 * cannot be told. PROBLEM_CONSTRAINTS: they cannot be read, or are too many to be looked at, by
 * anybody.
 */
struct finding constraints_check(const struct certificate *const *path, size_t count);

/* Does it permit only some names below it? */
bool constraints_permit(const struct certificate *authority);

#endif

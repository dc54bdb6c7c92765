#ifndef TLS_PATH_H
#define TLS_PATH_H
/*
 * path - from a leaf to an anchor (RFC 5280 6; GnuTLS manual). We choose the certificates,
 * since libraries take the list as sent; GnuTLS checks signatures and name constraints along the
 * one path, with its anchor as the only trusted certificate; what depends on time, on Postfix's
 * rules, or must be told by depth, is checked here. All is bounded, whatever the peer sends. Inside
 * this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include "tls/certificate.h"
#include "tls/peer.h"
#include "tls/problem.h"
#include "util/cache.h"

enum {
	PATH_MOST = 24,        /* certificates in a path */
	PATH_TRIES_MOST = 32,  /* complete paths that are checked */
	PATH_STEPS_MOST = 500, /* certificates that are appended in search of them */
};

struct path_from {
	const struct certificate *sent; /* leaf first */
	size_t sent_count;
	const bool *sent_anchor; /* which of those are anchors themselves; NULL: none */
	const struct certificate *anchors, *helpers;
	size_t anchor_count, helper_count;
	const struct tls_der *keys; /* bare keys that are anchors */
	size_t key_count;
	bool pinned;    /* by TLSA or tafile: the anchor's dates do not matter, and without one
			   there is "no matching DANE TLSA records" */
	bool weak;      /* MD5 and SHA-1 signatures will do: below the levels that must match */
	int depth_most; /* intermediates */
	time_t now;
	struct cache *statuses; /* what GnuTLS said before; NULL: not remembered */
};

struct path {
	const struct certificate *certificates[PATH_MOST]; /* leaf first */
	size_t count;
	bool anchored;             /* the last one is an anchor, or is signed by one of the keys */
	const struct tls_der *key; /* that key, or NULL */
	struct finding finding;    /* PROBLEM_NONE: all is well */
};

/*
 * The best path there is: a good one; else the first that is complete; else the first dead end.
 * An anchor that is in time is preferred to one that is not.
 */
void path_find(const struct path_from *from, struct path *best);

#endif

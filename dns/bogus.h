#ifndef DNS_BOGUS_H
#define DNS_BOGUS_H
/* bogus - libunbound's why_bogus, for people and for deciding what is wrong. */
#include <stdbool.h>
#include "util/pool.h"

enum bogus_cause { /* of an answer about the root, which says what is wrong with everything */
	BOGUS_OTHER,
	BOGUS_STRIPPED, /* the resolver loses DNSSEC records */
	BOGUS_ANCHOR,   /* the trust anchors do not fit */
	BOGUS_CLOCK,    /* this machine's clock, or the root's signatures, are out of date */
};

/*
 * The reason in a few words: "signature expired, zone expired.test". Where a parent proves that
 * there is no such zone, which is what names look like that only a local resolver knows, it names
 * the parameter that helps. Printable.
 */
const char *bogus_reason(struct pool *pool, const char *why_bogus);
enum bogus_cause bogus_cause(const char *why_bogus);

#endif

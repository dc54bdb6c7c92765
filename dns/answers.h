#ifndef DNS_ANSWERS_H
#define DNS_ANSWERS_H
/*
 * answers - the small answer cache in front of the resolvers, with single flight: many deliveries
 * to one domain ask once (design.md 5). Bounded by TTL and count; keyed by question and mode.
 * Failures are kept for a second at most, so that those who wait share them.
 */
#include "dns/resolver.h"

struct answers;

/* VALIDATED may have a NULL ask (no validation built or wanted): DNS_VALIDATED then answers
   DNS_TRY_AGAIN with a reason. */
struct answers *answers_new(struct resolver plain, struct resolver validated, size_t most);
struct resolver answers_resolver(struct answers *answers);
/* Questions that went upstream so far, for statistics and tests. */
unsigned long answers_asked(const struct answers *answers);
void answers_free(struct answers *answers);

#endif

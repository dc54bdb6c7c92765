#ifndef DNS_ANSWERS_H
#define DNS_ANSWERS_H
/*
 * answers - the small answer cache in front of the resolvers, with single flight: many deliveries
 * to one domain ask once. Keyed by question and mode, case ignored. An answer holds
 * for its TTL, at most 300 s (TLSA 100 s, as in Postfix; "not there" 60 s: an administrator who
 * repairs a zone expects it to count); a failure for a second, so that those who come just after it
 * share it. One with TTL 0 is for those who waited for it.
 */
#include "dns/resolver.h"

struct answers;

/*
 * At most MOST answers. VALIDATED may have a NULL ask (no validation wanted): all but DNS_PLAIN
 * then answers DNS_TRY_AGAIN with a reason.
 */
struct answers *answers_new(struct resolver plain, struct resolver validated, size_t most);
struct resolver answers_resolver(struct answers *answers);
/* Questions that went upstream so far, for statistics and tests. */
unsigned long answers_asked(const struct answers *answers);
/* When nobody asks any more. NULL is fine. */
void answers_free(struct answers *answers);

#endif

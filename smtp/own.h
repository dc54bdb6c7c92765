#ifndef SMTP_OWN_H
#define SMTP_OWN_H
/*
 * own - the addresses of this host: those of inet_interfaces, known at start, and those of
 * proxy_interfaces, looked up when an address is first compared with them. So a name that isn't
 * known, or DNS that is down at boot, stops no mail that needs none of them.
 */
#include "postfix/match.h"
#include "smtp/agent.h"

/* Is FAMILY one of inet_protocols? */
bool own_family(const struct agent *agent, int family);

/* HOST's addresses ("[address]", too) that are of families in inet_protocols; NULL: none. */
const struct addr *own_lookup(const struct agent *agent, struct pool *pool, const char *host,
	size_t *count);

struct proxies *proxies_new(void);
void proxies_free(struct proxies *proxies);

/* Any thread. MATCH_ERROR: a host of proxy_interfaces can't be found, which is logged. */
enum match_answer own_has(const struct agent *agent, const struct addr *addr);

#endif

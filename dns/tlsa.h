#ifndef DNS_TLSA_H
#define DNS_TLSA_H
/* tlsa - the TLSA set of a server and its base domain (RFC 7672 2.2; tls.md 8.3). */
#include "dns/lookup.h"
#include "dns/rr.h"

struct tlsa_set {
	enum lookup_status status; /* OK: secure records; NOT_FOUND: none (or not secure); else failed */
	const char *base;          /* TLSA base domain */
	const char *text;          /* when it failed */
	struct rr_tlsa *records;
	size_t count;
};

/* HOST's addresses have been looked up (validated) as ADDRS says. */
void lookup_tlsa(const struct resolver *resolver, struct pool *pool, const struct lookup_options *options,
	const char *host, const struct lookup_addrs *addrs, unsigned port, struct tlsa_set *set);

#endif

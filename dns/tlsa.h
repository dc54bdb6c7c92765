#ifndef DNS_TLSA_H
#define DNS_TLSA_H
/* tlsa - the TLSA set of a server and its base domain (RFC 7672 2.2; TLS_README). */
#include "dns/lookup.h"
#include "dns/rr.h"

struct tlsa_set {
	enum lookup_status
		status;     /* OK: secure records; NOT_FOUND: none (or not secure); else failed */
	const char *base;   /* TLSA base domain; when none was asked, the host */
	const char *query;  /* "_25._tcp.mx.example"; "" when none was asked */
	const char *text;   /* when it failed: Postfix's text, for a warning */
	const char *reason; /* when it failed: "DNSSEC: signature expired", "no answer within
			       30 s", or ""; NOT_FOUND: "_25._tcp.mx.example has none", "those of
			       _25._tcp.mx.example are not signed"; for the text of a refusal */
	bool alias_failed;  /* it failed at the alias's security, not at the TLSA question:
			       Postfix warns with other words */
	struct rr_tlsa *records; /* as they are: which are usable is for tls to say */
	size_t count;
};

/*
 * HOST's addresses have been looked up (validated) as ADDRS says. Asks at the canonical name if
 * they are secure, then, with nothing there, at HOST; at HOST alone if only its alias is secure;
 * not at all if neither is.
 */
void lookup_tlsa(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *host, const struct lookup_addrs *addrs,
	unsigned port, struct tlsa_set *set);

#endif

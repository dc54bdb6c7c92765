#ifndef DNS_LOOKUP_H
#define DNS_LOOKUP_H
/*
 * lookup - sets that mail needs: the MX or SRV hosts of a domain, the addresses of a host; with the
 * outcome as Postfix judges it (dns.md 1.4 to 1.6, 1.11) and the security carried along.
 */
#include <stdbool.h>
#include <stddef.h>
#include "dns/resolver.h"
#include "util/addr.h"

enum lookup_status { /* dns.md 1.11; a higher one wins over a lower one (1.6) */
	LOOKUP_NOT_FOUND,
	LOOKUP_NULL_MX,
	LOOKUP_FAIL,     /* non-recoverable */
	LOOKUP_INVALID,  /* malformed */
	LOOKUP_RETRY,    /* temporary; bogus answers too */
	LOOKUP_POLICY,   /* dropped by the reply filter */
	LOOKUP_OK,
};

struct lookup_options {
	bool idna;            /* convert non-ASCII names (smtputf8) */
	int version;          /* Postfix's, POSTFIX() */
	/*
	 * The reply filter (smtp_dns_reply_filter): asked for each record as text. Returns 1 keep,
	 * 0 drop, -1 error: RETRY with "Invalid DNS reply filter syntax". NULL: no filter.
	 */
	int (*filter)(void *context, const char *record);
	void *filter_context;
};

struct lookup_host {      /* one MX or SRV target */
	const char *host;     /* lower case, no final dot; may be numeric */
	unsigned preference;  /* MX preference, SRV priority */
	unsigned weight, port; /* SRV only */
};

struct lookup_set {
	enum lookup_status status;
	enum dns_security security; /* of the whole answer: aliases and the set */
	bool bogus;           /* RETRY because validation failed; never to be treated as insecure */
	const char *text;     /* Postfix's text when not OK, with a DNSSEC reason in parentheses */
	const char *insecure_link; /* INSECURE: what was not signed, for people:
	                         "the MX record of customer.example is not signed" */
	const char *name;     /* owner of the records after aliases */
	struct lookup_host *hosts; /* sorted by preference (MX), by RFC 2782 (SRV) */
	size_t count;
};

struct lookup_addrs {
	enum lookup_status status;
	enum dns_security security; /* SECURE only if all used answers are */
	bool alias_secure;    /* the name asked is an alias, and that alias is secure (RFC 7672 2.2.2) */
	const char *text;     /* when not OK */
	const char *canonical; /* after aliases */
	struct addr *addrs;   /* in question order: A then AAAA, or as FAMILIES says; port 0 */
	size_t count;
};

/* MX of DOMAIN. NOT_FOUND: try the domain as a host. */
void lookup_mx(const struct resolver *resolver, struct pool *pool, const struct lookup_options *options,
	const char *domain, enum dns_mode mode, struct lookup_set *set);

/* SRV of _SERVICE._tcp.DOMAIN (3.8+). */
void lookup_srv(const struct resolver *resolver, struct pool *pool, const struct lookup_options *options,
	const char *service, const char *domain, enum dns_mode mode, struct lookup_set *set);

/* Addresses of HOST. FAMILIES in the order to ask: AF_INET, AF_INET6; COUNT of them. */
void lookup_host(const struct resolver *resolver, struct pool *pool, const struct lookup_options *options,
	const char *host, const int *families, size_t count, enum dns_mode mode,
	struct lookup_addrs *addrs);

/*
 * The addresses of COUNT hosts, asked side by side; results[i] belongs to hosts[i]. For validated
 * or plain lookups alike (dns.md 4.3).
 */
void lookup_hosts(const struct resolver *resolver, struct pool *pool, const struct lookup_options *options,
	const char *const *hosts, size_t host_count, const int *families, size_t count,
	enum dns_mode mode, struct lookup_addrs *results);

#endif

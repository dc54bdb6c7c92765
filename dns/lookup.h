#ifndef DNS_LOOKUP_H
#define DNS_LOOKUP_H
/*
 * lookup - sets that mail needs: the MX or SRV hosts of a domain, the addresses of a host; with the
 * outcome as Postfix judges it and the security carried along. All
 * results are in POOL. Odd records are warned of as in Postfix; more than 100 of an answer are
 * dropped, as in every maintained Postfix since February 2024.
 */
#include <stdbool.h>
#include <stddef.h>
#include "dns/resolver.h"
#include "util/addr.h"

enum lookup_status { /* A higher one wins over a lower one */
	LOOKUP_NOT_FOUND,
	LOOKUP_NULL_MX,
	LOOKUP_FAIL,    /* non-recoverable */
	LOOKUP_INVALID, /* malformed */
	LOOKUP_RETRY,   /* temporary; bogus answers too */
	LOOKUP_POLICY,  /* dropped by the reply filter */
	LOOKUP_OK,
};

struct lookup_options {
	bool idna;               /* convert non-ASCII names (smtputf8) */
	bool idna_2003;          /* by the transitional rules (enable_idna2003_compatibility) */
	bool insecure_host_tlsa; /* TLSA even where the addresses are not secure */
	/*
	 * The reply filter: asked for each record as text (rr_text). Returns 1 keep, 0 drop, -1
	 * error, which it has logged: RETRY with "Invalid DNS reply filter syntax". NULL: no
	 * filter.
	 */
	int (*filter)(void *context, const char *record);
	void *filter_context;
};

struct lookup_host {           /* one MX or SRV target */
	const char *host;      /* as the record has it, no final dot; may be numeric */
	unsigned preference;   /* MX preference, SRV priority */
	unsigned weight, port; /* SRV only */
};

struct lookup_set {
	enum lookup_status status;
	enum dns_security security; /* of the whole answer: aliases and the set */
	bool bogus;       /* RETRY because validation failed; never to be treated as insecure */
	const char *text; /* Postfix's text when not OK, with a DNSSEC reason in parentheses */
	const char *insecure_link; /* OK and INSECURE: what was not signed, for people: "the MX
				 record of customer.example is not signed", "the alias
				 customer.example -> mail.example is not signed", "... was looked up
				 without DNSSEC"; else "" */
	const char *query;         /* the name asked, A-labels: DOMAIN, or _SERVICE._tcp.DOMAIN */
	const char *name;          /* owner of the records after aliases */
	struct lookup_host *hosts; /* sorted by preference (MX), by RFC 2782 (SRV) */
	size_t count;
};

struct lookup_addrs {
	enum lookup_status status;
	enum dns_security security; /* SECURE only if all used answers are */
	bool bogus;                 /* RETRY because validation failed */
	/*
	 * The name asked is an alias, and that alias is secure (RFC 7672 2.2.2). Asked, by a CNAME
	 * question, of validated addresses that are INSECURE. If that fails, alias_problem says why
	 * (a text as below), else it is "".
	 */
	bool alias_secure;
	const char *alias_problem;
	const char *text;      /* when not OK; else "" */
	const char *host;      /* the name asked, A-labels, no final dot */
	const char *canonical; /* after aliases */
	struct addr *addrs;    /* in question order: A then AAAA, or as FAMILIES says; port 0 */
	size_t count;
};

/* MX of DOMAIN. NOT_FOUND: try the domain as a host. */
void lookup_mx(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *domain, enum dns_mode mode,
	struct lookup_set *set);

/*
 * SRV of _SERVICE._tcp.DOMAIN (3.8+). A target "." is NULL_MX here, with the text for SRV. Hosts of
 * one priority are in the order of a new weighted draw each time.
 */
void lookup_srv(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *service, const char *domain,
	enum dns_mode mode, struct lookup_set *set);

struct lookup_texts {
	enum lookup_status status;
	const char *text;   /* when not OK: Postfix's; else "" */
	const char **items; /* a TXT record each, its strings joined */
	size_t count;
};

/* TXT of PREFIX.DOMAIN ("_smtp._tls"). */
void lookup_txt(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *prefix, const char *domain,
	enum dns_mode mode, struct lookup_texts *texts);

/* Addresses of HOST. FAMILIES in the order to ask: AF_INET, AF_INET6; COUNT of them. */
void lookup_host(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *host, const int *families, size_t count,
	enum dns_mode mode, struct lookup_addrs *addrs);

/*
 * The addresses of HOST_COUNT hosts, each as above; results[i] belongs to hosts[i]. Validated
 * questions are asked side by side, plain ones in Postfix's order.
 */
void lookup_hosts(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *const *hosts, size_t host_count,
	const int *families, size_t count, enum dns_mode mode, struct lookup_addrs *results);

#endif

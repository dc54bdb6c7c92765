#ifndef DNS_UNBOUND_H
#define DNS_UNBOUND_H
/*
 * unbound - libunbound behind the resolver interface: one asynchronous context for each nameserver
 * in use, one pump thread, waiting deliveries with a deadline each (dns.md 2, 4). AD bits are never
 * trusted.
 */
#include <stdbool.h>
#include "dns/resolver.h"

enum dns_upstream { DNS_UPSTREAM_AUTO, DNS_UPSTREAM_FORWARD, DNS_UPSTREAM_RECURSION };

struct unbound_options {
	enum dns_upstream upstream;   /* safemx_dns_mode */
	const char *anchor_file;      /* read by unbound_new(), before chroot */
	const char *exceptions;       /* domains without DNSSEC, list */
	const char *probe;            /* dnssec_probe "ns:."; "" switches it off */
	bool ipv6;                    /* inet_protocols has it */
	int seconds;                  /* deadline of each lookup; 0: 30 */
	const char *resolv_conf;      /* NULL: /etc/resolv.conf; read after chroot, watched */
};

struct unbound;

/* Reads the anchors. NULL: *error (in POOL) names the culprit. No thread is started yet. */
struct unbound *unbound_new(struct pool *pool, const struct unbound_options *options,
	const char **error);

/* resolver.ask with DNS_VALIDATED; the first call starts the pump. */
struct resolver unbound_resolver(struct unbound *unbound);

/*
 * Can answers be validated here? Probes the root at the first call; what it finds is logged once,
 * in plain words. False: nothing is vouched for, and *reason (constant or long-lived) says why.
 */
bool unbound_validates(struct unbound *unbound, const char **reason);

void unbound_free(struct unbound *unbound);

#endif

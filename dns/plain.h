#ifndef DNS_PLAIN_H
#define DNS_PLAIN_H
/*
 * plain - libc's thread-safe resolver calls behind the resolver interface: Postfix's order, times
 * and reload. Each question has a resolver state of its own, which costs 4
 * microseconds, and none is left in a thread that ends. Aliases are followed, up to ten questions.
 * Never secure, whatever mode is asked for; but other modes than DNS_PLAIN ask for signatures (DO), as
 * Postfix does for DANE, and tell in `claimed` what the nameserver says of itself.
 */
#include <stdbool.h>
#include "dns/resolver.h"
#include "util/addr.h"

struct plain_options {
	bool defnames, search;     /* smtp_dns_resolver_options; for address questions only */
	const struct addr *server; /* asked instead of resolv.conf's, IPv4; NULL: none (tests) */
};

struct resolver plain_resolver(const struct plain_options *options); /* options must stay */

enum native_status { NATIVE_OK, NATIVE_NOT_FOUND, NATIVE_TRY_AGAIN, NATIVE_SYSTEM, NATIVE_FAIL };

/*
 * getaddrinfo(3): addresses of HOST in FAMILY, or in all (AF_UNSPEC), with port 0, in its order;
 * *text is gai_strerror's when not OK, and the addresses are untouched. NOT_FOUND: no such name, or
 * no address.
 */
enum native_status native_lookup(struct pool *pool, const char *host, int family,
	struct addr **addrs, size_t *count, const char **text);

#endif

#ifndef POSTFIX_CIDR_H
#define POSTFIX_CIDR_H
/*
 * cidr - networks as cidr_table(5) and match lists (postconf(5), mynetworks) write them:
 *
 *   pattern = address / "[" address "]" / network "/" bits / "[" network "]/" bits
 *
 * Bits beyond the length must be zero. ::ffff:1.2.3.4 is an IPv6 address.
 */
#include <stdbool.h>
#include "util/buf.h"

struct cidr {
	int family;              /* AF_INET or AF_INET6 */
	unsigned bits;           /* 0 to 32 or 128 */
	unsigned char bytes[16]; /* network order; 4 of them for AF_INET */
};

/* A plain numeric address, without brackets or scope, no leading zeros. Its bits are all of them.
 */
bool cidr_address(struct cidr *address, const char *text);

/* False: WHY has the reason added, in Postfix's words. */
bool cidr_parse(struct cidr *network, const char *pattern, struct buf *why);

/* False for another family, too. */
bool cidr_has(const struct cidr *network, const struct cidr *address);

#endif

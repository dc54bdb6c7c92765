#ifndef DNS_RR_H
#define DNS_RR_H
/* rr - rdata to typed records. Each reader takes hostile bytes, and says false to what is none. */
#include <stdbool.h>
#include <stdint.h>
#include "dns/resolver.h"

struct rr_mx {
	unsigned preference;
	const char *host; /* "": null MX (RFC 7505) */
};

struct rr_srv { /* RFC 2782 */
	unsigned priority, weight, port;
	const char *target; /* "": not offered */
};

struct rr_tlsa { /* RFC 6698 */
	uint8_t usage, selector, matching;
	const uint8_t *data; /* the record's */
	size_t length;
};

bool rr_mx(struct pool *pool, const struct dns_record *record, struct rr_mx *mx);
bool rr_srv(struct pool *pool, const struct dns_record *record, struct rr_srv *srv);
bool rr_tlsa(const struct dns_record *record, struct rr_tlsa *tlsa);
/* A CNAME's or NS's name, which is all of its rdata. */
bool rr_target(struct pool *pool, const struct dns_record *record, const char **name);
/* The strings joined; what is not printable ASCII is a blank. */
bool rr_txt(struct pool *pool, const struct dns_record *record, const char **text);
/*
 * An uncompressed name in wire form; returns the bytes it took, 0: malformed. "" is the root. No
 * final dot; bytes that could mislead are escaped (RFC 1035 5.1), and are so in no host name.
 */
size_t rr_name(struct pool *pool, const uint8_t *data, size_t length, const char **name);
/* "owner. ttl IN TYPE value", the key of Postfix's DNS reply filter. */
const char *rr_text(struct pool *pool, enum dns_type type, const struct dns_record *record);
const char *rr_type_name(enum dns_type type); /* "MX" */

#endif

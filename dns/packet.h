#ifndef DNS_PACKET_H
#define DNS_PACKET_H
/* packet - a response in wire format (RFC 1035 4) to an answer. Takes hostile bytes; no I/O. */
#include <stdbool.h>
#include "dns/resolver.h"

/*
 * Reads the response to a question for NAME and TYPE. Records of TYPE anywhere in the answer
 * section count, whatever their owner. With aliases alone the class is NO_DATA, and
 * answer->name is the last target. ttl of a negative answer is that of RFC 2308 5, or 0. Never
 * secure. False: not a response, or malformed; *answer is untouched.
 */
bool packet_read(struct pool *pool, const uint8_t *packet, size_t length, const char *name,
	enum dns_type type, struct dns_answer *answer);

#endif

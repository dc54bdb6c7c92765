#ifndef DNS_FLIGHT_H
#define DNS_FLIGHT_H
/*
 * flight - questions to libunbound under a deadline: from nameserver to nameserver, many side by
 * side, a bounded number in the air; and libunbound's results as answers. Which
 * of them are trusted is decided above.
 */
#include <stdint.h>
#include "dns/resolver.h"
#include "dns/servers.h"

struct airport;

struct airport_numbers {
	unsigned long secure, insecure, bogus, failed, late; /* questions; late ones failed, too */
};

/* SECONDS, for the text of an answer that is too late. */
struct airport *airport_new(struct pump *pump, struct servers *servers, int seconds);

/*
 * Fills the answers of COUNT questions until clock_ms() is DEADLINE. Bogus ones are warned of.
 * Returns why_bogus of the last of them, or "".
 */
const char *airport_ask(struct airport *airport, struct pool *pool, struct dns_question *questions,
	size_t count, int64_t deadline);

struct airport_numbers airport_numbers(const struct airport *airport);
void airport_free(struct airport *airport); /* NULL is fine */

#endif

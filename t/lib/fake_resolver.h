#ifndef T_FAKE_RESOLVER_H
#define T_FAKE_RESOLVER_H
/*
 * fake_resolver - answers from a table, for tests. The lines of one name and type together are one
 * answer; a CNAME line is followed, and the answer is as secure as its weakest line. A name without
 * lines is NO_NAME, one without lines of that type NO_DATA, both as secure as the table's name "*"
 * says (INSECURE without one). Plain answers are never secure, and hold what validation would find
 * bogus.
 */
#include "dns/resolver.h"

struct fake_record {
	const char *name; /* "mx.example" */
	enum dns_type type;
	enum dns_security security; /* BOGUS: TRY_AGAIN without records, rdata is the reason */
	enum dns_rcode_class class; /* other than ANSWERED: the whole answer, rdata is the reason */
	const char *rdata; /* "10 mx.example", "192.0.2.1", "0 1 25 mx.example", "3 1 1 00ff",
			      "text"; "\\# 00ff" is bytes as they stand (RFC 3597) */
	uint32_t ttl;      /* 0: 300 */
};

/* RECORDS must stay. Any number of threads may ask. */
struct resolver fake_resolver(const struct fake_record *records, size_t count);
/* Questions so far, and the last of them as "TYPE NAME", "TYPE NAME validated" or "". */
unsigned long fake_asked(const struct resolver *resolver);
const char *fake_last(const struct resolver *resolver);

#endif

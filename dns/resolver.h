#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H
/*
 * resolver - the interface between who asks and who answers: one question, one answer, with its
 * security. Tests answer with t/lib/fake_resolver. Implementations: unbound (validated), plain
 * (libc), and the answer cache in front of both.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "util/pool.h"

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_TLSA = 52
};

enum dns_rcode_class {   /* what the servers said, before anybody reads records */
	DNS_ANSWERED,    /* records of the wanted type */
	DNS_NO_NAME,     /* NXDOMAIN */
	DNS_NO_DATA,     /* the name exists, such a record doesn't */
	DNS_TRY_AGAIN,   /* SERVFAIL, REFUSED, no answer in time: temporary */
	DNS_NO_RECOVERY, /* FORMERR, NOTIMP */
	DNS_LOOP,        /* more aliases than are followed; counts as not found */
};

enum dns_security {
	DNS_INSECURE, /* not signed, or not validated (plain lookups are always this) */
	DNS_SECURE,   /* every step of the answer, aliases included, validated (RFC 4035 4.3) */
	DNS_BOGUS,    /* failed validation: class is DNS_TRY_AGAIN, and there are no records */
};

struct dns_record {
	const char *owner;   /* name it was found at, without final dot, in the server's case */
	const uint8_t *data; /* rdata, uncompressed; NULL: of a class other than IN, nobody can read it */
	size_t length;
	uint32_t ttl; /* seconds */
};

struct dns_answer {
	enum dns_rcode_class class;
	enum dns_security security;
	/*
	 * For people: the validator's words (BOGUS), "no answer within 30 s" (TRY_AGAIN), why
	 * nothing can be validated (INSECURE); "" when there is nothing to say.
	 */
	const char *reason;
	const char *name; /* the name asked last: the canonical one after aliases; no final dot */
	bool aliased;     /* name is another than what was asked */
	bool claimed;     /* the nameserver says by AD (RFC 4035 3.2.3) that it validated this; told
			     by plain lookups in another mode than DNS_PLAIN, and proof of nothing */
	struct dns_record *records;
	size_t count; /* 0 unless DNS_ANSWERED */
	uint32_t ttl; /* smallest of the answer */
};

enum dns_mode {
	DNS_PLAIN,     /* as the system's resolver says; never secure */
	DNS_VALIDATED, /* by our own validator; as an unsigned world looks where that is impossible */
	DNS_REQUIRED,  /* the same, but "try again" where it is impossible for a reason of our own */
};

struct dns_question {
	const char *name;
	enum dns_type type;
	struct dns_answer answer;
};

struct resolver {
	void *self;
	/*
	 * Asks NAME (A-labels, no final dot needed) for TYPE, class IN, within the resolver's own
	 * time limit. *answer and its memory are in POOL. Thread-safe.
	 */
	void (*ask)(void *self, struct pool *pool, const char *name, enum dns_type type,
		enum dns_mode mode, struct dns_answer *answer);
	/* The same for several questions side by side; NULL: it can only ask one by one. */
	void (*ask_all)(void *self, struct pool *pool, struct dns_question *questions, size_t count,
		enum dns_mode mode);
};

void resolver_ask(const struct resolver *resolver, struct pool *pool, const char *name,
	enum dns_type type, enum dns_mode mode, struct dns_answer *answer);
/* Side by side if the resolver can, else in this order. */
void resolver_ask_all(const struct resolver *resolver, struct pool *pool,
	struct dns_question *questions, size_t count, enum dns_mode mode);

/* An answer without records for NAME (copied), REASON as above (not copied). */
struct dns_answer dns_answer_without(struct pool *pool, const char *name,
	enum dns_rcode_class class, const char *reason);
/* A copy that needs nothing of ANSWER's memory. */
struct dns_answer dns_answer_copy(struct pool *pool, const struct dns_answer *answer);

#endif

#ifndef DNS_JUDGE_H
#define DNS_JUDGE_H
/*
 * judge - what Postfix makes of one answer: the records it would take, or the status and the text
 * of a failure. For lookup and tlsa.
 */
#include "dns/lookup.h"

enum { JUDGE_RECORDS_MOST = 100 };

struct judged {
	enum lookup_status status;
	enum dns_security security;
	bool bogus;
	bool aliased;
	const char *text;        /* when not OK; else "" */
	const char *reason;      /* "DNSSEC: signature expired", "no answer within 30 s", or "" */
	const char *unvalidated; /* INSECURE because nothing can be validated: why; else "" */
	const char *name;        /* canonical name */
	struct dns_record *records; /* all well formed, with names that may be used; 0 unless OK */
	size_t count;
};

/*
 * NAME as it is asked: A-labels, no final dot. NULL: it is never asked (an address, or
 * not a host name), and *judged is NOT_FOUND with Postfix's text.
 */
const char *judge_name(struct pool *pool, const struct lookup_options *options, const char *name,
	struct judged *judged);

void judge_answer(struct pool *pool, const struct lookup_options *options,
	const struct dns_question *question, enum dns_mode mode, struct judged *judged);

#endif

#ifndef POSTFIX_LOOKUP_ADDRESS_H
#define POSTFIX_LOOKUP_ADDRESS_H
/*
 * lookup_address - tables searched by a mail address and then by parts of it, as smtp_generic_maps
 * and sender-dependent SASL passwords are (generic(5), TABLE SEARCH ORDER; SASL_README):
 *
 *   user+ext@domain, user@domain, if the domain is local user+ext and user, @domain
 *
 * Each step goes through all tables; only fixed-key tables are asked for more than the first.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/addr.h"
#include "postfix/match.h"
#include "postfix/table.h"

/* What decides which parts there are; const after start. */
struct address_parts {
	const char *recipient_delimiter; /* a set of characters; "" is none */
	bool owner_request_special;
	const char *double_bounce_sender;
	/* A domain is local if it is one of these two, or "[address]", ours or a proxy's. */
	const char *myorigin;
	const struct match *mydestination; /* whole strings; NULL: none */
	/* Is it such an address? NULL: none is */
	enum match_answer (*is_own)(const void *context, const struct addr *addr);
	const void *is_own_context;
};

/*
 * ADDRESS as in the queue file. Keys are in external form ("a b"@example.com with its quotes); with
 * BOTH_FORMS, where that differs, each step asks in internal form, too (SASL does, generic
 * doesn't). EXTENSION (may be NULL) is set to the extension, with its delimiter, if the answer is
 * to a key without it, and else emptied. Answers as tables_find().
 */
enum table_answer lookup_by_address(const struct address_parts *parts, const struct tables *tables,
	const char *address, bool both_forms, struct buf *result, struct buf *extension);

#endif

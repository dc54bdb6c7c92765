#ifndef POSTFIX_MATCH_H
#define POSTFIX_MATCH_H
/*
 * match - match lists: patterns, !negation, /files, type:tables; the first that matches decides
 * (postconf(5), mynetworks and mydestination). Built at start, then const, and safe for any number
 * of threads.
 */
#include <stdbool.h>
#include "postfix/table.h"

struct match;

enum match_style {
	MATCH_STRING,          /* the whole string */
	MATCH_DOMAIN,          /* the name, subdomains by ".domain" */
	MATCH_DOMAIN_PARENT,   /* the name and its subdomains (parent_domain_matches_subdomains) */
	MATCH_NAME_OR_ADDRESS, /* debug_peer_list */
	MATCH_NAME_OR_ADDRESS_PARENT,
};

/*
 * NULL for an empty value. Fatal on `!` without a pattern. A file that can't be read becomes a
 * member that always fails; so does a table that can't be opened.
 */
struct match *match_open(struct table_set *set, const char *param, const char *value,
	enum match_style style, unsigned table_flags);

enum match_answer { MATCH_NO, MATCH_YES, MATCH_ERROR };

/*
 * Case does not count. ADDRESS is only used by MATCH_NAME_OR_ADDRESS*; NULL otherwise. NULL lists
 * match nothing. MATCH_ERROR: "PARAM: TYPE:NAME: table lookup problem" was logged as a warning.
 */
enum match_answer match_find(const struct match *match, const char *name, const char *address);

void match_free(struct match *match); /* not its tables: they are the set's */

#endif

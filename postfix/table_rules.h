#ifndef POSTFIX_TABLE_RULES_H
#define POSTFIX_TABLE_RULES_H
/*
 * table_rules - what regexp, pcre and cidr tables have in common (regexp_table(5), cidr_table(5)):
 * rules in logical lines of a file, or in braces in main.cf; tried in order; if and endif around
 * some. A rule with an error is warned about and skipped.
 */
#include <stdbool.h>
#include <stddef.h>
#include "postfix/table_type.h"

enum rule_is { RULE_RESULT, RULE_IF, RULE_ENDIF };

struct rule {
	enum rule_is is;
	void *pattern; /* the type's; NULL for RULE_ENDIF */
	int line;
	size_t end; /* RULE_IF: the index of its RULE_ENDIF, or of the end */
};

struct rules;

struct rule_kind {
	/*
	 * Makes a pattern of LINE, what follows the keyword, in the set's pool. rule->is says
	 * RULE_IF or RULE_RESULT. False: it has been warned about.
	 */
	bool (*parse)(struct rules *rules, struct rule *rule, const char *line);
	void (*drop)(void *pattern); /* NULL: there is nothing to free */
	const char *endif_alone;     /* what to say about an endif without if */
	const char *endif_extra;     /* and about text behind it */
	bool endif_strict;           /* such an endif is none */
};

struct rules {
	const struct rule_kind *kind;
	const struct table *table;
	struct pool *pool;  /* the set's */
	const char *name;   /* of the file, or the text in braces */
	struct rule *items; /* malloc'ed */
	size_t count, room;
};

/* Reads what NAME says. False: WHY, and nothing is left to close. */
bool rules_open(struct rules *rules, const struct rule_kind *kind, const struct table *table,
	const char *name, struct buf *why);
void rules_close(struct rules *rules);

/* "KIND map NAME, line N: ..." as a warning. Returns false. */
bool rules_warn(const struct rules *rules, const struct rule *rule, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* The first RULE_RESULT that MATCHES, outside of what an if excludes; NULL: none. */
const struct rule *rules_find(const struct rules *rules,
	bool (*matches)(const struct rule *rule, void *context), void *context);

#endif

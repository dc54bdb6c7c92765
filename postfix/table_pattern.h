#ifndef POSTFIX_TABLE_PATTERN_H
#define POSTFIX_TABLE_PATTERN_H
/*
 * table_pattern - the lines of regexp and pcre tables, and their results with $1 in them
 * (regexp_table(5), pcre_table(5)):
 *
 *   line   = rule / "if" *space "!"-pattern / "endif"
 *   rule   = "!"-pattern [ 1*space result ]
 *   "!"-pattern = *( "!" *space ) pattern
 *   pattern = delimiter *( "\" any / other ) delimiter *flag
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "util/buf.h"
#include "postfix/table_rules.h"

struct pattern {
	bool negated;
	const char *text; /* without the delimiters; NULL: none */
	uint32_t options; /* the defaults, toggled by the flags */
};

/* What is not the same in both kinds. */
struct pattern_words {
	const struct pattern_flag {
		char letter;
		uint32_t option; /* 0: does nothing any more */
	} * flags;
	size_t flag_count;
	uint32_t defaults;      /* options */
	const char *not_closed; /* behind `no closing regexp delimiter "x": ` */
	const char *bad_index;  /* before `replacement index "0"` */
	bool second;            /* a rule may have a second pattern */
};

/*
 * Reads a pattern and moves *LINE behind its flags. False: it has been warned about.
 */
bool pattern_read(struct rules *rules, const struct rule *rule, const struct pattern_words *words,
	const char **line, struct pattern *pattern);

/* A rule does not begin with a letter or digit. False: warned about. */
bool pattern_begins(struct rules *rules, const struct rule *rule, const char *line);

/* Behind the pattern of an if there should be nothing. */
void pattern_if_ends(struct rules *rules, const struct rule *rule, const char *rest);

/* A result, taken apart. */
struct result {
	struct result_part {
		const char *text; /* NULL: a group */
		int group;        /* from 1 */
	} * parts;
	size_t count;
	int groups; /* the highest group; 0: none */
};

/* The result of PATTERN. "" is warned about, but is one. False: it has been warned about. */
bool result_parse(struct rules *rules, const struct rule *rule, const struct pattern_words *words,
	const struct pattern *pattern, const char *text, struct result *result);

/* Are the groups of RESULT among COUNT of them? False: it has been warned about. */
bool result_fits(struct rules *rules, const struct rule *rule, const struct result *result,
	int count);

/* Where group N of KEY is: from *start, *length bytes; length 0 if it did not take part. */
struct groups {
	const char *key;
	void (*group)(const void *context, int number, size_t *start, size_t *length);
	const void *context;
};
void result_add(const struct result *result, const struct groups *groups, struct buf *to);

#endif

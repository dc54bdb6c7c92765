/* regexp: POSIX regular expressions (regexp_table(5)). */
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include "util/memory.h"
#include "util/text.h"
#include "postfix/table_pattern.h"

static const struct pattern_flag flags[] = {
	{'i', REG_ICASE},
	{'m', REG_NEWLINE},
	{'x', REG_EXTENDED},
};

static const struct pattern_words words = {
	.flags = flags,
	.flag_count = COUNT(flags),
	.defaults = REG_EXTENDED | REG_ICASE,
	.not_closed = "skipping this rule",
	.bad_index = "out-of-range",
	.second = true,
};

struct expression {
	regex_t regex;
	bool negated;
	bool used;
};

struct regexp_rule {
	struct expression first, second; /* second: not used, or must match, too */
	struct result result;
};

static bool compile(struct rules *rules, struct rule *rule, const struct pattern *pattern, int more,
	struct expression *to)
{
	char error[256];
	int failed = regcomp(&to->regex, pattern->text, (int)pattern->options | more);

	if (failed) {
		regerror(failed, &to->regex, error, sizeof error);
		return rules_warn(rules, rule, "%s", error);
	}
	to->used = true;
	to->negated = pattern->negated;
	return true;
}

static void drop(void *pattern)
{
	struct regexp_rule *regexp = pattern;

	if (regexp->first.used)
		regfree(&regexp->first.regex);
	if (regexp->second.used)
		regfree(&regexp->second.regex);
}

/* Groups cost time, so they are only asked for where the result has some. */
static bool parse_result(struct rules *rules, struct rule *rule, const char *line,
	const struct pattern *first, struct regexp_rule *regexp)
{
	struct pattern second = {.negated = false};

	if (*line == '!') {
		line++;
		if (!pattern_read(rules, rule, &words, &line, &second))
			return false;
		second.negated = !second.negated;
	}
	return result_parse(rules, rule, &words, first, text_trim(rules->pool, line),
		       &regexp->result)
		&& compile(rules, rule, first, regexp->result.groups > 0 ? 0 : REG_NOSUB,
			&regexp->first)
		&& result_fits(rules, rule, &regexp->result, (int)regexp->first.regex.re_nsub)
		&& (second.text == NULL
			|| compile(rules, rule, &second, REG_NOSUB, &regexp->second));
}

static bool parse(struct rules *rules, struct rule *rule, const char *line)
{
	struct regexp_rule *regexp = POOL_NEW(rules->pool, struct regexp_rule);
	struct pattern first;
	bool good;

	if (!pattern_begins(rules, rule, line) || !pattern_read(rules, rule, &words, &line, &first))
		return false;
	if (rule->is == RULE_IF) {
		pattern_if_ends(rules, rule, line);
		good = compile(rules, rule, &first, REG_NOSUB, &regexp->first);
	} else {
		good = parse_result(rules, rule, line, &first, regexp);
	}
	if (!good)
		drop(regexp);
	rule->pattern = regexp;
	return good;
}

static const struct rule_kind kind = {
	.parse = parse,
	.drop = drop,
	.endif_alone = "ignoring ENDIF without matching IF",
	.endif_extra = "ignoring extra text after ENDIF",
};

static void close_regexp(struct table *table)
{
	rules_close(table->state);
	free(table->state);
}

static bool open_regexp(struct table *table, const char *name, struct buf *why)
{
	struct rules *rules = MEMORY_NEW(struct rules);

	table->state = rules;
	if (rules_open(rules, &kind, table, name, why))
		return true;
	free(rules);
	return false;
}

/* A lookup: the key, and where the groups of the last pattern were found in it. */
struct search {
	const char *key;
	regmatch_t *groups; /* malloc'ed */
	size_t room;
};

static bool holds(const struct expression *expression, const char *key, size_t count,
	regmatch_t *groups)
{
	return (regexec(&expression->regex, key, count, groups, 0) == 0) != expression->negated;
}

static bool matches(const struct rule *rule, void *context)
{
	const struct regexp_rule *regexp = rule->pattern;
	struct search *search = context;
	size_t groups = regexp->result.groups > 0 ? (size_t)regexp->result.groups + 1 : 0;

	if (groups > search->room) {
		search->groups = memory_resize(search->groups, groups, sizeof *search->groups);
		search->room = groups;
	}
	return holds(&regexp->first, search->key, groups, search->groups)
		&& (!regexp->second.used || holds(&regexp->second, search->key, 0, NULL));
}

static void group(const void *context, int number, size_t *start, size_t *length)
{
	const regmatch_t *found = &((const struct search *)context)->groups[number];

	/* With back references the GNU C library is known to end a group before its begin. */
	if (found->rm_so < 0 || found->rm_eo < found->rm_so)
		return;
	*start = (size_t)found->rm_so;
	*length = (size_t)(found->rm_eo - found->rm_so);
}

static enum table_answer find_regexp(const struct table *table, const char *key, struct buf *answer)
{
	struct search search = {.key = key};
	const struct groups groups = {key, group, &search};
	const struct rule *rule = rules_find(table->state, matches, &search);

	if (rule)
		result_add(&((const struct regexp_rule *)rule->pattern)->result, &groups, answer);
	free(search.groups);
	return rule ? TABLE_FOUND : TABLE_NONE;
}

const struct table_type table_regexp = {
	.name = "regexp",
	.kind = TABLE_PATTERN,
	.open = open_regexp,
	.find = find_regexp,
	.close = close_regexp,
};

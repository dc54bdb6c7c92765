/* pcre: Perl-compatible regular expressions, by PCRE2 (pcre_table(5)). Keys are bytes. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include "util/memory.h"
#include "util/text.h"
#include "postfix/table_pattern.h"

static const struct pattern_flag flags[] = {
	{'i', PCRE2_CASELESS},
	{'m', PCRE2_MULTILINE},
	{'s', PCRE2_DOTALL},
	{'x', PCRE2_EXTENDED},
	{'A', PCRE2_ANCHORED},
	{'E', PCRE2_DOLLAR_ENDONLY},
	{'U', PCRE2_UNGREEDY},
	{'X', 0},
};

static const struct pattern_words words = {
	.flags = flags,
	.flag_count = COUNT(flags),
	.defaults = PCRE2_CASELESS | PCRE2_DOTALL,
	.not_closed = "ignoring this rule",
	.bad_index = "out of range",
};

struct pcre_rule {
	pcre2_code *code;
	bool negated;
	struct result result;
};

static bool compile(struct rules *rules, struct rule *rule, const struct pattern *pattern,
	struct pcre_rule *pcre)
{
	PCRE2_UCHAR text[256];
	PCRE2_SIZE offset;
	int error;

	pcre->negated = pattern->negated;
	pcre->code = pcre2_compile((PCRE2_SPTR)pattern->text, PCRE2_ZERO_TERMINATED,
		pattern->options, &error, &offset, NULL);
	if (pcre->code)
		return true;
	pcre2_get_error_message(error, text, sizeof text);
	return rules_warn(rules, rule, "error in regex at offset %zu: %s", (size_t)offset,
		(const char *)text);
}

static int group_count(const struct pcre_rule *pcre)
{
	uint32_t count = 0;

	pcre2_pattern_info(pcre->code, PCRE2_INFO_CAPTURECOUNT, &count);
	return (int)count;
}

static bool parse_result(struct rules *rules, struct rule *rule, const char *line,
	const struct pattern *pattern, struct pcre_rule *pcre)
{
	return result_parse(rules, rule, &words, pattern, text_trim(rules->pool, line),
		       &pcre->result)
		&& compile(rules, rule, pattern, pcre)
		&& result_fits(rules, rule, &pcre->result, group_count(pcre));
}

static void drop(void *pattern)
{
	struct pcre_rule *pcre = pattern;

	pcre2_code_free(pcre->code); /* NULL is fine */
}

static bool parse(struct rules *rules, struct rule *rule, const char *line)
{
	struct pcre_rule *pcre = POOL_NEW(rules->pool, struct pcre_rule);
	struct pattern pattern;
	bool good;

	if (!pattern_begins(rules, rule, line)
		|| !pattern_read(rules, rule, &words, &line, &pattern))
		return false;
	if (rule->is == RULE_IF) {
		pattern_if_ends(rules, rule, line);
		good = compile(rules, rule, &pattern, pcre);
	} else {
		good = parse_result(rules, rule, line, &pattern, pcre);
	}
	if (!good)
		drop(pcre);
	rule->pattern = pcre;
	return good;
}

static const struct rule_kind kind = {
	.parse = parse,
	.drop = drop,
	.endif_alone = "ignoring ENDIF without matching IF",
	.endif_extra = "ignoring extra text after ENDIF",
};

static void close_pcre(struct table *table)
{
	rules_close(table->state);
	free(table->state);
}

static bool open_pcre(struct table *table, const char *name, struct buf *why)
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
	const struct rules *rules;
	const char *key;
	pcre2_match_data *groups; /* of the rule that was tried last */
	int count;                /* how many of them are set */
};

/* A pattern that takes too long does not match, as in Postfix. */
static bool matches(const struct rule *rule, void *context)
{
	const struct pcre_rule *pcre = rule->pattern;
	struct search *search = context;

	pcre2_match_data_free(search->groups); /* NULL is fine */
	search->groups = pcre2_match_data_create_from_pattern(pcre->code, NULL);
	if (search->groups == NULL)
		abort();
	search->count = pcre2_match(pcre->code, (PCRE2_SPTR)search->key, strlen(search->key), 0, 0,
		search->groups, NULL);
	if (search->count == PCRE2_ERROR_MATCHLIMIT)
		return rules_warn(search->rules, rule, "backtracking limit exceeded");
	if (search->count < 0 && search->count != PCRE2_ERROR_NOMATCH)
		return rules_warn(search->rules, rule, "unknown re_exec error: %d", search->count);
	return (search->count >= 0) != pcre->negated;
}

static void group(const void *context, int number, size_t *start, size_t *length)
{
	const struct search *search = context;
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(search->groups) + 2 * (size_t)number;

	if (number >= search->count || ends[0] == PCRE2_UNSET || ends[1] < ends[0])
		return; /* \K in a look-behind can end a match before its begin, too */
	*start = ends[0];
	*length = ends[1] - ends[0];
}

static enum table_answer find_pcre(const struct table *table, const char *key, struct buf *answer)
{
	struct search search = {.rules = table->state, .key = key};
	const struct groups groups = {key, group, &search};
	const struct rule *rule = rules_find(table->state, matches, &search);

	if (rule)
		result_add(&((const struct pcre_rule *)rule->pattern)->result, &groups, answer);
	pcre2_match_data_free(search.groups);
	return rule ? TABLE_FOUND : TABLE_NONE;
}

const struct table_type table_pcre = {
	.name = "pcre",
	.kind = TABLE_PATTERN,
	.open = open_pcre,
	.find = find_pcre,
	.close = close_pcre,
};

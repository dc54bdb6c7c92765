/*
 * cidr: networks and results (cidr_table(5)).
 *
 *   rule = [ "!" ] network 1*space result / "if" 1*space [ "!" ] network / "endif"
 */
#include <stdlib.h>
#include <string.h>
#include "util/memory.h"
#include "util/text.h"
#include "postfix/cidr.h"
#include "postfix/table_rules.h"

struct network {
	struct cidr cidr;
	bool negated;
	const char *result;
};

static bool parse_network(struct rules *rules, struct rule *rule, const char *pattern,
	struct network *network)
{
	struct buf why = BUF(TABLE_WHY_MOST);
	bool good;

	if (*pattern == '\0')
		return rules_warn(rules, rule, "no address pattern: skipping this rule");
	good = cidr_parse(&network->cidr, pattern, &why);
	if (!good)
		rules_warn(rules, rule, "%s: skipping this rule", buf_text(&why));
	buf_close(&why);
	return good;
}

static bool parse(struct rules *rules, struct rule *rule, const char *line)
{
	struct network *network = POOL_NEW(rules->pool, struct network);
	size_t length;

	for (; *line == '!' || text_is_space((unsigned char)*line); line++)
		network->negated ^= *line == '!';
	length = rule->is == RULE_IF ? strlen(line) : strcspn(line, TEXT_SPACE);
	rule->pattern = network;
	network->result = text_trim(rules->pool, line + length);
	if (!parse_network(rules, rule,
		    text_trim(rules->pool, pool_bytes(rules->pool, line, length)), network))
		return false;
	if (rule->is == RULE_RESULT && *network->result == '\0')
		return rules_warn(rules, rule, "no lookup result: skipping this rule");
	return true;
}

static const struct rule_kind kind = {
	.parse = parse,
	.endif_alone = "ENDIF without IF: skipping this rule",
	.endif_extra = "garbage after ENDIF: skipping this rule",
	.endif_strict = true,
};

static void close_cidr(struct table *table)
{
	rules_close(table->state);
	free(table->state);
}

static bool open_cidr(struct table *table, const char *name, struct buf *why)
{
	struct rules *rules = MEMORY_NEW(struct rules);

	table->state = rules;
	if (rules_open(rules, &kind, table, name, why))
		return true;
	free(rules);
	return false;
}

static bool matches(const struct rule *rule, void *context)
{
	const struct network *network = rule->pattern;
	const struct cidr *address = context;

	return network->cidr.family == address->family
		&& cidr_has(&network->cidr, address) != network->negated;
}

static enum table_answer find_cidr(const struct table *table, const char *key, struct buf *answer)
{
	struct cidr address;
	const struct rule *rule;

	if (!cidr_address(&address, key))
		return TABLE_NONE;
	rule = rules_find(table->state, matches, &address);
	if (rule == NULL)
		return TABLE_NONE;
	buf_adds(answer, ((const struct network *)rule->pattern)->result);
	return TABLE_FOUND;
}

const struct table_type table_cidr = {
	.name = "cidr",
	.kind = TABLE_PATTERN,
	.open = open_cidr,
	.find = find_cidr,
	.close = close_cidr,
};

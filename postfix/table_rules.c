#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"
#include "postfix/conf_lines.h"
#include "postfix/table_rules.h"
#include "postfix/version.h"

bool rules_warn(const struct rules *rules, const struct rule *rule, const char *format, ...)
{
	struct pool pool = {0};
	va_list args;

	va_start(args, format);
	log_warning("%s map %s, line %d: %s", rules->table->type->name, rules->name, rule->line,
		pool_vformat(&pool, format, args));
	va_end(args);
	pool_free(&pool);
	return false;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Is there IF or ENDIF (in any case) at *LINE? Moves *LINE behind it and white space. */
static enum rule_is keyword(const char **line)
{
	static const struct {
		const char *word;
		enum rule_is is;
	} words[] = {{"if", RULE_IF}, {"endif", RULE_ENDIF}};

	for (size_t i = 0; i < COUNT(words); i++) {
		const char *behind = *line + strlen(words[i].word);

		if (text_starts_any_case(*line, words[i].word) && !is_alnum(*behind)) {
			*line = behind + strspn(behind, TEXT_SPACE);
			return words[i].is;
		}
	}
	return RULE_RESULT;
}

static void add_rule(struct rules *rules, const struct rule *rule)
{
	if (rules->count == rules->room) {
		rules->room = rules->room ? rules->room * 2 : 16;
		rules->items = memory_resize(rules->items, rules->room, sizeof *rules->items);
	}
	rules->items[rules->count++] = *rule;
}

/* The innermost if that waits for its endif, or NULL. */
static struct rule *open_if(struct rules *rules)
{
	for (size_t i = rules->count; i > 0; i--)
		if (rules->items[i - 1].is == RULE_IF && rules->items[i - 1].end == 0)
			return &rules->items[i - 1];
	return NULL;
}

static void add_endif(struct rules *rules, const struct rule *rule, const char *rest)
{
	struct rule *begins = open_if(rules);
	bool strict = *rest && rules->kind->endif_strict;

	if (begins == NULL && !strict) {
		rules_warn(rules, rule, "%s", rules->kind->endif_alone);
		return;
	}
	if (*rest)
		rules_warn(rules, rule, "%s", rules->kind->endif_extra);
	if (strict)
		return;
	begins->end = rules->count;
	add_rule(rules, rule);
}

static void add_line(struct rules *rules, const char *line, int number)
{
	struct rule rule = {.is = keyword(&line), .line = number};

	if (rule.is == RULE_ENDIF)
		add_endif(rules, &rule, line);
	else if (rules->kind->parse(rules, &rule, line))
		add_rule(rules, &rule);
}

static void add_lines(struct rules *rules, struct conf_lines *lines)
{
	struct rule *open;
	const char *line;
	int number;

	while ((line = conf_lines_next(lines, &number)) != NULL)
		add_line(rules, text_trim(rules->pool, line), number);
	conf_lines_close(lines);
	while ((open = open_if(rules)) != NULL) {
		rules_warn(rules, open, "IF has no matching ENDIF");
		open->end = rules->count;
	}
}

static bool refuse(const struct rules *rules, const char *problem, const char *text,
	struct buf *why)
{
	return table_refuse(why, "%s map: %s in \"%s\"", rules->table->type->name, problem, text);
}

/*
 * { {rule}, {rule} } as lines
 *
 *   table = "{" *separator *( rule *separator ) "}"
 *   rule  = "{" text "}"
 */
static bool unfold(const struct rules *rules, struct buf *text, struct buf *why)
{
	struct pool *pool = rules->pool;
	const char *error = NULL, *rest = text_unbrace(pool, rules->name, &error), *token, *rule;

	if (rest == NULL)
		return refuse(rules, error, rules->name, why);
	while ((token = text_token(pool, &rest, TEXT_LIST_SEPARATORS, true)) != NULL) {
		if (*token != '{')
			return refuse(rules, "no '{' at start of text", token, why);
		rule = text_unbrace(pool, token, &error);
		if (rule == NULL)
			return refuse(rules, error, token, why);
		buf_addf(text, "%s\n", rule);
	}
	return true;
}

static bool open_inline(struct rules *rules, struct buf *why)
{
	struct buf text = BUF(0);
	bool good = unfold(rules, &text, why);

	if (good)
		add_lines(rules, conf_lines_text(rules->name, buf_text(&text), text.length));
	buf_close(&text);
	return good;
}

bool rules_open(struct rules *rules, const struct rule_kind *kind, const struct table *table,
	const char *name, struct buf *why)
{
	struct conf_lines *lines;
	int error = 0;

	*rules = (struct rules){
		.kind = kind,
		.table = table,
		.pool = table_pool(table),
		.name = pool_text(table_pool(table), name),
	};
	if (*name == '{' && table->options->version >= POSTFIX(3, 7))
		return open_inline(rules, why);
	lines = conf_lines_open(name, &error);
	if (lines) {
		add_lines(rules, lines);
		return true;
	}
	if (error == EISDIR)
		return table_refuse(why, "%s map %s: read error: %s", table->type->name, name,
			text_errno(rules->pool, error));
	return table_refuse(why, "open %s: %s", name, text_errno(rules->pool, error));
}

void rules_close(struct rules *rules)
{
	for (size_t i = 0; rules->kind->drop && i < rules->count; i++)
		if (rules->items[i].pattern)
			rules->kind->drop(rules->items[i].pattern);
	free(rules->items);
}

const struct rule *rules_find(const struct rules *rules,
	bool (*matches)(const struct rule *rule, void *context), void *context)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->items[i];

		if (rule->is == RULE_ENDIF)
			continue;
		if (!matches(rule, context)) {
			if (rule->is == RULE_IF)
				i = rule->end;
		} else if (rule->is == RULE_RESULT) {
			return rule;
		}
	}
	return NULL;
}

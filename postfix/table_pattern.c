#include <string.h>
#include "util/log.h"
#include "util/text.h"
#include "postfix/table_pattern.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool pattern_begins(struct rules *rules, const struct rule *rule, const char *line)
{
	if (rule->is == RULE_RESULT && (is_alpha(*line) || is_digit(*line)))
		return rules_warn(rules, rule, "ignoring unrecognized request");
	return true;
}

void pattern_if_ends(struct rules *rules, const struct rule *rule, const char *rest)
{
	rest += strspn(rest, TEXT_SPACE);
	if (*rest == '\0')
		return;
	rules_warn(rules, rule, "ignoring extra text after IF statement: \"%s\"", rest);
	rules_warn(rules, rule, "do not prepend whitespace to statements between IF and ENDIF");
}

static const struct pattern_flag *flag_of(const struct pattern_words *words, char letter)
{
	for (size_t i = 0; i < words->flag_count; i++)
		if (words->flags[i].letter == letter)
			return &words->flags[i];
	return NULL;
}

static bool read_flags(struct rules *rules, const struct rule *rule,
	const struct pattern_words *words, const char **line, struct pattern *pattern)
{
	const char *at = *line;

	pattern->options = words->defaults;
	for (; *at && !text_is_space((unsigned char)*at) && !(words->second && *at == '!'); at++) {
		const struct pattern_flag *flag = flag_of(words, *at);

		if (flag == NULL)
			return rules_warn(rules, rule,
				"unknown regexp option \"%c\": skipping this rule", *at);
		if (flag->option == 0)
			rules_warn(rules, rule, "ignoring obsolete regexp option \"%c\"", *at);
		pattern->options ^= flag->option;
	}
	*line = at;
	return true;
}

bool pattern_read(struct rules *rules, const struct rule *rule, const struct pattern_words *words,
	const char **line, struct pattern *pattern)
{
	const char *at = *line;
	size_t length = 0;
	char delimiter;

	*pattern = (struct pattern){.negated = false};
	for (; *at == '!' || text_is_space((unsigned char)*at); at++)
		pattern->negated ^= *at == '!';
	if (*at == '\0')
		return rules_warn(rules, rule, "no regexp: skipping this rule");
	delimiter = *at++;
	while (at[length] && at[length] != delimiter)
		length += at[length] == '\\' && at[length + 1] ? 2 : 1;
	if (at[length] == '\0')
		return rules_warn(rules, rule, "no closing regexp delimiter \"%c\": %s", delimiter,
			words->not_closed);
	pattern->text = pool_bytes(rules->pool, at, length);
	*line = at + length + 1;
	return read_flags(rules, rule, words, line, pattern);
}

/* Results */

struct reading {
	struct rules *rules;
	const struct rule *rule;
	const struct pattern_words *words;
	const char *text; /* all of it */
	struct result *result;
	bool bad;
};

static void add_part(struct reading *reading, const char *text, size_t length, int group)
{
	struct result_part *part = &reading->result->parts[reading->result->count++];

	*part = (struct result_part){.group = group};
	if (group == 0)
		part->text = pool_bytes(reading->rules->pool, text, length);
	else if (group > reading->result->groups)
		reading->result->groups = group;
}

/* Nothing more is read then. */
static bool bad_macro(struct reading *reading, const char *problem)
{
	log_warning("%s: \"%s\"", problem, reading->text);
	reading->bad = true;
	return false;
}

/* Behind a bad index, a good one ends the reading. */
static bool add_group(struct reading *reading, const char *name)
{
	enum { GROUP_MOST = 1000000 }; /* more than any pattern has */
	long long number = GROUP_MOST;

	text_number(name, 0, GROUP_MOST, &number);
	if (text_all_digits(name) && number > 0) {
		add_part(reading, NULL, 0, (int)number);
		return !reading->bad;
	}
	rules_warn(reading->rules, reading->rule, "%s replacement index \"%s\"",
		text_all_digits(name) ? reading->words->bad_index : "non-numeric", name);
	reading->bad = true;
	return true;
}

/* The length of a bracketed name at TEXT with its brackets, which may nest; 0: not closed. */
static size_t bracketed(const char *text)
{
	char open = *text, closing = open == '(' ? ')' : '}';
	size_t depth = 0;

	for (size_t i = 0; text[i]; i++) {
		depth += text[i] == open;
		if (text[i] == closing && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* $name, ${name}, $(name) or $$, whose $ is before *AT. False: nothing more is read. */
static bool read_macro(struct reading *reading, const char **at)
{
	const char *name = *at;
	size_t length = 0;

	if (*name == '$') {
		add_part(reading, "$", 1, 0);
		(*at)++;
		return true;
	}
	if (*name == '{' || *name == '(') {
		length = bracketed(name);
		if (length == 0)
			return bad_macro(reading, "truncated macro reference");
		*at += length;
		name++;
		length -= 2;
	} else {
		while (is_alpha(name[length]) || is_digit(name[length]) || name[length] == '_')
			length++;
		*at += length;
	}
	if (length == 0)
		return bad_macro(reading, "empty macro name");
	return add_group(reading, pool_bytes(reading->rules->pool, name, length));
}

static void read_result(struct reading *reading)
{
	const char *text = reading->text;

	while (*text) {
		size_t length = strcspn(text, "$");

		if (length > 0)
			add_part(reading, text, length, 0);
		text += length;
		if (*text++ == '\0' || !read_macro(reading, &text))
			return;
	}
}

bool result_parse(struct rules *rules, const struct rule *rule, const struct pattern_words *words,
	const struct pattern *pattern, const char *text, struct result *result)
{
	struct reading reading = {rules, rule, words, text, result, false};

	/* No more parts than bytes. */
	*result = (struct result){
		.parts = POOL_ARRAY(rules->pool, struct result_part, strlen(text) + 1)};
	if (*text == '\0')
		rules_warn(rules, rule, "no replacement text: using empty string");
	read_result(&reading);
	if (reading.bad)
		return rules_warn(rules, rule, "bad replacement syntax: skipping this rule");
	if (pattern->negated && result->groups > 0)
		return rules_warn(rules, rule,
			"$number found in negative match replacement text: skipping this rule");
	return true;
}

bool result_fits(struct rules *rules, const struct rule *rule, const struct result *result,
	int count)
{
	return result->groups <= count
		|| rules_warn(rules, rule,
			"out of range replacement index \"%d\": skipping this rule",
			result->groups);
}

void result_add(const struct result *result, const struct groups *groups, struct buf *to)
{
	size_t most = strlen(groups->key);

	for (size_t i = 0; i < result->count; i++) {
		const struct result_part *part = &result->parts[i];
		size_t start = 0, length = 0;

		if (part->text) {
			buf_adds(to, part->text);
		} else {
			groups->group(groups->context, part->group, &start, &length);
			if (start <= most && length <= most - start)
				buf_add(to, groups->key + start, length);
		}
	}
}

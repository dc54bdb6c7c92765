#include <ctype.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include "postfix/expand.h"
#include "postfix/level.h"
#include "postfix/version.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/text.h"

/*
 * The language, as postconf(5) has it:
 *
 *   text       = *( literal / "$$" / "$" name / "${" expression "}" / "$(" expression ")" )
 *   expression = name [ choice ] / operand op ["level"] operand [ choice ] / function operand
 *   choice     = "?" operand [ ":" operand ] / ":" operand
 *   operand    = "{" text "}" / text up to the end of the expression
 *
 * Brackets are matched by counting the kind that opened. A warning shows what was read up to the
 * mistake, ">>>", and the next REST_SHOWN bytes.
 */
enum {
	NESTING_MOST = 100,
	EFFORT_MOST = 4 << 20,  /* bytes of references in one value: each line can double them */
	RESULT_MOST = 16 << 20, /* bytes */
	REST_SHOWN = 20,
};

struct run {
	const struct expander *expander;
	const char *fatal; /* instead of the usual one */
	size_t effort;
};

static const char NAME_BYTES[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
static const char OPERATOR_BYTES[] = "<>!=?+-*/~&|%";

static bool run_text(struct run *run, const char *text, int depth, struct buf *to);

static const char *skip_space(const char *text)
{
	return text + strspn(text, TEXT_SPACE);
}

static bool too_deep(int depth, const char *what)
{
	if (depth > NESTING_MOST)
		log_warning("unreasonable macro call nesting: \"%s\"", what);
	return depth > NESTING_MOST;
}

static bool too_much(struct run *run, const char *expression)
{
	bool before = run->effort > EFFORT_MOST;

	run->effort += strlen(expression) + 1;
	if (!before && run->effort > EFFORT_MOST)
		log_warning("too many macro references: \"%.*s\"", REST_SHOWN, expression);
	return run->effort > EFFORT_MOST;
}

/* The length of what "{" or "(" at TEXT encloses, with both brackets. 0: not closed. */
static size_t enclosed(const char *text)
{
	const char closes = *text == '{' ? '}' : ')', opens = *text;
	size_t length = 0;
	int depth = 0;

	do {
		if (text[length] == '\0')
			return 0;
		depth += text[length] == opens;
		depth -= text[length] == closes;
		length++;
	} while (depth > 0);
	return length;
}

/* The text of the braced operand at *AT, which moves behind it and space. NULL: not closed. */
static char *operand(struct run *run, const char **at)
{
	size_t length = enclosed(*at);
	char *text;

	if (length == 0) {
		log_warning("unbalanced {} in attribute expression: \"%s\"", *at);
		return NULL;
	}
	text = pool_bytes(run->expander->pool, *at + 1, length - 2);
	*at = skip_space(*at + length);
	return text;
}

struct choice {
	const char *yes, *no; /* NULL: nothing */
};

static bool choice_no(struct run *run, const char *at, struct choice *choice)
{
	const char *braced = skip_space(at);

	choice->no = at;
	if (*braced != '{')
		return true;
	if ((choice->no = operand(run, &braced)) == NULL)
		return false;
	if (*braced)
		log_warning("unexpected input at: \"...%s}>>>%.*s\"", choice->no, REST_SHOWN,
			braced);
	return *braced == '\0';
}

/* What follows the name or comparison, from its '?' or ':' on. False: warned. */
static bool choose(struct run *run, const char *at, struct choice *choice)
{
	const char *braced = skip_space(at + 1);

	*choice = (struct choice){.yes = NULL};
	if (*at == ':')
		return choice_no(run, at + 1, choice);
	choice->yes = at + 1;
	if (*braced != '{')
		return true; /* it has all the rest, colons too */
	if ((choice->yes = operand(run, &braced)) == NULL)
		return false;
	if (*braced == '\0')
		return true;
	if (*braced == ':')
		return choice_no(run, braced + 1, choice);
	log_warning("\":\" expected at: \"...%s}>>>%.*s\"", choice->yes, REST_SHOWN, braced);
	return false;
}

struct comparison {
	const char *sign;
	bool less, equal, more; /* what makes it true */
};

static const struct comparison comparisons[] = {
	{"==", .equal = true},
	{"!=", .less = true, .more = true},
	{"<", .less = true},
	{"<=", .less = true, .equal = true},
	{">=", .more = true, .equal = true},
	{">", .more = true},
};

/* "<=level" compares levels, from Postfix 3.6 on. *AT moves behind the word. False: warned. */
static bool suffix(struct run *run, const char *sign, const char **at, bool *level)
{
	size_t length = 0;
	int version = run->expander->version;

	while (isalnum((unsigned char)(*at)[length]) && (unsigned char)(*at)[length] < 0x80)
		length++;
	*level = length == strlen("level") && text_starts(*at, "level")
		&& (version == 0 || version >= POSTFIX(3, 6));
	if (length > 0 && !*level) {
		log_warning("bad operator suffix at: \"...%s>>>%.*s\"", sign, (int)length, *at);
		return false;
	}
	*at += length;
	return true;
}

static bool number(struct run *run, const char *text, long long *value)
{
	if (text_number(text, 0, 0x7fffffffffffffff, value))
		return true;
	run->fatal = pool_format(run->expander->pool, "mac_exp_eval: bad conversion: %s", text);
	return false;
}

static bool levels(const char *left, const char *right, long long *a, long long *b)
{
	const char *bad = !level_parse(left, a) ? left : !level_parse(right, b) ? right : NULL;

	if (bad)
		log_warning("malformed compatibility level syntax: \"%s\"", bad);
	return bad == NULL;
}

/* How LEFT compares with RIGHT: *order is negative, 0 or positive. False: it can't be said. */
static bool compare(struct run *run, const char *left, const char *right, bool level, int *order)
{
	long long a = 0, b = 0;

	if (level) {
		if (!levels(left, right, &a, &b))
			return false;
	} else if (text_all_digits(left) && text_all_digits(right)) {
		if (!number(run, left, &a) || !number(run, right, &b))
			return false;
	} else {
		a = strcmp(left, right);
	}
	*order = (a > b) - (a < b);
	return true;
}

/* Expands both sides and compares them, to see the errors of all that. */
static bool evaluate(struct run *run, const struct comparison *comparison, bool level,
	const char *sides[2], int depth, bool *truth)
{
	struct buf left = BUF(RESULT_MOST), right = BUF(RESULT_MOST);
	bool good = run_text(run, sides[0], depth, &left);
	int order = 0;

	good = run_text(run, sides[1], depth, &right) && good;
	good = compare(run, buf_text(&left), buf_text(&right), level, &order) && good;
	*truth = order < 0 ? comparison->less : order > 0 ? comparison->more : comparison->equal;
	buf_close(&left);
	buf_close(&right);
	return good;
}

/* The operator at *AT, which moves behind it. NULL: warned. LEFT is the operand before it. */
static const struct comparison *operator_at(const char *left, const char **at)
{
	size_t length = strspn(*at, OPERATOR_BYTES);

	for (const struct comparison *c = comparisons; c < comparisons + COUNT(comparisons); c++)
		if (strlen(c->sign) == length && text_starts(*at, c->sign)) {
			*at += length;
			return c;
		}
	log_warning("\"==\" or \"!=\"\" or \"<\"\" or \"<=\"\" or \">=\"\" or \">\" expected at:"
		    " \"...%s}>>>%.*s\"",
		left, REST_SHOWN, *at);
	return NULL;
}

/* "{left} op {right}" at *AT, which moves to the choice. False: warned, or run->fatal. */
static bool relation(struct run *run, const char **at, int depth, bool *truth)
{
	const struct comparison *comparison;
	const char *sides[2];
	bool level;

	if ((sides[0] = operand(run, at)) == NULL
		|| (comparison = operator_at(sides[0], at)) == NULL
		|| !suffix(run, comparison->sign, at, &level))
		return false;
	if (*skip_space(*at) != '{') {
		log_warning("\"{expression}\" expected at: \"...{%s} %s>>>%.*s\"", sides[0],
			comparison->sign, REST_SHOWN, *at);
		return false;
	}
	*at = skip_space(*at);
	return (sides[1] = operand(run, at)) != NULL
		&& evaluate(run, comparison, level, sides, depth, truth);
}

/* The text after a comparison: what its choice says, or "true". */
static bool run_comparison(struct run *run, const char *at, int depth, struct buf *to)
{
	struct choice choice = {.yes = "true"};
	const char *chosen;
	bool truth;

	if (!relation(run, &at, depth, &truth))
		return false;
	if (*at && *at != '?' && *at != ':') {
		log_warning("\"?\" or \":\" expected at: \"...}>>>%.*s\"", REST_SHOWN, at);
		return false;
	}
	if (*at && !choose(run, at, &choice))
		return false;
	chosen = truth ? choice.yes : choice.no;
	return chosen == NULL || run_text(run, chosen, depth + 1, to);
}

/* A domain name, with its A-labels or U-labels. False: warned. */
static bool convert(struct run *run, bool to_ascii, const char *domain, struct buf *to)
{
	char *converted = NULL, *trimmed = text_trim(run->expander->pool, domain);
	int status = to_ascii
		? idn2_to_ascii_8z(trimmed, &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL)
		: idn2_to_unicode_8z8z(trimmed, &converted, 0);

	if (status == IDN2_OK)
		buf_adds(to, converted);
	else
		log_warning("cannot convert domain \"%s\" to %s: %s", trimmed,
			to_ascii ? "ASCII" : "UTF-8", idn2_strerror(status));
	idn2_free(converted);
	return status == IDN2_OK;
}

static bool is_function(const struct run *run, const char *name)
{
	return (run->expander->version == 0 || run->expander->version >= POSTFIX(3, 11))
		&& (strcmp(name, "domain_to_ascii") == 0 || strcmp(name, "domain_to_utf8") == 0);
}

/* Postfix 3.11. AT is at the brace of the operand; its value is trimmed before and after. */
static bool run_function(struct run *run, const char *name, const char *at, int depth,
	struct buf *to)
{
	struct buf domain = BUF(RESULT_MOST);
	const char *text = operand(run, &at);
	bool good = text && run_text(run, text, depth + 1, &domain);

	if (good && *at) {
		log_warning("unexpected input at: \"...%s}>>>%.*s\"", text, REST_SHOWN, at);
		good = false;
	}
	good = good && convert(run, strcmp(name, "domain_to_ascii") == 0, buf_text(&domain), to);
	buf_close(&domain);
	return good;
}

static bool run_name(struct run *run, const char *expression, int depth, struct buf *to)
{
	const char *start = skip_space(expression);
	size_t length = strspn(start, NAME_BYTES);
	const char *name = pool_bytes(run->expander->pool, start, length);
	const char *at = skip_space(start + length);
	const char *value = run->expander->value(run->expander->context, name), *chosen;
	struct choice choice = {.yes = value, .no = value};

	if (*at == '{' && is_function(run, name))
		return run_function(run, name, at, depth, to);
	if (*at && *at != '?' && *at != ':') {
		log_warning("attribute name syntax error at: \"...%.*s>>>%.*s\"",
			(int)(start + length - expression), expression, REST_SHOWN, start + length);
		return false;
	}
	if (*at && !choose(run, at, &choice))
		return false;
	chosen = value && *value ? choice.yes : choice.no;
	return chosen == NULL || run_text(run, chosen, depth + 1, to);
}

/* What stands between the brackets, or the name after "$". */
static bool run_reference(struct run *run, const char *expression, int depth, struct buf *to)
{
	if (too_deep(depth, expression) || too_much(run, expression))
		return false;
	if (*skip_space(expression) == '{')
		return run_comparison(run, skip_space(expression), depth, to);
	return run_name(run, expression, depth, to);
}

/* Adds the literal text at *AT, which moves to the next reference or the end. */
static void literal(const char **at, struct buf *to)
{
	for (;;) {
		size_t length = strcspn(*at, "$");

		buf_add(to, *at, length);
		*at += length;
		if (text_starts(*at, "$$")) {
			buf_addc(to, '$');
			*at += 2;
		} else {
			return;
		}
	}
}

/*
 * What the "$" at *AT refers to; *AT moves behind it. NULL: wrong, and warned, but AFTER an error
 * not of an empty "${}". TEXT is the whole.
 */
static const char *reference(struct run *run, const char *text, const char **at, bool after)
{
	const char *start = *at + 1;
	size_t bracket = *start == '{' || *start == '(' ? 1 : 0;
	size_t length = bracket ? enclosed(start) : strspn(start, NAME_BYTES);

	if (bracket && length == 0) {
		log_warning("truncated macro reference: \"%s\"", text);
		return NULL;
	}
	if (length == 2 * bracket) {
		if (!bracket || !after)
			log_warning("empty macro name: \"%s\"", text);
		return NULL;
	}
	*at = start + length;
	return pool_bytes(run->expander->pool, start + bracket, length - 2 * bracket);
}

/*
 * Adds TEXT, expanded. After an error Postfix still looks at the syntax of the references that
 * follow, so there may be a second warning.
 */
static bool run_text(struct run *run, const char *text, int depth, struct buf *to)
{
	const char *at = text, *expression;
	bool good = true;
	size_t length;

	while (*at) {
		length = to->length;
		literal(&at, to);
		expression = *at ? reference(run, text, &at, !good) : "";
		if (expression == NULL)
			return false;
		if (!good) {
			buf_truncate(to, length);
			continue;
		}
		if (to->length > length && too_deep(depth, buf_text(to) + length))
			good = false;
		if (*expression && !run_reference(run, expression, depth, to))
			good = false;
	}
	return good;
}

const char *expand(const struct expander *expander, const char *text, const char **error)
{
	struct run run = {.expander = expander};
	struct buf to = BUF(RESULT_MOST);
	bool good = run_text(&run, text, 0, &to);
	const char *result = NULL;

	if (good && to.cut) {
		log_warning("unreasonable length of a value: \"%.*s...\"", REST_SHOWN, text);
		good = false;
	}
	if (good)
		result = pool_text(expander->pool, buf_text(&to));
	else
		*error = run.fatal ? run.fatal : "dictionary mail_dict: macro processing error";
	buf_close(&to);
	return result;
}

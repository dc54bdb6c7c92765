#include <errno.h>
#include <limits.h>
#include <string.h>
#include "t/lib/tap.h"
#include "util/text.h"

static void check_compare(void)
{
	for (int c = 0; c < 256; c++)
		if (text_is_space(c) != (c != 0 && strchr(TEXT_SPACE, c) != NULL))
			okf(false, "is byte %d white space?", c);
	ok(text_same("Example.COM", "eXAMPLE.com"), "same but for the case");
	ok(text_same("", ""), "both empty");
	ok(!text_same("a", "ab") && !text_same("ab", "a"), "one is longer");
	ok(!text_same("[", "{") && !text_same("@", "`"), "only letters have a case");
	ok(!text_same("\xC4", "\xE4"), "and only in ASCII");
	ok(text_starts("MAIL FROM", "MAIL") && !text_starts("mail", "MAIL"), "starts");
	ok(!text_starts("MA", "MAIL") && text_starts("x", ""), "starts, lengths");
	ok(text_starts_any_case("mail FROM", "MAIL"), "starts in another case");
	ok(!text_starts_any_case("MA", "mail"), "does not start: too short");
	ok(text_ends_any_case("a.EXAMPLE", ".example"), "ends");
	ok(!text_ends_any_case("example", ".example"), "does not end: too short");
	ok(text_all_digits("0123456789") && !text_all_digits(""), "digits");
	ok(!text_all_digits("12a") && !text_all_digits("-1") && !text_all_digits(" 1"),
		"no digits");
	ok(text_is_ascii("az\x7F") && !text_is_ascii("a\x80"), "ASCII");
}

static const struct tokens {
	const char *text, *separators;
	bool braces;
	const char *found; /* each in <> */
} token_cases[] = {
	{"", ", ", false, ""},
	{", , ,", ", ", false, ""},
	{"a", ", ", false, "<a>"},
	{" a, b,,c ", ", ", false, "<a><b><c>"},
	{"a {b c} d", " ", false, "<a><{b><c}><d>"},
	{"a {b c} d", " ", true, "<a><{b c}><d>"},
	{"{a {b, c} d},e", ", ", true, "<{a {b, c} d}><e>"},
	{"x{a b}y z", " ", true, "<x{a b}y><z>"},
	{"a {b c", " ", true, "<a><{b c>"},
	{"a} b {c d} e", " ", true, "<a}><b><{c d}><e>"},
	{"one\r\n\ttwo", TEXT_LIST_SEPARATORS, true, "<one><two>"},
};

static void check_tokens(struct pool *pool)
{
	for (const struct tokens *t = token_cases; t < token_cases + COUNT(token_cases); t++) {
		const char *rest = t->text, *token;
		struct buf found = BUF(0);

		while ((token = text_token(pool, &rest, t->separators, t->braces)))
			buf_addf(&found, "<%s>", token);
		is_text(buf_text(&found), t->found, t->text);
		ok(*rest == '\0', "nothing is left");
		buf_close(&found);
	}
}

static const struct braces {
	const char *text, *inside, *error;
} brace_cases[] = {
	{"", "", NULL},
	{"plain text ", "plain text ", NULL},
	{"{}", "", NULL},
	{"{ a = b\t}", "a = b", NULL},
	{"{{a} {b}} \n", "{a} {b}", NULL},
	{"{ a", NULL, "missing '}'"},
	{"{{a}", NULL, "missing '}'"},
	{"{a} b", NULL, "syntax error after '}'"},
	{"{a}}", NULL, "syntax error after '}'"},
	{" {a}", " {a}", NULL},
};

static void check_braces(struct pool *pool)
{
	for (const struct braces *b = brace_cases; b < brace_cases + COUNT(brace_cases); b++) {
		const char *error = NULL;

		is_text(text_unbrace(pool, b->text, &error), b->inside, b->text);
		is_text(error, b->error, "its error");
	}
}

static const struct number {
	const char *text;
	long long min, max, value;
	bool right;
} numbers[] = {
	{"0", 0, 10, 0, true},
	{"10", 0, 10, 10, true},
	{"11", 0, 10, 0, false},
	{"007", 0, 10, 7, true},
	{"-5", -5, 5, -5, true},
	{"-6", -5, 5, 0, false},
	{"-0", 0, 5, 0, true},
	{"", 0, 10, 0, false},
	{"-", -5, 5, 0, false},
	{"+5", 0, 10, 0, false},
	{" 5", 0, 10, 0, false},
	{"5 ", 0, 10, 0, false},
	{"0x5", 0, 10, 0, false},
	{"9223372036854775807", LLONG_MIN, LLONG_MAX, LLONG_MAX, true},
	{"9223372036854775808", LLONG_MIN, LLONG_MAX, 0, false},
	{"-9223372036854775808", LLONG_MIN, LLONG_MAX, LLONG_MIN, true},
	{"-9223372036854775809", LLONG_MIN, LLONG_MAX, 0, false},
	{"18446744073709551616", LLONG_MIN, LLONG_MAX, 0, false},
	{"99999999999999999999999", LLONG_MIN, LLONG_MAX, 0, false},
};

static void check_numbers(void)
{
	for (const struct number *n = numbers; n < numbers + COUNT(numbers); n++) {
		long long value = 1234;

		ok(text_number(n->text, n->min, n->max, &value) == n->right, n->text);
		is_number(value, n->right ? n->value : 1234, "its value");
	}
}

static const struct printable {
	const char *name, *text, *ascii, *utf8;
} printables[] = {
	{"plain", "az ~", "az ~", "az ~"},
	{"controls", "\033[2J\r\n\t\x7F", "?[2J????", "?[2J????"},
	{"two bytes", "\xC3\xA9.", "??.", "\xC3\xA9."},
	{"three bytes", "\xE2\x82\xAC.", "???.", "\xE2\x82\xAC."},
	{"four bytes", "\xF0\x9F\x98\x80.", "????.", "\xF0\x9F\x98\x80."},
	{"the last one", "\xF4\x8F\xBF\xBF", "????", "\xF4\x8F\xBF\xBF"},
	{"beyond the last", "\xF4\x90\x80\x80", "????", "????"},
	{"before the surrogates", "\xED\x9F\xBF", "???", "\xED\x9F\xBF"},
	{"a surrogate", "\xED\xA0\x80", "???", "???"},
	{"overlong in two", "\xC0\xAF\xC1\xBF", "????", "????"},
	{"overlong in three", "\xE0\x9F\xBF", "???", "???"},
	{"overlong in four", "\xF0\x8F\xBF\xBF", "????", "????"},
	{"cut short", "a\xE2\x82", "a??", "a??"},
	{"cut short by another", "\xE2\x82z\xC3\xA9", "??z??", "??z\xC3\xA9"},
	{"tail alone", "\x80z", "?z", "?z"},
	{"never used", "\xFE\xFF\xF5\x80\x80\x80", "??????", "??????"},
};

static void check_printable(struct pool *pool)
{
	for (const struct printable *p = printables; p < printables + COUNT(printables); p++) {
		size_t length = strlen(p->text);
		char *ascii = pool_text(pool, p->text), *utf8 = pool_text(pool, p->text);

		text_printable(ascii, length, false);
		text_printable(utf8, length, true);
		is_text(ascii, p->ascii, p->name);
		is_text(utf8, p->utf8, p->name);
		ok(text_is_utf8(p->text, length) == (strchr(p->utf8, '?') == NULL)
				|| strcmp(p->name, "controls") == 0,
			"is it UTF-8?");
	}
	ok(text_is_utf8("\033\r\n", 3), "controls are UTF-8");
	ok(text_is_utf8("", 0), "so is nothing");
}

static void check_encodings(void)
{
	struct buf buf = BUF(0);

	text_xtext(&buf, "a+b=c d\n\xFF~!", "=");
	is_text(buf_text(&buf), "a+2Bb+3Dc+20d+0A+FF~!", "xtext");
	buf_clear(&buf);
	text_xtext(&buf, "a=b", "");
	is_text(buf_text(&buf), "a=b", "xtext, nothing else");
	buf_clear(&buf);
	text_hex(&buf, "\x01\xAB\xFF", 3, ':');
	is_text(buf_text(&buf), "01:AB:FF", "hexadecimal");
	buf_clear(&buf);
	text_hex(&buf, "\x01\xAB\xFF", 3, 0);
	is_text(buf_text(&buf), "01ABFF", "without separator");
	buf_close(&buf);
	is_number(text_hash("", 0), 0x811C9DC5, "FNV-1a of nothing");
	is_number(text_hash("foobar", 6), 0xBF9CF968, "FNV-1a of foobar");
}

int main(void)
{
	struct pool pool = {0};
	char word[] = "MiXed [\\] \xC4";

	check_compare();
	is_text(text_lower(word), "mixed [\\] \xC4", "lower case");
	is_text(text_trim(&pool, " \t a b \r\n\v\f"), "a b", "trimmed");
	is_text(text_trim(&pool, " \n "), "", "trimmed to nothing");
	check_tokens(&pool);
	check_braces(&pool);
	check_numbers();
	check_printable(&pool);
	check_encodings();
	is_text(text_errno(&pool, ENOENT), strerror(ENOENT), "the text of an error");
	ok(strstr(text_errno(&pool, 99999), "nknown") != NULL, "of an unknown one");
	pool_free(&pool);
	return done();
}

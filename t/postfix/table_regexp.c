/* regexp and pcre tables: what both do is one table of cases. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"
#include "postfix/version.h"

static const char *kind; /* "regexp" or "pcre" */

static const struct answer {
	const char *rules; /* lines */
	const char *key, *value;
	const char *said; /* warnings behind "KIND map NAME, "; NULL: none */
} both[] = {
	{"/^a(b)(c)?$/   one $1 two:${2} three:$(1) $$ end   \n", "abc",
		"one b two:c three:b $ end", NULL},
	{"/^a(b)(c)?$/   one $1 two:${2} three:$(1) $$ end   \n", "ab", "one b two: three:b $ end",
		NULL},
	{"/(1)(2)(3)(4)(5)(6)(7)(8)(9)(a)(b)/ $11$10${9}$1-z\n", "123456789ab", "ba91-z", NULL},
	{"/x(a)?/ [$1]\n", "x", "[]", NULL},
	{"/^d\\/e$/ slash\n", "d/e", "slash", NULL},
	{"|^p/ipe$| pipe\n", "p/ipe", "pipe", NULL},
	{"_x_ y\n", "x", "y", NULL},
	{"/a b/ c\n", "xa by", "c", NULL},
	{"/a/ b\n  c\n", "a", "b  c", NULL},
	{"/a/ first\n/a/ second\n", "a", "first", NULL},
	{"/Case/ any\n", "cASE", "any", NULL},
	{"/Case/i same\n", "cASE", "NONE", NULL},
	{"/Case/ii any\n", "cASE", "any", NULL},
	{"/b$/m any line\n", "a\nb\nc", "any line", NULL},
	{"/b$/ the end\n", "a\nb\nc", "NONE", NULL},
	{"/a.b/ dot\n", "a\nb", "dot", NULL},
	{"!/x/ not x\n", "a", "not x", NULL},
	{"!/x/ not x\n", "axe", "NONE", NULL},
	{"!!/x/ x\n", "axe", "x", NULL},
	{"! /x/ not x\n", "a", "not x", NULL},
	{"// all\n", "a", "all", NULL},
	{"!/b/ x$$1\n", "a", "x$1", NULL},
	{"if /^a/\n/1$/ a1\nif !/2$/\n/./ a\nendif\n/./ a2\nendif\n/./ rest\n", "a1", "a1", NULL},
	{"if /^a/\n/1$/ a1\nif !/2$/\n/./ a\nendif\n/./ a2\nendif\n/./ rest\n", "a2", "a2", NULL},
	{"if /^a/\n/1$/ a1\nif !/2$/\n/./ a\nendif\n/./ a2\nendif\n/./ rest\n", "a3", "a", NULL},
	{"if /^a/\n/1$/ a1\nif !/2$/\n/./ a\nendif\n/./ a2\nendif\n/./ rest\n", "b1", "rest", NULL},
	{"IF/a/\n/b/ x\nEndIf\n", "ab", "x", NULL},

	{"/a/q b\n/./ next\n", "a", "next",
		"line 1: unknown regexp option \"q\": skipping this rule\n"},
	{"/a/\n", "a", "", "line 1: no replacement text: using empty string\n"},
	{"/(a)/ $2\n", "a", "NONE",
		"line 1: out of range replacement index \"2\": skipping this rule\n"},
	{"/a/ $1y\n", "a", "NONE",
		"line 1: non-numeric replacement index \"1y\"\n"
		"line 1: bad replacement syntax: skipping this rule\n"},
	{"!/b/ $1\n", "a", "NONE",
		"line 1: $number found in negative match replacement text: "
		"skipping this rule\n"},
	{"!/b(c)/ $99999999999\n", "a", "NONE",
		"line 1: $number found in negative match replacement "
		"text: skipping this rule\n"},
	{"foo bar\n/./ next\n", "foo", "next", "line 1: ignoring unrecognized request\n"},
	{"ifx /a/\n", "a", "NONE", "line 1: ignoring unrecognized request\n"},
	{"endif\n/./ next\n", "a", "next", "line 1: ignoring ENDIF without matching IF\n"},
	{"if /a/\nendif x\n/./ next\n", "b", "next", "line 2: ignoring extra text after ENDIF\n"},
	{"if /a/ x\nendif\n/./ next\n", "b", "next",
		"line 1: ignoring extra text after IF statement: \"x\"\n"
		"line 1: do not prepend whitespace to statements between IF and ENDIF\n"},
	{"/a/ x\nif /b/\n/./ y\n", "c", "NONE", "line 2: IF has no matching ENDIF\n"},
	{"/a/ x\nif /b/\n/./ y\n", "b", "y", "line 2: IF has no matching ENDIF\n"},
	{"if\n!\n", "a", "NONE",
		"line 1: no regexp: skipping this rule\n"
		"line 2: no regexp: skipping this rule\n"},
};

static const struct answer regexp[] = {
	{"/a\\(b\\)/x basic $1\n", "ab", "basic b", NULL},
	{"/a/!/b/ a without b\n", "a", "a without b", NULL},
	{"/a/!/b/ a without b\n", "ab", "NONE", NULL},
	{"/a/!/b/ a without b\n", "b", "NONE", NULL},
	{"/a/i!/B/i case\n", "ab", "case", NULL},
	{"/a/!!/b/ both\n", "ab", "both", NULL},
	{"/a/!!/b/ both\n", "a", "NONE", NULL},
	{"!/a/!/b/ none\n", "c", "none", NULL},
	{"/a(.)/!/d(e)/ $1\n", "axb", "x", NULL},
	{"/a/! /x/ y\n", "a", "y", NULL},
	{"/a/ !/x/ y\n", "a", "!/x/ y", NULL},
	{"/a/!/x/!/y/ z\n", "a", "!/y/ z", NULL},
	{"/a/!xbx z\n", "a", "z", NULL},
	{"/\303\244/ ae\n", "\303\244", "ae", NULL},
	{"/a\n", "a", "NONE", "line 1: no closing regexp delimiter \"/\": skipping this rule\n"},
	{"/a/ $0\n", "a", "NONE",
		"line 1: out-of-range replacement index \"0\"\n"
		"line 1: bad replacement syntax: skipping this rule\n"},
	{"/(a*)*b\\1/ [$1]\n", "aab", "[]", NULL}, /* where the C library says nonsense */
	{"/(/ x\n", "a", "NONE", NULL}, /* in words of the C library */
	{"/a/!/b(/ x\n", "a", "NONE", NULL},
};

#ifdef HAVE_PCRE2
static const struct answer pcre[] = {
	{"/a.b/s dot\n", "a\nb", "NONE", NULL},
	{"/a b/x extended\n", "ab", "extended", NULL},
	{"/b/A anchored\n", "ab", "NONE", NULL},
	{"/b$/E end\n", "ab\n", "NONE", NULL},
	{"/b$/ end\n", "ab\n", "end", NULL},
	{"/x(u+)/U $1\n", "xuu", "u", NULL},
	{"/(?<first>a)(b)/ $2$1\n", "ab", "ba", NULL},
	{"/a/X x\n", "a", "x", "line 1: ignoring obsolete regexp option \"X\"\n"},
	{"/a/!/b/ x\n", "a", "NONE", "line 1: unknown regexp option \"!\": skipping this rule\n"},
	{"/a\n", "a", "NONE", "line 1: no closing regexp delimiter \"/\": ignoring this rule\n"},
	{"/a/ $0\n", "a", "NONE",
		"line 1: out of range replacement index \"0\"\n"
		"line 1: bad replacement syntax: skipping this rule\n"},
	{"/(/ x\n", "a", "NONE",
		"line 1: error in regex at offset 1: missing closing parenthesis\n"},
	{"/^.$/ one byte\n", "\303\244", "NONE", NULL},
	{"/(a+)+$/ x\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "NONE",
		"line 1: backtracking limit exceeded\n"},
};
#endif

/* Postfix says this about text, without the place. */
static const struct answer macros[] = {
	{"/a/ x$\n", "a", "NONE", "empty macro name: \"x$\""},
	{"/a/ ${}\n", "a", "NONE", "empty macro name: \"${}\""},
	{"/a/ $ 1\n", "a", "NONE", "empty macro name: \"$ 1\""},
	{"/a/ ${1\n", "a", "NONE", "truncated macro reference: \"${1\""},
	{"/a/ $(1}\n", "a", "NONE", "truncated macro reference: \"$(1}\""},
};

/* RULES in one line. */
static const char *named(const char *rules)
{
	static char name[512];

	snprintf(name, sizeof name, "%s: %s", kind, rules);
	for (char *c = name; *c; c++)
		*c = *c == '\n' ? ';' : *c;
	return name;
}

static struct table *open_rules(struct table_set *set, const char *rules)
{
	cases_file("rules", rules);
	return table_open(set, cases_name(kind, "rules"), TABLE_FOLD | TABLE_UTF8);
}

/* What SAID becomes in the log. */
static void expect_said(const char *said, const char *before)
{
	char want[2048] = "";
	size_t length = 0;

	for (const char *line = said; line && *line; line = strchr(line, '\n') + 1)
		length += (size_t)snprintf(want + length, sizeof want - length, "%s%.*s\n", before,
			(int)strcspn(line, "\n"), line);
	is_text(cases_log(), want, "and its warnings");
}

static void run(const struct answer *answers, size_t count)
{
	char before[512];

	for (const struct answer *a = answers; a < answers + count; a++) {
		struct table_set *set = cases_set();

		cases_log();
		is_text(cases_ask(open_rules(set, a->rules), a->key), a->value, named(a->rules));
		snprintf(before, sizeof before, "warning: %s map %s, ", kind, cases_path("rules"));
		if (a->said || strchr(a->rules, '(') == NULL)
			expect_said(a->said, before);
		table_set_free(set);
	}
}

static void bad_macros(void)
{
	char want[1024];

	for (const struct answer *a = macros; a < macros + COUNT(macros); a++) {
		struct table_set *set = cases_set();

		cases_log();
		is_text(cases_ask(open_rules(set, a->rules), a->key), a->value, named(a->rules));
		snprintf(want, sizeof want,
			"warning: %s\nwarning: %s map %s, line 1: bad replacement "
			"syntax: skipping this rule\n",
			a->said, kind, cases_path("rules"));
		is_text(cases_log(), want, "and its warnings");
		table_set_free(set);
	}
}

static void in_main_cf(void)
{
	struct table_set *set = cases_set();
	char name[256];

	snprintf(name, sizeof name, "%s:{ {/a/ x y}, { /B/i\tz } {if /c/} {/d/ e},{endif} }", kind);
	is_text(cases_ask(table_open(set, name, 0), "a"), "x y", "rules in main.cf");
	is_text(cases_ask(table_open(set, name, 0), "B"), "z", NULL);
	is_text(cases_ask(table_open(set, name, 0), "b"), "NONE", NULL);
	is_text(cases_ask(table_open(set, name, 0), "cd"), "e", "with an if");
	is_text(cases_ask(table_open(set, name, 0), "d"), "NONE", NULL);
	snprintf(name, sizeof name, "%s:{}", kind);
	is_text(cases_ask(table_open(set, name, 0), "a"), "NONE", "no rules");
	cases_log();
	table_set_free(set);
}

static void refused(void)
{
	static const char *const bad[][2] = {
		{"{/a/ b}", "no '{' at start of text in \"/a/\""},
		{"{{/a/ b}", "missing '}' in \"{{/a/ b}\""},
		{"{{/a/ b}}x", "syntax error after '}' in \"{{/a/ b}}x\""},
		{"{{/a/ b}c}", "syntax error after '}' in \"{/a/ b}c\""},
	};
	char name[256], why[256];

	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(name, sizeof name, "%s:%s", kind, bad[i][0]);
		snprintf(why, sizeof why, "%s map: %s", kind, bad[i][1]);
		cases_refuse(name, why);
	}
	snprintf(name, sizeof name, "%s:/no/file", kind);
	cases_refuse(name, "open /no/file: No such file or directory");
	snprintf(name, sizeof name, "%s:/tmp", kind);
	snprintf(why, sizeof why, "%s map /tmp: read error: Is a directory", kind);
	cases_refuse(name, why);
}

/* Up to Postfix 3.6 braces were a file's name. */
static void before_braces(void)
{
	struct table_options options = TABLE_OPTIONS;
	struct table_set *set;
	char name[64];

	options.version = POSTFIX(3, 6);
	set = cases_set_with(&options);
	snprintf(name, sizeof name, "%s:{{/a/ b}}", kind);
	table_open(set, name, 0);
	is_text(cases_log(), "error: open {{/a/ b}}: No such file or directory\n",
		"3.6 has no braces");
	table_set_free(set);
}

/* The pairs all tables have, as patterns. */
static void common(void)
{
	struct table_set *set = cases_set();
	struct buf text = BUF(0);

	for (const struct table_pair *pair = TABLE_PAIRS; pair->key; pair++) {
		buf_adds(&text, "|^");
		for (const char *c = pair->key; *c; c++)
			buf_addf(&text, "%s%c", strchr("[].", *c) ? "\\" : "", *c);
		buf_addf(&text, "$|\t%s\n", pair->value);
	}
	cases_file("common", buf_text(&text));
	buf_close(&text);
	cases_run(set, cases_name(kind, "common"), TABLE_PATTERN);
	cases_run_threads(set, cases_name(kind, "common"));
	cases_age(cases_path("common"), 5);
	ok(!table_set_changed(set), "never changes");
	table_set_free(set);
}

static void run_kind(const char *name)
{
	kind = name;
	run(both, COUNT(both));
	bad_macros();
	in_main_cf();
	refused();
	before_braces();
	common();
}

int main(void)
{
	run_kind("regexp");
	run(regexp, COUNT(regexp));
#ifdef HAVE_PCRE2
	run_kind("pcre");
	run(pcre, COUNT(pcre));
#endif
	return cases_done();
}

/* table.c: opening, lists, errors; with the types that are written in main.cf. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "t/lib/child.h"
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"
#include "util/log.h"
#include "postfix/table_redirect.h"
#include "postfix/version.h"

static struct table_set *set;

static void lists(void)
{
	struct tables *tables = tables_open(set, "x_maps",
		"inline:{a=1}, inline:{{b = two words}} inline:{a=3,c=4}\n\tfail:x static:5", 0);

	is_text(cases_ask_all(tables, "a"), "1", "the first answer wins");
	is_text(cases_ask_all(tables, "b"), "two words", "the second table is asked");
	is_text(cases_ask_all(tables, "c"), "4", "and the third");
	is_text(cases_log(), "", "without a word");
	is_text(cases_ask_all(tables, "d"),
		"ERROR: fail:x lookup error for \"d\": this table always fails",
		"an error stops the search");
	is_text(cases_log(), "warning: fail:x lookup error for \"d\"\n", "as Postfix logs it");
	ok(tables_open(set, "x_maps", "", 0) == NULL, "an empty parameter");
	ok(tables_open(set, "x_maps", " ,\t", 0) == NULL, "and one of separators only");
	ok(!tables_have(NULL, TABLE_ANY), "no tables have no kind");
}

static void kinds(void)
{
	struct tables *tables = tables_open(set, "x_maps", "fail:x inline:{a=1}", 0);
	struct buf result = BUF(100);

	ok(tables_have(tables, TABLE_FIXED) && tables_have(tables, TABLE_PATTERN), "both kinds");
	ok(tables_find_in(tables, TABLE_FIXED, "a", &result) == TABLE_FOUND, "only fixed keys");
	is_text(buf_text(&result), "1", "and its value");
	ok(tables_find_in(tables, TABLE_PATTERN, "a", &result) == TABLE_ERROR, "only patterns");
	cases_log();
	buf_close(&result);
}

static void empty_result(void)
{
	struct tables *tables = tables_open(set, "x_maps", "inline:{a=} inline:{a=1}", 0);

	is_text(cases_ask_all(tables, "a"),
		"ERROR: inline:{a=} lookup error for \"a\": the result is an empty string",
		"an empty result is an error");
	is_text(cases_log(),
		"warning: x_maps lookup of a returns an empty string result\n"
		"warning: x_maps should return NO RESULT in case of NOT FOUND\n",
		"in Postfix's words");
	is_text(cases_ask(table_open(set, "inline:{a=}", 0), "a"), "", "but not of a single table");
}

static void too_long(void)
{
	struct buf result = BUF(3);

	ok(table_find(table_open(set, "static:abc", 0), "x", &result) == TABLE_FOUND,
		"it just fits");
	is_text(buf_text(&result), "abc", "and is whole");
	ok(table_find(table_open(set, "static:abcd", 0), "x", &result) == TABLE_ERROR,
		"a value that does not fit is not half a value");
	is_text(cases_log(),
		"warning: static:abcd: the value of key \"x\" is longer than 3 bytes\n",
		"and warned about");
	buf_close(&result);
}

static void not_utf8(void)
{
	struct table *table = table_open(set, "static:\351", TABLE_UTF8);

	is_text(cases_ask(table, "x"), "ERROR: static:? lookup error for \"x\": non-UTF-8 value",
		"a value that is not UTF-8");
	is_text(cases_log(),
		"warning: static:?: key \"x\": non-UTF-8 value: malformed UTF-8 or "
		"invalid codepoint\n",
		"is warned about, but not shown");
	is_text(cases_ask(table_open(set, "static:\351", 0), "\351"), "\351",
		"where it is not asked for");
	is_text(cases_ask(table_open(set, "inline:{\303\211=x}", TABLE_FOLD | TABLE_UTF8),
			"\303\251"),
		"x", "keys are folded when they are stored");
	is_text(cases_ask(table_open(set, "inline:{\303\211=x}", TABLE_FOLD), "\303\251"), "NONE",
		"without the flag only A-Z are");
	is_text(cases_ask(table_open(set, "inline:{A=x}", TABLE_FOLD), "a"), "x", "which they are");
	is_text(cases_ask(table_open(set, "inline:{A=x}", 0), "a"), "NONE", "if flagged so");
}

static const struct refused {
	const char *name, *why; /* NULL: opens */
} refused[] = {
	{"mysql:/x", "unsupported dictionary type: mysql (it was not built in here; use"
		" proxy:mysql:/x)"},
	{"ldap:x", "unsupported dictionary type: ldap (it was not built in here; use proxy:ldap:x)"},
	{"pgsql:x", "unsupported dictionary type: pgsql (it was not built in here; use"
		" proxy:pgsql:x)"},
	{"sqlite:/x", "unsupported dictionary type: sqlite (it was not built in here; use"
		" proxy:sqlite:/x)"},
	{"mongodb:x", "unsupported dictionary type: mongodb (it was not built in here; use"
		" proxy:mongodb:x)"},
	{"nonsense:x", "unsupported dictionary type: nonsense"},
	{"inline:{}", "bad syntax: \"inline:{}\"; need \"inline:{name=value...}\""},
	{"inline:{ }", "empty table: \"inline:{ }\"; need \"inline:{name=value...}\""},
	{"inline:{ , }", "empty table: \"inline:{ , }\"; need \"inline:{name=value...}\""},
	{"inline:{a b}",
		"missing '=' after attribute name: \"inline:{a b}\"; need "
		"\"inline:{name=value...}\""},
	{"inline:{ {a b = c} }",
		"missing '=' after attribute name: \"inline:{ {a b = c} }\"; need "
		"\"inline:{name=value...}\""},
	{"inline:a=b", "bad syntax: \"inline:a=b\"; need \"inline:{name=value...}\""},
	{"inline:{{a=b}", "bad syntax: \"inline:{{a=b}\"; need \"inline:{name=value...}\""},
	{"inline:{a=b}}", "bad syntax: \"inline:{a=b}}\"; need \"inline:{name=value...}\""},
	{"inline:{a=b} ", "bad syntax: \"inline:{a=b} \"; need \"inline:{name=value...}\""},
	{"inline:{{a=b}c=d}",
		"syntax error after '}' in \"{a=b}c=d\": \"inline:{{a=b}c=d}\"; need "
		"\"inline:{name=value...}\""},
	{"inline:{ {a\"b = c}}",
		"unbalanced '\"': \"inline:{ {a\"b = c}}\"; need "
		"\"inline:{name=value...}\""},
	{"inline:{a=b,{}}",
		"no key found; expected format: key = value: \"inline:{a=b,{}}\"; need "
		"\"inline:{name=value...}\""},
	{"static:{x}y", "bad static:name syntax: syntax error after '}' in \"{x}y\""},
	{"static:{x", "bad static:name syntax: missing '}' in \"{x\""},
	{"unix:foo", "unknown table: unix:foo"},
	{"foo:bar", "unsupported dictionary type: foo"},
	{"{foo:bar}", "unsupported dictionary type: {foo"},
	{"mysql:/x.cf",
		"unsupported dictionary type: mysql (it was not built in here; use "
		"proxy:mysql:/x.cf)"},
};

static void one_failing(const struct refused *r)
{
	struct table *table = table_open(set, r->name, TABLE_UTF8);
	char want[512];

	snprintf(want, sizeof want, "error: %s\n", r->why);
	is_text(cases_log(), want, r->name);
	snprintf(want, sizeof want, "ERROR: %s lookup error for \"x\": %s", r->name, r->why);
	is_text(cases_ask(table, "x"), want, "every lookup fails");
	snprintf(want, sizeof want, "warning: %s is unavailable. %s\n", r->name, r->why);
	is_text(cases_log(), want, "and says so");
}

static void failing(void)
{
	for (const struct refused *r = refused; r < refused + COUNT(refused); r++)
		one_failing(r);
	cases_ask(table_open(set, "inline:{\351=b}", TABLE_UTF8), "x");
	is_text(cases_log(),
		"error: bad UTF-8 syntax: \"inline:{?=b}\"; need "
		"\"inline:{name=value...}\"\nwarning: inline:{?=b} is unavailable. bad UTF-8 "
		"syntax: "
		"\"inline:{?=b}\"; need \"inline:{name=value...}\"\n",
		"a table that is not UTF-8");
}

static const struct answer {
	const char *name, *key, *value;
} answers[] = {
	{"inline:{ a=b, { c = d e } {k={v w}}}", "a", "b"},
	{"inline:{ a=b, { c = d e } {k={v w}}}", "c", "d e"},
	{"inline:{ a=b, { c = d e } {k={v w}}}", "k", "{v w}"},
	{"inline:{ a=b, a=c}", "a", "c"},
	{"inline:{ {a=b }, { x = y = z } }", "x", "y = z"},
	{"inline:{ {\"x y\" = q}}", "\"x y\"", "q"},
	{"inline:{ {\"a\"b = c}}", "\"a\"b", "c"},
	{"inline:{ {\"a\"b = c}}", "a", "NONE"},
	{"inline:{ {a\\ b = c}}", "a\\ b", "c"},
	{"inline:{ {a\"=\"b = c}}", "a\"=\"b", "c"},
	{"inline:{ {a\\=b = c}}", "a\\=b", "c"},
	{"inline:{ {a\\ = c}}", "a\\ ", "c"},
	{"inline:{ {\"a\\\"b\" = c}}", "\"a\\\"b\"", "c"},
	{"inline:{=b}", "a", "NONE"},
	{"inline:{a=b,=}", "a", "b"},
	{"static:value", "x", "value"},
	{"static:{ text with space }", "x", "text with space"},
	{"static: x ", "a", " x "},
	{"static:{ {x} }", "a", "{x}"},
	{"static:a}", "a", "a}"},
	{"static:{ }", "a", ""},
	{"internal:x", "a", "NONE"},
	{"environ:x", "TABLE_TEST", "set"},
	{"environ:x", "TABLE_TEST_2", "NONE"},
	{"unix:passwd.byname", "no-such-user", "NONE"},
	{"unix:group.byname", "no-such-group", "NONE"},
};

static void by_type(void)
{
	for (const struct answer *a = answers; a < answers + COUNT(answers); a++) {
		is_text(cases_ask(table_open(set, a->name, 0), a->key), a->value, a->name);
		is_text(cases_log(), "", NULL);
	}
	ok(strncmp(cases_ask(table_open(set, "unix:passwd.byname", TABLE_FOLD), "ROOT"), "root:", 5)
			== 0,
		"an account");
	ok(strncmp(cases_ask(table_open(set, "unix:group.byname", 0), "root"), "root:", 5) == 0,
		"a group");
}

static void inline_cases(void)
{
	struct buf name = BUF(0);

	buf_adds(&name, "inline:{");
	for (const struct table_pair *pair = TABLE_PAIRS; pair->key; pair++)
		buf_addf(&name, "{%s = %s} ", pair->key, pair->value);
	buf_addc(&name, '}');
	cases_run(set, buf_text(&name), TABLE_FIXED);
	cases_run_threads(set, buf_text(&name));
	buf_close(&name);
}

/* What ends the process */
static void open_without_colon(void)
{
	log_also_stderr(true);
	table_open(set, "static:", 0);
}

static void open_strictly(void)
{
	struct table_set *strict = cases_set_with(
		&(struct table_options){.version = POSTFIX(3, 7), .open_error_is_fatal = true});

	log_also_stderr(true);
	table_open(strict, "foo:bar", 0);
}

static void fatal(void)
{
	struct child child = child_run(open_without_colon);
	struct table_set *newer =
		cases_set_with(&(struct table_options){.version = POSTFIX(3, 11)});

	is_number(child_exit(&child), 1, "type:name without name is fatal");
	ok(strstr(child.said,
		   "fatal: open dictionary: expecting \"type:name\" form instead of "
		   "\"static:\""),
		"as Postfix says it");
	child = child_run(open_strictly);
	is_number(child_exit(&child), 1, "all is, with daemon_table_open_error_is_fatal");
	ok(strstr(child.said, "fatal: unsupported dictionary type: foo"), "as Postfix says it");
	table_open(newer, "bar", 0);
	is_text(cases_log(),
		"error: open dictionary: expecting \"type:name\" form instead of \"bar\"\n",
		"but not for Postfix 3.11");
	table_open(newer, "foo:bar", 0);
	is_text(cases_log(),
		"warning: unsupported dictionary type: foo. Is the postfix-foo package installed?\n"
		"error: unsupported dictionary type: foo\n",
		"which guesses at a package");
	table_set_free(newer);
}

/* Postfix 3.11: hash: and btree: stand for others. Types that are written in main.cf do, too. */
static const struct redirect {
	int version;
	enum table_redirect level;
	const char *mapping, *name, *value, *said;
} redirects[] = {
	{POSTFIX(3, 11), TABLE_REDIRECT, "", "hash:v", "v", "redirecting hash:v to static:v\n"},
	{POSTFIX(3, 11), TABLE_REDIRECT_REINDEX, "", "btree:{v=w}", "w",
		"redirecting btree:{v=w} to inline:{v=w}\n"},
	{POSTFIX(3, 11), TABLE_REDIRECT, "inline:{hash=inline}", "hash:{v=x}", "x",
		"redirecting hash:{v=x} to inline:{v=x}\n"},
	{POSTFIX(3, 11), TABLE_REDIRECT, "inline:{{hash:v=static:y}, hash=inline}", "hash:v", "y",
		"redirecting hash:v to static:y\n"},
	{POSTFIX(3, 11), TABLE_REDIRECT, "hash:z", "hash:v", "v",
		"redirecting hash:z to static:z\nredirecting hash:v to z:v\n"
		"warning: unsupported dictionary type: z. Is the postfix-z package installed?\n"
		"error: unsupported dictionary type: z\n"},
	{POSTFIX(3, 11), TABLE_REDIRECT, "", "static:v", "v", ""},
	{POSTFIX(3, 11), TABLE_REDIRECT, "", "unionmap:{hash:v,static:w}", "v,w",
		"redirecting hash:v to static:v\n"},
	{POSTFIX(3, 10), TABLE_REDIRECT, "", "hash:/v", NULL, NULL},
	{POSTFIX(3, 11), TABLE_REDIRECT_OFF, "", "hash:/v", NULL, NULL},
};

static void redirected(void)
{
	for (const struct redirect *r = redirects; r < redirects + COUNT(redirects); r++) {
		struct table_options options = TABLE_OPTIONS;
		struct table_set *own;
		struct table *table;

		options.version = r->version;
		options.redirect = r->level;
		options.redirect_mapping = r->mapping;
		options.log_redirect = true;
		options.default_database_type = "static";
		options.default_cache_db_type = "inline";
		own = cases_set_with(&options);
		table = table_open(own, r->name, 0);
		if (r->said)
			is_text(cases_log(), r->said, r->name);
		else
			ok(strstr(cases_log(), "redirecting") == NULL, r->name);
		if (r->value && strstr(r->said, "error") == NULL)
			is_text(cases_ask(table, "v"), r->value, "and what it answers");
		cases_log();
		table_set_free(own);
	}
	is_number(table_redirect_level("Enable-Redirect"), TABLE_REDIRECT, "enable-redirect");
	is_number(table_redirect_level("enable-reindex"), TABLE_REDIRECT_REINDEX, "enable-reindex");
	is_number(table_redirect_level("disable"), TABLE_REDIRECT_OFF, "disable");
	is_number(table_redirect_level("yes"), TABLE_REDIRECT_INVALID, "no other word");
}

int main(void)
{
	set = cases_set();
	setenv("TABLE_TEST", "set", 1);
	lists();
	kinds();
	empty_result();
	too_long();
	not_utf8();
	failing();
	by_type();
	inline_cases();
	redirected();
	fatal();
	table_set_free(set);
	table_set_free(NULL);
	return cases_done();
}

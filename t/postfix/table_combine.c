#include <stdio.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"
#include "postfix/version.h"

static const struct asked {
	const char *name, *key, *value;
} cases[] = {
	{"unionmap:{static:a,,static:b}", "k", "a,b"},
	{"unionmap:{inline:{j=a} inline:{k=b},inline:{k=c}}", "k", "b,c"},
	{"unionmap:{inline:{j=a},inline:{k=b}}", "x", "NONE"},
	{"unionmap:{ static:{a b},static:{c,d} }", "k", "a b,c,d"},
	{"unionmap:{static:{a},static:{}}", "k", "a,"},
	{"unionmap:{static:{},static:{a}}", "k", "a"},
	{"unionmap:{static:{}}", "k", ""},
	{"unionmap:{inline:{k=a},fail:x,static:b}", "k",
		"ERROR: unionmap:{inline:{k=a},fail:x,static:b} lookup error for \"k\": "
		"fail:x lookup error for \"k\": this table always fails"},
	{"unionmap:{unionmap:{static:a,static:b},static:c}", "k", "a,b,c"},
	{"pipemap:{inline:{k=a},inline:{a=b}}", "k", "b"},
	{"pipemap:{inline:{k=a},inline:{b=b}}", "k", "NONE"},
	{"pipemap:{inline:{j=a},fail:x}", "k", "NONE"},
	{"pipemap:{inline:{k=a},fail:x}", "k",
		"ERROR: pipemap:{inline:{k=a},fail:x} lookup error for \"k\": "
		"fail:x lookup error for \"a\": this table always fails"},
	{"pipemap:{static:a}", "k", "a"},
	{"pipemap:{static:{},static:{a}}", "k", "a"},
	{"pipemap:{unionmap:{inline:{k=a},inline:{k=b}},inline:{{\"a,b\" = x} {a,b = y}}}", "k",
		"y"},
	{"randmap:{a}", "k", "a"},
	{"randmap:{ {a b} }", "k", "{a b}"},
};

static void one(struct table_set *set, const struct asked *c)
{
	struct table *table = table_open(set, c->name, TABLE_FOLD | TABLE_UTF8);

	is_text(cases_ask(table, c->key), c->value, c->name);
	is_text(cases_log(), "", NULL);
}

/* Several spellings of one key. The first member says whether all of it has fixed keys. */
static void folding(bool utf8)
{
	struct table_options options = TABLE_OPTIONS;
	unsigned flags = TABLE_FOLD | TABLE_UTF8;
	struct table_set *set;

	options.utf8 = utf8;
	set = cases_set_with(&options);
	is_text(cases_ask(table_open(set, "unionmap:{inline:{a=x},inline:{A=y}}", flags), "A"),
		"x,y", "members fold");
	is_text(cases_ask(table_open(set, "unionmap:{inline:{a=x},fold:x}", 0), "A"),
		"ERROR: unionmap:{inline:{a=x},fold:x} lookup error for \"A\": fold:x lookup error "
		"for "
		"\"A\": unsupported dictionary type: fold",
		"the key as a member sees it");
	is_text(cases_ask(table_open(set, "unionmap:{inline:{a=x},fail:x}", flags), "A"),
		utf8 ? "ERROR: unionmap:{inline:{a=x},fail:x} lookup error for \"A\": fail:x "
		       "lookup error "
		       "for \"a\": this table always fails"
		     : "ERROR: unionmap:{inline:{a=x},fail:x} lookup error for \"A\": fail:x "
		       "lookup error "
		       "for \"A\": this table always fails",
		"as UTF-8 the union folds, else its members");
	is_text(cases_ask(table_open(set, "unionmap:{fail:x,inline:{a=x}}", flags), "A"),
		"ERROR: unionmap:{fail:x,inline:{a=x}} lookup error for \"A\": fail:x lookup error "
		"for \"A\": this table always fails",
		"patterns have the spelling");
	is_text(cases_ask(table_open(set, "pipemap:{inline:{a=B},inline:{b=z}}", flags), "A"), "z",
		"the next key is folded, too");
	table_set_free(set);
	cases_log();
}

static void kinds(struct table_set *set)
{
	ok(!tables_have(tables_open(set, "p", "unionmap:{inline:{a=b},fail:x}", 0), TABLE_PATTERN),
		"fixed keys");
	ok(!tables_have(tables_open(set, "p", "pipemap:{fail:x,inline:{a=b}}", 0), TABLE_FIXED),
		"patterns");
	ok(!tables_have(tables_open(set, "p", "randmap:{a}", 0), TABLE_FIXED), "random patterns");
}

static void refused(void)
{
	static const char *const unions[] = {"{}", "{ }", "{a}", "{static:a,b}", "{static:a}b",
		"{static:a", "static:a"};
	static const char *const randoms[] = {"{}", "{ }", "foo", "{a,b}}"};
	char name[256], why[512];

	for (size_t i = 0; i < COUNT(unions); i++) {
		snprintf(name, sizeof name, "unionmap:%s", unions[i]);
		snprintf(why, sizeof why, "bad syntax: \"%s\"; need \"unionmap:{type:name...}\"",
			name);
		cases_refuse(name, why);
		snprintf(name, sizeof name, "pipemap:%s", unions[i]);
		snprintf(why, sizeof why, "bad syntax: \"%s\"; need \"pipemap:{type:name...}\"",
			name);
		cases_refuse(name, why);
	}
	for (size_t i = 0; i < COUNT(randoms); i++) {
		snprintf(name, sizeof name, "randmap:%s", randoms[i]);
		snprintf(why, sizeof why, "bad syntax: \"%s\"; need \"randmap:{value...}\"", name);
		cases_refuse(name, why);
	}
	cases_refuse("debug:static:x", "unsupported dictionary type: debug");
}

static void member_fails(struct table_set *set)
{
	struct table *table = table_open(set, "unionmap:{static:a,foo:bar}", 0);

	is_text(cases_log(), "error: unsupported dictionary type: foo\n",
		"a member that can't be opened");
	is_text(cases_ask(table, "k"),
		"ERROR: unionmap:{static:a,foo:bar} lookup error for \"k\": "
		"foo:bar lookup error for \"k\": unsupported dictionary type: foo",
		"fails the whole");
	is_text(cases_log(), "warning: foo:bar is unavailable. unsupported dictionary type: foo\n",
		"and is named");
}

static void debug(void)
{
	struct table_options options = TABLE_OPTIONS;
	struct table_set *set;
	struct table *table;

	options.version = POSTFIX(3, 11);
	set = cases_set_with(&options);
	table = table_open(set, "debug:inline:{a=b}", TABLE_FOLD);
	is_text(cases_ask(table, "A"), "b", "debug passes through");
	is_text(cases_ask(table, "x"), "NONE", NULL);
	is_text(cases_log(),
		"debug:inline:{a=b} lookup: \"A\" = \"b\"\n"
		"debug:inline:{a=b} lookup: \"x\" = \"not found\"\n",
		"and logs");
	table_set_free(set);
}

static void random_values(struct table_set *set)
{
	struct table *table = table_open(set, "randmap:{a,b,c}", 0);
	int seen[3] = {0};

	for (int i = 0; i < 300; i++) {
		const char *said = cases_ask(table, "k");

		if (said[0] >= 'a' && said[0] <= 'c' && said[1] == '\0')
			seen[said[0] - 'a']++;
	}
	is_number(seen[0] + seen[1] + seen[2], 300, "always one of them");
	ok(seen[0] && seen[1] && seen[2], "each at some time");
}

int main(void)
{
	struct table_set *set = cases_set();
	struct buf name = BUF(0);

	for (const struct asked *c = cases; c < cases + COUNT(cases); c++)
		one(set, c);
	buf_adds(&name, "pipemap:{inline:{");
	for (const struct table_pair *pair = TABLE_PAIRS; pair->key; pair++)
		buf_addf(&name, "{%s = %s} ", pair->key, pair->value);
	buf_adds(&name, "}}");
	cases_run(set, buf_text(&name), TABLE_FIXED);
	cases_run_threads(set, buf_text(&name));
	buf_close(&name);
	folding(true);
	folding(false);
	kinds(set);
	refused();
	member_fails(set);
	debug();
	random_values(set);
	table_set_free(set);
	return cases_done();
}

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"

static void common(void)
{
	struct table_set *set = cases_set();
	struct buf text = BUF(0);

	for (const struct table_pair *pair = TABLE_PAIRS; pair->key; pair++)
		buf_addf(&text, "%s\t%s \n", pair->key, pair->value);
	cases_file("common", buf_text(&text));
	buf_close(&text);
	cases_run(set, cases_name("texthash", "common"), TABLE_FIXED);
	cases_run_threads(set, cases_name("texthash", "common"));
	ok(!table_set_changed(set), "never changes");
	cases_age(cases_path("common"), 5);
	ok(!table_set_changed(set), "whatever happens");
	table_set_free(set);
}

static const char source[] =
	"key value\nKEY2   value two  \nnovalue\ncolon: x\n\"un balanced x\n"
	"\"a b\" c\ngood \n  cont\tinued\nesc\\ aped v\n# comment\n\351 x\nx \351\nlast one\n";

static const struct table_pair entries[] = {
	{"key", "value"},
	{"key2", "value two"},
	{"novalue", "NONE"},
	{"colon:", "x"},
	{"colon", "NONE"},
	{"\"a b\"", "c"},
	{"a b", "NONE"},
	{"good", "cont\tinued"},
	{"esc\\ aped", "v"},
	{"last", "one"},
	{"x", "NONE"},
	{"#", "NONE"},
};

static void lines(void)
{
	struct table_set *set = cases_set();
	const char *path = cases_file("lines", source);
	struct table *table =
		table_open(set, cases_name("texthash", "lines"), TABLE_FOLD | TABLE_UTF8);
	char want[2048];

	snprintf(want, sizeof want,
		"warning: %s, line 3: expected format: key whitespace value -- ignoring this line\n"
		"warning: %s, line 4: record is in \"key: value\" format; is this an alias file?\n"
		"warning: %s, line 5: unbalanced '\"' in '\"un balanced x' -- ignoring this line\n"
		"warning: %s, line 11: non-UTF-8 input \"? x\" -- ignoring this line\n"
		"warning: %s, line 12: non-UTF-8 input \"x ?\" -- ignoring this line\n",
		path, path, path, path, path);
	is_text(cases_log(), want, "what is wrong is warned about");
	for (size_t i = 0; i < COUNT(entries); i++)
		is_text(cases_ask(table, entries[i].key), entries[i].value, entries[i].key);
	table = table_open(set, cases_name("texthash", "lines"), 0);
	is_text(cases_ask(table, "KEY2"), "value two", "keys as they are, without folding");
	is_text(cases_ask(table, "key2"), "NONE", "to the letter");
	is_text(cases_ask(table, "\351"), "x", "and any bytes without UTF-8");
	table_set_free(set);
	cases_log();
}

/* A file that may still be in the making is read again. */
static void fresh(void)
{
	struct table_set *set = cases_set();
	time_t started = time(NULL);

	cases_file("fresh", "a b\nnovalue\n");
	cases_age(cases_path("fresh"), 0);
	is_text(cases_ask(table_open(set, cases_name("texthash", "fresh"), 0), "a"), "b", "fresh");
	ok(time(NULL) > started + 1, "was waited for");
	ok(strstr(strchr(cases_log(), '\n'), "line 2: expected format"), "and warned about again");
	table_set_free(set);
	set = cases_set();
	cases_age(cases_path("fresh"), -100);
	started = time(NULL);
	table_open(set, cases_name("texthash", "fresh"), 0);
	ok(time(NULL) <= started + 1, "one from the future is not");
	table_set_free(set);
	cases_log();
}

int main(void)
{
	char why[512];

	common();
	lines();
	fresh();
	snprintf(why, sizeof why, "open database %s: No such file or directory",
		cases_path("none"));
	cases_refuse(cases_name("texthash", "none"), why);
	cases_refuse("texthash:/tmp", "read /tmp: Is a directory");
	snprintf(why, sizeof why, "%s, line 2: duplicate entry: \"x\"",
		cases_file("twice", "x y\nx z\n"));
	cases_refuse(cases_name("texthash", "twice"), why);
	return cases_done();
}

#include <stdio.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"

static const char rules[] = "# comment\n"
			    "10.0.0.0/8 ten\n"
			    "10.0.0.1/8 x\n"
			    "if 192.0.2.0/24\n"
			    "  192.0.2.1 continued\n" /* belongs to the if */
			    "if !192.0.2.0/25\n"
			    "192.0.2.129\tone two  three  \n"
			    "endif\n"
			    "if [2001:db8::]/32\n"
			    "IF !2001:db8:1::/48\n"
			    "2001:db8::1 one $1\n"
			    "ENDIF\n"
			    "2001:db8:1::1 two\n"
			    "endif\n"
			    "foo bar\n"
			    "1.2.3.4\n"
			    "1.2.3.4/33 x\n"
			    "endif\n"
			    "if 1.2.3.4\n"
			    "endif foo\n"
			    "endif\n"
			    "if\n"
			    "if 1.2.3.4 foo\n"
			    "!\n"
			    "!!1.2.3.4 four\n"
			    "! 198.51.100.0/24 other\n"
			    "::ffff:1.2.3.4 mapped\n";

static const char said[] =
	"line 3: non-null host address bits in \"10.0.0.1/8\", perhaps you should use "
	"\"10.0.0.0/8\" "
	"instead: skipping this rule\n"
	"line 4: bad mask value in \"192.0.2.0/24  192.0.2.1 continued\": skipping this rule\n"
	"line 15: bad address pattern: \"foo\": skipping this rule\n"
	"line 16: no lookup result: skipping this rule\n"
	"line 17: bad mask length in \"1.2.3.4/33\": skipping this rule\n"
	"line 18: ENDIF without IF: skipping this rule\n"
	"line 20: garbage after ENDIF: skipping this rule\n"
	"line 22: no address pattern: skipping this rule\n"
	"line 23: bad address pattern: \"1.2.3.4 foo\": skipping this rule\n"
	"line 24: no address pattern: skipping this rule\n";

static const struct table_pair answers[] = {
	{"10.1.1.1", "ten"},
	{"192.0.2.129", "one two  three"},
	{"192.0.2.1", "other"},
	{"198.51.100.1", "NONE"},
	{"1.2.3.4", "four"},
	{"2001:db8::1", "one $1"},
	{"2001:DB8:0::1", "one $1"},
	{"2001:db8:1::1", "two"},
	{"2001:db9::1", "NONE"},
	{"::ffff:1.2.3.4", "mapped"},
	{"[2001:db8::1]", "NONE"},
	{"010.1.1.1", "NONE"},
	{"fe80::1%lo", "NONE"},
	{"foo", "NONE"},
	{" 10.1.1.1", "NONE"},
};

static void warnings(const char *path)
{
	struct buf want = BUF(0);

	for (const char *line = said; *line; line = strchr(line, '\n') + 1)
		buf_addf(&want, "warning: cidr map %s, %.*s\n", path, (int)strcspn(line, "\n"),
			line);
	is_text(cases_log(), buf_text(&want), "warnings");
	buf_close(&want);
}

int main(void)
{
	struct table_set *set = cases_set();
	const char *path = cases_file("rules", rules);
	struct table *table = table_open(set, cases_name("cidr", "rules"), TABLE_FOLD | TABLE_UTF8);

	warnings(path);
	for (size_t i = 0; i < COUNT(answers); i++)
		is_text(cases_ask(table, answers[i].key), answers[i].value, answers[i].key);
	is_text(cases_ask(table, "\351"), "NONE", "not an address");
	cases_log();
	table = table_open(set, "cidr:{{192.0.2.0/24 x y}, { ::/0 z }}", 0);
	is_text(cases_ask(table, "192.0.2.1"), "x y", "in main.cf");
	is_text(cases_ask(table, "::1"), "z", "in main.cf");
	is_text(cases_ask(table_open(set, "cidr:{}", 0), "::1"), "NONE", "no rules");
	table = table_open(set, "cidr:{{if 10.0.0.0/8} {10.0.0.0/9 x} }", 0);
	is_text(cases_log(),
		"warning: cidr map {{if 10.0.0.0/8} {10.0.0.0/9 x} }, line 1: IF has no "
		"matching ENDIF\n",
		"an if without end");
	is_text(cases_ask(table, "10.0.0.1"), "x", "lasts to the end");
	ok(!tables_have(tables_open(set, "p", "cidr:{}", 0), TABLE_FIXED), "patterns");
	ok(!table_set_changed(set), "nothing changes");
	table_set_free(set);
	cases_refuse("cidr:{a}", "cidr map: no '{' at start of text in \"a\"");
	cases_refuse("cidr:/no/file", "open /no/file: No such file or directory");
	cases_refuse("cidr:/tmp", "cidr map /tmp: read error: Is a directory");
	return cases_done();
}

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "t/lib/child.h"
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"
#include "util/log.h"
#include "postfix/match.h"
#include "postfix/version.h"

static struct table_set *set;

static const struct found {
	enum match_style style;
	enum match_answer answer;
	const char *list, *name, *address;
} cases[] = {
	{MATCH_STRING, MATCH_YES, "a, b\tc", "b", NULL},
	{MATCH_STRING, MATCH_NO, "a, b\tc", "d", NULL},
	{MATCH_STRING, MATCH_YES, "PLAIN", "plain", NULL},
	{MATCH_STRING, MATCH_YES, "plain", "PLAIN", NULL},
	{MATCH_STRING, MATCH_YES, "\303\211", "\303\251", NULL},
	{MATCH_STRING, MATCH_NO, "example.com", "a.example.com", NULL},
	{MATCH_STRING, MATCH_NO, ".example.com", "a.example.com", NULL},
	{MATCH_STRING, MATCH_NO, "!plain, static:x", "plain", NULL},
	{MATCH_STRING, MATCH_YES, "!plain, static:x", "login", NULL},
	{MATCH_STRING, MATCH_YES, "static:x, !plain", "plain", NULL},
	{MATCH_STRING, MATCH_YES, "!!plain", "plain", NULL},
	{MATCH_STRING, MATCH_NO, "!plain", "login", NULL},
	{MATCH_STRING, MATCH_NO, "!inline:{a=b},a,c", "a", NULL},
	{MATCH_STRING, MATCH_YES, "!inline:{a=b},a,c", "c", NULL},
	{MATCH_STRING, MATCH_YES, "inline:{a=}", "A", NULL},
	{MATCH_STRING, MATCH_YES, "inline:{{a=b c} d=e}", "d", NULL},
	{MATCH_STRING, MATCH_NO, "inline:{.b=x}", "a.b", NULL},
	{MATCH_STRING, MATCH_NO, "{ x }", "x", NULL},
	{MATCH_STRING, MATCH_YES, "{ x }", "{ x }", NULL},
	{MATCH_STRING, MATCH_ERROR, "/private/x", "nothing", NULL},
	{MATCH_STRING, MATCH_ERROR, "fail:x, a", "a", NULL},
	{MATCH_STRING, MATCH_YES, "a, fail:x", "a", NULL},
	{MATCH_STRING, MATCH_ERROR, "!fail:x", "a", NULL},

	{MATCH_DOMAIN, MATCH_YES, "example.com", "example.com", NULL},
	{MATCH_DOMAIN, MATCH_NO, "example.com", "a.example.com", NULL},
	{MATCH_DOMAIN, MATCH_YES, ".example.com", "a.b.example.com", NULL},
	{MATCH_DOMAIN, MATCH_NO, ".example.com", "example.com", NULL},
	{MATCH_DOMAIN, MATCH_NO, ".example.com", "badexample.com", NULL},
	{MATCH_DOMAIN, MATCH_YES, "inline:{.example.com=x}", "a.b.Example.com", NULL},
	{MATCH_DOMAIN, MATCH_NO, "inline:{example.com=x}", "a.example.com", NULL},
	{MATCH_DOMAIN, MATCH_YES, "inline:{a.example.com=x}", "a.example.com", NULL},

	{MATCH_DOMAIN_PARENT, MATCH_YES, "example.com", "example.com", NULL},
	{MATCH_DOMAIN_PARENT, MATCH_YES, "example.com", "a.b.example.com", NULL},
	{MATCH_DOMAIN_PARENT, MATCH_NO, "example.com", "badexample.com", NULL},
	{MATCH_DOMAIN_PARENT, MATCH_NO, ".example.com", "a.example.com", NULL},
	{MATCH_DOMAIN_PARENT, MATCH_YES, "inline:{example.com=x}", "a.b.example.com", NULL},
	{MATCH_DOMAIN_PARENT, MATCH_NO, "inline:{.example.com=x}", "a.example.com", NULL},
	{MATCH_DOMAIN_PARENT, MATCH_YES, "inline:{com=x}", "a.example.com", NULL},
	{MATCH_DOMAIN_PARENT, MATCH_NO, "192.0.2.1", "x", "192.0.2.1"},

	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_YES, "example.com", "a.example.com", "192.0.2.1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_YES, "192.0.2.1", "x", "192.0.2.1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_YES, "192.0.2.0/24", "x", "192.0.2.1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_NO, "!192.0.2.1, 192.0.2.0/24", "x", "192.0.2.1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_YES, "[192.0.2.1]", "x", "192.0.2.1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_YES, "[192.0.2.0]/24", "x", "192.0.2.1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_YES, "[2001:db8::]/32", "x", "2001:DB8::1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_YES, "[2001:db8::1]", "x", "2001:db8::1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_NO, "[2001:db8::]/32", "x", "192.0.2.1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_NO, "[2001:db8::]/32", "x", "noaddr"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_NO, "0.0.0.0/0", "x", "noaddr"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_NO, "foo/8, 127.0.0.0/8x, [::1, [::1]x, 192.0.2", "x",
		"192.0.2.1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_YES, "inline:{192.0.2.1=x}", "x", "192.0.2.1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_NO, "inline:{noaddr=x}", "x", "noaddr"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_NO, "inline:{192.0.2=x}", "x", "192.0.2.1"},
	{MATCH_NAME_OR_ADDRESS_PARENT, MATCH_NO, "inline:{2.1=x}", "x", "192.0.2.1"},
	{MATCH_NAME_OR_ADDRESS, MATCH_YES, ".example.com", "a.example.com", NULL},
	{MATCH_NAME_OR_ADDRESS, MATCH_NO, "example.com", "a.example.com", "192.0.2.1"},
};

static void one(const struct found *c)
{
	struct match *match = match_open(set, "list", c->list, c->style, TABLE_UTF8 | TABLE_LOCK);

	cases_log();
	okf(match_find(match, c->name, c->address) == c->answer, "\"%s\" in \"%s\"", c->name,
		c->list);
	if (c->answer != MATCH_ERROR)
		is_text(cases_log(), "", NULL);
	cases_log();
	match_free(match);
}

static enum match_answer find(const char *value, const char *name, const char *address)
{
	struct match *match = match_open(set, "list", value, MATCH_NAME_OR_ADDRESS_PARENT, 0);
	enum match_answer answer = match_find(match, name, address);

	match_free(match);
	return answer;
}

static void said(void)
{
	is_number(find("fail:x", "a", NULL), MATCH_ERROR, "a table that fails");
	is_text(cases_log(), "warning: list: fail:x: table lookup problem\n", "is warned about");
	is_number(find("/nofile", "a", NULL), MATCH_ERROR, "a file that is not there");
	is_text(cases_log(),
		"error: open file /nofile: No such file or directory\n"
		"warning: non-existent:/nofile is unavailable. open file /nofile: No such file or "
		"directory\n"
		"warning: list: non-existent:/nofile: table lookup problem\n",
		"fails when asked");
	is_number(find("192.0.2.1/24", "a", "192.0.2.7"), MATCH_ERROR, "host bits are an error");
	is_text(cases_log(),
		"warning: list: non-null host address bits in \"192.0.2.1/24\", perhaps you "
		"should use \"192.0.2.0/24\" instead\n",
		"and warned about");
	is_number(find("192.0.2.1/24", "a", "::1"), MATCH_NO, "but not with another family");
	is_number(find("127.0.0.0/33", "a", "::1"), MATCH_NO, NULL);
	is_number(find("192.0.2.1/24, a", "a", "192.0.2.7"), MATCH_ERROR,
		"an error ends the search");
	cases_log();
	is_number(find("a b # c d, e, f", "e", NULL), MATCH_NO, "what follows a # is dropped");
	is_text(cases_log(),
		"warning: list: comment at end of line is not supported: # c d, e, f\n",
		"and warned about");
	ok(match_open(set, "list", "", MATCH_STRING, 0) == NULL, "an empty list");
	ok(match_open(set, "list", ", ,", MATCH_STRING, 0) == NULL, "or of separators");
	ok(match_find(NULL, "a", NULL) == MATCH_NO, "which matches nothing");
}

static void files(void)
{
	char list[256], text[512];

	snprintf(text, sizeof text, "# comment\none, two\n three !four\n%s\n",
		cases_file("inner", "five.example\n#no\n"));
	snprintf(list, sizeof list, "%s", cases_file("outer", text));
	is_number(find(list, "two", NULL), MATCH_YES, "from a file");
	is_number(find(list, "three", NULL), MATCH_YES, "from its indented line");
	is_number(find(list, "four", NULL), MATCH_NO, "negated inside");
	is_number(find(list, "x.five.example", NULL), MATCH_YES, "from a file that it names");
	is_number(find(list, "no", NULL), MATCH_NO, "not from a comment");
	is_number(find(list, "comment", NULL), MATCH_NO, "of either");
	snprintf(text, sizeof text, "!%s static:x", list);
	is_number(find(text, "two", NULL), MATCH_NO, "a file can be negated");
	is_number(find(text, "four", NULL), MATCH_YES, "and what is negated inside it then counts");
	is_number(find(text, "other", NULL), MATCH_YES, "what is not in it goes on");
	is_text(cases_log(), "", "nothing was logged");
	snprintf(list, sizeof list, "%s", cases_path("loop"));
	cases_file("loop", list);
	is_number(find(list, "x", NULL), MATCH_ERROR, "a file that names itself ends");
	cases_log();
}

/* Postfix 3.9 reads logical lines. */
static void newer_files(void)
{
	struct table_options options = TABLE_OPTIONS;
	struct table_set *newer, *old = set;
	char list[256];

	options.version = POSTFIX(3, 9);
	set = newer = cases_set_with(&options);
	snprintf(list, sizeof list, "%s",
		cases_file("newer", "one\n  # comment\n two\nthree # x\n"));
	is_number(find(list, "two", NULL), MATCH_YES, "a continued line");
	cases_log();
	is_number(find(list, "comment", NULL), MATCH_NO, "an indented comment");
	is_text(cases_log(), "warning: list: #comment after other text is not allowed: # x\n",
		"and one that is none");
	is_number(find("/nofile", "x", NULL), MATCH_ERROR, "a file that is not there");
	ok(strstr(cases_log(), "error: open file /nofile: No such file or directory\n"),
		"as before");
	table_set_free(newer);
	set = old;
}

static void without_pattern(void)
{
	log_also_stderr(true);
	match_open(set, "list", "a ! b", MATCH_STRING, 0);
}

int main(void)
{
	struct child child;

	set = cases_set();
	for (const struct found *c = cases; c < cases + COUNT(cases); c++)
		one(c);
	said();
	files();
	newer_files();
	child = child_run(without_pattern);
	is_number(child_exit(&child), 1, "a '!' alone is fatal");
	ok(strstr(child.said, "fatal: list: no pattern after '!'"), "as Postfix says it");
	match_free(NULL);
	table_set_free(set);
	return cases_done();
}

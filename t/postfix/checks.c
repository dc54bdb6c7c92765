/* Actions of header and body checks. What they do was seen from smtp(8) of Postfix 3.7.11. */
#include <string.h>
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"
#include "util/log.h"
#include "postfix/checks.h"

static const struct seen {
	const char *action; /* of "H: v" or "b v" */
	enum checks_verdict header, body;
	const char *with;
	const char *log; /* of the header */
} cases[] = {
	{"DUNNO", CHECKS_KEEP, CHECKS_KEEP, "", ""},
	{"OK and more", CHECKS_KEEP, CHECKS_KEEP, "", ""},
	{"IGNORE me", CHECKS_DROP, CHECKS_DROP, "", ""},
	{"STRIP", CHECKS_DROP, CHECKS_DROP, "", "Q: strip: header H: v\n"},
	{"strip  some text", CHECKS_DROP, CHECKS_DROP, "", "Q: strip: header H: v: some text\n"},
	{"WARN", CHECKS_KEEP, CHECKS_KEEP, "", "Q: warning: header H: v\n"},
	{"warn\tx", CHECKS_KEEP, CHECKS_KEEP, "", "Q: warning: header H: v: x\n"},
	{"INFO \001x", CHECKS_KEEP, CHECKS_KEEP, "", "Q: info: header H: v: ?x\n"},
	{"WARNING x", CHECKS_KEEP, CHECKS_KEEP, "",
		"warning: unsupported command in x_checks map: WARNING x\n"},
	{"REJECT no", CHECKS_KEEP, CHECKS_KEEP, "",
		"warning: unsupported command in x_checks map: REJECT no\n"},
	{"HOLD", CHECKS_KEEP, CHECKS_KEEP, "", "warning: unsupported command in x_checks map: HOLD\n"},
	{"REPLACE Foo: bar", CHECKS_REPLACE, CHECKS_REPLACE, "Foo: bar",
		"Q: replace: header H: v: Foo: bar\n"},
	{"REPLACE Foo :bar", CHECKS_REPLACE, CHECKS_REPLACE, "Foo :bar",
		"Q: replace: header H: v: Foo :bar\n"},
	{"REPLACE foo", CHECKS_KEEP, CHECKS_REPLACE, "foo",
		"warning: bad REPLACE header text \"foo\" in x_checks map -- need "
		"\"headername: headervalue\"\n"},
	{"replace a b: c", CHECKS_KEEP, CHECKS_REPLACE, "a b: c",
		"warning: bad REPLACE header text \"a b: c\" in x_checks map -- need "
		"\"headername: headervalue\"\n"},
	{"REPLACE : x", CHECKS_KEEP, CHECKS_REPLACE, ": x",
		"warning: bad REPLACE header text \": x\" in x_checks map -- need "
		"\"headername: headervalue\"\n"},
	{"REPLACE", CHECKS_KEEP, CHECKS_KEEP, "",
		"warning: REPLACE action without text in x_checks map\n"},
	{"PREPEND X:", CHECKS_PREPEND, CHECKS_PREPEND, "X:", "Q: prepend: header H: v: X:\n"},
	{"PREPEND pre", CHECKS_KEEP, CHECKS_PREPEND, "pre",
		"warning: bad PREPEND header text \"pre\" in x_checks map -- need "
		"\"headername: headervalue\"\n"},
	{"PREPEND", CHECKS_KEEP, CHECKS_KEEP, "",
		"warning: PREPEND action without text in x_checks map\n"},
};

static struct table_set *set;

static enum checks_verdict ask(const char *map, bool header, const char *text, struct buf *with)
{
	const struct checks checks = {tables_open(set, "x_checks", map, 0), "x_checks", header, 60};

	buf_clear(with);
	return checks_ask(&checks, text, with);
}

static void one(const struct seen *seen)
{
	struct pool pool = {0};
	struct buf with = BUF(0);
	const char *map = pool_format(&pool, "static:{%s}", seen->action);

	is_number(ask(map, true, "H: v", &with), seen->header, seen->action);
	is_text(buf_text(&with), seen->header >= CHECKS_REPLACE ? seen->with : "", "for a header");
	is_text(cases_log(), seen->log, "log");
	is_number(ask(map, false, "b v", &with), seen->body, "the same for a line");
	is_text(buf_text(&with), seen->body >= CHECKS_REPLACE ? seen->with : "", "with");
	cases_log();
	buf_close(&with);
	pool_free(&pool);
}

static void shown(void)
{
	struct buf with = BUF(0);

	ask("static:WARN", true,
		"Subject: 789012345678901234567890123456789012345678901\n\t5678901234567", &with);
	is_text(cases_log(),
		"Q: warning: header Subject: 789012345678901234567890123456789012345678901??5678\n",
		"60 bytes, a line end among them");
	is_number(ask("static:STRIP", false, "", &with), CHECKS_KEEP, "an empty line is not asked about");
	is_text(cases_log(), "", "nor logged");
	buf_close(&with);
}

static void fails(void)
{
	struct buf with = BUF(0);

	is_number(ask("fail:x", true, "H: v", &with), CHECKS_FAILED, "a table that fails");
	is_text(cases_log(),
		"warning: fail:x lookup error for \"H: v\"\nwarning: Q: smtp header checks lookup error\n",
		"log");
	is_number(ask("fail:x", false, "b", &with), CHECKS_FAILED, "for a line");
	is_text(cases_log(),
		"warning: fail:x lookup error for \"b\"\nwarning: Q: smtp body checks lookup error\n", "log");
	buf_close(&with);
}

int main(void)
{
	set = cases_set();
	log_tag("Q");
	for (const struct seen *seen = cases; seen < cases + COUNT(cases); seen++)
		one(seen);
	shown();
	fails();
	table_set_free(set);
	return cases_done();
}

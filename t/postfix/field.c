#include <string.h>
#include "postfix/field.h"
#include "t/lib/tap.h"

static const struct {
	const char *line;
	size_t name;
} lines[] = {
	{"Subject: x", 7}, {"Subject:", 7}, {"Subject  \t: x", 7}, {"X:", 1}, {"a b: c", 0}, {": x", 0},
	{"", 0}, {"Subject", 0}, {"Subject ", 0}, {" Subject: x", 0}, {"\tx: y", 0}, {"x\x7f: y", 0},
	{"x\xc3\xa9: y", 0}, {"a:b:c", 1}, {"From x: y", 0}, {"!#$%&'*+-/=?^_`{|}~: x", 19},
};

int main(void)
{
	for (size_t i = 0; i < COUNT(lines); i++)
		is_number((long long)field_name(lines[i].line, strlen(lines[i].line)),
			(long long)lines[i].name, lines[i].line);
	is_number((long long)field_name("Subject: x", 7), 0, "not beyond its length");
	ok(field_is("SUBJECT: x", 7, "Subject"), "in any case");
	ok(!field_is("Subject: x", 7, "Subjec"), "a shorter one");
	ok(!field_is("Subject: x", 7, "Subjects"), "a longer one");
	return done();
}

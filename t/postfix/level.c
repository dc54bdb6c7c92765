#include <stddef.h>
#include "postfix/level.h"
#include "t/lib/tap.h"

static const struct {
	const char *text;
	bool good;
	long long level;
} levels[] = {
	{"0", true, 0}, {"2", true, LEVEL(2, 0)}, {"3.6", true, LEVEL(3, 6)}, {"3.6.0", true, LEVEL(3, 6)},
	{"3.10", true, LEVEL(3, 10)}, {"3.6.1", true, LEVEL(3, 6) + 1}, {"9999", true, 9999LL << 20},
	{"", false, 0}, {"x", false, 0}, {"3.", false, 0}, {"3.6.", false, 0}, {".3", false, 0},
	{"3.6.1.1", false, 0}, {"3.6x", false, 0}, {"-1", false, 0}, {"3 .6", false, 0}, {"+1", true, LEVEL(1, 0)}, {" 1", true, LEVEL(1, 0)},
	{"99999999999999999999", false, 0},
};

int main(void)
{
	for (size_t i = 0; i < COUNT(levels); i++) {
		long long level = -7;

		ok(level_parse(levels[i].text, &level) == levels[i].good, levels[i].text);
		is_number(level, levels[i].good ? levels[i].level : -7, levels[i].text);
	}
	ok(LEVEL(3, 10) > LEVEL(3, 9) && LEVEL(3, 9) + 1 > LEVEL(3, 9), "part by part");
	return done();
}

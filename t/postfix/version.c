#include <stddef.h>
#include "postfix/level.h"
#include "postfix/version.h"
#include "t/lib/tap.h"

static const struct {
	const char *text;
	int version;
} versions[] = {
	{"3.7.11", POSTFIX(3, 7)},
	{"3.5", POSTFIX(3, 5)},
	{"3.10.4", POSTFIX(3, 10)},
	{"3.12-20260101", POSTFIX(3, 12)},
	{"4.0", POSTFIX(4, 0)},
	{"", 0},
	{"3", 0},
	{"3.", 0},
	{".7", 0},
	{"3.x", 0},
	{"3.7x", 0},
	{"-3.7", 0},
	{" 3.7", 0},
	{"3. 7", 0},
	{"99999999999999999999.1", 0},
	{"3.1000", 0},
};

/* As the installed Postfix 3.7 judged them. */
static const struct {
	const char *text;
	long long level; /* -1: malformed */
} levels[] = {
	{"0", LEVEL(0, 0)},
	{"2", LEVEL(2, 0)},
	{"3.6", LEVEL(3, 6)},
	{"3.11", LEVEL(3, 11)},
	{"1.2.3", LEVEL(1, 2) + 3},
	{"1.1023.1023", LEVEL(1, 1023) + 1023},
	{" \t0", LEVEL(0, 0)},
	{"+1", LEVEL(1, 0)},
	{"1.+2", LEVEL(1, 2)},
	{"1. 2", LEVEL(1, 2)},
	{"01.08", LEVEL(1, 8)},
	{"4294967296", LEVEL(4294967296, 0)},
	{"8796093022207", LEVEL(8796093022207, 0)},
	{"8796093022208", -1},
	{"99999999999999999999", -1},
	{"", -1},
	{" ", -1},
	{"-1", -1},
	{"1.", -1},
	{".1", -1},
	{"1..2", -1},
	{"1.2.", -1},
	{"1.-1", -1},
	{"1.2.3.4", -1},
	{"1 ", -1},
	{"1,2", -1},
	{"0x1", -1},
	{"1.1024", -1},
	{"1.1.1024", -1},
	{"x", -1},
};

int main(void)
{
	long long level;

	for (size_t i = 0; i < COUNT(versions); i++)
		is_number(version_parse(versions[i].text), versions[i].version, versions[i].text);
	for (size_t i = 0; i < COUNT(levels); i++) {
		level = -1;
		if (level_parse(levels[i].text, &level) != (levels[i].level >= 0))
			okf(false, "level %s: wrong answer", levels[i].text);
		is_number(level, levels[i].level, levels[i].text);
	}
	ok(LEVEL(3, 10) > LEVEL(3, 9) && LEVEL(3, 9) > LEVEL(2, 1023), "levels have an order");
	return done();
}

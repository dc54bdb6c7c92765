#include <string.h>
#include "t/lib/tap.h"
#include "postfix/fold.h"

static const struct folded {
	const char *text, *ascii, *utf8; /* NULL: as ascii */
} cases[] = {
	{"", "", NULL}, {"User@EXAMPLE.com", "user@example.com", NULL}, {"[@Z`a{", "[@z`a{", NULL},
	{"\303\204\303\226x", "\303\204\303\226x", "\303\244\303\266x"}, /* U+00C4 U+00D6 */
	{"STRA\303\237E", "stra\303\237e", "strasse"},                   /* U+00DF */
	{"\341\272\236", "\341\272\236", "ss"},                          /* U+1E9E */
	{"\316\243\317\202", "\316\243\317\202", "\317\203\317\203"},    /* both sigmas */
	{"\304\260", "\304\260", "i\314\207"},                           /* U+0130 */
	{"\304\200\304\201", "\304\200\304\201", "\304\201\304\201"},    /* a step of two */
	{"\341\216\240\352\255\260", "\341\216\240\352\255\260",
		"\341\216\240\341\216\240"},                                    /* Cherokee */
	{"\360\220\220\200", "\360\220\220\200", "\360\220\220\250"},           /* U+10400 */
	{"\344\270\255\360\237\230\200", "\344\270\255\360\237\230\200", NULL}, /* no case */
	{"A\351", "a\351", NULL},                                               /* not UTF-8 */
};

int main(void)
{
	struct pool pool = {0};

	for (const struct folded *c = cases; c < cases + COUNT(cases); c++) {
		is_text(fold(&pool, c->text, false), c->ascii, c->text);
		is_text(fold(&pool, c->text, true), c->utf8 ? c->utf8 : c->ascii, "and as UTF-8");
	}
	pool_free(&pool);
	return done();
}

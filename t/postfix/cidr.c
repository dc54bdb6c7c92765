#include <string.h>
#include "t/lib/tap.h"
#include "postfix/cidr.h"

static const struct parsed {
	const char *pattern;
	const char *inside, *outside; /* addresses; NULL: none */
	const char *why;              /* NULL: it is one */
} cases[] = {
	{"10.0.0.0/8", "10.255.1.1", "11.0.0.0", NULL},
	{"192.0.2.129/32", "192.0.2.129", "192.0.2.128", NULL},
	{"192.0.2.128/25", "192.0.2.129", "192.0.2.127", NULL},
	{"192.0.2.1", "192.0.2.1", "192.0.2.2", NULL},
	{"[192.0.2.0]/24", "192.0.2.2", "192.0.3.2", NULL},
	{"0.0.0.0/0", "255.1.2.3", "::1", NULL},
	{"0.0.0.0/00", "255.1.2.3", NULL, NULL},
	{"::/0", "2001:db8::1", "1.2.3.4", NULL},
	{"2001:db8::/32", "2001:DB8:1::1", "2001:db9::1", NULL},
	{"[2001:db8::]/33", "2001:db8:7fff::1", "2001:db8:8000::1", NULL},
	{"[::1]", "::1", "::2", NULL},
	{"::ffff:1.2.3.4", "::ffff:1.2.3.4", "1.2.3.4", NULL},
	{"10.0.0.1/8", NULL, NULL,
		"non-null host address bits in \"10.0.0.1/8\", perhaps you should use "
		"\"10.0.0.0/8\" instead"},
	{"2001:db8::1/64", NULL, NULL,
		"non-null host address bits in \"2001:db8::1/64\", perhaps you "
		"should use \"2001:db8::/64\" instead"},
	{"2001:db8::/33x", NULL, NULL, "bad mask value in \"2001:db8::/33x\""},
	{"1.2.3.4/", NULL, NULL, "bad mask value in \"1.2.3.4/\""},
	{"1.2.3.4/-1", NULL, NULL, "bad mask value in \"1.2.3.4/-1\""},
	{"1.2.3.4/33", NULL, NULL, "bad mask length in \"1.2.3.4/33\""},
	{"[::1]/129", NULL, NULL, "bad mask length in \"::1/129\""},
	{"1.2.3.4/99999999999999999999", NULL, NULL,
		"bad mask length in \"1.2.3.4/99999999999999999999\""},
	{"1.2.3/24", NULL, NULL, "bad network value in \"1.2.3/24\""},
	{"foo", NULL, NULL, "bad address pattern: \"foo\""},
	{"", NULL, NULL, "bad address pattern: \"\""},
	{"300.1.1.1", NULL, NULL, "bad address pattern: \"300.1.1.1\""},
	{"01.2.3.4", NULL, NULL, "bad address pattern: \"01.2.3.4\""},
	{"fe80::1%lo", NULL, NULL, "bad address pattern: \"fe80::1%lo\""},
	{"foo/129", NULL, NULL, "bad mask length in \"foo/129\""},
	{"[::1", NULL, NULL, "missing ']' character after \"[::1\""},
	{"[1.2.3.4]5", NULL, NULL, "garbage after \"[1.2.3.4]\""},
	{"11111111111111111111111111111111111111111111111111/8", NULL, NULL,
		"bad network value in \"11111111111111111111111111111111111111111111111111/8\""},
};

static void one(const struct parsed *c)
{
	struct cidr network = {.family = -1}, address;
	struct buf why = BUF(0);

	ok(cidr_parse(&network, c->pattern, &why) == (c->why == NULL), c->pattern);
	is_text(buf_text(&why), c->why ? c->why : "", "and the reason");
	if (c->inside)
		ok(cidr_address(&address, c->inside) && cidr_has(&network, &address), c->inside);
	if (c->outside)
		ok(cidr_address(&address, c->outside) && !cidr_has(&network, &address), c->outside);
	if (c->why)
		is_number(network.family, -1, "and nothing is written");
	buf_close(&why);
}

int main(void)
{
	static const char *const none[] = {"", "[::1]", "010.1.1.1", "1.2.3", " 1.2.3.4",
		"1.2.3.4 ", "fe80::1%eth0", "x", "1.2.3.4/32"};
	struct cidr address;

	for (const struct parsed *c = cases; c < cases + COUNT(cases); c++)
		one(c);
	for (size_t i = 0; i < COUNT(none); i++)
		okf(!cidr_address(&address, none[i]), "\"%s\" is no address", none[i]);
	return done();
}

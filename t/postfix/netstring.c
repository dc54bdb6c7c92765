#include <string.h>
#include "t/lib/tap.h"
#include "postfix/netstring.h"

static const struct read {
	const char *bytes;
	enum netstring_got got;
	const char *text;
} cases[] = {
	{"5:hello,", NETSTRING_WHOLE, "hello"},
	{"5:hello,and more", NETSTRING_WHOLE, "hello"},
	{"0:,", NETSTRING_WHOLE, ""},
	{"3:a,b,", NETSTRING_WHOLE, "a,b"},
	{"005:hello,", NETSTRING_WHOLE, "hello"},
	{"10:1234567890,", NETSTRING_WHOLE, "1234567890"},
	{"", NETSTRING_PART, NULL},
	{"1", NETSTRING_PART, NULL},
	{"5:", NETSTRING_PART, NULL},
	{"5:hello", NETSTRING_PART, NULL},
	{"0:", NETSTRING_PART, NULL},
	{":,", NETSTRING_BAD, NULL},
	{"-1:,", NETSTRING_BAD, NULL},
	{" 1:a,", NETSTRING_BAD, NULL},
	{"1 :a,", NETSTRING_BAD, NULL},
	{"5:hello;", NETSTRING_BAD, NULL},
	{"5:hello world,", NETSTRING_BAD, NULL},
	{"x", NETSTRING_BAD, NULL},
	{"11", NETSTRING_LARGE, NULL},
	{"11:", NETSTRING_LARGE, NULL},
	{"99999999999999999999999999999", NETSTRING_LARGE, NULL},
	{"00000000000000000000000000001:a,", NETSTRING_BAD, NULL},
};

int main(void)
{
	struct buf made = BUF(0);

	for (const struct read *c = cases; c < cases + COUNT(cases); c++) {
		const char *text = NULL;
		size_t length = 99;

		is_number(netstring_read(c->bytes, strlen(c->bytes), 10, &text, &length), c->got,
			c->bytes);
		ok((text == NULL) == (c->text == NULL), "has a text");
		if (text)
			ok(length == strlen(c->text) && memcmp(text, c->text, length) == 0,
				c->text);
		else
			is_number((long long)length, 99, "nothing is written");
	}
	netstring_add(&made, "a b", 3);
	netstring_add(&made, "", 0);
	is_text(buf_text(&made), "3:a b,0:,", "written");
	buf_close(&made);
	return done();
}

#include "config.h"
#include <stddef.h>
#include <string.h>
#include "smtp/body.h"
#include "t/lib/tap.h"

/* Records as "N:text" and "L:text", separated by |; "\n" stands for CR LF in what goes out. */
static const struct content {
	const char *name;
	size_t limit;
	const char *records, *wire;
	bool broke;
} contents[] = {
	{"lines", 998, "N:a|N:|N:b", "a\n\nb\n", false},
	{"dots are doubled", 998, "N:.|N:..x|N:a.", "..\n...x\na.\n", false},
	{"exactly the limit", 5, "N:12345|N:x", "12345\nx\n", false},
	{"one too long", 5, "N:123456", "12345\n 6\n", true},
	{"much too long", 5, "N:1234567890", "12345\n 6789\n 0\n", true},
	{"a dot after the break is not stuffed", 5, "N:12345.6", "12345\n .6\n", true},
	{"a dot at the start counts not", 5, "N:.1234", "..1234\n", false},
	{"parts are one line", 998, "L:ab|N:cd", "abcd\n", false},
	{"a part that starts with a dot", 998, "L:ab|N:.cd", "ab.cd\n", false},
	{"a part first", 998, "L:.ab|N:cd", "..abcd\n", false},
	{"parts beyond the limit", 5, "L:123|N:456", "12345\n 6\n", true},
	{"a part that ends at the limit", 5, "L:12345|N:6", "12345\n 6\n", true},
	{"the last line without an end", 998, "N:a|L:b", "a\nb\n", false},
	{"no limit", 0, "L:.1234567890|N:.1", "..1234567890.1\n", false},
	{"no content", 998, "", "", false},
	{"stray line ends are blanks", 998, "N:a\r.b|N:c\n.d", "a .b\nc .d\n", false},
	{"a stray end at the end", 998, "N:a\r", "a \n", false},
	{"the smallest limit", 1, "N:abc", "ab\n c\n", true},
};

static void feed(struct body *body, struct buf *to, const char *records)
{
	while (*records) {
		size_t length = strcspn(records, "|");

		body_record(body, to, records + 2, length - 2, records[0] == 'L');
		records += length + (records[length] == '|');
	}
	body_end(body, to);
}

static void expand(const char *wire, struct buf *to)
{
	for (; *wire; wire++) {
		if (*wire == '\n')
			buf_addc(to, '\r');
		buf_addc(to, *wire);
	}
}

static void keeps_nul(void)
{
	struct buf to = BUF(0);
	struct body body;

	body_begin(&body, 998);
	body_record(&body, &to, "a\0b", 3, false);
	ok(to.length == 5 && memcmp(to.data, "a\0b\r\n", 5) == 0, "NUL goes out as it is");
	buf_close(&to);
}

int main(void)
{
	for (const struct content *c = contents; c < contents + COUNT(contents); c++) {
		struct buf to = BUF(0), want = BUF(0);
		struct body body;

		body_begin(&body, c->limit);
		feed(&body, &to, c->records);
		expand(c->wire, &want);
		is_text(buf_text(&to), buf_text(&want), c->name);
		okf(body.broke == c->broke, "%s: broken or not", c->name);
		buf_close(&to);
		buf_close(&want);
	}
	keeps_nul();
	return done();
}

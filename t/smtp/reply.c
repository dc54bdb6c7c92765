#include "config.h"
#include <stddef.h>
#include "smtp/reply.h"
#include "t/lib/tap.h"

static const struct line {
	const char *text;
	enum reply_line is;
	int code;
	const char *status; /* NULL: not asked */
} lines[] = {
	{"250 2.1.5 ok", REPLY_LAST, 250, "2.1.5"},
	{"250-2.1.5 more", REPLY_MORE, 250, NULL},
	{"250", REPLY_LAST, 250, "2.0.0"},
	{"250 ok", REPLY_LAST, 250, "2.0.0"},
	{"354 go ahead", REPLY_LAST, 354, "5.5.0"},
	{"999 what", REPLY_LAST, 999, "5.5.0"},
	{"100 early", REPLY_LAST, 100, "5.5.0"},
	{"550 4.1.1 liar", REPLY_LAST, 550, "5.0.0"},
	{"550 5.1.1.1 bad", REPLY_LAST, 550, "5.0.0"},
	{"550 5.1234.1 bad", REPLY_LAST, 550, "5.0.0"},
	{"550 5.1.1234", REPLY_LAST, 550, "5.0.0"},
	{"550   5.7.1 after blanks", REPLY_LAST, 550, "5.7.1"},
	{"550 5.999.999", REPLY_LAST, 550, "5.999.999"},
	{"450 4..1 x", REPLY_LAST, 450, "4.0.0"},
	{"250 2.1.5", REPLY_LAST, 250, "2.1.5"},
	{"250ok", REPLY_GARBAGE, 0, NULL},
	{"25 ok", REPLY_GARBAGE, 0, NULL},
	{"2500 ok", REPLY_GARBAGE, 0, NULL},
	{"", REPLY_GARBAGE, 0, NULL},
	{"what was that?", REPLY_GARBAGE, 0, NULL},
	{"\xb2\xb5\xb0 x", REPLY_GARBAGE, 0, NULL},
};

int main(void)
{
	for (const struct line *l = lines; l < lines + COUNT(lines); l++) {
		char status[REPLY_STATUS];
		int code = 0;

		okf(reply_line(l->text, &code) == l->is && code == l->code, "judge \"%s\"", l->text);
		if (l->status == NULL)
			continue;
		reply_status(l->text, code, status);
		is_text(status, l->status, l->text);
	}
	return done();
}

/* What servers of socketmap and tcp tables say; what is sent to those of tcp tables. */
#include "config.h"
#include <string.h>
#include "t/lib/tap.h"
#include "postfix/table_reply.h"

#define TEXT(text) text, sizeof(text) - 1

static const struct socketmap {
	const char *text;
	size_t length;
	bool bare_ok;
	enum table_answer is;
	const char *answer;
} socketmaps[] = {
	{TEXT("OK value"), false, TABLE_FOUND, "value"},
	{TEXT("OK  two words "), false, TABLE_FOUND, " two words "},
	{TEXT("OK "), false, TABLE_FOUND, ""},
	{TEXT("OK"), false, TABLE_NONE, ""},
	{TEXT("OK"), true, TABLE_FOUND, ""},
	{TEXT("OK\tvalue"), true, TABLE_ERROR, "socketmap server unknown error"},
	{TEXT("NOTFOUND "), false, TABLE_NONE, ""},
	{TEXT("NOTFOUND"), false, TABLE_NONE, ""},
	{TEXT("NOTFOUND at all"), false, TABLE_NONE, ""},
	{TEXT("TEMP busy"), false, TABLE_ERROR, "socketmap server temporary error: busy"},
	{TEXT("TEMP "), false, TABLE_ERROR, "socketmap server temporary error"},
	{TEXT("TIMEOUT x"), false, TABLE_ERROR, "socketmap server timeout error: x"},
	{TEXT("PERM x y"), false, TABLE_ERROR, "socketmap server permanent error: x y"},
	{TEXT("ok value"), false, TABLE_ERROR, "socketmap server unknown error: value"},
	{TEXT("OKAY value"), false, TABLE_ERROR, "socketmap server unknown error: value"},
	{TEXT("O K"), false, TABLE_ERROR, "socketmap server unknown error: K"},
	{TEXT(""), true, TABLE_ERROR, "socketmap server unknown error"},
	{TEXT(" OK"), true, TABLE_ERROR, "socketmap server unknown error: OK"},
	{"OK value", 2, true, TABLE_FOUND, ""},
	{"OK value", 5, true, TABLE_FOUND, "va"},
};

static const struct tcp {
	const char *line;
	enum table_answer is;
	const char *problem, *answer; /* answer NULL: not looked at */
} tcps[] = {
	{"200 value", TABLE_FOUND, NULL, "value"},
	{"200 ", TABLE_FOUND, NULL, ""},
	{"200\ttab", TABLE_FOUND, NULL, "tab"},
	{"200  a b", TABLE_FOUND, NULL, " a b"},
	{"200 a%20b%25%0a", TABLE_FOUND, NULL, "a b%\n"},
	{"200 %c3%A9", TABLE_FOUND, NULL, "\303\251"},
	{"500 none", TABLE_NONE, NULL, NULL},
	{"400 try%20later", TABLE_ERROR, NULL, "try later"},
	{"300 x", TABLE_ERROR, "bad status code", NULL},
	{"201 x", TABLE_ERROR, "bad status code", NULL},
	{"", TABLE_ERROR, "malformed reply", NULL},
	{"200", TABLE_ERROR, "malformed reply", NULL},
	{"200value", TABLE_ERROR, "malformed reply", NULL},
	{"20 value", TABLE_ERROR, "malformed reply", NULL},
	{"2000 value", TABLE_ERROR, "malformed reply", NULL},
	{" 200 value", TABLE_ERROR, "malformed reply", NULL},
	{"200 a%", TABLE_ERROR, "malformed reply", NULL},
	{"200 a%2", TABLE_ERROR, "malformed reply", NULL},
	{"200 a%2g", TABLE_ERROR, "malformed reply", NULL},
	{"200 a%g2", TABLE_ERROR, "malformed reply", NULL},
	{"200 a%:2", TABLE_ERROR, "malformed reply", NULL},
	{"500 a%", TABLE_ERROR, "malformed reply", NULL},
};

static const struct quoted {
	const char *text, *said;
} quotes[] = {
	{"", ""},
	{"user@example.com", "user@example.com"},
	{"a b", "a%20b"},
	{"100%", "100%25"},
	{"\t\n\r\001", "%09%0A%0D%01"},
	{"~\177", "~%7F"},
	{"\303\251", "%C3%A9"},
	{"!\"+", "!\"+"},
};

int main(void)
{
	struct buf answer = BUF(0);

	for (const struct socketmap *x = socketmaps; x < socketmaps + COUNT(socketmaps); x++) {
		buf_clear(&answer);
		is_number(reply_socketmap(x->text, x->length, x->bare_ok, &answer), x->is, x->text);
		is_text(buf_text(&answer), x->answer, x->text);
	}
	for (const struct tcp *x = tcps; x < tcps + COUNT(tcps); x++) {
		const char *problem = NULL;

		buf_clear(&answer);
		is_number(reply_tcp(x->line, &problem, &answer), x->is, x->line);
		is_text(problem, x->problem, x->line);
		if (x->answer)
			is_text(buf_text(&answer), x->answer, x->line);
	}
	for (const struct quoted *x = quotes; x < quotes + COUNT(quotes); x++) {
		buf_clear(&answer);
		reply_tcp_quote(&answer, x->text);
		is_text(buf_text(&answer), x->said, x->text);
	}
	buf_close(&answer);
	return done();
}

#include <string.h>
#include "util/text.h"
#include "postfix/table_reply.h"

static const struct socketmap_status {
	const char *word;
	enum table_answer answer;
	const char *error; /* what Postfix says of it */
} socketmap_statuses[] = {
	{"OK", TABLE_FOUND, NULL}, {"NOTFOUND", TABLE_NONE, NULL},
	{"TEMP", TABLE_ERROR, "socketmap server temporary error"},
	{"TIMEOUT", TABLE_ERROR, "socketmap server timeout error"},
	{"PERM", TABLE_ERROR, "socketmap server permanent error"},
	{"", TABLE_ERROR, "socketmap server unknown error"}, /* any other */
};

static const struct socketmap_status *status_of(const char *text, size_t length)
{
	const struct socketmap_status *status = socketmap_statuses;

	while (*status->word
		&& (strlen(status->word) != length || memcmp(status->word, text, length) != 0))
		status++;
	return status;
}

enum table_answer reply_socketmap(const char *text, size_t length, bool bare_ok, struct buf *answer)
{
	const char *blank = memchr(text, ' ', length);
	const struct socketmap_status *status =
		status_of(text, blank ? (size_t)(blank - text) : length);
	const char *rest = blank ? blank + 1 : text + length;
	size_t rest_length = (size_t)(text + length - rest);

	if (status->answer == TABLE_FOUND && blank == NULL && !bare_ok)
		return TABLE_NONE;
	if (status->answer == TABLE_NONE)
		return TABLE_NONE;
	if (status->answer == TABLE_ERROR)
		buf_addf(answer, "%s%s", status->error, rest_length > 0 ? ": " : "");
	buf_add(answer, rest, rest_length);
	return status->answer;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unquote(struct buf *to, const char *text)
{
	for (; *text; text++) {
		int high, low;

		if (*text != '%') {
			buf_addc(to, *text);
			continue;
		}
		high = hex_digit(text[1]);
		low = high < 0 ? -1 : hex_digit(text[2]);
		if (low < 0)
			return false;
		buf_addc(to, high << 4 | low);
		text += 2;
	}
	return true;
}

enum table_answer reply_tcp(const char *line, const char **problem, struct buf *answer)
{
	size_t digits = strspn(line, "0123456789");

	if (digits != 3 || !text_is_space((unsigned char)line[3]) || !unquote(answer, line + 4)) {
		*problem = "malformed reply";
		return TABLE_ERROR;
	}
	if (strncmp(line, "500", 3) == 0)
		return TABLE_NONE;
	if (strncmp(line, "200", 3) == 0)
		return TABLE_FOUND;
	if (strncmp(line, "400", 3) != 0)
		*problem = "bad status code";
	return TABLE_ERROR;
}

void reply_tcp_quote(struct buf *to, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (*c <= ' ' || *c == '%' || *c >= 0x7F)
			buf_addf(to, "%%%02X", *c);
		else
			buf_addc(to, *c);
}

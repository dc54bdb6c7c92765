#include "config.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "smtp/reply.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF */
enum reply_line reply_line(const char *line, int *code)
{
	if (!is_digit(line[0]) || !is_digit(line[1]) || !is_digit(line[2])
		|| (line[3] != '\0' && line[3] != ' ' && line[3] != '-'))
		return REPLY_GARBAGE;
	*code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	return line[3] == '-' ? REPLY_MORE : REPLY_LAST;
}

/* One to three digits; returns how many, 0: none, or too many. */
static size_t number(const char *text)
{
	size_t digits = 0;

	while (is_digit(text[digits]))
		digits++;
	return digits <= 3 ? digits : 0;
}

/*
 * RFC 2034 4, RFC 3463 2: class "." subject "." detail, then white space or the end. Returns its
 * length, 0: there is none, or its class is not that of the code.
 */
static size_t status_length(const char *text, int code)
{
	size_t subject, detail;

	if (text[0] != '0' + code / 100 || strchr("245", text[0]) == NULL || text[1] != '.')
		return 0;
	subject = number(text + 2);
	if (subject == 0 || text[2 + subject] != '.')
		return 0;
	detail = number(text + 3 + subject);
	if (detail == 0)
		return 0;
	text += 3 + subject + detail;
	return *text == '\0' || isspace((unsigned char)*text) ? 3 + subject + detail : 0;
}

void reply_status(const char *line, int code, char status[REPLY_STATUS])
{
	const char *text = line + (line[3] ? 4 : 3);
	int class = code / 100;
	size_t length;

	text += strspn(text, " ");
	length = status_length(text, code);
	if (length > 0) {
		memcpy(status, text, length);
		status[length] = '\0';
	} else if (class == 2 || class == 4 || class == 5) {
		snprintf(status, REPLY_STATUS, "%d.0.0", class);
	} else {
		snprintf(status, REPLY_STATUS, "5.5.0");
	}
}

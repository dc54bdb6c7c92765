#include <stddef.h>
#include "postfix/level.h"
#include "util/text.h"

enum { PART_MOST = 1023 }; /* of minor and patch */

/* Digits behind optional space and '+', as strtol(3) takes them. False: none, or too large. */
static bool part(const char **text, long long most, long long *value)
{
	const char *at = *text;
	long long number = 0;

	while (text_is_space(*at))
		at++;
	at += *at == '+';
	if (*at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (*at - '0');
		if (number > most)
			return false;
	}
	*text = at;
	*value = number;
	return true;
}

bool level_parse(const char *text, long long *level)
{
	const long long most[] = {0x7fffffffffffffff >> 20, PART_MOST, PART_MOST};
	long long parts[3] = {0};
	size_t count = 0;

	do {
		if (!part(&text, most[count], &parts[count]))
			return false;
		count++;
	} while (count < 3 && *text == '.' && *++text);
	if (*text || text[-1] == '.')
		return false;
	*level = (parts[0] << 20) + (parts[1] << 10) + parts[2];
	return true;
}

#include <string.h>
#include <strings.h>
#include "postfix/field.h"

size_t field_name(const char *line, size_t length)
{
	size_t at = 0, colon;

	while (at < length && line[at] > ' ' && line[at] < 0x7f && line[at] != ':')
		at++;
	colon = at;
	while (colon < length && (line[colon] == ' ' || line[colon] == '\t'))
		colon++;
	return at > 0 && colon < length && line[colon] == ':' ? at : 0;
}

bool field_is(const char *line, size_t length, const char *name)
{
	return strlen(name) == length && strncasecmp(line, name, length) == 0;
}

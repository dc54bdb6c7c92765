#include <string.h>
#include "util/text.h"
#include "postfix/table_key.h"

bool table_key_length(const char *text, const char *also, size_t *length)
{
	bool quoted = false;
	size_t i;

	for (i = 0; text[i]; i++) {
		if (!quoted && (text_is_space((unsigned char)text[i]) || strchr(also, text[i])))
			break;
		if (text[i] == '"')
			quoted = !quoted;
		else if (text[i] == '\\' && text[i + 1])
			i++;
	}
	*length = i;
	return !quoted;
}

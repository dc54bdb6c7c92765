#include "postfix/netstring.h"

enum netstring_got netstring_read(const char *bytes, size_t count, size_t most, const char **text,
	size_t *length)
{
	size_t wanted = 0, i;

	for (i = 0; i < count && bytes[i] >= '0' && bytes[i] <= '9'; i++) {
		wanted = wanted * 10 + (size_t)(bytes[i] - '0');
		if (wanted > most)
			return NETSTRING_LARGE;
		if (i > 20) /* zeroes without end */
			return NETSTRING_BAD;
	}
	if (i == count)
		return NETSTRING_PART;
	if (i == 0 || bytes[i] != ':')
		return NETSTRING_BAD;
	i++;
	if (count - i <= wanted)
		return NETSTRING_PART;
	if (bytes[i + wanted] != ',')
		return NETSTRING_BAD;
	*text = bytes + i;
	*length = wanted;
	return NETSTRING_WHOLE;
}

void netstring_add(struct buf *to, const char *text, size_t length)
{
	buf_addf(to, "%zu:", length);
	buf_add(to, text, length);
	buf_addc(to, ',');
}

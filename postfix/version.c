#include <stdlib.h>
#include "postfix/version.h"

int version_parse(const char *text)
{
	enum { MOST = 999 };
	char *end;
	unsigned long major, minor;

	if (*text < '0' || *text > '9')
		return 0;
	major = strtoul(text, &end, 10);
	if (*end != '.' || end[1] < '0' || end[1] > '9')
		return 0;
	minor = strtoul(end + 1, &end, 10);
	if (major > MOST || minor > MOST || (*end && *end != '.' && *end != '-'))
		return 0;
	return POSTFIX((int)major, (int)minor);
}

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "t/lib/tap.h"

static int count, failed;

bool ok(bool passed, const char *name)
{
	printf("%sok %d - %s\n", passed ? "" : "not ", ++count, name ? name : "");
	fflush(stdout);
	failed += !passed;
	return passed;
}

bool okf(bool passed, const char *format, ...)
{
	char name[512];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof name, format, args);
	va_end(args);
	return ok(passed, name);
}

bool is_text(const char *got, const char *want, const char *name)
{
	bool same = got == want || (got && want && strcmp(got, want) == 0);

	ok(same, name);
	if (!same)
		printf("#  got: %s\n# want: %s\n", got ? got : "NULL", want ? want : "NULL");
	return same;
}

bool is_number(long long got, long long want, const char *name)
{
	ok(got == want, name);
	if (got != want)
		printf("#  got: %lld\n# want: %lld\n", got, want);
	return got == want;
}

void skip(const char *name, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++count, name, reason);
}

int done(void)
{
	printf("1..%d\n", count);
	return failed != 0;
}

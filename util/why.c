#include <stdarg.h>
#include <stddef.h>
#include "util/why.h"

/* The arguments may be strings of *why itself: they stay in the pool. */
PRINTF_LIKE(4, 0)
static void set(struct why *why, bool site, const char *status, const char *format, va_list args)
{
	struct why new = {.pool = why->pool, .site = site};

	new.status = pool_text(why->pool, status);
	new.text = pool_vformat(why->pool, format, args);
	*why = new;
}

bool why_set(struct why *why, const char *status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(why, false, status, format, args);
	va_end(args);
	return false;
}

bool why_site(struct why *why, const char *status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(why, true, status, format, args);
	va_end(args);
	return false;
}

bool why_said(struct why *why, const char *mta, const char *type, const char *said)
{
	why->mta = pool_text(why->pool, mta);
	why->said_type = pool_text(why->pool, type);
	why->said = pool_text(why->pool, said);
	return false;
}

bool why_soft(const struct why *why)
{
	return why->status && why->status[0] == '4';
}

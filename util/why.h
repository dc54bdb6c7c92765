#ifndef UTIL_WHY_H
#define UTIL_WHY_H
/*
 * why - what went wrong, as status and text. A value, copied by '='; its strings are in the pool.
 * Whoever fails sets it; it is always the last argument, and untouched on success.
 */
#include <stdbool.h>
#include "util/macros.h"
#include "util/pool.h"

struct why {
	struct pool *pool;
	const char
		*status; /* enhanced status code, RFC 3463: "4.4.2"; NULL: nothing went wrong yet */
	const char *text;      /* one line for people */
	const char *mta;       /* the remote host that said so; NULL: our own finding */
	const char *said;      /* its reply, lines joined by a space; NULL without mta */
	const char *said_type; /* "smtp"; NULL without said */
	bool site;      /* the destination is in trouble, not just this message or recipient */
	bool elsewhere; /* another server may do better: try it, though the status is final */
};

/* Sets status and text, clears the rest; returns false, so that a failure is one line. */
bool why_set(struct why *why, const char *status, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same, and marks the destination as in trouble. */
bool why_site(struct why *why, const char *status, const char *format, ...) PRINTF_LIKE(3, 4);

/* Adds who said what (RFC 3464 Remote-MTA and Diagnostic-Code); returns false. */
bool why_said(struct why *why, const char *mta, const char *type, const char *said);

/* Is it a temporary failure (class 4)? */
bool why_soft(const struct why *why);

#endif

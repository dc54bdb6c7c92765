#ifndef POSTFIX_EXPAND_H
#define POSTFIX_EXPAND_H
/*
 * expand - $name, ${name?text}, ${{left} op {right} ? {yes} : {no}} and functions in the values of
 * main.cf (postconf(5)). A name without a value is replaced by nothing.
 */
#include <stdbool.h>
#include "util/pool.h"

struct expander {
	/* The raw value of NAME, NULL: it has none. */
	const char *(*value)(const void *context, const char *name);
	const void *context;
	int version;       /* POSTFIX(): "<=level" from 3.6, functions from 3.11; 0: everything */
	struct pool *pool; /* for results */
};

/*
 * TEXT expanded. NULL: what is wrong was logged as warnings, and *error is the text of the fatal
 * error that follows in Postfix. References that never end, or that multiply, are such an error.
 */
const char *expand(const struct expander *expander, const char *text, const char **error);

#endif

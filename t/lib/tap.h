#ifndef T_TAP_H
#define T_TAP_H
/* tap - what a unit test says, in the Test Anything Protocol. */
#include <stdbool.h>
#include "util/macros.h"

/* "ok N - NAME" or "not ok N - NAME"; returns PASSED. NAME may be NULL. */
bool ok(bool passed, const char *name);
bool okf(bool passed, const char *format, ...) PRINTF_LIKE(2, 3);
/* Equal strings (NULL equals only NULL); shows both when not. */
bool is_text(const char *got, const char *want, const char *name);
bool is_number(long long got, long long want, const char *name);
void skip(const char *name, const char *reason);
/* Prints the plan; returns the exit status for main(). */
int done(void);

#endif

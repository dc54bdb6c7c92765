#ifndef POSTFIX_FIELD_H
#define POSTFIX_FIELD_H
/* field - the name of a header field (RFC 5322 2.2, 3.6.8), with blanks before its colon, too. */
#include <stdbool.h>
#include <stddef.h>

/* The length of its name; 0: LINE does not begin a header. */
size_t field_name(const char *line, size_t length);

/* Is the name, which has LENGTH bytes, NAME? Without regard to letter case. */
bool field_is(const char *line, size_t length, const char *name);

#endif

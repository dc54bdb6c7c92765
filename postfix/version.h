#ifndef POSTFIX_VERSION_H
#define POSTFIX_VERSION_H
/*
 * version - which Postfix is around us. One number to compare: POSTFIX(3, 7) and so on; a message,
 * a default or a text that changed has a since or until of this kind.
 */
#include <stdbool.h>

#define POSTFIX(MAJOR, MINOR) ((MAJOR) * 1000 + (MINOR))

/* "3.7.11", "3.12-20260101" -> POSTFIX(3, 7), POSTFIX(3, 12). 0: not a version. */
int version_parse(const char *text);

#endif

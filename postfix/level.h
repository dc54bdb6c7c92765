#ifndef POSTFIX_LEVEL_H
#define POSTFIX_LEVEL_H
/*
 * level - compatibility levels: major[.minor[.patch]], decimal (postconf(5) compatibility_level,
 * COMPATIBILITY_README). Numeric order part by part, so 3.10 is above 3.9.
 */
#include <stdbool.h>

/* TEXT as a number that compares as the level does. False: malformed; *level stays. */
bool level_parse(const char *text, long long *level);

#define LEVEL(MAJOR, MINOR) (((long long)(MAJOR) << 20) + ((MINOR) << 10))

#endif

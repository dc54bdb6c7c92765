#ifndef UTIL_MACROS_H
#define UTIL_MACROS_H
/* macros - the few that every room uses. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))

#endif

#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H
/*
 * text - small things done to strings. ASCII only and independent of the locale, unless it says
 * UTF-8. "White space" is Postfix's: blank, tab, CR, LF, VT, FF (isspace(3) in the C locale).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "util/buf.h"
#include "util/pool.h"

#define TEXT_SPACE " \t\r\n\v\f"
#define TEXT_LIST_SEPARATORS ", \t\r\n" /* between the members of a Postfix list */

bool text_is_space(int byte);
bool text_same(const char *a, const char *b);           /* equal, case-insensitively (ASCII) */
bool text_starts(const char *text, const char *prefix); /* case-sensitive */
bool text_starts_any_case(const char *text, const char *prefix);
bool text_ends_any_case(const char *text, const char *suffix);
bool text_all_digits(const char *text); /* at least one, nothing else */
bool text_is_ascii(const char *text);

/* Folds A-Z in place; returns TEXT. */
char *text_lower(char *text);

/* TEXT without white space at both ends: a copy in POOL. */
char *text_trim(struct pool *pool, const char *text);

/*
 * The next token of *REST that SEPARATORS end, as a copy in POOL, or NULL when none is left.
 * With braces true a balanced {...} keeps its separators; unbalanced braces run to the end.
 * *REST moves behind the token.
 */
char *text_token(struct pool *pool, const char **rest, const char *separators, bool braces);

/*
 * If TEXT begins with '{': the trimmed text inside the balanced braces, NULL with *error set (a
 * constant) when they don't balance or more than white space follows. Otherwise TEXT itself.
 */
const char *text_unbrace(struct pool *pool, const char *text, const char **error);

/* The whole of TEXT as a number in MIN..MAX; false leaves *number alone. No sign but '-'. */
bool text_number(const char *text, long long min, long long max, long long *number);

/*
 * Makes LENGTH bytes printable in place: what is not printable ASCII becomes '?', except, with
 * utf8 true, well-formed UTF-8 sequences (RFC 3629). Same length afterwards.
 */
void text_printable(char *text, size_t length, bool utf8);

/* Is it well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong, at most U+10FFFF)? */
bool text_is_utf8(const char *text, size_t length);

/*
 * xtext (RFC 3461 4): bytes 33..126 stay, except '+' and those in ALSO ("=", by the RFC); the
 * others become +HH.
 */
void text_xtext(struct buf *to, const char *text, const char *also);

/* Upper-case hexadecimal; between the bytes SEPARATOR unless it is 0. */
void text_hex(struct buf *to, const void *data, size_t length, int separator);

/* Hash of bytes for tables in memory (FNV-1a). */
uint32_t text_hash(const void *data, size_t length);

/* Like strerror(errno), thread-safe: a copy in POOL. */
const char *text_errno(struct pool *pool, int error);

#endif

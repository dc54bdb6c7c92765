#ifndef POSTFIX_TABLE_KEY_H
#define POSTFIX_TABLE_KEY_H
/*
 * table_key - where a key ends in the text of a table (postmap(1)): at white space outside
 * double quotes. A backslash protects the next byte. Quotes and backslashes belong to the key.
 *
 *   key    = *( quoted / "\" any / other )
 *   quoted = DQUOTE *( "\" any / not-DQUOTE ) DQUOTE
 */
#include <stdbool.h>
#include <stddef.h>

/* The length of the key at TEXT; bytes in ALSO end it, too. False: a quote is left open. */
bool table_key_length(const char *text, const char *also, size_t *length);

#endif

#ifndef POSTFIX_NETSTRING_H
#define POSTFIX_NETSTRING_H
/*
 * netstring - D. J. Bernstein's: length in decimal digits, ":", that many bytes, ",".
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"

enum netstring_got {
	NETSTRING_WHOLE, /* at the begin of the bytes */
	NETSTRING_PART,  /* more bytes are needed */
	NETSTRING_BAD,   /* it isn't one */
	NETSTRING_LARGE, /* it would be longer than MOST */
};

/* *text and *length are set for NETSTRING_WHOLE, in BYTES. */
enum netstring_got netstring_read(const char *bytes, size_t count, size_t most, const char **text,
	size_t *length);

void netstring_add(struct buf *to, const char *text, size_t length);

#endif

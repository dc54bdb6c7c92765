#ifndef UTIL_BUF_H
#define UTIL_BUF_H
/*
 * buf - growable bytes with a ceiling. Always terminated; may hold NULs. When the ceiling is
 * reached the rest is dropped and buf.cut remembers it: check once, at the end, where it matters.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdarg.h>
#include "util/macros.h"

struct buf {
	char *data;    /* NULL until something is added; use buf_text() */
	size_t length; /* bytes in it, without the terminator */
	size_t room;   /* bytes allocated */
	size_t most;   /* ceiling for length; 0 is none */
	bool cut;      /* something was dropped */
	bool open;     /* since buf_reserve() the terminator may be missing; buf_text() sets it */
};

#define BUF(MOST)                                                                                  \
	(struct buf)                                                                               \
	{                                                                                          \
		.most = (MOST)                                                                     \
	}

void buf_add(struct buf *buf, const void *data, size_t length);
void buf_adds(struct buf *buf, const char *text);
void buf_addc(struct buf *buf, int byte);
void buf_addf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *buf, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Empty again (cut too); the memory stays. */
void buf_clear(struct buf *buf);

/* Cuts it to its first LENGTH bytes; longer: nothing happens. */
void buf_truncate(struct buf *buf, size_t length);

/* Drops the first LENGTH bytes. */
void buf_shift(struct buf *buf, size_t length);

/*
 * Room for LENGTH more bytes behind the last, whatever the ceiling; the caller writes there and
 * adds to length.
 */
char *buf_reserve(struct buf *buf, size_t length);

/* The terminated content; "" when nothing was ever added. Valid until the next change. */
const char *buf_text(const struct buf *buf);

/* Frees the memory. NULL is fine; the buf is empty and usable again. */
void buf_close(struct buf *buf);

#endif

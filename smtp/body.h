#ifndef SMTP_BODY_H
#define SMTP_BODY_H
/*
 * body - queue file records to the lines of DATA (RFC 5321 4.5.2, 4.5.3.1.6):
 * CR LF, dots doubled, long lines broken. Pure: it appends to a buffer, I/O is the caller's.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"

struct body {
	size_t limit;   /* smtp_line_length_limit; 0: none */
	size_t left;    /* bytes that the line in hand may still have */
	bool start;     /* nothing of the line in hand has gone out */
	bool part;      /* the last record was a part of a line */
	bool broke;     /* a line was broken */
};

void body_begin(struct body *body, size_t limit);
/* One record; MORE: part of a line, another record goes on. */
void body_record(struct body *body, struct buf *to, const char *data, size_t length, bool more);
/* Ends an unfinished last line. Not the final dot. */
void body_end(struct body *body, struct buf *to);

#endif

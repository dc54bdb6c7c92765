#ifndef SMTP_CONTENT_H
#define SMTP_CONTENT_H
/*
 * content - the message as it goes out: queue file records, through MIME conversion, header and
 * body checks and generic maps where those are asked for, to the lines of DATA (RFC 5321 4.5.2).
 * No I/O but the queue file's.
 */
#include "smtp/body.h"
#include "smtp/delivery.h"
#include "smtp/envelope.h"
#include "smtp/mime.h"
#include "util/list.h"

enum content_is {
	CONTENT_MORE,   /* lines were added, others follow */
	CONTENT_WHOLE,  /* the content is over: the dot may follow */
	CONTENT_BAD,    /* the queue file is not what it should be */
	CONTENT_FAILED, /* for all recipients: *why, or trouble; it is cut off in the middle */
};

struct content {
	const struct agent *agent;
	struct delivery *d;
	struct body body;
	struct buf *lines;  /* where they go, in content_read() */
	struct mime *mime;  /* NULL: lines are copied */
	struct list prepended; /* header lines of flags=DOR that are still to come */
	const char *trouble; /* the table that failed, and why; NULL: none did. The delivery's */
};

void content_begin(struct content *content, const struct agent *agent, struct delivery *d,
	const struct envelope *envelope);

/* Adds at least some lines to LINES, about STREAM_CHUNK bytes. */
enum content_is content_read(struct content *content, struct buf *lines, struct why *why);

void content_end(struct content *content);

#endif

#ifndef SMTP_MIME_H
#define SMTP_MIME_H
/*
 * mime - the structure of a message as it streams by (RFC 2045, 2046), and 8-bit content made
 * 7-bit for servers without 8BITMIME (RFC 6152 3). Pure: it calls what it is
 * given. Memory is bounded by the header size, boundary length and nesting limits.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"

enum mime_class {
	MIME_PRIMARY, /* headers of the message, but those below */
	MIME_CONTENT, /* those of RFC 2045, anywhere, and all headers of a multipart's parts */
	MIME_NESTED,  /* headers of an attached message, but those of RFC 2045 */
};

struct mime_handlers {
	void *context;
	/*
	 * A logical header, its lines joined by LF, without its last line end. Passes on to put()
	 * what is left of it. False: stop.
	 */
	bool (*header)(void *context, enum mime_class class, struct buf *header);
	/* A body line, or a part of one (more follows). Passes it on likewise. False: stop. */
	bool (*body)(void *context, const char *data, size_t length, bool more);
	/* The empty line behind a header block. */
	void (*blank)(void *context);
};

struct mime_options {
	bool downgrade;      /* make 8-bit and binary parts 7-bit */
	int nesting_limit;   /* mime_nesting_limit */
	int boundary_limit;  /* mime_boundary_length_limit, bytes that are compared */
	int header_limit;    /* header_size_limit, bytes of a logical header that are kept */
};

enum mime_result {
	MIME_GOES_ON,
	MIME_TOO_DEEP, /* the nesting limit is exceeded */
	MIME_STOPPED,  /* a handler said so */
};

struct mime;

struct mime *mime_begin(const struct mime_options *options, const struct mime_handlers *handlers);
/* One queue file record: a line, or a part of one. */
enum mime_result mime_record(struct mime *mime, const char *data, size_t length, bool more);
/* The content is over. */
enum mime_result mime_end(struct mime *mime);
void mime_free(struct mime *mime); /* NULL is fine */

#endif

#ifndef POSTFIX_ATTR_H
#define POSTFIX_ATTR_H
/*
 * attr - the lists of attributes that Postfix's daemons send to each other, as observed between
 * them: name NUL value NUL ..., ended by an empty name. Numbers are unsigned decimals of 32 bits
 * (int) or of the native long.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "util/buf.h"
#include "util/pool.h"

enum {
	ATTR_MOST = 1 << 20,    /* bytes of one list that we accept */
	ATTR_COUNT_MOST = 1024, /* attributes of one list */
};

/* Writing: each appends to a list under construction; attr_end() closes it. */
void attr_text(struct buf *to, const char *name, const char *value);
void attr_int(struct buf *to, const char *name, int value);   /* -1 is 4294967295 */
void attr_long(struct buf *to, const char *name, long value); /* -1 is 18446744073709551615 */
void attr_end(struct buf *to);

/* Reading: a list as pairs, in order; a name may occur twice. Text is in the pool. */
struct attrs {
	struct attr {
		const char *name, *value;
	} * items;
	size_t count;
	size_t bytes; /* of the list, as it came */
};

/* Where the bytes of a list come from: a connected socket with a time limit and a read buffer. */
struct attr_source {
	int fd;
	int seconds; /* for each read; 0: no limit */
	char bytes[4096];
	size_t from, until; /* unread part of bytes */
};

enum attr_got {
	ATTR_LIST,
	ATTR_CLOSED /* EOF before the first byte */,
	ATTR_BROKEN /* errno, or malformed */
};

/* Waits until there is something to read. */
enum attr_got attr_wait(struct attr_source *source);

/* ATTR_BROKEN: errno; EMSGSIZE beyond the limits above, EPROTO when it ends inside a list. */
enum attr_got attr_read(struct attr_source *source, struct pool *pool, struct attrs *attrs);

/* The first value of NAME, or NULL. As an int: false, and *value untouched, if it is none. */
const char *attr_get(const struct attrs *attrs, const char *name);
bool attr_get_int(const struct attrs *attrs, const char *name, int *value);

/* A value as a number; TEXT NULL is none. */
bool attr_number_int(const char *text, int *value);
bool attr_number_long(const char *text, long *value);

/* Writes all of it within SECONDS for each write; false: errno. */
bool attr_write(int fd, int seconds, const void *data, size_t length);

#endif

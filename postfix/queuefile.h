#ifndef POSTFIX_QUEUEFILE_H
#define POSTFIX_QUEUEFILE_H
/*
 * queuefile - the message of one delivery: locked, read record by record, recipients crossed off.
 * The records are those that postcat(1) -v shows, as observed in files of cleanup(8). The lock is
 * shared and lasts until queuefile_close(), which comes after the final reply. Never re-opened by
 * name. One thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "util/pool.h"

struct queuefile_options {
	const char *hash_queue_names; /* list of queue names */
	int hash_queue_depth;         /* levels of directories, a digit of the queue id each */
};

struct queuefile;

/* Is it 1-100 alphanumerics; 1-255 alphanumerics and '_'? */
bool queuefile_good_name(const char *queue_name);
bool queuefile_good_id(const char *queue_id);

/* "active/3F7EFAD8E66", with hash directories where configured. In POOL. */
const char *queuefile_path(struct pool *pool, const struct queuefile_options *options,
	const char *queue_name, const char *queue_id);

/* NULL: a warning was logged. */
struct queuefile *queuefile_open(struct pool *pool, const struct queuefile_options *options,
	const char *queue_name, const char *queue_id);

enum record {         /* what the content is made of */
	RECORD_LINE,  /* N: a whole line, or the last part of one */
	RECORD_PART,  /* L: part of a line, more follows */
	RECORD_END,   /* X: the content is over, as it should */
	RECORD_BAD,   /* anything else: warned about; the message is unreadable */
	RECORD_ERROR, /* a read error, errno */
};

/* Content starts at OFFSET (again). */
void queuefile_rewind(struct queuefile *file, off_t offset);

/* The next content record; *data is valid until the next call. Pointer and padding records are
   followed and skipped. */
enum record queuefile_next(struct queuefile *file, const char **data, size_t *length);

/* Crosses the recipient at OFFSET off ('R' becomes 'D'); -1 and 0: nothing is written. False:
 * errno. */
bool queuefile_done(struct queuefile *file, off_t offset);

/* mode 0400, so that qmgr moves it to corrupt/; with Postfix's warning. */
void queuefile_corrupt(struct queuefile *file);

void queuefile_close(struct queuefile *file); /* NULL is fine */

#endif

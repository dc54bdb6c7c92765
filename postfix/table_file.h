#ifndef POSTFIX_TABLE_FILE_H
#define POSTFIX_TABLE_FILE_H
/*
 * table_file - what tables in an indexed file have in common (DATABASE_README): the open file, the
 * lock that postmap(1) respects, whether it has changed, whether keys end in a NUL.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include "util/buf.h"
#include "postfix/table_type.h"

enum table_file_lock {
	TABLE_FILE_FLOCK, /* flock(2): Berkeley DB on Linux */
	TABLE_FILE_FCNTL, /* fcntl(2) of the open file description: LMDB */
	TABLE_FILE_FREE,  /* never rewritten in place */
};

struct table_file {
	const char *path; /* with suffix; the set's pool */
	int fd;           /* read-only */
	enum table_file_lock lock;
	int patience;       /* seconds to wait for a lock; 0: for ever */
	struct stat opened; /* as it was when it was opened */
	bool timed;         /* a new modification time is a change */
};

/*
 * Opens NAME and SUFFIX; holds the lock, until table_file_unlock(). Warns when the source, NAME, is
 * newer. False: WHY.
 */
bool table_file_open(struct table_file *file, const struct table *table, const char *name,
	const char *suffix, enum table_file_lock lock, struct buf *why);

/* The shared lock of a lookup. False: errno; nothing is locked. */
bool table_file_lock(const struct table_file *file);
void table_file_unlock(const struct table_file *file);

/* Was it written to, or replaced, since it was opened? */
bool table_file_changed(const struct table_file *file);

void table_file_close(struct table_file *file);

/*
 * Keys, and values, end in a NUL or they don't, by the program that made the file: KEY is looked
 * for with one, then without; the first find settles it for the table. GET looks for LENGTH bytes
 * and adds the value to ANSWER.
 */
struct table_nul {
	atomic_int is; /* enum in table_file.c; 0: not settled */
};
enum table_answer table_nul_find(struct table_nul *nul, const char *key, struct buf *answer,
	enum table_answer (*get)(void *context, const void *key, size_t length, struct buf *answer),
	void *context);

#endif

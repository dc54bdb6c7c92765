/* hash and btree: Berkeley DB files (DATABASE_README, postmap(1)). */
#include "config.h"
#include <db.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"
#include "postfix/table_file.h"

/*
 * postmap(1) writes the file in place, and the library keeps pages of it, so a handle whose file is
 * rewritten finds a mixture. Postfix starts anew before the next delivery; but here deliveries go
 * on for a while, and "not found" must not come from a mixture. So they search a copy of the file
 * as it was when it was opened, or, if that would be large, get an error.
 */
enum { COPY_MOST = 32 << 20 }; /* bytes */

struct bdb {
	pthread_mutex_t lock; /* of the handle, which is not made for threads */
	DB *db;
	struct table_file file;
	int copy;    /* memory as a file, -1: the file itself is searched */
	bool locked; /* each lookup holds the lock of the file */
	struct table_nul nul;
};

static void debug_words(const DB_ENV *env, const char *prefix, const char *text)
{
	(void)env;
	(void)prefix;
	log_debug("Berkeley DB: %s", text);
}

static bool copy_file(int from, int to, off_t size)
{
	static const size_t piece = 65536;
	char *bytes = memory_new(piece);
	off_t done = 0;

	while (done < size) {
		ssize_t got = pread(from, bytes, piece, done);

		if (got <= 0 || write(to, bytes, (size_t)got) != got)
			break;
		done += got;
	}
	free(bytes);
	return done == size;
}

/* A copy in memory, or -1. */
static int copy_of(const struct table_file *file)
{
	int copy = file->opened.st_size <= COPY_MOST ? memfd_create("table", MFD_CLOEXEC) : -1;

	if (copy >= 0 && !copy_file(file->fd, copy, file->opened.st_size)) {
		close(copy);
		copy = -1;
	}
	return copy;
}

/* 0, or an error of the library or the system. */
static int open_handle(struct bdb *bdb, const char *path, DBTYPE type, long cache)
{
	int error = db_create(&bdb->db, NULL, 0);

	if (error)
		return error;
	bdb->db->set_errcall(bdb->db, debug_words);
	error = bdb->db->set_cachesize(bdb->db, 0, cache > 0 ? (u_int32_t)cache : 0, 0);
	if (error == 0)
		error = bdb->db->open(bdb->db, NULL, path, NULL, type, DB_RDONLY, 0);
	if (error) {
		bdb->db->close(bdb->db, 0);
		bdb->db = NULL;
	}
	return error;
}

static int open_copy(struct bdb *bdb, DBTYPE type, long cache)
{
	char path[64];
	int error;

	bdb->copy = copy_of(&bdb->file);
	if (bdb->copy < 0)
		return ENOMEM;
	snprintf(path, sizeof path, "/proc/self/fd/%d", bdb->copy);
	error = open_handle(bdb, path, type, cache);
	if (error) {
		close(bdb->copy);
		bdb->copy = -1;
	}
	return error;
}

static void close_bdb(struct table *table)
{
	struct bdb *bdb = table->state;

	if (bdb->db)
		bdb->db->close(bdb->db, 0);
	if (bdb->copy >= 0)
		close(bdb->copy);
	table_file_close(&bdb->file);
	pthread_mutex_destroy(&bdb->lock);
	free(bdb);
}

static bool open_type(struct table *table, const char *name, DBTYPE type, struct buf *why)
{
	struct bdb *bdb = MEMORY_NEW(struct bdb);
	long cache = table->options->bdb_read_buffer;
	int error;

	if (!table_file_open(&bdb->file, table, name, ".db", TABLE_FILE_FLOCK, why)) {
		free(bdb);
		return false;
	}
	pthread_mutex_init(&bdb->lock, NULL);
	bdb->locked = table->flags & TABLE_LOCK;
	table->state = bdb;
	error = open_copy(bdb, type, cache);
	if (error)
		error = open_handle(bdb, bdb->file.path, type, cache);
	table_file_unlock(&bdb->file);
	if (error == 0)
		return true;
	table_refuse(why, "open database %s: %s", bdb->file.path, db_strerror(error));
	close_bdb(table);
	return false;
}

static bool open_hash(struct table *table, const char *name, struct buf *why)
{
	return open_type(table, name, DB_HASH, why);
}

static bool open_btree(struct table *table, const char *name, struct buf *why)
{
	return open_type(table, name, DB_BTREE, why);
}

static enum table_answer get(void *context, const void *key, size_t length, struct buf *answer)
{
	struct bdb *bdb = context;
	DBT wanted = {.data = (void *)key, .size = (u_int32_t)length}, found = {.size = 0};
	int error = bdb->db->get(bdb->db, NULL, &wanted, &found, 0);

	if (error == DB_NOTFOUND)
		return TABLE_NONE;
	if (error)
		return table_trouble(answer, "error reading %s: %s", bdb->file.path,
			db_strerror(error));
	buf_add(answer, found.data, found.size);
	return TABLE_FOUND;
}

static enum table_answer search_file(struct bdb *bdb, const char *key, struct buf *answer)
{
	enum table_answer found;

	if (bdb->locked && !table_file_lock(&bdb->file))
		return table_trouble(answer, "can't lock %s", bdb->file.path);
	if (table_file_changed(&bdb->file))
		found = table_trouble(answer, "%s has changed", bdb->file.path);
	else
		found = table_nul_find(&bdb->nul, key, answer, get, bdb);
	if (bdb->locked)
		table_file_unlock(&bdb->file);
	return found;
}

static enum table_answer find(const struct table *table, const char *key, struct buf *answer)
{
	struct bdb *bdb = table->state;
	enum table_answer found;

	pthread_mutex_lock(&bdb->lock);
	if (bdb->copy >= 0)
		found = table_nul_find(&bdb->nul, key, answer, get, bdb);
	else
		found = search_file(bdb, key, answer);
	pthread_mutex_unlock(&bdb->lock);
	return found;
}

static bool changed(const struct table *table)
{
	const struct bdb *bdb = table->state;

	return table_file_changed(&bdb->file);
}

const struct table_type table_hash = {
	.name = "hash",
	.kind = TABLE_FIXED,
	.open = open_hash,
	.find = find,
	.changed = changed,
	.close = close_bdb,
};

const struct table_type table_btree = {
	.name = "btree",
	.kind = TABLE_FIXED,
	.open = open_btree,
	.find = find,
	.changed = changed,
	.close = close_bdb,
};

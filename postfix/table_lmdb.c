/* lmdb: one file without a lock file, its main database (lmdb_table(5)). */
#include <lmdb.h>
#include <pthread.h>
#include <stdlib.h>
#include "util/memory.h"
#include "postfix/table_file.h"

struct lmdb {
	pthread_mutex_t lock; /* a lookup at a time: the map may have to grow */
	MDB_env *env;
	MDB_dbi database;
	struct table_file file;
	bool locked; /* each lookup holds the lock of the file */
	struct table_nul nul;
};

/* The map of a reader is as large as the file was; a writer may have made it larger. */
static int begin(struct lmdb *lmdb, MDB_txn **reading)
{
	int error = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, reading);

	if (error == MDB_MAP_RESIZED && (error = mdb_env_set_mapsize(lmdb->env, 0)) == 0)
		error = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, reading);
	return error;
}

static int open_database(struct lmdb *lmdb)
{
	MDB_txn *reading = NULL;
	int error = begin(lmdb, &reading);

	if (error)
		return error;
	error = mdb_dbi_open(reading, NULL, 0, &lmdb->database);
	if (error)
		mdb_txn_abort(reading);
	else
		error = mdb_txn_commit(reading); /* so that the handle stays */
	return error;
}

/* The lock of the file, which postmap(1) respects, takes the place of LMDB's own. */
static int open_env(struct lmdb *lmdb)
{
	int error = mdb_env_create(&lmdb->env);

	if (error)
		return error;
	error = mdb_env_open(lmdb->env, lmdb->file.path,
		MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0);
	return error ? error : open_database(lmdb);
}

static void close_lmdb(struct table *table)
{
	struct lmdb *lmdb = table->state;

	mdb_env_close(lmdb->env); /* NULL is fine */
	table_file_close(&lmdb->file);
	pthread_mutex_destroy(&lmdb->lock);
	free(lmdb);
}

static bool open_lmdb(struct table *table, const char *name, struct buf *why)
{
	struct lmdb *lmdb = MEMORY_NEW(struct lmdb);
	int error;

	if (!table_file_open(&lmdb->file, table, name, ".lmdb", TABLE_FILE_FCNTL, why)) {
		free(lmdb);
		return false;
	}
	pthread_mutex_init(&lmdb->lock, NULL);
	lmdb->locked = table->flags & TABLE_LOCK;
	table->state = lmdb;
	error = open_env(lmdb);
	table_file_unlock(&lmdb->file);
	if (error == 0)
		return true;
	table_refuse(why, "open database %s: %s", lmdb->file.path, mdb_strerror(error));
	close_lmdb(table);
	return false;
}

struct search {
	struct lmdb *lmdb;
	MDB_txn *reading;
};

static enum table_answer get(void *context, const void *key, size_t length, struct buf *answer)
{
	struct search *search = context;
	MDB_val wanted = {.mv_size = length, .mv_data = (void *)key}, found;
	int error = mdb_get(search->reading, search->lmdb->database, &wanted, &found);

	if (error == MDB_NOTFOUND || error == MDB_BAD_VALSIZE) /* too long to be there */
		return TABLE_NONE;
	if (error)
		return table_trouble(answer, "error reading %s: %s", search->lmdb->file.path,
			mdb_strerror(error));
	buf_add(answer, found.mv_data, found.mv_size);
	return TABLE_FOUND;
}

static enum table_answer search_file(struct lmdb *lmdb, const char *key, struct buf *answer)
{
	struct search search = {lmdb, NULL};
	enum table_answer found;
	int error = begin(lmdb, &search.reading);

	if (error)
		return table_trouble(answer, "error reading %s: %s", lmdb->file.path,
			mdb_strerror(error));
	found = table_nul_find(&lmdb->nul, key, answer, get, &search);
	mdb_txn_abort(search.reading);
	return found;
}

static enum table_answer find_lmdb(const struct table *table, const char *key, struct buf *answer)
{
	struct lmdb *lmdb = table->state;
	enum table_answer found;

	pthread_mutex_lock(&lmdb->lock);
	if (lmdb->locked && !table_file_lock(&lmdb->file)) {
		found = table_trouble(answer, "can't lock %s", lmdb->file.path);
	} else {
		found = search_file(lmdb, key, answer);
		if (lmdb->locked)
			table_file_unlock(&lmdb->file);
	}
	pthread_mutex_unlock(&lmdb->lock);
	return found;
}

/* New content is seen at once; only another file is a change. */
static bool changed(const struct table *table)
{
	const struct lmdb *lmdb = table->state;

	return table_file_changed(&lmdb->file);
}

const struct table_type table_lmdb = {
	.name = "lmdb",
	.kind = TABLE_FIXED,
	.open = open_lmdb,
	.find = find_lmdb,
	.changed = changed,
	.close = close_lmdb,
};

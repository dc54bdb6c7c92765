/* cdb: constant databases, which postmap(1) replaces by rename(2) (CDB_README). */
#include <cdb.h>
#include <errno.h>
#include <stdlib.h>
#include "util/memory.h"
#include "util/text.h"
#include "postfix/table_file.h"

struct constant {
	struct table_file file;
	struct cdb cdb; /* a map of the file; const once opened */
	struct table_nul nul;
};

static bool open_cdb(struct table *table, const char *name, struct buf *why)
{
	struct constant *constant = MEMORY_NEW(struct constant);
	int error;

	if (!table_file_open(&constant->file, table, name, ".cdb", TABLE_FILE_FREE, why)) {
		free(constant);
		return false;
	}
	table->state = constant;
	if (cdb_init(&constant->cdb, constant->file.fd) == 0)
		return true;
	error = errno;
	table_refuse(why, "unable to init %s: %s", constant->file.path,
		text_errno(table_pool(table), error));
	table_file_close(&constant->file);
	free(constant);
	return false;
}

static void close_cdb(struct table *table)
{
	struct constant *constant = table->state;

	cdb_free(&constant->cdb);
	table_file_close(&constant->file);
	free(constant);
}

/* A search leaves its place in the struct, so each has a copy of it. */
static enum table_answer get(void *context, const void *key, size_t length, struct buf *answer)
{
	struct constant *constant = context;
	struct cdb search = constant->cdb;
	const void *value = NULL;
	int found = cdb_find(&search, key, (unsigned)length);

	if (found == 0)
		return TABLE_NONE;
	if (found > 0)
		value = cdb_getdata(&search);
	if (value == NULL)
		return table_trouble(answer, "error reading %s", constant->file.path);
	buf_add(answer, value, cdb_datalen(&search));
	return TABLE_FOUND;
}

static enum table_answer find_cdb(const struct table *table, const char *key, struct buf *answer)
{
	struct constant *constant = table->state;

	return table_nul_find(&constant->nul, key, answer, get, constant);
}

static bool changed(const struct table *table)
{
	const struct constant *constant = table->state;

	return table_file_changed(&constant->file);
}

const struct table_type table_cdb = {
	.name = "cdb",
	.kind = TABLE_FIXED,
	.open = open_cdb,
	.find = find_cdb,
	.changed = changed,
	.close = close_cdb,
};

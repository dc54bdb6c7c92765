#include "config.h"
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"

/* Adds PAIRS, as postmap(1) does: with NULs, unless NULS is 0. */
static void make(const char *path, const struct table_pair *pairs, size_t nuls, size_t size)
{
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	MDB_dbi dbi;
	int failed = mdb_env_create(&env);

	failed = failed ? failed : mdb_env_set_mapsize(env, size);
	failed = failed ? failed : mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0644);
	failed = failed ? failed : mdb_txn_begin(env, NULL, 0, &txn);
	failed = failed ? failed : mdb_dbi_open(txn, NULL, 0, &dbi);
	for (; !failed && pairs->key; pairs++) {
		MDB_val key = {strlen(pairs->key) + nuls, (void *)pairs->key};
		MDB_val value = {strlen(pairs->value) + nuls, (void *)pairs->value};

		failed = mdb_put(txn, dbi, &key, &value, 0);
	}
	failed = failed ? failed : mdb_txn_commit(txn);
	if (failed)
		okf(false, "%s: %s", path, mdb_strerror(failed));
	mdb_env_close(env);
}

static void refuse(const char *name, const char *file, const char *after)
{
	char why[512];

	snprintf(why, sizeof why, "open database %s: %s", cases_path(file), after);
	cases_refuse(cases_name("lmdb", name), why);
}

/* A writer's content is seen, also when the file has become larger than the reader's map. */
static void updated(void)
{
	static char large[400000];
	const struct table_pair more[] = {{"z", "26"}, {"large", large}, {NULL, NULL}};
	struct table_set *set = cases_set();
	struct table *table;

	make(cases_path("growing.lmdb"), TABLE_PAIRS, 1, 1 << 16);
	table = table_open(set, cases_name("lmdb", "growing"), TABLE_LOCK);
	is_text(cases_ask(table, "z"), "NONE", "not there yet");
	memset(large, 'x', 100000);
	make(cases_path("growing.lmdb"), more, 1, 1 << 24);
	is_text(cases_ask(table, "z"), "26", "an update is seen at once");
	is_text(cases_ask(table, "large"), large, "and what was not in the map");
	is_text(cases_ask(table, "a"), "b", "with what was there");
	ok(!table_set_changed(set), "and is no change");
	table_set_free(set);
}

static bool lock_exclusively(int fd)
{
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &range) == 0;
}

static void locks(void)
{
	struct table_options options = TABLE_OPTIONS;
	struct table_set *set;
	struct table *table;
	int fd = open(cases_path("bare.lmdb"), O_RDWR | O_CLOEXEC);
	char want[512];

	options.ipc_timeout = 1;
	set = cases_set_with(&options);
	table = table_open(set, cases_name("lmdb", "bare"), TABLE_LOCK);
	is_text(cases_ask(table, "a"), "b", "a lookup");
	ok(lock_exclusively(fd), "leaves no lock");
	snprintf(want, sizeof want, "ERROR: %s lookup error for \"a\": can't lock %s",
		cases_name("lmdb", "bare"), cases_path("bare.lmdb"));
	is_text(cases_ask(table, "a"), want, "but wants one");
	table_open(set, cases_name("lmdb", "bare"), 0);
	snprintf(want, sizeof want, "error: lock database %s: Connection timed out\n",
		cases_path("bare.lmdb"));
	is_text(cases_log(), want, "to be opened, too");
	close(fd);
	is_text(cases_ask(table, "a"), "b", "and has it again");
	table_set_free(set);
	cases_log();
}

int main(void)
{
	static const struct table_pair none[] = {{NULL, NULL}};
	struct table_set *set = cases_set();
	char key[1000];

	make(cases_path("common.lmdb"), TABLE_PAIRS, 1, 1 << 20);
	cases_run(set, cases_name("lmdb", "common"), TABLE_FIXED);
	cases_run_threads(set, cases_name("lmdb", "common"));
	make(cases_path("bare.lmdb"), TABLE_PAIRS, 0, 1 << 20);
	cases_run(set, cases_name("lmdb", "bare"), TABLE_FIXED);
	memset(key, 'k', sizeof key - 1);
	key[sizeof key - 1] = '\0';
	is_text(cases_ask(table_open(set, cases_name("lmdb", "bare"), 0), key), "NONE",
		"a key longer than any");
	make(cases_path("no.lmdb"), none, 1, 1 << 20);
	is_text(cases_ask(table_open(set, cases_name("lmdb", "no"), 0), "a"), "NONE",
		"an empty one");
	table_set_free(set);
	cases_run_changes(cases_name("lmdb", "common"), cases_path("common.lmdb"), false);
	updated();
	locks();
	refuse("none", "none.lmdb", "No such file or directory");
	cases_file("text.lmdb", "a b\n");
	refuse("text", "text.lmdb", "MDB_INVALID: File is not an LMDB file");
	return cases_done();
}

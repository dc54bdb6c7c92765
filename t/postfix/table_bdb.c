#include <db.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"

enum { LARGE = 33 << 20 }; /* more than is copied */

/* As postmap(1) does: with NULs, unless NULS is 0. */
static void make(const char *path, DBTYPE type, const struct table_pair *pairs, size_t nuls)
{
	DB *db;
	int failed = db_create(&db, NULL, 0);

	failed = failed ? failed
			: db->open(db, NULL, path, NULL, type, DB_CREATE | DB_TRUNCATE, 0644);
	for (; !failed && pairs->key; pairs++) {
		DBT key = {.data = (void *)pairs->key,
			.size = (u_int32_t)(strlen(pairs->key) + nuls)};
		DBT value = {.data = (void *)pairs->value,
			.size = (u_int32_t)(strlen(pairs->value) + nuls)};

		failed = db->put(db, NULL, &key, &value, 0);
	}
	if (failed || db->close(db, 0) != 0)
		okf(false, "%s: %s", path, db_strerror(failed));
}

static void common(const char *type, DBTYPE db_type)
{
	struct table_set *set = cases_set();

	make(cases_path("common.db"), db_type, TABLE_PAIRS, 1);
	cases_run(set, cases_name(type, "common"), TABLE_FIXED);
	cases_run_threads(set, cases_name(type, "common"));
	make(cases_path("bare.db"), db_type, TABLE_PAIRS, 0);
	cases_run(set, cases_name(type, "bare"), TABLE_FIXED);
	table_set_free(set);
	cases_run_changes(cases_name(type, "common"), cases_path("common.db"), true);
}

/* One file with keys of both kinds: the first find decides. */
static void both_kinds(void)
{
	static const struct table_pair bare[] = {{"bare", "2"}, {NULL, NULL}};
	struct table_set *set = cases_set();
	struct table *table;
	DB *db;
	DBT key = {.data = (void *)"with", .size = 5}, value = {.data = (void *)"1", .size = 2};

	make(cases_path("both.db"), DB_HASH, bare, 0);
	ok(db_create(&db, NULL, 0) == 0
			&& db->open(db, NULL, cases_path("both.db"), NULL, DB_HASH, 0, 0) == 0
			&& db->put(db, NULL, &key, &value, 0) == 0 && db->close(db, 0) == 0,
		"keys of both kinds");
	table = table_open(set, cases_name("hash", "both"), 0);
	is_text(cases_ask(table, "nobody"), "NONE", "what is not there settles nothing");
	is_text(cases_ask(table, "with"), "1", "with a NUL");
	is_text(cases_ask(table, "bare"), "NONE", "from now on all have one");
	table_set_free(set);
	set = cases_set();
	table = table_open(set, cases_name("hash", "both"), 0);
	is_text(cases_ask(table, "bare"), "2", "without");
	is_text(cases_ask(table, "with"), "NONE", "from now on none has one");
	table_set_free(set);
}

static const char *open_error(const char *name, const char *why)
{
	static char text[512];

	snprintf(text, sizeof text, "open database %s: %s", cases_path(name), why);
	return text;
}

static void bad_files(void)
{
	make(cases_path("good.db"), DB_HASH, TABLE_PAIRS, 1);
	cases_refuse(cases_name("btree", "good"), open_error("good.db", "Invalid argument"));
	cases_refuse(cases_name("hash", "none"),
		open_error("none.db", "No such file or directory"));
	cases_file("empty.db", "");
	cases_refuse(cases_name("hash", "empty"), open_error("empty.db", "Invalid argument"));
	cases_file("text.db", "a b\n");
	cases_refuse(cases_name("btree", "text"), open_error("text.db", "Invalid argument"));
}

static void older_than_source(void)
{
	struct table_set *set = cases_set();
	char want[512];

	make(cases_path("source.db"), DB_HASH, TABLE_PAIRS, 1);
	cases_file("source", "a b\n");
	cases_age(cases_path("source.db"), 7200);
	table_open(set, cases_name("hash", "source"), TABLE_LOCK);
	snprintf(want, sizeof want, "warning: database %s is older than source file %s\n",
		cases_path("source.db"), cases_path("source"));
	is_text(cases_log(), want, "older than its source");
	table_set_free(set);
	set = cases_set();
	cases_age(cases_path("source"), 50);
	table_open(set, cases_name("hash", "source"), TABLE_LOCK);
	is_text(cases_log(), "", "a source that is being edited is no reason to warn");
	table_set_free(set);
}

/* postmap(1) rewrites in place. What was opened goes on to answer, and a new process is due. */
static void rewritten(void)
{
	static const struct table_pair other[] = {{"z", "26"}, {NULL, NULL}};
	struct table_set *set = cases_set();
	struct table *table;

	make(cases_path("moving.db"), DB_HASH, TABLE_PAIRS, 1);
	cases_age(cases_path("moving.db"), 3600);
	table = table_open(set, cases_name("hash", "moving"), TABLE_LOCK);
	make(cases_path("moving.db"), DB_HASH, other, 1);
	is_text(cases_ask(table, "a"), "b", "the content is as it was opened");
	is_text(cases_ask(table, "z"), "NONE", "not a mixture");
	ok(table_set_changed(set), "until the restart");
	cases_log();
	table_set_free(set);
}

/* Members of other tables are watched, too, and known by their bare names. */
static void member_changed(void)
{
	struct table_set *set = cases_set();
	char name[512], want[512];

	make(cases_path("member.db"), DB_HASH, TABLE_PAIRS, 1);
	snprintf(name, sizeof name, "unionmap:{%s}", cases_name("hash", "member"));
	is_text(cases_ask(table_open(set, name, TABLE_LOCK | TABLE_FOLD), "A"), "b", name);
	cases_age(cases_path("member.db"), 3600);
	ok(table_set_changed(set), "a member has changed");
	snprintf(want, sizeof want, "table %s has changed -- restarting\n",
		cases_name("hash", "member"));
	is_text(cases_log(), want, "and is named");
	table_set_free(set);
}

static void large_file(void)
{
	static const struct table_pair other[] = {{"z", "26"}, {NULL, NULL}};
	struct table_options options = TABLE_OPTIONS;
	struct table_set *set;
	struct table *table;
	int fd;
	char want[512];

	options.ipc_timeout = 1;
	set = cases_set_with(&options);
	make(cases_path("large.db"), DB_HASH, TABLE_PAIRS, 1);
	ok(truncate(cases_path("large.db"), LARGE) == 0, "a large file");
	cases_age(cases_path("large.db"), 3600);
	table = table_open(set, cases_name("hash", "large"), TABLE_LOCK);
	is_text(cases_ask(table, "a"), "b", "which is searched itself");
	cases_run_threads(set, cases_name("hash", "large"));

	fd = open(cases_path("large.db"), O_RDONLY | O_CLOEXEC);
	ok(flock(fd, LOCK_EX | LOCK_NB) == 0, "nobody holds its lock after a lookup");
	snprintf(want, sizeof want, "ERROR: %s lookup error for \"a\": can't lock %s",
		cases_name("hash", "large"), cases_path("large.db"));
	is_text(cases_ask(table, "a"), want, "but each lookup wants it");
	close(fd);
	is_text(cases_ask(table, "a"), "b", "and has it again");

	make(cases_path("large.db"), DB_HASH, other, 1);
	snprintf(want, sizeof want, "ERROR: %s lookup error for \"a\": %s has changed",
		cases_name("hash", "large"), cases_path("large.db"));
	is_text(cases_ask(table, "a"), want, "once it is rewritten nothing in it counts");
	ok(table_set_changed(set), "until the restart");
	cases_log();
	table_set_free(set);
}

static void locked_at_open(void)
{
	struct table_options options = TABLE_OPTIONS;
	struct table_set *set;
	int fd = open(cases_path("good.db"), O_RDONLY | O_CLOEXEC);
	char want[512];

	options.ipc_timeout = 1;
	set = cases_set_with(&options);
	ok(flock(fd, LOCK_EX) == 0, "postmap is at work");
	table_open(set, cases_name("hash", "good"), TABLE_LOCK);
	snprintf(want, sizeof want, "error: lock database %s: Connection timed out\n",
		cases_path("good.db"));
	is_text(cases_log(), want, "half a file is not opened");
	close(fd);
	table_set_free(set);
}

int main(void)
{
	common("hash", DB_HASH);
	common("btree", DB_BTREE);
	both_kinds();
	bad_files();
	older_than_source();
	rewritten();
	member_changed();
	large_file();
	locked_at_open();
	return cases_done();
}

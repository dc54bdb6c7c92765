#include <cdb.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"

static void make(const char *path, size_t nuls)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct cdb_make cdb;
	bool good = fd >= 0 && cdb_make_start(&cdb, fd) == 0;

	for (const struct table_pair *pair = TABLE_PAIRS; good && pair->key; pair++)
		good = cdb_make_add(&cdb, pair->key, (unsigned)(strlen(pair->key) + nuls),
			       pair->value, (unsigned)(strlen(pair->value) + nuls))
			== 0;
	if (!good || cdb_make_finish(&cdb) != 0)
		ok(false, path);
	close(fd);
}

static void refuse(const char *name, const char *before, const char *file, const char *after)
{
	char why[512];

	snprintf(why, sizeof why, "%s %s: %s", before, cases_path(file), after);
	cases_refuse(cases_name("cdb", name), why);
}

int main(void)
{
	struct table_set *set = cases_set();

	make(cases_path("common.cdb"), 0);
	cases_run(set, cases_name("cdb", "common"), TABLE_FIXED);
	cases_run_threads(set, cases_name("cdb", "common"));
	make(cases_path("nuls.cdb"), 1);
	cases_run(set, cases_name("cdb", "nuls"), TABLE_FIXED);
	table_set_free(set);
	cases_run_changes(cases_name("cdb", "common"), cases_path("common.cdb"), true);
	refuse("none", "open database", "none.cdb", "No such file or directory");
	cases_file("empty.cdb", "");
	refuse("empty", "unable to init", "empty.cdb", "Protocol error");
	return cases_done();
}

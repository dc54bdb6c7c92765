#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"
#include "util/log.h"
#include "postfix/version.h"

enum { THREADS = 8, ROUNDS = 200, ANSWER_MOST = 200000 };

const struct table_pair TABLE_PAIRS[] = {
	{"user@example.com", "one"},
	{"@example.com", "domain"},
	{"[mail.example.com]:587", "secure match=mail.example.com:.example.com"},
	{"192.0.2.1", "silent-discard, dsn"},
	{".example.com", "x=y"},
	{"a", "b"},
	{"caf\303\251@example.com", "\303\211t\303\251"},
	{"quite-a-long-key-that-does-not-fit-any-small-array-in-some-library-and-goes-on-for-more-"
	 "than-a-hundred-bytes-in-all.example.com",
		"long key"},
	{NULL, NULL},
};

/* The log */
static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static char logged[65536], log_copy[sizeof logged];
static size_t log_length;

static void keep_line(void *context, enum log_severity severity, const char *line, size_t length)
{
	(void)context;
	(void)severity;
	pthread_mutex_lock(&log_mutex);
	if (log_length + length + 2 < sizeof logged) {
		memcpy(logged + log_length, line, length);
		log_length += length;
		logged[log_length++] = '\n';
		logged[log_length] = '\0';
	}
	pthread_mutex_unlock(&log_mutex);
}

const char *cases_log(void)
{
	pthread_mutex_lock(&log_mutex);
	memcpy(log_copy, logged, log_length + 1);
	log_length = 0;
	logged[0] = '\0';
	pthread_mutex_unlock(&log_mutex);
	return log_copy;
}

struct table_set *cases_set_with(const struct table_options *options)
{
	log_open(&(struct log_sink){.write = keep_line});
	return table_set_new(options);
}

const struct table_options TABLE_OPTIONS = {
	.utf8 = true,
	.version = POSTFIX(3, 7),
	.queue_directory = ".",
	.default_database_type = "hash",
	.proxymap_service = "proxymap",
	.ipc_timeout = 10,
	.bdb_read_buffer = 131072,
	.socketmap_reply_most = 100000,
};

struct table_set *cases_set(void)
{
	return cases_set_with(&TABLE_OPTIONS);
}

static const char *in_words(enum table_answer answer, struct buf *result)
{
	static char said[ANSWER_MOST + 16];

	snprintf(said, sizeof said, "%s%s", answer == TABLE_ERROR ? "ERROR: " : "",
		answer == TABLE_NONE ? "NONE" : buf_text(result));
	if (answer == TABLE_NONE && result->length > 0)
		snprintf(said, sizeof said, "NONE, but with a text: %s", buf_text(result));
	buf_close(result);
	return said;
}

const char *cases_ask(const struct table *table, const char *key)
{
	struct buf result = BUF(ANSWER_MOST);
	enum table_answer answer;

	buf_adds(&result, "left over");
	answer = table_find(table, key, &result);
	return in_words(answer, &result);
}

const char *cases_ask_all(const struct tables *tables, const char *key)
{
	struct buf result = BUF(ANSWER_MOST);
	enum table_answer answer;

	buf_adds(&result, "left over");
	answer = tables_find(tables, key, &result);
	return in_words(answer, &result);
}

static void fixed_cases(struct table *table, struct tables *list)
{
	is_text(cases_ask(table, "User@EXAMPLE.com"), "one", "the key is folded");
	is_text(cases_ask(table, "CAF\303\211@example.com"), "\303\211t\303\251",
		"and all of Unicode");
	ok(tables_have(list, TABLE_FIXED) && !tables_have(list, TABLE_PATTERN), "has fixed keys");
}

static void pattern_cases(struct tables *list)
{
	ok(!tables_have(list, TABLE_FIXED) && tables_have(list, TABLE_PATTERN), "has patterns");
}

void cases_run(struct table_set *set, const char *type_name, enum table_kind kind)
{
	unsigned flags = TABLE_FOLD | TABLE_UTF8 | TABLE_LOCK;
	struct table *table = table_open(set, type_name, flags);
	struct tables *list = tables_open(set, "cases_maps", type_name, flags);

	is_text(table_name(table), type_name, "its name");
	ok(table_open(set, type_name, flags) == table, "opened twice it is the same table");
	for (const struct table_pair *pair = TABLE_PAIRS; pair->key; pair++)
		is_text(cases_ask(table, pair->key), pair->value, pair->key);
	is_text(cases_ask(table, "user@example.co"), "NONE", "a beginning of a key is none");
	is_text(cases_ask(table, "user@example.com."), "NONE", "nor is a longer one");
	is_text(cases_ask(table, "nobody"), "NONE", "not there");
	is_text(cases_ask_all(list, "a"), "b", "in a list");
	is_text(cases_ask_all(list, ""), "NONE", "nothing is never asked for");
	is_text(cases_ask_all(NULL, "a"), "NONE", "no tables");
	is_text(cases_log(), "", "nothing was logged");
	is_text(cases_ask(table, "\351"), "NONE", "a key that is not UTF-8");
	ok(strstr(cases_log(), ": non-UTF-8 key \"?\": malformed UTF-8 or invalid codepoint\n"),
		"is warned about");
	if (kind == TABLE_FIXED)
		fixed_cases(table, list);
	else
		pattern_cases(list);
	ok(!table_set_changed(set), "nothing has changed");
}

/* Changes */
static void expect_change(struct table_set *set, const char *type_name, bool changes,
	const char *what)
{
	char want[512];

	okf(table_set_changed(set) == changes, "%s: %s is %s change", type_name, what,
		changes ? "a" : "no");
	snprintf(want, sizeof want,
		"table %s(0,lock|fold_fix|utf8_request) has changed -- restarting\n", type_name);
	is_text(cases_log(), changes ? want : "", "as is logged");
	table_set_free(set);
}

static struct table_set *opened(const char *type_name)
{
	struct table_set *set = cases_set();

	table_open(set, "static:x", 0);
	is_text(cases_ask(table_open(set, type_name, TABLE_FOLD | TABLE_UTF8 | TABLE_LOCK), "a"),
		"b", type_name);
	ok(!table_set_changed(set), "fresh");
	return set;
}

void cases_run_changes(const char *type_name, const char *path, bool timed)
{
	struct table_set *set = opened(type_name);

	cases_age(path, 5);
	expect_change(set, type_name, timed, "another time");
	expect_change(opened(type_name), type_name, false, "nothing");
	set = opened(type_name);
	unlink(path);
	expect_change(set, type_name, true, "its removal");
}

void cases_refuse(const char *type_name, const char *why)
{
	struct table_set *set = cases_set();
	struct table *table = table_open(set, type_name, TABLE_LOCK);
	char want[2048];

	snprintf(want, sizeof want, "error: %s\n", why);
	is_text(cases_log(), want, type_name);
	snprintf(want, sizeof want, "ERROR: %s lookup error for \"a\": %s", type_name, why);
	is_text(cases_ask(table, "a"), want, "every lookup fails");
	ok(!table_set_changed(set), "it never changes");
	table_set_free(set);
	cases_log();
}

/* Threads */
struct round {
	const struct table *table;
	int wrong;
};

static void *ask_often(void *argument)
{
	struct round *round = argument;
	struct buf result = BUF(ANSWER_MOST);

	for (int i = 0; i < ROUNDS; i++) {
		const struct table_pair *pair = &TABLE_PAIRS[i % 8];

		round->wrong += table_find(round->table, pair->key, &result) != TABLE_FOUND
			|| strcmp(buf_text(&result), pair->value) != 0
			|| table_find(round->table, "nobody", &result) != TABLE_NONE;
	}
	buf_close(&result);
	return NULL;
}

void cases_run_threads(struct table_set *set, const char *type_name)
{
	struct table *table = table_open(set, type_name, TABLE_FOLD | TABLE_UTF8 | TABLE_LOCK);
	struct round rounds[THREADS];
	pthread_t threads[THREADS];
	int wrong = 0;

	for (int i = 0; i < THREADS; i++) {
		rounds[i] = (struct round){table, 0};
		pthread_create(&threads[i], NULL, ask_often, &rounds[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		wrong += rounds[i].wrong;
	}
	is_number(wrong, 0, "many threads at once");
	is_text(cases_log(), "", "and nothing logged");
}

/* Files */
static char directory[64];

const char *cases_path(const char *name)
{
	static char paths[4][256];
	static int next;
	char *path = paths[next++ % 4];

	if (directory[0] == '\0') {
		snprintf(directory, sizeof directory, "/tmp/table-test.XXXXXX");
		if (mkdtemp(directory) == NULL)
			perror(directory), exit(1);
	}
	snprintf(path, sizeof paths[0], "%s/%s", directory, name);
	return path;
}

const char *cases_name(const char *type, const char *name)
{
	static char names[4][300];
	static int next;
	char *text = names[next++ % 4];

	snprintf(text, sizeof names[0], "%s:%s", type, cases_path(name));
	return text;
}

const char *cases_file(const char *name, const char *text)
{
	const char *path = cases_path(name);
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		perror(path), exit(1);
	cases_age(path, 3600);
	return path;
}

void cases_age(const char *path, long seconds)
{
	struct timespec times[2] = {{.tv_sec = time(NULL) - seconds}};

	times[1] = times[0];
	utimensat(AT_FDCWD, path, times, 0);
}

int cases_done(void)
{
	DIR *folder = directory[0] ? opendir(directory) : NULL;
	struct dirent *entry;

	while (folder && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			unlink(cases_path(entry->d_name));
	if (folder) {
		closedir(folder);
		rmdir(directory);
	}
	return done();
}

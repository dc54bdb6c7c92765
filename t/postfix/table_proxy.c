/* table_proxy.c against a proxymap(8) of our own; what Postfix's agent asks was recorded from it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "t/lib/child.h"
#include "t/lib/tap.h"
#include "t/postfix/lookup_server.h"
#include "t/postfix/table_cases.h"
#include "util/clock.h"
#include "util/log.h"
#include "postfix/attr.h"
#include "postfix/table_type.h"
#include "postfix/version.h"

static atomic_int version; /* of the server */
static atomic_int hang_up; /* how many requests are not answered */

/* The last request: "name=value name=value ..." */
static pthread_mutex_t heard_mutex = PTHREAD_MUTEX_INITIALIZER;
static char last_heard[8192];

static const char *heard(void)
{
	static char copy[sizeof last_heard];

	pthread_mutex_lock(&heard_mutex);
	memcpy(copy, last_heard, sizeof copy);
	pthread_mutex_unlock(&heard_mutex);
	return copy;
}

static void keep_request(const struct attrs *request)
{
	size_t length = 0;

	pthread_mutex_lock(&heard_mutex);
	last_heard[0] = '\0';
	for (size_t i = 0; i < request->count && length < sizeof last_heard; i++)
		length += (size_t)snprintf(last_heard + length, sizeof last_heard - length,
			"%s%s=%s", i ? " " : "", request->items[i].name, request->items[i].value);
	pthread_mutex_unlock(&heard_mutex);
}

static const char *value_of(const char *table, const char *key)
{
	if (strcmp(table, "hash:/x") == 0)
		for (const struct table_pair *pair = TABLE_PAIRS; pair->key; pair++)
			if (strcmp(pair->key, key) == 0)
				return pair->value;
	return strcmp(table, "static:x") == 0 ? "x" : NULL;
}

static int status_of(const char *table, const char *request)
{
	if (strcmp(request, "open") != 0) {
		if (strncmp(table, "status:", 7) == 0)
			return (int)strtol(table + 7, NULL, 10);
		return 0;
	}
	return strcmp(table, "denied:x") == 0 ? 4 : strcmp(table, "bad:x") == 0 ? 3 : 0;
}

static void answer(const struct attrs *request, struct buf *to)
{
	const char *what = attr_get(request, "request"), *table = attr_get(request, "table");
	const char *key = attr_get(request, "key");
	int status = status_of(table, what);
	const char *value = status == 0 && strcmp(what, "lookup") == 0 ? value_of(table, key) : "";

	attr_int(to, "status", value ? status : 1);
	if (strcmp(what, "open") == 0 || version >= POSTFIX(3, 11))
		attr_int(to, "flags", strncmp(table, "regexp:", 7) == 0 ? 32 : 16);
	if (strcmp(what, "lookup") == 0)
		attr_text(to, "value", value ? value : "");
	attr_end(to);
}

static void serve(int fd, int number)
{
	struct attr_source source = {.fd = fd, .seconds = 10};
	struct pool pool = {0};
	struct attrs request;
	struct buf list = BUF(0);

	(void)number;
	attr_text(&list, "protocol", "proxymap_protocol");
	attr_end(&list);
	if (version >= POSTFIX(3, 6))
		lookup_say(fd, list.data, list.length);
	while (attr_read(&source, &pool, &request) == ATTR_LIST && hang_up == 0) {
		keep_request(&request);
		buf_clear(&list);
		answer(&request, &list);
		lookup_say(fd, list.data, list.length);
	}
	if (hang_up > 0)
		hang_up--;
	buf_close(&list);
	pool_free(&pool);
}

/* Only reads: for many threads at once. */
static void serve_quietly(int fd, int number)
{
	struct attr_source source = {.fd = fd, .seconds = 10};
	struct pool pool = {0};
	struct attrs request;
	struct buf list = BUF(0);

	(void)number;
	attr_text(&list, "protocol", "proxymap_protocol");
	attr_end(&list);
	lookup_say(fd, list.data, list.length);
	while (attr_read(&source, &pool, &request) == ATTR_LIST) {
		buf_clear(&list);
		answer(&request, &list);
		lookup_say(fd, list.data, list.length);
	}
	buf_close(&list);
	pool_free(&pool);
}

static char queue[128];

static struct table_options options_for(int postfix, bool utf8)
{
	struct table_options options = TABLE_OPTIONS;

	version = postfix;
	options.version = postfix;
	options.utf8 = utf8;
	options.queue_directory = queue;
	options.proxywrite_service = "proxywrite";
	options.ipc_idle = 5;
	options.ipc_ttl = 1000;
	return options;
}

static const char *socket_path(const char *service)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/private/%s", queue, service);
	return path;
}

static const struct exchange {
	int postfix;
	bool utf8;
	unsigned flags;
	const char *opens, *asks;
} exchanges[] = {
	{POSTFIX(3, 7), true, TABLE_LOCK | TABLE_FOLD | TABLE_UTF8,
		"request=open table=hash:/x flags=0",
		"request=lookup table=hash:/x flags=524352 key=a"},
	{POSTFIX(3, 7), false, TABLE_LOCK | TABLE_FOLD | TABLE_UTF8,
		"request=open table=hash:/x flags=0",
		"request=lookup table=hash:/x flags=540736 key=A"},
	{POSTFIX(3, 7), true, TABLE_LOCK | TABLE_FOLD, "request=open table=hash:/x flags=0",
		"request=lookup table=hash:/x flags=16448 key=A"},
	{POSTFIX(3, 7), true, TABLE_LOCK, "request=open table=hash:/x flags=0",
		"request=lookup table=hash:/x flags=64 key=A"},
	{POSTFIX(3, 5), true, TABLE_LOCK, "request=open table=hash:/x flags=0",
		"request=lookup table=hash:/x flags=64 key=A"},
	{POSTFIX(3, 11), true, TABLE_LOCK | TABLE_FOLD | TABLE_UTF8,
		"request=open table=hash:/x instance_flags=540736",
		"request=lookup table=hash:/x instance_flags=540736 flags=16 key=a"},
};

static void each_exchange(void)
{
	for (const struct exchange *e = exchanges; e < exchanges + COUNT(exchanges); e++) {
		struct table_options options = options_for(e->postfix, e->utf8);
		struct table_set *set = cases_set_with(&options);
		struct table *table = table_open(set, "proxy:hash:/x", e->flags);

		is_text(heard(), e->opens, "open");
		cases_ask(table, "A");
		is_text(heard(), e->asks, "lookup");
		is_text(cases_log(), "", "nothing is logged");
		table_set_free(set);
	}
}

static void statuses(void)
{
	static const struct {
		const char *table, *said, *logged;
	} cases[] = {
		{"status:1", "NONE", ""},
		{"status:2", "proxymap says it is a temporary error", ""},
		{"status:3", "proxymap did not understand",
			"warning: proxymap lookup failed for table \"status:3\": invalid "
			"request\n"},
		{"status:4", "proxymap does not serve it",
			"warning: proxymap service is not configured for table \"status:4\"\n"},
		{"status:5", "proxymap says it is a configuration error", ""},
		{"status:77", "proxymap did not understand",
			"warning: proxymap lookup failed for table \"status:77\": invalid "
			"request\n"},
	};
	struct table_options options = options_for(POSTFIX(3, 7), true);
	struct table_set *set = cases_set_with(&options);

	for (size_t i = 0; i < COUNT(cases); i++) {
		char name[64], want[256];

		snprintf(name, sizeof name, "proxy:%s", cases[i].table);
		snprintf(want, sizeof want, "ERROR: %s lookup error for \"k\": %s", name,
			cases[i].said);
		is_text(cases_ask(table_open(set, name, 0), "k"),
			strcmp(cases[i].said, "NONE") == 0 ? "NONE" : want, name);
		is_text(cases_log(), cases[i].logged, "and the log");
	}
	table_set_free(set);
}

static void kinds(void)
{
	struct table_options options = options_for(POSTFIX(3, 7), true);
	struct table_set *set = cases_set_with(&options);

	ok(!tables_have(tables_open(set, "p", "proxy:hash:/x", 0), TABLE_PATTERN), "fixed keys");
	ok(!tables_have(tables_open(set, "p", "proxy:regexp:/x", 0), TABLE_FIXED), "patterns");
	cases_ask(table_open(set, "proxy:regexp:/x", TABLE_FOLD | TABLE_UTF8), "A");
	ok(strstr(heard(), "key=A"), "with their spelling");
	table_set_free(set);
}

static void connections(struct lookup_server *server)
{
	struct table_options options = options_for(POSTFIX(3, 7), true);
	struct table_set *set = cases_set_with(&options);
	struct table *table = table_open(set, "proxy:hash:/x", 0);
	int before = lookup_server_connections(server);

	cases_ask(table_open(set, "proxy:static:x", 0), "a");
	cases_ask(table, "a");
	is_number(lookup_server_connections(server) - before, 0, "one connection for all tables");
	clock_advance(6000);
	cases_ask(table, "a");
	is_number(lookup_server_connections(server) - before, 1, "kept for ipc_idle");
	clock_advance(1);
	for (int i = 0; i < 260; i++) {
		clock_advance(4000);
		cases_ask(table, "a");
	}
	is_number(lookup_server_connections(server) - before, 2, "but not beyond ipc_ttl");
	hang_up = 1;
	is_text(cases_ask(table, "a"), "b", "a broken connection");
	is_text(cases_log(), "", "is nothing to talk about");
	hang_up = 2;
	is_text(cases_ask(table, "a"), "b", "two of them");
	ok(strncmp(cases_log(), "warning: problem talking to service ", 36) == 0, "are");
	table_set_free(set);
}

static void writing(void)
{
	struct table_options options = options_for(POSTFIX(3, 7), true);
	struct lookup_server *server = lookup_server_start(socket_path("proxywrite"), serve);
	struct table_set *set = cases_set_with(&options);
	struct table *table = table_open(set, "proxy:btree:/cache", TABLE_UTF8 | TABLE_WRITE);

	cases_ask(table, "host;u");
	is_text(heard(), "request=lookup table=btree:/cache flags=524672 key=host;u", "lookup");
	ok(table_put(table, "host;u", "1;x;535;no"), "update");
	is_text(heard(),
		"request=update table=btree:/cache flags=524672 key=host;u value=1;x;535;no",
		"as it is asked");
	ok(table_remove(table, "host;u"), "removal");
	is_text(heard(), "request=delete table=btree:/cache flags=524672 key=host;u",
		"as it is asked");
	is_text(cases_log(), "", "nothing is logged");
	table = table_open(set, "proxy:status:2", TABLE_WRITE);
	ok(!table_put(table, "k", "v"), "an update that fails");
	is_text(cases_log(),
		"warning: proxy:status:2: update of \"k\" failed: proxywrite answers with "
		"status 2\n",
		"is warned about");
	table = table_open(set, "static:x", TABLE_WRITE);
	ok(!table_put(table, "k", "v") && !table_remove(table, "k"), "other types can't do that");
	cases_log();
	table = table_open(set, "nosuch:/denied", TABLE_WRITE);
	cases_log();
	ok(!table_put(table, "k", "v"), "nor can a table that isn't there");
	is_text(cases_log(), "", "which is not said again and again");
	table_set_free(set);
	options = options_for(POSTFIX(3, 11), true);
	set = cases_set_with(&options);
	table = table_open(set, "proxy:btree:/cache", TABLE_UTF8 | TABLE_WRITE);
	ok(table_put(table, "k", "v"), "update in 3.11");
	is_text(heard(),
		"request=update table=btree:/cache instance_flags=524672 flags=16 key=k value=v",
		"as it is asked");
	table_set_free(set);
	lookup_server_stop(server);
	unlink(socket_path("proxywrite"));
}

static void open_denied(void)
{
	struct table_options options = options_for(POSTFIX(3, 7), true);

	log_also_stderr(true);
	table_open(cases_set_with(&options), "proxy:denied:x", 0);
}

static void denied(void)
{
	struct child child = child_run(open_denied);
	struct table_options options = options_for(POSTFIX(3, 11), true);
	struct table_set *set;

	is_number(child_exit(&child), 1, "a table that is not served is fatal");
	ok(strstr(child.said, "fatal: proxymap service is not configured for table \"denied:x\""),
		"as Postfix says it");
	set = cases_set_with(&options);
	table_open(set, "proxy:denied:x", 0);
	is_text(cases_log(), "error: proxymap service is not configured for table \"denied:x\"\n",
		"but not for Postfix 3.11");
	table_open(set, "proxy:bad:x", 0);
	is_text(cases_log(), "error: proxymap open failed for table \"bad:x\": invalid request\n",
		"nor is a request that it does not understand");
	table_set_free(set);
}

static void common(void)
{
	struct table_options options = options_for(POSTFIX(3, 7), true);
	struct lookup_server *server = lookup_server_start(socket_path("proxymap"), serve_quietly);
	struct table_set *set = cases_set_with(&options);

	cases_run(set, "proxy:hash:/x", TABLE_FIXED);
	cases_run_threads(set, "proxy:hash:/x");
	table_set_free(set);
	lookup_server_stop(server);
}

int main(void)
{
	struct lookup_server *server;

	snprintf(queue, sizeof queue, "%s", cases_path("queue"));
	mkdir(queue, 0755);
	mkdir(socket_path(""), 0755);
	common(); /* by the path with the queue directory */
	if (chdir(queue) < 0)
		perror(queue);
	server = lookup_server_start("private/proxymap", serve); /* and by the relative one */
	snprintf(queue, sizeof queue, ".");
	clock_freeze(1000000, (struct timeval){.tv_sec = 1000000});
	each_exchange();
	statuses();
	kinds();
	connections(server);
	writing();
	denied();
	lookup_server_stop(server);
	unlink("private/proxymap");
	rmdir("private");
	rmdir(cases_path("queue"));
	return cases_done();
}

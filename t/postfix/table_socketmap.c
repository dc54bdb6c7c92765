#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "t/lib/child.h"
#include "t/lib/tap.h"
#include "t/postfix/lookup_server.h"
#include "t/postfix/table_cases.h"
#include "util/clock.h"
#include "util/log.h"
#include "postfix/netstring.h"
#include "postfix/version.h"

static const struct reply {
	const char *key, *raw; /* raw NULL: made below */
	const char *said;      /* by the table */
	const char *logged;    /* "%s" is the table's name */
} replies[] = {
	{"ok", "12:OK the value,", "the value", ""},
	{"notfound", "9:NOTFOUND ,", "NONE", ""},
	{"notfound2", "8:NOTFOUND,", "NONE", ""},
	{"notfound3", "13:NOTFOUND text,", "NONE", ""},
	{"temp", "11:TEMP reason,", "ERROR: socketmap server temporary error: reason",
		"warning: %s socketmap server temporary error: reason\n"},
	{"timeout", "14:TIMEOUT reason,", "ERROR: socketmap server timeout error: reason",
		"warning: %s socketmap server timeout error: reason\n"},
	{"perm", "11:PERM reason,", "ERROR: socketmap server permanent error: reason",
		"warning: %s socketmap server permanent error: reason\n"},
	{"permbare", "4:PERM,", "ERROR: socketmap server permanent error",
		"warning: %s socketmap server permanent error\n"},
	{"escape", "8:TEMP \033[m,", "ERROR: socketmap server temporary error: ?[m",
		"warning: %s socketmap server temporary error: ?[m\n"},
	{"other", "5:HUH x,", "ERROR: socketmap server unknown error: x",
		"warning: %s socketmap server unknown error: x\n"},
	{"empty", "0:,", "ERROR: socketmap server unknown error",
		"warning: %s socketmap server unknown error\n"},
	{"bareok", "2:OK,", "NONE", ""},
	{"okblank", "3:OK ,", "", ""},
	{"lower", "4:ok x,", "ERROR: socketmap server unknown error: x",
		"warning: %s socketmap server unknown error: x\n"},
	{"okx", "4:OKxx,", "ERROR: socketmap server unknown error",
		"warning: %s socketmap server unknown error\n"},
	{"lead0", "004:OK x,", "x", ""},
	{"garbage", "hello world\n", "ERROR: input format error",
		"warning: table %s lookup error: input format error\n"},
	{"neg", "-1:,", "ERROR: input format error",
		"warning: table %s lookup error: input format error\n"},
	{"hugelen", "99999999999999999999:x", "ERROR: input exceeds size limit",
		"warning: table %s lookup error: input exceeds size limit\n"},
	{"large", "100001:OK", "ERROR: input exceeds size limit",
		"warning: table %s lookup error: input exceeds size limit\n"},
	{"half", "12:OK the", "ERROR: unexpected disconnect",
		"warning: table %s lookup error: unexpected disconnect\n"},
	{"latin", "5:OK \351x,", "ERROR: non-UTF-8 value",
		"warning: %s: key \"latin\": non-UTF-8 value: malformed UTF-8 or invalid "
		"codepoint\n"},
	{"key with blank", "7:OK with,", "with", ""},
};

/* The reply to QUERY, "map KEY", as bytes. False: close instead. */
static bool reply_to(int fd, const char *query, int number)
{
	const char *key = strchr(query, ' ') + 1;
	struct buf text = BUF(0), raw = BUF(0);

	if (strcmp(key, "close") == 0 || (strcmp(key, "once") == 0 && number % 2 == 1))
		return false;
	for (size_t i = 0; i < COUNT(replies); i++)
		if (strcmp(replies[i].key, key) == 0)
			buf_adds(&raw, replies[i].raw);
	for (const struct table_pair *pair = TABLE_PAIRS; pair->key; pair++)
		if (strcmp(pair->key, key) == 0)
			buf_addf(&text, "OK %s", pair->value);
	if (strcmp(key, "more") == 0)
		buf_adds(&raw, "4:OK x,4:OK y,");
	if (strcmp(key, "late") == 0) {
		buf_adds(&raw, "4:O");
		clock_advance(101000);
	}
	if (strcmp(key, "full") == 0 || strcmp(key, "over") == 0)
		buf_addf(&text, "OK %0*d", 100000 - 3 + (*key == 'o'), 0);
	if (text.length == 0)
		buf_adds(&text, "NOTFOUND ");
	if (raw.length == 0)
		netstring_add(&raw, text.data, text.length);
	lookup_say(fd, raw.data, raw.length);
	buf_close(&raw);
	buf_close(&text);
	return strcmp(key, "half") != 0;
}

static void serve(int fd, int number)
{
	char size[20], query[20000];
	size_t length = 0;
	bool on = true;

	while (on && lookup_hear(fd, ':', size, sizeof size)) {
		length = strtoul(size, NULL, 10);
		on = length < sizeof query - 1 && lookup_take(fd, query, length + 1)
			&& query[length] == ',' && strncmp(query, "map ", 4) == 0;
		query[length] = '\0';
		on = on && reply_to(fd, query, number);
	}
}

static const char *name(void)
{
	static char text[256];

	snprintf(text, sizeof text, "socketmap:unix:%s:map", cases_path("socket"));
	return text;
}

static void each_reply(void)
{
	struct table_set *set = cases_set();
	struct table *table = table_open(set, name(), TABLE_FOLD | TABLE_UTF8);
	char want[1024], prefix[512];

	for (const struct reply *r = replies; r < replies + COUNT(replies); r++) {
		snprintf(prefix, sizeof prefix, "ERROR: %s lookup error for \"%s\": ", name(),
			r->key);
		snprintf(want, sizeof want, "%s%s",
			strncmp(r->said, "ERROR: ", 7) == 0 ? prefix : "",
			r->said + (strncmp(r->said, "ERROR: ", 7) == 0 ? 7 : 0));
		is_text(cases_ask(table, r->key), want, r->key);
		snprintf(want, sizeof want, "%.*s%s%s", (int)strcspn(r->logged, "%"), r->logged,
			strchr(r->logged, '%') ? name() : "",
			strchr(r->logged, '%') ? strchr(r->logged, '%') + 2 : "");
		is_text(cases_log(), want, "and the log");
	}
	is_number((long long)strlen(cases_ask(table, "full")), 100000 - 3, "as much as is allowed");
	ok(strstr(cases_ask(table, "over"), "input exceeds size limit"), "but not more");
	cases_log();
	table_set_free(set);
}

static void connections(struct lookup_server *server)
{
	struct table_set *set = cases_set();
	struct table *table = table_open(set, name(), 0);
	int before = lookup_server_connections(server);

	cases_ask(table, "a");
	cases_ask(table, "b");
	is_number(lookup_server_connections(server) - before, 1, "one connection for two lookups");
	clock_advance(9000);
	cases_ask(table, "a");
	is_number(lookup_server_connections(server) - before, 1, "it is kept for a while");
	clock_advance(11000);
	cases_ask(table, "a");
	is_number(lookup_server_connections(server) - before, 2, "but not for ever");
	for (int i = 0; i < 11; i++) {
		clock_advance(9000);
		cases_ask(table, "a");
	}
	is_number(lookup_server_connections(server) - before, 2, "if it is in use");
	clock_advance(2000);
	cases_ask(table, "a");
	is_number(lookup_server_connections(server) - before, 3, "at most for 100 seconds");
	is_text(cases_ask(table, "more"), "x", "a server that says more than it was asked");
	is_text(cases_ask(table, "a"), "b", "is not listened to");
	is_number(lookup_server_connections(server) - before, 4, "any more");
	is_text(cases_log(), "", "nothing of that is logged");
	table_set_free(set);
}

static void failures(struct lookup_server *server)
{
	struct table_set *set = cases_set();
	struct table *table = table_open(set, name(), 0);
	int before = lookup_server_connections(server);
	char want[512];

	if (before % 2 == 1) {
		cases_ask(table, "more"); /* one connection, which is not kept */
		before = lookup_server_connections(server);
	}
	cases_log();
	is_text(cases_ask(table, "once"), "NONE", "closed, and asked again");
	is_number(lookup_server_connections(server) - before, 2, "on another connection");
	is_text(cases_log(), "", "in silence");
	snprintf(want, sizeof want, "ERROR: %s lookup error for \"close\": unexpected disconnect",
		name());
	is_text(cases_ask(table, "close"), want, "closed always");
	snprintf(want, sizeof want, "ERROR: %s lookup error for \"late\": time limit exceeded",
		name());
	is_text(cases_ask(table, "late"), want, "too late");
	snprintf(want, sizeof want,
		"warning: table %s lookup error: unexpected disconnect\n"
		"warning: table %s lookup error: time limit exceeded\n",
		name(), name());
	is_text(cases_log(), want, "are warned about");
	table_set_free(set);
}

static void versions(void)
{
	struct table_options options = TABLE_OPTIONS;
	struct table_set *set;

	options.version = POSTFIX(3, 12);
	options.socketmap_reply_most = 20;
	options.socketmap_query_most = 12;
	set = cases_set_with(&options);
	is_text(cases_ask(table_open(set, name(), 0), "bareok"), "", "3.12: OK is an empty result");
	is_text(cases_ask(table_open(set, name(), 0), "a"), "b", "a small reply");
	ok(strstr(cases_ask(table_open(set, name(), 0), "@example.com"), "domain"),
		"one that fits");
	is_text(cases_ask(table_open(set, name(), 0), "user@example.com"), "NONE", "a long query");
	ok(strstr(cases_ask(table_open(set, name(), 0), "full"), "exceeds size limit"),
		"a large reply");
	cases_log();
	table_set_free(set);
}

static void nobody(void)
{
	struct table_set *set = cases_set();
	struct table *table = table_open(set, "socketmap:unix:/no/socket:map", 0);

	is_text(cases_ask(table, "a"),
		"ERROR: socketmap:unix:/no/socket:map lookup error for \"a\": "
		"connect to /no/socket: No such file or directory",
		"no server");
	is_text(cases_log(),
		"warning: connect to /no/socket: No such file or directory\n"
		"warning: table socketmap:unix:/no/socket:map lookup error: No such file or "
		"directory\n",
		"as Postfix says it");
	table_set_free(set);
}

/* What ends the process */
static const char *opened;

static void open_it(void)
{
	log_also_stderr(true);
	table_open(cases_set(), opened, 0);
}

static void refuse_fatally(const char *type_name, const char *why)
{
	struct child child;

	opened = type_name;
	child = child_run(open_it);
	is_number(child_exit(&child), 1, type_name);
	ok(strstr(child.said, why), why);
}

static void refused(void)
{
	cases_refuse("socketmap:foo", "socketmap requires server:socketmap argument");
	cases_refuse("socketmap:inet:a:b:c:map",
		"a:b:c: valid hostname or network address required");
	refuse_fatally("socketmap:unix:/a", "need service transport:endpoint instead of \"unix\"");
	refuse_fatally("socketmap::a", "need service transport:endpoint instead of \"\"");
	refuse_fatally("socketmap:foo:a:b", "invalid transport name: foo in service: foo:a");
}

int main(void)
{
	struct lookup_server *server;
	struct table_set *set = cases_set();
	char inet[128];

	clock_freeze(1000000, (struct timeval){.tv_sec = 1000000});
	refused();
	nobody();
	server = lookup_server_start(cases_path("socket"), serve);
	cases_run(set, name(), TABLE_PATTERN);
	cases_run_threads(set, name());
	table_set_free(set);
	each_reply();
	connections(server);
	failures(server);
	versions();
	lookup_server_stop(server);

	set = cases_set();
	server = lookup_server_start(NULL, serve);
	snprintf(inet, sizeof inet, "socketmap:inet:127.0.0.1:%d:map", lookup_server_port(server));
	is_text(cases_ask(table_open(set, inet, 0), "a"), "b", inet);
	snprintf(inet, sizeof inet, "socketmap:inet:localhost:%d:map", lookup_server_port(server));
	is_text(cases_ask(table_open(set, inet, 0), "a"), "b", inet);
	table_set_free(set);
	lookup_server_stop(server);
	return cases_done();
}

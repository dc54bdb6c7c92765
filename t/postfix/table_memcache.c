/* table_memcache.c against a memcache server of our own; what postmap(1) says was looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/postfix/lookup_server.h"
#include "t/postfix/table_cases.h"
#include "util/text.h"

static const struct stored {
	const char *key, *reply; /* "" closes */
} store[] = {
	{"v", "VALUE v 0 5\r\nvalue\r\nEND\r\n"},
	{"lines", "VALUE lines 7 4\r\n\r\nEN\r\nEND\r\n"},
	{"none", "END\r\n"},
	{"error", "SERVER_ERROR bad\r\n"},
	{"junk", "HELLO\r\n"},
	{"nonumber", "VALUE nonumber 0 x\r\nv\r\nEND\r\n"},
	{"negative", "VALUE negative 0 -1\r\nv\r\nEND\r\n"},
	{"huge", "VALUE huge 0 99999999999999999999\r\nv\r\nEND\r\n"},
	{"big", "VALUE big 0 10241\r\n"},
	{"cut", "VALUE cut 0 10\r\nabc"},
	{"close", ""},
	{"p:v", "VALUE p:v 0 1\r\np\r\nEND\r\n"},
	{"u-a.b-b-a-%", "VALUE x 0 3\r\nall\r\nEND\r\n"},
};

static char last_set[1024]; /* what was to be stored, and its data */

static void keep(int fd, const char *line)
{
	char data[128] = "";
	const char *length = strrchr(line, ' ');

	lookup_take(fd, data, strtoul(length, NULL, 10) + 2);
	snprintf(last_set, sizeof last_set, "%s%.*s", line, (int)strcspn(data, "\r"), data);
	lookup_say(fd, "STORED\r\n", 8);
}

/* False: it closes. */
static bool answer(int fd, const char *key)
{
	for (size_t i = 0; i < COUNT(store); i++) {
		if (strcmp(store[i].key, key) != 0)
			continue;
		lookup_say(fd, store[i].reply, strlen(store[i].reply));
		return store[i].reply[0] && strcmp(key, "cut") != 0;
	}
	lookup_say(fd, "END\r\n", 5);
	return true;
}

static void serve(int fd, int number)
{
	char line[512];
	bool on = true;

	(void)number;
	while (on && lookup_hear(fd, '\n', line, sizeof line)) {
		line[strcspn(line, "\r")] = '\0';
		if (strncmp(line, "get ", 4) == 0)
			on = answer(fd, line + 4);
		else if (strncmp(line, "set ", 4) == 0)
			keep(fd, line);
	}
}

static const char *file(const char *name, const char *text)
{
	static char whole[1024];

	snprintf(whole, sizeof whole, "memcache = unix:%s\nretry_pause = 1\n%s%s",
		cases_path("socket"), strstr(text, "max_try") ? "" : "max_try = 1\n", text);
	cases_file(name, whole);
	return cases_name("memcache", name);
}

static const struct asked {
	const char *settings, *key, *said; /* "!": an error, which is */
	const char *logged; /* its end */
} cases[] = {
	{"", "v", "value", ""},
	{"", "V", "value", ""}, /* folded */
	{"", "lines", "\r\nEN", ""},
	{"", "none", "NONE", ""},
	{"", "unheard-of", "NONE", ""},
	{"", "a b", "NONE", ""}, /* is not asked for */
	{"", "v\r\nget v", "NONE", ""},
	{"", "error", "!", ""},
	{"max_try = 2\n", "error", "!", ": unexpected memcache server reply: SERVER_ERROR bad\n"},
	{"", "junk", "!", ""},
	{"", "nonumber", "!", ""},
	{"", "negative", "!", ""},
	{"", "huge", "!", ""},
	{"", "big", "!", ""},
	{"max_try = 2\n", "cut", "!", ": EOF receiving memcache server reply\n"},
	{"max_try = 2\n", "close", "!", ": I/O error\n"},
	{"line_size_limit = 3\n", "v", "!", ""},
	{"key_format = p:%s\n", "v", "p", ""},
	{"key_format = %u-%d-%1-%2-%%\n", "u@a.b", "all", ""},
	{"key_format = %u-%d-%1-%2-%%\n", "u@b", "NONE", ""},
	{"key_format = %d\n", "v", "NONE", ""},
	{"domain = a.b\nkey_format = %U-%D-%1-%2-%%\n", "u@a.b", "all", ""},
	{"domain = c\nkey_format = %U-%D-%1-%2-%%\n", "u@a.b", "NONE", ""},
	{"domain = a.b\n", "v", "NONE", ""},
	{"domain = a.b\nkey_format = v\n", "@a.b", "NONE", ""},
	{"backup = static:b\n", "v", "value", ""},
	{"backup = static:b\n", "none", "b", ""},
	{"backup = static:b\n", "error", "b", ""},
	{"backup = static:b\n", "a b", "b", ""},
};

static void each(void)
{
	struct table_set *set = cases_set();

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct asked *c = &cases[i];
		char name[32];
		const char *said, *log;

		snprintf(name, sizeof name, "file%zu.cf", i);
		said = cases_ask(table_open(set, file(name, c->settings), TABLE_FOLD | TABLE_UTF8),
			c->key);
		if (*c->said == '!')
			okf(text_starts(said, "ERROR: ") && strstr(said, "no answer from the memcache"
				" server "), "case %zu: %s", i, said);
		else
			is_text(said, c->said, name);
		log = cases_log();
		okf(strlen(log) >= strlen(c->logged)
				&& strcmp(log + strlen(log) - strlen(c->logged), c->logged) == 0
				&& (*c->logged || *log == '\0'), "case %zu: its log", i);
	}
	table_set_free(set);
}

static void stores(void)
{
	struct table_set *set = cases_set();
	struct table *table = table_open(set, file("stores.cf",
		"backup = inline:{k=kept}\nttl = 5\nflags = 3\nkey_format = q:%s\n"), 0);

	is_text(cases_ask(table, "k"), "kept", "the backup's answer");
	is_text(last_set, "set q:k 3 5 4kept", "is left with the server");
	table_set_free(set);
}

static void refused(void)
{
	static const struct {
		const char *settings, *why;
	} wrong[] = {
		{"key_format = %z\n", ": Invalid query template: %z"},
		{"key_format = %\n", ": Invalid query template: %"},
		{"ttl = x\n", ": bad numerical configuration: ttl = x"},
		{"max_try = 0\n", ": max_try parameter value 0 < 1"},
		{"nonsense\n", ", line 4: missing '=' after attribute name: \"nonsense\""},
		{"memcache = foo:x\n", ": invalid transport name in service: foo:x"},
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct table_set *set = cases_set();
		char name[32];

		snprintf(name, sizeof name, "wrong%zu.cf", i);
		cases_ask(table_open(set, file(name, wrong[i].settings), 0), "v");
		okf(strstr(cases_log(), wrong[i].why) != NULL, "%s", wrong[i].why);
		table_set_free(set);
	}
}

static const char *setting(void *context, const char *name)
{
	return strcmp(name, "foo_memcache") == 0 ? context
		: strcmp(name, "foo_key_format") == 0 ? "p:%s" : NULL;
}

/* Settings in main.cf; and nobody who listens. */
static void named(void)
{
	struct table_options options = TABLE_OPTIONS;
	struct table_set *set;
	char where[256];

	snprintf(where, sizeof where, "unix:%s", cases_path("socket"));
	options.setting = setting;
	options.setting_context = where;
	set = cases_set_with(&options);
	is_text(cases_ask(table_open(set, "memcache:foo", 0), "v"), "p", "settings in main.cf");
	table_set_free(set);
	options.setting_context = (char[]){"inet:127.0.0.1:1"};
	set = cases_set_with(&options);
	ok(strstr(cases_ask(table_open(set, "memcache:foo", 0), "v"), "ERROR"), "nobody listens");
	is_text(cases_log(), "warning: connect to 127.0.0.1:1: Connection refused\n", "said once");
	table_set_free(set);
}

int main(void)
{
	struct lookup_server *server = lookup_server_start(cases_path("socket"), serve);

	each();
	stores();
	refused();
	named();
	lookup_server_stop(server);
	return cases_done();
}

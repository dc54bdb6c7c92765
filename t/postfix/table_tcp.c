#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/postfix/lookup_server.h"
#include "t/postfix/table_cases.h"
#include "util/clock.h"
#include "postfix/table_reply.h"

static char name[64], place[32];

static const struct reply {
	const char *key, *raw;
	const char *said;   /* by the table */
	const char *logged; /* behind "read TCP map reply from PLACE: "; NULL: nothing */
} replies[] = {
	{"ok", "200 the value\n", "the value", NULL},
	{"esc", "200 a%20b%0Ac%25%2f\n", "a b\nc%/", NULL},
	{"nf", "500 not found\n", "NONE", NULL},
	{"temp", "400 try%20later\n", "ERROR: try later", NULL},
	{"crlf", "200 x\r\n", "x\r", NULL},
	{"two spaces", "200  x\n", " x", NULL},
	{"tab", "200\tx\n", "x", NULL},
	{"nothing", "200 \n", "", NULL},
	{"nul", "200 a%00b\n", "a", NULL},
	{"bad", "300 x\n", "ERROR: bad status code: 300 x", "bad status code: 300 x"},
	{"nosp", "200\n", "ERROR: malformed reply: 200", "malformed reply: 200"},
	{"nosp5", "500\n", "ERROR: malformed reply: 500", "malformed reply: 500"},
	{"2000", "2000 x\n", "ERROR: malformed reply: 2000 x", "malformed reply: 2000 x"},
	{"empty", "\n", "ERROR: malformed reply: ", "malformed reply: "},
	{"half", "200 a%2\n", "ERROR: malformed reply: 200 a%2", "malformed reply: 200 a%2"},
	{"nohex", "200 a%zz\n", "ERROR: malformed reply: 200 a%zz", "malformed reply: 200 a%zz"},
};

static void quote(char *to, const char *key)
{
	struct buf quoted = BUF(0);

	reply_tcp_quote(&quoted, key);
	snprintf(to, 1000, "get %s\n", buf_text(&quoted));
	buf_close(&quoted);
}

static void value(struct buf *to, const char *text)
{
	buf_adds(to, "200 ");
	reply_tcp_quote(to, text);
	buf_addc(to, '\n');
}

static void serve(int fd, int number)
{
	char line[1000], want[1000];

	while (lookup_hear(fd, '\n', line, sizeof line)) {
		struct buf raw = BUF(0);

		for (size_t i = 0; i < COUNT(replies); i++) {
			quote(want, replies[i].key);
			if (strcmp(line, want) == 0)
				buf_adds(&raw, replies[i].raw);
		}
		for (const struct table_pair *pair = TABLE_PAIRS; pair->key; pair++) {
			quote(want, pair->key);
			if (strcmp(line, want) == 0)
				value(&raw, pair->value);
		}
		if (strcmp(line, "get once\n") == 0 && number % 2 == 1)
			return;
		if (strcmp(line, "get more\n") == 0)
			buf_adds(&raw, "200 x\n200 y\n");
		if (strcmp(line, "get full\n") == 0)
			buf_addf(&raw, "200 %04091d\n", 0);
		if (strcmp(line, "get over\n") == 0)
			buf_addf(&raw, "200 %04092d\n", 0);
		if (strcmp(line, "get endless\n") == 0)
			buf_addf(&raw, "200 %09000d", 0);
		if (raw.length == 0)
			buf_adds(&raw, "500 no\n");
		lookup_say(fd, raw.data, raw.length);
		buf_close(&raw);
	}
}

static void each_reply(void)
{
	struct table_set *set = cases_set();
	struct table *table = table_open(set, name, TABLE_FOLD | TABLE_UTF8);
	char want[512];

	for (const struct reply *r = replies; r < replies + COUNT(replies); r++) {
		bool error = strncmp(r->said, "ERROR: ", 7) == 0;

		if (error)
			snprintf(want, sizeof want, "ERROR: %s lookup error for \"%s\": %s", name,
				r->key, r->said + 7);
		is_text(cases_ask(table, r->key), error ? want : r->said, r->key);
		snprintf(want, sizeof want, "warning: read TCP map reply from %s: %s\n", place,
			r->logged);
		is_text(cases_log(), r->logged ? want : "", "and the log");
	}
	is_number((long long)strlen(cases_ask(table, "full")), 4091, "as much as is allowed");
	ok(strstr(cases_ask(table, "over"), "reply longer than 4096 bytes"), "but not more");
	ok(strstr(cases_ask(table, "endless"), "reply longer than 4096 bytes"), "nor without end");
	snprintf(want, sizeof want, "warning: read TCP map reply from %s: text longer than 4096\n",
		place);
	ok(strncmp(cases_log(), want, strlen(want)) == 0, "which is warned about");
	table_set_free(set);
}

static void connections(struct lookup_server *server)
{
	struct table_set *set = cases_set();
	struct table *table = table_open(set, name, 0);
	int before = lookup_server_connections(server);
	char want[512];

	cases_ask(table, "a");
	clock_advance(1000000);
	cases_ask(table, "b");
	is_number(lookup_server_connections(server) - before, 1, "one connection for all lookups");
	is_text(cases_ask(table, "more"), "x", "a server that says more than it was asked");
	is_text(cases_ask(table, "a"), "b", "is not listened to");
	is_number(lookup_server_connections(server) - before, 2, "any more");
	is_text(cases_log(), "", "nothing is logged");
	table_set_free(set);

	set = cases_set();
	table = table_open(set, name, 0);
	if (lookup_server_connections(server) % 2 == 1)
		cases_ask(table, "more");
	is_text(cases_ask(table, "once"), "NONE", "asked again after a while");
	snprintf(want, sizeof want,
		"warning: read TCP map reply from %s: unexpected EOF "
		"(Connection reset by peer)\n",
		place);
	is_text(cases_log(), want, "which is warned about");
	table_set_free(set);
}

static void quoting(void)
{
	struct buf quoted = BUF(0);

	reply_tcp_quote(&quoted, "a b%\t\n\303\244/@=\"\177");
	is_text(buf_text(&quoted), "a%20b%25%09%0A%C3%A4/@=\"%7F", "a key in a request");
	buf_close(&quoted);
}

int main(void)
{
	struct table_set *set = cases_set();
	struct lookup_server *server = lookup_server_start(NULL, serve);

	clock_freeze(1000000, (struct timeval){.tv_sec = 1000000});
	snprintf(place, sizeof place, "127.0.0.1:%d", lookup_server_port(server));
	snprintf(name, sizeof name, "tcp:%s", place);
	quoting();
	cases_run(set, name, TABLE_PATTERN);
	cases_run_threads(set, name);
	table_set_free(set);
	each_reply();
	connections(server);
	lookup_server_stop(server);
	cases_refuse("tcp:::", "::: missing service information");
	cases_refuse("tcp:127.0.0.1:1:2",
		"127.0.0.1:1:2: valid hostname or network address required");
	return cases_done();
}

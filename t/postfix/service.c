/* Requests to a daemon: the connection, what it announces, the tries and the pauses between them. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/postfix/lookup_server.h"
#include "t/postfix/table_cases.h"
#include "postfix/service.h"
#include "postfix/version.h"

/* --- time: the pauses are noted, not made --- */

static struct buf pauses = BUF(0);
static void (*during_pause)(void); /* what happens meanwhile, once */

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	void (*happens)(void) = during_pause;

	(void)left;
	during_pause = NULL;
	buf_addf(&pauses, "%s%ld", pauses.length ? " " : "", (long)wanted->tv_sec);
	if (happens)
		happens();
	return 0;
}

static const char *paused(void)
{
	static char text[200];

	snprintf(text, sizeof text, "%s", buf_text(&pauses));
	buf_clear(&pauses);
	return text;
}

/* --- the daemon --- */

/* What it does on its connections: one word each, the last one on all that follow. */
enum act {
	SERVES,     /* says its name, and answers each request */
	SAYS_NO,    /* closes at once */
	SAYS_OTHER, /* says another name */
	SAYS_ODD,   /* a list without a name */
	HANGS_UP,   /* hears a request, and closes */
	HALF,       /* half of an answer */
	TALKS_ON,   /* answers, and says something that was not asked */
	SILENT,     /* answers each request, without a name (before 3.6) */
};

static const enum act *acts;

static enum act act_of(int number)
{
	int i = 0;

	while (i < number - 1 && acts[i] != SERVES)
		i++;
	return acts[i];
}

static void say_list(int fd, const char *name, const char *value)
{
	struct buf list = BUF(0);

	attr_text(&list, name, value);
	attr_end(&list);
	lookup_say(fd, list.data, list.length);
	buf_close(&list);
}

static void answer(int fd, enum act act, const char *asked)
{
	static const char half[] = "answer\0hal", more[] = "answer\0whole\0\0and more";

	switch (act) {
	case HALF:
		lookup_say(fd, half, sizeof half - 1);
		break;
	case TALKS_ON:
		lookup_say(fd, more, sizeof more - 1);
		break;
	case SERVES:
	case SILENT:
		say_list(fd, "answer", asked);
		break;
	case SAYS_NO:
	case SAYS_OTHER:
	case SAYS_ODD:
	case HANGS_UP:
		break;
	}
}

static void serve(int fd, int number)
{
	enum act act = act_of(number);
	struct attr_source source = {.fd = fd, .seconds = 10};
	struct pool pool = {0};
	struct attrs request;

	if (act == SAYS_OTHER || act == SAYS_ODD)
		say_list(fd, act == SAYS_ODD ? "x" : "protocol", "another");
	else if (act != SAYS_NO && act != SILENT)
		say_list(fd, "protocol", "mine");
	while (act != SAYS_NO && act != SAYS_OTHER && act != SAYS_ODD
		&& attr_read(&source, &pool, &request) == ATTR_LIST) {
		answer(fd, act, attr_get(&request, "question"));
		if (act == HALF || act == HANGS_UP)
			break;
	}
	pool_free(&pool);
}

/* --- asking --- */

static struct service *service_at(const char *path, const char *other_path, int version)
{
	return service_new(&(struct service_options){.place = "private/x", .path = path,
		.other_path = other_path, .protocol = "mine", .version = version, .seconds = 10});
}

/* The answer, or "none". */
static const char *ask(struct service *service, const char *question)
{
	static char text[100];
	struct pool pool = {0};
	struct buf request = BUF(0);
	struct attrs reply;
	const char *value = NULL;

	attr_text(&request, "question", question);
	attr_end(&request);
	if (service_ask(service, &request, &pool, &reply))
		value = attr_get(&reply, "answer");
	snprintf(text, sizeof text, "%s", value ? value : "none");
	buf_close(&request);
	pool_free(&pool);
	return text;
}

#define BROKEN(what) "warning: problem talking to service private/x: " what
#define OTHER "warning: unexpected protocol \"another\" from private/x"

static const struct meeting {
	const char *name;
	int version;
	enum act acts[4];
	const char *first, *second; /* answers to "a" and "b" */
	const char *pauses, *log;
	int connections;
} meetings[] = {
	{"one connection for all", POSTFIX(3, 7), {SERVES}, "a", "b", "", "", 1},
	{"before 3.6 nothing is announced", POSTFIX(3, 5), {SILENT}, "a", "b", "", "", 1},
	{"a daemon that ends is no news", POSTFIX(3, 7), {HANGS_UP, SERVES}, "a", "b", "1", "", 2},
	{"one that ends at once", POSTFIX(3, 7), {SAYS_NO, SERVES}, "a", "b", "1", "", 2},
	{"twice is", POSTFIX(3, 7), {HANGS_UP, HANGS_UP, SERVES}, "a", "b", "1 1",
		BROKEN("Connection reset by peer"), 3},
	{"another protocol", POSTFIX(3, 7), {SAYS_OTHER, SERVES}, "a", "b", "1", OTHER, 2},
	{"another protocol twice", POSTFIX(3, 7), {SAYS_OTHER, SAYS_OTHER, SERVES}, "a", "b", "1 1",
		OTHER "|" OTHER "|" BROKEN("Protocol error"), 3},
	{"no protocol at all", POSTFIX(3, 7), {SAYS_ODD, SERVES}, "a", "b", "1",
		"warning: unexpected protocol \"\" from private/x", 2},
	{"half an answer is none", POSTFIX(3, 7), {HALF, HALF, SERVES}, "a", "b", "1 1",
		BROKEN("Protocol error"), 3},
	{"what was not asked for answers nothing", POSTFIX(3, 7), {TALKS_ON, SERVES}, "whole", "b", "",
		"", 2},
};

static void meet(const struct meeting *x)
{
	struct lookup_server *server;
	struct service *service = service_at(cases_path("x"), NULL, x->version);

	acts = x->acts;
	server = lookup_server_start(cases_path("x"), serve);
	is_text(ask(service, "a"), x->first, x->name);
	is_text(ask(service, "b"), x->second, "the next request");
	is_text(paused(), x->pauses, "pauses");
	is_text(heard(), x->log, "log");
	is_number(lookup_server_connections(server), x->connections, "connections");
	service_free(service);
	lookup_server_stop(server);
}

/* --- when nobody is there --- */

static const enum act serves[] = {SERVES}, hangs_up[] = {HANGS_UP, HANGS_UP, HANGS_UP, HANGS_UP,
	HANGS_UP, HANGS_UP, HANGS_UP, HANGS_UP, HANGS_UP, HANGS_UP, HANGS_UP};
static struct lookup_server *late;

static void comes_late(void)
{
	late = lookup_server_start(cases_path("late"), serve);
}

static size_t times(const char *text, const char *what)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
		count++;
	return count;
}

static void nobody(void)
{
	struct service *service = service_at(cases_path("nobody"), NULL, POSTFIX(3, 7));
	const char *log;

	is_text(ask(service, "a"), "none", "nobody listens");
	is_text(paused(), "10 10 10 10 10 10 10 10 10", "ten tries");
	log = heard();
	is_number((long long)times(log, "connect #"), 10, "each is logged");
	ok(strstr(log, "warning: connect #1 to subsystem private/x: No such file or directory|") == log,
		"the first");
	ok(strstr(log, "warning: connect #10 to subsystem private/x: ") != NULL, "the last");
	service_free(service);

	acts = serves;
	service = service_at(cases_path("late"), NULL, POSTFIX(3, 7));
	during_pause = comes_late;
	is_text(ask(service, "a"), "a", "somebody who comes late");
	is_text(paused(), "10", "is found at the next try");
	is_text(heard(), "warning: connect #1 to subsystem private/x: No such file or directory", "log");
	service_free(service);
	lookup_server_stop(late);
}

static void never(void)
{
	struct service *service = service_at(cases_path("x"), NULL, POSTFIX(3, 7));
	struct lookup_server *server;

	acts = hangs_up;
	server = lookup_server_start(cases_path("x"), serve);
	is_text(ask(service, "a"), "none", "it never answers");
	is_text(paused(), "1 1 1 1 1 1 1 1 1", "ten tries");
	is_number((long long)times(heard(), BROKEN("Connection reset by peer")), 9,
		"all but the first are logged");
	is_number(lookup_server_connections(server), 10, "connections");
	service_free(service);
	lookup_server_stop(server);
}

static void elsewhere(void)
{
	struct service *service = service_at(cases_path("nobody"), cases_path("x"), POSTFIX(3, 7));
	struct lookup_server *server;

	acts = serves;
	server = lookup_server_start(cases_path("x"), serve);
	is_text(ask(service, "a"), "a", "another place is tried");
	is_text(paused(), "", "at once");
	is_text(heard(), "", "silently");
	service_free(service);
	service_free(NULL);
	lookup_server_stop(server);
}

int main(void)
{
	heard_start();
	for (const struct meeting *x = meetings; x < meetings + COUNT(meetings); x++)
		meet(x);
	nobody();
	never();
	elsewhere();
	heard_stop();
	buf_close(&pauses);
	return cases_done();
}

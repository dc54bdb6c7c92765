#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "smtp/connection.h"
#include "t/lib/child.h"
#include "t/lib/tap.h"
#include "t/lib/test_agent.h"
#include "util/stream.h"

static struct test_agent test;
static const struct destination to = {.text = "x.test", .host = "x.test"};
static const struct tls_policy policy = {.expect.level = TLS_LEVEL_NONE};

static struct server server(const char *host)
{
	return (struct server){.destination = &to, .host = host, .address = "192.0.2.1",
		.namaddr = pool_format(&test.pool, "%s[192.0.2.1]", host),
		.namaddrport = pool_format(&test.pool, "%s[192.0.2.1]:25", host)};
}

static struct connection *open_one(int *peer)
{
	struct server at = server("mx.test");
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		abort();
	*peer = ends[1];
	return connection_new(&test.agent, &at, &policy, ends[0]);
}

/* All that the server hears until we are gone. */
static const char *heard_by(int peer)
{
	static char text[1000];
	size_t length = 0;
	ssize_t got;

	while ((got = recv(peer, text + length, sizeof text - 1 - length, 0)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(peer);
	return text;
}

/* --- the last word (RFC 5321 4.1.1.10) --- */

static void test_quit(void)
{
	static const struct {
		const char *name, *settings, *reply, *heard;
		bool broken, said;
	} cases[] = {
		{"QUIT", "smtp_skip_quit_response=yes", "", "QUIT\r\n", false, false},
		{"and its reply", "smtp_skip_quit_response=no", "221 bye\r\n", "QUIT\r\n", false, false},
		{"any reply", "smtp_skip_quit_response=no", "554 what?\r\n", "QUIT\r\n", false, false},
		{"it was said already", "smtp_skip_quit_response=no", "221 bye\r\n", "", false, true},
		{"nothing can be said", "smtp_skip_quit_response=no", "", "", true, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct connection *conn;
		int peer;

		test_agent_open(&test, false, 0, cases[i].settings);
		conn = open_one(&peer);
		conn->broken = cases[i].broken;
		conn->quit_said = cases[i].said;
		if (send(peer, cases[i].reply, strlen(cases[i].reply), 0) < 0)
			abort();
		connection_quit(conn);
		ok(*cases[i].reply == '\0' || !stream_disturbed(conn->stream), cases[i].name);
		connection_drop(conn);
		is_text(heard_by(peer), cases[i].heard, cases[i].name);
		test_agent_close(&test);
	}
}

static void quit_to_nobody(void)
{
	struct connection *conn;
	int peer;

	conn = open_one(&peer);
	close(peer);
	connection_quit(conn);
	connection_drop(conn);
}

/* In a process of its own, which might be ended by a signal. */
static void test_quit_to_nobody(void)
{
	static const char *const settings[] = {"smtp_skip_quit_response=no",
		"smtp_skip_quit_response=yes"};

	for (size_t i = 0; i < COUNT(settings); i++) {
		struct child child;

		test_agent_open(&test, false, 0, settings[i]);
		child = child_run(quit_to_nobody);
		is_number(child_exit(&child), 0, "QUIT to who is gone harms nobody");
		is_text(child.said, "", "and nobody hears of it");
		test_agent_close(&test);
	}
	connection_drop(NULL);
}

/* --- for another delivery --- */

static void test_adopt(void)
{
	static const struct destination other = {.text = "y.test", .host = "y.test"};
	static const struct tls_policy another = {.expect.level = TLS_LEVEL_MAY};
	struct server same, named;
	struct connection *conn;
	const char *address;
	int peer;

	test_agent_open(&test, false, 0, NULL);
	conn = open_one(&peer);
	conn->ehlo.size_limit = 1000;
	conn->ehlo.features = EHLO_DSN;
	address = conn->server->namaddrport;
	same = server("mx.test");
	same.destination = &other;
	same.mx = MX_SIGNED;
	connection_adopt(conn, &same, &another);
	ok(conn->server->destination == &other && conn->policy == &another
		&& conn->server->mx == MX_SIGNED, "it belongs to who asked for it");
	ok(conn->ehlo.size_limit == 0 && conn->ehlo.features == EHLO_DSN, "but for the limit it is known");
	is_number(conn->uses, 1, "used once before");
	ok(conn->server->namaddrport == address, "its name needs no copy");
	named = server("mx2.test");
	connection_adopt(conn, &named, &policy);
	is_text(conn->server->host, "mx2.test", "the same server by another name");
	is_text(conn->chat.namaddr, "mx2.test[192.0.2.1]", "in failures");
	is_text(conn->chat.namaddrport, "mx2.test[192.0.2.1]:25", "in warnings");
	ok(conn->server->host != named.host && conn->chat.namaddr != named.namaddr, "which is its own");
	connection_drop(conn);
	close(peer);
	test_agent_close(&test);
}

int main(void)
{
	test_quit();
	test_quit_to_nobody();
	test_adopt();
	return done();
}

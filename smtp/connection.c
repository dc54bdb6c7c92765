#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "smtp/connection.h"
#include "util/clock.h"

static void copy_names(struct connection *conn, const struct server *server)
{
	struct server *copy = conn->server;

	copy->host = pool_text(&conn->pool, server->host);
	copy->address = pool_text(&conn->pool, server->address);
	copy->namaddr = pool_text(&conn->pool, server->namaddr);
	copy->namaddrport = pool_text(&conn->pool, server->namaddrport);
	conn->chat.namaddr = copy->namaddr;
	conn->chat.namaddrport = copy->namaddrport;
	conn->chat.address = copy->address;
}

static struct server *copy_server(struct pool *pool, const struct server *server)
{
	struct server *copy = POOL_NEW(pool, struct server);

	*copy = *server;
	copy->next = NULL;
	copy->not_vouched = ""; /* the decisions are made */
	copy->mx_owner = copy->unsigned_alias = NULL;
	copy->found = NULL;
	copy->decision = NULL;
	return copy;
}

struct connection *connection_new(const struct agent *agent, const struct server *server,
	const struct tls_policy *policy, int fd)
{
	struct connection *conn = calloc(1, sizeof *conn);

	if (conn == NULL)
		abort();
	conn->server = copy_server(&conn->pool, server);
	conn->policy = policy;
	conn->stream = stream_open(fd);
	conn->opened = clock_ms();
	conn->ehlo.auth = conn->ehlo.name = "";
	chat_open(&conn->chat, agent, conn->stream);
	copy_names(conn, server);
	return conn;
}

void connection_adopt(struct connection *conn, const struct server *server,
	const struct tls_policy *policy)
{
	if (strcmp(conn->server->namaddrport, server->namaddrport) != 0)
		copy_names(conn, server); /* the same server, by another name */
	conn->server->destination = server->destination;
	conn->server->best_preference = server->best_preference;
	conn->server->mx = server->mx;
	conn->policy = policy;
	conn->ehlo.size_limit = 0; /* not remembered, as in Postfix: the server will say it again */
	conn->uses++;
}

/* RFC 5321 4.1.1.10. Nothing that goes wrong here matters: the outcome is known. */
void connection_quit(struct connection *conn)
{
	const struct config *config = conn->chat.agent->config;
	struct why why = {.pool = &conn->pool};
	struct reply reply;

	if (conn->broken)
		return;
	chat_limit(&conn->chat, config->quit_timeout);
	if (!conn->quit_said)
		chat_command(&conn->chat, "QUIT");
	if (config->skip_quit_response)
		stream_flush(conn->stream);
	else
		chat_reply(&conn->chat, "sending QUIT", &reply, &why);
}

void connection_drop(struct connection *conn)
{
	if (conn == NULL)
		return;
	chat_close(&conn->chat);
	stream_close(conn->stream);
	pool_free(&conn->pool);
	free(conn);
}

/* socketmap:inet:host:port:name, socketmap:unix:path:name (socketmap_table(5)). */
#include <stdlib.h>
#include <string.h>
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"
#include "postfix/netstring.h"
#include "postfix/table_reply.h"
#include "postfix/table_server.h"
#include "postfix/table_type.h"
#include "postfix/version.h"

enum {
	SOCKETMAP_SECONDS = 100,       /* for one try */
	SOCKETMAP_IDLE = 10,           /* seconds a connection is kept unused */
	SOCKETMAP_TTL = 100,           /* seconds it is used at all */
	SOCKETMAP_REPLY_MOST = 100000, /* bytes; before Postfix 3.10 */
};

struct socketmap {
	struct table_server *server;
	const char *place; /* path, or host:port, for people */
	const char *map;
	size_t reply_most; /* bytes */
	size_t query_most; /* 0: any */
	bool bare_ok;
};

/* "transport:endpoint". What Postfix finds fatal is fatal. */
static bool open_server(struct table *table, const char *service, struct buf *why)
{
	struct socketmap *socketmap = table->state;
	struct table_server_options options = {
		.seconds = SOCKETMAP_SECONDS,
		.idle = SOCKETMAP_IDLE,
		.ttl = SOCKETMAP_TTL,
	};
	const char *endpoint = strchr(service, ':'), *problem = NULL;

	if (endpoint == NULL || endpoint[1] == '\0')
		log_fatal("need service transport:endpoint instead of \"%s\"", service);
	socketmap->place = ++endpoint;
	if (text_starts(service, "unix:"))
		options.path = endpoint;
	else if (text_starts(service, "inet:"))
		problem = table_server_parse(table_pool(table), endpoint, &options.host,
			&options.port);
	else
		log_fatal("invalid transport name: %.*s in service: %s",
			(int)(endpoint - 1 - service), service, service);
	if (problem)
		return table_refuse(why, "%s: %s", endpoint, problem);
	socketmap->server = table_server_new(&options);
	return true;
}

static bool open_socketmap(struct table *table, const char *name, struct buf *why)
{
	struct pool *pool = table_pool(table);
	struct socketmap *socketmap = POOL_NEW(pool, struct socketmap);
	const struct table_options *options = table->options;
	const char *last = strrchr(name, ':');

	if (last == NULL)
		return table_refuse(why, "socketmap requires server:socketmap argument");
	table->state = socketmap;
	socketmap->map = pool_text(pool, last + 1);
	socketmap->reply_most = SOCKETMAP_REPLY_MOST;
	if (options->version >= POSTFIX(3, 10) && options->socketmap_reply_most > 0)
		socketmap->reply_most = (size_t)options->socketmap_reply_most;
	if (options->version >= POSTFIX(3, 12) && options->socketmap_query_most > 0)
		socketmap->query_most = (size_t)options->socketmap_query_most;
	socketmap->bare_ok = options->version >= POSTFIX(3, 12);
	return open_server(table, pool_bytes(pool, name, (size_t)(last - name)), why);
}

static void close_socketmap(struct table *table)
{
	struct socketmap *socketmap = table->state;

	table_server_free(socketmap->server);
}

/* Reads one netstring into BYTES. NULL: *problem says why, in Postfix's words. */
static const char *receive(const struct socketmap *socketmap, struct table_link *link,
	struct buf *bytes, size_t *length, const char **problem)
{
	enum netstring_got got = NETSTRING_PART;
	enum table_link_io io = LINK_OK;
	const char *text = NULL;

	while (got == NETSTRING_PART && (io = table_link_receive(link, bytes)) == LINK_OK)
		got = netstring_read(bytes->data, bytes->length, socketmap->reply_most, &text,
			length);
	if (io == LINK_LATE)
		*problem = "time limit exceeded";
	else if (io != LINK_OK)
		*problem = "unexpected disconnect";
	else if (got == NETSTRING_LARGE)
		*problem = "input exceeds size limit";
	else if (got == NETSTRING_BAD)
		*problem = "input format error";
	return text;
}

/* A lookup. */
struct search {
	const struct table *table;
	struct buf question, bytes; /* netstrings */
	struct buf *answer;
	const char *problem; /* why there was no answer */
};

/* One question on one connection, which is kept when all went well. False: search->problem. */
static bool converse(struct search *search, struct table_link *link, enum table_answer *got)
{
	const struct socketmap *socketmap = search->table->state;
	const char *text = NULL;
	size_t length = 0;
	enum table_link_io io =
		table_link_send(link, search->question.data, search->question.length);

	buf_clear(&search->bytes);
	if (io == LINK_OK)
		text = receive(socketmap, link, &search->bytes, &length, &search->problem);
	else
		search->problem = io == LINK_LATE ? "time limit exceeded" : "unexpected disconnect";
	if (text == NULL) {
		table_link_close(link);
		return false;
	}
	*got = reply_socketmap(text, length, socketmap->bare_ok, search->answer);
	if (*got == TABLE_ERROR)
		log_warning("%s %s", search->table->name, buf_text(search->answer));
	if (text + length + 1 == search->bytes.data + search->bytes.length)
		table_server_keep(socketmap->server, link);
	else
		table_link_close(link); /* it said more than it was asked */
	return true;
}

static enum table_answer no_connection(const struct search *search, int error)
{
	const struct socketmap *socketmap = search->table->state;
	struct pool pool = {0};
	const char *reason = text_errno(&pool, error);

	log_warning("connect to %s: %s", socketmap->place, reason);
	log_warning("table %s lookup error: %s", search->table->name, reason);
	table_trouble(search->answer, "connect to %s: %s", socketmap->place, reason);
	pool_free(&pool);
	return TABLE_ERROR;
}

/* A server may close at any time, so there is a second try, on a new connection. */
static enum table_answer ask(struct search *search)
{
	enum { TRIES = 2 };
	const struct socketmap *socketmap = search->table->state;
	enum table_answer got = TABLE_ERROR;
	int error = 0;

	for (int i = 0; i < TRIES; i++) {
		struct table_link *link = table_server_take(socketmap->server, i > 0, &error);

		if (link == NULL)
			return no_connection(search, error);
		if (converse(search, link, &got))
			return got;
	}
	log_warning("table %s lookup error: %s", search->table->name, search->problem);
	return table_trouble(search->answer, "%s", search->problem);
}

static enum table_answer find_socketmap(const struct table *table, const char *key,
	struct buf *answer)
{
	const struct socketmap *socketmap = table->state;
	struct search search = {.table = table, .answer = answer};
	struct buf text = BUF(0);
	enum table_answer got;

	if (socketmap->query_most > 0 && strlen(key) > socketmap->query_most)
		return TABLE_NONE;
	buf_addf(&text, "%s %s", socketmap->map, key);
	netstring_add(&search.question, buf_text(&text), text.length);
	got = ask(&search);
	buf_close(&search.question);
	buf_close(&search.bytes);
	buf_close(&text);
	return got;
}

const struct table_type table_socketmap = {
	.name = "socketmap",
	.kind = TABLE_PATTERN,
	.open = open_socketmap,
	.find = find_socketmap,
	.close = close_socketmap,
};

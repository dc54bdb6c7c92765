/* tcp:host:port (tcp_table(5)). */
#include <errno.h>
#include <string.h>
#include <time.h>
#include "util/log.h"
#include "util/text.h"
#include "postfix/table_reply.h"
#include "postfix/table_server.h"
#include "postfix/table_type.h"

enum {
	TCP_SECONDS = 100,     /* for one try */
	TCP_TRIES = 10,        /* a second apart */
	TCP_REPLY_MOST = 4096, /* bytes */
};

struct tcp {
	struct table_server *server;
	const char *place;
};

static bool open_tcp(struct table *table, const char *name, struct buf *why)
{
	struct pool *pool = table_pool(table);
	struct tcp *tcp = POOL_NEW(pool, struct tcp);
	struct table_server_options options = {.seconds = TCP_SECONDS};
	const char *problem = table_server_parse(pool, name, &options.host, &options.port);

	if (problem)
		return table_refuse(why, "%s: %s", name, problem);
	tcp->place = pool_text(pool, name);
	tcp->server = table_server_new(&options);
	table->state = tcp;
	return true;
}

static void close_tcp(struct table *table)
{
	struct tcp *tcp = table->state;

	table_server_free(tcp->server);
}

/* What an exchange came to. */
enum tcp_got { TCP_LINE, TCP_AGAIN /* on another connection */, TCP_BAD };

static enum tcp_got lost(const struct tcp *tcp, const struct table_link *link,
	enum table_link_io io)
{
	struct pool pool = {0};

	log_warning("read TCP map reply from %s: unexpected EOF (%s)", tcp->place,
		text_errno(&pool,
			io == LINK_LATE             ? ETIMEDOUT
				: io == LINK_CLOSED ? ECONNRESET
						    : link->error));
	pool_free(&pool);
	return TCP_AGAIN;
}

/* Reads a line into LINE, without its end; *more: something else came with it. */
static enum tcp_got receive(const struct tcp *tcp, struct table_link *link, struct buf *line,
	bool *more)
{
	enum table_link_io io = LINK_OK;
	const char *end = NULL;
	size_t length;

	while (end == NULL && line->length < TCP_REPLY_MOST) {
		io = table_link_receive(link, line);
		if (io != LINK_OK)
			return lost(tcp, link, io);
		end = memchr(line->data, '\n', line->length);
	}
	length = end ? (size_t)(end - line->data) : line->length;
	if (length < TCP_REPLY_MOST) {
		*more = length + 1 < line->length;
		buf_truncate(line, length);
		return TCP_LINE;
	}
	log_warning("read TCP map reply from %s: text longer than %d", tcp->place, TCP_REPLY_MOST);
	return TCP_BAD;
}

static enum tcp_got converse(const struct tcp *tcp, struct table_link *link,
	const struct buf *question, struct buf *line)
{
	enum table_link_io io = table_link_send(link, question->data, question->length);
	bool more = false;
	enum tcp_got got = io == LINK_OK ? receive(tcp, link, line, &more) : lost(tcp, link, io);

	if (got == TCP_LINE && !more)
		table_server_keep(tcp->server, link);
	else
		table_link_close(link);
	return got;
}

static enum tcp_got try_once(const struct tcp *tcp, const struct buf *question, struct buf *line)
{
	struct pool pool = {0};
	int error;
	struct table_link *link = table_server_take(tcp->server, false, &error);

	buf_clear(line);
	if (link)
		return converse(tcp, link, question, line);
	log_warning("connect to TCP map %s: %s", tcp->place, text_errno(&pool, error));
	pool_free(&pool);
	return TCP_AGAIN;
}

static enum tcp_got ask(const struct tcp *tcp, const struct buf *question, struct buf *line)
{
	const struct timespec second = {.tv_sec = 1};
	enum tcp_got got = try_once(tcp, question, line);

	for (int tries = 1; got == TCP_AGAIN && tries < TCP_TRIES; tries++) {
		nanosleep(&second, NULL);
		got = try_once(tcp, question, line);
	}
	return got;
}

static enum table_answer understand(const struct tcp *tcp, const char *line, struct buf *answer)
{
	const char *problem = NULL;
	enum table_answer got = reply_tcp(line, &problem, answer);

	if (problem) {
		log_warning("read TCP map reply from %s: %s: %s", tcp->place, problem, line);
		table_trouble(answer, "%s: %s", problem, line);
	}
	return got;
}

static enum table_answer find_tcp(const struct table *table, const char *key, struct buf *answer)
{
	const struct tcp *tcp = table->state;
	struct buf question = BUF(0), line = BUF(0);
	enum table_answer got = TABLE_ERROR;

	buf_adds(&question, "get ");
	reply_tcp_quote(&question, key);
	buf_addc(&question, '\n');
	switch (ask(tcp, &question, &line)) {
	case TCP_LINE:
		got = understand(tcp, buf_text(&line), answer);
		break;
	case TCP_AGAIN:
		got = table_trouble(answer, "no answer from %s", tcp->place);
		break;
	case TCP_BAD:
		got = table_trouble(answer, "reply longer than %d bytes", TCP_REPLY_MOST);
		break;
	}
	buf_close(&question);
	buf_close(&line);
	return got;
}

const struct table_type table_tcp = {
	.name = "tcp",
	.kind = TABLE_PATTERN,
	.open = open_tcp,
	.find = find_tcp,
	.close = close_tcp,
};

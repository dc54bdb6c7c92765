#include "config.h"
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "util/addr.h"
#include "util/cache.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/net.h"
#include "util/text.h"
#include "postfix/table_server.h"

enum { KEEP_MOST = 32 }; /* connections that are not in use */

struct table_server {
	struct table_server_options options;
	struct cache *kept; /* struct table_link, all by one key */
};

static void drop(void *link)
{
	table_link_close(link);
}

struct table_server *table_server_new(const struct table_server_options *options)
{
	struct table_server *server = MEMORY_NEW(struct table_server);

	server->options = *options;
	server->kept = cache_new(KEEP_MOST, drop);
	return server;
}

void table_server_free(struct table_server *server)
{
	if (server == NULL)
		return;
	cache_free(server->kept);
	free(server);
}

const char *table_server_parse(struct pool *pool, const char *text, const char **host,
	const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;

	if (*text == '\0' || (colon && colon[1] == '\0'))
		return "missing service information";
	*port = pool_text(pool, colon ? colon + 1 : text);
	if (length > 2 && *text == '[' && colon[-1] == ']')
		*host = pool_bytes(pool, text + 1, length - 2);
	else if (memchr(text, ':', length))
		return "valid hostname or network address required";
	else
		*host = pool_bytes(pool, text, length);
	return NULL;
}

/* The first address that answers. -1: *error. */
static int connect_to(const struct addrinfo *found, int seconds, int *error)
{
	int fd = -1;

	*error = EADDRNOTAVAIL;
	for (; found && fd < 0; found = found->ai_next) {
		struct addr to = {.length = found->ai_addrlen};

		if (to.length > sizeof to.sa)
			continue;
		memcpy(&to.sa, found->ai_addr, to.length);
		fd = net_connect(&to, seconds, NULL);
		*error = errno;
	}
	return fd;
}

static int connect_host(const struct table_server_options *options, int *error)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	const char *host = *options->host ? options->host : "localhost";
	int failed = getaddrinfo(host, options->port, &hints, &found);
	int fd;

	if (failed)
		log_warning("host or service %s:%s not found: %s", options->host, options->port,
			gai_strerror(failed));
	fd = connect_to(found, options->seconds, error);
	if (found)
		freeaddrinfo(found);
	return fd;
}

static struct table_link *new_link(const struct table_server *server, int *error)
{
	const struct table_server_options *options = &server->options;
	struct table_link *link;
	int fd;

	if (options->path == NULL) {
		fd = connect_host(options, error);
	} else {
		fd = net_connect_unix(options->path, options->seconds);
		if (fd < 0 && errno == ENOENT && options->other_path)
			fd = net_connect_unix(options->other_path, options->seconds);
		*error = errno;
	}
	if (fd < 0)
		return NULL;
	link = MEMORY_NEW(struct table_link);
	link->fd = fd;
	link->opened = clock_ms();
	return link;
}

/* One that is still of use: the other side has neither closed nor spoken. */
static struct table_link *kept_link(struct table_server *server)
{
	struct table_link *link = cache_take(server->kept, "", 0);

	while (link && net_readable(link->fd, 0) != 0) {
		table_link_close(link);
		link = cache_take(server->kept, "", 0);
	}
	return link;
}

struct table_link *table_server_take(struct table_server *server, bool fresh, int *error)
{
	struct table_link *link = fresh ? NULL : kept_link(server);
	bool made = link == NULL;

	if (made)
		link = new_link(server, error);
	if (link) {
		link->fresh = made;
		link->deadline = clock_ms() + (int64_t)server->options.seconds * 1000;
	}
	return link;
}

void table_server_keep(struct table_server *server, struct table_link *link)
{
	const struct table_server_options *options = &server->options;
	int64_t expires = INT64_MAX;

	cache_expire(server->kept);
	if (options->idle > 0)
		expires = clock_ms() + (int64_t)options->idle * 1000;
	if (options->ttl > 0 && link->opened + (int64_t)options->ttl * 1000 < expires)
		expires = link->opened + (int64_t)options->ttl * 1000;
	if (clock_ms() < expires)
		cache_add(server->kept, "", 0, link, expires);
	else
		table_link_close(link);
}

void table_link_close(struct table_link *link)
{
	if (link == NULL)
		return;
	close(link->fd);
	free(link);
}

static enum table_link_io failed(struct table_link *link, int error)
{
	link->error = error;
	return LINK_FAILED;
}

/* Until the socket is ready for EVENT, or the lookup is late. */
static enum table_link_io wait_for(struct table_link *link, short event)
{
	struct pollfd ready = {.fd = link->fd, .events = event};
	int64_t left = link->deadline - clock_ms();
	int got = 0;

	if (left > 0)
		got = poll(&ready, 1, left < INT32_MAX ? (int)left : INT32_MAX);
	if (got < 0 && errno != EINTR)
		return failed(link, errno);
	return got == 0 ? LINK_LATE : LINK_OK;
}

enum table_link_io table_link_send(struct table_link *link, const void *data, size_t length)
{
	const char *at = data;
	enum table_link_io io = LINK_OK;

	while (length > 0 && (io = wait_for(link, POLLOUT)) == LINK_OK) {
		ssize_t sent = send(link->fd, at, length, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			at += sent;
			length -= (size_t)sent;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return LINK_CLOSED;
		} else if (errno != EAGAIN && errno != EINTR) {
			return failed(link, errno);
		}
	}
	return io;
}

enum table_link_io table_link_receive(struct table_link *link, struct buf *to)
{
	enum { PIECE = 4096 };
	enum table_link_io io;

	while ((io = wait_for(link, POLLIN)) == LINK_OK) {
		ssize_t got = recv(link->fd, buf_reserve(to, PIECE), PIECE, MSG_DONTWAIT);

		if (got > 0) {
			to->length += (size_t)got;
			to->data[to->length] = '\0';
			return LINK_OK;
		}
		if (got == 0 || errno == ECONNRESET)
			return LINK_CLOSED;
		if (errno != EAGAIN && errno != EINTR)
			return failed(link, errno);
	}
	return io;
}

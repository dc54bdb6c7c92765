#ifndef POSTFIX_TABLE_SERVER_H
#define POSTFIX_TABLE_SERVER_H
/*
 * table_server - connections to a server that answers lookups (socketmap_table(5), tcp_table(5),
 * memcache_table(5), proxymap(8)). A lookup has one to itself and then leaves it for the next; as
 * many are open as lookups are going on at once.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "util/buf.h"

struct table_server_options {
	const char *path;        /* a UNIX-domain socket; NULL: host and port */
	const char *other_path;  /* tried when there is no PATH; may be NULL */
	const char *host, *port; /* names or numbers */
	int seconds;   /* for a connection to be made, and for all of a lookup after that */
	int idle, ttl; /* seconds that a connection is kept unused, and at all; 0: for ever */
};

struct table_server;

/* The options are copied; their strings must stay. Connects only when needed. */
struct table_server *table_server_new(const struct table_server_options *options);
void table_server_free(struct table_server *server); /* with what it keeps */

/*
 * "host:port", "[address]:port" or "port" as host and port in POOL; host "" is this machine. NULL,
 * or what is wrong, in Postfix's words.
 */
const char *table_server_parse(struct pool *pool, const char *text, const char **host,
	const char **port);

enum table_link_io { LINK_OK, LINK_CLOSED, LINK_LATE, LINK_FAILED /* link->error */ };

struct table_link {
	int fd;
	int error;        /* errno */
	bool fresh;       /* it was made for this lookup */
	int64_t opened;   /* clock_ms() */
	int64_t deadline; /* when the lookup must be done; clock_ms() */
};

/* A kept one, or, with FRESH or without one, a new one. NULL: *error is errno. */
struct table_link *table_server_take(struct table_server *server, bool fresh, int *error);

/* The lookup is done, and nothing that was sent is unread. */
void table_server_keep(struct table_server *server, struct table_link *link);
void table_link_close(struct table_link *link); /* NULL is fine */

enum table_link_io table_link_send(struct table_link *link, const void *data, size_t length);

/* Waits for bytes and adds them to TO, which must have no ceiling. */
enum table_link_io table_link_receive(struct table_link *link, struct buf *to);

#endif

#ifndef POSTFIX_SERVICE_H
#define POSTFIX_SERVICE_H
/*
 * service - requests to one of Postfix's own daemons, on connections that are kept for the next
 * request: proxymap(8), trivial-rewrite(8). What is asked once in a while goes by wire_ask()
 * instead. As observed from Postfix's clients. For any number of threads at once.
 */
#include <stdbool.h>
#include "util/buf.h"
#include "util/pool.h"
#include "postfix/attr.h"

struct service_options {
	const char *place;      /* the socket, or the service, for people */
	const char *path;       /* the socket */
	const char *other_path; /* tried when there is none at PATH; may be NULL */
	const char *protocol;   /* what it announces from Postfix 3.6 on */
	int version;            /* POSTFIX() */
	int seconds;            /* ipc_timeout: for a connection, and each read and write */
	int idle, ttl; /* ipc_idle, ipc_ttl: seconds that a connection is kept unused, and at all */
};

struct service;

/* The options are copied; their strings must stay. Connects only when needed. */
struct service *service_new(const struct service_options *options);
void service_free(struct service *service); /* NULL is fine */

/*
 * Sends REQUEST, a whole list, and reads one list into REPLY, whose text is in POOL. It is tried
 * some times, with pauses. False: a warning was logged, as Postfix words it.
 */
bool service_ask(struct service *service, const struct buf *request, struct pool *pool,
	struct attrs *reply);

#endif

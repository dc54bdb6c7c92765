#ifndef POSTFIX_WIRE_H
#define POSTFIX_WIRE_H
/*
 * wire - Postfix's internal messages as tables, by version (postfix-wire.md 2, 3, 5, 7).
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"
#include "postfix/attr.h"

/* Everything the agent must know to talk to the daemons around it. */
struct wire {
	int version;              /* POSTFIX() */
	int ipc_timeout;          /* seconds for each read and write */
	const char *bounce_service, *defer_service, *trace_service, *flush_service, *verify_service,
		*cleanup_service, *rewrite_service, *proxymap_service, *queue_directory;
};

/* The bytes of the greeting that a delivery agent owes qmgr(8) at once. */
const char *wire_greeting(int version, size_t *length);

/*
 * One command to one server: connects to PATH ("private/bounce"), checks the announcement
 * (Postfix >= 3.6) against PROTOCOL, writes REQUEST (a whole list), reads one list into REPLY.
 * False: a warning was logged, as Postfix words it.
 */
bool wire_command(const struct wire *wire, const char *path, const char *protocol,
	const struct buf *request, struct attrs *reply);

#endif

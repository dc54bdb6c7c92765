#ifndef POSTFIX_WIRE_H
#define POSTFIX_WIRE_H
/*
 * wire - Postfix's internal messages as tables, by version, as observed between its daemons.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"
#include "util/pool.h"
#include "postfix/attr.h"

/* Everything the agent must know to talk to the daemons around it. */
struct wire {
	int version;     /* POSTFIX() */
	int ipc_timeout; /* seconds for each read and write */
	const char *cleanup_service; /* cleanup_service_name */
};

/* What is between two daemons is a list of attributes, filled from a struct or filling one. */
enum wire_type {
	WIRE_TEXT, /* const char * */
	WIRE_INT,  /* int */
	WIRE_LONG, /* long */
};

struct wire_field {
	const char *name;
	enum wire_type type;
	size_t at;        /* offset in the struct */
	bool needed;      /* who receives the message must find it */
	int since, until; /* POSTFIX(): since <= version < until; 0: always, still */
};

struct wire_message {
	const struct wire_field *fields;
	size_t count;
};

/* The delivery request: its first list, into struct request, and that of one recipient. */
extern const struct wire_message wire_request, wire_request_rcpt;

/* The final reply to the queue manager. */
struct wire_verdict {
	const char *dsn, *diag_type, *diag_text, *mta_type, *mta, *action, *reason;
	int status; /* 0: all are finished; -1: some recipient stays */
};
extern const struct wire_message wire_verdict;

/* To bounce(8), defer(8) and trace(8): one more recipient for the message's log. */
enum { WIRE_APPEND = 0 };
struct wire_append {
	int command; /* WIRE_APPEND */
	int flags;   /* the request's & REQUEST_TRACE_FLAGS */
	const char *queue_id, *original, *address;
	long offset;
	const char *dsn_orcpt;
	int dsn_notify;
	const char *dsn, *diag_type, *diag_text, *mta_type, *mta, *action, *reason;
};
extern const struct wire_message wire_append;

/* To verify(8): the result of an address probe. */
enum wire_verify_status { WIRE_VERIFY_OK, WIRE_VERIFY_DEFER, WIRE_VERIFY_BOUNCE };
struct wire_verify {
	const char *command; /* "update" */
	const char *address;
	int status; /* WIRE_VERIFY_ */
	const char *reason;
};
extern const struct wire_message wire_verify;

/* To flush(8): SITE has deferred mail. */
struct wire_flush {
	const char *command; /* "add" */
	const char *site, *queue_id;
};
enum wire_flush_status { WIRE_FLUSH_OK = 0, WIRE_FLUSH_BAD = 3, WIRE_FLUSH_DENY = 4 };
extern const struct wire_message wire_flush;

/* Appends the whole list to TO, as VERSION has it. NULL text is "". */
void wire_put(const struct wire_message *message, int version, const void *from, struct buf *to);

/*
 * Fills INTO, as tolerant as it can be about versions: in any order, by names of any version, more
 * than is known; what is missing leaves its field alone. Text stays where ATTRS has it. NULL: it
 * has all that is needed, and numbers are numbers; else the name that is missing or malformed,
 * and INTO is half filled.
 */
const char *wire_get(const struct wire_message *message, const struct attrs *attrs, void *into);

/* The bytes of the greeting that a delivery agent owes qmgr(8) at once. */
const char *wire_greeting(int version, size_t *length);

/* What the servers announce (Postfix >= 3.6). */
#define WIRE_REQUEST_PROTOCOL "delivery_request_protocol" /* a delivery agent */
#define WIRE_STATUS_PROTOCOL "delivery_status_protocol" /* bounce, defer, trace */
#define WIRE_FLUSH_PROTOCOL "queue_flush_protocol"
#define WIRE_VERIFY_PROTOCOL "address_verification_prrotocol" /* spelled so by all versions */

/*
 * One command to one server: connects to PATH ("private/bounce"), checks the announcement
 * (Postfix >= 3.6) against PROTOCOL, writes MESSAGE with the values of the struct FROM, reads one
 * list, whose "status" is the answer. POOL is for text that is done with on return. False: a
 * warning was logged, as Postfix words it.
 */
bool wire_ask(const struct wire *wire, struct pool *pool, const char *path, const char *protocol,
	const struct wire_message *message, const void *from, int *status);

#endif

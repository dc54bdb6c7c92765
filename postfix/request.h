#ifndef POSTFIX_REQUEST_H
#define POSTFIX_REQUEST_H
/*
 * request - what the queue manager asks for, verbatim, and our verdict, as observed between qmgr(8)
 * and delivery agents.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>
#include "util/pool.h"
#include "util/why.h"
#include "postfix/attr.h"
#include "postfix/wire.h"

enum request_flag {
	REQUEST_SUCCESS = 1,        /* mark delivered recipients as done */
	REQUEST_VERIFY = 256,       /* address probe: no DATA, results to verify(8) */
	REQUEST_USER_TRACE = 512,   /* sendmail -bv: no DATA, results to trace(8) */
	REQUEST_RECORD = 1024,      /* sendmail -v: results to trace(8) as well */
	REQUEST_CONN_LOAD = 2048,   /* a kept connection is welcome */
	REQUEST_CONN_STORE = 4096,  /* keep the connection afterwards */
	REQUEST_DELAY_SENT = 8192,  /* record a success after a delay notice */
	REQUEST_TRACE_FLAGS = 9984, /* those that go to bounce, defer and trace */
	REQUEST_PROBE = REQUEST_VERIFY | REQUEST_USER_TRACE,
};

enum request_sendopt {
	SENDOPT_SMTPUTF8 = 1,
	SENDOPT_UTF8_HEADER = 2,
	SENDOPT_UTF8_SENDER = 4,
	SENDOPT_UTF8_RCPT = 8,
	SENDOPT_TLS_NOT_REQUIRED = 16, /* TLS-Required: no; 3.10 */
	SENDOPT_REQUIRETLS = 32,       /* 3.11 */
};

enum { REQUEST_MOST = 16 << 20 }; /* bytes of one request that we accept: 100,000 recipients */

/* RFC 3461 4.3 and 4.1 */
enum { DSN_RET_FULL = 1, DSN_RET_HDRS = 2 };
enum { DSN_NOTIFY_NEVER = 1, DSN_NOTIFY_SUCCESS = 2, DSN_NOTIFY_FAILURE = 4, DSN_NOTIFY_DELAY = 8 };

struct request_rcpt {
	const char *original;  /* before aliasing; "" if unknown */
	const char *address;   /* in queue form: unquoted local part */
	long offset;           /* of its record in the queue file; -1 none */
	const char *dsn_orcpt; /* "rfc822;user@example", or "" */
	int dsn_notify;        /* DSN_NOTIFY_ bits */
};

struct request {
	struct pool *pool; /* the delivery's */
	int flags;         /* REQUEST_ bits */
	const char *queue_name, *queue_id;
	long data_offset, data_size; /* bytes in the queue file */
	const char *nexthop, *encoding, *sender, *envelope_id;
	int sendopts;      /* SENDOPT_ bits */
	int dsn_ret;       /* DSN_RET_, 0 none */
	const char *stats; /* the message's times as they came: base64 of a native C struct */
	struct timeval arrived, activated, handed; /* out of it; handed: when we got the request */
	const char *client_name, *client_address, *client_port, *client_proto, *client_helo;
	const char *sasl_method, *sasl_username, *sasl_sender, *log_ident, *rewrite_context;
	int announced; /* recipient_count; the same as: */
	struct request_rcpt *rcpts;
	size_t rcpt_count; /* at least 1 */
};

enum request_got {
	REQUEST_READY,
	REQUEST_NONE,   /* qmgr had nothing for us, or is gone: just close */
	REQUEST_BROKEN, /* warned about; owe qmgr a verdict of -1 */
};

/* Greets, waits without limit for the first byte, reads the request. REQUEST has its pool. */
enum request_got request_receive(const struct wire *wire, int fd, struct request *request);

/*
 * The stats for the agent that the request is passed on to (pass.h): with the times as above. In
 * POOL.
 */
const char *request_stats(struct pool *pool, const struct request *request);

/*
 * The final reply, then waits for qmgr to close. HOP is the trouble of the destination or
 * NULL; DEFERRED: some recipient stays. Errors are ignored: qmgr may be gone.
 */
void request_reply(const struct wire *wire, int fd, const struct why *hop, bool deferred);

#endif

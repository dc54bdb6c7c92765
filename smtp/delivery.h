#ifndef SMTP_DELIVERY_H
#define SMTP_DELIVERY_H
/*
 * delivery - one request on its way: its recipients and their fates. Belongs to one
 * thread; nothing in it is shared. Every recipient is settled exactly once, whatever happens.
 */
#include <stdbool.h>
#include <stddef.h>
#include "postfix/request.h"
#include "smtp/agent.h"
#include "smtp/features.h"

enum rcpt_fate {
	RCPT_OPEN,     /* to be tried with the server in hand */
	RCPT_NEXT,     /* refused for now by the server in hand: waits for the next one */
	RCPT_SENT, RCPT_DEFERRED, RCPT_BOUNCED, /* settled: recorded and logged */
	RCPT_PASSED,   /* another agent has settled it */
};

struct rcpt {
	const struct request_rcpt *request;
	const char *address, *original; /* as the server gets to see them (smtp/outside.h) */
	enum rcpt_fate fate;
	bool accepted; /* by RCPT TO, in the transaction in hand */
};

struct delivery {
	struct pool *pool;
	const struct request *request;
	struct queuefile *file;
	const char *sender;     /* as the server gets to see it */
	bool mapped;            /* and the recipients, too: smtp_generic_maps were asked */
	struct rcpt *rcpts;
	size_t rcpt_count;
	struct destination *destinations;
	struct why why;         /* the last reason why a server or destination was no good */
	struct why hop;         /* trouble of the destination, for qmgr; hop.status NULL: none */
	struct report_session session; /* of the server in hand, for the log */
	struct features features; /* likewise: what became of TLS */
	bool final_server;      /* no other server will be tried after the one in hand */
	bool completed;         /* some session went through a whole conversation */
	bool deferred;          /* some recipient stays in the queue */
	bool corrupt;           /* the queue file is unreadable */
	bool abandoned;         /* qmgr gets no verdict: configuration that smtp(8) dies of */
	bool line_broken;       /* "breaking line" was logged */
};

/* The delivery of REQUEST with all recipients open. */
void delivery_begin(struct delivery *d, const struct request *request, struct queuefile *file);

bool rcpts_open(const struct delivery *d); /* is anybody open, or waiting for the next server? */

/* Before the next server is tried: RCPT_NEXT becomes RCPT_OPEN. */
void rcpts_reopen(struct delivery *d);

/* Is WHY a reason to try the next server rather than a verdict? */
bool delivery_tries_next(const struct agent *agent, const struct delivery *d, const struct why *why);

/* One recipient failed: waits for the next server if WHY is soft and there is one; else settled. */
void rcpt_failed(const struct agent *agent, struct delivery *d, struct rcpt *rcpt, const struct why *why);

/*
 * All open recipients failed: one log line if they wait for the next server; else each is settled.
 * Nothing happens when nobody is open (a server hung up after it had refused everybody).
 */
void rcpts_failed(const struct agent *agent, struct delivery *d, const struct why *why);

/*
 * All open recipients go to best_mx_transport, whose agent settles them. Who can't be handed over is
 * deferred.
 */
void rcpts_pass(const struct agent *agent, struct delivery *d);

/* The server took the message (or, for a probe, the recipient); TEXT is its reply. */
void rcpt_sent(const struct agent *agent, struct delivery *d, struct rcpt *rcpt, const char *status,
	const char *mta, const char *text);

#endif

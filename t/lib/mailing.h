#ifndef T_MAILING_H
#define T_MAILING_H
/*
 * mailing - a message on its way from an agent to a fake_mx, with all that is around it. Time stands
 * still, so all delays are 0; the server's port is shown as PORT.
 */
#include "smtp/delivery.h"
#include "t/lib/fake_mx.h"
#include "t/lib/fake_postfix.h"
#include "t/lib/fake_resolver.h"
#include "t/lib/test_agent.h"

struct mailing {
	struct test_agent test;
	struct fake_postfix postfix;
	struct pool message;       /* of the delivery at work: gone with the next one */
	struct pool pool;          /* of what is shown */
	struct request *request;
	struct queuefile *file;
	struct delivery d;
	struct fake_mx *mx;
	uint16_t port;
	const char *content;       /* of the next messages, lines that LF ends; NULL: a short one */
};

/* SETTINGS as for test_agent_open(). */
void mailing_open(struct mailing *m, bool lmtp, int version, const char *settings);
void mailing_close(struct mailing *m);

/* Closes and opens: the next case. */
void mailing_reopen(struct mailing *m, bool lmtp, int version, const char *settings);

/* The server is there: %u in NEXTHOP is its port. A message to RCPTS waits. */
void mailing_begin(struct mailing *m, const char *script, const char *nexthop, const char *rcpts);

/* Another message to RCPTS, while the server stays. */
void mailing_again(struct mailing *m, const char *nexthop, const char *rcpts);

/* The server is gone: what it heard. */
const char *mailing_heard(struct mailing *m);

/* What was logged since the last call, without the delays; the queue id as ID. */
const char *mailing_log(struct mailing *m);

/* What the daemons around were told since the last call. */
const char *mailing_told(struct mailing *m);

/* The recipients' fates, "ONSDBP": open, waits for the next server, sent, deferred,
   bounced, passed to another agent. */
const char *mailing_fates(struct mailing *m);

#endif

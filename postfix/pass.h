#ifndef POSTFIX_PASS_H
#define POSTFIX_PASS_H
/*
 * pass - hands one recipient of a request on to another delivery agent, in the words in which the
 * queue manager asked us (postconf(5), best_mx_transport). That agent reports the outcome, and
 * crosses the recipient off.
 */
#include "postfix/request.h"
#include "postfix/wire.h"

enum pass_outcome {
	PASS_FINISHED,  /* delivered or bounced */
	PASS_DEFERRED,  /* it stays in the queue, and was reported */
	PASS_NOBODY,    /* nobody took the request: warned about, and not reported by anybody */
	PASS_NO_ANSWER, /* nobody knows what became of it; likewise */
};

/* TRANSPORT is a service below private/; NEXTHOP takes the place of the request's own. */
enum pass_outcome pass_on(const struct wire *wire, const struct request *request,
	const struct request_rcpt *rcpt, const char *transport, const char *nexthop);

#endif

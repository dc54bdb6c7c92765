#ifndef T_FAKE_POSTFIX_H
#define T_FAKE_POSTFIX_H
/*
 * fake_postfix - the daemons around a delivery agent (bounce, defer, trace, verify, flush), and the
 * queue manager's part: a queue file and a request for it. Everything is in the working directory.
 */
#include "postfix/queuefile.h"
#include "postfix/request.h"
#include "t/postfix/fake_server.h"

enum fake_daemon { FAKE_BOUNCE, FAKE_DEFER, FAKE_TRACE, FAKE_VERIFY, FAKE_FLUSH, FAKE_DAEMONS };

struct fake_postfix {
	struct fake_server *daemons[FAKE_DAEMONS];
	unsigned long messages; /* made so far */
};

void fake_postfix_open(struct fake_postfix *postfix);
void fake_postfix_close(struct fake_postfix *postfix);

/* From now on this one answers that it could not. */
void fake_postfix_fail(struct fake_postfix *postfix, enum fake_daemon daemon);

/*
 * What they were told since the last call: "bounce a@b.test 5.1.1 (host ... said: ...)", separated
 * by "; ", daemon after daemon. In POOL.
 */
const char *fake_postfix_told(struct fake_postfix *postfix, struct pool *pool);

/*
 * A message and the request to deliver it to RCPTS ("a@b.test c@d.test") by way of NEXTHOP.
 * CONTENT: lines that LF ends. In POOL; a test may change the request before it is used.
 */
struct request *fake_postfix_request(struct fake_postfix *postfix, struct pool *pool,
	const char *nexthop, const char *rcpts, const char *content);

/* The recipients' records in its queue file now: "RD", D is crossed off. Static. */
const char *fake_postfix_marks(const struct request *request);

#endif

#include "config.h"
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "postfix/pass.h"
#include "postfix/version.h"
#include "util/log.h"
#include "util/net.h"
#include "util/text.h"

enum { CONNECT_TRIES = 10, CONNECT_PAUSE = 10 /* seconds */ };

/* One request on its way. */
struct passing {
	const struct wire *wire;
	struct pool *pool;
	const char *path; /* "private/local" */
	int fd;
};

/* A service that is being started may not be there yet. -1: it isn't. */
static int connect_patiently(const struct passing *p)
{
	for (int tries = 1;; tries++) {
		int fd = net_connect_unix(p->path, p->wire->ipc_timeout);

		if (fd >= 0)
			return fd;
		log_warning("connect #%d to subsystem %s: %s", tries, p->path,
			text_errno(p->pool, errno));
		if (tries == CONNECT_TRIES || (errno != ENOENT && errno != ECONNREFUSED))
			return -1;
		nanosleep(&(struct timespec){.tv_sec = CONNECT_PAUSE}, NULL);
	}
}

/* An agent greets by the name of its protocol; before Postfix 3.6 with a status. */
static bool greeted(const struct passing *p, struct attr_source *source)
{
	struct attrs greeting;
	const char *protocol;
	int status = -1;

	if (attr_read(source, p->pool, &greeting) != ATTR_LIST)
		return false;
	if (p->wire->version < POSTFIX(3, 6))
		return attr_get_int(&greeting, "status", &status) && status == 0;
	protocol = attr_get(&greeting, "protocol");
	return protocol && strcmp(protocol, WIRE_REQUEST_PROTOCOL) == 0;
}

static bool send_request(const struct passing *p, const struct request *request,
	const struct request_rcpt *rcpt, const char *nexthop)
{
	struct request one = *request;
	struct buf bytes = BUF(ATTR_MOST);
	bool sent;

	one.nexthop = nexthop;
	one.stats = request_stats(p->pool, request);
	one.announced = 1;
	wire_put(&wire_request, p->wire->version, &one, &bytes);
	wire_put(&wire_request_rcpt, p->wire->version, rcpt, &bytes);
	sent = !bytes.cut && attr_write(p->fd, p->wire->ipc_timeout, bytes.data, bytes.length);
	buf_close(&bytes);
	return sent;
}

/* What it says of the destination is none of our business: the queue manager asked us. */
static enum pass_outcome hear_verdict(const struct passing *p, struct attr_source *source)
{
	struct wire_verdict verdict;
	struct attrs reply;

	if (attr_read(source, p->pool, &reply) == ATTR_LIST
		&& wire_get(&wire_verdict, &reply, &verdict) == NULL)
		return verdict.status == 0 ? PASS_FINISHED : PASS_DEFERRED;
	log_warning("%s socket: malformed response", p->path);
	return PASS_NO_ANSWER;
}

static enum pass_outcome converse(const struct passing *p, const struct request *request,
	const struct request_rcpt *rcpt, const char *nexthop)
{
	struct attr_source source = {.fd = p->fd, .seconds = p->wire->ipc_timeout};

	if (greeted(p, &source) && send_request(p, request, rcpt, nexthop))
		return hear_verdict(p, &source);
	log_warning("%s socket: malformed response", p->path);
	return PASS_NOBODY;
}

enum pass_outcome pass_on(const struct wire *wire, const struct request *request,
	const struct request_rcpt *rcpt, const char *transport, const char *nexthop)
{
	struct pool pool = {0};
	struct passing p = {.wire = wire, .pool = &pool};
	enum pass_outcome outcome = PASS_NOBODY;

	p.path = pool_format(&pool, "private/%s", transport);
	p.fd = connect_patiently(&p);
	if (p.fd >= 0) {
		outcome = converse(&p, request, rcpt, nexthop);
		close(p.fd);
	}
	pool_free(&pool);
	return outcome;
}

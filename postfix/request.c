#include "config.h"
#include <poll.h>
#include <string.h>
#include "postfix/queuefile.h"
#include "postfix/request.h"
#include "util/base64.h"
#include "util/clock.h"
#include "util/log.h"

enum {
	RCPTS_FIRST = 64,  /* room for recipients before any came; then it doubles */
	STATS_MOST = 1024, /* bytes; it has 88 */
};

/* The sendopts that Postfix before 3.10 knows, which calls them smtputf8. */
enum {
	SMTPUTF8_BITS =
		SENDOPT_SMTPUTF8 | SENDOPT_UTF8_HEADER | SENDOPT_UTF8_SENDER | SENDOPT_UTF8_RCPT
};

static const struct request blank = {
	.queue_name = "",
	.queue_id = "",
	.nexthop = "",
	.encoding = "",
	.sender = "",
	.envelope_id = "",
	.stats = "",
	.client_name = "",
	.client_address = "",
	.client_port = "",
	.client_proto = "",
	.client_helo = "",
	.sasl_method = "",
	.sasl_username = "",
	.sasl_sender = "",
	.log_ident = "",
	.rewrite_context = "",
};

static bool bad(const char *name)
{
	log_warning("delivery request: no attribute %s, or malformed", name);
	return false;
}

static bool no_attributes(const char *which)
{
	log_warning("deliver_request_get: error receiving %s attributes", which);
	return false;
}

static bool valid(const struct request *request)
{
	if (!queuefile_good_name(request->queue_name))
		log_warning("bad mail queue name: %s", request->queue_name);
	else if (!queuefile_good_id(request->queue_id))
		log_warning("bad mail queue id: %s", request->queue_id);
	else if (request->data_offset < 0)
		return bad("offset");
	else if (request->data_size < 0)
		return bad("size");
	else if (*request->nexthop == '\0')
		log_warning("%s: empty nexthop hostname", request->queue_id);
	else if (request->announced < 1)
		log_warning("%s: no recipients in delivery request for destination %s",
			request->queue_id, request->nexthop);
	else
		return true;
	return false;
}

/* The first list: all but the recipients. */
static bool receive_common(struct attr_source *source, struct request *request, size_t *bytes)
{
	struct attrs attrs;
	const char *name;

	if (attr_read(source, request->pool, &attrs) != ATTR_LIST)
		return no_attributes("common");
	if ((name = wire_get(&wire_request, &attrs, request)))
		return bad(name) || no_attributes("common");
	if (attr_get(&attrs, "sendopts") == NULL)
		request->sendopts &= SMTPUTF8_BITS;
	*bytes = attrs.bytes;
	return valid(request);
}

/* Memory is taken as recipients come, not as they are announced. */
static void add_rcpt(struct request *request, size_t *room, const struct request_rcpt *rcpt)
{
	size_t announced = (size_t)request->announced, more = *room ? *room * 2 : RCPTS_FIRST;
	struct request_rcpt *rcpts;

	if (request->rcpt_count == *room) {
		*room = more < announced ? more : announced;
		rcpts = POOL_ARRAY(request->pool, struct request_rcpt, *room);
		if (request->rcpt_count > 0)
			memcpy(rcpts, request->rcpts, request->rcpt_count * sizeof *rcpts);
		request->rcpts = rcpts;
	}
	request->rcpts[request->rcpt_count++] = *rcpt;
}

static bool receive_rcpt(struct attr_source *source, struct request *request, size_t *room,
	size_t *bytes)
{
	struct request_rcpt rcpt = {.original = "", .address = "", .offset = -1, .dsn_orcpt = ""};
	struct attrs attrs;
	const char *name;

	if (attr_read(source, request->pool, &attrs) != ATTR_LIST
		|| (*bytes += attrs.bytes) > REQUEST_MOST)
		return no_attributes("recipient");
	if ((name = wire_get(&wire_request_rcpt, &attrs, &rcpt)))
		return bad(name) || no_attributes("recipient");
	add_rcpt(request, room, &rcpt);
	return true;
}

/* Is it a time that can be subtracted from another? */
static bool is_time(const struct timeval *time)
{
	return time->tv_sec > 0 && time->tv_sec < (time_t)1 << 40 && time->tv_usec >= 0
		&& time->tv_usec < 1000000;
}

/* What the C struct in request.stats begins with; its size depends on the version of Postfix. */
struct stats {
	struct timeval arrived, activated, handed;
};

/* False: REQUEST has none. */
static bool decode_stats(const struct request *request, struct buf *raw)
{
	return base64_decode(raw, request->stats, strlen(request->stats))
		&& raw->length >= sizeof(struct stats);
}

/* An agent that passed the request on has set when it got it. What is missing or no time is now. */
static void read_stats(struct request *request)
{
	struct stats stats = {.arrived = {.tv_sec = 0}};
	struct timeval now = clock_wall();
	struct buf raw = BUF(STATS_MOST);

	if (decode_stats(request, &raw))
		memcpy(&stats, raw.data, sizeof stats);
	buf_close(&raw);
	request->handed = is_time(&stats.handed) ? stats.handed : now;
	request->arrived = is_time(&stats.arrived) ? stats.arrived : request->handed;
	request->activated = is_time(&stats.activated) ? stats.activated : request->arrived;
}

const char *request_stats(struct pool *pool, const struct request *request)
{
	const struct stats stats = {request->arrived, request->activated, request->handed};
	struct buf raw = BUF(STATS_MOST), text = BUF(0);
	const char *result = request->stats;

	if (decode_stats(request, &raw)) {
		memcpy(raw.data, &stats, sizeof stats);
		base64_encode(&text, raw.data, raw.length);
		result = pool_text(pool, buf_text(&text));
	}
	buf_close(&raw);
	buf_close(&text);
	return result;
}

static bool receive(struct attr_source *source, struct request *request)
{
	size_t room = 0, bytes = 0;

	if (!receive_common(source, request, &bytes))
		return false;
	while (request->rcpt_count < (size_t)request->announced)
		if (!receive_rcpt(source, request, &room, &bytes))
			return false;
	read_stats(request);
	return true;
}

enum request_got request_receive(const struct wire *wire, int fd, struct request *request)
{
	struct attr_source source = {.fd = fd, .seconds = 0};
	struct pool *pool = request->pool;
	const char *greeting;
	size_t length;

	*request = blank;
	request->pool = pool;
	greeting = wire_greeting(wire->version, &length);
	if (!attr_write(fd, wire->ipc_timeout, greeting, length) || attr_wait(&source) != ATTR_LIST)
		return REQUEST_NONE;
	source.seconds = wire->ipc_timeout;
	return receive(&source, request) ? REQUEST_READY : REQUEST_BROKEN;
}

/* The queue manager closes when it has read the reply; we don't before. */
static void wait_for_close(int fd, int seconds)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN | POLLRDHUP};

	poll(&polled, 1, seconds > 0 && seconds < 1000000 ? seconds * 1000 : -1);
}

void request_reply(const struct wire *wire, int fd, const struct why *hop, bool deferred)
{
	struct wire_verdict verdict = {.status = deferred ? -1 : 0};
	struct buf reply = BUF(ATTR_MOST);

	if (hop && hop->status) {
		verdict.dsn = hop->status;
		verdict.diag_type = hop->said ? hop->said_type : NULL;
		verdict.diag_text = hop->said;
		verdict.mta_type = hop->mta ? "dns" : NULL;
		verdict.mta = hop->mta;
		verdict.reason = hop->text;
	}
	wire_put(&wire_verdict, wire->version, &verdict, &reply);
	if (attr_write(fd, wire->ipc_timeout, buf_text(&reply), reply.length))
		wait_for_close(fd, wire->ipc_timeout);
	buf_close(&reply);
}

#include "config.h"
#include <assert.h>
#include <string.h>
#include "postfix/pass.h"
#include "postfix/version.h"
#include "smtp/delivery.h"
#include "util/log.h"

void delivery_begin(struct delivery *d, const struct request *request, struct queuefile *file)
{
	*d = (struct delivery){.pool = request->pool, .request = request, .file = file};
	d->why.pool = d->hop.pool = d->pool;
	d->session.relay = "none";
	d->sender = request->sender;
	d->rcpt_count = request->rcpt_count;
	d->rcpts = POOL_ARRAY(d->pool, struct rcpt, d->rcpt_count);
	for (size_t i = 0; i < d->rcpt_count; i++) {
		d->rcpts[i].request = &request->rcpts[i];
		d->rcpts[i].address = request->rcpts[i].address;
		d->rcpts[i].original = request->rcpts[i].original;
	}
}

bool rcpts_open(const struct delivery *d)
{
	for (size_t i = 0; i < d->rcpt_count; i++)
		if (d->rcpts[i].fate == RCPT_OPEN || d->rcpts[i].fate == RCPT_NEXT)
			return true;
	return false;
}

void rcpts_reopen(struct delivery *d)
{
	for (size_t i = 0; i < d->rcpt_count; i++)
		if (d->rcpts[i].fate == RCPT_NEXT)
			d->rcpts[i].fate = RCPT_OPEN;
}

bool delivery_tries_next(const struct agent *agent, const struct delivery *d, const struct why *why)
{
	bool soft = why_soft(why) || agent->config->soft_bounce || why->elsewhere;

	return soft && !d->final_server;
}

/* The one place where a fate is written. */
static void settle(const struct agent *agent, struct delivery *d, struct rcpt *rcpt,
	enum report_fate fate, const struct why *why)
{
	bool finished;

	assert(rcpt->fate == RCPT_OPEN);
	if (agent->config->log_tls_feature_status)
		d->session.tls_status = features_text(d->pool, &d->features);
	finished = report(&agent->reporter, d->request, d->file, rcpt->request, fate, why, &d->session);
	rcpt->fate = fate == REPORT_SENT ? RCPT_SENT : finished ? RCPT_BOUNCED : RCPT_DEFERRED;
	d->deferred = d->deferred || !finished;
}

static void settle_failure(const struct agent *agent, struct delivery *d, struct rcpt *rcpt,
	const struct why *why)
{
	settle(agent, d, rcpt, why_soft(why) ? REPORT_DEFERRED : REPORT_BOUNCED, why);
}

void rcpt_failed(const struct agent *agent, struct delivery *d, struct rcpt *rcpt,
	const struct why *why)
{
	d->why = *why;
	if (delivery_tries_next(agent, d, why)) {
		log_tagged(LOG_SEVERITY_INFO, "%s", why->text);
		rcpt->fate = RCPT_NEXT;
	} else {
		settle_failure(agent, d, rcpt, why);
	}
}

/* Trouble of the destination, which qmgr should leave alone for a while. */
static void note_hop(struct delivery *d, const struct why *why, bool deferred)
{
	if (why->site && deferred && !d->completed && d->hop.status == NULL)
		d->hop = *why;
}

/* Is there anybody whom the server in hand could still refuse? */
static bool any_open(const struct delivery *d)
{
	for (size_t i = 0; i < d->rcpt_count; i++)
		if (d->rcpts[i].fate == RCPT_OPEN)
			return true;
	return false;
}

void rcpts_failed(const struct agent *agent, struct delivery *d, const struct why *why)
{
	bool next = delivery_tries_next(agent, d, why), deferred = false;

	if (!any_open(d))
		return;
	d->why = *why;
	if (next)
		log_tagged(LOG_SEVERITY_INFO, "%s", why->text);
	for (size_t i = 0; i < d->rcpt_count; i++) {
		struct rcpt *rcpt = &d->rcpts[i];

		if (rcpt->fate != RCPT_OPEN)
			continue;
		if (next) {
			rcpt->fate = RCPT_NEXT;
			continue;
		}
		settle_failure(agent, d, rcpt, why);
		deferred = deferred || rcpt->fate == RCPT_DEFERRED;
	}
	note_hop(d, why, deferred);
}

void rcpt_sent(const struct agent *agent, struct delivery *d, struct rcpt *rcpt, const char *status,
	const char *mta, const char *text)
{
	struct why what = {.pool = d->pool};

	why_set(&what, status, "%s", text);
	why_said(&what, mta, "smtp", text);
	settle(agent, d, rcpt, REPORT_SENT, &what);
}

/* "transport" or "transport:nexthop"; without one, the request's own. */
static void best_mx(const struct agent *agent, struct delivery *d, const char **transport,
	const char **nexthop)
{
	const char *value = agent->config->best_mx_transport;
	size_t length = strcspn(value, ":");

	*transport = pool_bytes(d->pool, value, length);
	*nexthop = value[length] && value[length + 1] ? value + length + 1 : d->request->nexthop;
}

static void pass_one(const struct agent *agent, struct delivery *d, struct rcpt *rcpt)
{
	struct why why = {.pool = d->pool};
	const char *transport, *nexthop;
	enum pass_outcome outcome;

	best_mx(agent, d, &transport, &nexthop);
	if (agent->config->version >= POSTFIX(3, 6))
		log_tagged(LOG_SEVERITY_INFO, "passing <%s> to transport=%s",
			report_address(&agent->reporter, d->pool, rcpt->request->address),
			transport);
	outcome = pass_on(&agent->wire, d->request, rcpt->request, transport, nexthop);
	if (outcome == PASS_FINISHED || outcome == PASS_DEFERRED) {
		rcpt->fate = RCPT_PASSED;
		d->deferred = d->deferred || outcome == PASS_DEFERRED;
		return;
	}
	why_set(&why, "4.3.0", outcome == PASS_NOBODY ? "mail transport unavailable"
		: "unknown mail transport error");
	settle_failure(agent, d, rcpt, &why);
}

void rcpts_pass(const struct agent *agent, struct delivery *d)
{
	for (size_t i = 0; i < d->rcpt_count; i++)
		if (d->rcpts[i].fate == RCPT_OPEN)
			pass_one(agent, d, &d->rcpts[i]);
}

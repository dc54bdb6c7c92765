#include "config.h"
#include <string.h>
#include <strings.h>
#include "postfix/address.h"
#include "postfix/version.h"
#include "smtp/headers.h"
#include "util/log.h"
#include "util/text.h"

enum { DELIVERED_TO_MOST = 1000 }; /* headers looked at */

static const char *return_path(const struct delivery *d)
{
	const char *sender = d->request->sender;

	return pool_format(d->pool, "Return-Path: <%s>",
		sender[0] ? address_quote_5322(d->pool, sender) : "");
}

static const char *delivered_to(const struct delivery *d)
{
	return pool_format(d->pool, "Delivered-To: %s",
		address_quote_5322(d->pool, d->rcpts[0].request->address));
}

struct list headers_prepend(const struct agent *agent, const struct delivery *d)
{
	bool old = agent->config->version < POSTFIX(3, 6); /* had them the other way round */
	const char *original = d->rcpts[0].request->original;
	struct list lines = {.pool = d->pool};

	if (old && (agent->flags & AGENT_DELIVERED_TO))
		list_add(&lines, delivered_to(d));
	if (!old && (agent->flags & AGENT_RETURN_PATH))
		list_add(&lines, return_path(d));
	if ((agent->flags & AGENT_ORIGINAL_TO) && original[0])
		list_add(&lines, pool_format(d->pool, "X-Original-To: %s",
			address_quote_5322(d->pool, original)));
	if (old && (agent->flags & AGENT_RETURN_PATH))
		list_add(&lines, return_path(d));
	if (!old && (agent->flags & AGENT_DELIVERED_TO))
		list_add(&lines, delivered_to(d));
	return lines;
}

/* Is this header line a Delivered-To: with ADDRESS? */
static bool names(const char *line, size_t length, const char *address)
{
	static const char label[] = "Delivered-To:";
	struct pool pool = {0};
	bool same;

	if (length < sizeof label - 1 || strncasecmp(line, label, sizeof label - 1) != 0)
		return false;
	same = text_same(text_trim(&pool, pool_bytes(&pool, line + sizeof label - 1,
		length - (sizeof label - 1))), address);
	pool_free(&pool);
	return same;
}

/* Reads the primary header only. */
static bool was_delivered_to(const struct delivery *d, const char *address)
{
	const char *data;
	size_t length;
	enum record record;

	queuefile_rewind(d->file, d->request->data_offset);
	for (int i = 0; i < DELIVERED_TO_MOST; i++) {
		record = queuefile_next(d->file, &data, &length);
		if ((record != RECORD_LINE && record != RECORD_PART) || length == 0)
			return false;
		if (names(data, length, address))
			return true;
	}
	return false;
}

static bool single_only(const struct agent *agent, struct delivery *d, int letter)
{
	struct why why = {.pool = d->pool};

	log_warning("flag `%c' requires %s_destination_recipient_limit = 1", letter, agent->service);
	why_set(&why, "4.3.5", "mail system configuration error");
	rcpts_failed(agent, d, &why);
	return true;
}

bool headers_refuse(const struct agent *agent, struct delivery *d)
{
	unsigned flags = agent->flags;
	struct why why = {.pool = d->pool};
	const char *address;

	d->session = (struct report_session){.relay = agent->service};
	d->final_server = true;
	if ((flags & AGENT_DELIVERED_TO) && d->rcpt_count > 1)
		return single_only(agent, d, 'D');
	if ((flags & AGENT_ORIGINAL_TO) && d->rcpt_count > 1)
		return single_only(agent, d, 'O');
	if (!(flags & AGENT_DELIVERED_TO))
		return false;
	address = address_quote_5322(d->pool, d->rcpts[0].request->address);
	if (!was_delivered_to(d, address))
		return false;
	why_set(&why, "5.4.6", "mail forwarding loop for %s", d->rcpts[0].request->address);
	rcpts_failed(agent, d, &why);
	return true;
}

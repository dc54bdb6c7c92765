#include "config.h"
#include <string.h>
#include <strings.h>
#include "postfix/address.h"
#include "postfix/version.h"
#include "smtp/headers.h"
#include "smtp/outside.h"
#include "util/log.h"
#include "util/text.h"

enum { DELIVERED_TO_MOST = 1000 }; /* of them that are looked at */

static const char *return_path(const struct delivery *d)
{
	return pool_format(d->pool, "Return-Path: <%s>",
		d->sender[0] ? address_quote_5322(d->pool, d->sender) : "");
}

static const char *delivered_to(const struct delivery *d)
{
	return pool_format(d->pool, "Delivered-To: %s",
		address_quote_5322(d->pool, d->rcpts[0].address));
}

struct list headers_prepend(const struct agent *agent, const struct delivery *d)
{
	bool old = agent->config->version < POSTFIX(3, 6); /* had them the other way round */
	const char *original = d->rcpts[0].original;
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

/* What follows "Delivered-To:" in this header line, or NULL. */
static const char *delivered_value(struct pool *pool, const char *line, size_t length)
{
	static const char label[] = "Delivered-To:";

	if (length < sizeof label - 1 || strncasecmp(line, label, sizeof label - 1) != 0)
		return NULL;
	return text_trim(pool, pool_bytes(pool, line + sizeof label - 1, length - (sizeof label - 1)));
}

/* Reads the primary header only, and of a header only its first line. */
static bool was_delivered_to(const struct delivery *d, const char *address)
{
	struct pool pool = {0};
	const char *data, *value;
	size_t length;
	enum record record = RECORD_LINE;
	bool goes_on = false, found = false;
	int seen = 0;

	queuefile_rewind(d->file, d->request->data_offset);
	while (!found && seen < DELIVERED_TO_MOST) {
		record = queuefile_next(d->file, &data, &length);
		if ((record != RECORD_LINE && record != RECORD_PART) || (length == 0 && !goes_on))
			break;
		value = goes_on ? NULL : delivered_value(&pool, data, length);
		found = value && text_same(value, address);
		seen += value != NULL;
		goes_on = record == RECORD_PART;
	}
	pool_free(&pool);
	return found;
}

/* DETAIL: what is to stand behind Postfix's words; "" nothing, as they follow a warning. */
static bool misconfigured(const struct agent *agent, struct delivery *d, const char *detail)
{
	struct why why = {.pool = d->pool};

	why_set(&why, "4.3.5", "mail system configuration error%s%s", *detail ? ": " : "", detail);
	rcpts_failed(agent, d, &why);
	return true;
}

static bool single_only(const struct agent *agent, struct delivery *d, int letter)
{
	log_warning("flag `%c' requires %s_destination_recipient_limit = 1", letter, agent->service);
	return misconfigured(agent, d, "");
}

bool headers_refuse(const struct agent *agent, struct delivery *d)
{
	unsigned flags = agent->flags;
	struct why why = {.pool = d->pool};
	const char *address, *trouble;

	d->session = (struct report_session){.relay = agent->service};
	d->final_server = true;
	if ((flags & AGENT_DELIVERED_TO) && d->rcpt_count > 1)
		return single_only(agent, d, 'D');
	if ((flags & AGENT_ORIGINAL_TO) && d->rcpt_count > 1)
		return single_only(agent, d, 'O');
	if (!(flags & AGENT_DELIVERED_TO))
		return false;
	if (!outside_envelope(agent, d, &trouble))
		return misconfigured(agent, d, trouble);
	address = address_quote_5322(d->pool, d->rcpts[0].address);
	if (!was_delivered_to(d, address))
		return false;
	why_set(&why, "5.4.6", "mail forwarding loop for %s", d->rcpts[0].request->address);
	rcpts_failed(agent, d, &why);
	return true;
}

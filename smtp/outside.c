#include "config.h"
#include <string.h>
#include "postfix/address_list.h"
#include "postfix/field.h"
#include "smtp/outside.h"

/* Those that smtp(8) 3.7 was seen to change. */
static const char *const address_headers[] = {"Apparently-To", "Bcc", "Cc",
	"Disposition-Notification-To", "Errors-To", "From", "Mail-Followup-To", "Reply-To", "Resent-Bcc",
	"Resent-Cc", "Resent-From", "Resent-Reply-To", "Resent-Sender", "Resent-To", "Return-Path",
	"Return-Receipt-To", "Sender", "To"};

static bool map_address(const struct agent *agent, struct pool *pool, const char *address,
	const char **outside, const char **trouble)
{
	*outside = address;
	if (agent->generic.maps == NULL || *address == '\0')
		return true;
	return rewrite_address(&agent->generic, pool, address, outside, trouble) != TABLE_ERROR;
}

/* The original recipient only shows in X-Original-To. */
static bool map_rcpt(const struct agent *agent, struct pool *pool, struct rcpt *rcpt,
	const char **trouble)
{
	const struct request_rcpt *request = rcpt->request;

	return map_address(agent, pool, request->address, &rcpt->address, trouble)
		&& (!(agent->flags & AGENT_ORIGINAL_TO)
			|| map_address(agent, pool, request->original, &rcpt->original, trouble));
}

bool outside_envelope(const struct agent *agent, struct delivery *d, const char **trouble)
{
	if (d->mapped)
		return true;
	if (!map_address(agent, d->pool, d->request->sender, &d->sender, trouble))
		return false;
	for (size_t i = 0; i < d->rcpt_count; i++)
		if (!map_rcpt(agent, d->pool, &d->rcpts[i], trouble))
			return false;
	d->mapped = true;
	return true;
}

bool outside_applies(const char *header)
{
	size_t name = field_name(header, strlen(header));

	for (size_t i = 0; i < COUNT(address_headers); i++)
		if (field_is(header, name, address_headers[i]))
			return true;
	return false;
}

/* *changed: an address of LIST was found. */
static bool map_list(const struct agent *agent, struct pool *pool, struct address_list *list,
	bool *changed, const char **trouble)
{
	enum table_answer answer;

	for (size_t i = 0; i < list->count; i++) {
		struct address_token *token = &list->tokens[i];

		if (token->is != ADDRESS_MAILBOX)
			continue;
		answer = rewrite_address(&agent->generic, pool, token->text, &token->text, trouble);
		if (answer == TABLE_ERROR)
			return false;
		*changed = *changed || answer == TABLE_FOUND;
	}
	return true;
}

bool outside_header(const struct agent *agent, struct pool *pool, struct buf *header,
	const char **trouble)
{
	struct pool scratch = {0};
	const char *text = buf_text(header), *reason = "";
	size_t name = field_name(text, strlen(text));
	struct address_list list = address_list_parse(&scratch, strchr(text, ':') + 1);
	bool changed = false, known = map_list(agent, &scratch, &list, &changed, &reason);
	const char *label = pool_bytes(&scratch, text, name);

	if (known && changed) {
		buf_clear(header);
		address_list_print(&list, label, header);
	}
	if (!known)
		*trouble = pool_text(pool, reason);
	pool_free(&scratch);
	return known;
}

#include <string.h>
#include "util/log.h"
#include "postfix/address.h"
#include "postfix/address_list.h"
#include "postfix/attr.h"
#include "postfix/rewrite.h"

struct rewriting {
	const struct rewriter *by;
	struct pool *pool;
	const char *address;   /* that is looked up */
	struct buf extension;  /* of it that no key had */
	const char *reason;    /* why it can't be known, in POOL */
};

static size_t local_length(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? (size_t)(at - address) : strlen(address);
}

/* Asks trivial-rewrite(8) for the local user's view of ADDRESS (header form). NULL: no answer. */
static const char *complete(const struct rewriting *r, const char *address)
{
	struct buf request = BUF(0);
	struct attrs reply;
	const char *answer = NULL;

	attr_text(&request, "request", "rewrite");
	attr_text(&request, "rule", "local");
	attr_text(&request, "address", address);
	attr_end(&request);
	if (service_ask(r->by->service, &request, r->pool, &reply))
		answer = attr_get(&reply, "address");
	buf_close(&request);
	return answer ? address_unquote(r->pool, answer) : NULL;
}

/* The next address of LIST at or behind *AT, in header form; "" for "<>". NULL: there is none. */
static const char *next_address(const struct address_list *list, size_t *at)
{
	while (*at < list->count) {
		const struct address_token *token = &list->tokens[(*at)++];

		if (token->is == ADDRESS_MAILBOX)
			return token->written;
		if (token->is == ADDRESS_NOBODY)
			return "";
	}
	return NULL;
}

/* "user+ext@domain" */
static const char *with_extension(const struct rewriting *r, const char *address)
{
	size_t local = local_length(address);

	if (!r->by->propagate)
		return address;
	return pool_format(r->pool, "%.*s%s%s", (int)local, address, buf_text(&r->extension),
		address + local);
}

/* A result that begins with "@" is another domain for the key that was found (generic(5)). */
static const char *expand(const struct rewriting *r, const char *result)
{
	size_t local = local_length(r->address) - r->extension.length;

	if (result[0] != '@')
		return result;
	return address_quote_5322(r->pool,
		pool_format(r->pool, "%.*s%s", (int)local, r->address, result));
}

static enum table_answer understand(struct rewriting *r, const char *result, const char **new)
{
	struct address_list list = address_list_parse(r->pool, expand(r, result));
	size_t at = 0;
	const char *first = next_address(&list, &at), *completed;

	if (first == NULL) {
		r->reason = pool_format(r->pool, "lookup of %s returns non-address result \"%s\"",
			r->address, result);
		log_warning("%s %s", r->by->param, r->reason);
		return TABLE_ERROR;
	}
	if (next_address(&list, &at))
		log_warning("multi-valued %s result for %s", r->by->param, r->address);
	completed = complete(r, first);
	if (completed == NULL) {
		r->reason = pool_format(r->pool, "no answer from trivial-rewrite(8) for %s", first);
		return TABLE_ERROR;
	}
	*new = with_extension(r, completed);
	return TABLE_FOUND;
}

enum table_answer rewrite_address(const struct rewriter *rewriter, struct pool *pool,
	const char *address, const char **new, const char **trouble)
{
	struct rewriting rewriting = {.by = rewriter, .pool = pool, .address = address};
	struct buf result = BUF(0);
	enum table_answer answer = lookup_by_address(rewriter->parts, rewriter->maps, address,
		false, &result, &rewriting.extension);

	if (answer == TABLE_ERROR)
		rewriting.reason = pool_text(pool, buf_text(&result));
	if (answer == TABLE_FOUND)
		answer = understand(&rewriting, buf_text(&result), new);
	if (answer == TABLE_ERROR) {
		log_error("%s map lookup problem for %s", rewriter->param, address);
		*trouble = pool_format(pool, "%s: %s", rewriter->param, rewriting.reason);
	}
	buf_close(&result);
	buf_close(&rewriting.extension);
	return answer;
}

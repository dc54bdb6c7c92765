#include <string.h>
#include "util/text.h"
#include "postfix/address.h"
#include "postfix/lookup_address.h"

struct search {
	const struct tables *tables;
	struct pool pool;
	bool both_forms;
	struct buf *result;
};

static bool is_one_of(const char *user, size_t length, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == length && text_starts_any_case(user, names[i]))
			return true;
	return false;
}

/* owner-list and list-request are names of their own where '-' is a delimiter. */
static bool is_about_list(const char *user, size_t length)
{
	static const char owner[] = "owner-", request[] = "-request";

	return text_starts_any_case(user, owner)
		|| (length >= strlen(request)
			&& text_starts_any_case(user + length - strlen(request), request));
}

/* The length of the USER of LENGTH bytes without its extension: LENGTH if it has none. */
static size_t without_extension(const struct address_parts *parts, const char *user, size_t length)
{
	const char *const whole[] = {"postmaster", "mailer-daemon", parts->double_bounce_sender};
	size_t end = strcspn(user, parts->recipient_delimiter);

	if (end == 0 || end >= length || is_one_of(user, length, whole, COUNT(whole)))
		return length;
	if (parts->owner_request_special && strchr(parts->recipient_delimiter, '-')
		&& is_about_list(user, length))
		return length;
	return end;
}

static enum match_answer is_own(const struct address_parts *parts, const char *domain)
{
	size_t length = strlen(domain);
	struct pool pool = {0};
	struct addr addr;
	enum match_answer own = MATCH_NO;

	if (*domain != '[' || domain[length - 1] != ']' || parts->is_own == NULL)
		return MATCH_NO;
	domain = pool_bytes(&pool, domain + 1, length - 2);
	if (text_starts_any_case(domain, "IPv6:"))
		domain += strlen("IPv6:");
	if (addr_parse(&addr, domain, 0))
		own = parts->is_own(parts->is_own_context, &addr);
	pool_free(&pool);
	return own;
}

/* MATCH_ERROR: *unknown is the parameter that it is for. */
static enum match_answer is_local(const struct address_parts *parts, const char *domain,
	const char **unknown)
{
	enum match_answer own;

	if (text_same(domain, parts->myorigin))
		return MATCH_YES;
	*unknown = "proxy_interfaces";
	own = is_own(parts, domain);
	if (own != MATCH_NO)
		return own;
	*unknown = "mydestination";
	return match_find(parts->mydestination, domain, NULL);
}

static enum table_answer ask(struct search *search, enum table_kind kinds, const char *user,
	size_t length, const char *at_domain)
{
	const char *key = pool_format(&search->pool, "%.*s%s", (int)length, user, at_domain);
	const char *quoted = *key ? address_quote_5322(&search->pool, key) : "\"\"";
	enum table_answer answer = tables_find_in(search->tables, kinds, quoted, search->result);

	if (answer == TABLE_NONE && search->both_forms && strcmp(quoted, key) != 0)
		answer = tables_find_in(search->tables, kinds, key, search->result);
	return answer;
}

/* user+ext, then user. *bare: the answer is to the second. */
static enum table_answer ask_user(struct search *search, enum table_kind kinds, const char *user,
	size_t length, size_t base, const char *at_domain, bool *bare)
{
	enum table_answer answer = ask(search, kinds, user, length, at_domain);

	*bare = false;
	if (answer != TABLE_NONE || base == length)
		return answer;
	*bare = true;
	return ask(search, TABLE_FIXED, user, base, at_domain);
}

static enum table_answer locality_unknown(const char *unknown, struct buf *result)
{
	buf_clear(result);
	buf_addf(result, "lookup error in %s", unknown);
	return TABLE_ERROR;
}

enum table_answer lookup_by_address(const struct address_parts *parts, const struct tables *tables,
	const char *address, bool both_forms, struct buf *result, struct buf *extension)
{
	struct search search = {.tables = tables, .both_forms = both_forms, .result = result};
	const char *at = strrchr(address, '@');
	size_t length = at ? (size_t)(at - address) : strlen(address);
	size_t base = without_extension(parts, address, length);
	const char *unknown;
	bool bare, partial = at && tables_have(tables, TABLE_FIXED);
	enum match_answer local = MATCH_NO;
	enum table_answer answer =
		ask_user(&search, TABLE_ANY, address, length, base, at ? at : "", &bare);

	if (answer == TABLE_NONE && partial)
		local = is_local(parts, at + 1, &unknown);
	if (local == MATCH_ERROR)
		answer = locality_unknown(unknown, result);
	if (local == MATCH_YES)
		answer = ask_user(&search, TABLE_FIXED, address, length, base, "", &bare);
	if (answer == TABLE_NONE && partial) {
		bare = false;
		answer = tables_find_in(tables, TABLE_FIXED, at, result);
	}
	if (extension)
		buf_clear(extension);
	if (extension && bare && answer == TABLE_FOUND)
		buf_add(extension, address + base, length - base);
	pool_free(&search.pool);
	return answer;
}

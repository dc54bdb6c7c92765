#include "config.h"
#include <string.h>
#include "postfix/version.h"
#include "smtp/requiretls.h"
#include "util/addr.h"
#include "util/log.h"
#include "util/text.h"

struct item {
	const char *word;          /* an action; not looked at if there is a table */
	const struct table *table;
};

struct requiretls_policy {
	const char *param;
	struct item *items;
	size_t count;
};

struct requiretls_policy *requiretls_open(struct table_set *set, struct pool *pool,
	const char *param, const char *value)
{
	struct requiretls_policy *policy = POOL_NEW(pool, struct requiretls_policy);
	const char *rest = value, *token;
	size_t room = 0;

	while (text_token(pool, &rest, TEXT_LIST_SEPARATORS, true))
		room++;
	if (room == 0)
		return NULL;
	policy->param = pool_text(pool, param);
	policy->items = POOL_ARRAY(pool, struct item, room);
	rest = value;
	while ((token = text_token(pool, &rest, TEXT_LIST_SEPARATORS, true)) != NULL) {
		struct item *item = &policy->items[policy->count++];

		item->word = token;
		if (strchr(token, ':'))
			item->table = table_open(set, token, TABLE_LOCK | TABLE_FOLD | TABLE_UTF8);
	}
	return policy;
}

bool requiretls_asked(const struct config *config, const struct request *request)
{
	return (request->sendopts & SENDOPT_REQUIRETLS) && config->version >= POSTFIX(3, 11)
		&& config->requiretls_enable;
}

static enum requiretls action(const char *word, const char *origin)
{
	static const struct {
		const char *word;
		enum requiretls action;
	} words[] = {{"enforce", REQUIRETLS_ENFORCE}, {"opportunistic+starttls", REQUIRETLS_STARTTLS},
		{"opportunistic", REQUIRETLS_OPPORTUNISTIC}, {"disable", REQUIRETLS_OFF},
		{"error", REQUIRETLS_ERROR}};

	for (size_t i = 0; i < COUNT(words); i++)
		if (text_same(word, words[i].word))
			return words[i].action;
	log_warning("%s: unknown policy action: '%s' -- ignoring the remainder of this policy", origin,
		word);
	return REQUIRETLS_ERROR;
}

/* A table's answer is one action: no list, and no table. */
static enum requiretls result(const struct table *table, const char *text)
{
	struct pool pool = {0};
	const char *word = text_trim(&pool, text);
	const char *what = strpbrk(word, TEXT_LIST_SEPARATORS "{}") ? "composite"
		: strchr(word, ':') ? "nested" : NULL;
	enum requiretls found = REQUIRETLS_ERROR;

	if (what)
		log_warning("table %s: %s lookup result \"%s\" is not allowed -- ignoring remainder of"
			" policy", table_known(table), what, word);
	else
		found = action(word, table_known(table));
	pool_free(&pool);
	return found;
}

/* The domain, then ".parent", ".grandparent" where the table has fixed keys. */
static enum table_answer search(const struct table *table, const char *domain, struct buf *answer)
{
	enum table_answer found = table_find(table, domain, answer);
	const char *parent = domain;

	if (!table_is(table, TABLE_FIXED) || addr_is_numeric(domain))
		return found;
	while (found == TABLE_NONE && (parent = strchr(parent + 1, '.')) != NULL)
		found = table_find(table, parent, answer);
	return found;
}

static enum requiretls find(const struct requiretls_policy *policy, const char *domain)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct item *item = &policy->items[i];
		struct buf answer = BUF(0);
		enum table_answer found = TABLE_NONE;
		enum requiretls action_found = REQUIRETLS_ERROR;

		if (item->table == NULL)
			return action(item->word, policy->param);
		found = search(item->table, domain, &answer);
		if (found == TABLE_FOUND)
			action_found = result(item->table, buf_text(&answer));
		else if (found == TABLE_ERROR)
			log_warning("%s: %s: table lookup error -- ignoring the remainder of this"
				" policy", policy->param, table_name(item->table));
		buf_close(&answer);
		if (found != TABLE_NONE)
			return action_found;
	}
	return REQUIRETLS_ENFORCE;
}

enum requiretls requiretls_find(const struct requiretls_policy *policy, const struct destination *to)
{
	if (to->ascii == NULL)
		log_warning("%s: malformed next-hop destination: '%s' -- using default policy"
			" 'enforce'", policy ? policy->param : "smtp_requiretls_policy", to->host);
	else if (policy)
		return find(policy, to->ascii);
	return REQUIRETLS_ENFORCE;
}

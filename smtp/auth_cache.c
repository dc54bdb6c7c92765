#include "config.h"
#include <string.h>
#include "smtp/auth_cache.h"
#include "tls/sha1.h"
#include "util/base64.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

enum { ENTRY_MOST = 32768 }; /* bytes of an entry that we take for one */

/* As Postfix calls it: without "proxy:". */
static const char *inner_name(const struct table *table)
{
	const char *name = table_name(table);

	return text_starts(name, "proxy:") ? strchr(name, ':') + 1 : name;
}

static const char *key_of(struct pool *pool, const char *host, const char *user)
{
	return pool_format(pool, "%s;%s", host, user);
}

static const char *digest_of(struct pool *pool, const char *password)
{
	unsigned char digest[SHA1_SIZE];
	struct buf text = BUF(0);
	const char *result;

	if (!sha1(password, strlen(password), digest))
		return NULL;
	base64_encode(&text, digest, sizeof digest);
	result = pool_text(pool, buf_text(&text));
	buf_close(&text);
	return result;
}

/* What is in front of the next ";", which *rest moves behind. NULL: there is none. */
static const char *field(struct pool *pool, const char **rest)
{
	size_t length = strcspn(*rest, ";");
	const char *text = pool_bytes(pool, *rest, length);

	if ((*rest)[length] == '\0')
		return NULL;
	*rest += length + 1;
	return text;
}

/* *holds: it is of this password, and not too old. False: it is no entry at all. */
static bool understand(const struct agent *agent, struct pool *pool, const char *text,
	const char *password, struct auth_cache_entry *entry, bool *holds)
{
	const char *rest = text, *time = field(pool, &rest), *digest = field(pool, &rest);
	const char *own = digest_of(pool, password);
	long long since;

	entry->status = field(pool, &rest);
	entry->reply = rest;
	if (entry->status == NULL || !text_number(time, 0, INT64_MAX, &since)
		|| strchr("45", entry->status[0]) == NULL)
		return false;
	*holds = own && strcmp(digest, own) == 0
		&& clock_wall().tv_sec - since < agent->config->sasl_auth_cache_time;
	return true;
}

static bool judge(const struct agent *agent, struct pool *pool, const char *key, const char *text,
	const char *password, struct auth_cache_entry *entry)
{
	bool holds = false;

	if (!understand(agent, pool, text, password, entry, &holds))
		log_warning("bad smtp_sasl_auth_cache entry: %s", text);
	if (!holds)
		table_remove(agent->auth_failures, key);
	return holds;
}

bool auth_cache_find(const struct agent *agent, struct pool *pool, const char *host,
	const char *user, const char *password, struct auth_cache_entry *entry)
{
	struct buf result = BUF(ENTRY_MOST);
	const char *key;
	bool found = false;

	if (agent->auth_failures == NULL)
		return false;
	key = key_of(pool, host, user);
	switch (table_find(agent->auth_failures, key, &result)) {
	case TABLE_FOUND:
		found = judge(agent, pool, key, pool_text(pool, buf_text(&result)), password,
			entry);
		break;
	case TABLE_ERROR:
		log_warning("SASL auth failure map %s: lookup failed for %s",
			inner_name(agent->auth_failures), key);
		break;
	case TABLE_NONE:
		break;
	}
	buf_close(&result);
	return found;
}

void auth_cache_store(const struct agent *agent, const char *host, const char *user,
	const char *password, const struct auth_cache_entry *entry)
{
	struct pool pool = {0};
	const char *digest;

	if (agent->auth_failures && (digest = digest_of(&pool, password)) != NULL)
		table_put(agent->auth_failures, key_of(&pool, host, user),
			pool_format(&pool, "%lld;%s;%s;%s", (long long)clock_wall().tv_sec, digest,
				entry->status, entry->reply));
	pool_free(&pool);
}

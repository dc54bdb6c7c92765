#include "config.h"
#include <string.h>
#include "util/log.h"
#include "util/text.h"
#include "postfix/table_redirect.h"
#include "postfix/table_type.h"
#include "postfix/version.h"

enum table_redirect table_redirect_level(const char *text)
{
	if (text_same(text, "disable"))
		return TABLE_REDIRECT_OFF;
	if (text_same(text, "enable-redirect"))
		return TABLE_REDIRECT;
	return text_same(text, "enable-reindex") ? TABLE_REDIRECT_REINDEX : TABLE_REDIRECT_INVALID;
}

/* What non_bdb_custom_mapping says of KEY. False: the table failed, or has nothing. */
static bool mapped(const struct tables *mapping, struct pool *pool, const char *key,
	const char **to)
{
	struct buf result = BUF(TABLE_WHY_MOST);
	bool found = tables_find(mapping, key, &result) == TABLE_FOUND;

	if (found)
		*to = pool_text(pool, buf_text(&result));
	buf_close(&result);
	return found;
}

/* The type that TYPE stands for, or a whole type:name; NULL: itself. */
static const char *stands_for(struct table_set *set, struct pool *pool, const char *type,
	const char *type_name)
{
	const struct table_options *options = table_set_options(set);
	const struct tables *mapping = table_set_mapping(set);
	const char *to;

	if (mapped(mapping, pool, type_name, &to) || mapped(mapping, pool, type, &to))
		return to;
	if (strcmp(type, "hash") == 0)
		return options->default_database_type;
	return options->default_cache_db_type;
}

const char *table_redirect(struct table_set *set, struct pool *pool, const char *type_name)
{
	const struct table_options *options = table_set_options(set);
	const char *colon = strchr(type_name, ':'), *type, *to;

	if (options->version < POSTFIX(3, 11) || options->redirect == TABLE_REDIRECT_OFF
		|| colon == NULL)
		return type_name;
	type = pool_bytes(pool, type_name, (size_t)(colon - type_name));
	if (strcmp(type, "hash") != 0 && strcmp(type, "btree") != 0)
		return type_name;
	to = stands_for(set, pool, type, type_name);
	if (to == NULL || *to == '\0')
		return type_name;
	if (strchr(to, ':') == NULL)
		to = pool_format(pool, "%s%s", to, colon);
	if (strcmp(to, type_name) != 0 && options->log_redirect)
		log_info("redirecting %s to %s", type_name, to);
	return to;
}

#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "util/log.h"
#include "util/map.h"
#include "util/memory.h"
#include "util/text.h"
#include "postfix/fold.h"
#include "postfix/table_redirect.h"
#include "postfix/service.h"
#include "postfix/table_type.h"
#include "postfix/version.h"

static const struct table_type *const types[] = {
	&table_inline,
	&table_static,
	&table_environ,
	&table_unix,
	&table_internal,
	&table_fail,
	&table_texthash,
	&table_cidr,
	&table_regexp,
#ifdef HAVE_PCRE2
	&table_pcre,
#endif
	&table_proxy,
	&table_socketmap,
	&table_tcp,
	&table_memcache,
	&table_unionmap,
	&table_pipemap,
	&table_randmap,
	&table_debug,
#ifdef HAVE_BDB
	&table_hash,
	&table_btree,
#endif
#ifdef HAVE_LMDB
	&table_lmdb,
#endif
#ifdef HAVE_CDB
	&table_cdb,
#endif
};

/* What Postfix can have and this build has not; all of it may be reached through proxymap(8). */
static const char *const elsewhere[] = {
	"hash",
	"btree",
	"lmdb",
	"cdb",
	"pcre",
	"dbm",
	"sdbm",
	"ldap",
	"mysql",
	"pgsql",
	"sqlite",
	"mongodb",
	"nis",
	"nisplus",
};

struct table_set {
	struct table_options options;
	struct pool pool;
	struct map *tables;              /* by known name */
	struct table *first, **last;     /* all of them, in order */
	struct service *proxies[2];      /* for reading, for writing; NULL: not needed so far */
	struct tables *mapping;          /* non_bdb_custom_mapping, once it was opened */
	bool mapping_opened;
};

struct tables {
	const char *param;
	struct table **items;
	size_t count;
};

/* Takes the place of a table that can't be opened: every lookup fails. */
static enum table_answer unavailable(const struct table *table, const char *key, struct buf *answer)
{
	(void)key;
	log_warning("%s is unavailable. %s", table->name, table->why);
	return table_trouble(answer, "%s", table->why);
}

/* Without a reason, so nothing is logged: who changes a table has asked it first, and was told. */
static bool unchangeable(const struct table *table, const char *key, const char *value,
	struct buf *why)
{
	(void)table;
	(void)key;
	(void)value;
	(void)why;
	return false;
}

static const struct table_type unavailable_type = {
	.name = "unavailable",
	.kind = TABLE_ANY,
	.find = unavailable,
	.put = unchangeable,
};

struct table_set *table_set_new(const struct table_options *options)
{
	struct table_set *set = MEMORY_NEW(struct table_set);

	set->options = *options;
	set->tables = map_new();
	set->last = &set->first;
	return set;
}

void table_set_free(struct table_set *set)
{
	if (set == NULL)
		return;
	for (struct table *table = set->first; table; table = table->next)
		if (table->type->close)
			table->type->close(table);
	map_free(set->tables, NULL);
	service_free(set->proxies[0]);
	service_free(set->proxies[1]);
	pool_free(&set->pool);
	free(set);
}

bool table_set_changed(struct table_set *set)
{
	for (const struct table *table = set->first; table; table = table->next)
		if (table->type->changed && table->type->changed(table)) {
			log_info("table %s has changed -- restarting", table->known);
			return true;
		}
	return false;
}

const struct table_options *table_set_options(const struct table_set *set)
{
	return &set->options;
}

/* Its own hash: tables are opened as if it were empty. */
const struct tables *table_set_mapping(struct table_set *set)
{
	if (!set->mapping_opened) {
		set->mapping_opened = true;
		set->mapping = tables_open(set, "non_bdb_custom_mapping",
			set->options.redirect_mapping, 0);
	}
	return set->mapping;
}

struct service *table_proxy_service(struct table_set *set, bool write,
	const struct service_options *options)
{
	if (set->proxies[write] == NULL)
		set->proxies[write] = service_new(options);
	return set->proxies[write];
}

struct pool *table_pool(const struct table *table)
{
	return &table->set->pool;
}

bool table_is_utf8(const struct table *table)
{
	return table->options->utf8 && table->flags & TABLE_UTF8;
}

const char *table_key(const struct table *table, struct pool *pool, const char *key)
{
	if (!(table->flags & TABLE_FOLD) || !(table->kind & TABLE_FIXED))
		return key;
	if (table->type->members && !table_is_utf8(table))
		return key;
	return fold(pool, key, table_is_utf8(table));
}

bool table_refuse(struct buf *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vaddf(why, format, args);
	va_end(args);
	return false;
}

enum table_answer table_trouble(struct buf *answer, const char *format, ...)
{
	va_list args;

	buf_clear(answer);
	va_start(args, format);
	buf_vaddf(answer, format, args);
	va_end(args);
	return TABLE_ERROR;
}

/* Opening */

static const struct table_type *type_named(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (strlen(types[i]->name) == length && strncmp(types[i]->name, name, length) == 0)
			return types[i];
	return NULL;
}

/* Postfix 3.10 was the first that was seen to guess at what is missing. */
static bool unsupported(const struct table *table, const char *type_name, size_t length,
	struct buf *why)
{
	table_refuse(why, "unsupported dictionary type: %.*s", (int)length, type_name);
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		if (strlen(elsewhere[i]) == length && strncmp(elsewhere[i], type_name, length) == 0)
			return table_refuse(why, " (it was not built in here; use proxy:%s)",
				type_name);
	if (table->options->version >= POSTFIX(3, 10))
		log_warning("%s. Is the postfix-%.*s package installed?", buf_text(why),
			(int)length, type_name);
	return false;
}

/* Postfix 3.11 made a failing table of what was fatal before. */
static bool malformed(const struct table *table, struct buf *why)
{
	if (table->options->version < POSTFIX(3, 11))
		log_fatal("open dictionary: expecting \"type:name\" form instead of \"%s\"",
			table->name);
	return table_refuse(why, "open dictionary: expecting \"type:name\" form instead of \"%s\"",
		table->name);
}

static bool open_by_type(struct table *table, struct buf *why)
{
	const char *name = table_redirect(table->set, table_pool(table), table->name);
	const char *colon = strchr(name, ':');
	size_t length = colon ? (size_t)(colon - name) : 0;

	if (length == 0 || colon[1] == '\0')
		return malformed(table, why);
	table->type = type_named(name, length);
	if (table->type == NULL)
		return unsupported(table, name, length, why);
	table->kind = table->type->kind;
	return table->type->open(table, colon + 1, why);
}

static struct table *new_table(struct table_set *set, const char *known, const char *name,
	unsigned flags)
{
	struct table *table = POOL_NEW(&set->pool, struct table);

	*table = (struct table){
		.type = &unavailable_type,
		.options = &set->options,
		.set = set,
		.name = pool_text(&set->pool, name),
		.known = known,
		.flags = flags,
	};
	return table;
}

static void make_unavailable(struct table *table, const char *why)
{
	if (table->options->open_error_is_fatal)
		log_fatal("%s", why);
	log_error("%s", why);
	table->type = &unavailable_type;
	table->kind = TABLE_ANY;
	table->why = pool_text(table_pool(table), why);
}

static struct table *open_known(struct table_set *set, const char *known, const char *name,
	unsigned flags)
{
	struct table *table = new_table(set, known, name, flags);
	struct buf why = BUF(TABLE_WHY_MOST);

	if (!open_by_type(table, &why))
		make_unavailable(table, buf_text(&why));
	buf_close(&why);
	*set->last = table; /* behind the members that it has opened */
	set->last = &table->next;
	return table;
}

struct table *table_missing(struct table_set *set, const char *name, const char *why)
{
	struct table *table = new_table(set, name, name, 0);

	make_unavailable(table, why);
	return table;
}

/* "lock|fold_fix|utf8_request", or "0" */
static const char *flag_names(struct pool *pool, unsigned flags)
{
	const char *names = pool_format(pool, "%s%s%s%s", flags & TABLE_LOCK ? "|lock" : "",
		flags & TABLE_WRITE ? "|replace|sync_update" : "",
		flags & TABLE_FOLD ? "|fold_fix" : "", flags & TABLE_UTF8 ? "|utf8_request" : "");

	return *names ? names + 1 : "0";
}

struct table *table_open(struct table_set *set, const char *type_name, unsigned flags)
{
	const char *known =
		pool_format(&set->pool, "%s(0,%s)", type_name, flag_names(&set->pool, flags));
	struct table *table = map_get(set->tables, known);

	if (table == NULL) {
		table = open_known(set, known, type_name, flags);
		map_put(set->tables, known, table);
	}
	return table;
}

/* Postfix knows members by their bare names. */
struct table *table_open_member(const struct table *outer, const char *type_name)
{
	struct table_set *set = outer->set;
	const char *key = pool_format(&set->pool, "member %s(%s)", type_name,
		flag_names(&set->pool, outer->flags));
	struct table *table = map_get(set->tables, key);

	if (table == NULL) {
		table = open_known(set, pool_text(&set->pool, type_name), type_name, outer->flags);
		map_put(set->tables, key, table);
	}
	return table;
}

struct tables *tables_open(struct table_set *set, const char *param, const char *value,
	unsigned flags)
{
	struct pool scratch = {0};
	struct tables *tables = NULL;
	const char *rest = value, *token;
	size_t count = 0;

	while (text_token(&scratch, &rest, TEXT_LIST_SEPARATORS, true))
		count++;
	if (count > 0) {
		tables = POOL_NEW(&set->pool, struct tables);
		tables->param = pool_text(&set->pool, param);
		tables->items = POOL_ARRAY(&set->pool, struct table *, count);
		rest = value;
		while ((token = text_token(&scratch, &rest, TEXT_LIST_SEPARATORS, true)) != NULL)
			tables->items[tables->count++] = table_open(set, token, flags);
	}
	pool_free(&scratch);
	return tables;
}

/* Searching */

static const char malformed_utf8[] = "malformed UTF-8 or invalid codepoint";

/* Puts what was asked in front of the reason. */
static enum table_answer explain(const struct table *table, const char *key, struct buf *result)
{
	struct buf reason = *result;

	*result = BUF(reason.most);
	buf_addf(result, "%s lookup error for \"%s\"", table->name, key);
	if (reason.length > 0)
		buf_addf(result, ": %s", buf_text(&reason));
	buf_close(&reason);
	text_printable(result->data, result->length, table->options->utf8);
	return TABLE_ERROR;
}

/* An answer that was cut or is not text could be taken for something else, so it is none. */
static enum table_answer check_value(const struct table *table, const char *key, struct buf *result)
{
	if (result->cut) {
		log_warning("%s: the value of key \"%s\" is longer than %zu bytes", table->name,
			key, result->most);
		return table_trouble(result, "the value is too long");
	}
	if (memchr(buf_text(result), '\0', result->length))
		buf_truncate(result, strlen(result->data));
	if (table_is_utf8(table) && !text_is_utf8(buf_text(result), result->length)) {
		/* Postfix shows the value, too; but it may be a password. */
		log_warning("%s: key \"%s\": non-UTF-8 value: %s", table->name, key,
			malformed_utf8);
		return table_trouble(result, "non-UTF-8 value");
	}
	return TABLE_FOUND;
}

enum table_answer table_find(const struct table *table, const char *key, struct buf *result)
{
	struct pool pool = {0};
	enum table_answer answer;

	buf_clear(result);
	if (table_is_utf8(table) && !text_is_utf8(key, strlen(key))) {
		log_warning("%s: non-UTF-8 key \"%s\": %s", table->name, key, malformed_utf8);
		return TABLE_NONE;
	}
	answer = table->type->find(table, table_key(table, &pool, key), result);
	if (answer == TABLE_FOUND)
		answer = check_value(table, key, result);
	if (answer == TABLE_ERROR)
		explain(table, key, result);
	else if (answer == TABLE_NONE)
		buf_clear(result);
	pool_free(&pool);
	return answer;
}

static bool change(const struct table *table, const char *key, const char *value)
{
	struct pool pool = {0};
	struct buf why = BUF(TABLE_WHY_MOST);
	bool good;

	if (table->type->put && table->flags & TABLE_WRITE)
		good = table->type->put(table, table_key(table, &pool, key), value, &why);
	else
		good = table_refuse(&why, "it can't be written to");
	if (!good && buf_text(&why)[0])
		log_warning("%s: %s of \"%s\" failed: %s", table->name,
			value ? "update" : "removal", key, buf_text(&why));
	buf_close(&why);
	pool_free(&pool);
	return good;
}

bool table_put(const struct table *table, const char *key, const char *value)
{
	return change(table, key, value);
}

bool table_remove(const struct table *table, const char *key)
{
	return change(table, key, NULL);
}

/* smtp_generic_maps and the like have no use for empty answers. */
static enum table_answer empty_answer(const struct tables *tables, const struct table *table,
	const char *key, struct buf *result)
{
	log_warning("%s lookup of %s returns an empty string result", tables->param, key);
	log_warning("%s should return NO RESULT in case of NOT FOUND", tables->param);
	buf_adds(result, "the result is an empty string");
	return explain(table, key, result);
}

enum table_answer tables_find_in(const struct tables *tables, enum table_kind kinds,
	const char *key, struct buf *result)
{
	enum table_answer answer = TABLE_NONE;

	buf_clear(result);
	if (tables == NULL || *key == '\0')
		return TABLE_NONE;
	for (size_t i = 0; i < tables->count && answer == TABLE_NONE; i++) {
		const struct table *table = tables->items[i];

		if (!(table->kind & kinds))
			continue;
		answer = table_find(table, key, result);
		if (answer == TABLE_ERROR)
			log_warning("%s lookup error for \"%s\"", table->name, key);
		else if (answer == TABLE_FOUND && result->length == 0)
			answer = empty_answer(tables, table, key, result);
	}
	return answer;
}

enum table_answer tables_find(const struct tables *tables, const char *key, struct buf *result)
{
	return tables_find_in(tables, TABLE_ANY, key, result);
}

bool tables_have(const struct tables *tables, enum table_kind kind)
{
	for (size_t i = 0; tables && i < tables->count; i++)
		if (tables->items[i]->kind & kind)
			return true;
	return false;
}

const char *table_name(const struct table *table)
{
	return table->name;
}

const char *table_known(const struct table *table)
{
	return table->known;
}

bool table_is(const struct table *table, enum table_kind kind)
{
	return table->kind & kind;
}

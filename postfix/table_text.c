/* Tables that are written out in main.cf, or that the system has (DATABASE_README). */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include "util/buf.h"
#include "util/map.h"
#include "util/text.h"
#include "postfix/table_key.h"
#include "postfix/table_type.h"

/*
 * inline:{ key=value, { key = text with space } }
 *
 *   table = "{" *( separator / pair ) "}"
 *   pair  = key "=" value / "{" *space key *space "=" text "}"
 *   key   = as in a text file: table_key.h
 */
static bool refuse_inline(struct buf *why, const char *problem, const char *name)
{
	return table_refuse(why, "%s: \"inline:%s\"; need \"inline:{name=value...}\"", problem,
		name);
}

/* The pair without its braces, or NULL. */
static const char *unwrapped(struct pool *pool, const char *token, const char *name,
	struct buf *why)
{
	const char *error = NULL;
	const char *pair = text_unbrace(pool, token, &error);

	if (pair == NULL)
		refuse_inline(why, pool_format(pool, "%s in \"%s\"", error, token), name);
	return pair;
}

static bool add_pair(struct table *table, struct pool *scratch, const char *token, const char *name,
	struct buf *why)
{
	const char *pair = unwrapped(scratch, token, name, why);
	const char *equals;
	size_t length;

	if (pair == NULL)
		return false;
	if (*pair == '\0')
		return refuse_inline(why, "no key found; expected format: key = value", name);
	if (!table_key_length(pair, "=", &length))
		return refuse_inline(why, "unbalanced '\"'", name);
	equals = pair + length + strspn(pair + length, TEXT_SPACE);
	if (*equals != '=')
		return refuse_inline(why, "missing '=' after attribute name", name);
	map_put(table->state, table_key(table, scratch, pool_bytes(scratch, pair, length)),
		text_trim(table_pool(table), equals + 1));
	return true;
}

static void close_map(struct table *table)
{
	map_free(table->state, NULL);
}

static bool add_pairs(struct table *table, struct pool *scratch, const char *name, struct buf *why)
{
	size_t length = strlen(name);
	const char *error, *rest, *token;

	if (*name != '{' || length < 3 || name[length - 1] != '}'
		|| (rest = text_unbrace(scratch, name, &error)) == NULL)
		return refuse_inline(why, "bad syntax", name);
	if (table_is_utf8(table) && !text_is_utf8(name, length))
		return refuse_inline(why, "bad UTF-8 syntax", name);
	while ((token = text_token(scratch, &rest, TEXT_LIST_SEPARATORS, true)) != NULL)
		if (!add_pair(table, scratch, token, name, why))
			return false;
	return map_count(table->state) > 0 || refuse_inline(why, "empty table", name);
}

static bool open_inline(struct table *table, const char *name, struct buf *why)
{
	struct pool scratch = {0};
	bool opened;

	table->state = map_new();
	opened = add_pairs(table, &scratch, name, why);
	pool_free(&scratch);
	if (!opened)
		close_map(table);
	return opened;
}

static enum table_answer find_inline(const struct table *table, const char *key, struct buf *answer)
{
	const char *value = map_get(table->state, key);

	if (value == NULL)
		return TABLE_NONE;
	buf_adds(answer, value);
	return TABLE_FOUND;
}

const struct table_type table_inline = {
	.name = "inline",
	.kind = TABLE_FIXED,
	.open = open_inline,
	.find = find_inline,
	.close = close_map,
};

/* static:value, static:{ text with space } */
static bool open_static(struct table *table, const char *name, struct buf *why)
{
	const char *error = NULL;
	const char *value = text_unbrace(table_pool(table), name, &error);

	if (value == NULL)
		return table_refuse(why, "bad static:name syntax: %s in \"%s\"", error, name);
	table->state = pool_text(table_pool(table), value);
	return true;
}

static enum table_answer find_static(const struct table *table, const char *key, struct buf *answer)
{
	(void)key;
	buf_adds(answer, table->state);
	return TABLE_FOUND;
}

const struct table_type table_static = {
	.name = "static",
	.kind = TABLE_FIXED,
	.open = open_static,
	.find = find_static,
};

/* For the types that have nothing to open. */
static bool open_nothing(struct table *table, const char *name, struct buf *why)
{
	(void)table;
	(void)name;
	(void)why;
	return true;
}

/* environ:x. Nobody changes the environment once there are threads, so getenv(3) is safe. */
static enum table_answer find_environ(const struct table *table, const char *key,
	struct buf *answer)
{
	const char *value = getenv(key); /* NOLINT(concurrency-mt-unsafe) */

	(void)table;
	if (value == NULL)
		return TABLE_NONE;
	buf_adds(answer, value);
	return TABLE_FOUND;
}

const struct table_type table_environ = {
	.name = "environ",
	.kind = TABLE_FIXED,
	.open = open_nothing,
	.find = find_environ,
};

/* internal:x. Empty: only Postfix's own programs put something there. */
static enum table_answer find_internal(const struct table *table, const char *key,
	struct buf *answer)
{
	(void)table;
	(void)key;
	(void)answer;
	return TABLE_NONE;
}

const struct table_type table_internal = {
	.name = "internal",
	.kind = TABLE_FIXED,
	.open = open_nothing,
	.find = find_internal,
};

/* fail:x */
static enum table_answer find_fail(const struct table *table, const char *key, struct buf *answer)
{
	(void)table;
	(void)key;
	return table_trouble(answer, "this table always fails");
}

const struct table_type table_fail = {
	.name = "fail",
	.kind = TABLE_PATTERN,
	.open = open_nothing,
	.find = find_fail,
};

/* unix:passwd.byname and unix:group.byname, as lines of passwd(5) and group(5) */
enum { ACCOUNT_MOST = 1 << 20 }; /* bytes of one entry */

static enum table_answer account_trouble(struct buf *answer, int error)
{
	struct pool pool = {0};

	table_trouble(answer, "%s", text_errno(&pool, error));
	pool_free(&pool);
	return TABLE_ERROR;
}

/* These are what the C library may say when there is no such name (getpwnam(3)). */
static enum table_answer account_answer(int error, bool found, struct buf *answer)
{
	if (found)
		return TABLE_FOUND;
	if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM)
		return TABLE_NONE;
	return account_trouble(answer, error);
}

static enum table_answer find_passwd(const struct table *table, const char *key, struct buf *answer)
{
	struct buf room = BUF(ACCOUNT_MOST);
	struct passwd entry, *found = NULL;
	size_t size = 1024;
	int error;

	(void)table;
	do {
		size *= 2;
		error = getpwnam_r(key, &entry, buf_reserve(&room, size), size, &found);
	} while (error == ERANGE && size < ACCOUNT_MOST / 2);
	if (found)
		buf_addf(answer, "%s:%s:%lu:%lu:%s:%s:%s", entry.pw_name, entry.pw_passwd,
			(unsigned long)entry.pw_uid, (unsigned long)entry.pw_gid, entry.pw_gecos,
			entry.pw_dir, entry.pw_shell);
	buf_close(&room);
	return account_answer(error, found != NULL, answer);
}

static enum table_answer find_group(const struct table *table, const char *key, struct buf *answer)
{
	struct buf room = BUF(ACCOUNT_MOST);
	struct group entry, *found = NULL;
	size_t size = 1024;
	int error;

	(void)table;
	do {
		size *= 2;
		error = getgrnam_r(key, &entry, buf_reserve(&room, size), size, &found);
	} while (error == ERANGE && size < ACCOUNT_MOST / 2);
	if (found) {
		buf_addf(answer, "%s:%s:%lu:", entry.gr_name, entry.gr_passwd,
			(unsigned long)entry.gr_gid);
		for (char **member = entry.gr_mem; *member; member++)
			buf_addf(answer, "%s%s", member == entry.gr_mem ? "" : ",", *member);
	}
	buf_close(&room);
	return account_answer(error, found != NULL, answer);
}

struct account_map {
	const char *name;
	enum table_answer (*find)(const struct table *table, const char *key, struct buf *answer);
};

static const struct account_map account_maps[] = {
	{"passwd.byname", find_passwd},
	{"group.byname", find_group},
};

static bool open_unix(struct table *table, const char *name, struct buf *why)
{
	for (size_t i = 0; i < COUNT(account_maps); i++)
		if (strcmp(account_maps[i].name, name) == 0) {
			table->state = (void *)&account_maps[i];
			return true;
		}
	return table_refuse(why, "unknown table: unix:%s", name);
}

static enum table_answer find_unix(const struct table *table, const char *key, struct buf *answer)
{
	const struct account_map *map = table->state;

	return map->find(table, key, answer);
}

const struct table_type table_unix = {
	.name = "unix",
	.kind = TABLE_FIXED,
	.open = open_unix,
	.find = find_unix,
};

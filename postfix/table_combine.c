/* Tables made of tables, and of values: unionmap, pipemap, debug, randmap (DATABASE_README). */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "util/log.h"
#include "util/text.h"
#include "postfix/table_type.h"
#include "postfix/version.h"

struct members {
	size_t count;
	const char **texts;
	struct table **tables; /* NULL for randmap */
};

/*
 * type:{ member, member }
 *
 *   name   = "{" *separator member *( 1*separator member ) *separator "}"
 *   member = text without separators, but in balanced braces
 */
static struct members *parse(struct table *table, const char *name)
{
	struct pool *pool = table_pool(table);
	struct members *members = POOL_NEW(pool, struct members);
	size_t length = strlen(name), count = 0;
	const char *error, *inside, *rest;

	if (length == 0 || *name != '{' || name[length - 1] != '}'
		|| (inside = text_unbrace(pool, name, &error)) == NULL)
		return NULL;
	for (rest = inside; text_token(pool, &rest, TEXT_LIST_SEPARATORS, true);)
		count++;
	members->texts = POOL_ARRAY(pool, const char *, count);
	for (rest = inside; members->count < count; members->count++)
		members->texts[members->count] =
			text_token(pool, &rest, TEXT_LIST_SEPARATORS, true);
	return count > 0 ? members : NULL;
}

static bool refuse(const struct table *table, const char *form, struct buf *why)
{
	return table_refuse(why, "bad syntax: \"%s\"; need \"%s:{%s...}\"", table->name,
		table->type->name, form);
}

static bool open_tables(struct table *table, const char *name, struct buf *why)
{
	struct members *members = parse(table, name);

	for (size_t i = 0; members && i < members->count; i++)
		if (strchr(members->texts[i], ':') == NULL)
			members = NULL;
	if (members == NULL)
		return refuse(table, "type:name", why);
	members->tables = POOL_ARRAY(table_pool(table), struct table *, members->count);
	for (size_t i = 0; i < members->count; i++)
		members->tables[i] = table_open_member(table, members->texts[i]);
	table->kind = members->tables[0]->kind;
	table->state = members;
	return true;
}

/* All answers, with commas between them. */
static enum table_answer find_union(const struct table *table, const char *key, struct buf *answer)
{
	const struct members *members = table->state;
	struct buf one = BUF(TABLE_ANSWER_MOST);
	enum table_answer answered = TABLE_NONE, got = TABLE_NONE;

	for (size_t i = 0; i < members->count && got != TABLE_ERROR; i++) {
		got = table_find(members->tables[i], key, &one);
		if (got == TABLE_ERROR) {
			answered = table_trouble(answer, "%s", buf_text(&one));
		} else if (got == TABLE_FOUND) {
			answered = TABLE_FOUND;
			buf_adds(answer, answer->length > 0 ? "," : "");
			buf_adds(answer, buf_text(&one));
		}
	}
	buf_close(&one);
	return answered;
}

/* The answer of each is the key of the next. */
static enum table_answer find_pipe(const struct table *table, const char *key, struct buf *answer)
{
	const struct members *members = table->state;
	struct buf one = BUF(TABLE_ANSWER_MOST);
	struct pool pool = {0};
	enum table_answer got = TABLE_FOUND;

	for (size_t i = 0; i < members->count && got == TABLE_FOUND; i++) {
		got = table_find(members->tables[i], key, &one);
		key = pool_text(&pool, buf_text(&one));
	}
	if (got == TABLE_ERROR)
		table_trouble(answer, "%s", key);
	else
		buf_adds(answer, key);
	pool_free(&pool);
	buf_close(&one);
	return got;
}

const struct table_type table_unionmap = {
	.name = "unionmap",
	.members = true,
	.open = open_tables,
	.find = find_union,
};

const struct table_type table_pipemap = {
	.name = "pipemap",
	.members = true,
	.open = open_tables,
	.find = find_pipe,
};

/* randmap:{ value, value }: one of them, whatever the key. */
static bool open_random(struct table *table, const char *name, struct buf *why)
{
	table->state = parse(table, name);
	return table->state || refuse(table, "value", why);
}

static enum table_answer find_random(const struct table *table, const char *key, struct buf *answer)
{
	const struct members *members = table->state;
	uint32_t number;

	(void)key;
	while (getrandom(&number, sizeof number, 0) != sizeof number)
		if (errno != EINTR)
			return table_trouble(answer, "no random number");
	buf_adds(answer, members->texts[number % members->count]);
	return TABLE_FOUND;
}

const struct table_type table_randmap = {
	.name = "randmap",
	.kind = TABLE_PATTERN,
	.open = open_random,
	.find = find_random,
};

/* debug:type:name, of Postfix 3.11: logs what type:name is asked and says. */
static bool open_debug(struct table *table, const char *name, struct buf *why)
{
	struct table *inner;

	if (table->options->version < POSTFIX(3, 11))
		return table_refuse(why, "unsupported dictionary type: debug");
	inner = table_open_member(table, name);
	table->kind = inner->kind;
	table->state = inner;
	return true;
}

static enum table_answer find_debug(const struct table *table, const char *key, struct buf *answer)
{
	enum table_answer got = table_find(table->state, key, answer);

	if (got == TABLE_FOUND)
		log_info("%s lookup: \"%s\" = \"%s\"", table->name, key, buf_text(answer));
	else
		log_info("%s lookup: \"%s\" = \"%s\"", table->name, key,
			got == TABLE_NONE ? "not found" : "error");
	return got;
}

const struct table_type table_debug = {
	.name = "debug",
	.members = true,
	.open = open_debug,
	.find = find_debug,
};

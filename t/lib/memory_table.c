#include "config.h"
#include <string.h>
#include "postfix/table_type.h"
#include "postfix/version.h"
#include "t/lib/memory_table.h"

enum { PAIRS_MOST = 10, TEXT_MOST = 500 };

static struct pair {
	char key[TEXT_MOST], value[TEXT_MOST];
} pairs[PAIRS_MOST];
static size_t count;
static bool broken;

static struct pair *pair_of(const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(pairs[i].key, key) == 0)
			return &pairs[i];
	return NULL;
}

static enum table_answer find(const struct table *table UNUSED, const char *key, struct buf *answer)
{
	const struct pair *pair = pair_of(key);

	if (broken)
		return TABLE_ERROR;
	if (pair)
		buf_adds(answer, pair->value);
	return pair ? TABLE_FOUND : TABLE_NONE;
}

static void copy(char *to, const char *text)
{
	strncpy(to, text, TEXT_MOST - 1);
}

static bool put(const struct table *table UNUSED, const char *key, const char *value,
	struct buf *why)
{
	struct pair *pair = pair_of(key);

	if (broken)
		return table_refuse(why, "it is broken");
	if (value && pair == NULL && count < PAIRS_MOST)
		copy((pair = &pairs[count++])->key, key);
	if (value && pair)
		copy(pair->value, value);
	else if (pair)
		*pair = pairs[--count];
	return true;
}

const struct table *memory_table(bool fails)
{
	static const struct table_type type = {.name = "memory", .kind = TABLE_FIXED, .find = find,
		.put = put};
	static const struct table_options options = {.utf8 = true, .version = POSTFIX(3, 7)};
	static const struct table table = {.type = &type, .options = &options,
		.name = "proxy:memory:x", .known = "memory", .flags = TABLE_UTF8 | TABLE_WRITE,
		.kind = TABLE_FIXED};

	memset(pairs, 0, sizeof pairs);
	count = 0;
	broken = fails;
	return &table;
}

const char *memory_table_text(void)
{
	static char text[PAIRS_MOST * (TEXT_MOST * 2 + 2) + 1];
	char *end = text;

	*end = '\0';
	for (size_t i = 0; i < count; i++) {
		end = stpcpy(stpcpy(end, pairs[i].key), "=");
		end = stpcpy(stpcpy(end, pairs[i].value), "|");
	}
	return text;
}

#include <string.h>
#include "util/list.h"
#include "util/text.h"

void list_add(struct list *list, const char *text)
{
	if (list->count + 1 >= list->room) {
		size_t room = list->room ? list->room * 2 : 8;
		const char **items = POOL_ARRAY(list->pool, const char *, room);

		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof *items);
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = pool_text(list->pool, text);
}

bool list_has(const struct list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

bool list_has_any_case(const struct list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_same(list->items[i], text))
			return true;
	return false;
}

void list_split(struct list *list, const char *text, const char *separators, bool braces)
{
	const char *token;

	while ((token = text_token(list->pool, &text, separators, braces)))
		list_add(list, token);
}

const char *list_join(const struct list *list, const char *between)
{
	size_t gap = strlen(between), length = 0;
	char *joined, *to;

	for (size_t i = 0; i < list->count; i++)
		length += strlen(list->items[i]) + gap;
	to = joined = pool_alloc(list->pool, length + 1);
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			to = (char *)memcpy(to, between, gap) + gap;
		length = strlen(list->items[i]);
		to = (char *)memcpy(to, list->items[i], length) + length;
	}
	return joined;
}

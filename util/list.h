#ifndef UTIL_LIST_H
#define UTIL_LIST_H
/* list - strings in order, in a pool. {.pool = p} is an empty list. */
#include <stdbool.h>
#include <stddef.h>
#include "util/pool.h"

struct list {
	struct pool *pool;
	const char **items; /* items[count] is NULL once something was added */
	size_t count, room;
};

/* Adds a copy. */
void list_add(struct list *list, const char *text);
bool list_has(const struct list *list, const char *text); /* case-sensitive */
bool list_has_any_case(const struct list *list, const char *text);

/* Adds the tokens of TEXT (util/text.h: text_token). */
void list_split(struct list *list, const char *text, const char *separators, bool braces);

/* All items with BETWEEN between them, in the list's pool; "" for none. */
const char *list_join(const struct list *list, const char *between);

#endif

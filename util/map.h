#ifndef UTIL_MAP_H
#define UTIL_MAP_H
/*
 * map - values by string. Keys are copied; values belong to the caller. Not locked: it changes
 * under one thread, then any number may read.
 */
#include <stddef.h>

struct map;

struct map *map_new(void);
void map_put(struct map *map, const char *key, void *value); /* replaces */
void *map_get(const struct map *map, const char *key);       /* NULL: not there */
size_t map_count(const struct map *map);
/* Calls each() for every pair, in no particular order. */
void map_each(const struct map *map, void (*each)(void *context, const char *key, void *value),
	void *context);
/* drop() is called for each value unless it is NULL. */
void map_free(struct map *map, void (*drop)(void *value));

#endif

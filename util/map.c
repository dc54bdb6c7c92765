#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "util/map.h"
#include "util/memory.h"
#include "util/text.h"

enum { SLOTS_LEAST = 16 }; /* a power of two, as it is after each doubling */

struct pair {
	struct pair *next; /* in its slot */
	void *value;
	uint32_t hash;
	char key[];
};

struct map {
	struct pair **slots;
	size_t slot_count, count;
};

struct map *map_new(void)
{
	struct map *map = MEMORY_NEW(struct map);

	map->slot_count = SLOTS_LEAST;
	map->slots = memory_new(SLOTS_LEAST * sizeof *map->slots);
	return map;
}

/* Where the pointer to the pair of KEY is, or belongs. */
static struct pair **find(const struct map *map, const char *key, uint32_t hash)
{
	struct pair **place = &map->slots[hash & (map->slot_count - 1)];

	while (*place && ((*place)->hash != hash || strcmp((*place)->key, key) != 0))
		place = &(*place)->next;
	return place;
}

static void grow(struct map *map)
{
	struct map larger = {.slot_count = map->slot_count * 2, .count = map->count};
	struct pair *pair, *next, **slot;

	larger.slots = memory_new(larger.slot_count * sizeof *larger.slots);
	for (size_t i = 0; i < map->slot_count; i++)
		for (pair = map->slots[i]; pair; pair = next) {
			next = pair->next;
			slot = &larger.slots[pair->hash & (larger.slot_count - 1)];
			pair->next = *slot;
			*slot = pair;
		}
	free(map->slots);
	*map = larger;
}

void map_put(struct map *map, const char *key, void *value)
{
	size_t length = strlen(key);
	uint32_t hash = text_hash(key, length);
	struct pair *pair = *find(map, key, hash), **slot;

	if (pair) {
		pair->value = value;
		return;
	}
	if (map->count >= map->slot_count)
		grow(map);
	pair = memory_new(sizeof *pair + length + 1);
	memcpy(pair->key, key, length);
	slot = &map->slots[hash & (map->slot_count - 1)];
	pair->hash = hash;
	pair->value = value;
	pair->next = *slot;
	*slot = pair;
	map->count++;
}

void *map_get(const struct map *map, const char *key)
{
	const struct pair *pair = *find(map, key, text_hash(key, strlen(key)));

	return pair ? pair->value : NULL;
}

size_t map_count(const struct map *map)
{
	return map->count;
}

void map_each(const struct map *map, void (*each)(void *context, const char *key, void *value),
	void *context)
{
	for (size_t i = 0; i < map->slot_count; i++)
		for (const struct pair *pair = map->slots[i]; pair; pair = pair->next)
			each(context, pair->key, pair->value);
}

void map_free(struct map *map, void (*drop)(void *value))
{
	if (map == NULL)
		return;
	for (size_t i = 0; i < map->slot_count; i++)
		for (struct pair *pair = map->slots[i], *next; pair; pair = next) {
			next = pair->next;
			if (drop)
				drop(pair->value);
			free(pair);
		}
	free(map->slots);
	free(map);
}

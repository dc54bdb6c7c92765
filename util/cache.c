#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "util/cache.h"
#include "util/clock.h"
#include "util/memory.h"
#include "util/text.h"

enum { SLOTS_MOST = 65536 }; /* a power of two; with more values than that the chains get longer */

struct entry {
	struct entry *next; /* in its slot, the newest first; among those to drop, the next */
	struct entry *newer, *older;
	void *value;
	int64_t expires;
	uint32_t hash;
	size_t length;
	unsigned char key[];
};

struct cache {
	pthread_mutex_t lock;
	size_t most, count, slot_count;
	void (*drop)(void *value);
	struct entry **slots;
	struct entry *newest, *oldest; /* by last use */
};

/* What one call looks for, and what it took out on the way: dropped when the lock is off again. */
struct search {
	const void *key;
	size_t length;
	uint32_t hash;
	int64_t now;
	struct entry *out;
};

static struct search search_for(const void *key, size_t length)
{
	return (struct search){key, length, text_hash(key, length), clock_ms(), NULL};
}

struct cache *cache_new(size_t most, void (*drop)(void *value))
{
	struct cache *cache = MEMORY_NEW(struct cache);

	pthread_mutex_init(&cache->lock, NULL);
	cache->most = most;
	cache->drop = drop;
	cache->slot_count = 1;
	while (cache->slot_count < most && cache->slot_count < SLOTS_MOST)
		cache->slot_count *= 2;
	cache->slots = memory_new(cache->slot_count * sizeof *cache->slots);
	return cache;
}

static struct entry **slot_of(const struct cache *cache, uint32_t hash)
{
	return &cache->slots[hash & (cache->slot_count - 1)];
}

static void age_add(struct cache *cache, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = cache->newest;
	*(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
	cache->newest = entry;
}

static void age_remove(struct cache *cache, struct entry *entry)
{
	*(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
	*(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

/* Takes *PLACE, a pointer in the chain of its slot, out of the cache and puts it on the list OUT.
 */
static void take_out(struct cache *cache, struct entry **place, struct entry **out)
{
	struct entry *entry = *place;

	*place = entry->next;
	age_remove(cache, entry);
	cache->count--;
	entry->next = *out;
	*out = entry;
}

static void take_out_entry(struct cache *cache, struct entry *entry, struct entry **out)
{
	struct entry **place = slot_of(cache, entry->hash);

	while (*place != entry)
		place = &(*place)->next;
	take_out(cache, place, out);
}

static bool matches(const struct entry *entry, const struct search *search)
{
	return entry->hash == search->hash && entry->length == search->length
		&& memcmp(entry->key, search->key, search->length) == 0;
}

/* Where the pointer to the newest value is that has not expired; it is NULL if there is none. */
static struct entry **find(struct cache *cache, struct search *search)
{
	struct entry **place = slot_of(cache, search->hash);

	while (*place) {
		if (!matches(*place, search))
			place = &(*place)->next;
		else if ((*place)->expires > search->now)
			break;
		else
			take_out(cache, place, &search->out);
	}
	return place;
}

static void take_out_all(struct cache *cache, struct search *search)
{
	struct entry **place;

	while (*(place = find(cache, search)))
		take_out(cache, place, &search->out);
}

static void drop_all(const struct cache *cache, struct entry *out)
{
	for (struct entry *next; out; out = next) {
		next = out->next;
		cache->drop(out->value);
		free(out);
	}
}

static struct entry *entry_new(const struct search *search, void *value, int64_t expires)
{
	struct entry *entry = memory_new(sizeof *entry + search->length);

	if (search->length > 0)
		memcpy(entry->key, search->key, search->length);
	entry->length = search->length;
	entry->hash = search->hash;
	entry->value = value;
	entry->expires = expires;
	return entry;
}

static void add(struct cache *cache, struct search *search, struct entry *entry)
{
	struct entry **slot = slot_of(cache, entry->hash);

	entry->next = *slot;
	*slot = entry;
	age_add(cache, entry);
	cache->count++;
	while (cache->count > cache->most)
		take_out_entry(cache, cache->oldest, &search->out);
}

void cache_add(struct cache *cache, const void *key, size_t length, void *value, int64_t expires)
{
	struct search search = search_for(key, length);
	struct entry *entry = entry_new(&search, value, expires);

	pthread_mutex_lock(&cache->lock);
	add(cache, &search, entry);
	pthread_mutex_unlock(&cache->lock);
	drop_all(cache, search.out);
}

void cache_put(struct cache *cache, const void *key, size_t length, void *value, int64_t expires)
{
	struct search search = search_for(key, length);
	struct entry *entry = entry_new(&search, value, expires);

	pthread_mutex_lock(&cache->lock);
	take_out_all(cache, &search);
	add(cache, &search, entry);
	pthread_mutex_unlock(&cache->lock);
	drop_all(cache, search.out);
}

void *cache_take(struct cache *cache, const void *key, size_t length)
{
	struct search search = search_for(key, length);
	struct entry **place, *taken = NULL;
	void *value = NULL;

	pthread_mutex_lock(&cache->lock);
	place = find(cache, &search);
	if (*place)
		take_out(cache, place, &taken);
	pthread_mutex_unlock(&cache->lock);
	if (taken) {
		value = taken->value;
		free(taken);
	}
	drop_all(cache, search.out);
	return value;
}

void *cache_hold(struct cache *cache, const void *key, size_t length, void *(*hold)(void *value))
{
	struct search search = search_for(key, length);
	struct entry *entry;
	void *held = NULL;

	pthread_mutex_lock(&cache->lock);
	if ((entry = *find(cache, &search))) {
		age_remove(cache, entry);
		age_add(cache, entry);
		held = hold(entry->value);
	}
	pthread_mutex_unlock(&cache->lock);
	drop_all(cache, search.out);
	return held;
}

void cache_remove(struct cache *cache, const void *key, size_t length)
{
	struct search search = search_for(key, length);

	pthread_mutex_lock(&cache->lock);
	take_out_all(cache, &search);
	pthread_mutex_unlock(&cache->lock);
	drop_all(cache, search.out);
}

int64_t cache_expire(struct cache *cache)
{
	int64_t now = clock_ms(), next = INT64_MAX;
	struct entry *out = NULL;

	pthread_mutex_lock(&cache->lock);
	for (struct entry *entry = cache->oldest, *newer; entry; entry = newer) {
		newer = entry->newer;
		if (entry->expires <= now)
			take_out_entry(cache, entry, &out);
		else if (entry->expires < next)
			next = entry->expires;
	}
	pthread_mutex_unlock(&cache->lock);
	drop_all(cache, out);
	return next;
}

size_t cache_count(struct cache *cache)
{
	size_t count;

	pthread_mutex_lock(&cache->lock);
	count = cache->count;
	pthread_mutex_unlock(&cache->lock);
	return count;
}

void cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < cache->slot_count; i++)
		drop_all(cache, cache->slots[i]);
	pthread_mutex_destroy(&cache->lock);
	free(cache->slots);
	free(cache);
}

#ifndef UTIL_CACHE_H
#define UTIL_CACHE_H
/*
 * cache - the one store that all deliveries share: locked, bounded, expiring. A key is bytes and
 * may have several values (kept connections); the newest is found first. A value leaves by being
 * taken out, or is held: an immutable object that hold() counts while the lock is on. The lock is
 * private, and held over no I/O: drop() is called after it is released, but should not block.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;

/*
 * At most MOST values (0: none is kept); the one not added or held for the longest time goes first.
 * drop() disposes of what is pushed out or expires.
 */
struct cache *cache_new(size_t most, void (*drop)(void *value));

/* Adds VALUE, which the cache owns now, until clock_ms() reaches EXPIRES. */
void cache_add(struct cache *cache, const void *key, size_t length, void *value, int64_t expires);

/* The same, and drops the values the key had. */
void cache_put(struct cache *cache, const void *key, size_t length, void *value, int64_t expires);

/* Takes the newest value out: it is the caller's now. NULL: none. */
void *cache_take(struct cache *cache, const void *key, size_t length);

/* hold(the newest value), called under the lock; its result, or NULL: none. */
void *cache_hold(struct cache *cache, const void *key, size_t length, void *(*hold)(void *value));

void cache_remove(struct cache *cache, const void *key, size_t length);

/* Drops what has expired; returns clock_ms() of the next expiry, or INT64_MAX. */
int64_t cache_expire(struct cache *cache);

/* Those that have expired and were not dropped yet are counted, too. */
size_t cache_count(struct cache *cache);

/* Drops all. NULL is fine. */
void cache_free(struct cache *cache);

#endif

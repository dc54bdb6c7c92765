#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "t/lib/tap.h"
#include "util/cache.h"
#include "util/clock.h"

/* A value that counts its holders; who lets go last frees it. */
struct thing {
	atomic_int holders;
	int number;
};

static atomic_int alive, dropped;

static struct thing *thing_new(int number)
{
	struct thing *thing = calloc(1, sizeof *thing);

	thing->holders = 1;
	thing->number = number;
	atomic_fetch_add(&alive, 1);
	return thing;
}

static void let_go(void *value)
{
	struct thing *thing = value;

	if (atomic_fetch_sub(&thing->holders, 1) == 1) {
		atomic_fetch_sub(&alive, 1);
		free(thing);
	}
}

static void drop(void *value)
{
	atomic_fetch_add(&dropped, 1);
	let_go(value);
}

static void *hold(void *value)
{
	struct thing *thing = value;

	atomic_fetch_add(&thing->holders, 1);
	return thing;
}

/* The number of what is taken or held by KEY, 0 for nothing. */
static int take(struct cache *cache, const char *key)
{
	struct thing *thing = cache_take(cache, key, strlen(key));
	int number = thing ? thing->number : 0;

	if (thing)
		let_go(thing);
	return number;
}

static int held(struct cache *cache, const char *key)
{
	struct thing *thing = cache_hold(cache, key, strlen(key), hold);
	int number = thing ? thing->number : 0;

	if (thing)
		let_go(thing);
	return number;
}

static void add(struct cache *cache, const char *key, int number, int64_t expires)
{
	cache_add(cache, key, strlen(key), thing_new(number), expires);
}

static void check_values(void)
{
	struct cache *cache = cache_new(10, drop);

	dropped = 0;
	is_number(take(cache, "a"), 0, "nothing yet");
	is_number(held(cache, "a"), 0, "nothing to hold");
	add(cache, "a", 1, INT64_MAX);
	add(cache, "b", 2, INT64_MAX);
	add(cache, "a", 3, INT64_MAX);
	add(cache, "", 4, INT64_MAX);
	is_number((long long)cache_count(cache), 4, "four");
	is_number(held(cache, "a"), 3, "the newest");
	is_number(take(cache, "a"), 3, "is taken first");
	is_number(take(cache, "a"), 1, "then the older one");
	is_number(take(cache, "a"), 0, "then none");
	is_number(take(cache, ""), 4, "the empty key is one");
	is_number(take(cache, "b\0"), 2, "another key");
	is_number(dropped, 0, "nothing was dropped");
	is_number((long long)cache_count(cache), 0, "none is left");

	cache_add(cache, "x\0y", 3, thing_new(5), INT64_MAX);
	is_number(take(cache, "x"), 0, "a key is all its bytes");
	add(cache, "p", 6, INT64_MAX);
	add(cache, "p", 7, INT64_MAX);
	cache_put(cache, "p", 1, thing_new(8), INT64_MAX);
	is_number(dropped, 2, "put drops the others");
	is_number(take(cache, "p"), 8, "and is the only one");
	is_number(take(cache, "p"), 0, "indeed");
	add(cache, "r", 9, INT64_MAX);
	add(cache, "r", 10, INT64_MAX);
	add(cache, "s", 11, INT64_MAX);
	cache_remove(cache, "r", 1);
	is_number(dropped, 4, "removed are all of the key");
	is_number(held(cache, "s"), 11, "and no others");
	cache_free(cache);
	cache_free(NULL);
	is_number(alive, 0, "the rest is dropped at the end");
}

static void check_most(void)
{
	struct cache *cache = cache_new(3, drop), *none = cache_new(0, drop);

	dropped = 0;
	add(none, "a", 1, INT64_MAX);
	is_number(dropped, 1, "a cache of nothing keeps nothing");
	is_number(take(none, "a"), 0, "indeed");
	cache_free(none);

	add(cache, "a", 1, INT64_MAX);
	add(cache, "a", 2, INT64_MAX);
	add(cache, "b", 3, INT64_MAX);
	add(cache, "c", 4, INT64_MAX);
	is_number((long long)cache_count(cache), 3, "three at most");
	is_number(dropped, 2, "one is dropped");
	is_number(take(cache, "a"), 2, "the other one of its key is there");
	is_number(take(cache, "a"), 0, "but not itself");
	add(cache, "d", 5, INT64_MAX);
	is_number(held(cache, "b"), 3, "held");
	add(cache, "e", 6, INT64_MAX);
	is_number(held(cache, "b"), 3, "what was held stays");
	is_number(held(cache, "c"), 0, "the next oldest goes");
	cache_free(cache);
	is_number(alive, 0, "all dropped");
}

static void check_expiry(void)
{
	struct cache *cache = cache_new(10, drop);

	clock_freeze(1000, (struct timeval){0});
	dropped = 0;
	ok(cache_expire(cache) == INT64_MAX, "nothing will expire");
	add(cache, "a", 1, 5000);
	add(cache, "a", 2, 3000);
	add(cache, "b", 3, 4000);
	add(cache, "c", 4, INT64_MAX);
	is_number(cache_expire(cache), 3000, "the next one");
	is_number(dropped, 0, "not yet");
	clock_advance(1999);
	is_number(held(cache, "a"), 2, "before");
	clock_advance(1);
	is_number(held(cache, "a"), 1, "at the time it is gone, the older one is found");
	is_number(dropped, 1, "dropped on the way");
	clock_advance(1000);
	is_number(take(cache, "b"), 0, "expired, it is not taken");
	is_number(dropped, 2, "dropped on the way, too");
	add(cache, "d", 5, 4500);
	clock_advance(500);
	is_number((long long)cache_count(cache), 3, "nobody has looked");
	is_number(cache_expire(cache), 5000, "the next one");
	is_number((long long)cache_count(cache), 2, "dropped without being looked for");
	clock_advance(1000000);
	ok(cache_expire(cache) == INT64_MAX, "what is left has no end");
	is_number(held(cache, "c"), 4, "indeed");
	cache_free(cache);
	clock_thaw();
	is_number(alive, 0, "all dropped");
}

enum { THREADS = 8, ROUNDS = 4000, KEYS = 40 };

static void one_round(struct cache *cache, unsigned number)
{
	char key[16];
	size_t length = (size_t)snprintf(key, sizeof key, "key %u", number / 8 % KEYS);

	switch (number % 8) {
	case 0:
	case 1:
		cache_add(cache, key, length, thing_new(1), INT64_MAX);
		break;
	case 2:
		cache_put(cache, key, length, thing_new(1), clock_ms());
		break;
	case 3:
	case 4:
		take(cache, key);
		break;
	case 5:
	case 6:
		held(cache, key);
		break;
	case 7:
		if (number % 5 == 0)
			cache_remove(cache, key, length);
		else
			cache_expire(cache);
		break;
	}
}

static void *hammer(void *cache)
{
	unsigned number = 1;

	for (int i = 0; i < ROUNDS; i++) {
		number = number * 1103515245 + 12345;
		one_round(cache, number >> 8);
	}
	return NULL;
}

static void check_threads(void)
{
	struct cache *cache = cache_new(20, drop);
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, hammer, cache);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ok(cache_count(cache) <= 20, "never more than allowed");
	is_number(alive, (long long)cache_count(cache), "what lives is in the cache");
	cache_free(cache);
	is_number(alive, 0, "and ends with it");
}

int main(void)
{
	check_values();
	check_most();
	check_expiry();
	check_threads();
	return done();
}

#include <stdio.h>
#include <stdlib.h>
#include "t/lib/tap.h"
#include "util/map.h"

enum { MANY = 5000 };

static void add_up(void *context, const char *key, void *value)
{
	long *sum = context;

	*sum += strtol(key, NULL, 10) == *(int *)value ? *(int *)value : 1000000;
}

static void count_up(void *value)
{
	++*(int *)value;
}

static void check_many(void)
{
	struct map *map = map_new();
	static int values[MANY];
	char key[16];
	bool found = true;
	long sum = 0;

	for (int i = 0; i < MANY; i++) {
		values[i] = i;
		snprintf(key, sizeof key, "%d", i);
		map_put(map, key, &values[i]);
	}
	is_number((long long)map_count(map), MANY, "many");
	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof key, "%d", i);
		found = found && map_get(map, key) == &values[i];
	}
	ok(found, "each is found");
	map_each(map, add_up, &sum);
	is_number(sum, (long)MANY * (MANY - 1) / 2, "each is called once, with its key");
	map_free(map, count_up);
	for (int i = 0; i < MANY; i++)
		found = found && values[i] == i + 1;
	ok(found, "each is dropped once");
}

int main(void)
{
	struct map *map = map_new();
	int one = 1, two = 2;

	ok(map_get(map, "a") == NULL && map_count(map) == 0, "an empty map");
	map_put(map, "a", &one);
	map_put(map, "", &two);
	ok(map_get(map, "a") == &one, "found");
	ok(map_get(map, "") == &two, "found by the empty key");
	ok(map_get(map, "A") == NULL, "the case counts");
	map_put(map, "a", &two);
	ok(map_get(map, "a") == &two && map_count(map) == 2, "replaced");
	map_free(map, NULL);
	map_free(NULL, NULL);
	check_many();
	return done();
}

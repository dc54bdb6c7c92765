#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include "util/clock.h"

/* A test's clock. Nothing else ever writes these. */
static atomic_bool frozen;
static _Atomic int64_t frozen_ms, frozen_wall_us;

int64_t clock_ms(void)
{
	struct timespec now;

	if (atomic_load_explicit(&frozen, memory_order_acquire))
		return frozen_ms;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct timeval clock_wall(void)
{
	struct timeval now;
	int64_t us;

	if (atomic_load_explicit(&frozen, memory_order_acquire)) {
		us = frozen_wall_us;
		return (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
	}
	gettimeofday(&now, NULL);
	return now;
}

void clock_freeze(int64_t ms, struct timeval wall)
{
	frozen_ms = ms;
	frozen_wall_us = (int64_t)wall.tv_sec * 1000000 + wall.tv_usec;
	atomic_store_explicit(&frozen, true, memory_order_release);
}

void clock_advance(int64_t ms)
{
	assert(frozen);
	frozen_ms += ms;
	frozen_wall_us += ms * 1000;
}

void clock_thaw(void)
{
	frozen = false;
}

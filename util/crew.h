#ifndef UTIL_CREW_H
#define UTIL_CREW_H
/*
 * crew - a bounded number of threads that take turns at one task: leader and followers. The leader
 * waits for work; when it has some it wakes a follower (or a new thread, below the limit) to lead,
 * and does the work itself. Workers block all signals.
 */
#include <stdbool.h>
#include <stddef.h>

struct crew;

struct crew_task {
	/*
	 * Called by one thread at a time: waits for work and returns it, or NULL: there will be no
	 * more. How wait() learns that it shall end is the task's affair (an eventfd).
	 */
	void *(*wait)(void *context);
	/* Called by any number of threads at once. */
	void (*work)(void *context, void *job);
	void *context;
};

/*
 * At most MOST threads (0: no limit), each with STACK bytes of stack (0: 256 KiB, more under a
 * sanitizer). They start as work comes, and stay. While all of them work nobody waits for more.
 */
struct crew *crew_start(const struct crew_task *task, size_t most, size_t stack);
/* Returns when wait() has returned NULL, the last job is done, and all threads have ended. */
void crew_join(struct crew *crew);
/* After crew_join(). NULL is fine. */
void crew_free(struct crew *crew);

#endif

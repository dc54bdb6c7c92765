#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include "t/lib/tap.h"
#include "util/crew.h"

enum { JOBS_MOST = 1000 };

/* Jobs are pointers into done[]; there are COUNT of them. */
struct work {
	size_t count, given;      /* wait() only */
	atomic_int waiting;       /* threads in wait() */
	atomic_int working, peak; /* threads in work() */
	atomic_bool crowd;        /* more than one thread was in wait() */
	atomic_bool unblocked;    /* a signal could have arrived */
	pthread_barrier_t *barrier;
	struct crew *crew;
	atomic_int done[JOBS_MOST];
};

static void *wait_for_job(void *context)
{
	struct work *work = context;
	void *job = NULL;

	if (atomic_fetch_add(&work->waiting, 1) != 0)
		work->crowd = true;
	if (work->given < work->count)
		job = &work->done[work->given++];
	atomic_fetch_sub(&work->waiting, 1);
	return job;
}

static bool signals_blocked(void)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	return sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGHUP) == 1
		&& sigismember(&blocked, SIGALRM) == 1 && sigismember(&blocked, SIGPIPE) == 1;
}

static void work_on(void *context, void *job)
{
	struct work *work = context;
	int now = atomic_fetch_add(&work->working, 1) + 1, peak = work->peak;

	while (now > peak && !atomic_compare_exchange_weak(&work->peak, &peak, now))
		;
	if (!signals_blocked())
		work->unblocked = true;
	atomic_fetch_add((atomic_int *)job, 1);
	atomic_fetch_sub(&work->working, 1);
}

/* All that may work at once meet: it hangs, and the alarm kills, if fewer ever do. */
static void work_together(void *context, void *job)
{
	struct work *work = context;

	pthread_barrier_wait(work->barrier);
	work_on(context, job);
}

static bool each_done_once(const struct work *work)
{
	for (size_t i = 0; i < work->count; i++)
		if (work->done[i] != 1)
			return false;
	return true;
}

static void work_start(struct work *work, void (*how)(void *context, void *job), size_t most,
	size_t stack)
{
	struct crew_task task = {wait_for_job, how, work};

	work->crew = crew_start(&task, most, stack);
}

static void check_many(size_t most)
{
	static struct work work;

	memset(&work, 0, sizeof work);
	work.count = JOBS_MOST;
	work_start(&work, work_on, most, 0);
	crew_join(work.crew);
	okf(each_done_once(&work), "%d jobs, at most %zu threads: each is done once", JOBS_MOST,
		most);
	ok(!work.crowd, "one thread waits at a time");
	ok(!work.unblocked, "signals are blocked");
	ok(most == 0 || (size_t)work.peak <= most, "no more threads than allowed");
	crew_free(work.crew);
}

/* COUNT is a multiple of TOGETHER. */
static void check_together(size_t count, size_t together, size_t most)
{
	static struct work work;
	pthread_barrier_t barrier;

	memset(&work, 0, sizeof work);
	pthread_barrier_init(&barrier, NULL, (unsigned)together);
	work.count = count;
	work.barrier = &barrier;
	work_start(&work, work_together, most, 131072);
	crew_join(work.crew);
	okf(each_done_once(&work), "%zu jobs, %zu at once", count, together);
	crew_free(work.crew);
	pthread_barrier_destroy(&barrier);
}

static void check_no_work(void)
{
	static struct work work;

	work_start(&work, work_on, 5, 0);
	crew_join(work.crew);
	is_number((long long)work.given, 0, "no work at all");
	crew_free(work.crew);
	crew_free(NULL);
}

int main(void)
{
	alarm(60);
	check_no_work();
	ok(!signals_blocked(), "who starts a crew keeps its signals");
	check_many(1);
	check_many(4);
	check_many(0);
	check_together(400, 8, 8);
	check_together(200, 200, 0);
	return done();
}

#include "config.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include "util/crew.h"
#include "util/log.h"
#include "util/memory.h"

/* Sanitizers make frames larger. */
#ifdef POOL_PIECEWISE
enum { STACK_USUAL = 1024 * 1024 };
#else
enum { STACK_USUAL = 256 * 1024 };
#endif

struct member {
	struct member *next;
	pthread_t thread;
};

struct crew {
	struct crew_task task;
	size_t most;
	pthread_attr_t attributes;

	pthread_mutex_t lock; /* for all below */
	pthread_cond_t lead;  /* a follower may take the lead */
	struct member *members;
	size_t count;     /* threads, those that are being started too */
	size_t followers; /* threads that wait on lead */
	bool led, stopped;
};

static void *serve(void *crew);

/* A member starts with the signal mask of its creator: all but those that are our own bugs. */
static bool start_thread(struct crew *crew, pthread_t *thread)
{
	static const int ours[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
	sigset_t blocked, before;
	int error;

	sigfillset(&blocked);
	for (size_t i = 0; i < COUNT(ours); i++)
		sigdelset(&blocked, ours[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	error = pthread_create(thread, &crew->attributes, serve, crew);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	if (error)
		log_warning("cannot start a thread: %m");
	return error == 0;
}

/* Starts a member that is counted already. Not under the lock: that would hold up the others. */
static bool add_member(struct crew *crew)
{
	struct member *member = MEMORY_NEW(struct member);
	bool started = start_thread(crew, &member->thread);

	pthread_mutex_lock(&crew->lock);
	if (started) {
		member->next = crew->members;
		crew->members = member;
	} else {
		crew->count--;
	}
	pthread_mutex_unlock(&crew->lock);
	if (!started)
		free(member);
	return started;
}

/* Waits for the lead. False: there is no more work. */
static bool take_lead(struct crew *crew)
{
	bool leads;

	pthread_mutex_lock(&crew->lock);
	crew->followers++;
	while (crew->led && !crew->stopped)
		pthread_cond_wait(&crew->lead, &crew->lock);
	crew->followers--;
	leads = !crew->stopped;
	if (leads)
		crew->led = true;
	pthread_mutex_unlock(&crew->lock);
	return leads;
}

/*
 * Passes the lead to a follower, or to a new thread. When all that may be are at work nobody leads
 * until the first of them is done, so that no work is taken that would have to wait.
 */
static void pass_lead(struct crew *crew)
{
	bool grow;

	pthread_mutex_lock(&crew->lock);
	crew->led = false;
	grow = crew->followers == 0 && (crew->most == 0 || crew->count < crew->most);
	if (grow)
		crew->count++;
	else
		pthread_cond_signal(&crew->lead);
	pthread_mutex_unlock(&crew->lock);
	if (grow)
		add_member(crew);
}

static void stop(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->stopped = true;
	pthread_cond_broadcast(&crew->lead);
	pthread_mutex_unlock(&crew->lock);
}

static void *serve(void *argument)
{
	struct crew *crew = argument;
	void *job;

	while (take_lead(crew)) {
		if ((job = crew->task.wait(crew->task.context)) == NULL) {
			stop(crew);
			break;
		}
		pass_lead(crew);
		crew->task.work(crew->task.context, job);
	}
	return NULL;
}

struct crew *crew_start(const struct crew_task *task, size_t most, size_t stack)
{
	struct crew *crew = MEMORY_NEW(struct crew);

	if (stack == 0)
		stack = STACK_USUAL;
	if (stack < (size_t)PTHREAD_STACK_MIN)
		stack = (size_t)PTHREAD_STACK_MIN;
	crew->task = *task;
	crew->most = most;
	pthread_attr_init(&crew->attributes);
	pthread_attr_setstacksize(&crew->attributes, stack);
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->lead, NULL);
	crew->count = 1;
	if (!add_member(crew))
		log_fatal("no thread to work with");
	return crew;
}

static struct member *next_member(struct crew *crew)
{
	struct member *member;

	pthread_mutex_lock(&crew->lock);
	member = crew->members;
	if (member)
		crew->members = member->next;
	pthread_mutex_unlock(&crew->lock);
	return member;
}

/* Who starts a thread puts it on the list before it ends, so the list is complete when empty. */
void crew_join(struct crew *crew)
{
	struct member *member;

	while ((member = next_member(crew))) {
		pthread_join(member->thread, NULL);
		free(member);
	}
}

void crew_free(struct crew *crew)
{
	if (crew == NULL)
		return;
	pthread_attr_destroy(&crew->attributes);
	pthread_cond_destroy(&crew->lead);
	pthread_mutex_destroy(&crew->lock);
	free(crew);
}

#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "postfix/slots.h"
#include "util/log.h"
#include "util/memory.h"

/* What a byte is to this process. */
enum { OTHERS, IDLE, USED };

struct slots {
	int fd; /* 0: not shared */
	size_t limit, most;
	pthread_mutex_t lock; /* for what follows */
	size_t used;
	size_t held; /* bytes that are locked by us: idle or used */
	bool draining;
	char *state; /* limit of them */
};

int slots_open(const char *transport, const char *service)
{
	char path[512], *name = path + strlen("pid/");
	int fd;

	snprintf(path, sizeof path, "pid/%s.%s.slots", transport, service);
	for (; *name; name++)
		if (*name == '/')
			*name = '_';
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	log_warning("open %s: %m: the process limit can't count deliveries of other processes",
		path);
	return 0;
}

struct slots *slots_new(int fd, size_t limit, size_t most)
{
	struct slots *slots = MEMORY_NEW(struct slots);

	slots->fd = fd;
	slots->limit = limit;
	slots->most = most;
	slots->state = memory_new(limit);
	memset(slots->state, fd ? OTHERS : IDLE, limit);
	slots->held = fd ? 0 : limit;
	pthread_mutex_init(&slots->lock, NULL);
	return slots;
}

/*
 * Sets or clears the lock on LENGTH bytes from FROM on (0: to the end of all files). EAGAIN: some
 * other process has one of them.
 */
static int set_lock(const struct slots *slots, short type, size_t from, size_t length)
{
	struct flock range = {.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)from,
		.l_len = (off_t)length};

	if (fcntl(slots->fd, F_OFD_SETLK, &range) == 0)
		return 0;
	return errno == EACCES ? EAGAIN : errno;
}

/*
 * Where the lock of another process that covers one of LENGTH bytes from FROM on ends; FROM if
 * there is none; (size_t)-1 if it goes on to the end.
 */
static size_t foreign_end(const struct slots *slots, size_t from, size_t length)
{
	struct flock range = {.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)from,
		.l_len = (off_t)length};

	if (fcntl(slots->fd, F_OFD_GETLK, &range) < 0 || range.l_type == F_UNLCK)
		return from;
	return range.l_len == 0 ? (size_t)-1 : (size_t)(range.l_start + range.l_len);
}

/* No locks on this file system: count our own, at least. */
static void go_alone(struct slots *slots, int error)
{
	errno = error;
	log_warning("no lock for the process limit: %m");
	for (size_t i = 0; i < slots->limit; i++)
		if (slots->state[i] == OTHERS)
			slots->state[i] = IDLE;
	slots->held = slots->limit;
	slots->fd = 0;
}

/* The usual case: there is no other process, and all that we may have is ours. */
static bool acquire_all(struct slots *slots)
{
	size_t wanted = slots->most && slots->most < slots->limit ? slots->most : slots->limit;
	int error = set_lock(slots, F_WRLCK, 0, wanted);

	if (error == EAGAIN)
		return false;
	if (error) {
		go_alone(slots, error);
		return true;
	}
	memset(slots->state, IDLE, wanted);
	slots->held = wanted;
	return true;
}

/* The first byte that no process has. */
static void acquire_one(struct slots *slots)
{
	size_t i = 0, end;
	int error;

	while (i < slots->limit) {
		if (slots->state[i] != OTHERS) {
			i++;
			continue;
		}
		error = set_lock(slots, F_WRLCK, i, 1);
		if (error && error != EAGAIN) {
			go_alone(slots, error);
			return;
		}
		if (error == 0) {
			slots->state[i] = IDLE;
			slots->held++;
			return;
		}
		end = foreign_end(slots, i, 1);
		i = end > i ? end : i + 1;
	}
}

/*
 * A process from before a reload may have had a higher limit, and deliveries in progress beyond
 * ours. While there are any we don't begin new ones.
 */
static void acquire(struct slots *slots)
{
	if (slots->fd == 0 || foreign_end(slots, slots->limit, 0) != slots->limit)
		return;
	if (slots->held > 0 || !acquire_all(slots))
		acquire_one(slots);
}

static size_t take(struct slots *slots)
{
	const char *idle;

	if (slots->most && slots->used >= slots->most)
		return SLOTS_NONE;
	if (slots->limit == 0) {
		slots->used++;
		return 0;
	}
	if (slots->used == slots->held)
		acquire(slots);
	idle = memchr(slots->state, IDLE, slots->limit);
	if (idle == NULL)
		return SLOTS_NONE;
	slots->used++;
	slots->state[idle - slots->state] = USED;
	return (size_t)(idle - slots->state);
}

size_t slots_take(struct slots *slots)
{
	size_t slot;

	pthread_mutex_lock(&slots->lock);
	slot = take(slots);
	pthread_mutex_unlock(&slots->lock);
	return slot;
}

static void let_go(struct slots *slots, size_t slot)
{
	if (slots->fd == 0)
		return;
	set_lock(slots, F_UNLCK, slot, 1);
	slots->state[slot] = OTHERS;
	slots->held--;
}

void slots_give(struct slots *slots, size_t slot)
{
	pthread_mutex_lock(&slots->lock);
	slots->used--;
	if (slots->limit > 0) {
		slots->state[slot] = IDLE;
		if (slots->draining)
			let_go(slots, slot);
	}
	pthread_mutex_unlock(&slots->lock);
}

bool slots_full(struct slots *slots)
{
	bool full;

	pthread_mutex_lock(&slots->lock);
	full = slots->most && slots->used >= slots->most;
	pthread_mutex_unlock(&slots->lock);
	return full;
}

void slots_drain(struct slots *slots)
{
	pthread_mutex_lock(&slots->lock);
	slots->draining = true;
	for (size_t i = 0; i < slots->limit; i++)
		if (slots->state[i] == IDLE)
			let_go(slots, i);
	pthread_mutex_unlock(&slots->lock);
}

void slots_free(struct slots *slots)
{
	if (slots == NULL)
		return;
	pthread_mutex_destroy(&slots->lock);
	free(slots->state);
	free(slots);
}

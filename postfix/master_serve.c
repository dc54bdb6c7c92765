#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "postfix/master.h"
#include "postfix/slots.h"
#include "util/clock.h"
#include "util/crew.h"
#include "util/log.h"
#include "util/memory.h"

enum {
	DESCRIPTOR_FIRST = 3, /* those below are /dev/null */
	DESCRIPTORS_MOST = 65536,
	SLOT_RETRY = 100,  /* milliseconds; others don't tell us when they let go of a slot */
	SLOTS_USUAL = 100, /* default_process_limit: what max_use is multiplied by without one */
	PROOF_LATE = 100,  /* requests */
	WATCHES = 3,       /* of the watchdog in daemon_timeout */
};

enum status { STATUS_TAKEN = 0, STATUS_AVAIL = 1 };

/* One accepted connection on its way to a thread. */
struct job {
	int fd;
	size_t slot;
};

/*
 * The process. What the leader has to itself needs no lock: the lead goes from thread to thread
 * through the crew's.
 */
struct server {
	const struct master_service *service;
	struct slots *slots;
	uint64_t uses_most; /* requests before the process recycles; 0: any number */
	int wake;           /* eventfd: a delivery has ended, and the leader waits for that */
	int ended;          /* eventfd: nobody leads any more */

	/* the leader's */
	struct pollfd *polled; /* wake, status channel, sockets */
	size_t slot;           /* for the next connection, or SLOTS_NONE */
	enum status told;
	bool vouched; /* master knows that we work */

	atomic_bool waiting; /* the leader has no slot */
	atomic_bool leading;
	_Atomic int64_t turned;      /* clock_ms() of the leader's last turn */
	_Atomic int64_t last_active; /* clock_ms() */
	atomic_size_t busy;          /* deliveries in progress */
	_Atomic uint64_t served;     /* requests */
};

/* A native C struct, as observed of master(8). False: it is gone, or has forgotten us. */
static bool tell(const struct server *server, enum status status)
{
	const struct {
		int32_t pid;
		uint32_t generation;
		int32_t status;
	} message = {(int32_t)getpid(), server->service->args->generation, status};

	return write(MASTER_STATUS_FD, &message, sizeof message) == (ssize_t)sizeof message;
}

/*
 * Master forks another process when we are taken, so we say so only when this process has all the
 * deliveries that it may have by itself. What other processes have doesn't count: there would be
 * nothing that one more could do. False: see tell().
 */
static bool tell_news(struct server *server)
{
	enum status news = server->slot == SLOTS_NONE && slots_full(server->slots) ? STATUS_TAKEN
										   : STATUS_AVAIL;

	if (news == server->told)
		return true;
	server->told = news;
	server->vouched = server->vouched || news == STATUS_AVAIL;
	return tell(server, news) || news == STATUS_TAKEN;
}

/*
 * A process that dies before it was taken and available once makes master throttle the service for
 * a minute (1.10). So, after the first request, it is, for a moment: one in which no connection
 * waits, because for that one master would fork, unless this is the only process there may be.
 */
static void vouch(struct server *server)
{
	const struct master_args *args = server->service->args;
	uint64_t served = server->served;

	if (server->vouched || served == 0)
		return;
	if (!args->single && served < PROOF_LATE
		&& poll(server->polled, 2 + (nfds_t)args->sockets, 0) != 0)
		return;
	server->vouched = true;
	if (server->told == STATUS_AVAIL) {
		tell(server, STATUS_TAKEN);
		tell(server, STATUS_AVAIL);
	}
}

static void take_slot(struct server *server)
{
	if (server->slot != SLOTS_NONE)
		return;
	server->slot = slots_take(server->slots);
	if (server->slot != SLOTS_NONE)
		return;
	server->waiting = true; /* and once more: one may have come back before we said so */
	server->slot = slots_take(server->slots);
	if (server->slot != SLOTS_NONE)
		server->waiting = false;
}

/* Milliseconds until it is over for want of work; -1: it never is. */
static int64_t idle_left(const struct server *server)
{
	int64_t most = (int64_t)server->service->max_idle * 1000, left;

	if (most <= 0)
		return -1;
	if (server->busy > 0)
		return most;
	left = server->last_active + most - clock_ms();
	return left > 0 ? left : 0;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

/* Waits for a connection if there is a slot for it. Which descriptors are ready is in polled. */
static void wait_for_events(struct server *server)
{
	nfds_t count = server->slot == SLOTS_NONE ? 2 : 2 + (nfds_t)server->service->args->sockets;
	int64_t watch = (int64_t)server->service->daemon_timeout * 1000 / WATCHES;
	int64_t limit = sooner(idle_left(server), watch > 0 ? watch : -1);

	if (server->slot == SLOTS_NONE && !slots_full(server->slots))
		limit = sooner(limit, SLOT_RETRY);
	vouch(server);
	for (int i = 0; i < 2 + server->service->args->sockets; i++)
		server->polled[i].revents = 0;
	if (poll(server->polled, count, limit > INT32_MAX ? INT32_MAX : (int)limit) < 0
		&& errno != EINTR)
		log_fatal("poll: %m");
	server->turned = clock_ms();
}

static void forget_wake(const struct server *server)
{
	uint64_t count;
	ssize_t got;

	if (server->polled[0].revents) {
		got = read(server->wake, &count, sizeof count);
		(void)got;
	}
}

/* A socket with a connection; -1: none has. */
static int ready_socket(const struct server *server)
{
	for (int i = 2; i < 2 + server->service->args->sockets; i++)
		if (server->polled[i].revents)
			return server->polled[i].fd;
	return -1;
}

/* -1: some other process was faster, or the client has gone; or there are no descriptors. */
static int accept_from(int socket)
{
	static const struct timespec pause = {.tv_sec = 1};
	int fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		log_warning("accept connection: %m");
		nanosleep(&pause, NULL);
		return -1;
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EOPNOTSUPP:
		log_fatal("accept connection: %m");
	}
	return -1;
}

static bool used_up(const struct server *server)
{
	return server->uses_most > 0 && server->served + server->busy >= server->uses_most;
}

static struct job *new_job(struct server *server, int fd)
{
	struct job *job = MEMORY_NEW(struct job);

	job->fd = fd;
	job->slot = server->slot;
	server->slot = SLOTS_NONE;
	server->last_active = clock_ms();
	server->busy++;
	return job;
}

/*
 * One turn. The next connection in *job if there is one. False: it is over, for a reload or
 * master's own end (EOF on the status channel), idleness, age, or a change in a table.
 */
static bool turn(struct server *server, struct job **job)
{
	const struct master_service *service = server->service;
	int socket, fd;

	take_slot(server);
	if (!tell_news(server) || used_up(server))
		return false;
	wait_for_events(server);
	forget_wake(server);
	if (server->polled[1].revents)
		return false;
	socket = server->slot == SLOTS_NONE ? -1 : ready_socket(server);
	if (socket < 0)
		return idle_left(server) != 0;
	if (service->stale && service->stale(service->context))
		return false;
	fd = accept_from(socket);
	if (fd >= 0)
		*job = new_job(server, fd);
	return true;
}

/*
 * No more connections. What this process has in progress goes on; master may fork its successor
 * meanwhile, and that one may have the slots that are idle here.
 */
static void stop(struct server *server)
{
	uint64_t one = 1;
	ssize_t written;

	for (int i = 0; i < server->service->args->sockets; i++)
		close(MASTER_LISTEN_FD + i); /* who waits there is master's affair */
	slots_drain(server->slots);
	if (server->slot != SLOTS_NONE)
		slots_give(server->slots, server->slot);
	server->slot = SLOTS_NONE;
	if (server->busy > 0 && server->told == STATUS_AVAIL)
		tell(server, STATUS_TAKEN);
	written = write(server->ended, &one, sizeof one);
	(void)written;
}

/* The leader's part of the crew's work. */
static void *wait_for_job(void *context)
{
	struct server *server = context;
	struct job *job = NULL;
	bool goes_on = true;

	server->turned = clock_ms();
	server->leading = true;
	while (goes_on && job == NULL)
		goes_on = turn(server, &job);
	if (!goes_on)
		stop(server);
	server->leading = false;
	return job;
}

static void wake_leader(struct server *server)
{
	uint64_t one = 1;
	ssize_t written = write(server->wake, &one, sizeof one);

	(void)written;
}

static void do_job(void *context, void *argument)
{
	struct server *server = context;
	struct job *job = argument;
	bool served = server->service->serve(server->service->context, job->fd), first = false;

	close(job->fd);
	server->last_active = clock_ms();
	if (served)
		first = server->served++ == 0;
	server->busy--;
	slots_give(server->slots, job->slot);
	if (atomic_exchange(&server->waiting, false) || first)
		wake_leader(server); /* to the slot, or to vouch for this process */
	free(job);
}

/* Each delivery needs several; what select(2) could not bear is not used here. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS_MOST)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MOST ? limit.rlim_max : DESCRIPTORS_MOST;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* The flow-control pipe, which is of no use here, the status channel and the sockets are ours. */
static void keep_descriptors(const struct server *server)
{
	for (int fd = DESCRIPTOR_FIRST; fd < MASTER_LISTEN_FD + server->service->args->sockets;
		fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 && fd >= MASTER_STATUS_FD)
			log_fatal("descriptor %d of master: %m", fd);
}

static void prepare(struct server *server)
{
	const struct master_service *service = server->service;
	size_t count = 2 + (size_t)service->args->sockets;

	server->polled = memory_new(count * sizeof *server->polled);
	server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->ended = eventfd(0, EFD_CLOEXEC);
	if (server->wake < 0 || server->ended < 0)
		log_fatal("eventfd: %m");
	server->polled[0].fd = server->wake;
	server->polled[1].fd = MASTER_STATUS_FD;
	for (int i = 0; i < service->args->sockets; i++)
		server->polled[2 + i].fd = MASTER_LISTEN_FD + i;
	for (size_t i = 0; i < count; i++)
		server->polled[i].events = POLLIN;
	server->last_active = server->turned = clock_ms();
	server->told = STATUS_AVAIL; /* since fork */
	server->slot = SLOTS_NONE;
}

/* How many deliveries this process may have in progress; 0: no limit. */
static size_t most_at_once(const struct master_service *service)
{
	if (service->per_process == 0
		|| (service->limit > 0 && service->limit < service->per_process))
		return service->limit;
	return service->per_process;
}

/*
 * While threads lead and work this one sees to it that the leader turns round: it does nothing that
 * takes long, so if it hangs something is badly wrong, and a new process is better.
 */
static void watch(const struct server *server)
{
	int64_t most = (int64_t)server->service->daemon_timeout * 1000;
	int64_t interval = most > 0 ? most / WATCHES : -1;
	struct pollfd ended = {.fd = server->ended, .events = POLLIN};

	while (poll(&ended, 1, interval > INT32_MAX ? INT32_MAX : (int)interval) <= 0)
		if (server->leading && most > 0 && clock_ms() - server->turned > most)
			log_fatal("watchdog timeout");
}

int master_serve(const struct master_service *service)
{
	struct server server = {.service = service};
	const struct crew_task task = {wait_for_job, do_job, &server};
	size_t most = most_at_once(service);
	struct crew *crew;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	raise_descriptors();
	keep_descriptors(&server);
	prepare(&server);
	server.uses_most = (uint64_t)service->max_use * (most ? most : SLOTS_USUAL);
	server.slots = slots_new(service->limit ? service->slots : 0, service->limit,
		service->per_process ? most : 0);
	crew = crew_start(&task, most ? most + 1 : 0, 0); /* one more: somebody always leads */
	watch(&server);
	crew_join(crew);
	crew_free(crew);
	slots_free(server.slots);
	close(server.wake);
	close(server.ended);
	free(server.polled);
	return 0;
}

int master_serve_stream(const struct master_service *service)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	service->serve(service->context, STDOUT_FILENO);
	return 0;
}

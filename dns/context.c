#include "dns/context.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "util/clock.h"
#include "util/log.h"
#include "util/memory.h"

struct request {
	struct request *next, **place; /* among its context's open ones, until it has landed */
	struct context *context;
	struct batch *batch;
	unsigned holders; /* who started it, and libunbound while it is owed */
	bool owed;        /* the callback may still come */
	bool landed, given_up;
	int id, error;
	struct ub_result *answer;
};

struct context {
	struct context *next;
	struct pump *pump;
	struct ub_ctx *ub;
	unsigned holders;
	bool broken; /* its worker is gone: nothing will land any more */
	struct request *open;
};

struct pump {
	pthread_mutex_t life; /* of making and deleting them, where libunbound has globals */
	pthread_mutex_t lock; /* of all contexts, requests and batches */
	struct context *contexts;
	int wake; /* eventfd: look at what has changed */
	bool running, stopping;
	pthread_t thread;
};

/* What tunes may be unknown to a libunbound; all of it exists from 1.13 on. */
static const char *const tuning[][2] = {
	{"outgoing-range:", "512"}, /* 16 slow names would leave no socket for the others */
	{"outgoing-num-tcp:", "16"},
	{"infra-host-ttl:", "60"}, /* a resolver that was away is forgiven soon */
	{"infra-keep-probing:", "yes"},
	{"msg-cache-size:", "4m"},
	{"rrset-cache-size:", "8m"},
	{"key-cache-size:", "2m"},
	{"neg-cache-size:", "1m"},
	{"cache-max-ttl:", "300"}, /* who repairs a zone expects it to count */
	{"cache-max-negative-ttl:", "60"},
	{"val-log-level:", "2"},           /* gives the reasons */
	{"trust-anchor-signaling:", "no"}, /* a query at each start, for nothing */
	{"root-key-sentinel:", "no"},
	{"do-not-query-localhost:", "no"},
};

/* Built-in empty zones that would hide names only the local resolver knows. */
static const char *const hidden[] = {"home.arpa.", "test.", "invalid.", "onion."};

/*
 * Names that resolvers answer themselves and unsigned (RFC 6761 6.4, RFC 7686 2), so that they
 * would be bogus and mail to them deferred: they don't exist, and may be said not to.
 */
static const char *const never_signed[] = {"invalid.", "onion."};

static struct timespec time_at(int64_t ms)
{
	return (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = ms % 1000 * 1000000};
}

static void wake(struct pump *pump)
{
	uint64_t one = 1;

	if (write(pump->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_panic("DNS pump: %m");
}

/* ---------------------------------------------------------------- requests */

/* Called with the lock on. */
static void request_let_go(struct request *request)
{
	if (--request->holders > 0)
		return;
	if (--request->context->holders == 0)
		wake(request->context->pump);
	ub_resolve_free(request->answer);
	free(request);
}

/* Called with the lock on, when the callback has come, or won't come. */
static void settle(struct request *request)
{
	if (!request->owed)
		return;
	request->owed = false;
	request_let_go(request);
}

/* Called with the lock on. */
static void unlink_request(struct request *request)
{
	*request->place = request->next;
	if (request->next)
		request->next->place = request->place;
}

/* Called with the lock on. Once for a request that was not given up. */
static void land(struct request *request, int error, struct ub_result *answer)
{
	unlink_request(request);
	request->landed = true;
	request->error = error;
	request->answer = answer;
	request->batch->landed++;
	pthread_cond_signal(&request->batch->changed);
}

/* In the pump's thread. */
static void answered(void *to, int error, struct ub_result *answer)
{
	struct request *request = to;
	struct pump *pump = request->context->pump;

	pthread_mutex_lock(&pump->lock);
	if (request->given_up || request->landed)
		ub_resolve_free(answer);
	else
		land(request, error, answer);
	settle(request);
	pthread_mutex_unlock(&pump->lock);
}

static struct request *request_new(struct context *context, struct batch *batch)
{
	struct request *request = MEMORY_NEW(struct request);

	request->context = context;
	request->batch = batch;
	request->holders = 2;
	request->owed = true;
	return request;
}

static bool pump_start(struct pump *pump);

/* Into its context's list. False: no thread to serve it, or a broken context. */
static bool admit(struct request *request)
{
	struct context *context = request->context;
	bool served;

	pthread_mutex_lock(&context->pump->lock);
	context->holders++;
	request->next = context->open;
	request->place = &context->open;
	if (request->next)
		request->next->place = &request->next;
	context->open = request;
	served = !context->broken && pump_start(context->pump);
	pthread_mutex_unlock(&context->pump->lock);
	return served;
}

/* libunbound starts its worker at the first question; threads inherit the mask. */
static int submit(struct request *request, const char *name, int type)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = ub_resolve_async(request->context->ub, name, type, 1, request, answered,
		&request->id);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

struct request *request_start(struct context *context, const char *name, int type,
	struct batch *batch)
{
	struct request *request = request_new(context, batch);
	int error = admit(request) ? submit(request, name, type) : CONTEXT_GONE;

	if (error == 0)
		return request;
	pthread_mutex_lock(&context->pump->lock);
	if (!request->landed)
		land(request, error, NULL);
	settle(request);
	pthread_mutex_unlock(&context->pump->lock);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the caller holds it still */
	return request;
}

bool request_landed(struct request *request, int *error, const struct ub_result **result)
{
	bool landed;

	pthread_mutex_lock(&request->context->pump->lock);
	landed = request->landed;
	pthread_mutex_unlock(&request->context->pump->lock);
	if (landed) {
		*error = request->error;
		*result = request->answer;
	}
	return landed;
}

/*
 * ub_cancel() says 0: the callback will not come; the question goes on inside libunbound and nobody
 * hears of it. Otherwise it has come, or is coming.
 */
void request_end(struct request *request)
{
	struct pump *pump;
	bool cancelled;

	if (request == NULL)
		return;
	pump = request->context->pump;
	pthread_mutex_lock(&pump->lock);
	if (!request->landed) {
		request->given_up = true;
		unlink_request(request);
	}
	cancelled = request->given_up;
	pthread_mutex_unlock(&pump->lock);

	cancelled = cancelled && ub_cancel(request->context->ub, request->id) == 0;
	pthread_mutex_lock(&pump->lock);
	if (cancelled)
		settle(request);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): we hold it still */
	request_let_go(request);
	pthread_mutex_unlock(&pump->lock);
}

/* ---------------------------------------------------------------- batches */

void batch_open(struct batch *batch, struct pump *pump)
{
	pthread_condattr_t attributes;

	*batch = (struct batch){.pump = pump};
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&batch->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

bool batch_wait(struct batch *batch, int64_t until)
{
	struct timespec at = time_at(until);
	bool news;

	pthread_mutex_lock(&batch->pump->lock);
	while (batch->landed == batch->seen)
		if (pthread_cond_timedwait(&batch->changed, &batch->pump->lock, &at) != 0)
			break;
	news = batch->landed != batch->seen;
	batch->seen = batch->landed;
	pthread_mutex_unlock(&batch->pump->lock);
	return news;
}

void batch_close(struct batch *batch)
{
	pthread_cond_destroy(&batch->changed);
}

/* ---------------------------------------------------------------- contexts */

static void tune(struct ub_ctx *ub, const char **unknown)
{
	for (size_t i = 0; i < COUNT(tuning); i++)
		if (ub_ctx_set_option(ub, tuning[i][0], tuning[i][1]) != 0 && unknown)
			*unknown = tuning[i][0];
}

/* Says what failed, when something did. */
static bool took(struct pool *pool, int error, const char *what, const char *value,
	const char **trouble)
{
	if (error != 0)
		*trouble =
			pool_format(pool, "libunbound: %s %s: %s", what, value, ub_strerror(error));
	return error == 0;
}

static bool set_insecure(struct ub_ctx *ub, struct pool *pool, const char *domain,
	const char **error)
{
	return took(pool, ub_ctx_set_option(ub, "domain-insecure:", domain),
		"domain without DNSSEC", domain, error);
}

static bool set_upstream(struct ub_ctx *ub, struct pool *pool,
	const struct context_settings *settings, const char **error)
{
	if (!settings->ipv6
		&& !took(pool, ub_ctx_set_option(ub, "do-ip6:", "no"), "do-ip6", "no", error))
		return false;
	if (settings->root_hints
		&& !took(pool, ub_ctx_set_option(ub, "root-hints:", settings->root_hints),
			"root hints", settings->root_hints, error))
		return false;
	return settings->forwarder == NULL
		|| took(pool, ub_ctx_set_fwd(ub, settings->forwarder), "nameserver",
			settings->forwarder, error);
}

/* In this order. ub_ctx_zone_remove() fixes the settings, and shows errors in them. */
static bool set_up(struct ub_ctx *ub, struct pool *pool, const struct context_settings *settings,
	const char **error)
{
	for (size_t i = 0; i < COUNT(never_signed); i++)
		if (!set_insecure(ub, pool, never_signed[i], error))
			return false;
	for (const char *const *domain = settings->insecure; *domain; domain++)
		if (!set_insecure(ub, pool, *domain, error))
			return false;
	if (!set_upstream(ub, pool, settings, error))
		return false;
	for (const char *const *anchor = settings->anchors; *anchor; anchor++)
		if (!took(pool, ub_ctx_add_ta(ub, *anchor), "trust anchor", *anchor, error))
			return false;
	ub_ctx_debugout(ub, NULL);
	if (!took(pool, ub_ctx_async(ub, 1), "thread", "mode", error))
		return false;
	for (size_t i = 0; i < COUNT(hidden); i++)
		if (!took(pool, ub_ctx_zone_remove(ub, hidden[i]), "settings, at zone", hidden[i],
			    error))
			return false;
	return true;
}

static struct ub_ctx *make(struct pool *pool, const struct context_settings *settings,
	const char **unknown, const char **error)
{
	struct ub_ctx *ub = ub_ctx_create();

	if (ub == NULL) {
		*error = "libunbound: cannot make a context";
		return NULL;
	}
	tune(ub, unknown);
	if (set_up(ub, pool, settings, error))
		return ub;
	ub_ctx_delete(ub);
	return NULL;
}

struct context *context_new(struct pump *pump, struct pool *pool,
	const struct context_settings *settings, const char **unknown, const char **error)
{
	struct context *context;
	struct ub_ctx *ub;

	pthread_mutex_lock(&pump->life);
	ub = make(pool, settings, unknown, error);
	pthread_mutex_unlock(&pump->life);
	if (ub == NULL)
		return NULL;
	context = MEMORY_NEW(struct context);
	context->pump = pump;
	context->ub = ub;
	context->holders = 1;
	pthread_mutex_lock(&pump->lock);
	context->next = pump->contexts;
	pump->contexts = context;
	wake(pump);
	pthread_mutex_unlock(&pump->lock);
	return context;
}

void context_hold(struct context *context)
{
	pthread_mutex_lock(&context->pump->lock);
	context->holders++;
	pthread_mutex_unlock(&context->pump->lock);
}

void context_let_go(struct context *context)
{
	struct pump *pump;

	if (context == NULL)
		return;
	pump = context->pump;
	pthread_mutex_lock(&pump->lock);
	if (--context->holders == 0)
		wake(pump);
	pthread_mutex_unlock(&pump->lock);
}

/* ---------------------------------------------------------------- the pump */

/* What the pump waits for. */
struct watch {
	struct pollfd *fds; /* [0] is wake */
	struct context **contexts;
	size_t count, room;
};

/* Takes contexts that nobody holds off the list. Called with the lock on. */
static struct context *unheld(struct pump *pump)
{
	struct context **at = &pump->contexts, *gone = NULL, *context;

	while ((context = *at)) {
		if (context->holders > 0) {
			at = &context->next;
			continue;
		}
		*at = context->next;
		context->next = gone;
		gone = context;
	}
	return gone;
}

static void delete_all(struct pump *pump, struct context *gone)
{
	for (struct context *next; gone; gone = next) {
		next = gone->next;
		pthread_mutex_lock(&pump->life);
		ub_ctx_delete(gone->ub);
		pthread_mutex_unlock(&pump->life);
		free(gone);
	}
}

static void watch_add(struct watch *watch, struct context *context, int fd)
{
	if (watch->count == watch->room) {
		watch->room += 8;
		watch->fds = memory_resize(watch->fds, watch->room, sizeof(*watch->fds));
		watch->contexts =
			memory_resize(watch->contexts, watch->room, sizeof(struct context *));
	}
	watch->fds[watch->count] = (struct pollfd){.fd = fd, .events = POLLIN};
	watch->contexts[watch->count++] = context;
}

/* False: the pump shall stop. Only the pump deletes contexts, so those it watches stay. */
static bool look(struct pump *pump, struct watch *watch)
{
	struct context *gone;
	bool stopping;

	pthread_mutex_lock(&pump->lock);
	stopping = pump->stopping;
	gone = unheld(pump);
	watch->count = 0;
	watch_add(watch, NULL, pump->wake);
	for (struct context *context = pump->contexts; context; context = context->next)
		if (!context->broken)
			watch_add(watch, context, ub_fd(context->ub));
	pthread_mutex_unlock(&pump->lock);
	delete_all(pump, gone);
	return !stopping;
}

/* Nothing will come from it any more: what waits there has failed. */
static void give_up_on(struct context *context, int error)
{
	struct request *request;

	log_warning("DNS: libunbound failed: %s", ub_strerror(error));
	pthread_mutex_lock(&context->pump->lock);
	context->broken = true;
	while ((request = context->open)) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): landing takes it off the list */
		land(request, error, NULL);
		settle(request);
	}
	pthread_mutex_unlock(&context->pump->lock);
}

static void serve(struct context *context, short events)
{
	int error = events & POLLIN ? ub_process(context->ub) : 0;

	if (error == 0 && (events & (POLLERR | POLLHUP | POLLNVAL)))
		error = CONTEXT_GONE;
	if (error != 0)
		give_up_on(context, error);
}

static void *run(void *to)
{
	struct pump *pump = to;
	struct watch watch = {.count = 0};
	uint64_t count;

	while (look(pump, &watch)) {
		if (poll(watch.fds, watch.count, -1) < 0)
			continue;
		if (watch.fds[0].revents && read(pump->wake, &count, sizeof(count)) < 0
			&& errno != EAGAIN)
			log_panic("DNS pump: %m");
		for (size_t i = 1; i < watch.count; i++)
			if (watch.fds[i].revents)
				serve(watch.contexts[i], watch.fds[i].revents);
	}
	free(watch.fds);
	free(watch.contexts);
	return NULL;
}

/* Called with the lock on. */
static bool pump_start(struct pump *pump)
{
	sigset_t all, old;

	if (pump->running)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pump->running = pthread_create(&pump->thread, NULL, run, pump) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return pump->running;
}

struct pump *pump_new(void)
{
	struct pump *pump = MEMORY_NEW(struct pump);

	pthread_mutex_init(&pump->life, NULL);
	pthread_mutex_init(&pump->lock, NULL);
	pump->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pump->wake < 0)
		log_fatal("eventfd: %m");
	return pump;
}

void pump_free(struct pump *pump)
{
	if (pump == NULL)
		return;
	pthread_mutex_lock(&pump->lock);
	pump->stopping = true;
	wake(pump);
	pthread_mutex_unlock(&pump->lock);
	if (pump->running)
		pthread_join(pump->thread, NULL);
	delete_all(pump, pump->contexts);
	pthread_mutex_destroy(&pump->life);
	pthread_mutex_destroy(&pump->lock);
	close(pump->wake);
	free(pump);
}

#include "dns/flight.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "dns/bogus.h"
#include "dns/name.h"
#include "dns/rr.h"
#include "util/cache.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/memory.h"

enum {
	FLYING_MOST = 100,          /* questions in flight in the process */
	NEXT_SERVER_MS = 5000,      /* as libc */
	WARN_AGAIN_MS = 600 * 1000, /* about the same bogus answer */
	WARNINGS_MOST = 1000,
};

struct airport {
	struct pump *pump;
	struct servers *servers;
	int seconds;
	struct cache *warned; /* bogus answers that were warned of lately */
	atomic_ulong secure, insecure, bogus, failed, late;
	pthread_mutex_t lock;  /* of all below */
	pthread_cond_t landed; /* there is room in the air */
	unsigned flying;
};

/* One question on its way. */
struct open {
	struct dns_question *question;
	struct request *requests[NAMESERVERS_MOST]; /* by order; NULL: not asked, or failed */
	size_t started;
	int64_t since; /* the last was started */
	const char *reason;
	bool settled;
};

/* Some questions of one caller. */
struct flight {
	struct airport *airport;
	struct pool *pool;
	struct order order;
	struct batch batch;
	const char *why_bogus; /* of the last that was; "" */
};

static void count_one(atomic_ulong *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---------------------------------------------------------------- answers */

static void drop_nothing(void *value UNUSED)
{
}

/* One warning for a name, type and reason in ten minutes, with all that is known. */
static void warn_bogus(struct flight *flight, const struct dns_question *question,
	const char *reason, const char *why_bogus)
{
	static const char yes;
	const char *type = rr_type_name(question->type);
	const char *key = pool_format(flight->pool, "%s|%s|%s",
		name_plain(flight->pool, question->name), type, reason);
	void *known = cache_take(flight->airport->warned, key, strlen(key));

	if (known == NULL)
		log_warning("DNSSEC validation failed for name=%s type=%s: %s", question->name,
			type, why_bogus);
	cache_put(flight->airport->warned, key, strlen(key), (void *)&yes,
		clock_ms() + WARN_AGAIN_MS);
}

static void bogus(struct flight *flight, const struct ub_result *result,
	struct dns_question *question)
{
	const char *why = result->why_bogus ? result->why_bogus : "";
	const char *reason = bogus_reason(flight->pool, why);

	flight->why_bogus = pool_text(flight->pool, why);
	question->answer = dns_answer_without(flight->pool, question->name, DNS_TRY_AGAIN, reason);
	question->answer.security = DNS_BOGUS;
	count_one(&flight->airport->bogus);
	warn_bogus(flight, question, reason, why);
}

static void copy_records(struct pool *pool, const struct ub_result *result,
	struct dns_answer *answer)
{
	size_t count = 0;

	while (result->data[count])
		count++;
	answer->records = POOL_ARRAY(pool, struct dns_record, count);
	answer->count = count;
	for (size_t i = 0; i < count; i++)
		answer->records[i] = (struct dns_record){
			.owner = answer->name,
			.data = (uint8_t *)pool_bytes(pool, result->data[i],
				(size_t)result->len[i]),
			.length = (size_t)result->len[i],
			.ttl = answer->ttl,
		};
}

/* An answer that is not bogus, with rcode 0 or 3. */
static void believed(struct flight *flight, const struct ub_result *result,
	struct dns_question *question)
{
	struct dns_answer answer =
		dns_answer_without(flight->pool, question->name, DNS_NO_NAME, "");

	if (result->canonname) {
		answer.aliased = !name_same(result->canonname, question->name);
		if (answer.aliased)
			answer.name = name_bare(flight->pool, result->canonname);
	}
	answer.security = result->secure ? DNS_SECURE : DNS_INSECURE;
	answer.ttl = result->ttl > 0 ? (uint32_t)result->ttl : 0;
	if (result->rcode == 0)
		answer.class = DNS_NO_DATA;
	if (result->rcode == 0 && result->havedata && result->data) {
		answer.class = DNS_ANSWERED;
		copy_records(flight->pool, result, &answer);
	}
	question->answer = answer;
	count_one(result->secure ? &flight->airport->secure : &flight->airport->insecure);
}

/* Bogus before everything else: such an answer has an rcode and records like any other. */
static bool take(struct flight *flight, int error, const struct ub_result *result,
	struct open *open)
{
	if (error == 0 && result->bogus) {
		bogus(flight, result, open->question);
		return true;
	}
	if (error == 0 && (result->rcode == 0 || result->rcode == 3)) {
		believed(flight, result, open->question);
		return true;
	}
	open->reason = error == 0 ? "" : ub_strerror(error);
	return false;
}

static void fail(struct flight *flight, struct open *open, const char *reason)
{
	open->settled = true;
	open->question->answer =
		dns_answer_without(flight->pool, open->question->name, DNS_TRY_AGAIN, reason);
	count_one(&flight->airport->failed);
}

/* ---------------------------------------------------------------- asking */

/* Looks at what landed. The first that is an answer settles the question. */
static void land(struct flight *flight, struct open *open)
{
	struct servers *servers = flight->airport->servers;
	const struct ub_result *result;
	int error;

	for (size_t i = 0; i < open->started && !open->settled; i++) {
		if (open->requests[i] == NULL
			|| !request_landed(open->requests[i], &error, &result))
			continue;
		open->settled = take(flight, error, result, open);
		servers_note(servers, &flight->order, i, open->settled, error);
		request_end(open->requests[i]);
		open->requests[i] = NULL;
		for (size_t other = 0; open->settled && other < open->started; other++)
			if (other != i)
				servers_outdone(servers, &flight->order, other);
	}
}

static bool is_waiting(const struct open *open)
{
	for (size_t i = 0; i < open->started; i++)
		if (open->requests[i])
			return true;
	return false;
}

/* Is it time for the next nameserver, and is there one? */
static bool next_due(const struct flight *flight, const struct open *open)
{
	return open->started < flight->order.count
		&& (!is_waiting(open) || clock_ms() - open->since >= NEXT_SERVER_MS);
}

/* Moves one question on. False: it waits, and something is to be done at *NEXT at the latest. */
static bool step(struct flight *flight, struct open *open, int64_t *next)
{
	const char *name = *open->question->name ? open->question->name : ".";

	land(flight, open);
	while (!open->settled && next_due(flight, open)) {
		open->requests[open->started] =
			servers_ask(flight->airport->servers, &flight->order, open->started, name,
				(int)open->question->type, &flight->batch);
		open->started++;
		open->since = clock_ms();
		land(flight, open);
	}
	if (!open->settled && !is_waiting(open))
		fail(flight, open, open->reason);
	if (!open->settled && open->started < flight->order.count
		&& open->since + NEXT_SERVER_MS < *next)
		*next = open->since + NEXT_SERVER_MS;
	return open->settled;
}

/* What is still out when a question is settled, or its time is up, counts against who was asked. */
static void close_open(struct flight *flight, struct open *open)
{
	for (size_t i = 0; i < open->started; i++) {
		if (open->requests[i])
			servers_note(flight->airport->servers, &flight->order, i, false, 0);
		request_end(open->requests[i]);
	}
}

static void too_late(struct flight *flight, struct open *open)
{
	if (open->settled)
		return;
	fail(flight, open,
		pool_format(flight->pool, "no answer within %d s", flight->airport->seconds));
	count_one(&flight->airport->late);
}

/* Asks COUNT questions side by side. Returns libunbound's words about the last bogus one. */
static const char *fly(struct airport *airport, struct pool *pool, struct dns_question *questions,
	size_t count, int64_t deadline)
{
	struct flight flight = {.airport = airport,
		.pool = pool,
		.why_bogus = "",
		.order = servers_order(airport->servers)};
	struct open *open = POOL_ARRAY(pool, struct open, count);
	size_t settled;
	int64_t next;

	batch_open(&flight.batch, airport->pump);
	for (size_t i = 0; i < count; i++)
		open[i] = (struct open){.question = &questions[i], .reason = ""};
	do {
		next = deadline;
		settled = 0;
		for (size_t i = 0; i < count; i++)
			settled += open[i].settled || step(&flight, &open[i], &next);
		if (settled < count)
			batch_wait(&flight.batch, next);
	} while (settled < count && clock_ms() < deadline);

	for (size_t i = 0; i < count; i++) {
		land(&flight, &open[i]);
		too_late(&flight, &open[i]);
		close_open(&flight, &open[i]);
	}
	batch_close(&flight.batch);
	return flight.why_bogus;
}

/* Waits for room in the air: at least 1 of WANTED, or 0 when the time is up. */
static unsigned take_off(struct airport *airport, size_t wanted, int64_t deadline)
{
	struct timespec at = {.tv_sec = (time_t)(deadline / 1000),
		.tv_nsec = deadline % 1000 * 1000000};
	unsigned got = 0;

	pthread_mutex_lock(&airport->lock);
	while (airport->flying >= FLYING_MOST
		&& pthread_cond_timedwait(&airport->landed, &airport->lock, &at) == 0)
		;
	if (clock_ms() < deadline)
		got = FLYING_MOST - airport->flying;
	if (wanted < got)
		got = (unsigned)wanted;
	airport->flying += got;
	pthread_mutex_unlock(&airport->lock);
	return got;
}

static void touch_down(struct airport *airport, unsigned count)
{
	pthread_mutex_lock(&airport->lock);
	airport->flying -= count;
	pthread_cond_broadcast(&airport->landed);
	pthread_mutex_unlock(&airport->lock);
}

/* Nobody waits for room while having some, so nobody waits for ever. */
const char *airport_ask(struct airport *airport, struct pool *pool, struct dns_question *questions,
	size_t count, int64_t deadline)
{
	const char *why_bogus = "";
	size_t done = 0;
	unsigned part;

	while (done < count && (part = take_off(airport, count - done, deadline)) > 0) {
		why_bogus = fly(airport, pool, questions + done, part, deadline);
		touch_down(airport, part);
		done += part;
	}
	for (; done < count; done++) {
		struct flight none = {.airport = airport, .pool = pool};
		struct open open = {.question = &questions[done]};

		too_late(&none, &open);
	}
	return why_bogus;
}

struct airport_numbers airport_numbers(const struct airport *airport)
{
	return (struct airport_numbers){
		.secure = airport->secure,
		.insecure = airport->insecure,
		.bogus = airport->bogus,
		.failed = airport->failed,
		.late = airport->late,
	};
}

struct airport *airport_new(struct pump *pump, struct servers *servers, int seconds)
{
	struct airport *airport = MEMORY_NEW(struct airport);
	pthread_condattr_t attributes;

	airport->pump = pump;
	airport->servers = servers;
	airport->seconds = seconds;
	airport->warned = cache_new(WARNINGS_MOST, drop_nothing);
	pthread_mutex_init(&airport->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&airport->landed, &attributes);
	pthread_condattr_destroy(&attributes);
	return airport;
}

void airport_free(struct airport *airport)
{
	if (airport == NULL)
		return;
	cache_free(airport->warned);
	pthread_cond_destroy(&airport->landed);
	pthread_mutex_destroy(&airport->lock);
	free(airport);
}

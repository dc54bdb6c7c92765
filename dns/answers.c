#include "dns/answers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "dns/name.h"
#include "util/cache.h"
#include "util/clock.h"
#include "util/memory.h"

enum {
	SECONDS_MOST = 300,
	SECONDS_MOST_TLSA = 100,
	SECONDS_MOST_ABSENT = 60,
	SECONDS_FAILED = 1,
	BYTES_MOST = 16384, /* a larger answer is not kept */
	KEY_MOST = 320,
};

/* An answer that many read and nobody changes; the last who lets go frees it. */
struct kept {
	atomic_uint holders;
	size_t size; /* bytes of it all */
	struct dns_answer answer;
	char bytes[]; /* its records, their data, its strings */
};

/* A question that is being asked. */
struct flight {
	struct flight *next;
	pthread_cond_t landed;
	struct kept *kept; /* NULL until it has landed */
	unsigned aboard;   /* its leader and those who wait */
	size_t length;
	char key[KEY_MOST];
};

struct answers {
	struct resolver plain, validated;
	struct cache *cache;
	atomic_ulong asked;
	pthread_mutex_t lock; /* of flights and of what is in them */
	struct flight *flights;
};

/* One of several questions of a caller. */
struct ticket {
	char key[KEY_MOST];
	size_t length;
	struct flight *flight; /* NULL: answered already */
	bool leads;
};

static void *hold(void *value)
{
	struct kept *kept = value;

	atomic_fetch_add_explicit(&kept->holders, 1, memory_order_relaxed);
	return kept;
}

static void let_go(void *value)
{
	struct kept *kept = value;

	if (atomic_fetch_sub_explicit(&kept->holders, 1, memory_order_acq_rel) == 1)
		free(kept);
}

static const void *place(char **at, const void *data, size_t length)
{
	const void *placed = *at;

	if (length > 0)
		memcpy(*at, data, length);
	*at += length;
	return placed;
}

static const char *place_text(char **at, const char *text)
{
	return place(at, text, strlen(text) + 1);
}

/* Records first, which must be aligned; struct dns_answer before them ends aligned. */
static struct kept *kept_new(const struct dns_answer *answer)
{
	size_t size = strlen(answer->reason) + strlen(answer->name) + 2;
	struct kept *kept;
	struct dns_record *records;
	char *at;

	for (size_t i = 0; i < answer->count; i++)
		size += sizeof(*records) + answer->records[i].length
			+ strlen(answer->records[i].owner) + 1;
	kept = memory_new(sizeof(*kept) + size);
	atomic_init(&kept->holders, 1);
	kept->size = sizeof(*kept) + size;
	kept->answer = *answer;

	at = kept->bytes;
	records = (struct dns_record *)(void *)at;
	place(&at, answer->records, answer->count * sizeof(*records));
	for (size_t i = 0; i < answer->count; i++) {
		if (records[i].data)
			records[i].data = place(&at, records[i].data, records[i].length);
		records[i].owner = place_text(&at, records[i].owner);
	}
	kept->answer.records = answer->count ? records : NULL;
	kept->answer.reason = place_text(&at, answer->reason);
	kept->answer.name = place_text(&at, answer->name);
	return kept;
}

/* False: a name too long to be one. */
static bool key_for(const struct dns_question *question, enum dns_mode mode, struct pool *pool,
	struct ticket *ticket)
{
	const char *name = name_plain(pool, question->name);
	size_t length = strlen(name);

	if (length > NAME_MOST)
		return false;
	ticket->key[0] = (char)question->type;
	ticket->key[1] = (char)mode;
	memcpy(ticket->key + 2, name, length);
	ticket->length = 2 + length;
	return true;
}

static void deliver(struct pool *pool, const struct kept *kept, struct dns_question *question)
{
	question->answer = dns_answer_copy(pool, &kept->answer);
	if (!question->answer.aliased) /* in the case of who asks now */
		question->answer.name = name_bare(pool, question->name);
}

static bool from_cache(struct answers *answers, struct pool *pool, const struct ticket *ticket,
	struct dns_question *question)
{
	struct kept *kept = cache_hold(answers->cache, ticket->key, ticket->length, hold);

	if (kept == NULL)
		return false;
	deliver(pool, kept, question);
	let_go(kept);
	return true;
}

static struct flight *flight_new(const struct ticket *ticket)
{
	struct flight *flight = MEMORY_NEW(struct flight);

	pthread_cond_init(&flight->landed, NULL);
	memcpy(flight->key, ticket->key, ticket->length);
	flight->length = ticket->length;
	return flight;
}

/* Boards the flight for the ticket's question, or starts one and leads it. */
static void board(struct answers *answers, struct ticket *ticket)
{
	struct flight *flight;

	pthread_mutex_lock(&answers->lock);
	for (flight = answers->flights; flight; flight = flight->next)
		if (flight->length == ticket->length
			&& memcmp(flight->key, ticket->key, ticket->length) == 0)
			break;
	if (flight == NULL) {
		flight = flight_new(ticket);
		flight->next = answers->flights;
		answers->flights = flight;
		ticket->leads = true;
	}
	flight->aboard++;
	ticket->flight = flight;
	pthread_mutex_unlock(&answers->lock);
}

/* The last to leave takes it apart. Called with the lock on. */
static void leave(struct flight *flight)
{
	if (--flight->aboard > 0)
		return;
	pthread_cond_destroy(&flight->landed);
	let_go(flight->kept);
	free(flight);
}

/* The leader has an answer: those who wait may have it, and nobody boards any more. */
static void land(struct answers *answers, struct flight *flight, struct kept *kept)
{
	struct flight **at = &answers->flights;

	pthread_mutex_lock(&answers->lock);
	while (*at != flight)
		at = &(*at)->next;
	*at = flight->next;
	flight->kept = kept;
	pthread_cond_broadcast(&flight->landed);
	leave(flight);
	pthread_mutex_unlock(&answers->lock);
}

static void await(struct answers *answers, struct pool *pool, struct flight *flight,
	struct dns_question *question)
{
	struct kept *kept;

	pthread_mutex_lock(&answers->lock);
	while (flight->kept == NULL)
		pthread_cond_wait(&flight->landed, &answers->lock);
	kept = hold(flight->kept);
	leave(flight);
	pthread_mutex_unlock(&answers->lock);
	deliver(pool, kept, question);
	let_go(kept);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t seconds_to_keep(enum dns_type type, const struct dns_answer *answer)
{
	switch (answer->class) {
	case DNS_ANSWERED:
		return smaller(answer->ttl, type == DNS_TLSA ? SECONDS_MOST_TLSA : SECONDS_MOST);
	case DNS_NO_NAME:
	case DNS_NO_DATA:
		return smaller(answer->ttl, SECONDS_MOST_ABSENT);
	case DNS_TRY_AGAIN:
	case DNS_NO_RECOVERY:
	case DNS_LOOP:
		break;
	}
	return SECONDS_FAILED;
}

/* Into the cache first, then off the list of flights: no gap in which somebody would ask anew. */
static void publish(struct answers *answers, const struct ticket *ticket,
	const struct dns_question *question)
{
	struct kept *kept = kept_new(&question->answer);
	uint32_t seconds = seconds_to_keep(question->type, &question->answer);

	if (seconds > 0 && kept->size <= BYTES_MOST)
		cache_put(answers->cache, ticket->key, ticket->length, hold(kept),
			clock_ms() + (int64_t)seconds * 1000);
	land(answers, ticket->flight, kept);
}

/* Asks what we lead, side by side if the resolver can. */
static void ask_upstream(struct answers *answers, struct pool *pool, struct dns_question *questions,
	size_t count, enum dns_mode mode)
{
	const struct resolver *upstream =
		mode == DNS_PLAIN ? &answers->plain : &answers->validated;

	if (upstream->ask == NULL) {
		for (size_t i = 0; i < count; i++)
			questions[i].answer = dns_answer_without(pool, questions[i].name,
				DNS_TRY_AGAIN, "no DNSSEC validation here");
		return;
	}
	atomic_fetch_add_explicit(&answers->asked, count, memory_order_relaxed);
	resolver_ask_all(upstream, pool, questions, count, mode);
}

/*
 * Who leads a flight looks into the cache once more: another leader may have landed between our
 * first look and our boarding.
 */
static bool must_ask(struct answers *answers, struct pool *pool, const struct ticket *ticket,
	struct dns_question *question)
{
	struct kept *kept;

	if (!ticket->leads)
		return false;
	kept = cache_hold(answers->cache, ticket->key, ticket->length, hold);
	if (kept == NULL)
		return true;
	deliver(pool, kept, question);
	land(answers, ticket->flight, kept);
	return false;
}

static void lead(struct answers *answers, struct pool *pool, struct dns_question *questions,
	struct ticket *tickets, size_t count, enum dns_mode mode)
{
	struct dns_question *mine = POOL_ARRAY(pool, struct dns_question, count);
	size_t *whose = POOL_ARRAY(pool, size_t, count), led = 0;

	for (size_t i = 0; i < count; i++)
		if (tickets[i].flight && must_ask(answers, pool, &tickets[i], &questions[i])) {
			whose[led] = i;
			mine[led++] = questions[i];
		}
	if (led == 0)
		return;
	ask_upstream(answers, pool, mine, led, mode);
	for (size_t i = 0; i < led; i++) {
		questions[whose[i]].answer = mine[i].answer;
		publish(answers, &tickets[whose[i]], &mine[i]);
	}
}

/* All that we lead is published before we wait for others: so nobody waits for us meanwhile. */
static void ask_all(void *self, struct pool *pool, struct dns_question *questions, size_t count,
	enum dns_mode mode)
{
	struct answers *answers = self;
	struct ticket *tickets = POOL_ARRAY(pool, struct ticket, count);

	for (size_t i = 0; i < count; i++)
		if (!key_for(&questions[i], mode, pool, &tickets[i]))
			questions[i].answer =
				dns_answer_without(pool, questions[i].name, DNS_NO_NAME, "");
		else if (!from_cache(answers, pool, &tickets[i], &questions[i]))
			board(answers, &tickets[i]);
	lead(answers, pool, questions, tickets, count, mode);
	for (size_t i = 0; i < count; i++)
		if (tickets[i].flight && !tickets[i].leads)
			/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): we are still aboard */
			await(answers, pool, tickets[i].flight, &questions[i]);
}

static void ask(void *self, struct pool *pool, const char *name, enum dns_type type,
	enum dns_mode mode, struct dns_answer *answer)
{
	struct dns_question question = {.name = name, .type = type};

	ask_all(self, pool, &question, 1, mode);
	*answer = question.answer;
}

struct answers *answers_new(struct resolver plain, struct resolver validated, size_t most)
{
	struct answers *answers = MEMORY_NEW(struct answers);

	answers->plain = plain;
	answers->validated = validated;
	answers->cache = cache_new(most, let_go);
	pthread_mutex_init(&answers->lock, NULL);
	return answers;
}

struct resolver answers_resolver(struct answers *answers)
{
	return (struct resolver){.self = answers, .ask = ask, .ask_all = ask_all};
}

unsigned long answers_asked(const struct answers *answers)
{
	return atomic_load_explicit(&answers->asked, memory_order_relaxed);
}

void answers_free(struct answers *answers)
{
	if (answers == NULL)
		return;
	cache_free(answers->cache);
	pthread_mutex_destroy(&answers->lock);
	free(answers);
}

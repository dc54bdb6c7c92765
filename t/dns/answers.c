#include "dns/answers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include "t/lib/fake_resolver.h"
#include "t/lib/tap.h"
#include "util/clock.h"

#define S .security = DNS_SECURE

static const struct fake_record lines[] = {
	{"mx.test", DNS_MX, S, .rdata = "10 a.test", .ttl = 200},
	{"mx.test", DNS_MX, S, .rdata = "20 b.test", .ttl = 500},
	{"long.test", DNS_MX, S, .rdata = "10 a.test", .ttl = 86400},
	{"_25._tcp.a.test", DNS_TLSA, S, .rdata = "3 1 1 aabb", .ttl = 86400},
	{"alias.test", DNS_CNAME, S, .rdata = "mx.test"},
	{"a.test", DNS_A, S, .rdata = "192.0.2.1"},
	{"a.test", DNS_AAAA, S, .rdata = "2001:db8::1"},
	{"fail.test", DNS_MX, .class = DNS_TRY_AGAIN, .rdata = "no answer within 30 s"},
	{"bogus.test", DNS_MX, .security = DNS_BOGUS, .rdata = "signature expired"},
};

static const struct hold_case {
	const char *name;
	enum dns_type type;
	int seconds; /* that the answer holds */
} holds[] = {
	{"mx.test", DNS_MX, 200},
	{"long.test", DNS_MX, 300},
	{"_25._tcp.a.test", DNS_TLSA, 100},
	{"alias.test", DNS_MX, 200},
	{"nosuch.test", DNS_MX, 60},
	{"fail.test", DNS_MX, 1},
	{"bogus.test", DNS_MX, 1},
};

static void test_holds(void)
{
	struct resolver fake = fake_resolver(lines, COUNT(lines));
	struct answers *answers = answers_new(fake, fake, 100);
	struct resolver resolver = answers_resolver(answers);

	clock_freeze(1000000, (struct timeval){.tv_sec = 1});
	for (const struct hold_case *x = holds; x < holds + COUNT(holds); x++) {
		struct pool pool = {0};
		struct dns_answer first, again;
		unsigned long before = fake_asked(&fake);

		resolver_ask(&resolver, &pool, x->name, x->type, DNS_VALIDATED, &first);
		clock_advance(x->seconds * 1000 - 1);
		resolver_ask(&resolver, &pool, x->name, x->type, DNS_VALIDATED, &again);
		okf(fake_asked(&fake) == before + 1, "%s is kept for %d s", x->name, x->seconds);
		ok(first.class == again.class && first.security == again.security
				&& first.count == again.count && first.aliased == again.aliased
				&& first.ttl == again.ttl,
			"the answer is the same");
		is_text(again.name, first.name, "its name");
		is_text(again.reason, first.reason, "its reason");
		for (size_t i = 0; i < first.count; i++)
			ok(first.records[i].length == again.records[i].length
					&& memcmp(first.records[i].data, again.records[i].data,
						   first.records[i].length)
						== 0
					&& strcmp(first.records[i].owner, again.records[i].owner)
						== 0,
				"a record");
		clock_advance(1);
		resolver_ask(&resolver, &pool, x->name, x->type, DNS_VALIDATED, &again);
		ok(fake_asked(&fake) == before + 2, "and not longer");
		pool_free(&pool);
	}
	clock_thaw();
	answers_free(answers);
}

static void test_keys(void)
{
	struct resolver fake = fake_resolver(lines, COUNT(lines));
	struct answers *answers = answers_new(fake, fake, 100);
	struct resolver resolver = answers_resolver(answers);
	struct pool pool = {0};
	struct dns_answer answer;
	char longest[400];

	resolver_ask(&resolver, &pool, "a.test", DNS_A, DNS_VALIDATED, &answer);
	resolver_ask(&resolver, &pool, "A.Test.", DNS_A, DNS_VALIDATED, &answer);
	is_number((long long)answers_asked(answers), 1, "case and a final dot don't matter");
	is_text(answer.name, "A.Test", "the name is as it was asked");
	resolver_ask(&resolver, &pool, "a.test", DNS_AAAA, DNS_VALIDATED, &answer);
	is_number((long long)answers_asked(answers), 2, "the type does");
	resolver_ask(&resolver, &pool, "a.test", DNS_A, DNS_PLAIN, &answer);
	is_number((long long)answers_asked(answers), 3, "so does the mode");
	ok(answer.security == DNS_INSECURE, "a plain answer is not the validated one");

	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	resolver_ask(&resolver, &pool, longest, DNS_A, DNS_PLAIN, &answer);
	ok(answer.class == DNS_NO_NAME && answers_asked(answers) == 3, "too long to be a name");
	pool_free(&pool);
	answers_free(answers);
}

static void test_no_validation(void)
{
	struct resolver fake = fake_resolver(lines, COUNT(lines));
	struct answers *answers = answers_new(fake, (struct resolver){.ask = NULL}, 100);
	struct resolver resolver = answers_resolver(answers);
	struct pool pool = {0};
	struct dns_answer answer;

	resolver_ask(&resolver, &pool, "a.test", DNS_A, DNS_VALIDATED, &answer);
	ok(answer.class == DNS_TRY_AGAIN && *answer.reason,
		"no validation: try again, with a reason");
	resolver_ask(&resolver, &pool, "a.test", DNS_A, DNS_PLAIN, &answer);
	ok(answer.class == DNS_ANSWERED, "plain ones work");
	pool_free(&pool);
	answers_free(answers);
}

/* A resolver that answers when all threads have asked something, and sees who asks what. */
struct slow {
	struct resolver fake;
	pthread_mutex_t lock;
	pthread_cond_t open;
	bool is_open;
	unsigned inside;
};

static void slow_ask(void *self, struct pool *pool, const char *name, enum dns_type type,
	enum dns_mode mode, struct dns_answer *answer)
{
	struct slow *slow = self;

	pthread_mutex_lock(&slow->lock);
	slow->inside++;
	pthread_cond_broadcast(&slow->open);
	while (!slow->is_open)
		pthread_cond_wait(&slow->open, &slow->lock);
	pthread_mutex_unlock(&slow->lock);
	resolver_ask(&slow->fake, pool, name, type, mode, answer);
}

struct crowd {
	struct resolver resolver;
	atomic_uint here, served;
};

static void *one_of_crowd(void *context)
{
	struct crowd *crowd = context;
	struct pool pool = {0};
	struct dns_question questions[] = {{.name = "a.test", .type = DNS_A},
		{.name = "a.test", .type = DNS_AAAA}, {.name = "A.test", .type = DNS_A}};
	struct dns_answer mx;

	crowd->here++;
	resolver_ask(&crowd->resolver, &pool, "mx.test", DNS_MX, DNS_VALIDATED, &mx);
	resolver_ask_all(&crowd->resolver, &pool, questions, 3, DNS_VALIDATED);
	if (mx.count == 2 && questions[0].answer.count == 1 && questions[1].answer.count == 1
		&& questions[2].answer.count == 1)
		crowd->served++;
	pool_free(&pool);
	return NULL;
}

/* Two queries for a domain (three with IPv6), also when 20 ask at once. */
static void test_single_flight(void)
{
	struct slow slow = {.fake = fake_resolver(lines, COUNT(lines)),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.open = PTHREAD_COND_INITIALIZER};
	struct resolver upstream = {.self = &slow, .ask = slow_ask};
	struct answers *answers = answers_new(upstream, upstream, 100);
	struct crowd crowd = {.resolver = answers_resolver(answers)};
	pthread_t threads[20];

	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, one_of_crowd, &crowd);
	pthread_mutex_lock(&slow.lock);
	while (slow.inside == 0)
		pthread_cond_wait(&slow.open, &slow.lock);
	slow.is_open = true;
	pthread_cond_broadcast(&slow.open);
	pthread_mutex_unlock(&slow.lock);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);

	is_number((long long)crowd.served, 20, "20 threads were served");
	is_number((long long)fake_asked(&slow.fake), 3, "by three questions: MX, A, AAAA");
	is_number((long long)answers_asked(answers), 3, "which were counted");
	answers_free(answers);
}

/* Answers with TTL 0 serve who waits, and are asked anew by who comes later. */
static void test_ttl_0(void)
{
	static const struct fake_record records[] = {
		{"zero.test", DNS_MX, .class = DNS_NO_DATA, .rdata = ""},
	};
	struct resolver fake = fake_resolver(records, COUNT(records));
	struct answers *answers = answers_new(fake, fake, 100);
	struct resolver resolver = answers_resolver(answers);
	struct pool pool = {0};
	struct dns_answer answer;

	resolver_ask(&resolver, &pool, "zero.test", DNS_MX, DNS_PLAIN, &answer);
	resolver_ask(&resolver, &pool, "zero.test", DNS_MX, DNS_PLAIN, &answer);
	is_number((long long)fake_asked(&fake), 2, "a TTL of 0 is not kept");
	pool_free(&pool);
	answers_free(answers);
}

static void *ask_around(void *context)
{
	static const char *const names[] = {"mx.test", "long.test", "alias.test", "nosuch.test",
		"fail.test", "bogus.test", "a.test", "other.test"};
	struct crowd *crowd = context;

	for (unsigned i = 0; i < 400; i++) {
		struct pool pool = {0};
		struct dns_question questions[COUNT(names)];

		for (unsigned q = 0; q < COUNT(names); q++)
			questions[q] =
				(struct dns_question){.name = names[(q * 3 + i) % COUNT(names)],
					.type = i % 2 ? DNS_MX : DNS_A};
		resolver_ask_all(&crowd->resolver, &pool, questions, COUNT(names), DNS_VALIDATED);
		for (unsigned q = 0; q < COUNT(names); q++)
			if (strcmp(questions[q].name, "nosuch.test") == 0
				&& questions[q].answer.class == DNS_NO_NAME)
				crowd->served++;
		pool_free(&pool);
	}
	return NULL;
}

/* Small cache, many threads, the same questions in different orders: nobody waits for ever. */
static void test_many(void)
{
	struct resolver fake = fake_resolver(lines, COUNT(lines));
	struct answers *answers = answers_new(fake, fake, 3);
	struct crowd crowd = {.resolver = answers_resolver(answers)};
	pthread_t threads[8];

	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, ask_around, &crowd);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	is_number((long long)crowd.served, COUNT(threads) * 400, "a small cache and many threads");
	answers_free(answers);
}

int main(void)
{
	test_holds();
	test_keys();
	test_no_validation();
	test_single_flight();
	test_ttl_0();
	test_many();
	return done();
}

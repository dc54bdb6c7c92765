/* What is in a ticket's key, and how long the store keeps what. */
#include "tls/tickets.h"
#include <stdio.h>
#include <string.h>
#include "t/lib/tap.h"
#include "util/clock.h"
#include "util/macros.h"

enum { VARIANTS = 24 };

/* The same expectation but for one thing. */
static struct tls_expect variant(int which)
{
	static const struct tls_name names[] = {
		{"a.example", "match", false}, {"b.example", "match", false}, {"a.example", "hostname", true},
	};
	static const char *const texts[] = {"aa:bb", "cc:dd", "aa:b", "b"};
	static const uint8_t data[] = {1, 2, 3};
	static const struct tls_tlsa tlsa[] = {
		{3, 1, 1, data, 3}, {2, 1, 1, data, 3}, {3, 0, 1, data, 3}, {3, 1, 2, data, 3},
		{3, 1, 1, data, 2}, {3, 1, 1, data + 1, 2},
	};
	struct tls_expect expect = {.level = TLS_LEVEL_SECURE, .protocols = ">=TLSv1", .grade = "medium",
		.exclude = "", .sni = "", .names = names, .name_count = 1};

	switch (which) {
	case 1: expect.level = TLS_LEVEL_VERIFY; break;
	case 2: expect.names = names + 1; break;
	case 3: expect.name_count = 2; break;
	case 4: expect.name_count = 0; break;
	case 5: expect.fingerprints = texts, expect.fingerprint_count = 1; break;
	case 6: expect.fingerprints = texts, expect.fingerprint_count = 2; break;
	case 7: expect.anchor_files = texts, expect.anchor_file_count = 1; break;
	case 8: expect.fingerprints = texts + 2, expect.fingerprint_count = 2; break;
	case 9: expect.tlsa = tlsa, expect.tlsa_count = 1; break;
	case 10: expect.tlsa = tlsa, expect.tlsa_count = 2; break;
	case 11: expect.tlsa = tlsa + 1, expect.tlsa_count = 1; break;
	case 12: expect.tlsa = tlsa + 2, expect.tlsa_count = 1; break;
	case 13: expect.tlsa = tlsa + 3, expect.tlsa_count = 1; break;
	case 14: expect.tlsa = tlsa + 4, expect.tlsa_count = 1; break;
	case 15: expect.tlsa = tlsa + 5, expect.tlsa_count = 1; break;
	case 16: expect.protocols = ">=TLSv1.2"; break;
	case 17: expect.grade = "high"; break;
	case 18: expect.exclude = "SHA1"; break;
	case 19: expect.sni = "a.example"; break;
	case 20: expect.raw_keys = true; break;
	case 21: expect.policy_failure = "validation-failure"; break;
	case 22: expect.protocols = "", expect.grade = ">=TLSv1medium"; break;
	case 23: expect.anchor_files = texts + 1, expect.anchor_file_count = 1; break;
	}
	return expect;
}

static void keys(struct pool *pool)
{
	const char *all[VARIANTS];
	struct tls_expect expect;
	struct tls_name renamed = {"a.example", "hostname", true};

	for (int i = 0; i < VARIANTS; i++) {
		bool fresh = true;

		expect = variant(i);
		all[i] = tickets_key(pool, "smtp&a&mx&192.0.2.1&me", &expect, "NONE");
		for (int j = 0; j < i; j++)
			fresh = fresh && strcmp(all[i], all[j]) != 0;
		okf(fresh, "variant %d has a key of its own", i);
	}
	expect = variant(0);
	is_text(tickets_key(pool, "smtp&a&mx&192.0.2.1&me", &expect, "NONE"), all[0], "always the same");
	expect.names = &renamed;
	is_text(tickets_key(pool, "smtp&a&mx&192.0.2.1&me", &expect, "NONE"), all[0],
		"why a name is acceptable makes no difference");
	ok(strncmp(all[0], "smtp&a&mx&192.0.2.1&me&", 23) == 0 && strlen(all[0]) == 23 + 64
		&& strspn(all[0] + 23, "0123456789ABCDEF") == 64, "readable, then 64 digits");
	ok(strcmp(tickets_key(pool, "x", &expect, "NONE") + 2,
		tickets_key(pool, "x", &expect, "NORMAL") + 2) != 0, "what we offer is in it");
	ok(strcmp(tickets_key(pool, "x", &expect, "NONE") + 2,
		tickets_key(pool, "y", &expect, "NONE") + 2) != 0, "and so is the session key");
}

static void is_ticket(struct tickets *tickets, const char *key, const char *want, const char *name)
{
	const struct ticket *ticket = tickets_find(tickets, key);

	if (want == NULL)
		ok(ticket == NULL, name);
	else
		ok(ticket && ticket->length == strlen(want)
			&& memcmp(ticket->data, want, ticket->length) == 0, name);
	tickets_done(ticket);
}

static void keep(struct tickets *tickets, const char *key, const char *data, bool old)
{
	tickets_keep(tickets, key, &(struct ticket){data, strlen(data), old});
}

static void store(void)
{
	struct tickets *tickets = tickets_new(100);
	const struct ticket *held;
	char key[20];

	is_ticket(tickets, "a", NULL, "nothing yet");
	keep(tickets, "a", "one", false);
	is_ticket(tickets, "a", "one", "what was kept");
	is_ticket(tickets, "a", "one", "is still there");
	keep(tickets, "b", "two", true);
	held = tickets_find(tickets, "b");
	ok(held && held->old, "old is old");
	keep(tickets, "b", "three", false);
	is_ticket(tickets, "b", "three", "the new one");
	ok(held && held->length == 3 && memcmp(held->data, "two", 3) == 0, "who holds the old one keeps it");
	tickets_forget(tickets, "b");
	tickets_done(held);
	is_ticket(tickets, "b", NULL, "forgotten");
	tickets_forget(tickets, "b");
	tickets_done(NULL);

	clock_freeze(clock_ms(), clock_wall());
	keep(tickets, "c", "three", false);
	clock_advance(99999);
	is_ticket(tickets, "c", "three", "just in time");
	clock_advance(1);
	is_ticket(tickets, "c", NULL, "too late");
	clock_thaw();

	keep(tickets, "first", "1", false);
	for (int i = 0; i < 5000; i++) {
		snprintf(key, sizeof key, "%d", i);
		keep(tickets, key, "x", false);
	}
	is_ticket(tickets, "first", NULL, "the store is bounded");
	is_ticket(tickets, "4999", "x", "the newest are in it");
	tickets_free(tickets);
	tickets_free(NULL);
}

int main(void)
{
	struct pool pool = {0};

	keys(&pool);
	store();
	pool_free(&pool);
	return done();
}

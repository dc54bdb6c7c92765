/* Who was refused by which server. The digests are SHA-1 of "secret" and "other", by openssl(1). */
#include "config.h"
#include "smtp/auth_cache.h"
#include "t/lib/heard.h"
#include "t/lib/memory_table.h"
#include "t/lib/tap.h"
#include "t/lib/test_agent.h"
#include "util/clock.h"

#define SECRET "5en6G6MezRroT3XKqkdPOmY/BfQ="
#define OTHER "0JQeaNqPOBUf+Gph/Fn3xc+fyqI="
#define NOW 1700000000

static struct test_agent test;
static struct pool pool;

/* What it says of "secret" at mx.test. */
static const char *found(const char *user)
{
	struct auth_cache_entry entry;

	if (!auth_cache_find(&test.agent, &pool, "mx.test", user, "secret", &entry))
		return "no";
	return pool_format(&pool, "%s %s", entry.status, entry.reply);
}

static void put(const char *key, const char *value)
{
	test.agent.auth_failures = memory_table(false);
	table_put(test.agent.auth_failures, key, value);
}

/* --- entries that are there: smtp_sasl_auth_cache_time is 1000 seconds --- */

#define BAD(entry) "warning: bad smtp_sasl_auth_cache entry: " entry

static const struct entry {
	const char *name, *value, *found, *log;
	bool stays;
} entries[] = {
	{"this password", "1699999500;" SECRET ";5.7.8;535 5.7.8 no", "5.7.8 535 5.7.8 no", "", true},
	{"the reply may have ;", "1699999500;" SECRET ";4.7.8;435 a;b;c", "4.7.8 435 a;b;c", "", true},
	{"and may be empty", "1699999500;" SECRET ";4.7.8;", "4.7.8 ", "", true},
	{"another password", "1699999500;" OTHER ";5.7.8;535 no", "no", "", false},
	{"just in time", "1699999001;" SECRET ";5.7.8;535 no", "5.7.8 535 no", "", true},
	{"just too old", "1699999000;" SECRET ";5.7.8;535 no", "no", "", false},
	{"of the future", "1700000500;" SECRET ";5.7.8;535 no", "5.7.8 535 no", "", true},
	{"nonsense", "nonsense", "no", BAD("nonsense"), false},
	{"a field is missing", "1699999500;" SECRET ";5.7.8", "no", BAD("1699999500;" SECRET ";5.7.8"),
		false},
	{"no time", "x;" SECRET ";5.7.8;535 no", "no", BAD("x;" SECRET ";5.7.8;535 no"), false},
	{"no failure", "1699999500;" SECRET ";2.0.0;235 yes", "no",
		BAD("1699999500;" SECRET ";2.0.0;235 yes"), false},
};

static void test_entries(void)
{
	for (const struct entry *x = entries; x < entries + COUNT(entries); x++) {
		put("mx.test;joe", x->value);
		is_text(found("joe"), x->found, x->name);
		is_text(heard(), x->log, x->name);
		is_text(memory_table_text(),
			x->stays ? pool_format(&pool, "mx.test;joe=%s|", x->value) : "",
			x->stays ? "it stays" : "it is removed");
	}
	put("mx.test;joe", entries[0].value);
	is_text(found("ann"), "no", "another user");
	put("mx2.test;joe", entries[0].value);
	is_text(found("joe"), "no", "another server");
	ok(*memory_table_text() != '\0', "whose entry stays");
}

/* --- new ones --- */

static void store(void)
{
	auth_cache_store(&test.agent, "mx.test", "joe", "secret",
		&(struct auth_cache_entry){"5.7.8", "535 5.7.8 no"});
}

static void test_store(void)
{
	test.agent.auth_failures = memory_table(false);
	store();
	is_text(memory_table_text(), "mx.test;joe=1700000000;" SECRET ";5.7.8;535 5.7.8 no|",
		"as Postfix has it");
	is_text(found("joe"), "5.7.8 535 5.7.8 no", "it is found");
	clock_advance(999 * 1000L);
	is_text(found("joe"), "5.7.8 535 5.7.8 no", "for its time");
	clock_advance(1000L);
	is_text(found("joe"), "no", "and no longer");
	is_text(memory_table_text(), "", "nothing stays of it");
	is_text(heard(), "", "all of it silently");
}

/* --- no table, and one that fails --- */

static void test_trouble(void)
{
	test.agent.auth_failures = NULL;
	store();
	is_text(found("joe"), "no", "no cache");
	is_text(heard(), "", "is nothing to talk about");
	test.agent.auth_failures = memory_table(true);
	is_text(found("joe"), "no", "a cache that fails");
	is_text(heard(), "warning: SASL auth failure map memory:x: lookup failed for mx.test;joe",
		"is warned about, without proxy:");
	store();
	is_text(heard(), "warning: proxy:memory:x: update of \"mx.test;joe\" failed: it is broken",
		"nor is anything stored");
}

int main(void)
{
	clock_freeze(1000, (struct timeval){.tv_sec = NOW});
	heard_start();
	test_agent_open(&test, false, 0, "smtp_sasl_auth_cache_time=1000s");
	heard();
	test_entries();
	test_store();
	test_trouble();
	test_agent_close(&test);
	heard_stop();
	pool_free(&pool);
	clock_thaw();
	return done();
}

#include "dns/plain.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dns/lookup.h"
#include "t/dns/heard.h"
#include "t/dns/nameserver.h"
#include "t/lib/tap.h"

static const struct line {
	const char *name;
	int type, rcode;
	const char *alias;   /* wire form, or NULL */
	const char *address; /* 4 bytes, or NULL */
} lines[] = {
	{"host.test", DNS_A, 0, NULL, "\300\0\2\1"},
	{"host.test", DNS_AAAA, 0, NULL, NULL},
	{"alias.test", DNS_A, 0, "\4host\4test", NULL},
	{"loop.test", DNS_A, 0, "\4loop\4test", NULL},
	{"odd.test", DNS_A, 0, "\2-x\4test", NULL},
	{"fail.test", DNS_A, 2, NULL, NULL},
	{"formerr.test", DNS_A, 1, NULL, NULL},
	{"refused.test", DNS_A, 5, NULL, NULL},
};

/* The first line whose name and type fit. */
static bool answer_line(void *context UNUSED, struct query *query)
{
	const struct line *line = lines, *end = lines + COUNT(lines);

	while (line < end && (strcmp(line->name, query->name) != 0 || line->type != query->type))
		line++;
	reply_begin(query, line < end ? line->rcode : 3);
	if (line < end && line->alias)
		reply_add_name(query, DNS_CNAME, line->alias);
	if (line < end && line->address)
		reply_add(query, DNS_A, line->address, 4);
	return true;
}

static const struct plain_case {
	const char *name;
	enum dns_type type;
	enum dns_rcode_class class;
	const char *last;
	bool aliased;
	unsigned asked;
} cases[] = {
	{"host.test", DNS_A, DNS_ANSWERED, "host.test", false, 1},
	{"Host.test", DNS_AAAA, DNS_NO_DATA, "Host.test", false, 1},
	{"host.test", DNS_AAAA, DNS_NO_DATA, "host.test", false, 1},
	{"alias.test", DNS_A, DNS_ANSWERED, "host.test", true, 2},
	{"loop.test", DNS_A, DNS_LOOP, "loop.test", true, 10},
	{"odd.test", DNS_A, DNS_NO_DATA, "-x.test", true, 1},
	{"nosuch.test", DNS_A, DNS_NO_NAME, "nosuch.test", false, 1},
	{"formerr.test", DNS_A, DNS_NO_RECOVERY, "formerr.test", false, 1},
	{"fail.test", DNS_A, DNS_TRY_AGAIN, "fail.test", false, 0},
	{"refused.test", DNS_A, DNS_TRY_AGAIN, "refused.test", false, 0},
};

static void test_case(const struct plain_case *x)
{
	struct nameserver server = {.answer = answer_line};
	struct addr at = {.length = sizeof(server.at)};
	struct plain_options options = {.server = &at};
	struct resolver resolver = plain_resolver(&options);
	struct dns_answer answer;
	struct pool pool = {0};

	if (!ok(nameserver_start(&server, "127.0.0.1", 0), "a server"))
		return;
	memcpy(&at.sa, &server.at, sizeof(server.at));
	resolver_ask(&resolver, &pool, x->name, x->type, DNS_VALIDATED, &answer);
	nameserver_stop(&server);

	okf(answer.class == x->class, "%s: class %d", x->name, answer.class);
	is_text(answer.name, x->last, "the name asked last");
	ok(answer.aliased == x->aliased, "aliased");
	ok(answer.security == DNS_INSECURE, "never secure");
	ok(!answer.claimed, "nobody says that it was validated");
	if (x->asked)
		is_number(server.asked, x->asked, "questions");
	if (x->class == DNS_ANSWERED)
		ok(answer.count == 1 && answer.records[0].length == 4
				&& memcmp(answer.records[0].data, "\300\0\2\1", 4) == 0,
			"the address");
	pool_free(&pool);
}

/* Says that it has validated, whoever asks. */
static bool answer_ad(void *context, struct query *query)
{
	atomic_bool *wanted = context;

	*wanted = query->packet[3] & 0x20; /* RFC 6840 5.7 */
	reply_begin(query, 0);
	query->packet[3] |= 0x20;
	reply_add(query, DNS_A, "\300\0\2\1", 4);
	return true;
}

static void test_claim(void)
{
	atomic_bool wanted = false;
	struct nameserver server = {.answer = answer_ad, .context = &wanted};
	struct addr at = {.length = sizeof(server.at)};
	struct plain_options options = {.server = &at};
	struct resolver resolver = plain_resolver(&options);
	struct dns_answer answer;
	struct pool pool = {0};

	if (!ok(nameserver_start(&server, "127.0.0.1", 0), "a server"))
		return;
	memcpy(&at.sa, &server.at, sizeof(server.at));
	resolver_ask(&resolver, &pool, "host.test", DNS_A, DNS_PLAIN, &answer);
	ok(answer.count == 1 && !answer.claimed && !wanted, "plain: it was not asked");
	resolver_ask(&resolver, &pool, "host.test", DNS_A, DNS_VALIDATED, &answer);
	ok(answer.count == 1 && answer.claimed && wanted, "asked, it says that it has validated");
	ok(answer.security == DNS_INSECURE, "which proves nothing");
	nameserver_stop(&server);
	pool_free(&pool);
}

static void *ask_often(void *context)
{
	for (int i = 0; i < 50; i++) {
		struct pool pool = {0};
		struct dns_answer answer;

		resolver_ask(context, &pool, i % 2 ? "alias.test" : "host.test", DNS_A, DNS_PLAIN,
			&answer);
		if (answer.count != 1)
			context = NULL;
		pool_free(&pool);
		if (context == NULL)
			return NULL;
	}
	return context;
}

static void test_threads(void)
{
	struct nameserver server = {.answer = answer_line};
	struct addr at = {.length = sizeof(server.at)};
	struct plain_options options = {.server = &at};
	struct resolver resolver = plain_resolver(&options);
	pthread_t threads[8];
	void *result;
	int good = 0;

	if (!ok(nameserver_start(&server, "127.0.0.1", 0), "a server"))
		return;
	memcpy(&at.sa, &server.at, sizeof(server.at));
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, ask_often, &resolver);
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], &result);
		good += result != NULL;
	}
	nameserver_stop(&server);
	is_number(good, COUNT(threads), "threads ask at once");
	is_number(server.asked, 8LL * (25 + 50), "each for itself");
}

/* What the whole of it makes of an alias to what is no host name. */
static void test_lookup(struct heard *heard)
{
	static const int families[] = {AF_INET};
	struct nameserver server = {.answer = answer_line};
	struct addr at = {.length = sizeof(server.at)};
	struct plain_options options = {.server = &at};
	struct resolver resolver = plain_resolver(&options);
	struct lookup_options lookup = {.idna = false};
	struct lookup_addrs addrs;
	struct pool pool = {0};

	if (!ok(nameserver_start(&server, "127.0.0.1", 0), "a server"))
		return;
	memcpy(&at.sa, &server.at, sizeof(server.at));
	lookup_host(&resolver, &pool, &lookup, "odd.test", families, 1, DNS_PLAIN, &addrs);
	is_text(addrs.text,
		"Name service error for name=odd.test type=A: "
		"Malformed or unexpected name server reply",
		"an alias to no host name");
	is_text(buf_text(&heard->lines),
		"warning: valid_hostname: misplaced hyphen: -x.test\n"
		"warning: malformed domain name in resource data of CNAME record for odd.test: "
		"-x.test\n",
		"and its warnings");
	lookup_host(&resolver, &pool, &lookup, "loop.test", families, 1, DNS_PLAIN, &addrs);
	is_text(addrs.text, "Name server loop for loop.test", "a loop");
	nameserver_stop(&server);
	pool_free(&pool);
}

/* Notes the first name asked for. */
static bool note_name(void *context, struct query *query)
{
	char *first = context;

	if (*first == '\0')
		snprintf(first, 256, "%s", query->name);
	reply_begin(query, 0);
	if (query->type == DNS_A)
		reply_add(query, DNS_A, "\300\0\2\1", 4);
	return true;
}

/* With "search s1 s2". */
static const struct search_case {
	const char *name;
	enum dns_type type;
	bool defnames, search;
	const char *first;
} searches[] = {
	{"host", DNS_A, false, false, "host"},
	{"host", DNS_A, true, false, "host.s1"},
	{"host", DNS_A, false, true, "host"},
	{"host", DNS_A, true, true, "host.s1"},
	{"a.host", DNS_A, true, false, "a.host"},
	{"a.host", DNS_A, true, true, "a.host"},
	{"host", DNS_MX, true, true, "host"},
};

static void test_search(void)
{
	for (const struct search_case *x = searches; x < searches + COUNT(searches); x++) {
		char first[256] = "";
		struct nameserver server = {.answer = note_name, .context = first};
		struct addr at = {.length = sizeof(server.at)};
		struct plain_options options = {.defnames = x->defnames,
			.search = x->search,
			.server = &at};
		struct resolver resolver = plain_resolver(&options);
		struct dns_answer answer;
		struct pool pool = {0};

		if (!nameserver_start(&server, "127.0.0.1", 0))
			return;
		memcpy(&at.sa, &server.at, sizeof(server.at));
		resolver_ask(&resolver, &pool, x->name, x->type, DNS_PLAIN, &answer);
		nameserver_stop(&server);
		is_text(first, x->first, "search list");
		if (x->type == DNS_A)
			is_text(answer.name, x->first, "name found");
		pool_free(&pool);
	}
}

static void test_native(void)
{
	struct pool pool = {0};
	struct addr *addrs;
	const char *why = "";
	size_t count = 0;
	char text[ADDR_TEXT];

	ok(native_lookup(&pool, "127.0.0.1", AF_UNSPEC, &addrs, &count, &why) == NATIVE_OK, "native lookup");
	ok(count == 1 && strcmp(addr_text(&addrs[0], text), "127.0.0.1") == 0, "its address");
	count = 7;
	ok(native_lookup(&pool, "a..b", AF_UNSPEC, &addrs, &count, &why) != NATIVE_OK, "of no name");
	ok(*why != '\0' && count == 7, "says why");
	pool_free(&pool);
}

int main(void)
{
	struct heard heard = {.lines = BUF(0)};

	/* In place of resolv.conf's "search"; read once by glibc.
	 * NOLINTNEXTLINE(concurrency-mt-unsafe) */
	setenv("LOCALDOMAIN", "s1 s2", 1);
	heard_open(&heard);
	for (const struct plain_case *x = cases; x < cases + COUNT(cases); x++)
		test_case(x);
	test_claim();
	test_threads();
	test_lookup(&heard);
	test_search();
	test_native();
	buf_close(&heard.lines);
	return done();
}

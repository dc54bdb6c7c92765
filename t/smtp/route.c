#include "config.h"
#include <stdio.h>
#include <string.h>
#include "dns/answers.h"
#include "dns/unbound.h"
#include "postfix/version.h"
#include "smtp/route.h"
#include "t/lib/fake_resolver.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/lib/test_agent.h"
#include "util/list.h"
#include "util/text.h"

#define S DNS_SECURE
#define U DNS_INSECURE
#define B DNS_BOGUS
#define OK DNS_ANSWERED

static const struct fake_record records[] = {
	/* usual */
	{"two.test", DNS_MX, S, OK, "20 b.test", 0},
	{"two.test", DNS_MX, S, OK, "10 a.test", 0},
	{"a.test", DNS_A, U, OK, "192.0.2.1", 0},
	{"a.test", DNS_A, U, OK, "192.0.2.2", 0},
	{"b.test", DNS_A, U, OK, "192.0.2.3", 0},
	{"unsigned.test", DNS_MX, U, OK, "10 a.test", 0},
	{"bogus.test", DNS_MX, B, OK, "signature expired", 0},
	{"bogus.test", DNS_A, U, OK, "192.0.2.66", 0},
	{"servfail.test", DNS_MX, U, DNS_TRY_AGAIN, "", 0},
	{"servfail.test", DNS_A, U, OK, "192.0.2.7", 0},
	{"formerr.test", DNS_MX, U, DNS_NO_RECOVERY, "", 0},
	{"formerr.test", DNS_A, U, OK, "192.0.2.7", 0},
	{"null.test", DNS_MX, S, OK, "0 .", 0},
	{"null.test", DNS_A, S, OK, "192.0.2.8", 0},
	{"implicit.test", DNS_A, U, OK, "192.0.2.9", 0},
	{"alias.test", DNS_CNAME, S, OK, "two.test", 0},
	{"ualias.test", DNS_CNAME, U, OK, "two.test", 0},
	/* hosts of odd kinds */
	{"numeric.test", DNS_MX, S, OK, "10 192.0.2.10", 0},
	{"bare.test", DNS_MX, S, OK, "10 mailhost", 0},
	{"mailhost", DNS_A, U, OK, "192.0.2.11", 0},
	{"renamed.test", DNS_MX, S, OK, "10 cname.test", 0},
	{"cname.test", DNS_CNAME, U, OK, "evil.test", 0},
	{"evil.test", DNS_A, U, OK, "192.0.2.12", 0},
	{"srenamed.test", DNS_MX, S, OK, "10 scname.test", 0},
	{"scname.test", DNS_CNAME, S, OK, "good.test", 0},
	{"good.test", DNS_A, S, OK, "192.0.2.13", 0},
	/* failures of addresses */
	{"gone.test", DNS_MX, U, OK, "10 nowhere.test", 0},
	{"mixed.test", DNS_MX, U, OK, "10 tryagain.test", 0},
	{"mixed.test", DNS_MX, U, OK, "20 nowhere.test", 0},
	{"tryagain.test", DNS_A, U, DNS_TRY_AGAIN, "", 0},
	{"half.test", DNS_MX, U, OK, "10 tryagain.test", 0},
	{"half.test", DNS_MX, U, OK, "20 b.test", 0},
	/* ourselves */
	{"self.test", DNS_MX, U, OK, "10 me.test", 0},
	{"me.test", DNS_A, U, OK, "127.0.0.1", 0},
	{"backup.test", DNS_MX, U, OK, "10 a.test", 0},
	{"backup.test", DNS_MX, U, OK, "20 me.test", 0},
	{"backup.test", DNS_MX, U, OK, "20 b.test", 0},
	{"backup.test", DNS_MX, U, OK, "30 evil.test", 0},
	{"lost.test", DNS_MX, U, OK, "10 nowhere.test", 0},
	{"lost.test", DNS_MX, U, OK, "20 me.test", 0},
	/* both families */
	{"dual.test", DNS_MX, U, OK, "10 six.test", 0},
	{"dual.test", DNS_MX, U, OK, "10 four.test", 0},
	{"six.test", DNS_AAAA, U, OK, "2001:db8::1", 0},
	{"six.test", DNS_AAAA, U, OK, "2001:db8::2", 0},
	{"six.test", DNS_AAAA, U, OK, "2001:db8::3", 0},
	{"four.test", DNS_A, U, OK, "192.0.2.21", 0},
	{"four.test", DNS_A, U, OK, "192.0.2.22", 0},
	{"four.test", DNS_A, U, OK, "192.0.2.23", 0},
	/* SRV */
	{"_submission._tcp.srv.test", DNS_SRV, S, OK, "20 0 2525 b.test", 0},
	{"_submission._tcp.srv.test", DNS_SRV, S, OK, "10 0 587 a.test", 0},
	{"srv.test", DNS_MX, U, OK, "10 evil.test", 0},
	{"_submission._tcp.nosrv.test", DNS_SRV, S, OK, "0 0 0 .", 0},
	{"nosrv.test", DNS_MX, U, OK, "10 a.test", 0},
	{"_submission._tcp.badsrv.test", DNS_SRV, U, DNS_TRY_AGAIN, "", 0},
	{"badsrv.test", DNS_MX, U, OK, "10 a.test", 0},
	{"_submission._tcp.bogussrv.test", DNS_SRV, B, OK, "signature expired", 0},
	{"bogussrv.test", DNS_MX, U, OK, "10 a.test", 0},
	{"_submission._tcp.selfsrv.test", DNS_SRV, U, OK, "0 0 25 me.test", 0},
	/* IDN */
	{"xn--bcher-kva.test", DNS_MX, S, OK, "10 a.test", 0},
	{"xn--hst-sna.test", DNS_A, U, OK, "192.0.2.30", 0},
};

static struct test_agent test;

static struct destination *destination(struct pool *pool, const char *nexthop)
{
	const struct config *config = &test.config;
	const struct destination_options options = {
		.lmtp = config->lmtp,
		.utf8 = true,
		.default_port = config->lmtp ? "24" : "25",
		.fallback_relay = "",
		.relayhost = "",
		.myhostname = config->myhostname,
		.known_tcp_ports = "smtp=25, submission=587",
		.version = config->version,
	};
	struct destination *to = destination_parse(pool, &options, nexthop);

	if (to->error)
		okf(false, "%s: %s", nexthop, to->error);
	return to;
}

/* "a.test[192.0.2.1]:25 vouched, ..." or "5.4.4 text"; "(last)" where a loop was found. */
static const char *routed(const char *nexthop, bool validate)
{
	static struct pool pool;
	struct why why = {.pool = &pool};
	struct route found = {0};
	struct list list = {.pool = &pool};
	bool any;

	pool_free(&pool);
	any = route(&test.agent, &pool, destination(&pool, nexthop), validate, &found, &why);
	for (struct server *at = found.servers; at; at = at->next)
		list_add(&list, pool_format(&pool, "%s%s", at->namaddrport, at->vouched ? " vouched" : ""));
	if (!any)
		list_add(&list, pool_format(&pool, "%s%s %s", why.site ? "" : "NO SITE ", why.status,
			why.text));
	if (found.last)
		list_add(&list, "(last)");
	return list_join(&list, ", ");
}

struct routing_case {
	const char *nexthop, *want;
};

static void check_all(const struct routing_case *cases, size_t count, bool validate,
	const char *setting)
{
	for (const struct routing_case *x = cases; x < cases + count; x++) {
		char name[256];

		snprintf(name, sizeof name, "%s%s%s%s", x->nexthop, validate ? " validated" : "",
			setting ? " with " : "", setting ? setting : "");
		is_text(routed(x->nexthop, validate), x->want, name);
	}
}

#define CHECK(cases, validate, setting) check_all(cases, COUNT(cases), validate, setting)

static void configure(const char *settings, int version)
{
	struct pool pool = {0};

	test_agent_close(&test);
	test_agent_open(&test, false, version, pool_format(&pool, "smtp_randomize_addresses=no; %s",
		settings ? settings : ""));
	test_agent_resolver(&test, fake_resolver(records, COUNT(records)));
	pool_free(&pool);
	heard();
}

#define NOT_FOUND(name, type) \
	"Host or domain name not found. Name service error for name=" name " type=" type \
	": Host not found"

#define FOUND_BUT(name, type) \
	"Host or domain name not found. Name service error for name=" name " type=" type \
	": Host found but no data record of requested type"

/* --- which servers, in which order --- */

static const struct routing_case plain[] = {
	{"two.test", "a.test[192.0.2.1]:25, a.test[192.0.2.2]:25, b.test[192.0.2.3]:25"},
	{"two.test:587", "a.test[192.0.2.1]:587, a.test[192.0.2.2]:587, b.test[192.0.2.3]:587"},
	{"[b.test]", "b.test[192.0.2.3]:25 vouched"},
	{"[two.test]", "5.4.4 " FOUND_BUT("two.test", "A")},
	{"[192.0.2.99]:26", "192.0.2.99[192.0.2.99]:26"},
	{"192.0.2.99", "192.0.2.99[192.0.2.99]:25"},
	{"implicit.test", "implicit.test[192.0.2.9]:25 vouched"},
	{"nowhere.test", "5.4.4 " NOT_FOUND("nowhere.test", "A")},
	{"servfail.test", "4.4.3 " NOT_FOUND("servfail.test", "MX") ", try again"},
	{"formerr.test", "5.4.3 Host or domain name not found. Name service error for"
		" name=formerr.test type=MX: Non-recoverable error"},
	{"null.test", "5.1.0 Domain null.test does not accept mail (nullMX)"},
	{"gone.test", "5.4.4 " NOT_FOUND("nowhere.test", "A")},
	{"mixed.test", "4.4.4 " NOT_FOUND("nowhere.test", "A")},
	{"half.test", "b.test[192.0.2.3]:25"},
	{"numeric.test", "192.0.2.10[192.0.2.10]:25"},
	{"self.test", "5.4.6 mail for self.test loops back to myself, (last)"},
	{"self.test:26", "me.test[127.0.0.1]:26"},
	{"[me.test]", "5.4.6 mail for me.test loops back to myself, (last)"},
	{"[127.0.0.1]", "5.4.6 mail for 127.0.0.1 loops back to myself, (last)"},
	{"[127.0.0.1]:2525", "127.0.0.1[127.0.0.1]:2525"},
	{"backup.test", "a.test[192.0.2.1]:25, a.test[192.0.2.2]:25, (last)"},
	{"lost.test", "4.4.4 unable to find primary relay for lost.test, (last)"},
	{"b\303\274cher.test", "a.test[192.0.2.1]:25, a.test[192.0.2.2]:25"},
	{"[h\303\266st.test]", "xn--hst-sna.test[192.0.2.30]:25 vouched"},
};

static void test_plain(void)
{
	configure(NULL, 0);
	CHECK(plain, false, NULL);
	heard();
	routed("gone.test", false);
	is_text(heard(), "warning: no MX host for gone.test has a valid address record",
		"it is said that no host has an address");
}

static void test_settings(void)
{
	static const struct routing_case ignoring[] = {
		{"servfail.test", "servfail.test[192.0.2.7]:25 vouched"},
		{"formerr.test", "formerr.test[192.0.2.7]:25 vouched"},
		{"null.test", "5.1.0 Domain null.test does not accept mail (nullMX)"},
	}, deferring[] = {
		{"gone.test", "4.4.4 " NOT_FOUND("nowhere.test", "A")},
		{"nowhere.test", "5.4.4 " NOT_FOUND("nowhere.test", "A")},
	}, renaming[] = {
		{"renamed.test", "evil.test[192.0.2.12]:25"},
	};
	unsigned long asked;

	configure("ignore_mx_lookup_error=yes", 0);
	CHECK(ignoring, false, "ignore_mx_lookup_error");
	is_text(routed("bogus.test", true), "4.4.3 Host or domain name not found. Name service error"
		" for name=bogus.test type=MX: Host not found, try again (DNSSEC: signature expired)",
		"but never a bogus one");
	configure("smtp_defer_if_no_mx_address_found=yes", 0);
	CHECK(deferring, false, "defer_if_no_mx_address_found");
	configure("smtp_cname_overrides_servername=yes", 0);
	CHECK(renaming, false, "cname_overrides_servername");
	configure("smtp_dns_support_level=disabled", 0);
	is_text(routed("localhost:26", true), "localhost[127.0.0.1]:26 vouched", "DNS is disabled");
	asked = fake_asked(&test.agent.resolver);
	is_number((long long)asked, 0, "nobody was asked");
	configure("smtp_host_lookup=dns, native", 0);
	is_text(routed("[localhost]:26", false), "localhost[127.0.0.1]:26 vouched",
		"not in DNS, but in the hosts file");
	configure(NULL, 0);
	test.agent.family_count = 0;
	is_text(routed("two.test", false), "4.4.4 all network protocols are disabled", "no family");
}

/* Nobody asks for proxies but where mail could loop. */
static void test_proxies(void)
{
	configure("proxy_interfaces=192.0.2.2 192.0.2.3", 0);
	is_text(routed("[b.test]", false), "5.4.6 mail for b.test loops back to myself, (last)",
		"a proxy's address is ours");
	configure("proxy_interfaces=192.0.2.3 a..b", 0);
	heard();
	is_text(routed("two.test:587", false), "a.test[192.0.2.1]:587, a.test[192.0.2.2]:587,"
		" b.test[192.0.2.3]:587", "a proxy that isn't found is not missed on another port");
	is_text(heard(), "", "and not even looked for");
	is_text(routed("two.test", false), "4.3.5 proxy_interfaces: host not found",
		"without it, nobody knows what loops");
	is_text(heard(), "warning: config variable proxy_interfaces: host not found: a..b", "and why");
	is_text(routed("[127.0.0.1]", false), "4.3.5 proxy_interfaces: host not found",
		"not even of our own addresses, as in smtp(8)");
	is_text(heard(), "warning: config variable proxy_interfaces: host not found: a..b",
		"which is said each time");
}

/* --- order --- */

static void test_families(void)
{
	static const struct routing_case any[] = {{"dual.test",
		"six.test[2001:db8::1]:25, six.test[2001:db8::2]:25, six.test[2001:db8::3]:25,"
		" four.test[192.0.2.21]:25, four.test[192.0.2.22]:25, four.test[192.0.2.23]:25"}};
	static const struct routing_case four[] = {{"dual.test",
		"four.test[192.0.2.21]:25, four.test[192.0.2.22]:25, four.test[192.0.2.23]:25,"
		" six.test[2001:db8::1]:25, six.test[2001:db8::2]:25, six.test[2001:db8::3]:25"}};
	static const struct routing_case balanced[] = {{"dual.test", /* 5 of 6: 6 comes first */
		"six.test[2001:db8::1]:25, six.test[2001:db8::2]:25, six.test[2001:db8::3]:25,"
		" four.test[192.0.2.21]:25, four.test[192.0.2.22]:25"}};
	static const struct routing_case both[] = {{"dual.test",
		"four.test[192.0.2.21]:25, four.test[192.0.2.22]:25, six.test[2001:db8::1]:25"}};
	static const struct routing_case one[] = {{"dual.test", "six.test[2001:db8::1]:25"}};
	static const struct routing_case only[] = {{"dual.test",
		"six.test[2001:db8::1]:25, six.test[2001:db8::2]:25, six.test[2001:db8::3]:25"}};

	configure("inet_protocols=all; smtp_mx_address_limit=0", 0);
	CHECK(any, false, "no preference, no limit");
	configure("inet_protocols=all; smtp_address_preference=ipv4; smtp_mx_address_limit=0", 0);
	CHECK(four, false, "IPv4 preferred");
	configure("inet_protocols=all", 0);
	CHECK(balanced, false, "the default limit");
	configure("inet_protocols=all; smtp_address_preference=ipv4; smtp_mx_address_limit=3", 0);
	CHECK(both, false, "IPv4 preferred, limit 3");
	configure("inet_protocols=all; smtp_mx_address_limit=1", 0);
	CHECK(one, false, "limit 1");
	configure("inet_protocols=all; smtp_balance_inet_protocols=no; smtp_mx_address_limit=3", 0);
	CHECK(any, false, "no balance: the walk heeds the limit");
	configure("inet_protocols=ipv6; inet_interfaces=all; smtp_address_preference=ipv4", 0);
	CHECK(only, false, "IPv6 only");
}

static void test_shuffle(void)
{
	bool seen[2] = {false, false};

	configure("smtp_randomize_addresses=yes", 0);
	for (int i = 0; i < 200 && !(seen[0] && seen[1]); i++) {
		const char *got = routed("two.test", false);

		seen[0] |= text_starts(got, "a.test[192.0.2.1]:25, a.test[192.0.2.2]:25, b");
		seen[1] |= text_starts(got, "a.test[192.0.2.2]:25, a.test[192.0.2.1]:25, b");
	}
	ok(seen[0] && seen[1], "equal preferences come in any order, others don't");
}

static void test_best_preference(void)
{
	struct pool pool = {0};
	struct why why = {.pool = &pool};
	struct route found = {0};
	struct server *at;

	configure(NULL, 0);
	route(&test.agent, &pool, destination(&pool, "two.test"), false, &found, &why);
	at = found.servers;
	ok(at->best_preference && at->next->best_preference && !at->next->next->best_preference,
		"the best preference has a mark");
	ok(at->loop_detection, "port 25: loops are looked for");
	found = (struct route){0};
	route(&test.agent, &pool, destination(&pool, "two.test:587"), false, &found, &why);
	ok(!found.servers->loop_detection, "other ports: they are not");
	pool_free(&pool);
}

/* --- more hosts than anybody needs --- */

static void test_many(void)
{
	enum { HOSTS = 60 };
	static struct fake_record many[HOSTS * 3];
	static char names[HOSTS][32], targets[HOSTS][32], addresses[HOSTS * 2][32];
	size_t count = 0, servers = 1;

	for (int i = 0; i < HOSTS; i++) {
		snprintf(names[i], sizeof names[i], "h%02d.test", i);
		snprintf(targets[i], sizeof targets[i], "%d h%02d.test", i, i);
		many[count++] = (struct fake_record){"many.test", DNS_MX, U, OK, targets[i], 0};
		for (int j = 0; j < 2; j++) {
			snprintf(addresses[2 * i + j], 32, "198.51.100.%d", 2 * i + j);
			many[count++] = (struct fake_record){names[i], DNS_A, U, OK,
				addresses[2 * i + j], 0};
		}
	}
	configure("smtp_mx_address_limit=0", 0);
	test_agent_resolver(&test, fake_resolver(many, count));
	for (const char *at = routed("many.test", false); (at = strchr(at, ',')); at++)
		servers++;
	is_number((long long)servers, 100, "a hundred addresses are enough");
	is_text(heard(), "warning: DNS record count limit (100) exceeded -- dropping excess record(s)"
		" after qname=h50.test qtype=A", "which is said once");
}

/* --- DNSSEC (TLS_README) --- */

static const struct routing_case validated[] = {
	{"two.test", "a.test[192.0.2.1]:25 vouched, a.test[192.0.2.2]:25 vouched,"
		" b.test[192.0.2.3]:25 vouched"},
	{"unsigned.test", "a.test[192.0.2.1]:25, a.test[192.0.2.2]:25"},
	{"bogus.test", "4.4.3 Host or domain name not found. Name service error for name=bogus.test"
		" type=MX: Host not found, try again (DNSSEC: signature expired)"},
	{"alias.test", "a.test[192.0.2.1]:25 vouched, a.test[192.0.2.2]:25 vouched,"
		" b.test[192.0.2.3]:25 vouched"},
	{"ualias.test", "a.test[192.0.2.1]:25, a.test[192.0.2.2]:25, b.test[192.0.2.3]:25"},
	{"implicit.test", "implicit.test[192.0.2.9]:25 vouched"},
	{"[b.test]", "b.test[192.0.2.3]:25 vouched"},
	{"[192.0.2.99]", "192.0.2.99[192.0.2.99]:25"},
	{"numeric.test", "192.0.2.10[192.0.2.10]:25"},
	{"bare.test", "mailhost[192.0.2.11]:25"},
	{"b\303\274cher.test", "a.test[192.0.2.1]:25 vouched, a.test[192.0.2.2]:25 vouched"},
};

static const struct routing_case renamed[] = {
	{"renamed.test", "evil.test[192.0.2.12]:25"},
	{"srenamed.test", "good.test[192.0.2.13]:25 vouched"},
	{"[cname.test]", "evil.test[192.0.2.12]:25"},
	{"two.test", "a.test[192.0.2.1]:25 vouched, a.test[192.0.2.2]:25 vouched,"
		" b.test[192.0.2.3]:25 vouched"},
};

/* Why not, for people. */
static const char *not_vouched(const char *nexthop, bool validate)
{
	static struct pool pool;
	struct why why = {.pool = &pool};
	struct route found = {0};

	pool_free(&pool);
	route(&test.agent, &pool, destination(&pool, nexthop), validate, &found, &why);
	return found.servers ? pool_format(&pool, "%s: %s", mx_security_name(found.servers->mx),
		found.servers->not_vouched) : why.text;
}

/* Whoever keeps the validator's questions from being answered must not get mail sent without it. */
static void test_nobody_validates(void)
{
	const struct unbound_options options = {
		.upstream = DNS_UPSTREAM_FORWARD,
		.anchor_file = "/nonexistent",
		.exceptions = "",
		.probe = "ns:.",
		.seconds = 1,
		.resolv_conf = "/nonexistent",
		.port = 9, /* of 127.0.0.1: discard, if anybody */
	};
	struct agent *agent = &test.agent;
	const char *error = "";

	configure(NULL, 0);
	agent->unbound = unbound_new(&test.pool, &options, &error);
	if (!ok(agent->unbound != NULL, error))
		return;
	agent->answers = answers_new(agent->resolver, unbound_resolver(agent->unbound), 10);
	agent->resolver = answers_resolver(agent->answers);
	is_text(routed("two.test", false),
		"a.test[192.0.2.1]:25, a.test[192.0.2.2]:25, b.test[192.0.2.3]:25",
		"plain questions are answered");
	is_text(routed("two.test", true), "4.4.3 Host or domain name not found. Name service error"
		" for name=two.test type=MX: Host not found, try again (no answer within 1 s)",
		"validated ones, by nobody: deferred");
}

static void test_vouching(void)
{
	configure(NULL, 0);
	CHECK(validated, true, NULL);
	is_text(not_vouched("unsigned.test", true),
		"unsigned: the MX record of unsigned.test is not signed", "an unsigned set");
	is_text(not_vouched("ualias.test", true),
		"unsigned: the alias ualias.test -> two.test is not signed", "an unsigned alias");
	is_text(not_vouched("numeric.test", true), "signed: it is a numeric address", "numeric");
	is_text(not_vouched("bare.test", true), "signed: it is no full host name", "no dot");
	ok(text_starts(not_vouched("two.test", false), "unchecked: "), "DNSSEC was not asked");
	is_text(fake_last(&test.agent.resolver), "A b.test", "addresses need no validation");
	configure("smtp_cname_overrides_servername=yes", 0);
	CHECK(renamed, true, "cname_overrides_servername");
	is_text(not_vouched("renamed.test", true),
		"signed: the alias cname.test -> evil.test is not signed", "an alias of the host");
	configure("smtp_dns_support_level=dnssec", 0);
	routed("two.test", true);
	is_text(fake_last(&test.agent.resolver), "A b.test validated", "for DANE they do");
}

/* --- SRV --- */

static const struct routing_case srv[] = {
	{"srv.test:submission", "a.test[192.0.2.1]:587 vouched, a.test[192.0.2.2]:587 vouched,"
		" b.test[192.0.2.3]:2525 vouched"},
	{"srv.test:587", "evil.test[192.0.2.12]:587"},
	{"[b.test]:submission", "b.test[192.0.2.3]:587 vouched"},
	{"nosrv.test:submission", "5.1.0 Domain _submission._tcp.nosrv.test does not support SRV requests"},
	{"two.test:submission", "5.4.4 " NOT_FOUND("_submission._tcp.two.test", "SRV")},
	{"badsrv.test:submission", "4.4.3 " NOT_FOUND("_submission._tcp.badsrv.test", "SRV") ", try again"},
	{"bogussrv.test:submission", "4.4.3 " NOT_FOUND("_submission._tcp.bogussrv.test", "SRV")
		", try again (DNSSEC: signature expired)"},
};

static const struct routing_case srv_fallback[] = {
	{"nosrv.test:submission", "a.test[192.0.2.1]:587, a.test[192.0.2.2]:587"},
	{"two.test:submission", "a.test[192.0.2.1]:587 vouched, a.test[192.0.2.2]:587 vouched,"
		" b.test[192.0.2.3]:587 vouched"},
	{"badsrv.test:submission", "a.test[192.0.2.1]:587, a.test[192.0.2.2]:587"},
	{"bogussrv.test:submission", "4.4.3 " NOT_FOUND("_submission._tcp.bogussrv.test", "SRV")
		", try again (DNSSEC: signature expired)"},
};

static const struct routing_case srv_ignoring[] = {
	{"badsrv.test:submission", "a.test[192.0.2.1]:587, a.test[192.0.2.2]:587"},
	{"two.test:submission", "5.4.4 " NOT_FOUND("_submission._tcp.two.test", "SRV")},
};

static void test_srv(void)
{
	configure("use_srv_lookup=submission", POSTFIX(3, 8));
	CHECK(srv, true, "use_srv_lookup");
	configure("use_srv_lookup=submission; allow_srv_lookup_fallback=yes", POSTFIX(3, 8));
	CHECK(srv_fallback, true, "allow_srv_lookup_fallback");
	heard();
	routed("b\303\274cher.test:submission", true);
	is_text(heard(), "skipping SRV lookup for _submission._tcp.xn--bcher-kva.test: "
		NOT_FOUND("_submission._tcp.xn--bcher-kva.test", "SRV"), "which is logged");
	configure("use_srv_lookup=submission; ignore_srv_lookup_error=yes", POSTFIX(3, 8));
	CHECK(srv_ignoring, true, "ignore_srv_lookup_error");
	configure("use_srv_lookup=smtp, 25", POSTFIX(3, 8));
	is_text(routed("selfsrv.test", true), "5.4.4 " NOT_FOUND("_25._tcp.selfsrv.test", "SRV"),
		"the service as written, or the default's");
	configure("use_srv_lookup=submission", 0);
	is_text(routed("srv.test:submission", true), "evil.test[192.0.2.12]:587", "none before 3.8");
}

/* --- LMTP --- */

static void test_lmtp(void)
{
	static const struct routing_case lmtp[] = {
		{"unix:/run/lmtp", "client.example[/run/lmtp] vouched"},
		{"inet:b.test", "b.test[192.0.2.3]:24 vouched"},
		{"b.test:25", "b.test[192.0.2.3]:25 vouched"},
		{"me.test:25", "me.test[127.0.0.1]:25 vouched"},
		{"two.test", "5.4.4 " FOUND_BUT("two.test", "A")},
	};

	test_agent_close(&test);
	test_agent_open(&test, true, 0, "lmtp_randomize_addresses=no");
	test_agent_resolver(&test, fake_resolver(records, COUNT(records)));
	CHECK(lmtp, true, "LMTP");
}

int main(void)
{
	heard_start();
	test_agent_open(&test, false, 0, NULL);
	test_plain();
	test_settings();
	test_proxies();
	test_families();
	test_shuffle();
	test_best_preference();
	test_many();
	test_vouching();
	test_nobody_validates();
	test_srv();
	test_lmtp();
	test_agent_close(&test);
	heard_stop();
	return done();
}

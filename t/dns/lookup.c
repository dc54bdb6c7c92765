#include "dns/lookup.h"

#include <stdio.h>
#include <string.h>
#include "t/dns/heard.h"
#include "t/lib/fake_resolver.h"
#include "t/lib/tap.h"
#include "util/list.h"

#define FRAME "Host or domain name not found. Name service error for name="

#define S .security = DNS_SECURE
#define B .security = DNS_BOGUS

static const struct fake_record lines[] = {
	{"*", DNS_A, S, .rdata = "192.0.2.1"}, /* absent names are secure */
	{"customer.test", DNS_MX, S, .rdata = "20 mx2.provider.test"},
	{"customer.test", DNS_MX, S, .rdata = "10 MX.Provider.test"},
	{"customer.test", DNS_MX, S, .rdata = "20 mx3.provider.test"},
	{"unsigned.test", DNS_MX, .rdata = "10 mx.provider.test"},
	{"alias.test", DNS_CNAME, S, .rdata = "customer.test"},
	{"half.test", DNS_CNAME, S, .rdata = "unsigned.test"},
	{"weak.test", DNS_CNAME, .rdata = "customer.test"},
	{"long.test", DNS_CNAME, S, .rdata = "weak.test"},
	{"bogus.test", DNS_MX, B, .rdata = "signature expired"},
	{"broken.test", DNS_MX, .class = DNS_TRY_AGAIN, .rdata = ""},
	{"silent.test", DNS_MX, .class = DNS_TRY_AGAIN, .rdata = "no answer within 30 s"},
	{"formerr.test", DNS_MX, .class = DNS_NO_RECOVERY, .rdata = ""},
	{"null.test", DNS_MX, S, .rdata = "0 ."},
	{"nullmix.test", DNS_MX, S, .rdata = "10 mx.provider.test"},
	{"nullmix.test", DNS_MX, S, .rdata = "0 ."},
	{"nodata.test", DNS_TXT, S, .rdata = "x"},
	{"nodatalias.test", DNS_CNAME, S, .rdata = "nodata.test"},
	{"dangling.test", DNS_CNAME, S, .rdata = "nosuch.test"},
	{"loop.test", DNS_CNAME, S, .rdata = "loop.test"},
	{"odd.test", DNS_MX, S, .rdata = "10 127.25.7.3"},
	{"hyphen.test", DNS_MX, S, .rdata = "10 -mx.hyphen.test"},
	{"blank.test", DNS_MX, S, .rdata = "10 sp\\032ace.test"},
	{"mixed.test", DNS_MX, S, .rdata = "10 -mx.test"},
	{"mixed.test", DNS_MX, S, .rdata = "20 mx.provider.test"},
	{"short.test", DNS_MX, S, .rdata = "\\# 000a"},
	{"oneshort.test", DNS_MX, S, .rdata = "\\# 000a"},
	{"oneshort.test", DNS_MX, S, .rdata = "10 mx.provider.test"},
	{"badalias.test", DNS_CNAME, S, .rdata = "-x.test"},
	{"-x.test", DNS_A, S, .rdata = "192.0.2.1"},
	{"numalias.test", DNS_CNAME, S, .rdata = "1.2.3.4"},
	{"1.2.3.4", DNS_MX, S, .rdata = "10 mx.provider.test"},
	{"xn--bcher-kva.test", DNS_MX, S, .rdata = "10 mx.provider.test"},

	{"_smtp._tls.xn--bcher-kva.test", DNS_TXT, .rdata = "v=TLSRPTv1; rua=mailto:a@b"},
	{"_smtp._tls.xn--bcher-kva.test", DNS_TXT, .rdata = "other"},
	{"_smtp._tls.broken.test", DNS_TXT, .class = DNS_TRY_AGAIN, .rdata = ""},

	{"mx.provider.test", DNS_A, S, .rdata = "192.0.2.1"},
	{"mx.provider.test", DNS_A, S, .rdata = "192.0.2.2"},
	{"mx.provider.test", DNS_AAAA, S, .rdata = "2001:db8::1"},
	{"v4.test", DNS_A, S, .rdata = "192.0.2.4"},
	{"v6fails.test", DNS_A, S, .rdata = "192.0.2.5"},
	{"v6fails.test", DNS_AAAA, .class = DNS_TRY_AGAIN, .rdata = ""},
	{"bogusa.test", DNS_A, B, .rdata = "signature verification failed"},
	{"bogusa.test", DNS_AAAA, S, .rdata = "2001:db8::2"},
	{"allbogus.test", DNS_A, B, .rdata = "signature verification failed"},
	{"allbogus.test", DNS_AAAA, B, .rdata = "signature expired"},
	{"soft.test", DNS_A, .class = DNS_TRY_AGAIN, .rdata = ""},
	{"soft.test", DNS_AAAA, .class = DNS_NO_NAME, .rdata = ""},
	{"badlength.test", DNS_A, S, .rdata = "\\# 010203"},
	{"insecure.test", DNS_A, .rdata = "192.0.2.6"},
	{"secalias.test", DNS_CNAME, S, .rdata = "insecure.test"},
	{"insecalias.test", DNS_CNAME, .rdata = "v4.test"},
	{"fullalias.test", DNS_CNAME, S, .rdata = "v4.test"},
	{"halfsecure.test", DNS_A, S, .rdata = "192.0.2.7"},
	{"halfsecure.test", DNS_AAAA, .rdata = "2001:db8::7"},

	{"_submission._tcp.srv.test", DNS_SRV, S, .rdata = "1 10 587 one.test"},
	{"_submission._tcp.srv.test", DNS_SRV, S, .rdata = "0 30 587 two.test"},
	{"_submission._tcp.srv.test", DNS_SRV, S, .rdata = "0 10 465 three.test"},
	{"_submission._tcp.nosrv.test", DNS_SRV, S, .rdata = "0 0 0 ."},
};

static const struct lookup_options options;

static const char *hosts_text(struct pool *pool, const struct lookup_set *set)
{
	struct list list = {.pool = pool};

	for (size_t i = 0; i < set->count; i++)
		list_add(&list,
			pool_format(pool, "%u %s", set->hosts[i].preference, set->hosts[i].host));
	return list_join(&list, ", ");
}

static const struct mx_case {
	const char *domain;
	enum lookup_status status;
	enum dns_security security;
	const char *result; /* hosts, or the text */
	const char *link, *warned;
} mx_cases[] = {
	{"Customer.test.", LOOKUP_OK, DNS_SECURE,
		"10 MX.Provider.test, 20 mx2.provider.test, 20 mx3.provider.test", "", ""},
	{"unsigned.test", LOOKUP_OK, DNS_INSECURE, "10 mx.provider.test",
		"the MX record of unsigned.test is not signed", ""},
	{"alias.test", LOOKUP_OK, DNS_SECURE,
		"10 MX.Provider.test, 20 mx2.provider.test, 20 mx3.provider.test", "", ""},
	{"half.test", LOOKUP_OK, DNS_INSECURE, "10 mx.provider.test",
		"the MX record of unsigned.test is not signed", ""},
	{"weak.test", LOOKUP_OK, DNS_INSECURE,
		"10 MX.Provider.test, 20 mx2.provider.test, 20 mx3.provider.test",
		"the alias weak.test -> customer.test is not signed", ""},
	{"long.test", LOOKUP_OK, DNS_INSECURE,
		"10 MX.Provider.test, 20 mx2.provider.test, 20 mx3.provider.test",
		"the alias weak.test is not signed", ""},
	{"bogus.test", LOOKUP_RETRY, DNS_BOGUS,
		FRAME "bogus.test type=MX: "
		      "Host not found, try again (DNSSEC: signature expired)",
		"", ""},
	{"broken.test", LOOKUP_RETRY, DNS_INSECURE,
		FRAME "broken.test type=MX: "
		      "Host not found, try again",
		"", ""},
	{"silent.test", LOOKUP_RETRY, DNS_INSECURE,
		FRAME "silent.test type=MX: "
		      "Host not found, try again (no answer within 30 s)",
		"", ""},
	{"formerr.test", LOOKUP_FAIL, DNS_INSECURE,
		FRAME "formerr.test type=MX: "
		      "Non-recoverable error",
		"", ""},
	{"null.test", LOOKUP_NULL_MX, DNS_SECURE, "Domain null.test does not accept mail (nullMX)",
		"", ""},
	{"nullmix.test", LOOKUP_NULL_MX, DNS_SECURE,
		"Domain nullmix.test does not accept mail (nullMX)", "", ""},
	{"nosuch.test", LOOKUP_NOT_FOUND, DNS_SECURE, FRAME "nosuch.test type=MX: Host not found",
		"", ""},
	{"nodata.test", LOOKUP_NOT_FOUND, DNS_SECURE,
		FRAME "nodata.test type=MX: "
		      "Host found but no data record of requested type",
		"", ""},
	{"nodatalias.test", LOOKUP_NOT_FOUND, DNS_SECURE,
		FRAME "nodata.test type=MX: "
		      "Host found but no data record of requested type",
		"", ""},
	{"dangling.test", LOOKUP_NOT_FOUND, DNS_SECURE,
		FRAME "dangling.test type=MX: Host not found", "", ""},
	{"odd.test", LOOKUP_OK, DNS_SECURE, "10 127.25.7.3", "",
		"warning: numeric domain name in resource data of MX record for odd.test: "
		"127.25.7.3\n"},
	{"hyphen.test", LOOKUP_INVALID, DNS_SECURE,
		"Name service error for name=hyphen.test "
		"type=MX: Malformed or unexpected name server reply",
		"",
		"warning: valid_hostname: misplaced hyphen: -mx.hyphen.test\n"
		"warning: malformed domain name in resource data of MX record for hyphen.test: "
		"-mx.hyphen.test\n"},
	{"blank.test", LOOKUP_INVALID, DNS_SECURE,
		"Name service error for name=blank.test "
		"type=MX: Malformed or unexpected name server reply",
		"",
		"warning: valid_hostname: invalid character 92(decimal): sp\\032ace.test\n"
		"warning: malformed domain name in resource data of MX record for blank.test: "
		"sp\\032ace.test\n"},
	{"mixed.test", LOOKUP_OK, DNS_SECURE, "20 mx.provider.test", "",
		"warning: valid_hostname: misplaced hyphen: -mx.test\n"
		"warning: malformed domain name in resource data of MX record for mixed.test: "
		"-mx.test\n"},
	{"short.test", LOOKUP_RETRY, DNS_SECURE,
		"Name service error for name=short.test "
		"type=MX: Malformed or unexpected name server reply",
		"", ""},
	{"oneshort.test", LOOKUP_OK, DNS_SECURE, "10 mx.provider.test", "", ""},
	{"badalias.test", LOOKUP_INVALID, DNS_SECURE,
		"Name service error for name=badalias.test "
		"type=MX: Malformed or unexpected name server reply",
		"",
		"warning: valid_hostname: misplaced hyphen: -x.test\n"
		"warning: malformed domain name in resource data of CNAME record for "
		"badalias.test: "
		"-x.test\n"},
	{"numalias.test", LOOKUP_OK, DNS_SECURE, "10 mx.provider.test", "",
		"warning: numeric domain name in resource name of MX record for 1.2.3.4: "
		"1.2.3.4\n"},
	{"NoSuch.test", LOOKUP_NOT_FOUND, DNS_SECURE, FRAME "NoSuch.test type=MX: Host not found",
		"", ""},
	{"-bad.test", LOOKUP_NOT_FOUND, DNS_INSECURE,
		"Name service error for -bad.test: invalid host or domain name", "", ""},
	{"192.0.2.1", LOOKUP_NOT_FOUND, DNS_INSECURE,
		"Name service error for 192.0.2.1: invalid host or domain name", "", ""},
	{"b\303\274cher.test", LOOKUP_NOT_FOUND, DNS_INSECURE,
		"Name service error for b\303\274cher.test: invalid host or domain name", "", ""},
	{".", LOOKUP_NOT_FOUND, DNS_SECURE, FRAME ". type=MX: Host not found", "", ""},
};

static void test_mx(struct heard *heard)
{
	struct resolver resolver = fake_resolver(lines, COUNT(lines));

	for (const struct mx_case *x = mx_cases; x < mx_cases + COUNT(mx_cases); x++) {
		struct pool pool = {0};
		struct lookup_set set;

		buf_clear(&heard->lines);
		lookup_mx(&resolver, &pool, &options, x->domain, DNS_VALIDATED, &set);
		okf(set.status == x->status, "MX of %s: status %d", x->domain, set.status);
		okf(set.security == x->security, "%s: security %d", x->domain, set.security);
		ok(set.bogus == (x->security == DNS_BOGUS), "bogus");
		is_text(set.status == LOOKUP_OK ? hosts_text(&pool, &set) : set.text, x->result,
			"result");
		is_text(set.insecure_link, x->link, "what is not signed");
		is_text(buf_text(&heard->lines), x->warned, "warnings");
		pool_free(&pool);
	}
}

static void test_modes(struct heard *heard)
{
	struct resolver resolver = fake_resolver(lines, COUNT(lines));
	struct lookup_options idna = {.idna = true};
	struct pool pool = {0};
	struct lookup_set set;

	lookup_mx(&resolver, &pool, &options, "customer.test", DNS_PLAIN, &set);
	ok(set.status == LOOKUP_OK && set.security == DNS_INSECURE,
		"a plain answer vouches for none");
	is_text(set.insecure_link, "the MX record of customer.test was looked up without DNSSEC",
		"and says why");
	is_number((long long)fake_asked(&resolver), 1, "by one question");

	lookup_mx(&resolver, &pool, &options, "dangling.test", DNS_PLAIN, &set);
	is_text(set.text, FRAME "nosuch.test type=MX: Host not found",
		"a plain failure is of the name asked last");

	buf_clear(&heard->lines);
	lookup_mx(&resolver, &pool, &options, "loop.test", DNS_PLAIN, &set);
	ok(set.status == LOOKUP_NOT_FOUND, "a loop is not found");
	is_text(set.text, "Name server loop for loop.test", "its text");
	is_text(buf_text(&heard->lines), "warning: dns_lookup: Name server loop for loop.test\n",
		"its warning");

	lookup_mx(&resolver, &pool, &idna, "b\303\274cher.test", DNS_VALIDATED, &set);
	ok(set.status == LOOKUP_OK && set.count == 1, "a name in UTF-8 is asked as A-labels");
	is_text(set.name, "xn--bcher-kva.test", "its owner");
	is_text(set.query, "xn--bcher-kva.test", "its query");
	lookup_mx(&resolver, &pool, &options, "alias.test", DNS_VALIDATED, &set);
	is_text(set.name, "customer.test", "the owner after an alias");
	pool_free(&pool);
}

static const struct addrs_case {
	const char *host;
	enum lookup_status status;
	enum dns_security security;
	const char *result; /* addresses, or the text */
	const char *canonical;
	bool bogus, alias_secure;
} addrs_cases[] = {
	{"MX.provider.test.", LOOKUP_OK, DNS_SECURE, "192.0.2.1, 192.0.2.2, 2001:db8::1",
		"MX.provider.test", false, false},
	{"v4.test", LOOKUP_OK, DNS_SECURE, "192.0.2.4", "v4.test", false, false},
	{"v6fails.test", LOOKUP_OK, DNS_SECURE, "192.0.2.5", "v6fails.test", false, false},
	{"bogusa.test", LOOKUP_OK, DNS_SECURE, "2001:db8::2", "bogusa.test", false, false},
	{"allbogus.test", LOOKUP_RETRY, DNS_INSECURE,
		FRAME "allbogus.test type=AAAA: "
		      "Host not found, try again (DNSSEC: signature expired)",
		"allbogus.test", true, false},
	{"soft.test", LOOKUP_RETRY, DNS_INSECURE,
		FRAME "soft.test type=A: "
		      "Host not found, try again",
		"soft.test", false, false},
	{"nosuch.test", LOOKUP_NOT_FOUND, DNS_INSECURE,
		FRAME "nosuch.test type=AAAA: "
		      "Host not found",
		"nosuch.test", false, false},
	{"badlength.test", LOOKUP_RETRY, DNS_INSECURE,
		"Name service error for "
		"name=badlength.test type=A: Malformed or unexpected name server reply",
		"badlength.test", false, false},
	{"badalias.test", LOOKUP_INVALID, DNS_INSECURE,
		"Name service error for "
		"name=badalias.test type=AAAA: Malformed or unexpected name server reply",
		"-x.test", false, false},
	{"insecure.test", LOOKUP_OK, DNS_INSECURE, "192.0.2.6", "insecure.test", false, false},
	{"secalias.test", LOOKUP_OK, DNS_INSECURE, "192.0.2.6", "insecure.test", false, true},
	{"insecalias.test", LOOKUP_OK, DNS_INSECURE, "192.0.2.4", "v4.test", false, false},
	{"fullalias.test", LOOKUP_OK, DNS_SECURE, "192.0.2.4", "v4.test", false, false},
	{"halfsecure.test", LOOKUP_OK, DNS_INSECURE, "192.0.2.7, 2001:db8::7", "halfsecure.test",
		false, false},
	{"192.0.2.99", LOOKUP_OK, DNS_INSECURE, "192.0.2.99", "192.0.2.99", false, false},
	{"-bad.test", LOOKUP_NOT_FOUND, DNS_INSECURE,
		"Name service error for -bad.test: invalid host or domain name", "-bad.test", false,
		false},
};

static const char *addrs_text(struct pool *pool, const struct lookup_addrs *addrs)
{
	struct list list = {.pool = pool};
	char text[ADDR_TEXT];

	for (size_t i = 0; i < addrs->count; i++)
		list_add(&list, addr_text(&addrs->addrs[i], text));
	return list_join(&list, ", ");
}

static void check_addrs(struct pool *pool, const struct addrs_case *x,
	const struct lookup_addrs *addrs)
{
	okf(addrs->status == x->status, "addresses of %s: status %d", x->host, addrs->status);
	okf(addrs->security == x->security, "%s: security %d", x->host, addrs->security);
	is_text(addrs->status == LOOKUP_OK ? addrs_text(pool, addrs) : addrs->text, x->result,
		"result");
	is_text(addrs->canonical, x->canonical, "canonical name");
	ok(addrs->bogus == x->bogus, "bogus");
	ok(addrs->alias_secure == x->alias_secure, "is the alias secure?");
}

static const int both[] = {AF_INET, AF_INET6};

static void test_hosts(void)
{
	struct resolver resolver = fake_resolver(lines, COUNT(lines));
	const char *hosts[COUNT(addrs_cases)];
	struct lookup_addrs addrs, all[COUNT(addrs_cases)];
	struct pool pool = {0};

	for (size_t i = 0; i < COUNT(addrs_cases); i++) {
		hosts[i] = addrs_cases[i].host;
		lookup_host(&resolver, &pool, &options, hosts[i], both, 2, DNS_VALIDATED, &addrs);
		check_addrs(&pool, &addrs_cases[i], &addrs);
	}
	lookup_hosts(&resolver, &pool, &options, hosts, COUNT(hosts), both, 2, DNS_VALIDATED, all);
	for (size_t i = 0; i < COUNT(addrs_cases); i++)
		check_addrs(&pool, &addrs_cases[i], &all[i]);

	lookup_host(&resolver, &pool, &options, "nosuch.test", both, 1, DNS_PLAIN, &addrs);
	is_text(addrs.text, FRAME "nosuch.test type=A: Host not found", "IPv4 alone says type=A");
	lookup_host(&resolver, &pool, &options, "192.0.2.9", both + 1, 1, DNS_PLAIN, &addrs);
	is_text(addrs.text, "Name service error for 192.0.2.9: invalid host or domain name",
		"an address of a family that is off");
	pool_free(&pool);
}

/* Counts what it sees; drops what has "mx2" in it, fails at "mx3". */
static int picky(void *context, const char *record)
{
	++*(int *)context;
	if (strstr(record, "mx3"))
		return -1;
	return strstr(record, "mx2") == NULL && strstr(record, " A ") == NULL;
}

static void test_filter(struct heard *heard)
{
	static const struct fake_record filtered[] = {
		{"two.test", DNS_MX, S, .rdata = "10 mx1.test"},
		{"two.test", DNS_MX, S, .rdata = "20 mx2.test"},
		{"three.test", DNS_MX, S, .rdata = "30 mx3.test"},
		{"none.test", DNS_A, S, .rdata = "192.0.2.1"},
	};
	struct resolver resolver = fake_resolver(filtered, COUNT(filtered));
	int seen = 0;
	struct lookup_options with = {.filter = picky, .filter_context = &seen};
	struct pool pool = {0};
	struct lookup_addrs addrs;
	struct lookup_set set;

	buf_clear(&heard->lines);
	lookup_mx(&resolver, &pool, &with, "two.test", DNS_VALIDATED, &set);
	is_text(hosts_text(&pool, &set), "10 mx1.test", "the filter drops a record");
	is_text(buf_text(&heard->lines), "ignoring DNS RR: two.test. 300 IN MX 20 mx2.test.\n",
		"and that is logged");
	lookup_mx(&resolver, &pool, &with, "three.test", DNS_VALIDATED, &set);
	ok(set.status == LOOKUP_RETRY && set.count == 0, "a filter that fails");
	is_text(set.text,
		"Error looking up name=three.test type=MX: "
		"Invalid DNS reply filter syntax",
		"its text");
	lookup_host(&resolver, &pool, &with, "none.test", both, 2, DNS_VALIDATED, &addrs);
	ok(addrs.status == LOOKUP_POLICY, "everything dropped counts more than no AAAA");
	is_text(addrs.text,
		"Error looking up name=none.test type=A: "
		"DNS reply filter drops all results",
		"its text");
	is_number(seen, 4, "it saw each record once");
	pool_free(&pool);
}

static void test_limit(struct heard *heard)
{
	static struct fake_record many[150];
	static char names[150][32];
	struct resolver resolver;
	struct pool pool = {0};
	struct lookup_set set;

	for (size_t i = 0; i < COUNT(many); i++) {
		snprintf(names[i], sizeof(names[i]), "%zu mx%zu.test", 200 - i, i);
		many[i] = (struct fake_record){"many.test", DNS_MX, S, .rdata = names[i]};
	}
	resolver = fake_resolver(many, COUNT(many));
	buf_clear(&heard->lines);
	lookup_mx(&resolver, &pool, &options, "many.test", DNS_VALIDATED, &set);
	is_number((long long)set.count, 100, "100 records are kept");
	is_text(buf_text(&heard->lines),
		"warning: DNS record count limit (100) exceeded -- "
		"dropping excess record(s) after qname=many.test qtype=MX\n",
		"with a warning");
	ok(set.hosts[0].preference == 101 && set.hosts[99].preference == 200, "in order");
	pool_free(&pool);
}

static void test_srv(void)
{
	struct resolver resolver = fake_resolver(lines, COUNT(lines));
	struct pool pool = {0};
	struct lookup_set set;
	int first = 0;

	for (int i = 0; i < 1000; i++) {
		lookup_srv(&resolver, &pool, &options, "submission", "SRV.test.", DNS_VALIDATED,
			&set);
		if (set.count != 3 || strcmp(set.hosts[2].host, "one.test") != 0)
			break;
		first += strcmp(set.hosts[0].host, "two.test") == 0;
	}
	ok(set.count == 3 && strcmp(set.hosts[2].host, "one.test") == 0, "SRV: by priority");
	okf(first > 650 && first < 850, "by weight: three quarters (%d)", first);
	ok(set.hosts[2].port == 587 && set.hosts[2].weight == 10, "port and weight");
	is_text(set.query, "_submission._tcp.SRV.test", "the query");

	lookup_srv(&resolver, &pool, &options, "submission", "nosrv.test", DNS_VALIDATED, &set);
	ok(set.status == LOOKUP_NULL_MX, "a null SRV");
	is_text(set.text, "Domain _submission._tcp.nosrv.test does not support SRV requests",
		"its text");
	lookup_srv(&resolver, &pool, &options, "submission", "none.test", DNS_VALIDATED, &set);
	is_text(set.text, FRAME "_submission._tcp.none.test type=SRV: Host not found", "none");
	lookup_srv(&resolver, &pool, &options, "submission", "[x]", DNS_VALIDATED, &set);
	ok(set.status == LOOKUP_NOT_FOUND, "not a domain");
	pool_free(&pool);
}

static void texts(void)
{
	const struct resolver resolver = fake_resolver(lines, COUNT(lines));
	const struct lookup_options idna = {.idna = true};
	struct pool pool = {0};
	struct lookup_texts found;

	lookup_txt(&resolver, &pool, &idna, "_smtp._tls", "b\303\274cher.test", DNS_PLAIN, &found);
	ok(found.status == LOOKUP_OK && found.count == 2, "two records");
	is_text(found.count ? found.items[0] : "", "v=TLSRPTv1; rua=mailto:a@b", "the first");
	lookup_txt(&resolver, &pool, &idna, "_smtp._tls", "v4.test", DNS_PLAIN, &found);
	ok(found.status == LOOKUP_NOT_FOUND && found.count == 0, "none");
	lookup_txt(&resolver, &pool, &idna, "_smtp._tls", "broken.test", DNS_PLAIN, &found);
	ok(found.status == LOOKUP_RETRY && strstr(found.text, "_smtp._tls.broken.test"), "not now");
	lookup_txt(&resolver, &pool, &idna, "_smtp._tls", "192.0.2.1", DNS_PLAIN, &found);
	ok(found.status != LOOKUP_OK && found.count == 0, "an address");
	pool_free(&pool);
}

int main(void)
{
	struct heard heard = {.lines = BUF(0)};

	heard_open(&heard);
	test_mx(&heard);
	test_modes(&heard);
	test_hosts();
	test_filter(&heard);
	test_limit(&heard);
	test_srv();
	texts();
	buf_close(&heard.lines);
	return done();
}

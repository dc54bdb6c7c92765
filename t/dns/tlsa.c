#include "dns/tlsa.h"

#include <string.h>
#include "t/dns/heard.h"
#include "t/lib/fake_resolver.h"
#include "t/lib/tap.h"

#define S .security = DNS_SECURE

static const struct fake_record lines[] = {
	{"*", DNS_A, S, .rdata = "192.0.2.1"},
	{"ee.test", DNS_A, S, .rdata = "192.0.2.1"},
	{"_25._tcp.ee.test", DNS_TLSA, S, .rdata = "3 1 1 aabb"},
	{"_25._tcp.ee.test", DNS_TLSA, S, .rdata = "2 0 1 ccdd"},
	{"none.test", DNS_A, S, .rdata = "192.0.2.2"},
	{"insecurehost.test", DNS_A, .rdata = "192.0.2.3"},
	{"_25._tcp.insecurehost.test", DNS_TLSA, S, .rdata = "3 1 1 aabb"},
	{"insecuretlsa.test", DNS_A, S, .rdata = "192.0.2.4"},
	{"_25._tcp.insecuretlsa.test", DNS_TLSA, .rdata = "3 1 1 aabb"},
	{"bogustlsa.test", DNS_A, S, .rdata = "192.0.2.5"},
	{"_25._tcp.bogustlsa.test", DNS_TLSA, .security = DNS_BOGUS, .rdata = "signature expired"},
	{"silenttlsa.test", DNS_A, S, .rdata = "192.0.2.6"},
	{"_25._tcp.silenttlsa.test", DNS_TLSA, .class = DNS_TRY_AGAIN,
		.rdata = "no answer within 30 s"},
	/* an alias with records at its target, at itself, at both, behind an error */
	{"attarget.test", DNS_CNAME, S, .rdata = "ee.test"},
	{"atalias.test", DNS_CNAME, S, .rdata = "none.test"},
	{"_25._tcp.atalias.test", DNS_TLSA, S, .rdata = "3 1 1 eeff"},
	{"atboth.test", DNS_CNAME, S, .rdata = "ee.test"},
	{"_25._tcp.atboth.test", DNS_TLSA, S, .rdata = "3 1 1 eeff"},
	{"error.test", DNS_CNAME, S, .rdata = "bogustlsa.test"},
	{"_25._tcp.error.test", DNS_TLSA, S, .rdata = "3 1 1 eeff"},
	/* a signed alias into an unsigned zone, and an unsigned one into a signed zone */
	{"xhost.test", DNS_CNAME, S, .rdata = "insecurehost.test"},
	{"_25._tcp.xhost.test", DNS_TLSA, S, .rdata = "3 1 1 eeff"},
	{"insecalias.test", DNS_CNAME, .rdata = "ee.test"},
	{"_25._tcp.insecalias.test", DNS_TLSA, S, .rdata = "3 1 1 eeff"},
	{"short.test", DNS_A, S, .rdata = "192.0.2.7"},
	{"_25._tcp.short.test", DNS_TLSA, S, .rdata = "\\# 0301"},
	{"_25._tcp.short.test", DNS_TLSA, S, .rdata = "\\# 030101"},
};

static const struct tlsa_case { /* NOLINT(clang-analyzer-optin.performance.Padding) */
	const char *host;
	enum lookup_status status;
	const char *base;
	size_t count;
	const char *reason;
	bool force;
} cases[] = {
	{"ee.test", LOOKUP_OK, "ee.test", 2, "", false},
	{"none.test", LOOKUP_NOT_FOUND, "none.test", 0, "_25._tcp.none.test has none",
		false},
	{"insecurehost.test", LOOKUP_NOT_FOUND, "insecurehost.test", 0, "the addresses of insecurehost.test are not signed",
		false},
	{"insecurehost.test", LOOKUP_OK, "insecurehost.test", 1, "", true},
	{"insecuretlsa.test", LOOKUP_NOT_FOUND, "insecuretlsa.test", 0, "those of _25._tcp.insecuretlsa.test are not signed",
		false},
	{"bogustlsa.test", LOOKUP_RETRY, "bogustlsa.test", 0, "DNSSEC: signature expired", false},
	{"silenttlsa.test", LOOKUP_RETRY, "silenttlsa.test", 0, "no answer within 30 s", false},
	{"attarget.test", LOOKUP_OK, "ee.test", 2, "", false},
	{"atalias.test", LOOKUP_OK, "atalias.test", 1, "", false},
	{"atboth.test", LOOKUP_OK, "ee.test", 2, "", false},
	{"error.test", LOOKUP_RETRY, "bogustlsa.test", 0, "DNSSEC: signature expired", false},
	{"xhost.test", LOOKUP_OK, "xhost.test", 1, "", false},
	{"insecalias.test", LOOKUP_NOT_FOUND, "insecalias.test", 0, "the addresses of insecalias.test are not signed",
		false},
	{"short.test", LOOKUP_OK, "short.test", 1, "", false},
	{"nosuch.test", LOOKUP_NOT_FOUND, "nosuch.test", 0, "the addresses of nosuch.test are not signed",
		false},
	{"192.0.2.1", LOOKUP_NOT_FOUND, "192.0.2.1", 0, "192.0.2.1 is an address",
		true},
};

static void test_cases(void)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct resolver resolver = fake_resolver(lines, COUNT(lines));

	for (const struct tlsa_case *x = cases; x < cases + COUNT(cases); x++) {
		struct lookup_options options = {.insecure_host_tlsa = x->force};
		struct pool pool = {0};
		struct lookup_addrs addrs;
		struct tlsa_set set;

		lookup_host(&resolver, &pool, &options, x->host, families, 2, DNS_VALIDATED,
			&addrs);
		lookup_tlsa(&resolver, &pool, &options, x->host, &addrs, 25, &set);
		okf(set.status == x->status, "TLSA of %s: status %d", x->host, set.status);
		is_text(set.base, x->base, "base domain");
		is_number((long long)set.count, (long long)x->count, "records");
		is_text(set.reason, x->reason, "reason");
		pool_free(&pool);
	}
}

/* The question for the alias's security fails. */
static void test_alias_problem(void)
{
	struct resolver resolver = fake_resolver(lines, COUNT(lines));
	struct lookup_options options = {.idna = false};
	struct addr addr;
	struct lookup_addrs addrs = {.status = LOOKUP_OK,
		.addrs = &addr,
		.count = 1,
		.host = "xhost.test",
		.canonical = "insecurehost.test",
		.text = "",
		.alias_problem = "Host not found, try again"};
	struct pool pool = {0};
	struct tlsa_set set;

	addr_parse(&addr, "192.0.2.3", 0);
	lookup_tlsa(&resolver, &pool, &options, "xhost.test", &addrs, 25, &set);
	ok(set.status == LOOKUP_RETRY && set.alias_failed, "unknown security is no insecurity");
	is_text(set.text, "Host not found, try again", "its text");
	is_number((long long)fake_asked(&resolver), 0, "nothing was asked");
	pool_free(&pool);
}

static void test_port(struct heard *heard)
{
	static const struct fake_record records[] = {
		{"_587._tcp.mx.test", DNS_TLSA, S, .rdata = "3 1 1 aabb"},
		{"_587._tcp.mx.test", DNS_TLSA, S, .rdata = "\\# 03"},
	};
	struct resolver resolver = fake_resolver(records, COUNT(records));
	struct lookup_options options = {.idna = false};
	struct lookup_addrs addrs = {.status = LOOKUP_OK,
		.security = DNS_SECURE,
		.host = "mx.test",
		.canonical = "mx.test",
		.alias_problem = "",
		.text = ""};
	struct pool pool = {0};
	struct tlsa_set set;

	buf_clear(&heard->lines);
	lookup_tlsa(&resolver, &pool, &options, "mx.test", &addrs, 587, &set);
	ok(set.status == LOOKUP_OK && set.count == 1, "another port");
	is_text(set.query, "_587._tcp.mx.test", "its question");
	is_text(buf_text(&heard->lines),
		"warning: _587._tcp.mx.test: truncated TLSA RR length == 1\n",
		"a short record is warned of");
	pool_free(&pool);
}

/* Record data of every length that ever overran a client's buffer; three bytes are the least. */
static void test_lengths(struct heard *heard)
{
	static const size_t lengths[] = {0, 1, 2, 3, 34, 65535};
	const struct lookup_options options = {.idna = false};
	const struct lookup_addrs addrs = {.status = LOOKUP_OK,
		.security = DNS_SECURE,
		.host = "mx.test",
		.canonical = "mx.test",
		.alias_problem = "",
		.text = ""};

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct pool pool = {0};
		struct buf rdata = BUF(0);
		struct fake_record record = {"_25._tcp.mx.test", DNS_TLSA, S, .rdata = NULL};
		struct resolver resolver;
		struct tlsa_set set;

		buf_adds(&rdata, "\\# ");
		for (size_t n = 0; n < lengths[i]; n++)
			buf_addf(&rdata, "%02zx", n & 255);
		record.rdata = buf_text(&rdata);
		resolver = fake_resolver(&record, 1);
		buf_clear(&heard->lines);
		lookup_tlsa(&resolver, &pool, &options, "mx.test", &addrs, 25, &set);
		okf(set.status == LOOKUP_OK, "%zu bytes: an answer", lengths[i]);
		is_number((long long)set.count, lengths[i] >= 3, "a record, if long enough");
		if (set.count > 0)
			okf(set.records[0].usage == 0 && set.records[0].selector == 1
					&& set.records[0].matching == 2
					&& set.records[0].length == lengths[i] - 3,
				"%zu bytes of data", set.records[0].length);
		else
			is_text(buf_text(&heard->lines),
				pool_format(&pool,
					"warning: _25._tcp.mx.test: truncated TLSA RR length == %zu\n",
					lengths[i]),
				"or a warning");
		buf_close(&rdata);
		pool_free(&pool);
	}
}

/* More than a hundred: a hundred are used, and it is told. */
static void test_many(struct heard *heard)
{
	static struct fake_record records[130];
	const struct lookup_options options = {.idna = false};
	const struct lookup_addrs addrs = {.status = LOOKUP_OK,
		.security = DNS_SECURE,
		.host = "mx.test",
		.canonical = "mx.test",
		.alias_problem = "",
		.text = ""};
	struct resolver resolver;
	struct pool pool = {0};
	struct tlsa_set set;

	for (size_t i = 0; i < COUNT(records); i++)
		records[i] = (struct fake_record){"_25._tcp.mx.test", DNS_TLSA, S,
			.rdata = pool_format(&pool, "3 1 1 %04zx", i)};
	resolver = fake_resolver(records, COUNT(records));
	buf_clear(&heard->lines);
	lookup_tlsa(&resolver, &pool, &options, "mx.test", &addrs, 25, &set);
	ok(set.status == LOOKUP_OK && set.count == 100, "the first hundred");
	is_text(buf_text(&heard->lines),
		"warning: DNS record count limit (100) exceeded -- dropping excess record(s) after "
		"qname=_25._tcp.mx.test qtype=TLSA\n",
		"and a warning");
	pool_free(&pool);
}

int main(void)
{
	struct heard heard = {.lines = BUF(0)};

	heard_open(&heard);
	test_cases();
	test_alias_problem();
	test_port(&heard);
	test_lengths(&heard);
	test_many(&heard);
	buf_close(&heard.lines);
	return done();
}

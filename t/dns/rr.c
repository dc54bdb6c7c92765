#include "dns/rr.h"

#include <string.h>
#include "t/lib/fake_resolver.h"
#include "t/lib/tap.h"

#define BYTES(TEXT) (const uint8_t *)(TEXT), sizeof(TEXT) - 1

static const struct name_case {
	const char *what;
	const uint8_t *data;
	size_t length, took;
	const char *name; /* NULL: malformed */
} names[] = {
	{"a name", BYTES("\002MX\007example\000"), 12, "MX.example"},
	{"the root", BYTES("\000"), 1, ""},
	{"what follows is left", BYTES("\001a\000rest"), 3, "a"},
	{"a blank and a dot in a label", BYTES("\005a b.c\000"), 7, "a\\032b\\.c"},
	{"a NUL in a label", BYTES("\003a\000b\000"), 5, "a\\000b"},
	{"a byte above 126", BYTES("\001\377\000"), 3, "\\255"},
	{"without its end", BYTES("\002mx"), 0, NULL},
	{"a label longer than the data", BYTES("\011mx\000"), 0, NULL},
	{"a pointer", BYTES("\300\000"), 0, NULL},
	{"a label of 64 bytes",
		BYTES("\100aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		      "\000"),
		0, NULL},
	{"nothing", BYTES(""), 0, NULL},
};

static void test_names(struct pool *pool)
{
	uint8_t longest[256 + 8];

	for (const struct name_case *x = names; x < names + COUNT(names); x++) {
		const char *name = "untouched";

		is_number((long long)rr_name(pool, x->data, x->length, &name), (long long)x->took,
			x->what);
		is_text(name, x->name ? x->name : "untouched", x->what);
	}

	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 ? 'a' : 1;
	longest[254] = 0;
	{
		const char *name;

		is_number((long long)rr_name(pool, longest, sizeof(longest), &name), 255,
			"255 bytes fit");
		longest[254] = 1;
		longest[256] = 0;
		is_number((long long)rr_name(pool, longest, sizeof(longest), &name), 0,
			"257 don't");
	}
}

static struct dns_record record(const uint8_t *data, size_t length)
{
	return (struct dns_record){.owner = "o.test", .data = data, .length = length, .ttl = 60};
}

static void test_mx(struct pool *pool)
{
	struct rr_mx mx = {.preference = 7};
	struct dns_record good = record(BYTES("\001\002\002mx\000"));

	ok(rr_mx(pool, &good, &mx), "an MX record");
	is_number(mx.preference, 258, "its preference");
	is_text(mx.host, "mx", "its host");
	for (size_t length = 0; length < good.length; length++) {
		struct dns_record bad = record(good.data, length);

		okf(!rr_mx(pool, &bad, &mx), "%zu bytes of it are none", length);
	}
	good = record(BYTES("\000\012\002mx\000x"));
	ok(!rr_mx(pool, &good, &mx), "nor is one with a byte more");
	good = record(BYTES("\000\000\000"));
	ok(rr_mx(pool, &good, &mx) && *mx.host == '\0', "a null MX");
}

static void test_srv(struct pool *pool)
{
	struct rr_srv srv;
	struct dns_record good = record(BYTES("\000\001\000\002\000\031\002mx\000"));

	ok(rr_srv(pool, &good, &srv), "an SRV record");
	ok(srv.priority == 1 && srv.weight == 2 && srv.port == 25, "its numbers");
	is_text(srv.target, "mx", "its target");
	for (size_t length = 0; length < good.length; length++) {
		struct dns_record bad = record(good.data, length);

		okf(!rr_srv(pool, &bad, &srv), "%zu bytes of it are none", length);
	}
}

static void test_target(struct pool *pool)
{
	const char *name = "untouched";
	struct dns_record it = record(BYTES("\002ns\004test\000"));

	ok(rr_target(pool, &it, &name), "a CNAME or NS record");
	is_text(name, "ns.test", "its name");
	name = "untouched";
	it = record(BYTES(""));
	ok(!rr_target(pool, &it, &name), "an empty one");
	it = record(BYTES("\002ns\000x"));
	ok(!rr_target(pool, &it, &name), "a byte too many");
	is_text(name, "untouched", "untouched");
}

static void test_tlsa(void)
{
	struct rr_tlsa tlsa = {.usage = 9};
	struct dns_record it = record(BYTES("\003\001\001\252\273"));

	ok(rr_tlsa(&it, &tlsa), "a TLSA record");
	ok(tlsa.usage == 3 && tlsa.selector == 1 && tlsa.matching == 1, "its numbers");
	ok(tlsa.length == 2 && memcmp(tlsa.data, "\252\273", 2) == 0, "its data");
	for (size_t length = 0; length < 3; length++) {
		it.length = length;
		okf(!rr_tlsa(&it, &tlsa), "%zu bytes are too few", length);
	}
	it.length = 3;
	ok(rr_tlsa(&it, &tlsa) && tlsa.length == 0, "3 bytes: no data");
}

static void test_txt(struct pool *pool)
{
	const char *text = "untouched";
	struct dns_record it = record(BYTES("\003abc\000\002de"));

	ok(rr_txt(pool, &it, &text), "a TXT record");
	is_text(text, "abcde", "strings are joined");
	it = record(BYTES("\004a\000\nb"));
	ok(rr_txt(pool, &it, &text), "with bytes that don't print");
	is_text(text, "a  b", "they are blanks");
	it = record(BYTES("\004abc"));
	ok(!rr_txt(pool, &it, &text), "a string longer than the data");
	it = record(BYTES(""));
	ok(!rr_txt(pool, &it, &text), "no string at all");
}

static const struct fake_record lines[] = {
	{.name = "Host.Test", .type = DNS_A, .rdata = "192.0.2.1"},
	{.name = "host.test", .type = DNS_AAAA, .rdata = "2001:db8::1"},
	{.name = "host.test", .type = DNS_MX, .rdata = "10 mx.test", .ttl = 60},
	{.name = "null.test", .type = DNS_MX, .rdata = "0 ."},
	{.name = "host.test", .type = DNS_SRV, .rdata = "1 2 25 mx.test"},
	{.name = "host.test", .type = DNS_TLSA, .rdata = "3 1 1 00FFab"},
	{.name = "host.test", .type = DNS_TXT, .rdata = "v=STSv1; id=1;"},
	{.name = "host.test", .type = DNS_CNAME, .rdata = "other.test"},
	{.name = "bad.test", .type = DNS_A, .rdata = "\\# 0102"},
};

static const char *const texts[] = {
	"Host.Test. 300 IN A 192.0.2.1",
	"host.test. 300 IN AAAA 2001:db8::1",
	"host.test. 60 IN MX 10 mx.test.",
	"null.test. 300 IN MX 0 .",
	"host.test. 300 IN SRV 1 2 25 mx.test.",
	"host.test. 300 IN TLSA 3 1 1 00ffab",
	"host.test. 300 IN TXT v=STSv1; id=1;",
	"host.test. 300 IN CNAME other.test.",
	"bad.test. 300 IN A (malformed)",
};

static void test_texts(struct pool *pool)
{
	struct resolver resolver = fake_resolver(lines, COUNT(lines));

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct dns_answer answer;

		resolver_ask(&resolver, pool, lines[i].name, lines[i].type, DNS_VALIDATED, &answer);
		if (ok(answer.count == 1, lines[i].name))
			is_text(rr_text(pool, lines[i].type, &answer.records[0]), texts[i],
				"as the reply filter sees it");
	}
}

int main(void)
{
	struct pool pool = {0};

	test_names(&pool);
	test_mx(&pool);
	test_srv(&pool);
	test_target(&pool);
	test_tlsa();
	test_txt(&pool);
	test_texts(&pool);
	pool_free(&pool);
	return done();
}

#include <string.h>
#include "t/lib/tap.h"
#include "tls/match.h"

#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

/* One acceptable name and one dNSName: TLS_README, each seen with Postfix 3.7. */
static const struct row {
	const char *reference;
	struct tls_der name;
	bool want, many; /* many: what is wanted where "*" may be several labels */
} rows[] = {
	{"mx.a.test", BYTES("mx.a.test"), true, true},
	{"mx.a.test", BYTES("MX.a.TEST"), true, true},
	{"mx.a.test", BYTES("mx.a.tes"), false, false},
	{"mx.a.test", BYTES("x.a.test"), false, false},
	{"mx.a.test", BYTES("mx.a.test."), false, false},
	{"mx.a.test.", BYTES("mx.a.test"), false, false},
	{"mx.a.test.", BYTES("mx.a.test."), true, true},
	{"mx.a.test", BYTES(""), false, false},
	{"", BYTES(""), false, false},
	{"mx_1.a.test", BYTES("mx_1.a.test"), true, true},
	{"mx.a.test", BYTES("mx.a.test\0"), false, false},
	{"mx.a.test", BYTES("mx.a.test\0.evil.example"), false, false},
	{"mx.a.test", BYTES("mx\0a.test"), false, false},
	{"mx.a.test", BYTES("\xc3\xbc.a.test"), false, false},
	/* "*" is one whole left-most label above two more */
	{"mx.a.test", BYTES("*.a.test"), true, true},
	{"MX.a.test", BYTES("*.A.test"), true, true},
	{"a.test", BYTES("*.a.test"), false, false},
	{"x.mx.a.test", BYTES("*.a.test"), false, true},
	{"x..a.test", BYTES("*.a.test"), false, false},
	{"mxa.test", BYTES("*.a.test"), false, false},
	{".a.test", BYTES("*.test"), false, false},
	{"mx.test", BYTES("*.test"), false, false},
	{"test", BYTES("*"), false, false},
	{"mx.a.test", BYTES("*"), false, false},
	{"mx.a.test", BYTES("*."), false, false},
	{"mx.a.test", BYTES("*a.test"), false, false},
	{"mx.a.test", BYTES("m*.a.test"), false, false},
	{"mx.a.test", BYTES("*x.a.test"), false, false},
	{"mx.a.test", BYTES("mx.*.test"), false, false},
	{"mx.a.test", BYTES("*.*.test"), false, false},
	{"mx.a.test", BYTES("**.a.test"), false, false},
	{"mx.a.test.", BYTES("*.a.test."), false, false},
	{"mx.a_b.test", BYTES("*.a_b.test"), false, false},
	{"mx.-b.test", BYTES("*.-b.test"), false, false},
	{"mx.b-.test", BYTES("*.b-.test"), false, false},
	{"mx..test", BYTES("*..test"), false, false},
	{"mx.a.test", BYTES("*.a.test\0"), false, false},
	{"mx_1.a.test", BYTES("*.a.test"), false, false},
	{"xn--bcher-kva.a.test", BYTES("*.a.test"), true, true},
	{"mx.xn--bcher-kva.test", BYTES("*.xn--bcher-kva.test"), true, true},
	{"xn--bcher-kva.a.test", BYTES("xn--*.a.test"), false, false},
	{"*.a.test", BYTES("*.a.test"), true, true},
	{"*.x.a.test", BYTES("*.a.test"), false, false},
	/* a domain to be below */
	{".a.test", BYTES("mx.a.test"), true, true},
	{".a.test", BYTES("x.mx.A.test"), true, true},
	{".a.test", BYTES("a.test"), false, false},
	{".a.test", BYTES("mxa.test"), false, false},
	{".a.test", BYTES(".a.test"), false, false},
	{".a.test", BYTES("..a.test"), false, false},
	{".a.test", BYTES("*.a.test"), true, true},
	{".a.test", BYTES("mx_1.a.test"), true, true},
	{".a.test", BYTES("m\0x.a.test"), false, false},
	{".a.test", BYTES("mx.a.test."), false, false},
	{".", BYTES("mx."), false, false},
	{".", BYTES("."), false, false},
};

static void hosts(void)
{
	for (const struct row *r = rows; r < rows + COUNT(rows); r++) {
		okf(match_host(r->reference, r->name, false) == r->want, "%s and %.*s",
			r->reference, (int)r->name.length, (const char *)r->name.data);
		okf(match_host(r->reference, r->name, true) == r->many, "%s and %.*s, many labels",
			r->reference, (int)r->name.length, (const char *)r->name.data);
	}
}

static void addresses(void)
{
	static const struct tls_der four = BYTES("\x7f\0\0\1"), three = BYTES("\x7f\0\0"),
				    six = BYTES("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"),
				    mapped = BYTES("\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1"),
				    text = BYTES("127.0.0.1");

	ok(match_address("127.0.0.1", four), "IPv4");
	ok(!match_address("127.0.0.2", four), "another one");
	ok(match_address("2001:DB8:0::1", six), "IPv6 in any spelling");
	ok(!match_address("127.0.0.1", six), "another family");
	ok(!match_address("127.0.0.1", mapped), "an IPv4-mapped address is not the IPv4 address");
	ok(!match_address("127.0.0.1", three), "cut short");
	ok(!match_address("127.0.0.1", text), "text is not an address");
	ok(!match_address("mx.a.test", four), "a name is not an address");
}

static const struct match_name several[] = {
	{MATCH_COMMON, BYTES("common.test")},
	{MATCH_DNS, BYTES("first.test")},
	{MATCH_ADDRESS, BYTES("\x7f\0\0\1")},
	{MATCH_DNS, BYTES("*.second.test")},
};
static const struct match_name common[] = {
	{MATCH_COMMON, BYTES("common.test")},
	{MATCH_ADDRESS, BYTES("\x7f\0\0\1")},
	{MATCH_COMMON, BYTES("*.second.test")},
};
static const struct match_name with_nul[] = {
	{MATCH_COMMON, BYTES("common.test")},
	{MATCH_DNS, BYTES("first.test\0.evil.example")},
};

static struct match ask(const struct match_name *names, size_t count, const char *one,
	const char *two, bool addresses_too)
{
	static struct tls_name wanted[2];
	struct match_rules rules = {false, addresses_too};

	wanted[0] = (struct tls_name){one, "one", false};
	wanted[1] = (struct tls_name){two, "two", false};
	return match_names(wanted, two ? 2 : one ? 1 : 0, names, count, rules);
}

static void which_names_count(void)
{
	struct match match = ask(several, COUNT(several), "mx.second.test", "first.test", true);

	ok(match.is == MATCH_OK && match.by == &several[3], "the first acceptable name decides");
	is_text(match.name ? match.name->rule : "", "one", "and is told");
	match = ask(several, COUNT(several), "other.test", "first.test", true);
	ok(match.is == MATCH_OK && match.by == &several[1], "any of them will do");
	is_text(match.name ? match.name->rule : "", "two", "and which one is told");
	match = ask(several, COUNT(several), "common.test", NULL, true);
	ok(match.is == MATCH_NO_HOST, "commonName does not count beside a dNSName");
	match = ask(common, COUNT(common), "common.test", NULL, true);
	ok(match.is == MATCH_OK && match.by == &common[0], "it does beside an iPAddress");
	match = ask(common, COUNT(common), "mx.second.test", NULL, true);
	ok(match.is == MATCH_OK && match.by == &common[2], "each commonName counts, wildcards too");
	match = ask(with_nul, COUNT(with_nul), "common.test", NULL, true);
	ok(match.is == MATCH_NO_HOST, "a dNSName that can never match still is one");
	match = ask(several, COUNT(several), NULL, NULL, true);
	ok(match.is == MATCH_NO_HOST, "nothing acceptable, nothing matches");
	match = ask(NULL, 0, "first.test", NULL, true);
	ok(match.is == MATCH_NO_HOST, "no names in the certificate");
}

/* As OpenSSL combines them: a list of names, of which one, and an address. */
static void names_and_addresses(void)
{
	struct match match = ask(several, COUNT(several), "127.0.0.1", NULL, true);

	ok(match.is == MATCH_OK && match.by == &several[2], "an address");
	match = ask(several, COUNT(several), "10.0.0.1", NULL, true);
	ok(match.is == MATCH_NO_ADDRESS, "another address");
	match = ask(several, COUNT(several), "127.0.0.1", ".127.0.0.1", true);
	ok(match.is == MATCH_NO_HOST, "an address with a name beside it is not enough");
	match = ask(several, COUNT(several), "first.test", "10.0.0.1", true);
	ok(match.is == MATCH_NO_ADDRESS, "nor a name with an address beside it");
	match = ask(several, COUNT(several), "127.0.0.1", "first.test", true);
	ok(match.is == MATCH_OK && match.by == &several[1], "both match: the name is told");
	match = ask(several, COUNT(several), "127.0.0.1", "10.0.0.1", true);
	ok(match.is == MATCH_OK, "only the first address counts");
	match = ask(several, COUNT(several), "127.0.0.1", NULL, false);
	ok(match.is == MATCH_NO_HOST, "3.5: an address matches nothing");
	match = ask(several, COUNT(several), "10.0.0.1", "first.test", false);
	ok(match.is == MATCH_OK, "3.5: and hinders nothing");
}

int main(void)
{
	hosts();
	addresses();
	which_names_count();
	names_and_addresses();
	return done();
}

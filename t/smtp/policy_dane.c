/* What dane and dane-only come to for one server (RFC 7672), without a connection. */
#include "config.h"
#include <string.h>
#include "smtp/destination.h"
#include "smtp/policy_dane.h"
#include "t/lib/fake_resolver.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/lib/test_agent.h"
#include "util/buf.h"

#define S DNS_SECURE
#define U DNS_INSECURE
#define B DNS_BOGUS
#define OK DNS_ANSWERED

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct fake_record records[] = {
	{"dane.test", DNS_MX, S, OK, "10 mx.dane.test", 0},
	{"mx.dane.test", DNS_A, S, OK, "192.0.2.20", 0},
	{"_25._tcp.mx.dane.test", DNS_TLSA, S, OK, "3 1 1 " DIGEST, 0},
	{"_587._tcp.mx.dane.test", DNS_TLSA, S, OK, "2 0 1 " DIGEST, 0},
	{"alias.test", DNS_CNAME, S, OK, "dane.test", 0},
	{"cname.test", DNS_MX, S, OK, "10 mx.cname.test", 0},
	{"mx.cname.test", DNS_CNAME, S, OK, "mx.dane.test", 0},
	{"unsigned.test", DNS_MX, U, OK, "10 mx.dane.test", 0},
	{"mixed.test", DNS_MX, S, OK, "10 MX.Mixed.test", 0},
	{"mx.mixed.test", DNS_A, S, OK, "192.0.2.21", 0},
	{"_25._tcp.mx.mixed.test", DNS_TLSA, S, OK, "1 1 1 0a0b", 0},
	{"_25._tcp.mx.mixed.test", DNS_TLSA, S, OK, "2 0 1 " DIGEST, 0},
	{"_25._tcp.mx.mixed.test", DNS_TLSA, S, OK, "3 0 255 0c", 0},
	{"unusable.test", DNS_MX, S, OK, "10 mx.unusable.test", 0},
	{"mx.unusable.test", DNS_A, S, OK, "192.0.2.22", 0},
	{"_25._tcp.mx.unusable.test", DNS_TLSA, S, OK, "1 1 1 0a0b", 0},
	{"none.test", DNS_MX, S, OK, "10 mx.none.test", 0},
	{"mx.none.test", DNS_A, S, OK, "192.0.2.23", 0},
	{"plain.test", DNS_MX, S, OK, "10 mx.plain.test", 0},
	{"mx.plain.test", DNS_A, U, OK, "192.0.2.24", 0},
	{"_25._tcp.mx.plain.test", DNS_TLSA, S, OK, "3 1 1 " DIGEST, 0},
	{"uplain.test", DNS_MX, U, OK, "10 mx.plain.test", 0},
	{"uunusable.test", DNS_MX, U, OK, "10 mx.unusable.test", 0},
	{"failing.test", DNS_MX, S, OK, "10 mx.failing.test", 0},
	{"mx.failing.test", DNS_A, S, OK, "192.0.2.25", 0},
	{"_25._tcp.mx.failing.test", DNS_TLSA, U, DNS_TRY_AGAIN, "", 0},
	{"bogus.test", DNS_MX, S, OK, "10 mx.bogus.test", 0},
	{"mx.bogus.test", DNS_A, S, OK, "192.0.2.26", 0},
	{"_25._tcp.mx.bogus.test", DNS_TLSA, B, OK, "signature expired", 0},
	{"ufailing.test", DNS_MX, U, OK, "10 mx.failing.test", 0},
};

static struct test_agent test;
static struct pool pool;

static const char *shown(const struct tls_expect *expect)
{
	struct buf text = BUF(0);
	const char *copy;

	buf_addf(&text, "%s", tls_level_name(expect->level));
	for (size_t i = 0; i < expect->name_count; i++)
		buf_addf(&text, " %s", expect->names[i].name);
	for (size_t i = 0; i < expect->tlsa_count; i++)
		buf_addf(&text, " %d%d%d", expect->tlsa[i].usage, expect->tlsa[i].selector,
			expect->tlsa[i].matching);
	if (expect->tlsa_owner)
		buf_addf(&text, " of %s", expect->tlsa_owner);
	if (expect->sni)
		buf_addf(&text, " sni %s", expect->sni);
	copy = pool_text(&pool, buf_text(&text));
	buf_close(&text);
	return copy;
}

/* "dane NAMES RECORDS of OWNER sni NAME", or "4.7.5 TEXT: DETAIL". */
static const char *decided(enum tls_level level, const char *nexthop)
{
	const struct destination_options options = {.lmtp = test.config.lmtp, .utf8 = true,
		.default_port = "25", .fallback_relay = "", .relayhost = "",
		.myhostname = test.config.myhostname, .version = test.config.version};
	struct destination *to = destination_parse(&pool, &options, nexthop);
	struct tls_expect expect = {.level = level};
	struct why why = {.pool = &pool};
	struct route found = {0};
	const char *detail = "";

	if (!route(&test.agent, &pool, to, true, &found, &why))
		return pool_format(&pool, "no route: %s", why.text);
	heard();
	if (!policy_dane(&(struct dane_asked){&test.agent, &pool, nexthop, found.servers}, &expect,
		&detail, &why))
		return pool_format(&pool, "%s %s%s: %s", why.status, why.text,
			why.site ? "" : " (not site)", detail);
	return shown(&expect);
}

#define DNSSEC "smtp_dns_support_level=dnssec; "
#define INSECURE_MX "smtp_tls_dane_insecure_mx_policy="
#define NONE(detail) "4.7.5 no TLSA records found: " detail
#define UNSIGNED(domain) "4.7.5 non DNSSEC destination: the MX record of " domain " is not signed"
#define PROBLEM "4.7.5 client TLS configuration problem: "
#define FAILING "Host or domain name not found. Name service error for" \
	" name=_25._tcp.mx.failing.test type=TLSA: Host not found, try again"

/* TLS_README and postconf(5): levels, and smtp_tls_dane_insecure_mx_policy */
static const struct decision {
	const char *settings, *nexthop, *dane, *only; /* at each of both levels */
	const char *log;                              /* at dane; NULL: not looked at */
} decisions[] = {
	{DNSSEC, "dane.test", "dane mx.dane.test dane.test 311 of _25._tcp.mx.dane.test sni mx.dane.test",
		"dane-only mx.dane.test dane.test 311 of _25._tcp.mx.dane.test sni mx.dane.test", ""},
	{DNSSEC, "[mx.dane.test]:587", "dane mx.dane.test 201 of _587._tcp.mx.dane.test sni mx.dane.test",
		"dane-only mx.dane.test 201 of _587._tcp.mx.dane.test sni mx.dane.test", ""},
	{DNSSEC, "alias.test",
		"dane mx.dane.test alias.test dane.test 311 of _25._tcp.mx.dane.test sni mx.dane.test",
		"dane-only mx.dane.test alias.test dane.test 311 of _25._tcp.mx.dane.test sni mx.dane.test",
		""},
	{DNSSEC, "cname.test",
		"dane mx.dane.test cname.test 311 of _25._tcp.mx.dane.test sni mx.dane.test",
		"dane-only mx.dane.test cname.test 311 of _25._tcp.mx.dane.test sni mx.dane.test", ""},

	/* what is in the records */
	{DNSSEC, "mixed.test",
		"dane mx.mixed.test mixed.test 201 of _25._tcp.MX.Mixed.test sni MX.Mixed.test",
		"dane-only mx.mixed.test mixed.test 201 of _25._tcp.MX.Mixed.test sni MX.Mixed.test",
		"warning: _25._tcp.MX.Mixed.test unsupported TLSA certificate usage: 1 1 1 0A0B|"
		"warning: _25._tcp.MX.Mixed.test reserved private-use matching type: 3 0 255 0C"},
	{DNSSEC, "unusable.test", "encrypt of _25._tcp.mx.unusable.test",
		"4.7.5 TLSA records unusable: _25._tcp.mx.unusable.test has 1 1 1 0A0B; only usages 2 and 3"
		" count",
		"warning: _25._tcp.mx.unusable.test unsupported TLSA certificate usage: 1 1 1 0A0B"},

	/* no records are none only if that is known */
	{DNSSEC, "none.test", "may", NONE("_25._tcp.mx.none.test has none"), ""},
	{DNSSEC, "plain.test", "may", NONE("the addresses of mx.plain.test are not signed"), ""},
	{DNSSEC, "[192.0.2.9]", "may", NONE("the address of the server was not looked up in DNS"), ""},
	{DNSSEC, "failing.test", "4.7.5 TLSA lookup error for mx.failing.test:25: " FAILING,
		"4.7.5 TLSA lookup error for mx.failing.test:25: " FAILING,
		"warning: DANE TLSA lookup problem: " FAILING},
	{DNSSEC, "bogus.test",
		"4.7.5 TLSA lookup error for mx.bogus.test:25 (DNSSEC: signature expired): ",
		"4.7.5 TLSA lookup error for mx.bogus.test:25 (DNSSEC: signature expired): ",
		"warning: DANE TLSA lookup problem: Host or domain name not found. Name service error for"
		" name=_25._tcp.mx.bogus.test type=TLSA: Host not found, try again (DNSSEC: signature"
		" expired)"},

	/* an MX record that is not signed: the policy is for servers that have TLSA records */
	{DNSSEC, "unsigned.test", "may", UNSIGNED("unsigned.test"), ""},
	{DNSSEC INSECURE_MX "may", "unsigned.test", "may", UNSIGNED("unsigned.test"), ""},
	{DNSSEC INSECURE_MX "encrypt", "unsigned.test", "encrypt of _25._tcp.mx.dane.test",
		UNSIGNED("unsigned.test"), ""},
	{DNSSEC INSECURE_MX "dane", "unsigned.test", "half-dane mx.dane.test unsigned.test 311 of"
		" _25._tcp.mx.dane.test sni mx.dane.test", UNSIGNED("unsigned.test"), ""},
	{DNSSEC INSECURE_MX "encrypt", "uplain.test", "may", UNSIGNED("uplain.test"), ""},
	{DNSSEC INSECURE_MX "dane", "uunusable.test", "encrypt of _25._tcp.mx.unusable.test",
		UNSIGNED("uunusable.test"), NULL},
	{DNSSEC INSECURE_MX "may", "ufailing.test", "may", UNSIGNED("ufailing.test"), ""},
	{DNSSEC INSECURE_MX "dane", "ufailing.test",
		"4.7.5 TLSA lookup error for mx.failing.test:25: " FAILING, UNSIGNED("ufailing.test"),
		"warning: DANE TLSA lookup problem: " FAILING},

	/* settings that leave it no ground */
	{"smtp_dns_support_level=enabled", "dane.test", "may",
		PROBLEM "dane-only configured with dnssec lookups disabled",
		"warning: dane.test: dane configured with dnssec lookups disabled"},
	{DNSSEC "smtp_host_lookup=native", "[192.0.2.9]", "may",
		PROBLEM "dane-only configured with dnssec lookups disabled",
		"warning: [192.0.2.9]: dane configured with dnssec lookups disabled"},
	{DNSSEC "ignore_mx_lookup_error=yes", "dane.test", "may",
		PROBLEM "dane-only configured with MX lookup errors ignored",
		"warning: dane.test: dane configured with MX lookup errors ignored"},
	{DNSSEC "smtp_dns_resolver_options=res_defnames", "dane.test", "may",
		PROBLEM "dns resolver options incompatible with dane-only TLS",
		"warning: dane.test: dns resolver options incompatible with dane TLS"},
	{DNSSEC "smtp_dns_resolver_options=res_dnsrch", "dane.test", "may",
		PROBLEM "dns resolver options incompatible with dane-only TLS",
		"warning: dane.test: dns resolver options incompatible with dane TLS"},
};

static void decide(const struct decision *x)
{
	test_agent_open(&test, false, 0, pool_format(&pool, "smtp_randomize_addresses=no; %s",
		x->settings));
	test_agent_resolver(&test, fake_resolver(records, COUNT(records)));
	heard();
	is_text(decided(TLS_LEVEL_DANE, x->nexthop), x->dane, x->nexthop);
	if (x->log)
		is_text(heard(), x->log, "log");
	is_text(decided(TLS_LEVEL_DANE_ONLY, x->nexthop), x->only, "dane-only");
	test_agent_close(&test);
	pool_free(&pool);
}

int main(void)
{
	heard_start();
	for (const struct decision *x = decisions; x < decisions + COUNT(decisions); x++)
		decide(x);
	heard_stop();
	return done();
}

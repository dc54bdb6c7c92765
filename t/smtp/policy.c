#include "config.h"
#include <stdio.h>
#include <string.h>
#include "postfix/version.h"
#include "smtp/policy.h"
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
	{"signed.test", DNS_MX, S, OK, "10 mx1.provider.test", 0},
	{"signed.test", DNS_MX, S, OK, "20 mx2.provider.test", 0},
	{"unsigned.test", DNS_MX, U, OK, "10 mx1.provider.test", 0},
	{"bogus.test", DNS_MX, B, OK, "signature expired", 0},
	{"failing.test", DNS_MX, U, DNS_TRY_AGAIN, "", 0},
	{"failing.test", DNS_A, U, OK, "192.0.2.9", 0},
	{"implicit.test", DNS_A, U, OK, "192.0.2.3", 0},
	{"alias.test", DNS_CNAME, S, OK, "signed.test", 0},
	{"ualias.test", DNS_CNAME, U, OK, "signed.test", 0},
	{"mixed.test", DNS_CNAME, S, OK, "unsigned.test", 0},
	{"hostalias.test", DNS_MX, S, OK, "10 alias.provider.test", 0},
	{"alias.provider.test", DNS_CNAME, U, OK, "mx1.provider.test", 0},
	{"shostalias.test", DNS_MX, S, OK, "10 salias.provider.test", 0},
	{"salias.provider.test", DNS_CNAME, S, OK, "mx3.provider.test", 0},
	{"literal.test", DNS_MX, S, OK, "10 192.0.2.8", 0},
	{"bare.test", DNS_MX, S, OK, "10 mailhost", 0},
	{"mailhost", DNS_A, S, OK, "192.0.2.4", 0},
	{"upper.test", DNS_MX, S, OK, "10 MX1.Provider.TEST.", 0},
	{"mx1.provider.test", DNS_A, U, OK, "192.0.2.1", 0},
	{"mx2.provider.test", DNS_A, U, OK, "192.0.2.2", 0},
	{"mx3.provider.test", DNS_A, S, OK, "192.0.2.5", 0},
	{"xn--bcher-kva.test", DNS_MX, U, OK, "10 mx1.provider.test", 0},
	/* DANE */
	{"dane.test", DNS_MX, S, OK, "10 mx.dane.test", 0},
	{"mx.dane.test", DNS_A, S, OK, "192.0.2.20", 0},
	{"_25._tcp.mx.dane.test", DNS_TLSA, S, OK, "3 1 1 00112233445566778899aabbccddeeff", 0},
	{"nodane.test", DNS_MX, S, OK, "10 mx3.provider.test", 0},
};

static struct test_agent test;
static struct pool pool;
static struct request request;

static void configure(const char *settings, bool lmtp, int version)
{
	struct pool scratch = {0};

	test_agent_close(&test);
	test_agent_open(&test, lmtp, version, pool_format(&scratch, "%s_randomize_addresses=no; %s",
		lmtp ? "lmtp" : "smtp", settings ? settings : ""));
	test_agent_resolver(&test, fake_resolver(records, COUNT(records)));
	tls_engine_close(test.agent.tls); /* nothing is contacted */
	test.agent.tls = NULL;
	pool_free(&scratch);
	heard();
}

static struct destination *destination(const char *nexthop)
{
	const struct config *config = &test.config;
	const struct destination_options options = {
		.lmtp = config->lmtp,
		.utf8 = true,
		.default_port = "25",
		.fallback_relay = "",
		.relayhost = "",
		.myhostname = config->myhostname,
		.version = config->version,
	};

	return destination_parse(&pool, &options, nexthop);
}

static void describe(struct buf *to, const struct tls_policy *policy)
{
	const struct tls_expect *expect = &policy->expect;

	buf_addf(to, "%s", tls_level_name(expect->level));
	for (size_t i = 0; i < expect->name_count; i++)
		buf_addf(to, " %s%s", expect->names[i].name, expect->names[i].vouched ? "!" : "");
	for (size_t i = 0; i < expect->fingerprint_count; i++)
		buf_addf(to, " %s", expect->fingerprints[i]);
	for (size_t i = 0; i < expect->anchor_file_count; i++)
		buf_addf(to, " tafile=%s", expect->anchor_files[i]);
	if (expect->tlsa_count)
		buf_addf(to, " tlsa=%zu", expect->tlsa_count);
	if (expect->sni[0])
		buf_addf(to, " sni=%s", expect->sni);
	if (expect->why_not && expect->why_not[0])
		buf_addf(to, " (%s)", expect->why_not);
}

static const char *became; /* tls= of the last decision */

/* What is decided for the NTH server of NEXTHOP (from 0): "secure a.test .a.test", or "4.7.5 ...". */
static const char *decided(const char *nexthop, int nth, bool plaintext)
{
	struct delivery d = {.pool = &pool, .request = &request};
	struct destination *to = destination(nexthop);
	struct policy_base *base = policy_for(&test.agent, &d, to);
	struct why why = {.pool = &pool};
	struct route found = {0};
	const struct tls_policy *policy;
	struct server *at;
	struct buf text = BUF(0);
	const char *copy;

	if (!route(&test.agent, &pool, to, policy_dns_mode(&test.agent, base), &found, &why))
		return pool_format(&pool, "%s %s", why.status, why.text);
	for (at = found.servers; nth > 0 && at; nth--)
		at = at->next;
	if (at == NULL)
		return "no such server";
	at->plaintext = plaintext;
	policy = policy_decide(&test.agent, &d, base, at, &why);
	became = features_text(&pool, &d.features);
	if (policy == NULL)
		return why.status ? pool_format(&pool, "%s %s", why.status, why.text) : "skipped";
	describe(&text, policy);
	copy = pool_text(&pool, buf_text(&text));
	buf_close(&text);
	return copy;
}

struct decision {
	const char *nexthop, *want;
};

static void check_all(const struct decision *cases, size_t count, const char *what)
{
	for (const struct decision *x = cases; x < cases + count; x++) {
		char name[256];

		snprintf(name, sizeof name, "%s: %s", what, x->nexthop);
		is_text(decided(x->nexthop, 0, false), x->want, name);
	}
}

#define CHECK(cases, what) check_all(cases, COUNT(cases), what)

/* --- TLS_README, row by row --- */

#define NO_NAME "4.7.5 Server certificate not verified: no name is acceptable for "

static const struct decision by_default[] = {
	{"signed.test", "secure signed.test .signed.test mx1.provider.test!"},
	{"unsigned.test", "secure unsigned.test .unsigned.test"
		" (mx1.provider.test would match, but the MX record of unsigned.test is not signed)"},
	{"bogus.test", "4.4.3 Host or domain name not found. Name service error for name=bogus.test"
		" type=MX: Host not found, try again (DNSSEC: signature expired)"},
	{"failing.test", "4.4.3 Host or domain name not found. Name service error for"
		" name=failing.test type=MX: Host not found, try again"},
	{"implicit.test", "secure implicit.test .implicit.test implicit.test!"},
	{"[mx1.provider.test]", "secure mx1.provider.test .mx1.provider.test mx1.provider.test!"},
	{"[mx1.provider.test]:587", "secure mx1.provider.test .mx1.provider.test mx1.provider.test!"},
	{"alias.test", "secure alias.test .alias.test mx1.provider.test!"},
	{"ualias.test", "secure ualias.test .ualias.test"
		" (mx1.provider.test would match, but the alias ualias.test -> signed.test is not signed)"},
	{"mixed.test", "secure mixed.test .mixed.test"
		" (mx1.provider.test would match, but the MX record of unsigned.test is not signed)"},
	{"hostalias.test", "secure hostalias.test .hostalias.test alias.provider.test!"},
	{"literal.test", "secure literal.test .literal.test"
		" (192.0.2.8 would match, but it is a numeric address)"},
	{"bare.test", "secure bare.test .bare.test (mailhost would match, but it is no full host name)"},
	{"upper.test", "secure upper.test .upper.test mx1.provider.test!"},
	{"[192.0.2.7]", "secure 192.0.2.7 .192.0.2.7"
		" (192.0.2.7 would match, but it is a numeric address)"},
	{"b\303\274cher.test", "secure xn--bcher-kva.test .xn--bcher-kva.test"
		" (mx1.provider.test would match, but the MX record of xn--bcher-kva.test is not signed)"},
};

static void test_secure(void)
{
	static const struct decision renamed[] = {
		{"hostalias.test", "secure hostalias.test .hostalias.test (mx1.provider.test would match,"
			" but the alias alias.provider.test -> mx1.provider.test is not signed)"},
		{"shostalias.test", "secure shostalias.test .shostalias.test mx3.provider.test!"},
	}, ignoring[] = {
		{"failing.test", "secure failing.test .failing.test failing.test!"},
		{"bogus.test", "4.4.3 Host or domain name not found. Name service error for"
			" name=bogus.test type=MX: Host not found, try again (DNSSEC: signature expired)"},
	}, explicit_hostname[] = {
		{"signed.test", "secure mx1.provider.test!"},
		{"unsigned.test", NO_NAME "mx1.provider.test[192.0.2.1]: mx1.provider.test would match,"
			" but the MX record of unsigned.test is not signed"},
		{"implicit.test", "secure implicit.test!"},
		{"literal.test", NO_NAME "192.0.2.8[192.0.2.8]: 192.0.2.8 would match, but it is a numeric"
			" address"},
	}, explicit_nexthop[] = {
		{"signed.test", "secure signed.test"},
		{"unsigned.test", "secure unsigned.test"},
	}, as_postfix[] = {
		{"signed.test", "secure signed.test .signed.test"},
		{"unsigned.test", "secure unsigned.test .unsigned.test"},
	}, idna_2003[] = {
		{"signed.test", "secure fass.test"},
	}, idna_2008[] = {
		{"signed.test", "secure xn--fa-hia.test"},
	}, plain_hostname[] = {
		{"unsigned.test", "secure mx1.provider.test"},
		{"hostalias.test", "secure alias.provider.test"},
	};

	configure("smtp_tls_security_level=secure", false, 0);
	CHECK(by_default, "secure");
	configure("smtp_tls_security_level=secure;smtp_tls_secure_cert_match=fa\303\237.test", false, 0);
	CHECK(idna_2008, "secure, a name that the rules of 2003 and 2008 differ on");
	configure("smtp_tls_security_level=secure;smtp_tls_secure_cert_match=fa\303\237.test"
		";enable_idna2003_compatibility=yes", false, 0);
	CHECK(idna_2003, "secure, enable_idna2003_compatibility");
	configure("smtp_tls_security_level=secure", false, 0);
	is_text(decided("signed.test", 1, false), "secure signed.test .signed.test mx2.provider.test!",
		"each host by its own name");
	configure("smtp_tls_security_level=secure;smtp_cname_overrides_servername=yes", false, 0);
	CHECK(renamed, "secure, smtp_cname_overrides_servername");
	configure("smtp_tls_security_level=secure;ignore_mx_lookup_error=yes", false, 0);
	CHECK(ignoring, "secure, ignore_mx_lookup_error");
	configure("smtp_tls_security_level=secure;smtp_tls_secure_cert_match=hostname", false, 0);
	CHECK(explicit_hostname, "secure, match hostname");
	configure("smtp_tls_security_level=secure;smtp_tls_secure_cert_match=nexthop", false, 0);
	CHECK(explicit_nexthop, "secure, match nexthop");
	is_text(fake_last(&test.agent.resolver), "A mx1.provider.test", "nothing needs validation");
	configure("smtp_tls_security_level=secure;safemx_secure_hostname_needs_dnssec=no", false, 0);
	CHECK(as_postfix, "secure as Postfix has it");
	configure("smtp_tls_security_level=secure;safemx_secure_hostname_needs_dnssec=no"
		";smtp_tls_secure_cert_match=hostname", false, 0);
	CHECK(plain_hostname, "secure as Postfix has it, match hostname");
	configure("smtp_tls_security_level=secure;smtp_dns_support_level=disabled", false, 0);
	is_text(decided("localhost:26", 0, false), "secure localhost .localhost localhost!",
		"DNS is disabled: the administrator wrote it");
}

static void test_verify(void)
{
	static const struct decision cases[] = {
		{"signed.test", "verify mx1.provider.test"},
		{"unsigned.test", "verify mx1.provider.test"},
		{"upper.test", "verify mx1.provider.test"},
	};

	configure("smtp_tls_security_level=verify", false, 0);
	CHECK(cases, "verify");
	ok(strstr(fake_last(&test.agent.resolver), "validated") == NULL, "verify needs no DNSSEC");
}

/* --- the table, and what it overrides (TLS_README) --- */

#define TABLE "smtp_tls_policy_maps=inline:{" \
	" signed.test=none," \
	" { unsigned.test = secure match=.provider.test:nexthop }," \
	" { [mx1.provider.test]:587 = encrypt servername=hostname ciphers=high }," \
	" { .sub.test = may }," \
	" { finger.test = fingerprint match=AA:BB|CC }," \
	" { nofinger.test = fingerprint }," \
	" { anchors.test = verify tafile=/a tafile=/b match=x.test }," \
	" { wrong.test = secure match }," \
	" { dots.test = secure match=. }" \
	" }"

static void test_table(void)
{
	static const struct decision cases[] = {
		{"signed.test", "none"},
		{"SIGNED.test", "none"},
		{"unsigned.test", "secure .provider.test unsigned.test"},
		{"[mx1.provider.test]:587", "encrypt sni=mx1.provider.test"},
		{"[mx1.provider.test]", "verify mx1.provider.test"},
		{"implicit.test", "verify implicit.test"},
		{"implicit.test:587", "verify implicit.test"},
	};

	configure("smtp_tls_security_level=verify;" TABLE, false, 0);
	CHECK(cases, "policy table");
	is_text(decided("signed.test, unsigned.test", 0, false), "none", "each element its own key");
}

static const char *decide_for(const char *nexthop, const char *address)
{
	struct delivery d = {.pool = &pool, .request = &request};
	struct destination *to = destination(nexthop);
	struct policy_base *base = policy_for(&test.agent, &d, to);
	struct server server = {.destination = to, .host = to->host, .address = address,
		.namaddr = pool_format(&pool, "%s[%s]", to->host, address), .not_vouched = "?"};
	struct why why = {.pool = &pool};
	const struct tls_policy *policy = policy_decide(&test.agent, &d, base, &server, &why);
	struct buf text = BUF(0);
	const char *copy;

	server.namaddrport = server.namaddr;
	if (policy == NULL)
		return why.status ? pool_format(&pool, "%s%s %s", why.site ? "" : "NO SITE ", why.status,
			why.text) : "skipped";
	describe(&text, policy);
	copy = pool_text(&pool, buf_text(&text));
	buf_close(&text);
	return copy;
}

static void test_wrong(void)
{
	static const char origin[] = "smtp_tls_policy_maps, next-hop destination \"wrong.test\"";

	configure("smtp_tls_security_level=verify;" TABLE, false, 0);
	is_text(decide_for("a.sub.test", "192.0.2.1"), "may", "a parent with a dot");
	is_text(decide_for("finger.test", "192.0.2.1"), "fingerprint AA:BB CC", "fingerprints");
	is_text(decide_for("anchors.test", "192.0.2.1"), "verify x.test tafile=/a tafile=/b", "tafile");
	heard();
	is_text(decide_for("nofinger.test", "192.0.2.1"), "4.7.5 client TLS configuration problem:"
		" level fingerprint without a fingerprint to match", "no fingerprint");
	is_text(heard(), "warning: nexthop domain nofinger.test: configured at fingerprint security"
		" level, but with no fingerprints to match.|warning: TLS policy lookup for"
		" nofinger.test/nofinger.test: client TLS configuration problem", "and the log");
	is_text(decide_for("wrong.test", "192.0.2.1"), pool_format(&pool, "4.7.5 client TLS"
		" configuration problem: %s has \"secure match\": malformed attribute/value pair \"match\":"
		" missing '=' after attribute name", origin), "a wrong entry");
	is_text(heard(), pool_format(&pool, "warning: %s: malformed attribute/value pair \"match\":"
		" missing '=' after attribute name|warning: TLS policy lookup for wrong.test/wrong.test:"
		" client TLS configuration problem", origin), "and the log");
	is_text(decide_for("dots.test", "192.0.2.1"), NO_NAME "dots.test[192.0.2.1]", "only a dot");
	configure("smtp_tls_policy_maps=texthash:/nowhere", false, 0);
	ok(text_starts(decide_for("a.test", "192.0.2.1"), "4.7.5 client TLS configuration problem: "),
		"a table that fails");
	configure("smtp_tls_security_level=encrypt;smtp_tls_servername=-x-", false, 0);
	is_text(decide_for("a.test", "192.0.2.1"), "4.7.5 client TLS configuration problem:"
		" \"smtp_tls_servername = -x-\" specifies an invalid hostname",
		"a server name that is none");
	configure("smtp_tls_security_level=secure;smtp_tls_secure_cert_match=:", false, 0);
	is_text(decide_for("a.test", "192.0.2.1"), NO_NAME "a.test[192.0.2.1]", "an empty list");
}

static void test_levels(void)
{
	configure("smtp_tls_security_level=may", false, 0);
	is_text(decided("signed.test", 0, false), "may", "may");
	is_text(decided("signed.test", 0, true), "none", "may, after TLS failed");
	configure("smtp_tls_security_level=encrypt", false, 0);
	is_text(decided("signed.test", 0, true), "encrypt", "encrypt, after TLS failed");
	configure("smtp_use_tls=yes", false, 0);
	is_text(decided("signed.test", 0, false), "may", "smtp_use_tls");
	configure("smtp_enforce_tls=yes", false, 0);
	is_text(decided("signed.test", 0, false), "verify mx1.provider.test", "smtp_enforce_tls");
	configure("smtp_enforce_tls=yes;smtp_tls_enforce_peername=no", false, 0);
	is_text(decided("signed.test", 0, false), "encrypt", "smtp_tls_enforce_peername");
	configure(NULL, false, 0);
	is_text(decided("signed.test", 0, false), "none", "nothing");
	configure("smtp_tls_security_level=may;smtp_tls_wrappermode=yes", false, 0);
	heard();
	is_text(decided("signed.test", 0, false), "4.3.0 server unavailable or unable to receive mail:"
		" smtp_tls_wrappermode requires level encrypt or stronger, and the level is may",
		"wrapper mode needs encrypt");
	is_text(heard(), "warning: smtp_tls_wrappermode requires \"smtp_tls_security_level = encrypt\""
		" (or stronger)", "and the log");
	configure("smtp_tls_security_level=encrypt;smtp_tls_wrappermode=yes", false, 0);
	is_text(decided("signed.test", 0, false), "encrypt", "which it has");
}

static const struct setting {
	const char *settings, *protocols, *grade, *exclude;
} handshakes[] = {
	{"smtp_tls_security_level=may;smtp_tls_protocols=A;smtp_tls_mandatory_protocols=B"
		";smtp_tls_ciphers=low;smtp_tls_mandatory_ciphers=high;smtp_tls_exclude_ciphers=E"
		";smtp_tls_mandatory_exclude_ciphers=M", "A", "low", "E"},
	{"smtp_tls_security_level=encrypt;smtp_tls_protocols=A;smtp_tls_mandatory_protocols=B"
		";smtp_tls_ciphers=low;smtp_tls_mandatory_ciphers=high;smtp_tls_exclude_ciphers=E"
		";smtp_tls_mandatory_exclude_ciphers=M", "B", "high", "E M"},
	{"smtp_tls_exclude_ciphers=E;smtp_tls_policy_maps=inline:{ { signed.test ="
		" encrypt protocols= ciphers=null exclude= } }", "", "null", ""},
};

static void test_settings(void)
{
	for (const struct setting *x = handshakes; x < handshakes + COUNT(handshakes); x++) {
		struct delivery d = {.pool = &pool, .request = &request};
		struct server server = {.host = "mx.test", .namaddr = "mx.test[192.0.2.1]"};
		struct why why = {.pool = &pool};
		const struct tls_policy *policy;

		configure(x->settings, false, 0);
		server.destination = destination("signed.test");
		policy = policy_decide(&test.agent, &d,
			policy_for(&test.agent, &d, server.destination), &server, &why);
		is_text(policy->expect.protocols, x->protocols, "protocols");
		is_text(policy->expect.grade, x->grade, "grade");
		is_text(policy->expect.exclude, x->exclude, "exclude");
	}
}

/* TLS-Required: no (TLS_README) */
static void test_relaxed(void)
{
	static const char table[] = "smtp_tls_security_level=secure;"
		"smtp_tls_policy_maps=inline:{signed.test=verify}";

	request.sendopts = SENDOPT_TLS_NOT_REQUIRED;
	configure(table, false, POSTFIX(3, 10));
	is_text(decided("signed.test", 0, false), "may", "TLS-Required: no");
	configure("smtp_tls_security_level=secure;smtp_tls_wrappermode=yes", false, POSTFIX(3, 10));
	is_text(decided("signed.test", 0, false), "encrypt", "in wrapper mode");
	configure("smtp_tls_security_level=dane;smtp_dns_support_level=dnssec", false, POSTFIX(3, 10));
	is_text(decided("dane.test", 0, false), "may", "at dane");
	ok(strstr(fake_last(&test.agent.resolver), "TLSA") == NULL, "TLSA records are not asked for");
	request.sendopts = 0;
	ok(text_starts(decided("dane.test", 0, false), "dane "), "but for other messages");
	ok(strstr(fake_last(&test.agent.resolver), "TLSA") != NULL, "they are");
	request.sendopts = SENDOPT_TLS_NOT_REQUIRED;
	configure("smtp_tls_security_level=none", false, POSTFIX(3, 10));
	is_text(decided("signed.test", 0, false), "none", "nothing to relax");
	configure("smtp_tls_security_level=secure;tls_required_enable=no", false, POSTFIX(3, 10));
	ok(text_starts(decided("signed.test", 0, false), "secure"), "not enabled");
	configure(table, false, POSTFIX(3, 9));
	ok(text_starts(decided("signed.test", 0, false), "verify"), "not before 3.10");
	request.sendopts |= SENDOPT_REQUIRETLS;
	configure(table, false, POSTFIX(3, 11));
	ok(text_starts(decided("signed.test", 0, false), "verify"), "REQUIRETLS wins");
	request.sendopts = 0;
}

/* RFC 8461 4.1 by way of a plug-in: the MX host by the policy, then the certificate by the MX host. */
static void test_sts(void)
{
	static const struct {
		const char *policy, *nexthop;
		int nth;
		const char *want;
	} cases[] = {
		{"secure match=x.test mx_host_pattern=*.provider.test", "unsigned.test", 0,
			"secure mx1.provider.test"},
		{"secure match=x.test mx_host_pattern=a.test mx_host_pattern=MX1.Provider.test",
			"unsigned.test", 0, "secure mx1.provider.test"},
		{"verify match=x.test mx_host_pattern=mx1.provider.test", "unsigned.test", 0,
			"verify mx1.provider.test"},
		{"secure match=x.test mx_host_pattern=*.test", "unsigned.test", 0, "4.3.0 server"
			" unavailable or unable to receive mail: MX host mx1.provider.test is not in the"
			" MTA-STS policy of p.test"},
		{"secure match=x.test mx_host_pattern=provider.test", "unsigned.test", 0, "4.3.0 server"
			" unavailable or unable to receive mail: MX host mx1.provider.test is not in the"
			" MTA-STS policy of p.test"},
		{"secure match=x.test mx_host_pattern=mx2.provider.test", "signed.test", 1,
			"secure mx2.provider.test"},
		{"secure match=x.test mx_host_pattern=*.b\303\274cher.test", "literal.test", 0, "4.3.0"
			" server unavailable or unable to receive mail: MX host 192.0.2.8 is not in the"
			" MTA-STS policy of p.test"},
		{"secure match=x.test", "unsigned.test", 0, "secure x.test"},
		/* without match= the names stay what they are */
		{"secure mx_host_pattern=mx1.provider.test", "unsigned.test", 0,
			"secure unsigned.test .unsigned.test (mx1.provider.test would match, but the MX"
			" record of unsigned.test is not signed)"},
		/* what needs no certificate needs no MX host of the policy */
		{"may mx_host_pattern=other.test", "unsigned.test", 0, "may"},
		{"encrypt mx_host_pattern=other.test", "unsigned.test", 0, "encrypt"},
	};
	struct pool scratch = {0};

	for (size_t i = 0; i < COUNT(cases); i++) {
		configure(pool_format(&scratch, "smtp_tls_policy_maps=inline:{ { %s = %s policy_type=sts"
			" policy_domain=p.test } }", cases[i].nexthop, cases[i].policy), false,
			POSTFIX(3, 11));
		is_text(decided(cases[i].nexthop, cases[i].nth, false), cases[i].want, cases[i].policy);
	}
	configure("smtp_tls_policy_maps=static:{secure match=x.test policy_type=sts"
		" mx_host_pattern=mx9.test}", false, POSTFIX(3, 11));
	decided("unsigned.test", 0, false);
	is_text(heard(), "warning: MX name 'mx1.provider.test' does not match STS MX pattern for ''",
		"and the log");
	configure("smtp_tls_enforce_sts_mx_patterns=no;smtp_tls_policy_maps=static:{secure match=x.test"
		" policy_type=sts mx_host_pattern=mx9.test}", false, POSTFIX(3, 11));
	is_text(decided("unsigned.test", 0, false), "secure x.test", "not enforced");
	pool_free(&scratch);
}

/* RFC 8689 4.2.1: a level that can't give what the sender wants is refused before anybody is met. */
static void test_requiretls(void)
{
	static const struct {
		const char *settings, *want, *says;
	} cases[] = {
		{"smtp_tls_security_level=may;smtp_requiretls_policy=enforce", "5.7.10 Sender requested"
			" REQUIRETLS, but my configured TLS security level 'may' disables certificate"
			" matching. The last attempted server was mx1.provider.test",
			"may?/!requiretls:nocertmatch"},
		{"smtp_tls_security_level=none;smtp_requiretls_policy=opportunistic+starttls", "5.7.10"
			" Sender requested REQUIRETLS, but my configured TLS security level 'none' disables"
			" encryption. The last attempted server was mx1.provider.test",
			"none?/!requiretls:noencryption"},
		{"smtp_tls_security_level=verify;smtp_requiretls_policy=error", "4.7.10 REQUIRETLS policy"
			" configuration error. The last attempted server was mx1.provider.test:"
			" smtp_requiretls_policy = error", "verify?"},
		{"smtp_tls_security_level=verify;smtp_requiretls_policy=enforce",
			"verify mx1.provider.test", "verify?/requiretls?"},
		{"smtp_tls_security_level=may;smtp_requiretls_policy=opportunistic+starttls", "may",
			"may?/requiretls?"},
		{"smtp_tls_security_level=none;smtp_requiretls_policy=opportunistic", "none",
			"none?/requiretls?"},
		{"smtp_tls_security_level=none;smtp_requiretls_policy=disable", "none", "none?"},
		{"smtp_tls_security_level=none;requiretls_enable=no", "none", "none?"},
	};

	request.sendopts = SENDOPT_REQUIRETLS;
	for (size_t i = 0; i < COUNT(cases); i++) {
		configure(cases[i].settings, false, POSTFIX(3, 11));
		is_text(decided("signed.test", 0, false), cases[i].want, cases[i].settings);
		is_text(became, cases[i].says, "tls=");
	}
	request.sendopts = 0;
}

static const struct tls_policy *policy_of(const char *settings, const char *nexthop)
{
	struct delivery d = {.pool = &pool, .request = &request};
	struct why why = {.pool = &pool};
	struct route found = {0};
	struct destination *to;

	configure(settings, false, POSTFIX(3, 11));
	to = destination(nexthop);
	if (!route(&test.agent, &pool, to, false, &found, &why))
		return NULL;
	return policy_decide(&test.agent, &d, policy_for(&test.agent, &d, to), found.servers, &why);
}

/* What only the handshake and the verdict look at. */
static void test_attributes(void)
{
	const struct tls_policy *policy = policy_of("smtp_tls_policy_maps=static:{encrypt enable_rpk=yes"
		" connection_reuse=yes policy_type=sts policy_failure=sts-policy-invalid}", "[192.0.2.1]");

	ok(policy && policy->expect.raw_keys, "enable_rpk");
	ok(policy && policy->reuse, "connection_reuse");
	is_text(policy ? policy->expect.policy_failure : "", "sts-policy-invalid", "policy_failure");
	policy = policy_of("smtp_tls_security_level=may;smtp_tls_enable_rpk=yes", "[192.0.2.1]");
	ok(policy && policy->expect.raw_keys && !policy->reuse && !policy->expect.policy_failure,
		"smtp_tls_enable_rpk");
	policy = policy_of("smtp_tls_enable_rpk=yes;smtp_tls_connection_reuse=yes;"
		"smtp_tls_policy_maps=static:{encrypt enable_rpk=no connection_reuse=no}", "[192.0.2.1]");
	ok(policy && !policy->expect.raw_keys && !policy->reuse, "the table overrides");
}

static void test_unix(void)
{
	configure("lmtp_tls_security_level=may", true, 0);
	heard();
	is_text(decided("unix:/run/lmtp", 0, false), "none", "may is not for UNIX sockets");
	is_text(became, "may?", "but it is what tls= begins with");
	is_text(heard(), "warning: smtp_connect_local: opportunistic TLS encryption is not appropriate"
		" for unix-domain destinations.", "and the log");
	configure("lmtp_tls_security_level=secure", true, 0);
	is_text(decided("unix:/run/lmtp", 0, false), "secure client.example", "secure is");
	configure("lmtp_tls_policy_maps=inline:{/run/lmtp=encrypt}", true, 0);
	is_text(decided("unix:/run/lmtp", 0, false), "encrypt", "its key is the path");
	configure("lmtp_tls_security_level=dane;lmtp_dns_support_level=dnssec", true, 0);
	is_text(decided("unix:/run/lmtp", 0, false), "4.7.5 client TLS configuration problem: the"
		" \"dane\" security level is invalid for delivery via unix-domain sockets", "dane");
}

static void test_dane(void)
{
	configure("smtp_tls_security_level=dane;smtp_dns_support_level=dnssec", false, 0);
	is_text(decided("dane.test", 0, false), "dane mx.dane.test dane.test tlsa=1 sni=mx.dane.test",
		"TLSA records decide");
	is_text(decided("nodane.test", 0, false), "may", "without them it is may");
	is_text(decided("nodane.test", 0, true), "none", "which may go on in plaintext");
	is_text(decided("dane.test", 0, true), "dane mx.dane.test dane.test tlsa=1 sni=mx.dane.test",
		"and DANE may not");
	configure("smtp_tls_security_level=dane-only;smtp_dns_support_level=dnssec", false, 0);
	is_text(decided("nodane.test", 0, false), "4.7.5 no TLSA records found: _25._tcp.mx3.provider.test has none", "dane-only");
	is_text(decided("nodane.test", 0, true), "4.7.5 no TLSA records found: _25._tcp.mx3.provider.test has none", "dane-only stays so");
}

int main(void)
{
	heard_start();
	test_agent_open(&test, false, 0, NULL);
	test_secure();
	test_verify();
	test_table();
	test_wrong();
	test_levels();
	test_settings();
	test_relaxed();
	test_sts();
	test_requiretls();
	test_attributes();
	test_unix();
	test_dane();
	test_agent_close(&test);
	pool_free(&pool);
	heard_stop();
	return done();
}

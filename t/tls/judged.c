/* What is said about a certificate: log lines of each version, and reasons for people. */
#include <string.h>
#include "t/lib/tap.h"
#include "t/tls/zoo.h"

#define FAILED "certificate verification failed for SERVER: "

/* --- what people read --- */

static const struct reason {
	const char *chain, *ca, *names, *why_not, *want, *peer_names;
	enum tls_fault fault;
	const char *fault_text;
} reasons[] = {
	{"provider", "root", "customer.example .customer.example",
		"mx1.provider.example would match, but the MX record of customer.example is not "
		"signed",
		"certificate names *.provider.example, provider.example; acceptable: "
		"customer.example, "
		".customer.example; mx1.provider.example would match, but the MX record of "
		"customer.example is not signed",
		"*.provider.example, provider.example", TLS_FAULT_NAME, ""},
	{"cnonly", "root", "other.example", "",
		"certificate names mx.a.test; acceptable: other.example", "mx.a.test",
		TLS_FAULT_NAME, ""},
	{"cnsan", "root", "mx.a.test", "", "certificate names other.example; acceptable: mx.a.test",
		"other.example", TLS_FAULT_NAME, ""},
	{"noname", "root", "mx.a.test", "", "certificate has no names; acceptable: mx.a.test", "",
		TLS_FAULT_NAME, ""},
	{"ip", "root", "10.0.0.1", "",
		"certificate names 127.0.0.1, 2001:db8::1, 127.0.0.1; "
		"acceptable: 10.0.0.1",
		"127.0.0.1, 2001:db8::1, 127.0.0.1", TLS_FAULT_NAME, ""},
	{"nul", "root", "mx.a.test", "",
		"certificate names mx.a.test?.evil.example; acceptable: "
		"mx.a.test",
		"mx.a.test?.evil.example", TLS_FAULT_NAME, ""},
	{"many", "root", "no.example", "",
		"certificate names n0.example, n1.example, n2.example, "
		"n3.example, n4.example, n5.example, n6.example, n7.example, n8.example, "
		"n9.example, "
		"n10.example, n11.example, and 29 more; acceptable: no.example",
		NULL, TLS_FAULT_NAME, ""},
	{"roguehost", "root", "mx.a.test", "", "untrusted issuer /O=Rogue/CN=Rogue Root", NULL,
		TLS_FAULT_CHAIN, "unable to get local issuer certificate"},
	{"rogueroot", "root", "mx.a.test", "", "untrusted issuer /O=Rogue/CN=Rogue Root", NULL,
		TLS_FAULT_CHAIN, "self-signed certificate in certificate chain"},
	{"host", "", "mx.a.test", "",
		"untrusted issuer /O=Zoo/CN=Zoo Root; no certification authority is"
		" trusted: see smtp_tls_CAfile and smtp_tls_CApath",
		NULL, TLS_FAULT_CHAIN, "unable to get local issuer certificate"},
	{"selfsig", "root", "mx.a.test", "", "self-signed certificate /O=Zoo/CN=mx.a.test", NULL,
		TLS_FAULT_CHAIN, "self-signed certificate"},
	{"expired", "root", "mx.a.test", "", "certificate expired on 2021-01-01 00:00:00 UTC", NULL,
		TLS_FAULT_EXPIRED, ""},
	{"oldint", "root", "mx.a.test", "",
		"CA certificate /O=Zoo/CN=Zoo Old Intermediate expired on"
		" 2021-01-01 00:00:00 UTC",
		NULL, TLS_FAULT_EXPIRED, ""},
	{"notyet", "root", "mx.a.test", "",
		"certificate is not valid before 2045-01-01 00:00:00 UTC", NULL, TLS_FAULT_CHAIN,
		"certificate is not yet valid"},
	{"clienteku", "root", "mx.a.test", "",
		"certificate is not designated for use as a server"
		" certificate",
		NULL, TLS_FAULT_CHAIN, "unsuitable certificate purpose"},
	{"clientint", "root", "mx.a.test", "",
		"CA certificate /O=Zoo/CN=Zoo clientint is not designated"
		" for use with server certificates",
		NULL, TLS_FAULT_CHAIN, "unsuitable certificate purpose"},
	{"deep20", "root", "mx.a.test", "", "more than 10 intermediate certificates (smtp_tls_scert_verifydepth = 9)", NULL,
		TLS_FAULT_CHAIN, "certificate chain too long"},
	{"noca", "root", "mx.a.test", "",
		"CA certificate /O=Zoo/CN=Zoo noca: invalid CA certificate", NULL, TLS_FAULT_OTHER,
		""},
	{"rsa512", "rsaroot", "mx.a.test", "",
		"certificate has a key of 512 bits, which is too short", NULL, TLS_FAULT_OTHER, ""},
	{"rsa512int", "rsaroot", "mx.a.test", "",
		"CA certificate /O=Zoo/CN=Zoo RSA 512 Intermediate has a key of 512 bits, which is too"
		" short", NULL, TLS_FAULT_OTHER, ""},
	{"sha1", "rsaroot", "mx.a.test", "",
		"certificate is signed by RSA-SHA1, which is too weak", NULL, TLS_FAULT_OTHER, ""},
	{"ncbad", "root", "mx.a.test", "", "certificate names mx.a.test, which name constraints of a"
		" certification authority above do not permit", NULL, TLS_FAULT_OTHER, ""},
	{"ncexcluded", "root", "mx.a.test", "", "certificate names mx.a.test, which name constraints"
		" of a certification authority above exclude", NULL, TLS_FAULT_OTHER, ""},
	{"nchuge", "root", "mx.a.test", "", "name constraints of a certification authority cannot be"
		" read, or are too many", NULL, TLS_FAULT_OTHER, ""},
	{"brokenpoints", "brokenroot", "mx.a.test", "",
		"certificate has an extension that cannot be read", NULL, TLS_FAULT_CHAIN,
		"unable to get local issuer certificate"},
	{"brokenpointsint", "brokenroot", "mx.a.test", "",
		"untrusted issuer /O=Zoo/CN=Zoo brokenpoints, whose certificate has an extension that"
		" cannot be read", NULL, TLS_FAULT_CHAIN, "unable to get local issuer certificate"},
	{"noseconds", "brokenroot", "mx.a.test", "",
		"certificate has a date that cannot be read", NULL, TLS_FAULT_OTHER, ""},
	{"badsig", "root", "mx.a.test", "", "certificate: certificate signature failure", NULL,
		TLS_FAULT_OTHER, ""},
	{"host", "root", ". ", "", "no acceptable name is left to check", NULL, TLS_FAULT_OTHER,
		""},
	{"santwice", "root", "mx.a.test", "", "the server's certificate cannot be read", NULL,
		TLS_FAULT_OTHER, ""},
};

static void told_to_people(void)
{
	for (const struct reason *r = reasons; r < reasons + COUNT(reasons); r++) {
		struct zoo_ask ask;
		struct zoo_result result;

		zoo_ask(&ask, TLS_LEVEL_SECURE, r->names);
		ask.options.ca_file = r->ca[0] ? zoo_file(&ask.pool, r->ca) : "";
		ask.options.version = TLS_POSTFIX(3, 10);
		ask.expect.why_not = r->why_not;
		result = zoo_answer(&ask, r->chain);
		ok(!result.verdict.matched, r->chain);
		is_text(result.verdict.reason, r->want, r->chain);
		if (r->peer_names)
			is_text(result.verdict.peer_names, r->peer_names, "names of the peer");
		is_number(result.verdict.fault, r->fault, "fault");
		is_text(result.verdict.fault_text, r->fault_text, "its text");
		zoo_done(&ask);
	}
}

static void told_on_success(void)
{
	static const struct tls_name names[] = {{"customer.example", "nexthop", false},
		{"mx1.provider.example", "hostname", true}};
	struct zoo_ask ask;
	struct zoo_result result;

	zoo_ask(&ask, TLS_LEVEL_SECURE, "");
	ask.expect.names = names;
	ask.expect.name_count = 2;
	result = zoo_answer(&ask, "provider");
	ok(result.verdict.matched && result.verdict.trusted && result.verdict.present, "matched");
	is_text(result.verdict.name, "mx1.provider.example", "by this name");
	is_text(result.verdict.rule, "hostname", "because of this rule");
	ok(result.verdict.name != names[1].name && result.verdict.rule != names[1].rule,
		"which outlives what was expected: a kept connection does");
	is_text(result.verdict.reason, "", "there is nothing to say");
	is_number(result.verdict.fault, TLS_FAULT_NONE, "no fault");
	zoo_done(&ask);
}

/* --- the words of each version --- */

static void versions(void)
{
	static const struct {
		int version;
		const char *chain, *names, *want;
		bool trusted;
	} rows[] = {
		/* a wrong name alone: 3.5 and 3.10 call it trusted */
		{TLS_POSTFIX(3, 5), "host", "other.example",
			"server " FAILED "num=62:hostname mismatch", true},
		{TLS_POSTFIX(3, 6), "host", "other.example",
			"server " FAILED "num=62:hostname mismatch", false},
		{TLS_POSTFIX(3, 9), "host", "other.example",
			"server " FAILED "num=62:hostname mismatch", false},
		{TLS_POSTFIX(3, 10), "host", "other.example",
			"server " FAILED "num=62:hostname mismatch", true},
		/* and 3.10 says so only if there is nothing else */
		{TLS_POSTFIX(3, 9), "expired", "other.example",
			"server " FAILED "num=62:hostname mismatch", false},
		{TLS_POSTFIX(3, 10), "expired", "other.example",
			"server " FAILED "certificate has expired", false},
		{TLS_POSTFIX(3, 11), "oldint", "other.example",
			"CA " FAILED "certificate has expired", false},
		/* in 3.5 "*" is several labels, and addresses do not match */
		{TLS_POSTFIX(3, 5), "wild", "x.y.a.test", "", true},
		{TLS_POSTFIX(3, 6), "wild", "x.y.a.test",
			"server " FAILED "num=62:hostname mismatch", false},
		{TLS_POSTFIX(3, 5), "ip", "127.0.0.1", "server " FAILED "num=62:hostname mismatch",
			true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zoo_ask ask;
		struct zoo_result result;

		zoo_ask(&ask, TLS_LEVEL_SECURE, rows[i].names)->options.version = rows[i].version;
		result = zoo_answer(&ask, rows[i].chain);
		is_text(result.lines, rows[i].want, rows[i].chain);
		ok(result.verdict.trusted == rows[i].trusted, "trusted?");
		ok(result.verdict.matched == (rows[i].want[0] == '\0'), "matched?");
		zoo_done(&ask);
	}
}

static void details(void)
{
	struct zoo_ask ask;
	struct pool *pool = &ask.pool;
	const char *leaf, *key;

	zoo_ask(&ask, TLS_LEVEL_SECURE, "mx.a.test")->options.log = TLS_LOG_CERTMATCH;
	leaf = zoo_print(pool, "wild", GNUTLS_DIG_SHA256);
	key = zoo_print(pool, "leaf.pub", GNUTLS_DIG_SHA256);
	is_text(zoo_answer(&ask, "wild").lines,
		pool_format(pool,
			"SERVER: matched peername: *.a.test|"
			"SERVER: subject_CN=*.a.test, issuer_CN=Zoo Intermediate, fingerprint=%s, "
			"pkey_fingerprint=%s",
			leaf, key),
		"certmatch, 3.7");
	ask.options.version = TLS_POSTFIX(3, 9);
	is_text(zoo_answer(&ask, "wild").lines,
		pool_format(pool,
			"SERVER: matched peername: *.a.test|"
			"SERVER: subject_CN=*.a.test, issuer=Zoo Intermediate, cert "
			"fingerprint=%s, "
			"pkey fingerprint=%s",
			leaf, key),
		"certmatch, 3.9");
	ask.options.version = TLS_POSTFIX(3, 5);
	is_text(zoo_answer(&ask, "wild").lines,
		pool_format(pool,
			"SERVER: Matched subjectAltName: *.a.test|"
			"SERVER: subject_CN=*.a.test, issuer_CN=Zoo Intermediate, fingerprint=%s, "
			"pkey_fingerprint=%s",
			leaf, key),
		"certmatch, 3.5");
	ask.options.version = TLS_POSTFIX(3, 9);
	leaf = zoo_print(pool, "unitissuer", GNUTLS_DIG_SHA256);
	is_text(zoo_answer(&ask, "unitissuer").lines,
		pool_format(pool,
			"SERVER: matched peername: mx.a.test|SERVER: subject_CN=mx.a.test, issuer=, "
			"cert fingerprint=%s, "
			"pkey fingerprint=%s",
			leaf, key),
		"certmatch, 3.9");
	ask.options.log = TLS_LOG_VERBOSE;
	ask.options.version = TLS_POSTFIX(3, 7);
	leaf = zoo_print(pool, "oldint", GNUTLS_DIG_SHA256);
	is_text(zoo_answer(&ask, "oldint").lines,
		pool_format(pool,
			"SERVER: depth=2 verify=1 subject=/O=Zoo/CN=Zoo Root|"
			"SERVER: depth=1 verify=0 subject=/O=Zoo/CN=Zoo Old Intermediate|"
			"SERVER: depth=1 verify=1 subject=/O=Zoo/CN=Zoo Old Intermediate|"
			"SERVER: depth=0 verify=1 subject=/O=Zoo/CN=mx.a.test|"
			"CA " FAILED "certificate has expired|"
			"SERVER: subject_CN=mx.a.test, issuer_CN=Zoo Old Intermediate, "
			"fingerprint=%s, "
			"pkey_fingerprint=%s",
			leaf, key),
		"verbose");
	zoo_done(&ask);
}

/* Names fit to be logged, as observed with 3.7. */
static void odd_names(void)
{
	static const struct {
		const char *chain, *subject, *warning;
		bool utf8;
	} rows[] = {
		{"nocn", "mx.a.test", "", true},
		{"noname", "", "", true},
		{"cn-two", "mx.a.test", "", true},
		{"cn-t61", "m\xc3\xbcx.a.test", "", true},
		{"cn-utf8", "m??x.a.test", "", false},
		{"cn-nul", "", "warning: tls_text_name: SERVER: NULL character in peer subject CN",
			true},
		{"cn-control", "",
			"warning: tls_text_name: SERVER: non-printable content in peer subject CN",
			true},
		{"cn-long", "", "warning: tls_text_name: SERVER: peer subject CN too long: 300",
			true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zoo_ask ask;
		struct zoo_result result;
		const char *at, *end_of;

		zoo_ask(&ask, TLS_LEVEL_SECURE, "mx.a.test")->options.log = TLS_LOG_PEERCERT;
		ask.options.utf8 = rows[i].utf8;
		result = zoo_answer(&ask, rows[i].chain);
		at = strstr(result.lines, "subject_CN=");
		at = at ? at + strlen("subject_CN=") : "";
		end_of = strchr(at, ',');
		is_text(end_of ? pool_bytes(&ask.pool, at, (size_t)(end_of - at)) : at,
			rows[i].subject, rows[i].chain);
		is_text(result.warnings, rows[i].warning, rows[i].chain);
		zoo_done(&ask);
	}
}

int main(void)
{
	zoo_start();
	told_to_people();
	told_on_success();
	versions();
	details();
	odd_names();
	return done();
}

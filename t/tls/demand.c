/* TLSA records and chains together: RFC 7671, RFC 7672, and what Postfix says of it (TLS_README).
 */
#include <stdio.h>
#include <string.h>
#include <gnutls/crypto.h>
#include "t/lib/tap.h"
#include "t/tls/zoo.h"
#include "tls/dane.h"
#include "util/list.h"
#include "util/text.h"

#define FAILED "certificate verification failed for SERVER: "
#define NO_MATCH FAILED "num=65:no matching DANE TLSA records"

/*
 * Records in the making: "3 1 1 host/0, ..." is of the first certificate in the file; of a key
 * file for selector 1, or the key in that certificate.
 */
static struct tls_tlsa make(struct pool *pool, const char *text)
{
	unsigned usage = 0, selector = 0, matching = 0, number = 0;
	struct der_certificate parts;
	char file[64] = "";
	struct tls_der of;
	uint8_t *digest = pool_alloc(pool, 64);
	gnutls_digest_algorithm_t algorithm;

	sscanf(text, "%u %u %u %63[^/]/%u", &usage, &selector, &matching, file, &number);
	of = zoo_der(pool, file, number);
	if (selector == 1 && der_certificate(of, &parts))
		of = parts.key;
	if (matching == 0)
		return (struct tls_tlsa){(uint8_t)usage, (uint8_t)selector, 0, of.data, of.length};
	algorithm = matching == 2 ? GNUTLS_DIG_SHA512 : GNUTLS_DIG_SHA256;
	gnutls_hash_fast(algorithm, of.data, of.length, digest);
	return (struct tls_tlsa){(uint8_t)usage, (uint8_t)selector, (uint8_t)matching, digest,
		gnutls_hash_get_len(algorithm)};
}

static struct zoo_ask *ask_for(struct zoo_ask *ask, enum tls_level level, const char *records,
	const char *names)
{
	struct list list;
	struct tls_tlsa *made;

	zoo_ask(ask, level, names);
	list = (struct list){.pool = &ask->pool};
	list_split(&list, records, ",", false);
	made = POOL_ARRAY(&ask->pool, struct tls_tlsa, list.count);
	for (size_t i = 0; i < list.count; i++)
		made[i] = make(&ask->pool, list.items[i]);
	ask->expect.tlsa = made;
	ask->expect.tlsa_count = list.count;
	return ask;
}

static const struct row {
	const char *chain, *records, *names, *line; /* names "": ZOO_HOST */
	const char *rule;                           /* of a match */
} table[] = {
	/* EE: nothing but the leaf counts */
	{"host", "3 0 0 host/0", "", "", "dane-ee"},
	{"host", "3 0 1 host/0", "", "", "dane-ee"},
	{"host", "3 0 2 host/0", "", "", "dane-ee"},
	{"host", "3 1 0 host/0", "", "", "dane-ee"},
	{"host", "3 1 1 host/0", "", "", "dane-ee"},
	{"host", "3 1 2 host/0", "", "", "dane-ee"},
	{"expired", "3 1 1 expired/0", "", "", "dane-ee"},
	{"notyet", "3 1 1 notyet/0", "", "", "dane-ee"},
	{"other", "3 1 1 other/0", "", "", "dane-ee"},
	{"selfsig", "3 1 1 selfsig/0", "", "", "dane-ee"},
	{"clienteku", "3 0 1 clienteku/0", "", "", "dane-ee"},
	{"badsig", "3 0 1 badsig/0", "", "", "dane-ee"},
	{"santwice", "3 0 1 santwice/0", "", "", "dane-ee"}, /* the library cannot read it */
	{"host", "3 1 1 rogue/0", "", "server " NO_MATCH, ""},
	{"host", "3 0 1 int/0", "", "server " NO_MATCH, ""},
	{"host", "3 1 1 rogue/0, 3 1 1 host/0", "", "", "dane-ee"},
	/* TA: a chain and a name */
	{"host", "2 0 1 host/1", "", "", "match"},
	{"host", "2 1 1 host/1", "", "", "match"},
	{"host", "2 1 2 host/1", "", "", "match"},
	{"host", "2 0 0 root/0", "", "", "match"}, /* full data: need not be sent */
	{"host", "2 1 0 root/0", "", "", "match"},
	{"host", "2 0 1 root/0", "", "CA " NO_MATCH, ""}, /* a digest: must be */
	{"host", "2 1 1 root/0", "", "CA " NO_MATCH, ""},
	{"sentroot", "2 1 1 root/0", "", "", "match"},
	{"noint", "2 0 0 int/0", "", "", "match"},
	{"noint", "2 1 0 int/0", "", "", "match"},
	{"noint", "2 0 1 int/0", "", "server " NO_MATCH, ""},
	{"deepshuffled", "2 0 1 deep/3", "", "", "match"},
	{"host", "2 0 1 host/1", "other.example", "server " FAILED "num=62:hostname mismatch", ""},
	{"host", "2 0 1 host/1", "other.example mx.a.test", "", "match"},
	{"expired", "2 0 1 int/0", "", "server " FAILED "certificate has expired", ""},
	{"oldint", "2 0 1 oldint/1", "", "", "match"}, /* the anchor's own dates do not matter */
	{"clienteku", "2 0 1 int/0", "", FAILED "not designated for use as a server certificate",
		""},
	{"noca", "2 0 1 noca/1", "", "CA " FAILED "num=79:invalid CA certificate", ""},
	{"badsig", "2 0 1 int/0", "", "server " FAILED "num=7:certificate signature failure", ""},
	{"badsig", "2 1 0 int/0", "", "server " FAILED "num=7:certificate signature failure", ""},
	{"noint", "2 1 0 rogue/0", "", "server " NO_MATCH, ""},
	/* a bare key does not get around the limits of a certificate that is sent with it */
	{"noca", "2 1 0 noca/1", "", "CA " FAILED "num=79:invalid CA certificate", ""},
	{"pathlen", "2 1 0 pathlen/2", "", "CA " FAILED "num=25:path length constraint exceeded",
		""},
	{"ncbad", "2 1 0 ncbad/1", "", "server " FAILED "num=47:permitted subtree violation", ""},
	{"cnonly", "2 0 1 int/0", "", "", "match"},
	/* the leaf is no anchor of its own */
	{"host", "2 0 1 host/0", "", "CA " NO_MATCH, ""},
	{"selfsig", "2 0 1 selfsig/0", "", "server " NO_MATCH, ""},
	{"selfsig", "2 0 0 selfsig/0", "", "server " NO_MATCH, ""},
	{"selfsig", "2 1 0 selfsig/0", "", "server " NO_MATCH, ""},
	{"leafabove", "2 0 1 leafabove/0", "", "CA " NO_MATCH, ""},
	/* an anchor that is merely sent along proves nothing */
	{"pasted", "2 0 1 pasted/2", "", "CA " NO_MATCH, ""},
	{"pasted", "2 0 1 pasted/3", "", "CA " NO_MATCH, ""},
	{"pasted", "2 0 0 root/0", "", "CA " NO_MATCH, ""},
	{"pasted", "2 1 0 root/0", "", "CA " NO_MATCH, ""},
	{"pasted", "2 0 1 pasted/1", "", "", "match"},
	/* both */
	{"host", "3 1 1 rogue/0, 2 0 1 host/1", "", "", "match"},
	{"host", "2 0 1 rogue/0, 3 1 1 host/0", "other.example", "", "dane-ee"},
	{"host", "2 0 1 rogue/0, 3 1 1 rogue/0", "", "CA " NO_MATCH, ""},
};

static void chains(void)
{
	for (const struct row *r = table; r < table + COUNT(table); r++) {
		struct zoo_ask ask;
		struct zoo_result result;

		ask_for(&ask, TLS_LEVEL_DANE, r->records, r->names[0] ? r->names : ZOO_HOST);
		ask.options.ca_file = zoo_file(&ask.pool, "root"); /* plays no role */
		result = zoo_answer(&ask, r->chain);
		okf(result.verdict.matched == (r->line[0] == '\0'), "%s, %s", r->chain, r->records);
		is_text(result.lines, r->line, r->records);
		is_text(result.verdict.rule, r->rule, r->records);
		is_text(result.warnings, "", r->records);
		zoo_done(&ask);
	}
}

/* RFC 7671 9: the weaker digest is not even looked at. */
static void agility(void)
{
	struct zoo_ask ask;

	ask_for(&ask, TLS_LEVEL_DANE, "3 1 1 host/0, 3 1 2 rogue/0", "");
	ok(!zoo_answer(&ask, "host").verdict.matched,
		"SHA-512 does not match: SHA-256 is not asked");
	zoo_done(&ask);
	ask_for(&ask, TLS_LEVEL_DANE, "3 1 1 host/0, 3 0 2 rogue/0", "");
	ok(zoo_answer(&ask, "host").verdict.matched, "another selector is another matter");
	zoo_done(&ask);
	ask_for(&ask, TLS_LEVEL_DANE, "3 1 1 host/0, 3 1 2 rogue/0", "");
	ask.options.dane_digests = "sha256";
	ok(zoo_answer(&ask, "host").verdict.matched, "SHA-512 is not enabled");
	zoo_done(&ask);
}

static const uint8_t bytes[65535];

/* Trap 28: what cannot be used means encryption without authentication, never plaintext. */
static void unusable(void)
{
	static const struct tls_tlsa odd[] = {
		{0, 0, 1, bytes, 32},
		{1, 0, 1, bytes, 32},
		{4, 0, 1, bytes, 32},
		{255, 0, 1, bytes, 32},
		{3, 2, 1, bytes, 32},
		{3, 1, 3, bytes, 32},
		{3, 1, 1, bytes, 3},
		{3, 1, 1, bytes, 0},
		{3, 0, 0, bytes, 65535},
		{2, 1, 0, bytes, 2},
		{3, 0, 255, bytes, 32},
	};
	static const enum tls_level levels[] = {TLS_LEVEL_DANE, TLS_LEVEL_HALF_DANE,
		TLS_LEVEL_DANE_ONLY};
	struct zoo_ask ask;

	for (size_t i = 0; i < COUNT(odd); i++) {
		for (size_t k = 0; k < COUNT(levels); k++) {
			bool only = levels[k] == TLS_LEVEL_DANE_ONLY;
			struct zoo_result result;

			zoo_ask(&ask, levels[k], "");
			ask.expect.tlsa = &odd[i];
			ask.expect.tlsa_count = 1;
			result = zoo_answer(&ask, "host");
			is_text(result.warnings,
				pool_format(&ask.pool,
					"warning: SERVER: unusable TLSA RR: "
					"%s|warning: SERVER: all TLSA records unusable%s",
					dane_text(&ask.pool, &odd[i]),
					only ? "" : ", fallback to unauthenticated TLS"),
				"told");
			is_number(result.demand.level,
				only ? TLS_LEVEL_DANE_ONLY : TLS_LEVEL_ENCRYPT, "level");
			ok(result.verdict.matched == !only, "good enough?");
			is_number(result.verdict.fault, TLS_FAULT_UNUSABLE, "reported");
			is_text(result.verdict.fault_text, "all-TLSA-records-unusable", "as this");
			is_text(result.lines,
				only ? "server " FAILED "num=1:unspecified certificate "
				       "verification error"
				     : "",
				"line");
			zoo_done(&ask);
		}
	}
	zoo_ask(&ask, TLS_LEVEL_DANE, "");
	ok(!zoo_answer(&ask, "host").verdict.matched, "no record at all matches nothing");
	zoo_done(&ask);
}

/* Postfix tells what it finds of the name all the same, and takes the certificate. */
static void unusable_told(void)
{
	static const struct tls_tlsa odd = {3, 1, 9, bytes, 32};
	static const struct {
		const char *chain, *line;
		bool trusted;
	} rows[] = {
		{"host", "", true},
		{"other", "server " FAILED "num=62:hostname mismatch", false},
		{"expired", "server " FAILED "certificate has expired", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zoo_ask ask;
		struct zoo_result result;

		zoo_ask(&ask, TLS_LEVEL_DANE, "mx.a.test");
		ask.expect.tlsa = &odd;
		ask.expect.tlsa_count = 1;
		result = zoo_answer(&ask, rows[i].chain);
		is_text(result.lines, rows[i].line, rows[i].chain);
		ok(result.verdict.matched, "encrypted is enough");
		ok(result.verdict.trusted == rows[i].trusted, "the word for it");
		is_text(result.verdict.name, "", "no name was asked for");
		zoo_done(&ask);
	}
}

/* One bad record among good ones; more than a hundred records. */
static void many(void)
{
	static struct tls_tlsa list[300];
	struct zoo_ask ask;
	struct zoo_result result;

	zoo_ask(&ask, TLS_LEVEL_DANE, "");
	for (size_t i = 0; i < COUNT(list); i++)
		list[i] = (struct tls_tlsa){3, 1, 1, bytes, 32};
	list[0].length = 5;
	list[COUNT(list) - 1] = make(&ask.pool, "3 1 1 host/0");
	ask.expect.tlsa = list;
	ask.expect.tlsa_count = COUNT(list);
	result = zoo_answer(&ask, "host");
	ok(result.verdict.matched, "the last of many");
	is_text(result.warnings, "warning: SERVER: unusable TLSA RR: 3 1 1 0000000000",
		"the first is bad");
	zoo_done(&ask);
}

static const char *record_text(struct pool *pool, const char *record)
{
	struct tls_tlsa made = make(pool, record);

	return dane_text(pool, &made);
}

static void told(void)
{
	static const struct {
		const char *chain, *record, *want;
		int version;
	} rows[] = {
		{"host", "3 1 1 host/0", "SERVER: Matched DANE EE certificate at depth 0: %s|", 7},
		{"host", "2 0 1 host/1",
			"SERVER: matched peername: mx.a.test|SERVER: Matched DANE TA certificate "
			"at depth 1: %s|",
			7},
		{"host", "2 0 0 root/0",
			"SERVER: matched peername: mx.a.test|SERVER: Matched DANE TA certificate "
			"at depth 2: %s|",
			7},
		{"host", "2 1 0 root/0",
			"SERVER: matched peername: mx.a.test|"
			"SERVER: Matched DANE TA public key verified certificate at depth 1: %s|",
			7},
		{"sentroot", "2 1 0 root/0",
			"SERVER: matched peername: mx.a.test|SERVER: Matched DANE TA certificate "
			"at depth 2: %s|",
			7},
		{"host", "2 0 0 root/0",
			"SERVER: Matched subjectAltName: mx.a.test|"
			"SERVER: depth=2 trust-anchor certificate|",
			5},
		{"host", "2 1 0 root/0",
			"SERVER: Matched subjectAltName: mx.a.test|"
			"SERVER: depth=1 chain is trust-anchor signed|",
			5},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zoo_ask ask;
		struct zoo_result result;
		const char *want, *at;

		ask_for(&ask, TLS_LEVEL_DANE, rows[i].record, "mx.a.test");
		ask.options.log = TLS_LOG_CERTMATCH;
		ask.options.version = TLS_POSTFIX(3, rows[i].version);
		result = zoo_answer(&ask, rows[i].chain);
		want = rows[i].want;
		if ((at = strstr(want, "%s")) != NULL)
			want = pool_format(&ask.pool, "%.*s%s%s", (int)(at - want), want,
				record_text(&ask.pool, rows[i].record), at + 2);
		okf(strncmp(result.lines, want, strlen(want)) == 0, "%s: %s", rows[i].record,
			result.lines);
		zoo_done(&ask);
	}
}

static void told_by_3_5(void)
{
	struct zoo_ask ask;
	const char *hex;

	ask_for(&ask, TLS_LEVEL_DANE, "3 1 1 host/0", "mx.a.test");
	ask.options.log = TLS_LOG_CERTMATCH;
	ask.options.version = TLS_POSTFIX(3, 5);
	hex = record_text(&ask.pool, "3 1 1 host/0") + strlen("3 1 1 ");
	ok(strstr(zoo_answer(&ask, "host").lines,
		   pool_format(&ask.pool,
			   "SERVER: depth=0 matched end "
			   "entity public-key sha256 digest=%s|",
			   hex))
			!= NULL,
		"an end entity");
	zoo_done(&ask);
	ask_for(&ask, TLS_LEVEL_DANE, "2 0 2 host/1", "mx.a.test");
	ask.options.log = TLS_LOG_CERTMATCH;
	ask.options.version = TLS_POSTFIX(3, 5);
	hex = strstr(zoo_answer(&ask, "host").lines,
		"SERVER: depth=1 matched trust anchor certificate "
		"sha512 digest ");
	ok(hex != NULL, "a trust anchor");
	zoo_done(&ask);
}

static void told_before(void)
{
	struct zoo_ask ask;

	ask_for(&ask, TLS_LEVEL_DANE, "3 1 1 host/0", "mx.a.test");
	ask.options.log = TLS_LOG_DANE;
	is_text(zoo_answer(&ask, "host").warnings, "", "the owner's name is not known");
	ask.expect.tlsa_owner = "_25._tcp.mx.a.test";
	is_text(zoo_answer(&ask, "host").warnings,
		pool_format(&ask.pool, "DNSSEC-signed TLSA record: _25._tcp.mx.a.test: %s",
			record_text(&ask.pool, "3 1 1 host/0")),
		"loglevel dane");
	zoo_done(&ask);
}

static void reasons(void)
{
	struct zoo_ask ask;
	struct zoo_result result;

	ask_for(&ask, TLS_LEVEL_DANE, "3 1 1 rogue/0", "mx.a.test");
	result = zoo_answer(&ask, "host");
	is_text(result.verdict.reason,
		pool_format(&ask.pool,
			"no TLSA record matches: %s; the server's "
			"key is %s",
			record_text(&ask.pool, "3 1 1 rogue/0"),
			record_text(&ask.pool, "3 1 1 host/0")),
		"no end entity");
	is_number(result.verdict.fault, TLS_FAULT_OTHER, "fault");
	zoo_done(&ask);
	/* trap 31 */
	ask_for(&ask, TLS_LEVEL_DANE, "2 1 1 root/0", "mx.a.test");
	is_text(zoo_answer(&ask, "host").verdict.reason,
		pool_format(&ask.pool,
			"no TLSA record matches: "
			"%s; the server's key is %s; a trust anchor given as a digest must be "
			"among the "
			"certificates that the server sends",
			record_text(&ask.pool, "2 1 1 root/0"),
			record_text(&ask.pool, "3 1 1 host/0")),
		"a root that is not sent");
	zoo_done(&ask);
	ask_for(&ask, TLS_LEVEL_DANE, "2 0 1 host/1", "customer.example");
	is_text(zoo_answer(&ask, "host").verdict.reason,
		"certificate names mx.a.test; acceptable: customer.example", "a wrong name");
	zoo_done(&ask);
}

/* RFC 7250, from 3.9 on */
static void raw_keys(void)
{
	static const struct {
		enum tls_level level;
		const char *records;
		int minor;
		bool wish, want;
	} rows[] = {
		{TLS_LEVEL_DANE, "3 1 1 host/0", 9, false, true},
		{TLS_LEVEL_DANE_ONLY, "3 1 0 host/0, 3 1 2 host/0", 11, false, true},
		{TLS_LEVEL_DANE, "3 1 1 host/0", 8, true, false},
		{TLS_LEVEL_DANE, "3 0 1 host/0", 9, true, false},
		{TLS_LEVEL_DANE, "3 1 1 host/0, 2 1 1 root/0", 9, true, false},
		{TLS_LEVEL_DANE, "", 9, true, false},
		{TLS_LEVEL_MAY, "", 9, true, true},
		{TLS_LEVEL_MAY, "", 9, false, false},
		{TLS_LEVEL_ENCRYPT, "", 8, true, false},
		{TLS_LEVEL_VERIFY, "", 11, true, false},
		{TLS_LEVEL_SECURE, "", 11, true, false},
	};
	struct zoo_ask ask;

	for (size_t i = 0; i < COUNT(rows); i++) {
		ask_for(&ask, rows[i].level, rows[i].records, "mx.a.test");
		ask.options.version = TLS_POSTFIX(3, rows[i].minor);
		ask.expect.raw_keys = rows[i].wish;
		okf(zoo_answer(&ask, "host").demand.raw_keys == rows[i].want,
			"raw keys at %s, 3.%d, %s", tls_level_name(rows[i].level), rows[i].minor,
			rows[i].records);
		zoo_done(&ask);
	}
}

static struct zoo_result answer_raw(struct zoo_ask *ask)
{
	struct tls_trust *trust = tls_trust_load(&ask->options);
	struct tls_peer peer = {.kind = TLS_PEER_RAW, .count = 1};
	struct zoo_result result;

	peer.chain[0] = zoo_der(&ask->pool, "leaf.pub", 0);
	result = zoo_verify_peer(&ask->pool, trust, &ask->options, &ask->expect, &peer, false);
	tls_trust_free(trust);
	return result;
}

static void raw_peers(void)
{
	struct zoo_ask ask;
	struct zoo_result result;
	const char *print[1], *want;

	ask_for(&ask, TLS_LEVEL_DANE, "3 1 1 host/0", "");
	ask.options.version = TLS_POSTFIX(3, 9);
	ask.options.log = TLS_LOG_PEERCERT;
	print[0] = zoo_print(&ask.pool, "leaf.pub", GNUTLS_DIG_SHA256);
	result = answer_raw(&ask);
	ok(result.verdict.matched && result.verdict.present, "a raw key and its record");
	is_text(result.lines,
		pool_format(&ask.pool,
			"SERVER: raw public key fingerprint=%s|"
			"SERVER: Matched DANE raw public key: %s",
			print[0], record_text(&ask.pool, "3 1 1 host/0")),
		"lines");
	ask.options.log = TLS_LOG_VERBOSE;
	ok(text_starts(answer_raw(&ask).lines, "SERVER: verify=1 raw public key|SERVER: raw public"),
		"verbose");
	ask.options.log = TLS_LOG_PEERCERT;
	ask.expect.level = TLS_LEVEL_FINGERPRINT;
	ask.expect.fingerprints = print;
	ask.expect.fingerprint_count = 1;
	ok(answer_raw(&ask).verdict.matched, "a raw key and its fingerprint");
	print[0] = zoo_print(&ask.pool, "rogue.pub", GNUTLS_DIG_SHA256);
	result = answer_raw(&ask);
	want = zoo_print(&ask.pool, "leaf.pub", GNUTLS_DIG_SHA256);
	ok(!result.verdict.matched, "another fingerprint");
	is_text(result.lines, pool_format(&ask.pool, "SERVER: raw public key fingerprint=%s|server"
		" certificate verification failed for SERVER: num=65:no matching DANE TLSA records",
		want), "the key, then the refusal");
	is_text(result.verdict.reason,
		pool_format(&ask.pool,
			"no fingerprint matches; the server's is %s"
			" (public key)",
			want),
		"why");
	ask.expect.level = TLS_LEVEL_SECURE;
	zoo_names(&ask.pool, &ask.expect, "mx.a.test", "match");
	ok(!answer_raw(&ask).verdict.matched, "a raw key has no name");
	ask.expect.level = TLS_LEVEL_MAY;
	result = answer_raw(&ask);
	ok(result.verdict.matched && !result.verdict.trusted, "at may it will do, untrusted");
	zoo_done(&ask);
	ask_for(&ask, TLS_LEVEL_DANE, "3 1 1 rogue/0", "");
	ask.options.version = TLS_POSTFIX(3, 9);
	ok(!answer_raw(&ask).verdict.matched, "another key");
	zoo_done(&ask);
}

/* RSA with 1016 bits, bare: its record does not make up for it. */
static void weak_raw_peer(void)
{
	struct tls_peer peer = {.kind = TLS_PEER_RAW, .count = 1};
	struct zoo_ask ask;
	struct zoo_result result;
	struct tls_tlsa record = {.usage = 3, .selector = 1};
	struct der_certificate parts;
	struct tls_trust *trust;

	zoo_ask(&ask, TLS_LEVEL_DANE, "");
	ask.options.version = TLS_POSTFIX(3, 9);
	ask.options.log = TLS_LOG_VERBOSE;
	der_certificate(zoo_der(&ask.pool, "rsa1016", 0), &parts);
	peer.chain[0] = parts.key;
	record.data = parts.key.data;
	record.length = parts.key.length;
	ask.expect.tlsa = &record;
	ask.expect.tlsa_count = 1;
	trust = tls_trust_load(&ask.options);
	result = zoo_verify_peer(&ask.pool, trust, &ask.options, &ask.expect, &peer, false);
	ok(!result.verdict.matched && !result.verdict.trusted, "a weak raw key and its record");
	ok(text_starts(result.lines,
		   "SERVER: verify=0 raw public key|SERVER: verify=1 raw public key|"),
		"verbose");
	ok(strstr(result.lines, "num=66:EE certificate key too weak") != NULL, "its line");
	is_text(result.verdict.reason, "the server's key has 1016 bits, which is too short", "why");
	ask.expect.level = TLS_LEVEL_ENCRYPT;
	result = zoo_verify_peer(&ask.pool, trust, &ask.options, &ask.expect, &peer, false);
	ok(result.verdict.matched && !result.verdict.trusted, "at encrypt it will do, untrusted");
	tls_trust_free(trust);
	zoo_done(&ask);
}

int main(void)
{
	zoo_start();
	chains();
	agility();
	unusable();
	unusable_told();
	many();
	told();
	told_by_3_5();
	told_before();
	reasons();
	raw_keys();
	raw_peers();
	weak_raw_peer();
	return done();
}

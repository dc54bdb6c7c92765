/* What Postfix makes of one answer, whatever is in it. Answers are made by hand. */
#include "dns/judge.h"

#include <string.h>
#include "t/dns/heard.h"
#include "t/lib/tap.h"

#define FRAME "Host or domain name not found. Name service error for name="
#define MALFORMED "Name service error for name=a.test type="
#define REPLY ": Malformed or unexpected name server reply"
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static struct heard heard = {.lines = BUF(0)};
static const struct lookup_options plain;

/* ---- names to ask for ---- */

static const struct {
	const char *name;
	bool idna, idna_2003;
	const char *asked; /* NULL: it is not */
} names[] = {
	{"a.test", false, false, "a.test"},
	{"a.test.", false, false, "a.test"},
	{"A.Test", false, false, "A.Test"},
	{"*.test", false, false, "*.test"},
	{"_25._tcp.a.test", false, false, "_25._tcp.a.test"},
	{".", false, false, "."},
	{"", false, false, NULL},
	{"a..test", false, false, NULL},
	{"-a.test", false, false, NULL},
	{"a b.test", false, false, NULL},
	{"192.0.2.1", false, false, NULL},
	{"2001:db8::1", false, false, NULL},
	{"b\xc3\xbc" "cher.test", true, false, "xn--bcher-kva.test"},
	{"b\xc3\xbc" "cher.test", false, false, NULL},
	{"fa\xc3\x9f.test", true, false, "xn--fa-hia.test"},
	{"fa\xc3\x9f.test", true, true, "fass.test"},
	{"b\xff.test", true, false, NULL},
};

static void test_names(void)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		struct lookup_options options = {.idna = names[i].idna,
			.idna_2003 = names[i].idna_2003};
		struct judged judged = {.status = LOOKUP_OK};
		struct pool pool = {0};

		is_text(judge_name(&pool, &options, names[i].name, &judged), names[i].asked,
			names[i].name);
		if (names[i].asked == NULL)
			is_text(judged.status == LOOKUP_NOT_FOUND ? judged.text : "found",
				pool_format(&pool,
					"Name service error for %s: invalid host or domain name",
					names[i].name),
				"and why it is not asked");
		pool_free(&pool);
	}
}

/* ---- answers without records ---- */

static const struct {
	const char *name;
	enum dns_rcode_class class;
	enum dns_security security;
	const char *reason, *canonical; /* NULL: not aliased */
	enum dns_mode mode;
	enum lookup_status status;
	const char *text, *told; /* the reason that is passed on */
} failures[] = {
	{"no such name", DNS_NO_NAME, DNS_SECURE, "", NULL, DNS_VALIDATED, LOOKUP_NOT_FOUND,
		FRAME "a.test type=MX: Host not found", ""},
	{"no data", DNS_NO_DATA, DNS_INSECURE, "", NULL, DNS_PLAIN, LOOKUP_NOT_FOUND,
		FRAME "a.test type=MX: Host found but no data record of requested type", ""},
	{"try again", DNS_TRY_AGAIN, DNS_INSECURE, "", NULL, DNS_PLAIN, LOOKUP_RETRY,
		FRAME "a.test type=MX: Host not found, try again", ""},
	{"too late", DNS_TRY_AGAIN, DNS_INSECURE, "no answer within 30 s", NULL, DNS_VALIDATED,
		LOOKUP_RETRY,
		FRAME "a.test type=MX: Host not found, try again (no answer within 30 s)",
		"no answer within 30 s"},
	{"a reason of nothing", DNS_NO_NAME, DNS_INSECURE, "nothing validates", NULL,
		DNS_VALIDATED, LOOKUP_NOT_FOUND, FRAME "a.test type=MX: Host not found", ""},
	{"no recovery", DNS_NO_RECOVERY, DNS_INSECURE, "", NULL, DNS_PLAIN, LOOKUP_FAIL,
		FRAME "a.test type=MX: Non-recoverable error", ""},
	{"a loop", DNS_LOOP, DNS_INSECURE, "", NULL, DNS_PLAIN, LOOKUP_NOT_FOUND,
		"Name server loop for a.test", ""},
	{"bogus", DNS_TRY_AGAIN, DNS_BOGUS, "signature expired", NULL, DNS_VALIDATED, LOOKUP_RETRY,
		FRAME "a.test type=MX: Host not found, try again (DNSSEC: signature expired)",
		"DNSSEC: signature expired"},
	{"no data behind an alias", DNS_NO_DATA, DNS_INSECURE, "", "b.test", DNS_VALIDATED,
		LOOKUP_NOT_FOUND,
		FRAME "b.test type=MX: Host found but no data record of requested type", ""},
	{"no name behind an alias", DNS_NO_NAME, DNS_INSECURE, "", "b.test", DNS_VALIDATED,
		LOOKUP_NOT_FOUND, FRAME "a.test type=MX: Host not found", ""},
	{"the same, plain", DNS_NO_NAME, DNS_INSECURE, "", "b.test", DNS_PLAIN, LOOKUP_NOT_FOUND,
		FRAME "b.test type=MX: Host not found", ""},
	{"no data behind what is no name", DNS_NO_DATA, DNS_INSECURE, "", "-b.test", DNS_PLAIN,
		LOOKUP_INVALID, MALFORMED "MX" REPLY, ""},
	{"but behind an address", DNS_NO_DATA, DNS_INSECURE, "", "192.0.2.1", DNS_PLAIN,
		LOOKUP_NOT_FOUND,
		FRAME "192.0.2.1 type=MX: Host found but no data record of requested type", ""},
};

static void test_failures(void)
{
	for (size_t i = 0; i < COUNT(failures); i++) {
		const char *canonical = failures[i].canonical;
		struct dns_question question = {"a.test", DNS_MX,
			{.class = failures[i].class, .security = failures[i].security,
				.reason = failures[i].reason, .aliased = canonical != NULL,
				.name = canonical ? canonical : "a.test"}};
		struct pool pool = {0};
		struct judged judged;

		judge_answer(&pool, &plain, &question, failures[i].mode, &judged);
		is_number(judged.status, failures[i].status, failures[i].name);
		is_text(judged.text, failures[i].text, failures[i].name);
		is_text(judged.reason, failures[i].told, failures[i].name);
		okf(judged.count == 0 && judged.bogus == (failures[i].security == DNS_BOGUS)
				&& judged.security == failures[i].security
				&& judged.aliased == (canonical != NULL),
			"%s: no records, and what was known of it", failures[i].name);
		pool_free(&pool);
	}
}

/* Whatever the class of a bogus answer, and whatever records it may have: they are not used. */
static void test_bogus_records(void)
{
	struct dns_record record = {"a.test", BYTES("\300\0\2\1"), 60};
	struct dns_question question = {"a.test", DNS_A,
		{.class = DNS_ANSWERED, .security = DNS_BOGUS, .reason = "forged", .name = "a.test",
			.records = &record, .count = 1}};
	struct pool pool = {0};
	struct judged judged;

	judge_answer(&pool, &plain, &question, DNS_VALIDATED, &judged);
	ok(judged.bogus && judged.count == 0,
		"records of a bogus answer are not used");
	pool_free(&pool);
}

/* ---- records ---- */

static const struct {
	const char *name;
	enum dns_type type;
	struct dns_record records[3];
	enum lookup_status status;
	size_t count;
	const char *text, *logged;
} sets[] = {
	{"an address", DNS_A, {{"a.test", BYTES("\300\0\2\1"), 60}}, LOOKUP_OK, 1, "", ""},
	{"too short a one", DNS_A, {{"a.test", BYTES("\300\0\2"), 60}}, LOOKUP_RETRY, 0,
		MALFORMED "A" REPLY, "warning: extract_answer: bad address length: 3\n"},
	{"none at all", DNS_A, {{"a.test", BYTES(""), 60}}, LOOKUP_RETRY, 0, MALFORMED "A" REPLY,
		"warning: extract_answer: bad address length: 0\n"},
	{"one of another class", DNS_A, {{"a.test", NULL, 0, 60}}, LOOKUP_RETRY, 0,
		MALFORMED "A" REPLY, ""},
	{"one of two", DNS_A, {{"a.test", BYTES("\300\0\2"), 60}, {"a.test", BYTES("\300\0\2\1"), 60}},
		LOOKUP_OK, 1, "", "warning: extract_answer: bad address length: 3\n"},
	{"an address of the other family", DNS_AAAA, {{"a.test", BYTES("\300\0\2\1"), 60}},
		LOOKUP_RETRY, 0, MALFORMED "AAAA" REPLY,
		"warning: extract_answer: bad address length: 4\n"},
	{"a mail host", DNS_MX, {{"a.test", BYTES("\0\12\1b\4test\0"), 60}}, LOOKUP_OK, 1, "", ""},
	{"no mail host", DNS_MX, {{"a.test", BYTES("\0\0\0"), 60}}, LOOKUP_NULL_MX, 0,
		"Domain a.test does not accept mail (nullMX)", ""},
	{"nor beside others", DNS_MX,
		{{"a.test", BYTES("\0\12\1b\4test\0"), 60}, {"a.test", BYTES("\0\0\0"), 60}},
		LOOKUP_NULL_MX, 0, "Domain a.test does not accept mail (nullMX)", ""},
	{"a cut mail host", DNS_MX, {{"a.test", BYTES("\0\12\1b\4te"), 60}}, LOOKUP_RETRY, 0,
		MALFORMED "MX" REPLY, ""},
	{"a mail host with a bad name", DNS_MX, {{"a.test", BYTES("\0\12\2-b\4test\0"), 60}},
		LOOKUP_INVALID, 0, MALFORMED "MX" REPLY,
		"warning: valid_hostname: misplaced hyphen: -b.test\n"
		"warning: malformed domain name in resource data of MX record for a.test: -b.test\n"},
	{"bad and malformed: there is hope", DNS_MX,
		{{"a.test", BYTES("\0\12\2-b\4test\0"), 60}, {"a.test", BYTES("\0"), 60}},
		LOOKUP_RETRY, 0, MALFORMED "MX" REPLY,
		"warning: valid_hostname: misplaced hyphen: -b.test\n"
		"warning: malformed domain name in resource data of MX record for a.test: -b.test\n"},
	{"an address for a mail host", DNS_MX, {{"a.test", BYTES("\0\12\3" "192\1" "0\1" "2\1" "1\0"), 60}},
		LOOKUP_OK, 1, "",
		"warning: numeric domain name in resource data of MX record for a.test: 192.0.2.1\n"},
	{"no service", DNS_SRV, {{"a.test", BYTES("\0\0\0\0\0\0\0"), 60}}, LOOKUP_NULL_MX, 0,
		"Domain a.test does not support SRV requests", ""},
	{"a service", DNS_SRV, {{"a.test", BYTES("\0\0\0\0\0\31\1b\4test\0"), 60}}, LOOKUP_OK, 1, "",
		""},
	{"a cut service", DNS_SRV, {{"a.test", BYTES("\0\0\0\0\0"), 60}}, LOOKUP_RETRY, 0,
		MALFORMED "SRV" REPLY, ""},
	{"an alias", DNS_CNAME, {{"a.test", BYTES("\1b\4test\0"), 60}}, LOOKUP_OK, 1, "", ""},
	{"more than an alias", DNS_CNAME, {{"a.test", BYTES("\1b\4test\0x"), 60}}, LOOKUP_RETRY, 0,
		MALFORMED "CNAME" REPLY, ""},
	{"a text", DNS_TXT, {{"a.test", BYTES("\3abc"), 60}}, LOOKUP_OK, 1, "", ""},
	{"a cut text", DNS_TXT, {{"a.test", BYTES("\4abc"), 60}}, LOOKUP_RETRY, 0,
		MALFORMED "TXT" REPLY, ""},
	{"a TLSA record, of any length", DNS_TLSA, {{"a.test", BYTES("\3"), 60}}, LOOKUP_OK, 1, "",
		""},
	{"a bad owner", DNS_A, {{"-a.test", BYTES("\300\0\2\1"), 60}}, LOOKUP_INVALID, 0,
		MALFORMED "A" REPLY,
		"warning: valid_hostname: misplaced hyphen: -a.test\n"
		"warning: malformed domain name in resource name of A record for -a.test: -a.test\n"},
	{"an address that owns", DNS_A, {{"192.0.2.9", BYTES("\300\0\2\1"), 60}}, LOOKUP_OK, 1, "",
		"warning: numeric domain name in resource name of A record for 192.0.2.9: "
		"192.0.2.9\n"},
};

static struct judged judge_set(struct pool *pool, const struct lookup_options *options,
	enum dns_type type, const struct dns_record *records, size_t count, enum dns_security security)
{
	struct dns_question question = {"a.test", type,
		{.class = DNS_ANSWERED, .security = security, .reason = "no trust anchor",
			.name = "a.test", .records = (struct dns_record *)records, .count = count}};
	struct judged judged;

	buf_clear(&heard.lines);
	judge_answer(pool, options, &question, DNS_VALIDATED, &judged);
	return judged;
}

static void test_sets(void)
{
	for (size_t i = 0; i < COUNT(sets); i++) {
		size_t count = 0;
		struct pool pool = {0};
		struct judged judged;

		while (count < COUNT(sets[i].records) && sets[i].records[count].owner)
			count++;
		judged = judge_set(&pool, &plain, sets[i].type, sets[i].records, count, DNS_SECURE);
		is_number(judged.status, sets[i].status, sets[i].name);
		is_number((long long)judged.count, (long long)sets[i].count, sets[i].name);
		is_text(judged.text, sets[i].text, sets[i].name);
		is_text(buf_text(&heard.lines), sets[i].logged, sets[i].name);
		pool_free(&pool);
	}
}

/* ---- many records, a filter, why nothing was validated ---- */

enum { MANY = JUDGE_RECORDS_MOST + 5 };

static void test_many(void)
{
	struct dns_record records[MANY];
	struct pool pool = {0};
	struct judged judged;

	for (size_t i = 0; i < MANY; i++)
		records[i] = (struct dns_record){"a.test", BYTES("\300\0\2\1"), (uint32_t)i};
	judged = judge_set(&pool, &plain, DNS_A, records, JUDGE_RECORDS_MOST, DNS_SECURE);
	ok(judged.count == JUDGE_RECORDS_MOST && heard.lines.length == 0, "as many as may be");
	judged = judge_set(&pool, &plain, DNS_A, records, MANY, DNS_SECURE);
	ok(judged.count == JUDGE_RECORDS_MOST
			&& judged.records[JUDGE_RECORDS_MOST - 1].ttl == JUDGE_RECORDS_MOST - 1,
		"the first of more");
	is_text(buf_text(&heard.lines),
		"warning: DNS record count limit (100) exceeded -- dropping excess record(s) after "
		"qname=a.test qtype=A\n",
		"which is said once");
	pool_free(&pool);
}

/* Keeps, drops or fails at a record by its last number. */
static int sieve(void *context, const char *record)
{
	const char *drop = context;

	if (strcmp(drop, "fail") == 0)
		return -1;
	return strcmp(drop, "all") != 0 && strstr(record, drop) == NULL;
}

static const struct {
	const char *drop;
	enum lookup_status status;
	size_t count;
	const char *text, *logged;
} sieves[] = {
	{"192.0.2.1", LOOKUP_OK, 1, "", "ignoring DNS RR: a.test. 60 IN A 192.0.2.1\n"},
	{"192.0.2.9", LOOKUP_OK, 2, "", ""},
	{"all", LOOKUP_POLICY, 0,
		"Error looking up name=a.test type=A: DNS reply filter drops all results",
		"ignoring DNS RR: a.test. 60 IN A 192.0.2.1\n"
		"ignoring DNS RR: a.test. 60 IN A 192.0.2.2\n"},
	{"fail", LOOKUP_RETRY, 0,
		"Error looking up name=a.test type=A: Invalid DNS reply filter syntax", ""},
};

static void test_filter(void)
{
	static const struct dns_record records[] = {
		{"a.test", BYTES("\300\0\2\1"), 60}, {"a.test", BYTES("\300\0\2\2"), 60}};

	for (size_t i = 0; i < COUNT(sieves); i++) {
		struct lookup_options options = {.filter = sieve,
			.filter_context = (void *)sieves[i].drop};
		struct pool pool = {0};
		struct judged judged =
			judge_set(&pool, &options, DNS_A, records, COUNT(records), DNS_SECURE);

		is_number(judged.status, sieves[i].status, sieves[i].drop);
		is_number((long long)judged.count, (long long)sieves[i].count, sieves[i].drop);
		is_text(judged.text, sieves[i].text, sieves[i].drop);
		is_text(buf_text(&heard.lines), sieves[i].logged, sieves[i].drop);
		if (judged.count == 1)
			is_number(judged.records[0].data[3], 2, "the other one is left");
		pool_free(&pool);
	}
}

static void test_unvalidated(void)
{
	static const struct dns_record record = {"a.test", BYTES("\300\0\2\1"), 60};
	struct pool pool = {0};
	struct judged judged = judge_set(&pool, &plain, DNS_A, &record, 1, DNS_INSECURE);

	is_text(judged.unvalidated, "no trust anchor", "why it is not validated");
	judged = judge_set(&pool, &plain, DNS_A, &record, 1, DNS_SECURE);
	is_text(judged.unvalidated, "", "it is");
	ok(judged.security == DNS_SECURE && !judged.bogus, "and secure");
	pool_free(&pool);
}

int main(void)
{
	heard_open(&heard);
	test_names();
	test_failures();
	test_bogus_records();
	test_sets();
	test_many();
	test_filter();
	test_unvalidated();
	buf_close(&heard.lines);
	return done();
}

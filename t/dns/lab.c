/*
 * lab - unbound.c and lookup.c against the signed tree of t/dnslab, with real DNSSEC.
 *
 *   lab EXPECT-FILE LAB-DIRECTORY MODE
 *
 * MODE is forward, novalidate (what expect.conf says must hold), strip or liar (nothing may be
 * believed); and on port 53 direct (full recursion), or recover (from a nameserver that strips, to
 * full recursion). t/e2e/dns-lab starts the tree and runs them all. Without arguments: skipped.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "dns/answers.h"
#include "dns/plain.h"
#include "dns/rr.h"
#include "dns/tlsa.h"
#include "dns/unbound.h"
#include "t/dns/heard.h"
#include "t/lib/tap.h"
#include "util/clock.h"
#include "util/list.h"
#include "util/text.h"

enum { SECONDS = 8, ROWS_MOST = 400 };

struct lab {
	struct pool pool;
	const char *address, *mode, *anchors, *root_hints, *resolv_conf;
	enum dns_upstream upstream;
	long long port;
};

/* A line of expect.conf. */
struct row {
	const char *name, *status, *rcode, *canonical;
	enum dns_type type;
	long long count;
};

/* ---------------------------------------------------------------- set up */

static const char *env_value(struct lab *lab, const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	char line[256];
	const char *value = NULL;

	while (file && fgets(line, sizeof(line), file))
		if (text_starts(line, key) && line[strlen(key)] == '=')
			value = text_trim(&lab->pool, line + strlen(key) + 1);
	if (file)
		fclose(file);
	return value;
}

static bool find_lab(struct lab *lab, const char *directory)
{
	static const char *const modes[][2] = {{"direct", "DNSLAB_SILENT"},
		{"recover", "DNSLAB_STRIP"}, {"forward", "DNSLAB_RESOLVER"},
		{"novalidate", "DNSLAB_NOVALIDATE"}, {"strip", "DNSLAB_STRIP"},
		{"liar", "DNSLAB_LIAR"}};
	const char *env = pool_format(&lab->pool, "%s/env", directory);
	const char *port = env_value(lab, env, "DNSLAB_PORT");

	for (size_t i = 0; i < COUNT(modes); i++)
		if (strcmp(modes[i][0], lab->mode) == 0)
			lab->address = env_value(lab, env, modes[i][1]);
	lab->root_hints = pool_format(&lab->pool, "%s/root.hints", directory);
	lab->upstream = strcmp(lab->mode, "direct") == 0 ? DNS_UPSTREAM_RECURSION
		: strcmp(lab->mode, "recover") == 0      ? DNS_UPSTREAM_AUTO
							 : DNS_UPSTREAM_FORWARD;
	lab->anchors = pool_format(&lab->pool, "%s/root.key", directory);
	return lab->address && port && text_number(port, 1, 65535, &lab->port);
}

static bool write_resolv_conf(struct lab *lab, const char *path, const char *address)
{
	FILE *file = fopen(path, "we");

	lab->resolv_conf = path;
	return file && fprintf(file, "nameserver %s\n", address) > 0 && fclose(file) == 0;
}

static struct unbound *start_with(struct lab *lab, struct resolver plain, const char *anchors,
	const char *probe)
{
	struct unbound_options options = {.upstream = lab->upstream,
		.root_hints = lab->root_hints,
		.anchor_file = anchors,
		.exceptions = "lan",
		.probe = probe,
		.ipv6 = true,
		.seconds = SECONDS,
		.resolv_conf = lab->resolv_conf,
		.plain = plain,
		.port = (unsigned)lab->port};
	const char *error = NULL;
	struct unbound *unbound = unbound_new(&lab->pool, &options, &error);

	is_text(error, NULL, "libunbound takes the settings");
	return unbound;
}

static struct unbound *start(struct lab *lab, struct resolver plain)
{
	return start_with(lab, plain, lab->anchors, "ns:.");
}

/* ---------------------------------------------------------------- expect.conf */

static bool read_type(const char *text, enum dns_type *type)
{
	static const enum dns_type types[] = {DNS_A, DNS_NS, DNS_CNAME, DNS_MX, DNS_TXT, DNS_AAAA,
		DNS_SRV, DNS_TLSA};

	for (size_t i = 0; i < COUNT(types); i++)
		if (text_same(rr_type_name(types[i]), text)) {
			*type = types[i];
			return true;
		}
	return false;
}

/* False: not for this mode, or of a type that mail does not ask for (DNSKEY). */
static bool read_row(struct lab *lab, char *line, struct row *row)
{
	struct list words = {.pool = &lab->pool};

	line[strcspn(line, "#")] = '\0';
	list_split(&words, line, TEXT_SPACE, false);
	if (words.count < 6 || !read_type(words.items[1], &row->type)
		|| !text_number(words.items[4], 0, 1000, &row->count))
		return false;
	if (words.count > 6 && strstr(words.items[6], lab->mode) == NULL)
		return false;
	row->name = words.items[0];
	row->status = words.items[2];
	row->rcode = words.items[3];
	row->canonical = words.items[5];
	if (lab->upstream != DNS_UPSTREAM_FORWARD && strcmp(row->name, "invalid") == 0) {
		row->status = "secure"; /* the root says so; else a resolver answers it by itself */
		row->rcode = "NXDOMAIN";
	}
	return true;
}

static size_t read_rows(struct lab *lab, const char *path, struct row *rows)
{
	FILE *file = fopen(path, "re");
	char line[512];
	size_t count = 0;

	while (file && count < ROWS_MOST && fgets(line, sizeof(line), file))
		count += read_row(lab, line, &rows[count]);
	if (file)
		fclose(file);
	return count;
}

static const char *status_of(const struct dns_answer *answer)
{
	if (answer->security == DNS_BOGUS)
		return "bogus";
	if (answer->class == DNS_TRY_AGAIN)
		return "fail";
	return answer->security == DNS_SECURE ? "secure" : "insecure";
}

static bool agrees(const struct row *row, const struct dns_answer *answer)
{
	const char *canonical = answer->aliased ? answer->name : "-";

	if (strcmp(row->name, "c13.alias.test") == 0)
		return true; /* one alias too many, unless others' answers are in the cache */
	if (strcmp(row->status, "none") == 0 || strcmp(row->status, "fail") == 0)
		return answer->class == DNS_TRY_AGAIN && answer->security == DNS_INSECURE;
	if (strcmp(row->status, "bogus") == 0)
		return answer->security == DNS_BOGUS && answer->class == DNS_TRY_AGAIN
			&& answer->count == 0 && *answer->reason;
	return strcmp(row->status, status_of(answer)) == 0
		&& strcasecmp(row->canonical, canonical) == 0
		&& (long long)answer->count == row->count
		&& (answer->class == DNS_NO_NAME) == (strcmp(row->rcode, "NXDOMAIN") == 0)
		&& (answer->class == DNS_ANSWERED) == (row->count > 0);
}

/* In the strip and liar modes. */
static bool unbelieved(const struct row *row UNUSED, const struct dns_answer *answer)
{
	return answer->security == DNS_INSECURE;
}

static void check_rows(struct lab *lab, const struct resolver *resolver, const struct row *rows,
	size_t count, bool (*good)(const struct row *row, const struct dns_answer *answer))
{
	struct pool pool = {0};
	struct dns_question *questions = POOL_ARRAY(&pool, struct dns_question, count);
	size_t passed = 0;

	for (size_t i = 0; i < count; i++)
		questions[i] = (struct dns_question){.name = rows[i].name, .type = rows[i].type};
	resolver_ask_all(resolver, &pool, questions, count, DNS_VALIDATED);
	for (size_t i = 0; i < count; i++) {
		const struct dns_answer *answer = &questions[i].answer;

		if (good(&rows[i], answer)) {
			passed++;
			continue;
		}
		okf(false, "%s %s: wanted %s %s %lld %s, got %s %zu %s %s", rows[i].name,
			rr_type_name(rows[i].type), rows[i].status, rows[i].rcode, rows[i].count,
			rows[i].canonical, status_of(answer), answer->count, answer->name,
			answer->reason);
	}
	okf(passed == count && count > 150, "%s: %zu of %zu names", lab->mode, passed, count);
	pool_free(&pool);
}

/* ---------------------------------------------------------------- sets */

#define FRAME "Host or domain name not found. Name service error for name="

static const struct set_case {
	const char *domain;
	enum lookup_status status;
	enum dns_security security;
	size_t count;
	const char *words; /* text, or what is not signed; "" for none */
} sets[] = {
	{"customer.test", LOOKUP_OK, DNS_SECURE, 2, ""},
	{"cust.alias.test", LOOKUP_OK, DNS_SECURE, 2, ""},
	{"c12.alias.test", LOOKUP_OK, DNS_SECURE, 1, ""},
	{"x.dn.alias.test", LOOKUP_OK, DNS_SECURE, 1, ""},
	{"any.wildcard.test", LOOKUP_OK, DNS_SECURE, 1, ""},
	{"many.test", LOOKUP_OK, DNS_SECURE, 30, ""},
	{"b\303\274cher.test", LOOKUP_OK, DNS_SECURE, 1, ""},
	{"insecure.test", LOOKUP_OK, DNS_INSECURE, 1,
		"the MX record of insecure.test is not signed"},
	{"island.test", LOOKUP_OK, DNS_INSECURE, 1, "the MX record of island.test is not signed"},
	{"plain.example", LOOKUP_OK, DNS_INSECURE, 1,
		"the MX record of plain.example is not signed"},
	{"alias.insecure.test", LOOKUP_OK, DNS_INSECURE, 1,
		"the alias alias.insecure.test -> secure.test is not signed"},
	{"insec.alias.test", LOOKUP_OK, DNS_INSECURE, 1,
		"the MX record of insecure.test is not signed"},
	{"viainsec.alias.test", LOOKUP_OK, DNS_INSECURE, 1,
		"the alias alias.insecure.test is not signed"},
	{"implicit.test", LOOKUP_NOT_FOUND, DNS_SECURE, 0,
		FRAME "implicit.test type=MX: "
		      "Host found but no data record of requested type"},
	{"nodata.alias.test", LOOKUP_NOT_FOUND, DNS_SECURE, 0,
		FRAME "nodata.test type=MX: "
		      "Host found but no data record of requested type"},
	{"dangling.alias.test", LOOKUP_NOT_FOUND, DNS_SECURE, 0,
		FRAME "dangling.alias.test type=MX: Host not found"},
	{"nosuch.test", LOOKUP_NOT_FOUND, DNS_SECURE, 0,
		FRAME "nosuch.test type=MX: Host not found"},
	{"nullmx.test", LOOKUP_NULL_MX, DNS_SECURE, 0,
		"Domain nullmx.test does not accept mail (nullMX)"},
	{"nullmx-mixed.test", LOOKUP_NULL_MX, DNS_SECURE, 0,
		"Domain nullmx-mixed.test does not accept mail (nullMX)"},
	{"bad.oddname.test", LOOKUP_INVALID, DNS_SECURE, 0,
		"Name service error for "
		"name=bad.oddname.test type=MX: Malformed or unexpected name server reply"},
	{"oddname.test", LOOKUP_OK, DNS_SECURE, 1, ""},
	{"bogusmx.test", LOOKUP_RETRY, DNS_BOGUS, 0,
		FRAME "bogusmx.test type=MX: "
		      "Host not found, try again (DNSSEC: signature verification failed)"},
	{"nosigmx.test", LOOKUP_RETRY, DNS_BOGUS, 0,
		FRAME "nosigmx.test type=MX: "
		      "Host not found, try again (DNSSEC: no signatures)"},
	{"expired.test", LOOKUP_RETRY, DNS_BOGUS, 0,
		FRAME "expired.test type=MX: "
		      "Host not found, try again (DNSSEC: signature expired, zone expired.test)"},
	{"bogusnodata.test", LOOKUP_RETRY, DNS_BOGUS, 0,
		FRAME "bogusnodata.test type=MX: "
		      "Host not found, try again (DNSSEC: signature verification failed)"},
	{"bad.alias.test", LOOKUP_RETRY, DNS_BOGUS, 0,
		FRAME "bad.alias.test type=MX: "
		      "Host not found, try again (DNSSEC: signature verification failed)"},
	{"servfail.test", LOOKUP_RETRY, DNS_INSECURE, 0,
		FRAME "servfail.test type=MX: "
		      "Host not found, try again"},
};

static const struct lookup_options lookup = {.idna = true};

static void check_sets(const struct resolver *resolver)
{
	for (const struct set_case *x = sets; x < sets + COUNT(sets); x++) {
		struct pool pool = {0};
		struct lookup_set set;

		lookup_mx(resolver, &pool, &lookup, x->domain, DNS_VALIDATED, &set);
		okf(set.status == x->status && set.security == x->security && set.count == x->count,
			"MX of %s: %d %d %zu", x->domain, set.status, set.security, set.count);
		is_text(set.status == LOOKUP_OK ? set.insecure_link : set.text, x->words,
			"what people read");
		pool_free(&pool);
	}
}

static const struct host_case {
	const char *host;
	enum lookup_status status;
	enum dns_security security;
	size_t count;
	bool alias_secure;
	enum lookup_status tlsa;
	const char *base, *reason;
} hosts[] = {
	{"mx.secure.test", LOOKUP_OK, DNS_SECURE, 2, false, LOOKUP_OK, "mx.secure.test", ""},
	{"mx.insecprov.test", LOOKUP_OK, DNS_INSECURE, 2, false, LOOKUP_NOT_FOUND,
		"mx.insecprov.test", "the addresses of mx.insecprov.test are not signed"},
	{"mail.mxcname.test", LOOKUP_OK, DNS_SECURE, 2, false, LOOKUP_OK, "mx.provider.test", ""},
	{"mail.insec.mxcname.test", LOOKUP_OK, DNS_INSECURE, 2, true, LOOKUP_NOT_FOUND,
		"mail.insec.mxcname.test", "_25._tcp.mail.insec.mxcname.test has none"},
	{"host.insecure.test", LOOKUP_OK, DNS_INSECURE, 2, false, LOOKUP_NOT_FOUND,
		"host.insecure.test", "the addresses of host.insecure.test are not signed"},
	{"hcnameh.dane.test", LOOKUP_OK, DNS_SECURE, 1, false, LOOKUP_OK, "ee.dane.test", ""},
	{"hcname2h.dane.test", LOOKUP_OK, DNS_SECURE, 1, false, LOOKUP_OK, "hcname2h.dane.test",
		""},
	{"cn.dane.test", LOOKUP_OK, DNS_SECURE, 1, false, LOOKUP_OK, "cn.dane.test", ""},
	{"cninsec.dane.test", LOOKUP_OK, DNS_SECURE, 1, false, LOOKUP_NOT_FOUND,
		"cninsec.dane.test", "those of _25._tcp.cninsec.dane.test are not signed"},
	{"notlsah.dane.test", LOOKUP_OK, DNS_SECURE, 1, false, LOOKUP_NOT_FOUND,
		"notlsah.dane.test", "_25._tcp.notlsah.dane.test has none"},
	{"badsig.dane.test", LOOKUP_OK, DNS_SECURE, 1, false, LOOKUP_RETRY, "badsig.dane.test",
		"DNSSEC: signature verification failed"},
	{"mx.tlsafail.test", LOOKUP_OK, DNS_SECURE, 1, false, LOOKUP_RETRY, "mx.tlsafail.test", ""},
	{"cust123.wild.provider.test", LOOKUP_OK, DNS_SECURE, 1, false, LOOKUP_NOT_FOUND,
		"cust123.wild.provider.test", "_25._tcp.cust123.wild.provider.test has none"},
	{"mx.bogusa.test", LOOKUP_OK, DNS_SECURE, 1, false, LOOKUP_NOT_FOUND, "mx.bogusa.test",
		"_25._tcp.mx.bogusa.test has none"},
	{"mx.bogusaddr.test", LOOKUP_RETRY, DNS_INSECURE, 0, false, LOOKUP_NOT_FOUND,
		"mx.bogusaddr.test", "the addresses of mx.bogusaddr.test are not signed"},
	{"nosuchhost.provider.test", LOOKUP_NOT_FOUND, DNS_INSECURE, 0, false, LOOKUP_NOT_FOUND,
		"nosuchhost.provider.test", "the addresses of nosuchhost.provider.test are not signed"},
};

static void check_hosts(const struct resolver *resolver)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct lookup_addrs addrs[COUNT(hosts)];
	const char *names[COUNT(hosts)];
	struct pool pool = {0};
	struct tlsa_set tlsa;

	for (size_t i = 0; i < COUNT(hosts); i++)
		names[i] = hosts[i].host;
	lookup_hosts(resolver, &pool, &lookup, names, COUNT(hosts), families, 2, DNS_VALIDATED,
		addrs);
	for (size_t i = 0; i < COUNT(hosts); i++) {
		const struct host_case *x = &hosts[i];

		okf(addrs[i].status == x->status && addrs[i].security == x->security
				&& addrs[i].count == x->count
				&& addrs[i].alias_secure == x->alias_secure,
			"%s: %d %d %zu %d", x->host, addrs[i].status, addrs[i].security,
			addrs[i].count, addrs[i].alias_secure);
		lookup_tlsa(resolver, &pool, &lookup, x->host, &addrs[i], 25, &tlsa);
		okf(tlsa.status == x->tlsa && (tlsa.count > 0) == (x->tlsa == LOOKUP_OK),
			"its TLSA: %d %zu", tlsa.status, tlsa.count);
		is_text(tlsa.base, x->base, "base domain");
		is_text(tlsa.reason, x->reason, "reason");
	}
	pool_free(&pool);
}

/* ---------------------------------------------------------------- threads */

struct crowd {
	struct resolver resolver;
	atomic_uint good;
};

static void *one_of_crowd(void *context)
{
	static const char *const domains[] = {"customer.test", "secure.test", "wildhost.test",
		"rsa.test", "insecure.test", "mixed.test", "bogusmx.test", "nosuch.test"};
	struct crowd *crowd = context;

	for (size_t i = 0; i < 40; i++) {
		struct pool pool = {0};
		struct lookup_set set;
		size_t which = (i * 3) % COUNT(domains);

		lookup_mx(&crowd->resolver, &pool, &lookup, domains[which], DNS_VALIDATED, &set);
		if (set.security
			== (which == 4               ? DNS_INSECURE
					: which == 6 ? DNS_BOGUS
						     : DNS_SECURE))
			crowd->good++;
		pool_free(&pool);
	}
	return NULL;
}

static void check_threads(const struct resolver *resolver, const char *what)
{
	struct crowd crowd = {.resolver = *resolver};
	pthread_t threads[20];

	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, one_of_crowd, &crowd);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	okf(crowd.good == COUNT(threads) * 40, "20 threads ask %s: %u good", what, crowd.good);
}

/* ---------------------------------------------------------------- modes */

static void believe(struct lab *lab, struct heard *heard, const struct row *rows, size_t count)
{
	struct unbound *unbound = start(lab, (struct resolver){.ask = NULL});
	struct resolver resolver, cached;
	struct answers *answers;
	const char *why = NULL;

	if (unbound == NULL)
		return;
	resolver = unbound_resolver(unbound);
	ok(unbound_validates(unbound, &why), "answers are validated");
	is_text(why, "", "nothing is wrong");
	ok(strstr(buf_text(&heard->lines), "DNSSEC validation by libunbound ")
			&& strstr(buf_text(&heard->lines),
				lab->upstream == DNS_UPSTREAM_RECURSION ? "full recursion"
									: lab->address),
		"that is logged once");
	ok((strstr(buf_text(&heard->lines), "loses DNSSEC records: going on by full recursion\n")
		   != NULL)
			== (lab->upstream == DNS_UPSTREAM_AUTO),
		"and the way out of trouble, if there was one");
	check_rows(lab, &resolver, rows, count, agrees);
	check_sets(&resolver);
	check_hosts(&resolver);
	check_threads(&resolver, "libunbound");
	answers = answers_new(resolver, resolver, 1000);
	cached = answers_resolver(answers);
	check_threads(&cached, "the answer cache");
	is_number((long long)answers_asked(answers), 8, "which asked one question for each");
	answers_free(answers);
	unbound_free(unbound);
}

/* A process that has validated once stays strict when its resolver is changed for a bad one. */
static void never_back(struct lab *lab, const char *directory)
{
	struct lab bad = {.mode = "strip"};
	struct unbound *unbound = start(lab, (struct resolver){.ask = NULL});
	struct resolver resolver;
	struct pool pool = {0};
	struct dns_answer answer;
	const char *why;
	int64_t end = clock_ms() + 1100;

	if (unbound == NULL || !find_lab(&bad, directory))
		return;
	resolver = unbound_resolver(unbound);
	ok(unbound_validates(unbound, &why), "a good nameserver first");
	ok(write_resolv_conf(lab, lab->resolv_conf, bad.address),
		"then one that loses DNSSEC records");
	while (clock_ms() < end) /* resolv.conf is looked at once a second */
		usleep(10000);
	resolver_ask(&resolver, &pool, "secure.test", DNS_MX, DNS_VALIDATED, &answer);
	ok(answer.security == DNS_BOGUS, "nothing it says is believed");
	ok(unbound_validates(unbound, &why), "and validation goes on");
	is_number((long long)unbound_numbers(unbound).contexts, 2, "by a new context");
	ok(write_resolv_conf(lab, lab->resolv_conf, lab->address), "back again");
	pool_free(&bad.pool);
	pool_free(&pool);
	unbound_free(unbound);
}

/* A probe that is not validated, whatever the reason, leaves validation as it is. */
static void other_probes(struct lab *lab)
{
	static const char *const probes[] = {"mx:unsigned-customer.test", "mx:bogus-customer.test",
		"mx:nosuch.unsigned-customer.test", "mx:secure.test"};

	for (size_t i = 0; i < COUNT(probes); i++) {
		struct unbound *unbound = start_with(lab, (struct resolver){.ask = NULL},
			lab->anchors, probes[i]);
		const char *why;

		ok(unbound && unbound_validates(unbound, &why), probes[i]);
		unbound_free(unbound);
	}
}

/* The anchors that are compiled in do not fit the lab: other validators would, so DANE waits. */
static void misfit(struct lab *lab)
{
	struct addr at = {.length = 0};
	struct plain_options plain = {.server = &at};
	struct unbound *unbound = start_with(lab, plain_resolver(&plain), "/nonexistent", "ns:.");
	struct resolver resolver;
	struct pool pool = {0};
	struct dns_answer answer;
	const char *why = "";

	if (unbound == NULL)
		return;
	addr_parse(&at, lab->address, (uint16_t)lab->port);
	resolver = unbound_resolver(unbound);
	ok(!unbound_validates(unbound, &why), "nothing can be validated with foreign anchors");
	is_text(why,
		"the trust anchors 20326, 38696 of this program do not fit the root; see "
		"safemx_dnssec_anchor_file",
		"the reason");
	ok(unbound_misfits(unbound), "is ours");
	resolver_ask(&resolver, &pool, "secure.test", DNS_MX, DNS_VALIDATED, &answer);
	ok(answer.class == DNS_ANSWERED && answer.security == DNS_INSECURE, "as if unsigned");
	resolver_ask(&resolver, &pool, "secure.test", DNS_MX, DNS_REQUIRED, &answer);
	ok(answer.class == DNS_TRY_AGAIN, "but never where it is required");
	pool_free(&pool);
	unbound_free(unbound);
}

static void disbelieve(struct lab *lab, struct heard *heard, const struct row *rows, size_t count)
{
	struct addr at = {.length = 0};
	struct plain_options plain = {.server = &at};
	struct unbound *unbound = start(lab, plain_resolver(&plain));
	struct resolver resolver;
	struct lookup_set set;
	const char *why = "";

	if (unbound == NULL)
		return;
	addr_parse(&at, lab->address, (uint16_t)lab->port);
	resolver = unbound_resolver(unbound);
	ok(!unbound_validates(unbound, &why), "nothing can be validated");
	is_text(why, pool_format(&lab->pool, "nameserver %s loses DNSSEC records", lab->address),
		"for this reason");
	ok(unbound_misfits(unbound) == (strcmp(lab->mode, "liar") == 0),
		"Postfix would believe one that says it has validated: DANE waits");
	ok(strstr(buf_text(&heard->lines),
		   pool_format(&lab->pool,
			   "warning: DNSSEC validation may be unavailable\nwarning: reason: "
			   "dnssec_probe 'ns:.' "
			   "received a response that is not DNSSEC validated: %s\n",
			   why)),
		"it is warned of");
	buf_clear(&heard->lines);
	check_rows(lab, &resolver, rows, count, unbelieved);
	lookup_mx(&resolver, &lab->pool, &lookup, "customer.test", DNS_VALIDATED, &set);
	ok(set.status == LOOKUP_OK && set.security == DNS_INSECURE, "mail can be sent");
	is_text(set.insecure_link,
		pool_format(&lab->pool,
			"the MX record of customer.test cannot be "
			"validated: %s",
			why),
		"and what is wrong with it is known");
	ok(strstr(buf_text(&heard->lines), "validation may be unavailable") == NULL,
		"but not warned of again");
	unbound_free(unbound);
}

int main(int argc, char **argv)
{
	struct lab lab = {.mode = argc == 4 ? argv[3] : ""};
	struct heard heard = {.lines = BUF(0)};
	static struct row rows[ROWS_MOST];
	char resolv_conf[] = "/tmp/lab-resolv-XXXXXX";
	int file = argc == 4 ? mkstemp(resolv_conf) : -1;
	size_t count;

	if (argc != 4) {
		skip("lab", "t/e2e/dns-lab runs this");
		return done();
	}
	heard_open(&heard);
	if (ok(file >= 0 && find_lab(&lab, argv[2])
			    && write_resolv_conf(&lab, resolv_conf, lab.address),
		    "the lab is there")) {
		count = read_rows(&lab, argv[1], rows);
		if (strcmp(lab.mode, "strip") == 0 || strcmp(lab.mode, "liar") == 0)
			disbelieve(&lab, &heard, rows, count);
		else
			believe(&lab, &heard, rows, count);
		if (strcmp(lab.mode, "forward") == 0) {
			never_back(&lab, argv[2]);
			other_probes(&lab);
			misfit(&lab);
		}
	}
	close(file);
	unlink(resolv_conf);
	buf_close(&heard.lines);
	pool_free(&lab.pool);
	return done();
}

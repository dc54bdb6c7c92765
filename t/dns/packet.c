#include "dns/packet.h"

#include <string.h>
#include "dns/rr.h"
#include "t/lib/tap.h"

/* header: id 0, flags as given, one question, ANSWERS, AUTHORITIES; question: a.test IN TYPE */
#define HEAD(FLAGS, ANSWERS, AUTHORITIES) "\0\0\201" FLAGS "\0\1\0" ANSWERS "\0" AUTHORITIES "\0\0"
#define ASKED(TYPE) "\1a\4test\0\0" TYPE "\0\1"
#define OWNER "\300\14" /* a.test */
#define FIXED(TYPE, TTL, LENGTH) "\0" TYPE "\0\1\0\0\0" TTL "\0" LENGTH
#define A(OWNER) OWNER FIXED("\1", "\74", "\4") "\300\0\2\1"
#define CNAME_B OWNER FIXED("\5", "\36", "\4") "\1b\300\16" /* b.test, 30 s */
#define MX_B OWNER FIXED("\17", "\74", "\6") "\0\12\1b\300\16"
#define SOA(TTL, MINIMUM)                                                                          \
	"\300\16" FIXED("\6", TTL, "\26") "\0\0"                                                   \
					  "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0" MINIMUM

#define BYTES(TEXT) (const uint8_t *)(TEXT), sizeof(TEXT) - 1

static const struct packet_case { /* NOLINT(clang-analyzer-optin.performance.Padding) */
	const char *what;
	const uint8_t *packet;
	size_t length;
	enum dns_type type;
	bool read;
	enum dns_rcode_class class;
	const char *name;
	bool aliased;
	size_t count;
	uint32_t ttl;
} cases[] = {
	{"an address", BYTES(HEAD("\200", "\1", "\0") ASKED("\1") A(OWNER)), DNS_A, true,
		DNS_ANSWERED, "a.test", false, 1, 60},
	{"through an alias", BYTES(HEAD("\200", "\2", "\0") ASKED("\1") CNAME_B A("\1b\300\16")),
		DNS_A, true, DNS_ANSWERED, "b.test", true, 1, 30},
	{"an alias alone", BYTES(HEAD("\200", "\1", "\0") ASKED("\1") CNAME_B), DNS_A, true,
		DNS_NO_DATA, "b.test", true, 0, 0},
	{"an alias was asked for", BYTES(HEAD("\200", "\1", "\0") ASKED("\5") CNAME_B), DNS_CNAME,
		true, DNS_ANSWERED, "a.test", false, 1, 30},
	{"a name in rdata", BYTES(HEAD("\200", "\1", "\0") ASKED("\17") MX_B), DNS_MX, true,
		DNS_ANSWERED, "a.test", false, 1, 60},
	{"no data", BYTES(HEAD("\200", "\0", "\1") ASKED("\1") SOA("\120", "\50")), DNS_A, true,
		DNS_NO_DATA, "a.test", false, 0, 40},
	{"no name", BYTES(HEAD("\203", "\0", "\1") ASKED("\1") SOA("\24", "\50")), DNS_A, true,
		DNS_NO_NAME, "a.test", false, 0, 20},
	{"no name behind an alias",
		BYTES(HEAD("\203", "\1", "\1") ASKED("\1") CNAME_B SOA("\120", "\50")), DNS_A, true,
		DNS_NO_NAME, "b.test", true, 0, 30},
	{"SERVFAIL", BYTES(HEAD("\202", "\0", "\0") ASKED("\1")), DNS_A, true, DNS_TRY_AGAIN,
		"a.test", false, 0, 0},
	{"REFUSED", BYTES(HEAD("\205", "\0", "\0") ASKED("\1")), DNS_A, true, DNS_TRY_AGAIN,
		"a.test", false, 0, 0},
	{"FORMERR", BYTES(HEAD("\201", "\0", "\0") ASKED("\1")), DNS_A, true, DNS_NO_RECOVERY,
		"a.test", false, 0, 0},
	{"records despite an error", BYTES(HEAD("\202", "\1", "\0") ASKED("\1") A(OWNER)), DNS_A,
		true, DNS_TRY_AGAIN, "a.test", false, 0, 0},
	{"a record of another type", BYTES(HEAD("\200", "\1", "\0") ASKED("\34") A(OWNER)),
		DNS_AAAA, true, DNS_NO_DATA, "a.test", false, 0, 0},
	{"a record of another owner", BYTES(HEAD("\200", "\1", "\0") ASKED("\1") A("\1z\0")), DNS_A,
		true, DNS_ANSWERED, "z", true, 1, 60},
	{"a ttl with the upper bit",
		BYTES(HEAD("\200", "\1", "\0") ASKED("\1") OWNER
			"\0\1\0\1\200\0\0\1\0\4\300\0\2\1"),
		DNS_A, true, DNS_ANSWERED, "a.test", false, 1, 0},
	{"a query", BYTES("\0\0\1\0\0\1\0\0\0\0\0\0" ASKED("\1")), DNS_A, false, 0, NULL, false, 0,
		0},
	{"fewer records than it says", BYTES(HEAD("\200", "\2", "\0") ASKED("\1") A(OWNER)), DNS_A,
		false, 0, NULL, false, 0, 0},
	{"a pointer to itself", BYTES(HEAD("\200", "\1", "\0") ASKED("\1") A("\300\30")), DNS_A,
		false, 0, NULL, false, 0, 0},
	{"a pointer out of it", BYTES(HEAD("\200", "\1", "\0") ASKED("\1") A("\377\377")), DNS_A,
		false, 0, NULL, false, 0, 0},
	{"an alias cut short",
		BYTES(HEAD("\200", "\1", "\0") ASKED("\1")
				OWNER FIXED("\5", "\36", "\3") "\1b\300\16"),
		DNS_A, false, 0, NULL, false, 0, 0},
	{"an empty alias",
		BYTES(HEAD("\200", "\1", "\0") ASKED("\1") OWNER FIXED("\5", "\36", "\0")), DNS_A,
		false, 0, NULL, false, 0, 0},
	{"nothing", BYTES(""), DNS_A, false, 0, NULL, false, 0, 0},
};

static void test_cases(void)
{
	for (const struct packet_case *x = cases; x < cases + COUNT(cases); x++) {
		struct pool pool = {0};
		struct dns_answer answer = {.class = DNS_LOOP};

		if (ok(packet_read(&pool, x->packet, x->length, "a.test", x->type, &answer)
				    == x->read,
			    x->what)
			&& x->read) {
			is_number(answer.class, x->class, "class");
			is_text(answer.name, x->name, "name");
			ok(answer.aliased == x->aliased, "aliased");
			is_number((long long)answer.count, (long long)x->count, "records");
			is_number(answer.ttl, x->ttl, "ttl");
			is_number(answer.security, DNS_INSECURE, "never secure");
		} else {
			ok(answer.class == DNS_LOOP, "untouched");
		}
		pool_free(&pool);
	}
}

/* Every prefix of a good packet is refused or read, and never read beyond. */
static void test_prefixes(void)
{
	static const char whole[] =
		HEAD("\200", "\2", "\1") ASKED("\17") MX_B MX_B SOA("\74", "\74");
	size_t read = 0;

	for (size_t length = 0; length < sizeof(whole); length++) {
		struct pool pool = {0};
		struct dns_answer answer;
		uint8_t *copy = (uint8_t *)pool_bytes(&pool, whole, length);

		read += packet_read(&pool, copy, length, "a.test", DNS_MX, &answer);
		pool_free(&pool);
	}
	is_number((long long)read, (long long)sizeof(SOA("\74", "\74")),
		"whole answers only: what follows them is not needed");
}

static void test_rdata(void)
{
	struct pool pool = {0};
	struct dns_answer answer;
	struct rr_mx mx = {.host = ""};
	static const char compressed[] = HEAD("\200", "\1", "\0") ASKED("\17") MX_B;
	static const char trailing[] = HEAD("\200", "\1", "\0") ASKED("\17")
		OWNER FIXED("\17", "\74", "\7") "\0\12\1b\300\16\377";
	static const char chaos[] =
		HEAD("\200", "\1", "\0") ASKED("\1") OWNER "\0\1\0\3\0\0\0\74\0\4\300\0\2\1";

	ok(packet_read(&pool, BYTES(compressed), "a.test", DNS_MX, &answer)
			&& rr_mx(&pool, &answer.records[0], &mx),
		"a compressed name in rdata");
	is_text(mx.host, "b.test", "it is whole");
	ok(packet_read(&pool, BYTES(trailing), "a.test", DNS_MX, &answer)
			&& !rr_mx(&pool, &answer.records[0], &mx),
		"a byte too many in rdata");
	ok(packet_read(&pool, BYTES(chaos), "a.test", DNS_A, &answer) && answer.count == 1
			&& answer.records[0].length == 0 && answer.records[0].data == NULL,
		"another class leaves nothing to read");
	pool_free(&pool);
}

int main(void)
{
	test_cases();
	test_prefixes();
	test_rdata();
	return done();
}

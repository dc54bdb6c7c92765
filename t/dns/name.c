#include "dns/name.h"

#include <string.h>
#include "t/lib/tap.h"
#include "util/text.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* What Postfix 3.7.11 said of each as a value of myhostname, or of mail servers' names. */
static const struct check {
	const char *name, *complaint; /* NULL: it is a host name */
} checks[] = {
	{"mx.example", NULL},
	{"mx_1.test", NULL},
	{"_", NULL},
	{"1-2", NULL},
	{"1.2.3.x", NULL},
	{"1_2", NULL},
	{A63 ".test", NULL},
	{"-foo.test", "misplaced hyphen: -foo.test"},
	{"foo-.test", "misplaced hyphen: foo-.test"},
	{"foo.-", "misplaced hyphen: foo.-"},
	{"-", "misplaced hyphen: -"},
	{"a.-b", "misplaced hyphen: a.-b"},
	{"a..b", "misplaced delimiter: a..b"},
	{".a", "misplaced delimiter: .a"},
	{"a.", "misplaced delimiter: a."},
	{"1234", "numeric hostname: 1234"},
	{"12.34", "numeric hostname: 12.34"},
	{"1.2.3.4", "numeric hostname: 1.2.3.4"},
	{"a b", "invalid character 32(decimal): a b"},
	{"sp\\032ace.test", "invalid character 92(decimal): sp\\032ace.test"},
	{"a.*.test", "invalid character 42(decimal): a.*.test"},
	{"*a.test", "invalid character 42(decimal): *a.test"},
	{"\303\274.test", "invalid character 195(decimal): \303\274.test"},
	{"::1", "invalid character 58(decimal): ::1"},
	{A64 ".test", "hostname label too long: " A64 ".test"},
	{A63 "." A63 "." A63 "." A63 ".x",
		"bad length 257 for " A63 "."
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."},
	{"", "empty hostname"},
};

static void test_checks(struct pool *pool)
{
	for (const struct check *x = checks; x < checks + COUNT(checks); x++) {
		const char *reason = NULL;
		bool valid = name_is_host(x->name, &reason);

		okf(valid == (x->complaint == NULL), "\"%s\" is %s host name", x->name,
			x->complaint ? "no" : "a");
		if (x->complaint) {
			is_text(name_complaint(pool, x->name), x->complaint, "Postfix's words");
			ok(reason && text_starts(x->complaint, reason),
				"reason is the first of them");
		}
	}
	ok(!name_is_host("*.test", NULL), "a wildcard is no host name");
	ok(name_is_owner("*.test", NULL), "but may own records");
	ok(name_is_owner("*", NULL), "alone too");
	ok(!name_is_owner("*.1.*", NULL), "in the first label only");
}

static void test_same(struct pool *pool)
{
	ok(name_same("MX.Example", "mx.example."), "case and a final dot don't matter");
	ok(!name_same("mx.example", "mx.example.org"), "a prefix is another name");
	ok(!name_same("mx.example", "mx.examplf"), "so is another letter");
	ok(name_same(".", ""), "the root");
	ok(!name_same("a..", "a"), "one dot only");
	is_text(name_bare(pool, "MX.Example."), "MX.Example", "bare");
	is_text(name_plain(pool, "MX.Example."), "mx.example", "plain");
	is_text(name_plain(pool, "."), "", "the root is empty");
}

static void test_idna(struct pool *pool)
{
	is_text(name_to_ascii(pool, "b\303\274cher.test", false), "xn--bcher-kva.test", "to A-labels");
	is_text(name_to_ascii(pool, "B\303\234CHER.test", false), "xn--bcher-kva.test", "mapped first");
	is_text(name_to_ascii(pool, "Plain.Test", false), "Plain.Test", "ASCII stays as it is");
	is_text(name_to_ascii(pool, "stra\303\237e.test", false), "xn--strae-oqa.test", "sharp s is kept");
	is_text(name_to_ascii(pool, "stra\303\237e.test", true), "strasse.test", "or mapped, 2003");
	is_text(name_to_ascii(pool, "\303\050.test", false), NULL, "not UTF-8");
	is_text(name_to_ascii(pool, "\342\200\256.test", false), NULL, "a character that is not allowed");
	is_text(name_to_utf8(pool, "xn--bcher-kva.test"), "b\303\274cher.test", "to U-labels");
	is_text(name_to_utf8(pool, "xn--\001.test"), "xn--\001.test", "what is none stays");
	is_text(name_to_utf8(pool, "mx.example"), "mx.example", "nothing to do");
}

int main(void)
{
	struct pool pool = {0};

	test_checks(&pool);
	test_same(&pool);
	test_idna(&pool);
	pool_free(&pool);
	return done();
}

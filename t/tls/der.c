#include <string.h>
#include "t/lib/tap.h"
#include "tls/der.h"

#define BYTES(text)                                                                                \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

static const struct row {
	const char *name;
	struct tls_der bytes;
	bool want;
	size_t inside, left; /* lengths */
} rows[] = {
	{"nothing", BYTES(""), false, 0, 0},
	{"half a header", BYTES("\x30"), false, 0, 0},
	{"empty contents", BYTES("\x30\0"), true, 0, 0},
	{"contents, and more behind", BYTES("\4\2ab\5\0"), true, 2, 2},
	{"longer than there is", BYTES("\4\3ab"), false, 0, 0},
	{"a tag number above 30", BYTES("\x1f\x81\1\0"), false, 0, 0},
	{"an indefinite length", BYTES("\x30\x80\0\0"), false, 0, 0},
	{"a length of five octets", BYTES("\4\x85\0\0\0\0\1a"), false, 0, 0},
	{"a huge length",
		BYTES("\4\x84\xff\xff\xff\xff"
		      "a"),
		false, 0, 0},
	{"length octets cut short", BYTES("\4\x82\1"), false, 0, 0},
	{"a long form for a short length", BYTES("\4\x81\1a"), false, 0, 0},
};

static void items(void)
{
	uint8_t large[3 + 200] = {4, 0x81, 200};
	struct tls_der rest = {large, sizeof large};
	struct der_item item;

	for (const struct row *r = rows; r < rows + COUNT(rows); r++) {
		struct tls_der left = r->bytes;
		bool got = der_next(&left, &item);

		ok(got == r->want, r->name);
		if (got)
			ok(item.inside.length == r->inside && left.length == r->left, r->name);
		else
			ok(left.data == r->bytes.data && left.length == r->bytes.length, r->name);
	}
	ok(der_next(&rest, &item) && item.inside.length == 200 && item.whole.length == 203
			&& rest.length == 0,
		"a long form");
	rest = (struct tls_der){large, sizeof large};
	ok(!der_expect(&rest, DER_SEQUENCE, &item) && rest.length == sizeof large, "another tag");
}

#define TBS_HEAD                                                                                   \
	"\2\1\5"                                                                                   \
	"\x30\0"                                                                                   \
	"\x30\2iI"                                                                                 \
	"\x30\1v"                                                                                  \
	"\x30\2sS" /* serial to subject */
#define KEY "\x30\5\x30\0\3\1\0"
#define TAIL                                                                                       \
	"\x30\0"                                                                                   \
	"\3\3\0xy" /* algorithm, signature */
#define EXTENSION_A "\x30\7\6\1\x0a\4\2hi"
#define EXTENSION_B "\x30\x0a\6\1\x0b\1\1\xff\4\2ho"

static const struct tls_der plain = BYTES("\x30\x20\x30\x17" TBS_HEAD KEY TAIL);
static const struct tls_der extended =
	BYTES("\x30\x3e\x30\x35"
	      "\xa0\3\2\1\2" TBS_HEAD KEY "\xa3\x17\x30\x15" EXTENSION_A EXTENSION_B TAIL);

static void certificates(void)
{
	static const struct tls_der issuer = BYTES("\x30\2iI"), subject = BYTES("\x30\2sS"),
				    key = BYTES(KEY), signature = BYTES("xy");
	struct der_certificate parts;
	struct tls_der cut = plain;

	ok(der_certificate(plain, &parts), "a certificate");
	ok(parts.version == 1 && parts.extensions.length == 0, "of version 1");
	ok(der_same(parts.issuer, issuer) && der_same(parts.subject, subject), "its names");
	ok(der_same(parts.key, key), "its key");
	ok(der_same(parts.signature, signature), "its signature");
	ok(parts.tbs.data == plain.data + 2 && parts.tbs.length == 0x19, "what is signed");
	for (cut.length = 0; cut.length < plain.length; cut.length++)
		if (der_certificate(cut, &parts))
			break;
	ok(cut.length == plain.length, "none of its beginnings is one");
	ok(der_certificate(extended, &parts) && parts.version == 3, "a certificate of version 3");
}

static void extensions(void)
{
	static const struct tls_der a = BYTES("\x0a"), b = BYTES("\x0b"), c = BYTES("\x0c"),
				    hi = BYTES("hi"), ho = BYTES("ho"),
				    twice = BYTES(EXTENSION_A EXTENSION_A),
				    broken = BYTES(EXTENSION_A "\x30\3\6\1\x0b");
	struct der_certificate parts;
	struct tls_der value = {NULL, 0};

	der_certificate(extended, &parts);
	ok(der_extension(&parts, a, &value) == DER_FOUND && der_same(value, hi), "an extension");
	ok(der_extension(&parts, b, &value) == DER_FOUND && der_same(value, ho), "a critical one");
	ok(der_extension(&parts, c, &value) == DER_ABSENT, "one that is not there");
	parts.extensions = twice;
	ok(der_extension(&parts, a, &value) == DER_BROKEN, "one that is there twice");
	parts.extensions = broken;
	ok(der_extension(&parts, a, &value) == DER_BROKEN, "one beside a broken one");
}

static void keys(void)
{
	static const struct tls_der key = BYTES(KEY), more = BYTES(KEY "\0"),
				    odd = BYTES("\x30\5\x30\0\3\1\3"), part = BYTES("\x30\2\x30\0");

	ok(der_is_key(key), "a key");
	ok(!der_is_key(more), "something behind the key");
	ok(!der_is_key(odd), "a bit string of part of a byte");
	ok(!der_is_key(part), "no bits");
}

int main(void)
{
	items();
	certificates();
	extensions();
	keys();
	return done();
}

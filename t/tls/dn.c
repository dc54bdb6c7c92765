/* Distinguished names as text, from bytes made here. */
#include "tls/dn.h"
#include <string.h>
#include "t/lib/tap.h"
#include "util/buf.h"

#define CN "\x55\4\3"
#define O "\x55\4\x0a"
#define OU "\x55\4\x0b"
#define C "\x55\4\6"
#define BYTES(text) (text), sizeof(text) - 1

enum { PRINTABLE = 0x13, IA5 = 0x16, OCTETS = 0x04, ATTRIBUTES_MOST = 5 };

struct part {
	const char *oid;
	int tag;
	const char *value;
	size_t length;
	bool joined; /* to the one before */
};

/* X.690 8.1: identifier, length, contents. */
static void put(struct buf *to, int tag, const struct buf *inside)
{
	buf_addc(to, tag);
	if (inside->length > 255) {
		buf_addc(to, 0x82);
		buf_addc(to, (int)(inside->length >> 8));
	} else if (inside->length > 127) {
		buf_addc(to, 0x81);
	}
	buf_addc(to, (int)(inside->length & 0xff));
	buf_add(to, inside->data ? inside->data : "", inside->length);
}

static void put_part(struct buf *to, const struct part *part)
{
	struct buf inside = BUF(0), item = BUF(0);

	buf_adds(&item, part->oid);
	put(&inside, DER_OID, &item);
	buf_clear(&item);
	buf_add(&item, part->value, part->length);
	put(&inside, part->tag, &item);
	put(to, DER_SEQUENCE, &inside);
	buf_close(&inside);
	buf_close(&item);
}

static struct tls_der make(struct pool *pool, const struct part *parts)
{
	struct buf sets = BUF(0), set = BUF(0), whole = BUF(0);
	struct tls_der name;

	for (size_t i = 0; i < ATTRIBUTES_MOST && parts[i].oid; i++) {
		if (i > 0 && !parts[i].joined) {
			put(&sets, DER_SET, &set);
			buf_clear(&set);
		}
		put_part(&set, &parts[i]);
	}
	if (set.length > 0)
		put(&sets, DER_SET, &set);
	put(&whole, DER_SEQUENCE, &sets);
	name.data = (const uint8_t *)pool_bytes(pool, whole.data, whole.length);
	name.length = whole.length;
	buf_close(&sets);
	buf_close(&set);
	buf_close(&whole);
	return name;
}

/* ---- one line ---- */

static const struct {
	const char *name;
	struct part parts[ATTRIBUTES_MOST];
	const char *line;
} lines[] = {
	{"nothing", {{.oid = NULL}}, ""},
	{"in order, and joined",
		{{C, PRINTABLE, BYTES("XX"), false}, {O, DER_UTF8, BYTES("Rogue"), false},
			{OU, DER_UTF8, BYTES("a"), true}, {CN, DER_UTF8, BYTES("Rogue Root"), false}},
		"/C=XX/O=Rogue+OU=a/CN=Rogue Root"},
	{"what would look like another component",
		{{CN, DER_UTF8, BYTES("a/O=b+C=c"), false}}, "/CN=a\\/O=b\\+C=c"},
	{"what a terminal would obey", {{CN, DER_UTF8, BYTES("\033[2J\n\x7f"), false}},
		"/CN=\\x1B[2J\\x0A\\x7F"},
	{"bytes above ASCII, as they are", {{CN, DER_T61, BYTES("\xe9"), false}}, "/CN=\\xE9"},
	{"a NUL", {{CN, IA5, BYTES("a\0b"), false}}, "/CN=a\\x00b"},
	{"a type without a name", {{"\x2a\3\4", DER_UTF8, BYTES("x"), false}}, "/1.2.3.4=x"},
	{"one of many bytes", {{"\x88\x37\x83\x01", DER_UTF8, BYTES("x"), false}}, "/2.999.385=x"},
	{"an address",
		{{"\x2a\x86\x48\x86\xf7\x0d\1\x09\1", IA5, BYTES("a@b"), false}}, "/emailAddress=a@b"},
};

static void line_of_each(void)
{
	struct pool pool = {0};
	struct tls_der name = make(&pool, lines[1].parts);

	for (size_t i = 0; i < COUNT(lines); i++)
		is_text(dn_line(&pool, make(&pool, lines[i].parts)), lines[i].line, lines[i].name);
	is_text(dn_line(&pool, (struct tls_der){(const uint8_t *)"hello", 5}), "", "no name at all");
	*(uint8_t *)name.data = DER_SET;
	is_text(dn_line(&pool, name), "", "a set in place of a sequence");
	is_text(dn_line(&pool, (struct tls_der){NULL, 0}), "", "no bytes");
	pool_free(&pool);
}

/* O of LENGTH letters, then a short CN. */
static size_t line_length(size_t length)
{
	char value[2 * DN_LINE_MOST];
	const struct part parts[ATTRIBUTES_MOST] = {
		{O, DER_UTF8, value, length, false}, {CN, DER_UTF8, BYTES("x"), false}};
	struct pool pool = {0};
	size_t got;

	memset(value, 'o', sizeof value);
	got = strlen(dn_line(&pool, make(&pool, parts)));
	pool_free(&pool);
	return got;
}

static void long_lines(void)
{
	is_number((long long)line_length(247), DN_LINE_MOST, "as much as goes in");
	is_number((long long)line_length(248), 251, "a component that would exceed it is left out");
	is_number((long long)line_length(252), DN_LINE_MOST, "the first alone may fill it");
	is_number((long long)line_length(253), 0, "not exceed it");
	is_number((long long)line_length(500), 0, "by far");
}

/* What is joined goes together. */
static void long_and_joined(void)
{
	char value[200];
	const struct part parts[ATTRIBUTES_MOST] = {{C, PRINTABLE, BYTES("XX"), false},
		{O, DER_UTF8, value, 100, false}, {OU, DER_UTF8, value, sizeof value, true}};
	struct pool pool = {0};

	memset(value, 'o', sizeof value);
	is_text(dn_line(&pool, make(&pool, parts)), "/C=XX", "half a component is none");
	pool_free(&pool);
}

/* A name cut anywhere is read as far as it goes, and no further. */
static void cut_short(void)
{
	struct pool pool = {0};
	struct tls_der whole = make(&pool, lines[1].parts), part, value;
	bool fine = true;

	for (size_t length = 0; length < whole.length; length++) {
		part.data = (const uint8_t *)pool_bytes(&pool, whole.data, length);
		part.length = length;
		fine = fine && *dn_line(&pool, part) == '\0'
			&& dn_values(&pool, part, DN_COMMON_NAME, &value, 1) == 0;
	}
	ok(fine, "a part of a name is none");
	pool_free(&pool);
}

/* ---- values ---- */

static const struct {
	const char *name;
	int tag;
	const char *bytes;
	size_t length;
	const char *value;
	size_t value_length;
	bool readable;
} values[] = {
	{"PrintableString", PRINTABLE, BYTES("abc"), BYTES("abc"), true},
	{"IA5String with a NUL", IA5, BYTES("a\0b"), BYTES("a\0b"), true},
	{"Latin-1", DER_T61, BYTES("\xe9"), BYTES("\xc3\xa9"), true},
	{"UTF-8", DER_UTF8, BYTES("\xc3\xa9"), BYTES("\xc3\xa9"), true},
	{"broken UTF-8", DER_UTF8, BYTES("a\xc3"), BYTES(""), false},
	{"UTF-8 in too many bytes", DER_UTF8, BYTES("\xc0\xaf"), BYTES(""), false},
	{"two bytes each", DER_BMP, BYTES("\0a\x20\xac"), BYTES("a\xe2\x82\xac"), true},
	{"two bytes each, and one", DER_BMP, BYTES("\0a\x20"), BYTES(""), false},
	{"half a pair", DER_BMP, BYTES("\xd8\0"), BYTES(""), false},
	{"four bytes each", DER_UNIVERSAL, BYTES("\0\1\xf6\0"), BYTES("\xf0\x9f\x98\x80"), true},
	{"beyond Unicode", DER_UNIVERSAL, BYTES("\0\x11\0\0"), BYTES(""), false},
	{"far beyond", DER_UNIVERSAL, BYTES("\x7f\xff\xff\xff"), BYTES(""), false},
	{"no string", OCTETS, BYTES("abc"), BYTES(""), true},
	{"empty", DER_UTF8, BYTES(""), BYTES(""), true},
};

static bool same(struct tls_der got, const char *want, size_t length)
{
	return got.length == length && memcmp(got.data, want, length) == 0;
}

static void value_of_each(void)
{
	struct pool pool = {0};
	struct tls_der got;

	for (size_t i = 0; i < COUNT(values); i++) {
		const struct part parts[ATTRIBUTES_MOST] = {
			{CN, values[i].tag, values[i].bytes, values[i].length, false}};
		struct tls_der name = make(&pool, parts);

		ok(dn_values(&pool, name, DN_COMMON_NAME, &got, 1) == 1
				&& same(got, values[i].value, values[i].value_length),
			values[i].name);
		okf(dn_readable(name) == values[i].readable, "%s: readable or not", values[i].name);
	}
	pool_free(&pool);
}

static void values_chosen(void)
{
	static const struct part parts[ATTRIBUTES_MOST] = {
		{CN, DER_UTF8, BYTES("one"), false}, {O, DER_UTF8, BYTES("org"), false},
		{CN, DER_UTF8, BYTES("two"), true}, {CN, DER_UTF8, BYTES("three"), false}};
	struct pool pool = {0};
	struct tls_der name = make(&pool, parts), got[4];

	is_number((long long)dn_values(&pool, name, DN_COMMON_NAME, got, 4), 3, "all of a type");
	ok(same(got[0], "one", 3) && same(got[1], "two", 3) && same(got[2], "three", 5), "in order");
	is_number((long long)dn_values(&pool, name, DN_COMMON_NAME, got, 2), 2, "at most as many");
	ok(dn_values(&pool, name, DN_ORGANIZATION, got, 4) == 1 && same(got[0], "org", 3),
		"of another type");
	is_number((long long)dn_values(&pool, (struct tls_der){NULL, 0}, DN_COMMON_NAME, got, 4), 0,
		"of no name");
	pool_free(&pool);
}

int main(void)
{
	line_of_each();
	long_lines();
	long_and_joined();
	cut_short();
	value_of_each();
	values_chosen();
	return done();
}

#include <string.h>
#include "tls/dn.h"
#include "util/buf.h"
#include "util/text.h"

/* Name ::= SEQUENCE OF SET OF SEQUENCE { type OID, value ANY } */
struct attribute {
	struct tls_der type; /* contents of the OID */
	struct der_item value;
	bool joined; /* not the first of its set */
};

struct reader {
	struct tls_der sets, set; /* what is left of the name, and of its current set */
};

static struct reader read_name(struct tls_der name)
{
	struct der_item item;

	if (!der_expect(&name, DER_SEQUENCE, &item))
		return (struct reader){{NULL, 0}, {NULL, 0}};
	return (struct reader){item.inside, {NULL, 0}};
}

static bool read_attribute(struct reader *reader, struct attribute *attribute)
{
	struct der_item item, type;

	attribute->joined = reader->set.length > 0;
	if (!attribute->joined) {
		if (!der_expect(&reader->sets, DER_SET, &item))
			return false;
		reader->set = item.inside;
	}
	if (!der_expect(&reader->set, DER_SEQUENCE, &item)
		|| !der_expect(&item.inside, DER_OID, &type)
		|| !der_next(&item.inside, &attribute->value))
		return false;
	attribute->type = type.inside;
	return true;
}

static const struct tls_der types[] = {
	[DN_COMMON_NAME] = DER_OID_OF("\x55\4\3"),
	[DN_ORGANIZATION] = DER_OID_OF("\x55\4\x0a"),
};
static const struct tls_der email_address = DER_OID_OF("\x2a\x86\x48\x86\xf7\x0d\1\x09\1");

/* OpenSSL's short names, for those seen in certificates of servers. */
static const struct short_name {
	struct tls_der type;
	const char *name;
} short_names[] = {
	{DER_OID_OF("\x55\4\3"), "CN"},
	{DER_OID_OF("\x55\4\x0a"), "O"},
	{DER_OID_OF("\x55\4\x0b"), "OU"},
	{DER_OID_OF("\x55\4\6"), "C"},
	{DER_OID_OF("\x55\4\7"), "L"},
	{DER_OID_OF("\x55\4\x08"), "ST"},
	{DER_OID_OF("\x2a\x86\x48\x86\xf7\x0d\1\x09\1"), "emailAddress"},
	{DER_OID_OF("\x09\x92\x26\x89\x93\xf2\x2c\x64\1\x19"), "DC"},
	{DER_OID_OF("\x09\x92\x26\x89\x93\xf2\x2c\x64\1\1"), "UID"},
	{DER_OID_OF("\x55\4\5"), "serialNumber"},
	{DER_OID_OF("\x55\4\4"), "SN"},
	{DER_OID_OF("\x55\4\x2a"), "GN"},
	{DER_OID_OF("\x55\4\x09"), "street"},
	{DER_OID_OF("\x55\4\x0c"), "title"},
	{DER_OID_OF("\x55\4\x11"), "postalCode"},
	{DER_OID_OF("\x55\4\x0d"), "description"},
	{DER_OID_OF("\x55\4\x0f"), "businessCategory"},
	{DER_OID_OF("\x55\4\x29"), "name"},
	{DER_OID_OF("\x55\4\x2b"), "initials"},
	{DER_OID_OF("\x55\4\x2e"), "dnQualifier"},
	{DER_OID_OF("\x55\4\x61"), "organizationIdentifier"},
	{DER_OID_OF("\x2b\6\1\4\1\x82\x37\x3c\2\1\1"), "jurisdictionL"},
	{DER_OID_OF("\x2b\6\1\4\1\x82\x37\x3c\2\1\2"), "jurisdictionST"},
	{DER_OID_OF("\x2b\6\1\4\1\x82\x37\x3c\2\1\3"), "jurisdictionC"},
};

/* X.690 8.19: "1.2.3.4". Numbers above 32 bits are cut; this is for people. */
static void add_oid(struct buf *to, struct tls_der type)
{
	unsigned number = 0, first;
	bool begun = false;

	for (size_t i = 0; i < type.length; i++) {
		number = number << 7 | (type.data[i] & 0x7f);
		if (type.data[i] & 0x80)
			continue;
		first = number < 80 ? number / 40 : 2;
		if (begun)
			buf_addf(to, ".%u", number);
		else
			buf_addf(to, "%u.%u", first, number - first * 40);
		begun = true;
		number = 0;
	}
}

static void add_type(struct buf *to, struct tls_der type)
{
	for (size_t i = 0; i < COUNT(short_names); i++) {
		if (der_same(short_names[i].type, type)) {
			buf_adds(to, short_names[i].name);
			return;
		}
	}
	add_oid(to, type);
}

static void add_escaped(struct buf *to, struct tls_der value)
{
	for (size_t i = 0; i < value.length && to->length <= DN_LINE_MOST; i++) {
		int byte = value.data[i];

		if (byte < ' ' || byte > '~')
			buf_addf(to, "\\x%02X", (unsigned)byte);
		else if (byte == '/' || byte == '+')
			buf_addf(to, "\\%c", byte);
		else
			buf_addc(to, byte);
	}
}

const char *dn_line(struct pool *pool, struct tls_der name)
{
	struct reader reader = read_name(name);
	struct attribute attribute;
	struct buf line = BUF(0);
	size_t good = 0;
	const char *text;

	while (line.length <= DN_LINE_MOST && read_attribute(&reader, &attribute)) {
		if (!attribute.joined)
			good = line.length;
		buf_addc(&line, attribute.joined ? '+' : '/');
		add_type(&line, attribute.type);
		buf_addc(&line, '=');
		add_escaped(&line, attribute.value.inside);
	}
	if (line.length > DN_LINE_MOST)
		buf_truncate(&line, good);
	text = pool_text(pool, buf_text(&line));
	buf_close(&line);
	return text;
}

static void add_utf8(struct buf *to, uint32_t code)
{
	if (code < 0x80) {
		buf_addc(to, (int)code);
		return;
	}
	if (code < 0x800) {
		buf_addc(to, (int)(0xc0 | code >> 6));
	} else if (code < 0x10000) {
		buf_addc(to, (int)(0xe0 | code >> 12));
		buf_addc(to, (int)(0x80 | (code >> 6 & 0x3f)));
	} else {
		buf_addc(to, (int)(0xf0 | (code >> 18 & 7)));
		buf_addc(to, (int)(0x80 | (code >> 12 & 0x3f)));
		buf_addc(to, (int)(0x80 | (code >> 6 & 0x3f)));
	}
	buf_addc(to, (int)(0x80 | (code & 0x3f)));
}

/* Bytes a character of this string type; 0: none that we know. Teletex is Latin-1 in practice. */
static size_t width(uint8_t tag)
{
	switch (tag) {
	case DER_NUMERIC:
	case DER_PRINTABLE:
	case DER_T61:
	case DER_IA5:
	case DER_VISIBLE:
	case DER_UTF8:
		return 1;
	case DER_BMP:
		return 2;
	case DER_UNIVERSAL:
		return 4;
	default:
		return 0;
	}
}

static void add_decoded(struct buf *to, const struct der_item *value)
{
	size_t size = width(value->tag);
	uint32_t code;

	if (size == 0 || value->inside.length % size != 0)
		return;
	if (value->tag == DER_UTF8) {
		buf_add(to, value->inside.data, value->inside.length);
		return;
	}
	for (size_t i = 0; i < value->inside.length; i += size) {
		code = 0;
		for (size_t k = 0; k < size; k++)
			code = code << 8 | value->inside.data[i + k];
		add_utf8(to, code);
	}
}

static struct tls_der decode(struct pool *pool, const struct der_item *value)
{
	struct buf text = BUF(0);
	struct tls_der decoded;

	add_decoded(&text, value);
	if (!text_is_utf8(buf_text(&text), text.length))
		buf_clear(&text);
	decoded.data = (const uint8_t *)pool_bytes(pool, buf_text(&text), text.length);
	decoded.length = text.length;
	buf_close(&text);
	return decoded;
}

size_t dn_values(struct pool *pool, struct tls_der name, enum dn_type type, struct tls_der *values,
	size_t most)
{
	struct reader reader = read_name(name);
	struct attribute attribute;
	size_t count = 0;

	while (count < most && read_attribute(&reader, &attribute))
		if (der_same(attribute.type, types[type]))
			values[count++] = decode(pool, &attribute.value);
	return count;
}

static size_t mailboxes(struct tls_der name, struct tls_der *values)
{
	struct reader reader = read_name(name);
	struct attribute attribute;
	size_t count = 0;

	while (read_attribute(&reader, &attribute)) {
		if (!der_same(attribute.type, email_address))
			continue;
		if (values)
			values[count] = attribute.value.tag == DER_IA5
				? attribute.value.inside
				: (struct tls_der){NULL, 0};
		count++;
	}
	return count;
}

size_t dn_mailboxes(struct pool *pool, struct tls_der name, struct tls_der **values)
{
	*values = POOL_ARRAY(pool, struct tls_der, mailboxes(name, NULL) + 1);
	return mailboxes(name, *values);
}

bool dn_readable(struct tls_der name)
{
	struct reader reader = read_name(name);
	struct attribute attribute;
	struct pool pool = {0};
	bool readable = true;

	while (readable && read_attribute(&reader, &attribute))
		readable = width(attribute.value.tag) == 0 || attribute.value.inside.length == 0
			|| decode(&pool, &attribute.value).length > 0;
	pool_free(&pool);
	return readable;
}

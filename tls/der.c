#include <string.h>
#include "tls/der.h"

/* X.690 8.1.3: the length octets at *AT of DATA; *AT moves behind them. */
static bool read_length(struct tls_der data, size_t *at, size_t *length)
{
	size_t value, octets;

	if (*at >= data.length)
		return false;
	value = data.data[(*at)++];
	if (value >= 0x80) {
		octets = value & 0x7f;
		if (octets == 0 || octets > 4 || octets > data.length - *at)
			return false;
		for (value = 0; octets > 0; octets--)
			value = value << 8 | data.data[(*at)++];
		if (value < 0x80) /* the short form would do */
			return false;
	}
	*length = value;
	return value <= data.length - *at;
}

bool der_next(struct tls_der *rest, struct der_item *item)
{
	size_t at = 1, length;

	if (rest->length < 2 || (rest->data[0] & 0x1f) == 0x1f || !read_length(*rest, &at, &length))
		return false;
	item->tag = rest->data[0];
	item->inside = (struct tls_der){rest->data + at, length};
	item->whole = (struct tls_der){rest->data, at + length};
	rest->data += at + length;
	rest->length -= at + length;
	return true;
}

bool der_expect(struct tls_der *rest, uint8_t tag, struct der_item *item)
{
	return rest->length > 0 && rest->data[0] == tag && der_next(rest, item);
}

bool der_same(struct tls_der a, struct tls_der b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* A BIT STRING of whole bytes (X.690 8.6.2): all that keys and signatures are. */
static bool read_bits(struct tls_der *rest, struct tls_der *bits)
{
	struct der_item item;

	if (!der_expect(rest, DER_BIT_STRING, &item) || item.inside.length < 1
		|| item.inside.data[0] != 0)
		return false;
	*bits = (struct tls_der){item.inside.data + 1, item.inside.length - 1};
	return true;
}

/* version [0] EXPLICIT INTEGER DEFAULT v1 */
static bool read_version(struct tls_der *rest, int *version)
{
	struct der_item item, number;

	*version = 1;
	if (rest->length == 0 || rest->data[0] != DER_CONSTRUCTED(0))
		return true;
	if (!der_next(rest, &item) || !der_expect(&item.inside, DER_INTEGER, &number)
		|| number.inside.length != 1 || number.inside.data[0] > 2)
		return false;
	*version = number.inside.data[0] + 1;
	return true;
}

/* issuerUniqueID [1], subjectUniqueID [2], extensions [3] EXPLICIT SEQUENCE, all OPTIONAL */
static bool read_extensions(struct tls_der *rest, struct tls_der *extensions)
{
	struct der_item item, list;

	*extensions = (struct tls_der){NULL, 0};
	while (rest->length > 0) {
		if (!der_next(rest, &item))
			return false;
		if (item.tag != DER_CONSTRUCTED(3))
			continue;
		if (rest->length > 0 || !der_expect(&item.inside, DER_SEQUENCE, &list))
			return false;
		*extensions = list.inside;
	}
	return true;
}

/* TBSCertificate, RFC 5280 4.1.2 */
static bool read_tbs(struct tls_der inside, struct der_certificate *parts)
{
	struct der_item serial, algorithm, issuer, validity, subject, key;

	if (!read_version(&inside, &parts->version) || !der_expect(&inside, DER_INTEGER, &serial)
		|| !der_expect(&inside, DER_SEQUENCE, &algorithm)
		|| !der_expect(&inside, DER_SEQUENCE, &issuer)
		|| !der_expect(&inside, DER_SEQUENCE, &validity)
		|| !der_expect(&inside, DER_SEQUENCE, &subject)
		|| !der_expect(&inside, DER_SEQUENCE, &key)
		|| !read_extensions(&inside, &parts->extensions))
		return false;
	parts->serial = serial.inside;
	parts->issuer = issuer.whole;
	parts->validity = validity.inside;
	parts->subject = subject.whole;
	parts->key = key.whole;
	return true;
}

bool der_certificate(struct tls_der certificate, struct der_certificate *parts)
{
	struct der_item outer, tbs, algorithm;
	struct der_certificate read = {.version = 0};

	if (!der_expect(&certificate, DER_SEQUENCE, &outer) || certificate.length > 0
		|| !der_expect(&outer.inside, DER_SEQUENCE, &tbs)
		|| !der_expect(&outer.inside, DER_SEQUENCE, &algorithm)
		|| !read_bits(&outer.inside, &read.signature) || outer.inside.length > 0
		|| !read_tbs(tbs.inside, &read))
		return false;
	read.tbs = tbs.whole;
	*parts = read;
	return true;
}

/* Extension ::= SEQUENCE { extnID OID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } */
static bool read_extension(struct tls_der *rest, struct tls_der *oid, struct tls_der *value)
{
	struct der_item extension, id, critical, octets;

	if (!der_expect(rest, DER_SEQUENCE, &extension)
		|| !der_expect(&extension.inside, DER_OID, &id))
		return false;
	der_expect(&extension.inside, DER_BOOLEAN, &critical);
	if (!der_expect(&extension.inside, DER_OCTET_STRING, &octets))
		return false;
	*oid = id.inside;
	*value = octets.inside;
	return true;
}

enum der_found der_extension(const struct der_certificate *parts, struct tls_der oid,
	struct tls_der *value)
{
	struct tls_der rest = parts->extensions, id, octets, found = {NULL, 0};

	while (rest.length > 0) {
		if (!read_extension(&rest, &id, &octets))
			return DER_BROKEN;
		if (!der_same(id, oid))
			continue;
		if (found.data)
			return DER_BROKEN; /* RFC 5280 4.2: at most once */
		found = octets;
	}
	if (found.data == NULL)
		return DER_ABSENT;
	*value = found;
	return DER_FOUND;
}

bool der_is_key(struct tls_der key)
{
	struct der_item outer, algorithm;
	struct tls_der bits;

	return der_expect(&key, DER_SEQUENCE, &outer) && key.length == 0
		&& der_expect(&outer.inside, DER_SEQUENCE, &algorithm)
		&& read_bits(&outer.inside, &bits) && outer.inside.length == 0;
}

#include "tls/dn.h"
#include "tls/extensions.h"
#include "util/macros.h"

typedef bool form(struct tls_der bytes);

/* --- simple values --- */

/* Takes an OPTIONAL item: false only if one with this tag is there and not of the form. */
static bool option(struct tls_der *rest, uint8_t tag, form *inside)
{
	struct der_item item;

	if (rest->length == 0 || rest->data[0] != tag)
		return true;
	return der_next(rest, &item) && inside(item.inside);
}

static bool is_anything(struct tls_der inside UNUSED)
{
	return true;
}

static bool is_boolean(struct tls_der inside)
{
	return inside.length == 1;
}

/* X.690 8.3.2: the first nine bits are not all the same. */
static bool is_integer(struct tls_der inside)
{
	if (inside.length < 2)
		return inside.length == 1;
	return inside.data[0] != (inside.data[1] & 0x80 ? 0xff : 0x00);
}

static bool is_natural(struct tls_der inside)
{
	return is_integer(inside) && (inside.data[0] & 0x80) == 0;
}

/* X.690 8.6.2: the first byte says how many bits of the last are not used. */
static bool is_bits(struct tls_der inside)
{
	return inside.length > 0 && inside.data[0] <= (inside.length > 1 ? 7 : 0);
}

/* X.690 8.19.2: every part ends, and none begins with nothing. */
static bool is_oid(struct tls_der inside)
{
	bool begins = true;

	for (size_t i = 0; i < inside.length; i++) {
		if (begins && inside.data[i] == 0x80)
			return false;
		begins = (inside.data[i] & 0x80) == 0;
	}
	return inside.length > 0 && begins;
}

/* --- names --- */

/* AttributeTypeAndValue */
static bool is_attribute(struct tls_der inside)
{
	struct der_item type, value;

	return der_expect(&inside, DER_OID, &type) && is_oid(type.inside)
		&& der_next(&inside, &value) && inside.length == 0;
}

static bool is_list(struct tls_der inside, uint8_t tag, form *one)
{
	struct der_item item;

	while (der_expect(&inside, tag, &item))
		if (!one(item.inside))
			return false;
	return inside.length == 0;
}

static bool is_rdn(struct tls_der inside)
{
	return is_list(inside, DER_SEQUENCE, is_attribute);
}

/* [4] EXPLICIT Name */
static bool is_directory_name(struct tls_der inside)
{
	struct der_item name;

	return der_expect(&inside, DER_SEQUENCE, &name) && inside.length == 0
		&& is_list(name.inside, DER_SET, is_rdn) && dn_readable(name.whole);
}

/* type-id OID, value [0] EXPLICIT ANY */
static bool is_other_name(struct tls_der inside)
{
	struct der_item type, value, any;

	return der_expect(&inside, DER_OID, &type) && is_oid(type.inside)
		&& der_expect(&inside, DER_CONSTRUCTED(0), &value) && inside.length == 0
		&& der_next(&value.inside, &any) && value.inside.length == 0;
}

/* RFC 5280 4.2.1.6. An x400Address [3] or ediPartyName [5] nobody has. */
static bool is_general_name(const struct der_item *item)
{
	switch (item->tag) {
	case GENERAL_OTHER:
		return is_other_name(item->inside);
	case GENERAL_MAIL:
	case GENERAL_DNS:
	case GENERAL_URI:
	case GENERAL_ADDRESS:
		return true;
	case GENERAL_DIRECTORY:
		return is_directory_name(item->inside);
	case GENERAL_REGISTERED:
		return is_oid(item->inside);
	default:
		return false;
	}
}

static bool is_general_names(struct tls_der inside)
{
	struct der_item item;

	while (der_next(&inside, &item))
		if (!is_general_name(&item))
			return false;
	return inside.length == 0;
}

/* --- the extensions, by what is in them --- */

static bool is_key_id(struct tls_der value)
{
	struct der_item item;

	return der_expect(&value, DER_OCTET_STRING, &item) && value.length == 0;
}

static bool is_authority_key_id(struct tls_der inside)
{
	return option(&inside, DER_CONTEXT(0), is_anything)
		&& option(&inside, DER_CONSTRUCTED(1), is_general_names)
		&& option(&inside, DER_CONTEXT(2), is_integer) && inside.length == 0;
}

/* Of a use that is none OpenSSL makes the same as of one that cannot be read. */
static bool is_key_usage(struct tls_der value)
{
	struct der_item item;
	uint8_t any = 0;

	if (!der_expect(&value, DER_BIT_STRING, &item) || value.length > 0 || !is_bits(item.inside))
		return false;
	for (size_t i = 1; i < item.inside.length && i <= 2; i++)
		any |= item.inside.data[i];
	return any != 0;
}

static bool is_basic_constraints(struct tls_der inside)
{
	return option(&inside, DER_BOOLEAN, is_boolean) && option(&inside, DER_INTEGER, is_natural)
		&& inside.length == 0;
}

/* base GeneralName, minimum [0], maximum [1] */
static bool is_subtree(struct tls_der inside)
{
	struct der_item base;

	return der_next(&inside, &base) && is_general_name(&base)
		&& option(&inside, DER_CONTEXT(0), is_integer)
		&& option(&inside, DER_CONTEXT(1), is_integer) && inside.length == 0;
}

static bool is_subtrees(struct tls_der inside)
{
	return is_list(inside, DER_SEQUENCE, is_subtree);
}

static bool is_name_constraints(struct tls_der inside)
{
	return option(&inside, DER_CONSTRUCTED(0), is_subtrees)
		&& option(&inside, DER_CONSTRUCTED(1), is_subtrees) && inside.length == 0;
}

static bool is_purposes(struct tls_der inside)
{
	return is_list(inside, DER_OID, is_oid);
}

/* CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] RDN } */
static bool is_point_name(struct tls_der inside)
{
	return inside.length > 0 && option(&inside, DER_CONSTRUCTED(0), is_general_names)
		&& option(&inside, DER_CONSTRUCTED(1), is_rdn) && inside.length == 0;
}

/* distributionPoint [0] EXPLICIT, reasons [1], cRLIssuer [2] */
static bool is_point(struct tls_der inside)
{
	return option(&inside, DER_CONSTRUCTED(0), is_point_name)
		&& option(&inside, DER_CONTEXT(1), is_bits)
		&& option(&inside, DER_CONSTRUCTED(2), is_general_names) && inside.length == 0;
}

static bool is_points(struct tls_der inside)
{
	return is_list(inside, DER_SEQUENCE, is_point);
}

static const struct extension {
	uint8_t oid;     /* its last byte, after 2.5.29 */
	form *value;     /* of the whole, or */
	form *sequence;  /* of what is in its SEQUENCE */
} extensions[] = {
	{0x0e, is_key_id, NULL},
	{0x0f, is_key_usage, NULL},
	{0x11, NULL, is_general_names},
	{0x13, NULL, is_basic_constraints},
	{0x1e, NULL, is_name_constraints},
	{0x1f, NULL, is_points},
	{0x23, NULL, is_authority_key_id},
	{0x25, NULL, is_purposes},
};

static bool is_readable(const struct der_certificate *parts, const struct extension *extension)
{
	uint8_t oid[3] = {0x55, 0x1d, extension->oid};
	struct der_item list;
	struct tls_der value;

	switch (der_extension(parts, (struct tls_der){oid, sizeof oid}, &value)) {
	case DER_ABSENT:
		return true;
	case DER_BROKEN:
		return false;
	case DER_FOUND:
		break;
	}
	if (extension->value)
		return extension->value(value);
	return der_expect(&value, DER_SEQUENCE, &list) && value.length == 0
		&& extension->sequence(list.inside);
}

bool extensions_readable(const struct der_certificate *parts)
{
	for (size_t i = 0; i < COUNT(extensions); i++)
		if (!is_readable(parts, &extensions[i]))
			return false;
	return true;
}

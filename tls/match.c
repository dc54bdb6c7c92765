#include <string.h>
#include "tls/match.h"
#include "util/addr.h"

static int fold(int byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

static bool same(const char *a, const uint8_t *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (fold((uint8_t)a[i]) != fold(b[i]))
			return false;
	return true;
}

static bool is_ldh(int byte)
{
	byte = fold(byte);
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
}

/* Length of the label in front: letters, digits and inner hyphens, up to a dot or the end. 0: none.
 */
static size_t label(const uint8_t *name, size_t length)
{
	size_t end = 0;

	while (end < length && name[end] != '.')
		if (!is_ldh(name[end++]))
			return 0;
	return end > 0 && name[0] != '-' && name[end - 1] != '-' ? end : 0;
}

/* "*", and at least two labels: RFC 6125 6.4.3 without the partial wildcards. */
static bool is_wildcard(struct tls_der name)
{
	size_t labels = 0, at = 1, size;

	if (name.length == 0 || name.data[0] != '*')
		return false;
	for (; at < name.length; labels++) {
		if (name.data[at++] != '.' || (size = label(name.data + at, name.length - at)) == 0)
			return false;
		at += size;
	}
	return labels >= 2;
}

/* What "*" stands for: one label, or several if MANY; a literal "*" too, as in OpenSSL. */
static bool star_is(const char *text, size_t length, bool many)
{
	if (length == 1 && text[0] == '*')
		return true;
	if (length == 0 || text[0] == '.' || text[length - 1] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_ldh(text[i]) && !(many && text[i] == '.' && text[i - 1] != '.'))
			return false;
	return true;
}

/* Does NAME, "*.a.example", cover REFERENCE, "mx.a.example"? */
static bool covers(struct tls_der name, const char *reference, bool many)
{
	size_t length = strlen(reference), rest = name.length - 1;

	return length > rest && same(reference + length - rest, name.data + 1, rest)
		&& star_is(reference, length - rest, many);
}

/* Is NAME below REFERENCE, ".a.example"? A wildcard is compared as it is written. */
static bool below(struct tls_der name, const char *reference)
{
	size_t length = strlen(reference);

	return length > 1 && name.length > length && name.data[name.length - length - 1] != '.'
		&& same(reference, name.data + name.length - length, length);
}

bool match_host(const char *reference, struct tls_der name, bool many_labels)
{
	if (name.length == 0 || memchr(name.data, '\0', name.length))
		return false;
	if (reference[0] == '.')
		return below(name, reference);
	if (strlen(reference) == name.length && same(reference, name.data, name.length))
		return true;
	return is_wildcard(name) && covers(name, reference, many_labels);
}

bool match_address(const char *reference, struct tls_der bytes)
{
	struct addr want, have;

	return addr_parse(&want, reference, 0)
		&& addr_from_bytes(&have, bytes.data, bytes.length, 0)
		&& addr_same_host(&want, &have);
}

static const struct match_name *find_host(const char *reference, const struct match_name *names,
	size_t count, enum match_kind kind, bool many_labels)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].kind == kind && match_host(reference, names[i].bytes, many_labels))
			return &names[i];
	return NULL;
}

static const struct match_name *find_address(const char *reference, const struct match_name *names,
	size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].kind == MATCH_ADDRESS && match_address(reference, names[i].bytes))
			return &names[i];
	return NULL;
}

/* RFC 6125 6.4.4: commonName is a last resort. */
static enum match_kind kind_that_counts(const struct match_name *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].kind == MATCH_DNS)
			return MATCH_DNS;
	return MATCH_COMMON;
}

/* The first acceptable host name that is met. *ASKED: is there any to be met? */
static struct match match_hosts(const struct tls_name *acceptable, size_t count,
	const struct match_name *names, size_t name_count, bool many_labels, bool *asked)
{
	enum match_kind kind = kind_that_counts(names, name_count);
	const struct match_name *by;

	*asked = false;
	for (size_t i = 0; i < count; i++) {
		if (addr_is_numeric(acceptable[i].name))
			continue;
		*asked = true;
		by = find_host(acceptable[i].name, names, name_count, kind, many_labels);
		if (by)
			return (struct match){MATCH_OK, &acceptable[i], by};
	}
	return (struct match){MATCH_NO_HOST, NULL, NULL};
}

static struct match match_first_address(const struct tls_name *acceptable, size_t count,
	const struct match_name *names, size_t name_count)
{
	const struct match_name *by;

	for (size_t i = 0; i < count; i++) {
		if (!addr_is_numeric(acceptable[i].name))
			continue;
		by = find_address(acceptable[i].name, names, name_count);
		return by ? (struct match){MATCH_OK, &acceptable[i], by}
			  : (struct match){MATCH_NO_ADDRESS, NULL, NULL};
	}
	return (struct match){MATCH_OK, NULL, NULL}; /* none was asked for */
}

struct match match_names(const struct tls_name *acceptable, size_t count,
	const struct match_name *names, size_t name_count, struct match_rules rules)
{
	bool asked;
	struct match address = {MATCH_OK, NULL, NULL};
	struct match host =
		match_hosts(acceptable, count, names, name_count, rules.many_labels, &asked);

	if (rules.addresses)
		address = match_first_address(acceptable, count, names, name_count);
	if (asked && host.is != MATCH_OK)
		return host;
	if (address.is != MATCH_OK || (!asked && address.by))
		return address;
	return host;
}

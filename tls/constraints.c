#include <string.h>
#include "tls/constraints.h"
#include "util/macros.h"

/* GeneralName, RFC 5280 4.2.1.6: the kinds that are compared here; the rest is GnuTLS's. */
enum { GENERAL_DNS = DER_CONTEXT(2), GENERAL_DIRECTORY = DER_CONSTRUCTED(4),
	GENERAL_ADDRESS = DER_CONTEXT(7) };

struct general {
	uint8_t tag;
	struct tls_der bytes; /* contents; of a directory name the Name, whole */
};

struct names {
	struct general *names;
	size_t count;
};

static const struct tls_der name_constraints = {(const uint8_t *)"\x55\x1d\x1e", 3},
			    subject_alt_name = {(const uint8_t *)"\x55\x1d\x11", 3};

/* --- comparing: is NAME in the subtree BASE? UNSURE counts against the certificate --- */

enum within { OUTSIDE, WITHIN, UNSURE };

static int fold(int byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

static bool same_text(const uint8_t *a, const uint8_t *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (fold(a[i]) != fold(b[i]))
			return false;
	return true;
}

/* Labels may be added on the left; a dot in front of BASE asks for at least one, as in OpenSSL. */
static enum within host_within(struct tls_der name, struct tls_der base)
{
	size_t more = name.length - base.length;

	if (base.length == 0)
		return WITHIN;
	if (name.length < base.length)
		return OUTSIDE;
	if (more > 0 && base.data[0] != '.' && name.data[more - 1] != '.')
		return OUTSIDE;
	return same_text(name.data + more, base.data, base.length) ? WITHIN : OUTSIDE;
}

/* BASE is an address and a mask, one after the other. */
static enum within address_within(struct tls_der name, struct tls_der base)
{
	size_t size = base.length / 2;

	if ((base.length != 8 && base.length != 32) || (name.length != 4 && name.length != 16))
		return UNSURE;
	if (name.length != size)
		return OUTSIDE;
	for (size_t i = 0; i < size; i++)
		if ((name.data[i] ^ base.data[i]) & base.data[size + i])
			return OUTSIDE;
	return WITHIN;
}

static bool is_plain_string(uint8_t tag)
{
	return tag == DER_UTF8 || tag == 0x13 || tag == 0x16; /* PrintableString, IA5String */
}

/* SET OF SEQUENCE { type, value }: letters are the same in either case (RFC 5280 7.1). */
static enum within same_rdn(struct tls_der name, struct tls_der base)
{
	struct der_item type, other_type, value, other, pair, other_pair;

	if (der_same(name, base))
		return WITHIN;
	if (!der_expect(&name, DER_SEQUENCE, &pair) || !der_expect(&base, DER_SEQUENCE, &other_pair)
		|| name.length > 0 || base.length > 0 /* several values in one */
		|| !der_expect(&pair.inside, DER_OID, &type)
		|| !der_expect(&other_pair.inside, DER_OID, &other_type)
		|| !der_next(&pair.inside, &value) || !der_next(&other_pair.inside, &other))
		return UNSURE;
	if (!der_same(type.inside, other_type.inside))
		return OUTSIDE;
	if (value.inside.length == other.inside.length && is_plain_string(value.tag)
		&& is_plain_string(other.tag)
		&& same_text(value.inside.data, other.inside.data, value.inside.length))
		return WITHIN;
	return UNSURE; /* blanks, other encodings: what differs in bytes may be the same text */
}

/* BASE is the beginning of NAME. */
static enum within directory_within(struct tls_der name, struct tls_der base)
{
	struct der_item sets, base_sets, set, base_set;
	enum within all = WITHIN, one;

	if (!der_expect(&name, DER_SEQUENCE, &sets) || !der_expect(&base, DER_SEQUENCE, &base_sets))
		return UNSURE;
	while (base_sets.inside.length > 0) {
		if (sets.inside.length == 0)
			return OUTSIDE;
		if (!der_expect(&sets.inside, DER_SET, &set)
			|| !der_expect(&base_sets.inside, DER_SET, &base_set))
			return UNSURE;
		one = same_rdn(set.inside, base_set.inside);
		if (one == OUTSIDE)
			return OUTSIDE;
		if (one == UNSURE)
			all = UNSURE;
	}
	return all;
}

static enum within is_within(const struct general *name, struct tls_der base)
{
	switch (name->tag) {
	case GENERAL_DNS:
		return host_within(name->bytes, base);
	case GENERAL_ADDRESS:
		return address_within(name->bytes, base);
	default:
		return directory_within(name->bytes, base);
	}
}

static bool is_compared(uint8_t tag)
{
	return tag == GENERAL_DNS || tag == GENERAL_ADDRESS || tag == GENERAL_DIRECTORY;
}

/* --- GeneralSubtrees --- */

/* GeneralSubtree ::= SEQUENCE { base, minimum [0] DEFAULT 0, maximum [1] }: never used otherwise. */
static bool next_subtree(struct tls_der *rest, struct der_item *base)
{
	static const struct tls_der zero = {(const uint8_t *)"\x80\1\0", 3}; /* some write it out */
	struct der_item subtree;

	return der_expect(rest, DER_SEQUENCE, &subtree) && der_next(&subtree.inside, base)
		&& (subtree.inside.length == 0 || der_same(subtree.inside, zero));
}

/* Of those of its kind it must be in one, if there are any. */
static bool is_permitted(const struct general *name, struct tls_der subtrees)
{
	bool any = false, found = false;
	struct der_item base;

	while (!found && next_subtree(&subtrees, &base)) {
		if (base.tag != name->tag || !is_compared(base.tag))
			continue;
		any = true;
		found = is_within(name, base.inside) == WITHIN;
	}
	return found || !any;
}

static bool is_excluded(const struct general *name, struct tls_der subtrees)
{
	struct der_item base;

	while (next_subtree(&subtrees, &base))
		if (base.tag == name->tag
			&& (!is_compared(base.tag) || is_within(name, base.inside) != OUTSIDE))
			return true;
	return false;
}

/* How many there are; SIZE_MAX: they cannot be read. */
static size_t count_subtrees(struct tls_der subtrees)
{
	struct der_item base;
	size_t count = 0;

	while (subtrees.length > 0) {
		if (!next_subtree(&subtrees, &base))
			return SIZE_MAX;
		count++;
	}
	return count;
}

/* --- the names of the leaf --- */

static void add(struct names *names, uint8_t tag, struct tls_der bytes)
{
	if (names->names)
		names->names[names->count] = (struct general){tag, bytes};
	names->count++;
}

/* A commonName that can be taken for a host's. */
static bool is_host_like(struct tls_der name)
{
	bool dot = false;

	for (size_t i = 0; i < name.length; i++) {
		int byte = fold(name.data[i]);

		dot = dot || byte == '.';
		if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9')
			&& (byte == '\0' || strchr("-_.*", byte) == NULL))
			return false;
	}
	return dot;
}

static void add_common(struct names *names, const struct certificate *leaf, struct pool *pool)
{
	struct match_name *all;
	size_t count = certificate_names(leaf, pool, &all);

	for (size_t i = 0; i < count; i++)
		if (all[i].kind == MATCH_DNS)
			return;
	for (size_t i = 0; i < count; i++)
		if (all[i].kind == MATCH_COMMON && is_host_like(all[i].bytes))
			add(names, GENERAL_DNS, all[i].bytes);
}

static void add_all(struct names *names, const struct certificate *leaf, struct pool *pool)
{
	struct tls_der value, subject = leaf->parts.subject;
	struct der_item list, item;

	if (der_extension(&leaf->parts, subject_alt_name, &value) == DER_FOUND
		&& der_expect(&value, DER_SEQUENCE, &list))
		while (der_next(&list.inside, &item))
			add(names, item.tag, item.inside);
	if (subject.length > 2)
		add(names, GENERAL_DIRECTORY, subject);
	add_common(names, leaf, pool);
}

static struct names names_of(const struct certificate *leaf, struct pool *pool)
{
	struct names all = {NULL, 0};

	add_all(&all, leaf, pool);
	all = (struct names){POOL_ARRAY(pool, struct general, all.count + 1), 0};
	add_all(&all, leaf, pool);
	return all;
}

/* --- authorities --- */

struct subtrees {
	struct tls_der permitted, excluded;
};

/* NameConstraints ::= SEQUENCE { permittedSubtrees [0] OPTIONAL, excludedSubtrees [1] OPTIONAL } */
static bool read_subtrees(const struct certificate *authority, struct subtrees *read)
{
	struct tls_der value;
	struct der_item list, item;

	*read = (struct subtrees){{NULL, 0}, {NULL, 0}};
	switch (der_extension(&authority->parts, name_constraints, &value)) {
	case DER_ABSENT:
		return true;
	case DER_BROKEN:
		return false;
	case DER_FOUND:
		break;
	}
	if (!der_expect(&value, DER_SEQUENCE, &list) || value.length > 0)
		return false;
	if (der_expect(&list.inside, DER_CONSTRUCTED(0), &item))
		read->permitted = item.inside;
	if (der_expect(&list.inside, DER_CONSTRUCTED(1), &item))
		read->excluded = item.inside;
	return list.inside.length == 0;
}

/* Subtrees of the whole path; SIZE_MAX: some cannot be read. */
static size_t count_all(const struct certificate *const *path, size_t count)
{
	struct subtrees subtrees;
	size_t all = 0, permitted, excluded;

	for (size_t i = 1; i < count; i++) {
		if (!read_subtrees(path[i], &subtrees))
			return SIZE_MAX;
		permitted = count_subtrees(subtrees.permitted);
		excluded = count_subtrees(subtrees.excluded);
		if (permitted == SIZE_MAX || excluded == SIZE_MAX)
			return SIZE_MAX;
		all += permitted + excluded;
	}
	return all;
}

static enum problem check(const struct certificate *authority, const struct names *names)
{
	struct subtrees subtrees;

	read_subtrees(authority, &subtrees);
	for (size_t i = 0; i < names->count; i++) {
		if (!is_permitted(&names->names[i], subtrees.permitted))
			return PROBLEM_NOT_PERMITTED;
		if (is_excluded(&names->names[i], subtrees.excluded))
			return PROBLEM_EXCLUDED;
	}
	return PROBLEM_NONE;
}

enum problem constraints_check(const struct certificate *const *path, size_t count)
{
	size_t subtrees = count_all(path, count);
	enum problem problem = PROBLEM_NONE;
	struct pool pool = {0};
	struct names names;

	if (subtrees == 0)
		return PROBLEM_NONE;
	if (subtrees > CONSTRAINTS_MOST)
		return PROBLEM_CONSTRAINTS;
	names = names_of(path[0], &pool);
	if (names.count > CONSTRAINTS_COMPARISONS / subtrees)
		problem = PROBLEM_CONSTRAINTS;
	for (size_t i = 1; i < count && problem == PROBLEM_NONE; i++)
		problem = check(path[i], &names);
	pool_free(&pool);
	return problem;
}

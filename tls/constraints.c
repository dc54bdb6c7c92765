#include <string.h>
#include "tls/constraints.h"
#include "tls/dn.h"
#include "util/macros.h"

struct general {
	uint8_t tag;          /* enum der_general */
	struct tls_der bytes; /* contents; of a directory name the Name, whole */
	bool broken;          /* never good below a limit, whatever the limit is */
};

struct names {
	struct general *names;
	size_t count;
};

static const struct tls_der name_constraints = DER_OID_OF("\x55\x1d\x1e"),
			    subject_alt_name = DER_OID_OF("\x55\x1d\x11");
/* SmtpUTF8Mailbox, RFC 9598 3: an otherName, but limited as a mailbox is */
static const struct tls_der utf8_mailbox = DER_OID_OF("\x2b\6\1\5\5\7\x08\x09");

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

/* A dot in front of BASE asks for a host below it, else it is that host (RFC 5280 4.2.1.10). */
static enum within exact_host_within(struct tls_der host, struct tls_der base)
{
	size_t more = host.length - base.length;

	if (base.length == 0 || host.length < base.length
		|| (more > 0) != (base.data[0] == '.'))
		return OUTSIDE;
	return same_text(host.data + more, base.data, base.length) ? WITHIN : OUTSIDE;
}

/* What is behind the first COUNT bytes. */
static struct tls_der after(struct tls_der text, size_t count)
{
	return (struct tls_der){text.data + count, text.length - count};
}

/* How many bytes are in front of the first one of STOPS; all, if there is none. */
static size_t up_to(struct tls_der text, const char *stops)
{
	size_t i = 0;

	while (i < text.length && (text.data[i] == '\0' || strchr(stops, text.data[i]) == NULL))
		i++;
	return i;
}

/* Is it one or more letters, digits, "-", "_", and MORE? */
static bool is_made_of_host(struct tls_der name, const char *more)
{
	for (size_t i = 0; i < name.length; i++) {
		int byte = fold(name.data[i]);

		if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9')
			&& (byte == '\0' || (strchr("-_", byte) == NULL && strchr(more, byte) == NULL)))
			return false;
	}
	return name.length > 0;
}

/*
 * scheme "://" host [":" port] ["/" ...]. OpenSSL takes what is in front of any colon for the host;
 * that is one only where it looks like one, and no user's name, which "@" would tell.
 */
static enum within uri_within(struct tls_der uri, struct tls_der base)
{
	struct tls_der rest = after(uri, up_to(uri, ":")), host;
	size_t colon;

	if (rest.length < 3 || memcmp(rest.data, "://", 3) != 0)
		return UNSURE;
	rest = after(rest, 3);
	colon = up_to(rest, ":");
	host = (struct tls_der){rest.data, colon < rest.length ? colon : up_to(rest, "/")};
	if (!is_made_of_host(host, ".") || up_to(rest, "@") < up_to(rest, "/?#"))
		return UNSURE;
	return exact_host_within(host, base);
}

/* BASE is a mailbox, a host, or, with a dot in front, what is below it. */
static enum within mail_within(struct tls_der mail, struct tls_der base)
{
	size_t at = up_to(mail, "@"), base_at = up_to(base, "@");
	struct tls_der host;

	if (at == 0 || at == mail.length || up_to(after(mail, at + 1), "@") < mail.length - at - 1)
		return UNSURE; /* not one "@": which part is the host? */
	host = after(mail, at + 1);
	if (!is_made_of_host(host, "."))
		return UNSURE;
	if (base_at == base.length)
		return exact_host_within(host, base);
	if (base_at > 0 && (base_at != at || memcmp(mail.data, base.data, at) != 0))
		return OUTSIDE;
	base = after(base, base_at + 1);
	if (base.length > 0 && base.data[0] == '.')
		return UNSURE;
	return exact_host_within(host, base);
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
	return tag == DER_UTF8 || tag == DER_IA5 || tag == DER_PRINTABLE;
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
	case GENERAL_MAIL:
		return mail_within(name->bytes, base);
	case GENERAL_DNS:
		return host_within(name->bytes, base);
	case GENERAL_DIRECTORY:
		return directory_within(name->bytes, base);
	case GENERAL_URI:
		return uri_within(name->bytes, base);
	case GENERAL_ADDRESS:
		return address_within(name->bytes, base);
	default:
		return UNSURE; /* nobody compares these */
	}
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

/* OTHERWISE, or what is told of a name that could not be compared. */
static enum problem unsure(const struct general *name, enum problem otherwise)
{
	switch (name->tag) {
	case GENERAL_MAIL:
	case GENERAL_URI:
		return PROBLEM_LIMITED_NAME;
	case GENERAL_DNS:
	case GENERAL_DIRECTORY:
	case GENERAL_ADDRESS:
		return otherwise;
	default:
		return PROBLEM_LIMIT_KIND;
	}
}

/* Of those of its kind it must be in one, if there are any. */
static enum problem check_permitted(const struct general *name, struct tls_der subtrees)
{
	enum problem problem = PROBLEM_NONE;
	struct der_item base;

	while (next_subtree(&subtrees, &base)) {
		if (base.tag != name->tag)
			continue;
		switch (is_within(name, base.inside)) {
		case WITHIN:
			return PROBLEM_NONE;
		case OUTSIDE:
			problem = PROBLEM_NOT_PERMITTED;
			break;
		case UNSURE:
			problem = unsure(name, PROBLEM_NOT_PERMITTED);
			break;
		}
	}
	return problem;
}

static enum problem check_excluded(const struct general *name, struct tls_der subtrees)
{
	struct der_item base;

	while (next_subtree(&subtrees, &base)) {
		if (base.tag != name->tag)
			continue;
		switch (is_within(name, base.inside)) {
		case WITHIN:
			return PROBLEM_EXCLUDED;
		case OUTSIDE:
			break;
		case UNSURE:
			return unsure(name, PROBLEM_EXCLUDED);
		}
	}
	return PROBLEM_NONE;
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

/* --- the names of a certificate --- */

static void add(struct names *names, uint8_t tag, struct tls_der bytes)
{
	if (names->names)
		names->names[names->count] = (struct general){tag, bytes, false};
	names->count++;
}

static void add_broken(struct names *names, uint8_t tag)
{
	if (names->names)
		names->names[names->count] = (struct general){tag, {NULL, 0}, true};
	names->count++;
}

/* A commonName that can be taken for a host's. */
static bool is_host_like(struct tls_der name)
{
	return is_made_of_host(name, ".*") && up_to(name, ".") < name.length;
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

static void add_alternative(struct names *names, const struct der_item *item)
{
	struct tls_der rest = item->inside;
	struct der_item type;

	if (item->tag == GENERAL_OTHER
		&& (!der_expect(&rest, DER_OID, &type) || der_same(type.inside, utf8_mailbox)))
		add(names, GENERAL_MAIL, after(rest, rest.length)); /* of an unknown host */
	add(names, item->tag, item->inside);
}

static void add_alternatives(struct names *names, const struct certificate *certificate)
{
	enum der_found found;
	struct tls_der value;
	struct der_item list, item;

	found = der_extension(&certificate->parts, subject_alt_name, &value);
	if (found == DER_ABSENT)
		return;
	if (found == DER_BROKEN || !der_expect(&value, DER_SEQUENCE, &list)) {
		add_broken(names, GENERAL_DNS);
		return;
	}
	while (der_next(&list.inside, &item))
		add_alternative(names, &item);
	if (list.inside.length > 0)
		add_broken(names, GENERAL_DNS);
}

/* The subject, and the mailboxes in it (RFC 5280 4.2.1.10): IA5Strings, others can't be compared. */
static void add_subject(struct names *names, struct tls_der subject, struct pool *pool)
{
	struct tls_der *mails;
	size_t count = dn_mailboxes(pool, subject, &mails);

	if (subject.length > 2)
		add(names, GENERAL_DIRECTORY, subject);
	for (size_t i = 0; i < count; i++) {
		if (mails[i].data)
			add(names, GENERAL_MAIL, mails[i]);
		else
			add_broken(names, GENERAL_MAIL);
	}
}

static void add_all(struct names *names, const struct certificate *certificate, bool leaf,
	struct pool *pool)
{
	add_alternatives(names, certificate);
	add_subject(names, certificate->parts.subject, pool);
	if (leaf)
		add_common(names, certificate, pool);
}

static struct names names_of(const struct certificate *certificate, bool leaf, struct pool *pool)
{
	struct names all = {NULL, 0};

	add_all(&all, certificate, leaf, pool);
	all = (struct names){POOL_ARRAY(pool, struct general, all.count + 1), 0};
	add_all(&all, certificate, leaf, pool);
	return all;
}

/* --- authorities --- */

struct subtrees {
	struct tls_der permitted, excluded;
	bool any; /* there is such an extension, be it empty */
};

/* NameConstraints ::= SEQUENCE { permittedSubtrees [0] OPTIONAL, excludedSubtrees [1] OPTIONAL } */
static bool read_subtrees(const struct certificate *authority, struct subtrees *read)
{
	struct tls_der value;
	struct der_item list, item;

	*read = (struct subtrees){{NULL, 0}, {NULL, 0}, false};
	switch (der_extension(&authority->parts, name_constraints, &value)) {
	case DER_ABSENT:
		return true;
	case DER_BROKEN:
		return false;
	case DER_FOUND:
		break;
	}
	read->any = true;
	if (!der_expect(&value, DER_SEQUENCE, &list) || value.length > 0)
		return false;
	if (der_expect(&list.inside, DER_CONSTRUCTED(0), &item))
		read->permitted = item.inside;
	if (der_expect(&list.inside, DER_CONSTRUCTED(1), &item))
		read->excluded = item.inside;
	return list.inside.length == 0;
}

bool constraints_permit(const struct certificate *authority)
{
	struct subtrees subtrees;

	return read_subtrees(authority, &subtrees) && subtrees.permitted.length > 0;
}

/* Subtrees of the whole path, and one for each extension; SIZE_MAX: some cannot be read. */
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
		all += permitted + excluded + subtrees.any;
	}
	return all;
}

static enum problem check_name(const struct general *name, const struct subtrees *subtrees)
{
	enum problem problem;

	if (name->broken)
		return PROBLEM_LIMITED_NAME;
	problem = check_permitted(name, subtrees->permitted);
	return problem != PROBLEM_NONE ? problem : check_excluded(name, subtrees->excluded);
}

static enum problem check(const struct certificate *authority, const struct names *names)
{
	enum problem problem = PROBLEM_NONE;
	struct subtrees subtrees;

	read_subtrees(authority, &subtrees);
	for (size_t i = 0; subtrees.any && i < names->count && problem == PROBLEM_NONE; i++)
		problem = check_name(&names->names[i], &subtrees);
	return problem;
}

/* Holds the one at DEPTH against all above it. *LEFT: how many comparisons it may take. */
static enum problem check_below(const struct certificate *const *path, size_t count, size_t depth,
	size_t subtrees, size_t *left)
{
	enum problem problem = PROBLEM_NONE;
	struct pool pool = {0};
	struct names names = names_of(path[depth], depth == 0, &pool);

	if (names.count > *left / subtrees)
		problem = PROBLEM_CONSTRAINTS;
	else
		*left -= names.count * subtrees;
	for (size_t i = depth + 1; i < count && problem == PROBLEM_NONE; i++)
		problem = check(path[i], &names);
	pool_free(&pool);
	return problem;
}

struct finding constraints_check(const struct certificate *const *path, size_t count)
{
	size_t subtrees = count_all(path, count), left = CONSTRAINTS_COMPARISONS;
	enum problem problem;

	if (subtrees == 0)
		return (struct finding){PROBLEM_NONE, 0};
	if (subtrees > CONSTRAINTS_MOST)
		return (struct finding){PROBLEM_CONSTRAINTS, 0};
	for (size_t i = 0; i + 1 < count; i++) {
		if (i > 0 && certificate_self_issued(path[i])) /* RFC 5280 6.1.3 b */
			continue;
		problem = check_below(path, count, i, subtrees, &left);
		if (problem != PROBLEM_NONE)
			return (struct finding){problem, i};
	}
	return (struct finding){PROBLEM_NONE, 0};
}

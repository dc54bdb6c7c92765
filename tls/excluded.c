#include <strings.h>
#include <gnutls/x509-ext.h>
#include "tls/excluded.h"

enum { NAME_MOST = 1024, NAMES_MOST = 1000 };

/* "a.test" is itself and all below it; ".a.test" what is below; "" everything. */
static bool covers(const gnutls_datum_t *subtree, const char *name, size_t length)
{
	const char *tail;

	if (subtree->size > length)
		return false;
	tail = name + length - subtree->size;
	if (strncasecmp(tail, (const char *)subtree->data, subtree->size) != 0)
		return false;
	return tail == name || subtree->size == 0 || subtree->data[0] == '.' || tail[-1] == '.';
}

static bool any_covers(gnutls_x509_name_constraints_t constraints, const char *name, size_t length)
{
	gnutls_datum_t subtree;
	unsigned type;

	for (unsigned i = 0;
		gnutls_x509_name_constraints_get_excluded(constraints, i, &type, &subtree) >= 0;
		i++)
		if (type == GNUTLS_SAN_DNSNAME && covers(&subtree, name, length))
			return true;
	return false;
}

static bool common_excluded(gnutls_x509_name_constraints_t constraints, gnutls_x509_crt_t leaf)
{
	char name[NAME_MOST];
	size_t size = sizeof name;

	return gnutls_x509_crt_get_dn_by_oid(leaf, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size)
		>= 0
		&& any_covers(constraints, name, size);
}

/* A name too long to be looked at counts as excluded: it is no host's. */
static bool excludes(gnutls_x509_name_constraints_t constraints, gnutls_x509_crt_t leaf)
{
	bool named = false;

	for (unsigned i = 0; i < NAMES_MOST; i++) {
		char name[NAME_MOST];
		size_t size = sizeof name;
		int type = gnutls_x509_crt_get_subject_alt_name(leaf, i, name, &size, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		named = named || type == GNUTLS_SAN_DNSNAME;
		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER
			|| (type == GNUTLS_SAN_DNSNAME && any_covers(constraints, name, size)))
			return true;
	}
	return !named && common_excluded(constraints, leaf);
}

bool excluded_by(const struct certificate *authority, const struct certificate *leaf)
{
	gnutls_x509_name_constraints_t constraints;
	unsigned critical, type;
	gnutls_datum_t first;
	bool excluded = false;

	if (gnutls_x509_name_constraints_init(&constraints) < 0)
		return true;
	if (gnutls_x509_crt_get_name_constraints(authority->crt, constraints, 0, &critical) >= 0
		&& gnutls_x509_name_constraints_get_excluded(constraints, 0, &type, &first) >= 0)
		excluded = excludes(constraints, leaf->crt);
	gnutls_x509_name_constraints_deinit(constraints);
	return excluded;
}

#include <string.h>
#include "tls/certificate.h"
#include "tls/dn.h"
#include "tls/extensions.h"
#include "util/macros.h"

static const struct tls_der subject_alt_name = DER_OID_OF("\x55\x1d\x11"),
			    subject_key_id = DER_OID_OF("\x55\x1d\x0e"),
			    authority_key_id = DER_OID_OF("\x55\x1d\x23"),
			    key_purposes = DER_OID_OF("\x55\x1d\x25"),
			    netscape_type = DER_OID_OF("\x60\x86\x48\1\x86\xf8\x42\1\1"),
			    proxy_info = DER_OID_OF("\x2b\6\1\5\5\7\1\x0e"),
			    address_blocks = DER_OID_OF("\x2b\6\1\5\5\7\1\7"),
			    system_numbers = DER_OID_OF("\x2b\6\1\5\5\7\1\x08");

gnutls_datum_t certificate_datum(struct tls_der der)
{
	return (gnutls_datum_t){(unsigned char *)der.data, (unsigned)der.length};
}

gnutls_pubkey_t certificate_key(struct tls_der key)
{
	gnutls_datum_t bytes = certificate_datum(key);
	gnutls_pubkey_t made;

	if (gnutls_pubkey_init(&made) < 0)
		return NULL;
	if (gnutls_pubkey_import(made, &bytes, GNUTLS_X509_FMT_DER) >= 0)
		return made;
	gnutls_pubkey_deinit(made);
	return NULL;
}

/* RFC 5280 4.2.1.2: OCTET STRING. Empty: none. */
static struct tls_der read_own_id(const struct der_certificate *parts)
{
	struct tls_der value;
	struct der_item item;

	if (der_extension(parts, subject_key_id, &value) != DER_FOUND
		|| !der_expect(&value, DER_OCTET_STRING, &item))
		return (struct tls_der){NULL, 0};
	return item.inside;
}

/* The first directory name among GeneralNames, whole; empty: none. */
static struct tls_der directory_name(struct tls_der general_names)
{
	struct der_item item, name;

	while (der_next(&general_names, &item))
		if (item.tag == GENERAL_DIRECTORY)
			return der_expect(&item.inside, DER_SEQUENCE, &name)
				? name.whole
				: (struct tls_der){NULL, 0};
	return (struct tls_der){NULL, 0};
}

/*
 * RFC 5280 4.2.1.1: SEQUENCE { keyIdentifier [0], authorityCertIssuer [1],
 * authorityCertSerialNumber [2] }, all OPTIONAL.
 */
static struct certificate_issuer read_issuer_id(const struct der_certificate *parts)
{
	struct certificate_issuer from = {.key_id = {NULL, 0}};
	struct tls_der value;
	struct der_item list, item;

	if (der_extension(parts, authority_key_id, &value) != DER_FOUND
		|| !der_expect(&value, DER_SEQUENCE, &list))
		return from;
	if (der_expect(&list.inside, DER_CONTEXT(0), &item))
		from.key_id = item.inside;
	if (der_expect(&list.inside, DER_CONSTRUCTED(1), &item))
		from.name = directory_name(item.inside);
	if (der_expect(&list.inside, DER_CONTEXT(2), &item))
		from.serial = item.inside;
	return from;
}

static int two_digits(const uint8_t *at)
{
	bool digits = at[0] >= '0' && at[0] <= '9' && at[1] >= '0' && at[1] <= '9';

	return digits ? (at[0] - '0') * 10 + at[1] - '0' : -1;
}

/* TM in UTC; -1: there is no such day, hour, minute or second. */
static time_t time_of(struct tm tm)
{
	struct tm real = tm;
	time_t when = timegm(&real);

	return real.tm_mon == tm.tm_mon && real.tm_mday == tm.tm_mday && real.tm_hour == tm.tm_hour
			&& real.tm_min == tm.tm_min && real.tm_sec == tm.tm_sec
		? when
		: (time_t)-1;
}

/*
 * RFC 5280 4.1.2.5: YYMMDDHHMMSSZ, from 1950 on, or YYYYMMDDHHMMSSZ; -1: it is not. GnuTLS would do
 * without seconds, and takes the 31st of February for a day in March; OpenSSL calls both a format
 * error.
 */
static time_t next_time(struct tls_der *rest)
{
	enum { CENTURY, YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, PARTS };
	struct der_item time;
	int part[PARTS];
	size_t first;

	if (!der_next(rest, &time))
		return -1;
	first = time.tag == DER_UTC_TIME ? YEAR : CENTURY;
	if (time.inside.length != (PARTS - first) * 2 + 1
		|| time.inside.data[time.inside.length - 1] != 'Z')
		return -1;
	for (size_t i = first; i < PARTS; i++)
		if ((part[i] = two_digits(time.inside.data + (i - first) * 2)) < 0)
			return -1;
	if (first == YEAR)
		part[CENTURY] = part[YEAR] < 50 ? 20 : 19;
	return time_of((struct tm){.tm_year = part[CENTURY] * 100 + part[YEAR] - 1900,
		.tm_mon = part[MONTH] - 1,
		.tm_mday = part[DAY],
		.tm_hour = part[HOUR],
		.tm_min = part[MINUTE],
		.tm_sec = part[SECOND]});
}

static void read_validity(struct certificate *certificate)
{
	struct tls_der times = certificate->parts.validity;

	certificate->from = next_time(&times);
	certificate->until = next_time(&times);
}

bool certificate_open(struct certificate *certificate, struct tls_der der)
{
	struct certificate made = {.der = der};
	gnutls_datum_t bytes = certificate_datum(der);

	if (!der_certificate(der, &made.parts) || gnutls_x509_crt_init(&made.crt) < 0)
		return false;
	if (gnutls_x509_crt_import(made.crt, &bytes, GNUTLS_X509_FMT_DER) < 0) {
		gnutls_x509_crt_deinit(made.crt);
		return false;
	}
	read_validity(&made);
	made.own_id = read_own_id(&made.parts);
	made.issuer = read_issuer_id(&made.parts);
	made.broken = !extensions_readable(&made.parts);
	*certificate = made;
	return true;
}

void certificate_close(struct certificate *certificate)
{
	gnutls_x509_crt_deinit(certificate->crt);
	*certificate = (struct certificate){.crt = NULL};
}

bool certificate_valid(const struct certificate *certificate, time_t now)
{
	return certificate->from != (time_t)-1 && certificate->until != (time_t)-1
		&& certificate->from <= now && now < certificate->until;
}

bool certificate_self_issued(const struct certificate *certificate)
{
	return der_same(certificate->parts.subject, certificate->parts.issuer);
}

static bool is_or_open(struct tls_der wanted, struct tls_der is)
{
	return wanted.length == 0 || der_same(wanted, is);
}

bool certificate_could_be_from(const struct certificate *certificate,
	const struct certificate *issuer)
{
	const struct certificate_issuer *wanted = &certificate->issuer;

	return !certificate->broken && !issuer->broken
		&& der_same(certificate->parts.issuer, issuer->parts.subject)
		&& (issuer->own_id.length == 0 || is_or_open(wanted->key_id, issuer->own_id))
		&& is_or_open(wanted->serial, issuer->parts.serial)
		&& is_or_open(wanted->name, issuer->parts.issuer);
}

/* Key usage, if there is any, has one of WANTED. */
static bool usage_allows(const struct certificate *certificate, unsigned wanted)
{
	unsigned usage, critical;
	int result = gnutls_x509_crt_get_key_usage(certificate->crt, &usage, &critical);

	if (result == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return true;
	return result >= 0 && (usage & wanted) != 0;
}

bool certificate_is_ca(const struct certificate *certificate)
{
	unsigned critical, ca;
	int length, result;

	if (certificate->broken || !usage_allows(certificate, GNUTLS_KEY_KEY_CERT_SIGN))
		return false;
	result = gnutls_x509_crt_get_basic_constraints(certificate->crt, &critical, &ca, &length);
	if (result == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return certificate->parts.version == 1 && certificate_self_issued(certificate);
	return result >= 0 && ca != 0;
}

int certificate_path_length(const struct certificate *certificate)
{
	unsigned critical, ca;
	int length;

	if (gnutls_x509_crt_get_basic_constraints(certificate->crt, &critical, &ca, &length) < 0)
		return -1;
	return length;
}

static bool has(const struct certificate *certificate, struct tls_der oid)
{
	struct tls_der value;

	return der_extension(&certificate->parts, oid, &value) != DER_ABSENT;
}

/* A list of purposes must have one (RFC 5280 4.2.1.12); GnuTLS takes none for any. */
static bool has_no_purpose(const struct certificate *certificate)
{
	struct tls_der value;
	struct der_item list;

	switch (der_extension(&certificate->parts, key_purposes, &value)) {
	case DER_ABSENT:
		return false;
	case DER_BROKEN:
		return true;
	case DER_FOUND:
		break;
	}
	return !der_expect(&value, DER_SEQUENCE, &list) || list.inside.length == 0;
}

/* Netscape's certificate type, if there is one, has the bit for servers. */
static bool netscape_allows(const struct certificate *certificate)
{
	struct tls_der value;
	struct der_item bits;

	switch (der_extension(&certificate->parts, netscape_type, &value)) {
	case DER_ABSENT:
		return true;
	case DER_BROKEN:
		return false;
	case DER_FOUND:
		break;
	}
	/* the first byte tells how many bits of the last are not used */
	return der_expect(&value, DER_BIT_STRING, &bits) && value.length == 0
		&& bits.inside.length == 2 && bits.inside.data[0] <= 6
		&& (bits.inside.data[1] & 0x40) != 0;
}

bool certificate_for_servers(const struct certificate *certificate, bool leaf)
{
	unsigned tls = GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT
		| GNUTLS_KEY_KEY_AGREEMENT;

	if (certificate->broken || has_no_purpose(certificate))
		return false;
	if (leaf && (!usage_allows(certificate, tls) || !netscape_allows(certificate)))
		return false;
	if (!dn_readable(certificate->parts.subject) || !dn_readable(certificate->parts.issuer))
		return false;
	return gnutls_x509_crt_check_key_purpose(certificate->crt, GNUTLS_KP_TLS_WWW_SERVER,
		       GNUTLS_KP_FLAG_DISALLOW_ANY)
		!= 0;
}

static bool is_weak(int algorithm, unsigned bits)
{
	switch (algorithm) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
	case GNUTLS_PK_DSA:
		return bits < 1024;
	case GNUTLS_PK_ECDSA:
		return bits < 160;
	default: /* not ours: those of one size, and those that do not sign */
		return algorithm < 0;
	}
}

bool certificate_has_weak_key(const struct certificate *certificate)
{
	unsigned bits;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(certificate->crt, &bits);

	return is_weak(algorithm > 0 ? algorithm : GNUTLS_PK_UNKNOWN, bits);
}

bool certificate_is_weak_key(struct tls_der key, unsigned *bits)
{
	gnutls_pubkey_t pubkey = certificate_key(key);
	int algorithm;

	*bits = 0;
	if (pubkey == NULL)
		return true;
	algorithm = gnutls_pubkey_get_pk_algorithm(pubkey, bits);
	gnutls_pubkey_deinit(pubkey);
	return is_weak(algorithm, *bits);
}

/* RFC 5280 4.2.1: what may be critical and is heeded, by GnuTLS or here. */
static bool is_understood(const char *oid)
{
	static const char *const known[] = {
		"2.5.29.15",
		"2.5.29.17",
		"2.5.29.19",
		"2.5.29.30",
		"2.5.29.32",
		"2.5.29.37",
		"2.5.29.14",
		"2.5.29.35",
		"2.5.29.31",
		"2.5.29.54",
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (strcmp(known[i], oid) == 0)
			return true;
	return false;
}

bool certificate_has_unknown(const struct certificate *certificate)
{
	char oid[128];
	unsigned critical;
	size_t size;
	int result;

	for (unsigned i = 0;; i++) {
		size = sizeof oid;
		result = gnutls_x509_crt_get_extension_info(certificate->crt, i, oid, &size,
			&critical);
		if (result == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return false;
		if (result < 0 || (critical && !is_understood(oid)))
			return true;
	}
}

bool certificate_is_proxy(const struct certificate *certificate)
{
	return has(certificate, proxy_info);
}

bool certificate_has_resources(const struct certificate *certificate)
{
	return has(certificate, address_blocks) || has(certificate, system_numbers);
}

struct names {
	struct match_name *names; /* NULL: only counting */
	size_t count;
};

static void add(struct names *names, enum match_kind kind, struct tls_der bytes)
{
	if (names->names)
		names->names[names->count] = (struct match_name){kind, bytes};
	names->count++;
}

/* GeneralNames ::= SEQUENCE OF CHOICE { ..., dNSName [2], ..., iPAddress [7], ... } */
static bool add_alternatives(struct names *names, struct tls_der value)
{
	struct der_item list, item;

	if (!der_expect(&value, DER_SEQUENCE, &list) || value.length > 0)
		return false;
	while (der_next(&list.inside, &item)) {
		if (item.tag == GENERAL_DNS)
			add(names, MATCH_DNS, item.inside);
		else if (item.tag == GENERAL_ADDRESS)
			add(names, MATCH_ADDRESS, item.inside);
	}
	return list.inside.length == 0;
}

static void add_all(struct names *names, const struct certificate *certificate, struct pool *pool)
{
	static const struct tls_der nothing = {(const uint8_t *)"", 0};
	struct tls_der value, common[CERTIFICATE_COMMON_MOST];
	enum der_found found;
	size_t count;

	found = der_extension(&certificate->parts, subject_alt_name, &value);
	if (found == DER_BROKEN || (found == DER_FOUND && !add_alternatives(names, value)))
		add(names, MATCH_DNS, nothing);
	count = dn_values(pool, certificate->parts.subject, DN_COMMON_NAME, common, COUNT(common));
	for (size_t i = 0; i < count; i++)
		add(names, MATCH_COMMON, common[i]);
}

size_t certificate_names(const struct certificate *certificate, struct pool *pool,
	struct match_name **names)
{
	struct names all = {NULL, 0};

	add_all(&all, certificate, pool);
	all = (struct names){POOL_ARRAY(pool, struct match_name, all.count + 1), 0};
	add_all(&all, certificate, pool);
	*names = all.names;
	return all.count;
}

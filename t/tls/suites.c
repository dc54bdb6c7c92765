/* The table of cipher suites: held against GnuTLS's own, and against itself. */
#include "tls/suites.h"
#include <string.h>
#include <strings.h>
#include "t/lib/tap.h"

static size_t bits(unsigned set)
{
	size_t count = 0;

	for (; set; set &= set - 1)
		count++;
	return count;
}

static size_t by_id(unsigned id)
{
	size_t i = 0;

	while (i < SUITES && suites[i].id != id)
		i++;
	return i;
}

static bool is_whole(const struct suite *suite, bool listed)
{
	return suite->name && *suite->name && bits(suite->since) == 1 && bits(suite->mac) == 1
		&& bits(suite->usual) == 1 && (suite->since == SINCE_TLS1_3) == !listed
		&& bits(suite->kx) == listed && bits(suite->au) == listed
		&& bits(suite->enc) == listed;
}

static void each(void)
{
	for (size_t i = 0; i < SUITES; i++) {
		size_t same = 0;

		for (size_t k = 0; k < i; k++)
			same += suites[k].id == suites[i].id
				|| strcasecmp(suites[k].name, suites[i].name) == 0;
		okf(is_whole(&suites[i], i < SUITES_LISTED) && same == 0, "%s: one of a kind",
			suites[i].name);
		okf((suites[i].enc == ENC_NONE) == (suites[i].bits == 0)
				&& (suites[i].bits == 0 || suites[i].bits == 128
					|| suites[i].bits == 256),
			"%s: bits", suites[i].name);
	}
}

/* What GnuTLS calls the suite of this number is what we would ask for, or recognize. */
static void as_gnutls(void)
{
	gnutls_cipher_algorithm_t cipher;
	gnutls_mac_algorithm_t mac;
	gnutls_kx_algorithm_t kx;
	gnutls_protocol_t since;
	unsigned char id[2];
	size_t known = 0, possible = 0;
	const char *name;

	for (size_t i = 0; (name = gnutls_cipher_suite_info(i, id, &kx, &cipher, &mac, &since)); i++) {
		const struct suite *suite = &suites[by_id((unsigned)id[0] << 8 | id[1])];

		if (suite == &suites[SUITES]
			|| (suite->gnutls_kx == GNUTLS_KX_UNKNOWN && since < GNUTLS_TLS1_3))
			continue;
		known++;
		okf(suite->gnutls_cipher == cipher && suite->gnutls_mac == mac
				&& (since >= GNUTLS_TLS1_3 || suite->gnutls_kx == kx)
				&& (since >= GNUTLS_TLS1_3) == (suite->since == SINCE_TLS1_3)
				&& (since >= GNUTLS_TLS1_2) == (suite->since >= SINCE_TLS1_2),
			"%s is %s", suite->name, name);
		okf(8 * gnutls_cipher_get_key_size(cipher) == suite->bits
				|| suite->enc == ENC_NONE,
			"%s: %u bits", suite->name, suite->bits);
	}
	for (size_t i = 0; i < SUITES; i++)
		possible += suites[i].gnutls_kx != GNUTLS_KX_UNKNOWN || i >= SUITES_LISTED;
	is_number((long long)known, (long long)possible, "GnuTLS has all that we say it has");
}

/* IANA's numbers, and OpenSSL's names and words for them (openssl-ciphers(1)). */
static const struct {
	unsigned id;
	const char *name;
	unsigned kx, au, strength;
} known[] = {
	{0x000a, NULL, 0, 0, 0}, /* DES-CBC3-SHA: not in OpenSSL 3 as it is built */
	{0x0005, NULL, 0, 0, 0}, /* RC4-SHA */
	{0x002f, "AES128-SHA", KX_RSA, AU_RSA, STRENGTH_HIGH | STRENGTH_FIPS},
	{0x0033, "DHE-RSA-AES128-SHA", KX_DHE, AU_RSA, STRENGTH_HIGH | STRENGTH_FIPS},
	{0x00a6, "ADH-AES128-GCM-SHA256", KX_DHE, AU_NONE, STRENGTH_HIGH | STRENGTH_FIPS},
	{0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", KX_ECDHE, AU_ECDSA,
		STRENGTH_HIGH | STRENGTH_FIPS},
	{0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", KX_ECDHE, AU_RSA, STRENGTH_HIGH | STRENGTH_FIPS},
	{0xcca8, "ECDHE-RSA-CHACHA20-POLY1305", KX_ECDHE, AU_RSA, STRENGTH_HIGH},
	{0x003b, "NULL-SHA256", KX_RSA, AU_RSA, 0},
	{0x1301, "TLS_AES_128_GCM_SHA256", 0, 0, STRENGTH_HIGH},
};

static void by_name(void)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		size_t at = by_id(known[i].id);

		is_text(at < SUITES ? suites[at].name : NULL, known[i].name, "OpenSSL's name");
		if (at < SUITES)
			okf(suites[at].kx == known[i].kx && suites[at].au == known[i].au
					&& suites[at].strength == known[i].strength,
				"%s: what it is", known[i].name);
	}
}

static void sets(void)
{
	static const size_t some[] = {0, 1, 63, 64, SUITES_LISTED - 1};
	struct suite_set set = {{0, 0}};
	size_t count = 0;

	for (size_t i = 0; i < SUITES_LISTED; i++)
		count += suite_set_has(&set, i);
	is_number((long long)count, 0, "an empty set");
	for (size_t i = 0; i < COUNT(some); i++)
		suite_set_add(&set, some[i]);
	suite_set_add(&set, 1);
	for (size_t i = 0; i < COUNT(some); i++)
		okf(suite_set_has(&set, some[i]), "%zu is in it", some[i]);
	for (size_t i = 0; i < SUITES_LISTED; i++)
		count += suite_set_has(&set, i);
	is_number((long long)count, COUNT(some), "and nothing else");
	set = (struct suite_set){{UINT64_MAX, UINT64_MAX}};
	ok(!suite_set_has(&set, SUITES_LISTED) && !suite_set_has(&set, SUITES),
		"those of TLS 1.3 are in no set");
}

int main(void)
{
	each();
	as_gnutls();
	by_name();
	sets();
	return done();
}

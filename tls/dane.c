#include <string.h>
#include <gnutls/crypto.h>
#include "tls/certificate.h"
#include "tls/dane.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/text.h"

enum { DIGEST_MOST = 64, TEXT_END = 32 }; /* bytes */

/* What IANA has settled: matching type 1 can only be SHA-256, and so on. */
static const struct standard {
	int number;
	const char *name;
} standards[] = {{1, "sha256"}, {2, "sha512"}};

/* The number in "NAME" or "NAME=NUMBER"; *NAME ends before the "=". 0: a warning was logged. */
static int read_number(char *name, const char *item)
{
	char *equals = strchr(name, '=');
	long long number;

	if (equals == NULL) {
		for (size_t i = 0; i < COUNT(standards); i++)
			if (text_same(standards[i].name, name))
				return standards[i].number;
		log_warning("tls_dane_digests: digest algorithm %s needs an explicit number", name);
		return 0;
	}
	*equals = '\0';
	if (!text_number(equals + 1, 0, 254, &number)) {
		log_warning("Invalid matching type number in tls_dane_digests: %s", item);
		return 0;
	}
	if (number == 0)
		log_warning("Reserved matching type number in tls_dane_digests: %s", item);
	return (int)number;
}

static bool may_be(const char *name, int number)
{
	for (size_t i = 0; i < COUNT(standards); i++) {
		if (standards[i].number == number && !text_same(standards[i].name, name)) {
			log_warning("tls_dane_digests: matching type %d can only be %s", number,
				standards[i].name);
			return false;
		}
	}
	return true;
}

static void read_digest(struct dane_digests *digests, char *name, const char *item,
	unsigned char strength)
{
	int number = read_number(name, item);
	gnutls_digest_algorithm_t algorithm = gnutls_digest_get_id(name);

	if (number == 0 || !may_be(name, number))
		return;
	if (algorithm == GNUTLS_DIG_UNKNOWN) {
		log_warning("tls_dane_digests: digest algorithm \"%s\"(%d) unknown", name, number);
		return;
	}
	if (digests->algorithm[number] != GNUTLS_DIG_UNKNOWN) {
		log_warning("tls_dane_digests: matching type %d specified more than once", number);
		return;
	}
	digests->algorithm[number] = algorithm;
	digests->strength[number] = strength;
}

void dane_digests_read(struct dane_digests *digests, const char *text)
{
	struct pool pool = {0};
	unsigned char strength = 255;
	char *item;

	*digests = (struct dane_digests){.strength = {0}}; /* GNUTLS_DIG_UNKNOWN is 0 */
	while ((item = text_token(&pool, &text, TEXT_LIST_SEPARATORS, false)) != NULL) {
		read_digest(digests, item, pool_text(&pool, item), strength);
		if (strength > 1)
			strength--;
	}
	pool_free(&pool);
}

static bool is_certificate(struct tls_der der)
{
	struct certificate certificate;

	if (!certificate_open(&certificate, der))
		return false;
	certificate_close(&certificate);
	return true;
}

static bool is_key(struct tls_der der)
{
	gnutls_pubkey_t key = der_is_key(der) ? certificate_key(der) : NULL;

	if (key == NULL)
		return false;
	gnutls_pubkey_deinit(key);
	return true;
}

bool dane_usable(const struct dane_digests *digests, const struct tls_tlsa *record)
{
	gnutls_digest_algorithm_t algorithm = digests->algorithm[record->matching];
	struct tls_der data = {record->data, record->length};

	if ((record->usage != DANE_TA && record->usage != DANE_EE) || record->selector > DANE_KEY)
		return false;
	if (record->matching != DANE_FULL)
		return algorithm != GNUTLS_DIG_UNKNOWN
			&& record->length == gnutls_hash_get_len(algorithm);
	return record->selector == DANE_KEY ? is_key(data) : is_certificate(data);
}

size_t dane_strongest(const struct dane_digests *digests, const struct tls_tlsa **records,
	size_t count)
{
	unsigned char best[DANE_EE + 1][DANE_KEY + 1] = {{0}}, *strongest;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		strongest = &best[records[i]->usage][records[i]->selector];
		if (records[i]->matching != DANE_FULL
			&& digests->strength[records[i]->matching] > *strongest)
			*strongest = digests->strength[records[i]->matching];
	}
	for (size_t i = 0; i < count; i++)
		if (records[i]->matching == DANE_FULL
			|| digests->strength[records[i]->matching]
				== best[records[i]->usage][records[i]->selector])
			records[kept++] = records[i];
	return kept;
}

bool dane_matches(const struct dane_digests *digests, const struct tls_tlsa *record,
	struct tls_der certificate, struct tls_der key)
{
	struct tls_der data = record->selector == DANE_KEY ? key : certificate;
	gnutls_digest_algorithm_t algorithm = digests->algorithm[record->matching];
	uint8_t digest[DIGEST_MOST];

	if (record->selector > DANE_KEY || data.length == 0)
		return false;
	if (record->matching == DANE_FULL)
		return der_same((struct tls_der){record->data, record->length}, data);
	if (algorithm == GNUTLS_DIG_UNKNOWN || gnutls_hash_get_len(algorithm) > sizeof digest
		|| record->length != gnutls_hash_get_len(algorithm)
		|| gnutls_hash_fast(algorithm, data.data, data.length, digest) < 0)
		return false;
	return memcmp(digest, record->data, record->length) == 0;
}

const char *dane_text(struct pool *pool, const struct tls_tlsa *record)
{
	struct buf text = BUF(0);
	const char *copy;

	buf_addf(&text, "%u %u %u ", record->usage, record->selector, record->matching);
	if (record->length > (size_t)2 * TEXT_END) {
		text_hex(&text, record->data, TEXT_END, 0);
		buf_adds(&text, "...");
		text_hex(&text, record->data + record->length - TEXT_END, TEXT_END, 0);
	} else {
		text_hex(&text, record->data, record->length, 0);
	}
	copy = pool_text(pool, buf_text(&text));
	buf_close(&text);
	return copy;
}

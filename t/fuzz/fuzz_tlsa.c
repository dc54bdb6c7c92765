/*
 * A TLSA RRset: each record is usage, selector, matching type, a length byte and as many bytes of
 * data, held against a certificate that is the rest. Only what equals the certificate, its key or
 * a digest of them may match; the strongest digests stay.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/crypto.h>
#include "tls/dane.h"
#include "util/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS_MOST = 32 };

static void drop(void *context UNUSED, enum log_severity severity UNUSED, const char *line UNUSED,
	size_t length UNUSED)
{
}

static void check(bool right)
{
	if (!right)
		abort();
}

/* The same question, asked the long way. */
static bool oracle(const struct tls_tlsa *record, struct tls_der certificate, struct tls_der key)
{
	struct tls_der of = record->selector == 0 ? certificate : key;
	uint8_t digest[64];

	if (record->selector > 1 || of.length == 0)
		return false;
	if (record->matching == 0)
		return record->length == of.length && memcmp(record->data, of.data, of.length) == 0;
	if (record->matching == 1 && record->length == 32) {
		gnutls_hash_fast(GNUTLS_DIG_SHA256, of.data, of.length, digest);
		return memcmp(digest, record->data, 32) == 0;
	}
	if (record->matching == 2 && record->length == 64) {
		gnutls_hash_fast(GNUTLS_DIG_SHA512, of.data, of.length, digest);
		return memcmp(digest, record->data, 64) == 0;
	}
	return false;
}

static size_t read_records(const uint8_t **data, size_t *size, struct tls_tlsa *records)
{
	size_t count = 0;

	while (count < RECORDS_MOST && *size >= 4 && (*data)[0] != 0xff
		&& *size - 4 >= (size_t)(*data)[3]) {
		records[count++] = (struct tls_tlsa){(*data)[0], (*data)[1], (*data)[2], *data + 4,
			(*data)[3]};
		*size -= 4 + (size_t)(*data)[3];
		*data += 4 + (*data)[3];
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct log_sink sink = {drop, NULL};
	struct tls_tlsa records[RECORDS_MOST];
	const struct tls_tlsa *usable[RECORDS_MOST];
	size_t count, left, kept = 0;
	struct dane_digests digests;
	struct tls_der certificate, key = {NULL, 0};
	struct der_certificate parts;
	struct pool pool = {0};

	log_open(&sink);
	dane_digests_read(&digests, "sha512 sha256");
	count = read_records(&data, &size, records);
	certificate = (struct tls_der){data, size};
	if (der_certificate(certificate, &parts))
		key = parts.key;
	for (size_t i = 0; i < count; i++) {
		check(dane_matches(&digests, &records[i], certificate, key)
			== oracle(&records[i], certificate, key));
		check(strlen(dane_text(&pool, &records[i])) < 12 + 2 * 64 + 4);
		if (dane_usable(&digests, &records[i]))
			usable[kept++] = &records[i];
	}
	left = dane_strongest(&digests, usable, kept);
	check(left <= kept && (left > 0) == (kept > 0));
	pool_free(&pool);
	return 0;
}

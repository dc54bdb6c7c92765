/* Rdata of a type (the first byte): what a reader takes is text that people and libraries can read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "dns/name.h"
#include "dns/rr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			abort();
}

static void read_all(struct pool *pool, const struct dns_record *record)
{
	struct rr_mx mx;
	struct rr_srv srv;
	struct rr_tlsa tlsa;
	const char *text;
	size_t took;

	if (rr_mx(pool, record, &mx))
		printable(mx.host);
	if (rr_srv(pool, record, &srv))
		printable(srv.target);
	if (rr_tlsa(record, &tlsa) && tlsa.length + 3 != record->length)
		abort();
	if (rr_txt(pool, record, &text)) {
		printable(text);
		if (strlen(text) >= record->length)
			abort();
	}
	took = rr_name(pool, record->data, record->length, &text);
	if (took > record->length)
		abort();
	if (took > 0)
		printable(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {DNS_A, DNS_NS, DNS_CNAME, DNS_MX, DNS_TXT, DNS_AAAA,
		DNS_SRV, DNS_TLSA};
	struct dns_record record = {.owner = "o.test", .ttl = 60};
	struct pool pool = {0};

	if (size > 0) {
		record.length = size - 1;
		record.data = (const uint8_t *)pool_bytes(&pool, data + 1, size - 1);
		printable(rr_text(&pool, types[data[0] % COUNT(types)], &record));
		read_all(&pool, &record);
	}
	pool_free(&pool);
	return 0;
}

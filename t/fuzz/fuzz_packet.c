/* A response in wire format to a question whose type is the first byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "dns/packet.h"
#include "util/log.h"
#include "util/macros.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drop(void *context UNUSED, enum log_severity severity UNUSED, const char *line UNUSED,
	size_t length UNUSED)
{
}

/* Every byte of an answer can be read, and it holds together. Something like a checksum. */
static size_t look(const struct dns_answer *answer)
{
	size_t sum = strlen(answer->name) + strlen(answer->reason);

	if ((answer->class == DNS_ANSWERED) != (answer->count > 0)
		|| answer->security != DNS_INSECURE)
		abort();
	for (size_t i = 0; i < answer->count; i++) {
		sum += strlen(answer->records[i].owner);
		for (size_t at = 0; at < answer->records[i].length; at++)
			sum += answer->records[i].data[at];
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {DNS_A, DNS_NS, DNS_CNAME, DNS_MX, DNS_TXT, DNS_AAAA,
		DNS_SRV, DNS_TLSA};
	static const struct log_sink nowhere = {.write = drop};
	struct pool pool = {0};
	struct dns_answer answer;

	log_open(&nowhere);
	if (size > 0
		&& packet_read(&pool, (uint8_t *)pool_bytes(&pool, data + 1, size - 1), size - 1,
			"a.test", types[data[0] % COUNT(types)], &answer)
		&& look(&answer) == SIZE_MAX)
		abort();
	pool_free(&pool);
	return 0;
}

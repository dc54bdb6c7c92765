/* A file of certificates and keys: blocks are found in order, and the reader always moves on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tls/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = {0};
	const char *text = pool_bytes(&pool, data, size), *label, *at = text, *before;
	struct tls_der der;

	do {
		before = at;
	} while (pem_next(&pool, &at, &label, &der) == PEM_BLOCK && at > before);
	if (at < text || at > text + strlen(text))
		abort();
	pool_free(&pool);
	return 0;
}

/* Cipher and protocol lists: they come from policy tables too, which may be far away. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tls/ciphers.h"
#include "tls/engine.h"
#include "tls/protocols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No suite twice, none that isn't one. */
static void check_list(const char *text)
{
	struct cipher_list list;
	struct suite_set seen = {{0, 0}};

	if (!ciphers_evaluate(text, &list))
		return;
	if (list.count > SUITES_LISTED)
		abort();
	for (size_t i = 0; i < list.count; i++) {
		if (list.order[i] >= SUITES_LISTED || suite_set_has(&seen, list.order[i]))
			abort();
		suite_set_add(&seen, list.order[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	unsigned protocols = 0;

	memcpy(text, data, size);
	check_list(text);
	ciphers_known(text);
	if (protocols_parse(text, TLS_POSTFIX(3, 7), &protocols) && protocols > PROTOCOLS_ALL)
		abort();
	free(text);
	return 0;
}

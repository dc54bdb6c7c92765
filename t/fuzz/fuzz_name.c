/* Names as text, from people and from answers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "dns/name.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = {0};
	const char *name = pool_bytes(&pool, data, size), *reason = NULL, *ascii;

	if (name_is_host(name, &reason) && !name_is_owner(name, NULL))
		abort();
	if (!name_is_host(name, &reason) && (reason == NULL || *reason == '\0'))
		abort();
	name_complaint(&pool, name);
	if (!name_same(name_bare(&pool, name), name_plain(&pool, name)))
		abort();
	ascii = name_to_ascii(&pool, name, false);
	if (ascii && !text_is_ascii(ascii))
		abort();
	ascii = name_to_ascii(&pool, name, true);
	if (ascii)
		name_to_utf8(&pool, ascii);
	name_to_utf8(&pool, name);
	pool_free(&pool);
	return 0;
}

/* A line of a trust anchor file: what is taken reads the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "dns/anchors.h"
#include "dns/bogus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = {0};
	const char *line = pool_bytes(&pool, data, size);
	struct anchor anchor, again;

	if (anchor_parse(&pool, line, &anchor)
		&& (!anchor_parse(&pool, anchor.text, &again) || again.tag != anchor.tag
			|| strcmp(again.text, anchor.text) != 0))
		abort();
	bogus_reason(&pool, line); /* libunbound's words have names of foreign servers in them */
	bogus_cause(line);
	pool_free(&pool);
	return 0;
}

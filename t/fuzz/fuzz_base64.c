#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "util/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static bool same(const struct buf *buf, const void *data, size_t size)
{
	return buf->length == size && (size == 0 || memcmp(buf->data, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf encoded = BUF(0), decoded = BUF(0), again = BUF(0);

	base64_encode(&encoded, data, size);
	check(encoded.length == (size + 2) / 3 * 4);
	check(base64_decode(&decoded, buf_text(&encoded), encoded.length));
	check(same(&decoded, data, size));

	/* as if it were base64: what decodes has the length that encoding gives */
	buf_clear(&decoded);
	if (base64_decode(&decoded, (const char *)data, size)) {
		base64_encode(&again, decoded.data, decoded.length);
		check(again.length == size);
	}
	buf_close(&encoded);
	buf_close(&decoded);
	buf_close(&again);
	return 0;
}

#include <stdint.h>
#include <string.h>
#include "util/buf.h"
#include "util/macros.h"
#include "util/text.h"
#include "postfix/fold.h"

struct fold_range { /* each STEP-th code from FIRST to LAST, plus DELTA */
	uint32_t first, last;
	int step;
	int32_t delta;
};

struct fold_several { /* one that becomes more than one */
	uint32_t code;
	const char *text; /* UTF-8 */
};

#include "postfix/fold_table.h"

/* Reads one well-formed sequence and moves *TEXT behind it (RFC 3629 3). */
static uint32_t decode(const unsigned char **text)
{
	uint32_t code = *(*text)++;

	if (code >= 0xF0)
		code &= 0x07;
	else if (code >= 0xE0)
		code &= 0x0F;
	else if (code >= 0xC0)
		code &= 0x1F;
	while ((**text & 0xC0) == 0x80)
		code = code << 6 | (*(*text)++ & 0x3F);
	return code;
}

static void encode(struct buf *to, uint32_t code)
{
	if (code < 0x80) {
		buf_addc(to, (int)code);
		return;
	}
	if (code < 0x800)
		buf_addc(to, (int)(0xC0 | code >> 6));
	else if (code < 0x10000)
		buf_addc(to, (int)(0xE0 | code >> 12));
	else
		buf_addc(to, (int)(0xF0 | code >> 18));
	if (code >= 0x10000)
		buf_addc(to, (int)(0x80 | (code >> 12 & 0x3F)));
	if (code >= 0x800)
		buf_addc(to, (int)(0x80 | (code >> 6 & 0x3F)));
	buf_addc(to, (int)(0x80 | (code & 0x3F)));
}

static const char *more_than_one(uint32_t code)
{
	size_t low = 0, high = COUNT(fold_several);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (fold_several[middle].code == code)
			return fold_several[middle].text;
		if (fold_several[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static uint32_t one(uint32_t code)
{
	size_t low = 0, high = COUNT(fold_ranges);

	if (code < 0x80)
		return code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct fold_range *range = &fold_ranges[middle];

		if (range->last < code)
			low = middle + 1;
		else if (range->first > code)
			high = middle;
		else if ((code - range->first) % (uint32_t)range->step == 0)
			return (uint32_t)((int64_t)code + range->delta);
		else
			break;
	}
	return code;
}

char *fold(struct pool *pool, const char *text, bool utf8)
{
	const unsigned char *next = (const unsigned char *)text;
	struct buf folded = BUF(0);
	char *result;

	if (!utf8 || text_is_ascii(text) || !text_is_utf8(text, strlen(text)))
		return text_lower(pool_text(pool, text));
	while (*next) {
		uint32_t code = decode(&next);
		const char *several = more_than_one(code);

		if (several)
			buf_adds(&folded, several);
		else
			encode(&folded, one(code));
	}
	result = pool_bytes(pool, folded.data, folded.length);
	buf_close(&folded);
	return result;
}

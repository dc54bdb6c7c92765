#include <stdint.h>
#include "util/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *to, const void *data, size_t length)
{
	const unsigned char *from = data;

	for (; length > 0; from += 3) {
		size_t some = length < 3 ? length : 3;
		uint32_t bits = (uint32_t)from[0] << 16;
		char four[4];

		if (some > 1)
			bits |= (uint32_t)from[1] << 8;
		if (some > 2)
			bits |= from[2];
		four[0] = alphabet[bits >> 18];
		four[1] = alphabet[bits >> 12 & 63];
		four[2] = some > 1 ? alphabet[bits >> 6 & 63] : '=';
		four[3] = some > 2 ? alphabet[bits & 63] : '=';
		buf_add(to, four, sizeof four);
		length -= some;
	}
}

/* -1: not in the alphabet. */
static int value(int c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters, PADS of them '=' at the end. Bits that the padding leaves over are ignored. */
static bool decode_four(struct buf *to, const char *text, size_t pads)
{
	unsigned char three[3];
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int six = i < 4 - pads ? value(text[i]) : 0;

		if (six < 0)
			return false;
		bits = bits << 6 | (uint32_t)six;
	}
	three[0] = (unsigned char)(bits >> 16);
	three[1] = (unsigned char)(bits >> 8);
	three[2] = (unsigned char)bits;
	buf_add(to, three, 3 - pads);
	return true;
}

bool base64_decode(struct buf *to, const char *text, size_t length)
{
	size_t pads = 0;

	if (length % 4 != 0)
		return false;
	for (size_t i = 0; i < length; i += 4) {
		if (i + 4 == length && text[i + 3] == '=')
			pads = text[i + 2] == '=' ? 2 : 1;
		if (!decode_four(to, text + i, pads))
			return false;
	}
	return true;
}

#include <limits.h>
#include <string.h>
#include "util/text.h"

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

bool text_is_space(int byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

bool text_same(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b))
		a++, b++;
	return *a == '\0' && *b == '\0';
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_starts_any_case(const char *text, const char *prefix)
{
	while (*prefix && lower(*text) == lower(*prefix))
		text++, prefix++;
	return *prefix == '\0';
}

bool text_ends_any_case(const char *text, const char *suffix)
{
	size_t length = strlen(text), wanted = strlen(suffix);

	return length >= wanted && text_same(text + length - wanted, suffix);
}

bool text_all_digits(const char *text)
{
	size_t count = strspn(text, "0123456789");

	return count > 0 && text[count] == '\0';
}

bool text_is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

char *text_lower(char *text)
{
	for (char *c = text; *c; c++)
		*c = (char)lower(*c);
	return text;
}

/* The part of the LENGTH bytes at *TEXT without white space at both ends: its start and length. */
static size_t trimmed(const char **text, size_t length)
{
	while (length > 0 && text_is_space(**text))
		(*text)++, length--;
	while (length > 0 && text_is_space((*text)[length - 1]))
		length--;
	return length;
}

char *text_trim(struct pool *pool, const char *text)
{
	size_t length = trimmed(&text, strlen(text));

	return pool_bytes(pool, text, length);
}

/* How long the token at TEXT is. A '}' too many is an ordinary byte. */
static size_t token_length(const char *text, const char *separators, bool braces)
{
	size_t length = 0, depth = 0;

	if (!braces)
		return strcspn(text, separators);
	for (; text[length] && (depth > 0 || !strchr(separators, text[length])); length++)
		if (text[length] == '{')
			depth++;
		else if (text[length] == '}' && depth > 0)
			depth--;
	return length;
}

char *text_token(struct pool *pool, const char **rest, const char *separators, bool braces)
{
	const char *start = *rest + strspn(*rest, separators);
	size_t length = token_length(start, separators, braces);

	*rest = start + length;
	return length > 0 ? pool_bytes(pool, start, length) : NULL;
}

const char *text_unbrace(struct pool *pool, const char *text, const char **error)
{
	const char *end = text, *inside = text + 1;
	size_t depth = 0;

	if (*text != '{')
		return text;
	do {
		if (*end == '{')
			depth++;
		else if (*end == '}')
			depth--;
		else if (*end == '\0') {
			*error = "missing '}'";
			return NULL;
		}
		end++;
	} while (depth > 0);
	if (end[strspn(end, TEXT_SPACE)]) {
		*error = "syntax error after '}'";
		return NULL;
	}
	depth = trimmed(&inside, (size_t)(end - 1 - inside));
	return pool_bytes(pool, inside, depth);
}

bool text_number(const char *text, long long min, long long max, long long *number)
{
	const char *digits = text + (*text == '-');
	unsigned long long most = *text == '-' ? (unsigned long long)LLONG_MAX + 1 : LLONG_MAX;
	unsigned long long value = 0;
	long long found;

	if (!text_all_digits(digits))
		return false;
	for (; *digits; digits++) {
		unsigned next = (unsigned)(*digits - '0');

		if (value > (most - next) / 10)
			return false;
		value = value * 10 + next;
	}
	found = value > LLONG_MAX ? LLONG_MIN : *text == '-' ? -(long long)value : (long long)value;
	if (found < min || found > max)
		return false;
	*number = found;
	return true;
}

/*
 * The length of the well-formed UTF-8 sequence at TEXT, 0 if there is none (RFC 3629 4):
 *
 *   UTF8-1 = %x00-7F
 *   UTF8-2 = %xC2-DF UTF8-tail
 *   UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) /
 *            %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )
 *   UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) / %xF4 %x80-8F 2( UTF8-tail )
 */
static size_t utf8_sequence(const char *text, size_t length)
{
	const unsigned char *u = (const unsigned char *)text;
	unsigned low = u[0] == 0xE0 ? 0xA0 : u[0] == 0xF0 ? 0x90 : 0x80;
	unsigned high = u[0] == 0xED ? 0x9F : u[0] == 0xF4 ? 0x8F : 0xBF;
	size_t wanted = 0;

	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xC2 && u[0] <= 0xF4)
		wanted = u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
	if (wanted == 0 || wanted > length || u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < wanted; i++)
		if ((u[i] & 0xC0) != 0x80)
			return 0;
	return wanted;
}

void text_printable(char *text, size_t length, bool utf8)
{
	size_t i = 0, sequence;

	while (i < length) {
		sequence = utf8 ? utf8_sequence(text + i, length - i) : 1;
		if (sequence < 2) {
			sequence = 1;
			if (text[i] < ' '
				|| text[i] > '~') /* also the upper half, if char is signed */
				text[i] = '?';
		}
		i += sequence;
	}
}

bool text_is_utf8(const char *text, size_t length)
{
	size_t i = 0, sequence = 1;

	for (; i < length && sequence > 0; i += sequence)
		sequence = utf8_sequence(text + i, length - i);
	return sequence > 0;
}

static const char hex[] = "0123456789ABCDEF";

void text_xtext(struct buf *to, const char *text, const char *also)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 33 && c <= 126 && c != '+' && !strchr(also, c)) {
			buf_addc(to, c);
		} else {
			buf_addc(to, '+');
			buf_addc(to, hex[c >> 4]);
			buf_addc(to, hex[c & 15]);
		}
	}
}

void text_hex(struct buf *to, const void *data, size_t length, int separator)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < length; i++) {
		if (i > 0 && separator)
			buf_addc(to, separator);
		buf_addc(to, hex[bytes[i] >> 4]);
		buf_addc(to, hex[bytes[i] & 15]);
	}
}

uint32_t text_hash(const void *data, size_t length)
{
	const unsigned char *bytes = data;
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return hash;
}

/* glibc's strerror_r() returns the text, POSIX's (musl) puts it into TEXT. */
static const char *from_gnu(const char *returned, const char *text UNUSED)
{
	return returned;
}

static const char *from_posix(int failed, const char *text)
{
	return failed ? "Unknown error" : text;
}

#define ERROR_TEXT(returned, text)                                                                 \
	_Generic((returned), int : from_posix, char * : from_gnu)((returned), (text))

const char *text_errno(struct pool *pool, int error)
{
	char text[128] = "";

	return pool_text(pool, ERROR_TEXT(strerror_r(error, text, sizeof text), text));
}

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static void printable(struct pool *pool, const uint8_t *data, size_t size)
{
	char *ascii = pool_bytes(pool, data, size), *utf8 = pool_bytes(pool, data, size);

	text_printable(ascii, size, false);
	for (size_t i = 0; i < size; i++)
		check(ascii[i] >= ' ' && ascii[i] <= '~');
	text_printable(utf8, size, true);
	check(text_is_utf8(utf8, size));
	for (size_t i = 0; i < size; i++)
		check((unsigned char)utf8[i] >= ' ' && utf8[i] != 0x7F);
	for (size_t i = 0; i < size && text_is_utf8((const char *)data, size); i++)
		check(utf8[i] == (char)data[i] || (utf8[i] == '?' && data[i] < 0x80));
}

/* Tokens come from the text in their order, hold no separator outside braces, and end. */
static void tokens(struct pool *pool, const char *text, bool braces)
{
	const char *rest = text, *before = text, *token;

	while ((token = text_token(pool, &rest, TEXT_LIST_SEPARATORS, braces))) {
		check(*token && rest > before && rest <= text + strlen(text));
		check(strncmp(rest - strlen(token), token, strlen(token)) == 0);
		check(braces || token[strcspn(token, TEXT_LIST_SEPARATORS)] == '\0');
		before = rest;
	}
	check(*rest == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = {0};
	struct buf xtext = BUF(0);
	const char *text = pool_bytes(&pool, data, size), *error = NULL, *inside;
	long long number;

	printable(&pool, data, size);
	tokens(&pool, text, false);
	tokens(&pool, text, true);
	inside = text_unbrace(&pool, text, &error);
	check((inside == NULL) == (error != NULL));
	if (text_number(text, -1000, 1000, &number))
		check(number >= -1000 && number <= 1000);
	check(!text_is_space(*text_trim(&pool, text)) || *text == '\0');
	text_xtext(&xtext, text, "=");
	check(strpbrk(buf_text(&xtext), "= \t\r\n") == NULL);
	buf_close(&xtext);
	pool_free(&pool);
	return 0;
}

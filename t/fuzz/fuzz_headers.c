/*
 * The value of a header with addresses, as generic maps take it apart. Printed, it is still one header:
 * nothing in it begins a line but white space; and taken apart again it has the same addresses.
 */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "postfix/address.h"
#include "postfix/address_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static void check_tokens(struct pool *pool, const struct address_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct address_token *token = &list->tokens[i];

		check(token->is == ADDRESS_SIGN ? token->sign != 0 : token->text != NULL);
		check(token->is != ADDRESS_MAILBOX || token->written != NULL);
		if (token->is == ADDRESS_MAILBOX) {
			address_quote_5321(pool, token->text);
			address_quote_5322(pool, token->text);
		}
	}
}

static void check_header(const struct buf *header)
{
	check(header->length >= 3 && memcmp(header->data, "To:", 3) == 0);
	check(memchr(header->data, '\0', header->length) == NULL);
	for (size_t i = 0; i < header->length; i++)
		check(header->data[i] != '\n' || (i + 1 < header->length
			&& (header->data[i + 1] == ' ' || header->data[i + 1] == '\t')));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = {0};
	struct buf once = BUF(0), twice = BUF(0);
	struct address_list list;

	if (size > 20000)
		return 0;
	list = address_list_parse(&pool, pool_format(&pool, "%.*s", (int)size, (const char *)data));
	check_tokens(&pool, &list);
	address_list_print(&list, "To", &once);
	check_header(&once);
	list = address_list_parse(&pool, buf_text(&once) + 3);
	check_tokens(&pool, &list);
	address_list_print(&list, "To", &twice);
	check_header(&twice);
	buf_close(&once);
	buf_close(&twice);
	pool_free(&pool);
	return 0;
}

/* Whatever a header says, what is printed stays one header. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "postfix/address_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

/* Its lines behind the first begin with a blank, and it has no others. */
static void one_header(const struct buf *text)
{
	const char *at = buf_text(text);

	check(strncmp(at, "To: ", 4) == 0);
	check(strlen(at) == text->length);
	while ((at = strchr(at, '\n')) != NULL)
		check(*++at == ' ' || *at == '\t');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = {0};
	struct address_list list = address_list_parse(&pool, pool_bytes(&pool, data, size));
	struct buf text = BUF(0);

	for (size_t i = 0; i < list.count; i++)
		check(list.tokens[i].text && (list.tokens[i].is == ADDRESS_MAILBOX) == (list.tokens[i].written != NULL));
	address_list_print(&list, "To", &text);
	one_header(&text);
	list = address_list_parse(&pool, buf_text(&text) + strlen("To:"));
	buf_clear(&text);
	address_list_print(&list, "To", &text); /* what was printed once, too */
	one_header(&text);
	buf_close(&text);
	pool_free(&pool);
	return 0;
}

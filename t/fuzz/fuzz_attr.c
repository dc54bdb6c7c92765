#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "postfix/attr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MOST = 100000 }; /* fits into the socket */

static void check(bool right)
{
	if (!right)
		abort();
}

/* A list written again is what was read. */
static void check_list(const struct attrs *attrs, const uint8_t *data)
{
	struct buf again = BUF(0);
	long number;
	int small;

	for (size_t i = 0; i < attrs->count; i++) {
		attr_text(&again, attrs->items[i].name, attrs->items[i].value);
		attr_get_int(attrs, attrs->items[i].name, &small);
		attr_number_long(attrs->items[i].value, &number);
	}
	attr_end(&again);
	check(again.length == attrs->bytes && memcmp(again.data, data, again.length) == 0);
	buf_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attr_source source = {.fd = -1};
	struct pool pool = {0};
	struct attrs attrs;
	enum attr_got got;
	size_t used = 0;
	int pair[2];

	if (size > SIZE_MOST || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 0;
	source.fd = pair[0];
	attr_write(pair[1], 1, data, size);
	close(pair[1]);
	while ((got = attr_read(&source, &pool, &attrs)) == ATTR_LIST) {
		check_list(&attrs, data + used);
		used += attrs.bytes;
	}
	check((got == ATTR_CLOSED) == (used == size));
	close(pair[0]);
	pool_free(&pool);
	return 0;
}

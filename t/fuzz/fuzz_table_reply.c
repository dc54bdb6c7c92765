/* What servers of socketmap and tcp tables may say. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "postfix/netstring.h"
#include "postfix/table_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1000 };

static void check(bool right)
{
	if (!right)
		abort();
}

/* A netstring that is read is the same when it is written, but for zeroes in front. */
static void netstrings(struct pool *pool, const char *bytes, size_t size)
{
	const char *text = NULL;
	size_t length = 0;
	enum netstring_got got = netstring_read(bytes, size, MOST, &text, &length);
	struct buf made = BUF(0), answer = BUF(0);

	check(got != NETSTRING_PART || size < MOST + 32);
	if (got != NETSTRING_WHOLE)
		return;
	check(length <= MOST && text > bytes && text + length < bytes + size);
	for (size_t i = 0; i < size && i < (size_t)(text + length + 1 - bytes); i++)
		check(netstring_read(bytes, i, MOST, &text, &length) == NETSTRING_PART);
	netstring_add(&made, text, length);
	check(netstring_read(made.data, made.length, MOST, &text, &length) == NETSTRING_WHOLE);
	reply_socketmap(pool_bytes(pool, text, length), length, true, &answer);
	check(answer.length <= length + 64);
	buf_close(&answer);
	buf_close(&made);
}

static void lines(const char *line)
{
	const char *problem = NULL;
	struct buf answer = BUF(0), request = BUF(0);
	enum table_answer got = reply_tcp(line, &problem, &answer);

	check(problem == NULL || got == TABLE_ERROR);
	check(answer.length <= strlen(line));
	reply_tcp_quote(&request, line);
	check(strpbrk(buf_text(&request), " \t\r\n") == NULL);
	buf_close(&request);
	buf_close(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = {0};
	const char *text = pool_bytes(&pool, data, size);

	netstrings(&pool, text, size);
	lines(text);
	pool_free(&pool);
	return 0;
}

#include "config.h"
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "util/log.h"
#include "util/memory.h"
#include "util/pool.h"

struct pool_block {
	struct pool_block *older;
	max_align_t data[];
};

/*
 * A block with its malloc(3) header fills a page: a small delivery touches one or two of them.
 * What is larger than a quarter of it gets a block of its own, so little is wasted.
 */
enum { BLOCK_SIZE = 4096 - sizeof(struct pool_block) - 16, LARGE_SIZE = BLOCK_SIZE / 4 };

static struct pool_block *block_new(struct pool_block *older, size_t size)
{
	struct pool_block *block;

	if (size > PTRDIFF_MAX - sizeof *block)
		log_fatal("out of memory: a pool was asked for %zu bytes", size);
	block = memory_resize(NULL, 1, sizeof *block + size);
	block->older = older;
	return block;
}

#ifdef POOL_PIECEWISE

static void *take(struct pool *pool, size_t size)
{
	pool->blocks = block_new(pool->blocks, size);
	return pool->blocks->data;
}

#else

/* The newest block goes on being filled, so a large one is put behind it. */
static void *take_large(struct pool *pool, size_t size)
{
	struct pool_block **place = pool->blocks ? &pool->blocks->older : &pool->blocks;

	*place = block_new(*place, size);
	return (*place)->data;
}

static void *take(struct pool *pool, size_t size)
{
	size_t aligned = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	void *taken;

	if (size > LARGE_SIZE)
		return take_large(pool, size);
	if (aligned > pool->left) {
		pool->blocks = block_new(pool->blocks, BLOCK_SIZE);
		pool->next = (char *)pool->blocks->data;
		pool->left = BLOCK_SIZE;
	}
	taken = pool->next;
	pool->next += aligned;
	pool->left -= aligned;
	return taken;
}

#endif

void *pool_alloc(struct pool *pool, size_t size)
{
	return memset(take(pool, size), 0, size);
}

void *pool_array(struct pool *pool, size_t count, size_t size)
{
	if (size > 0 && count > PTRDIFF_MAX / size)
		log_fatal("out of memory: a pool was asked for %zu times %zu bytes", count, size);
	return pool_alloc(pool, count * size);
}

char *pool_bytes(struct pool *pool, const void *data, size_t length)
{
	char *copy = take(pool, length + 1);

	if (length > 0)
		memcpy(copy, data, length);
	copy[length] = '\0';
	return copy;
}

char *pool_text(struct pool *pool, const char *text)
{
	return pool_bytes(pool, text, text ? strlen(text) : 0);
}

char *pool_vformat(struct pool *pool, const char *format, va_list args)
{
	char small[256];
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(small, sizeof small, format, args);
	if (length < (int)sizeof small) {
		text = pool_bytes(pool, small, length > 0 ? (size_t)length : 0);
	} else {
		text = take(pool, (size_t)length + 1);
		vsnprintf(text, (size_t)length + 1, format, again);
	}
	va_end(again);
	return text;
}

char *pool_format(struct pool *pool, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = pool_vformat(pool, format, args);
	va_end(args);
	return text;
}

void pool_free(struct pool *pool)
{
	for (struct pool_block *block = pool->blocks, *older; block; block = older) {
		older = block->older;
		free(block);
	}
	*pool = (struct pool){0};
}

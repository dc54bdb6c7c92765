#ifndef UTIL_POOL_H
#define UTIL_POOL_H
/*
 * pool - memory that ends with its delivery. Never freed piece by piece, so error paths just
 * return. {0} is an empty pool. One thread at a time. Without memory the process ends (log_fatal).
 */
#include <stddef.h>
#include <stdarg.h>
#include "util/macros.h"

struct pool_block;

struct pool {
	struct pool_block *blocks;
	char *next;  /* free bytes in the newest block */
	size_t left; /* how many */
};

/* SIZE zeroed bytes, aligned for anything. */
void *pool_alloc(struct pool *pool, size_t size);

/* COUNT times SIZE zeroed bytes; a product that overflows ends the process. */
void *pool_array(struct pool *pool, size_t count, size_t size);

/* Terminated copies. NULL counts as "". */
char *pool_text(struct pool *pool, const char *text);
char *pool_bytes(struct pool *pool, const void *data, size_t length);
char *pool_format(struct pool *pool, const char *format, ...) PRINTF_LIKE(2, 3);
char *pool_vformat(struct pool *pool, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Everything goes; the pool is empty and usable again. */
void pool_free(struct pool *pool);

#define POOL_NEW(pool, type) ((type *)pool_alloc((pool), sizeof(type)))
#define POOL_ARRAY(pool, type, count) ((type *)pool_array((pool), (count), sizeof(type)))

#endif

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include "t/lib/child.h"
#include "t/lib/tap.h"
#include "util/pool.h"

static bool all_zero(const char *bytes, size_t size)
{
	while (size > 0 && bytes[size - 1] == 0)
		size--;
	return size == 0;
}

/* Pieces of all sizes around the block's, dirtied, must not overlap and must start as zeros. */
static void check_pieces(void)
{
	struct pool pool = {0};
	unsigned char *pieces[600];
	bool zero = true, aligned = true, intact = true;

	for (size_t i = 0; i < COUNT(pieces); i++) {
		pieces[i] = pool_alloc(&pool, i * 11);
		zero = zero && all_zero((char *)pieces[i], i * 11);
		aligned = aligned && (uintptr_t)pieces[i] % alignof(max_align_t) == 0;
		memset(pieces[i], (int)(i % 255) + 1, i * 11);
	}
	for (size_t i = 0; i < COUNT(pieces); i++)
		for (size_t j = 0; j < i * 11; j++)
			intact = intact && pieces[i][j] == i % 255 + 1;
	ok(zero, "pieces are zeroed");
	ok(aligned, "pieces are aligned");
	ok(intact, "pieces don't overlap");
	pool_free(&pool);
	ok(pool.blocks == NULL && pool.left == 0, "an empty pool afterwards");
	is_text(pool_text(&pool, "again"), "again", "that is usable again");
	pool_free(&pool);
}

static void check_text(void)
{
	struct pool pool = {0};
	char large[3000], *copy, original[] = "abc";

	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	copy = pool_text(&pool, original);
	original[0] = 'z';
	is_text(copy, "abc", "a copy");
	is_text(pool_text(&pool, ""), "", "of nothing");
	is_text(pool_text(&pool, NULL), "", "of NULL");
	is_text(pool_text(&pool, large), large, "of a long text");
	is_text(pool_bytes(&pool, "abcdef", 3), "abc", "bytes are terminated");
	is_text(pool_bytes(&pool, NULL, 0), "", "no bytes");
	ok(memcmp(pool_bytes(&pool, "a\0b", 3), "a\0b", 4) == 0, "a NUL among them");
	is_text(pool_format(&pool, "%d-%s", 5, "five"), "5-five", "format");
	is_text(pool_format(&pool, "%s", ""), "", "format nothing");
	is_text(pool_format(&pool, "%s", large), large, "format a long text");
	is_text(pool_format(&pool, "%.255s", large) + 250, "xxxxx", "format below the limit");
	is_text(pool_format(&pool, "%.256s", large) + 250, "xxxxxx", "format at the limit");
	pool_free(&pool);
}

static void overflow(void)
{
	struct pool pool = {0};

	pool_array(&pool, SIZE_MAX / 2, 4);
}

static void too_much(void)
{
	struct pool pool = {0};

	pool_alloc(&pool, SIZE_MAX - 8);
}

int main(void)
{
	struct pool pool = {0};
	int *numbers = POOL_ARRAY(&pool, int, 100);
	struct child first = child_run(overflow), second = child_run(too_much);

	ok(all_zero((char *)numbers, 100 * sizeof *numbers), "an array");
	ok(all_zero((char *)POOL_NEW(&pool, struct pool), sizeof(struct pool)), "a struct");
	pool_free(&pool);
	check_pieces();
	check_text();
	is_number(child_exit(&first), 1, "an array of too many ends the process");
	ok(strstr(first.said, "fatal: out of memory") != NULL, "which says why");
	is_number(child_exit(&second), 1, "so does a size that is too large");
	return done();
}

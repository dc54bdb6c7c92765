#include <stdint.h>
#include <stdlib.h>
#include "util/log.h"
#include "util/memory.h"

void *memory_new(size_t size)
{
	void *new = calloc(1, size ? size : 1);

	if (new == NULL)
		log_fatal("out of memory: %zu bytes are wanted", size);
	return new;
}

void *memory_resize(void *old, size_t count, size_t size)
{
	void *new = NULL;

	if (size == 0 || count <= PTRDIFF_MAX / size)
		new = realloc(old, count * size > 0 ? count * size : 1);
	if (new == NULL)
		log_fatal("out of memory: %zu times %zu bytes are wanted", count, size);
	return new;
}

#ifndef UTIL_MEMORY_H
#define UTIL_MEMORY_H
/*
 * memory - malloc(3) that cannot fail: without memory the process says so and ends (log_fatal),
 * and the queue manager tries again. Free with free(3).
 */
#include <stddef.h>

/* SIZE zeroed bytes. */
void *memory_new(size_t size);

/* OLD (or NULL) with room for COUNT things of SIZE bytes; what is new is not zeroed. */
void *memory_resize(void *old, size_t count, size_t size);

#define MEMORY_NEW(type) ((type *)memory_new(sizeof(type)))

#endif

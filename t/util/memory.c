#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "t/lib/child.h"
#include "t/lib/tap.h"
#include "util/memory.h"

static void overflow(void)
{
	memory_resize(NULL, SIZE_MAX / 4, 8);
}

int main(void)
{
	struct child child = child_run(overflow);
	char *bytes = memory_new(3), *nothing = memory_new(0);
	int *number = MEMORY_NEW(int);

	ok(bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 0, "new memory is zeroed");
	ok(nothing != NULL, "no bytes are something, too");
	is_number(*number, 0, "a zeroed thing");
	memcpy(bytes, "ab", 3);
	bytes = memory_resize(bytes, 100, 10);
	is_text(bytes, "ab", "resized, it has the same content");
	nothing = memory_resize(nothing, 0, 4);
	ok(nothing != NULL, "resized to nothing it is there still");
	free(bytes);
	free(nothing);
	free(number);
	is_number(child_exit(&child), 1, "a product that overflows ends the process");
	ok(strstr(child.said, "fatal: out of memory") != NULL, "which says why");
	return done();
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "t/postfix/recorded.h"

enum { LINE_BYTES = 16 };

/* "0010  66 6c 61 ..  |fla..|" */
static void add_line(struct buf *to, const char *line)
{
	char *end;

	strtoul(line, &end, 16);
	for (int i = 0; i < LINE_BYTES; i++) {
		const char *at = end;
		unsigned long byte = strtoul(at, &end, 16);

		if (end == at)
			break;
		buf_addc(to, (int)byte);
	}
}

void recorded(struct buf *to, const char *name)
{
	const char *top = getenv("srcdir");
	char path[1024], line[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/t/data/wire/%s.hex", top ? top : ".", name);
	file = fopen(path, "r");
	if (file == NULL) {
		printf("Bail out! no %s\n", path);
		exit(1);
	}
	while (fgets(line, sizeof line, file))
		add_line(to, line);
	fclose(file);
}

/*
 * main - stands in for libFuzzer in `make check`: gives a target the empty input and every file of
 * its corpus, t/fuzz/corpus/NAME. A target that doesn't like one aborts, as a sanitizer does.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "t/lib/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All of FILE in memory of exactly its size, so that a read beyond it is seen. NULL: no memory. */
static uint8_t *contents(FILE *file, size_t *size)
{
	uint8_t *data;
	long end;

	fseek(file, 0, SEEK_END);
	end = ftell(file);
	rewind(file);
	data = malloc(end > 0 ? (size_t)end : 1);
	*size = data ? fread(data, 1, (size_t)end, file) : 0;
	return data;
}

static void replay(const char *path, const char *name)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0;

	if (file)
		data = contents(file, &size);
	if (data)
		LLVMFuzzerTestOneInput(data, size);
	ok(data != NULL, name);
	free(data);
	if (file)
		fclose(file);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	const char *top = getenv("srcdir"), *name = argc > 0 ? strstr(argv[0], "fuzz_") : NULL;
	char folder[1024], path[2048];
	struct dirent **entries;
	int count;

	snprintf(folder, sizeof folder, "%s/t/fuzz/corpus/%s", top ? top : ".",
		name ? name + strlen("fuzz_") : "");
	ok(LLVMFuzzerTestOneInput((const uint8_t *)"", 0) == 0, "the empty input");
	count = scandir(folder, &entries, visible, alphasort);
	okf(count > 0, "%s has files", folder);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		replay(path, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return done();
}

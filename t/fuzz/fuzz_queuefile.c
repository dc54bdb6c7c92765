#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include "postfix/queuefile.h"
#include "util/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS_MOST = 100000 }; /* pointers can make a file long */

static void check(bool right)
{
	if (!right)
		abort();
}

static void silent(void *context UNUSED, enum log_severity severity UNUSED, const char *line UNUSED,
	size_t length UNUSED)
{
}

/* Touches every byte that is given; returns how many. */
static size_t read_all(struct queuefile *file, off_t offset, unsigned *sum)
{
	enum record record = RECORD_LINE;
	const char *text;
	size_t length, total = 0;

	queuefile_rewind(file, offset);
	for (int i = 0; i < RECORDS_MOST; i++) {
		record = queuefile_next(file, &text, &length);
		check(record != RECORD_ERROR);
		if (record != RECORD_LINE && record != RECORD_PART)
			break;
		for (size_t j = 0; j < length; j++)
			*sum = *sum * 31 + (unsigned char)text[j];
		total += length;
	}
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct queuefile_options options = {.hash_queue_names = ""};
	char folder[] = "/tmp/fuzz_queuefile.XXXXXX";
	struct pool pool = {0};
	struct queuefile *file;
	const char *path;
	unsigned sum = 0, again = 0;
	int fd;

	log_open(&(struct log_sink){.write = silent});
	if (mkdtemp(folder) == NULL)
		return 0;
	path = queuefile_path(&pool, &options, folder, "F");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
	check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	file = queuefile_open(&pool, &options, folder, "F");
	check(file != NULL);
	check(read_all(file, 0, &sum) == read_all(file, 0, &again) && sum == again);
	if (size > 0)
		read_all(file, data[0], &sum);
	queuefile_close(file);
	unlink(path);
	rmdir(folder);
	pool_free(&pool);
	return 0;
}

/* regexp, pcre and cidr: the first line is the key, the others are rules. */
#include "config.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "util/log.h"
#include "postfix/table.h"
#include "postfix/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static void ignore(void *context, enum log_severity severity, const char *line, size_t length)
{
	(void)context;
	(void)severity;
	(void)line;
	(void)length;
}

static void ask(struct table_set *set, const char *name, const char *key)
{
	struct table *table = table_open(set, name, 0);
	struct buf result = BUF(1000);
	enum table_answer answer = table_find(table, key, &result);

	check(answer != TABLE_NONE || result.length == 0);
	check(table_find(table, key, &result) == answer);
	buf_close(&result);
}

static void ask_kind(struct table_set *set, const char *kind, const char *rules, size_t length,
	const char *key)
{
	char path[64];
	struct buf name = BUF(0);
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	snprintf(path, sizeof path, "%s:/proc/self/fd/%d", kind, fd);
	if (fd >= 0 && write(fd, rules, length) == (ssize_t)length)
		ask(set, path, key);
	if (fd >= 0)
		close(fd);
	buf_addf(&name, "%s:{%s}", kind, rules);
	ask(set, buf_text(&name), key);
	buf_close(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct table_options options = {.utf8 = true, .version = POSTFIX(3, 7)};
	const char *end = memchr(data, '\n', size);
	struct pool pool = {0};
	struct table_set *set;
	const char *rules;
	size_t length;

	if (end == NULL || size > 2000)
		return 0;
	log_open(&(struct log_sink){.write = ignore});
	set = table_set_new(&options);
	length = size - (size_t)(end + 1 - (const char *)data);
	rules = pool_bytes(&pool, end + 1, length);
	ask_kind(set, "cidr", rules, length, pool_bytes(&pool, data, size - length - 1));
	/* Repeated repetitions take the C library more memory than there is. */
	if (memchr(rules, '{', length) == NULL)
		ask_kind(set, "regexp", rules, length, pool_bytes(&pool, data, size - length - 1));
#ifdef HAVE_PCRE2
	ask_kind(set, "pcre", rules, length, pool_bytes(&pool, data, size - length - 1));
#endif
	table_set_free(set);
	pool_free(&pool);
	return 0;
}

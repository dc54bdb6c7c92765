/* Tables that are text: a line "type:name", then lines that are keys; and all of it as texthash. */
#include "config.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "util/log.h"
#include "util/text.h"
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

/* Only what needs neither files nor servers, also inside of others. */
static bool is_harmless(const char *name)
{
	static const char *const types[] = {"hash", "btree", "db", "proxy", "tcp", "socketmap",
		"unix", "regexp", "pcre", "cidr", "environ"};

	for (size_t i = 0; i < COUNT(types); i++)
		if (strstr(name, types[i]))
			return false;
	return strlen(name) < 4096;
}

static void ask(struct table_set *set, const char *name, const char *keys)
{
	struct table *table = table_open(set, name, TABLE_FOLD | TABLE_UTF8 | TABLE_LOCK);
	struct tables *list = tables_open(set, "fuzz", name, TABLE_FOLD | TABLE_UTF8);
	struct pool pool = {0};
	struct buf result = BUF(1000);
	const char *key;

	while ((key = text_token(&pool, &keys, "\n", false)) != NULL) {
		enum table_answer answer = table_find(table, key, &result);

		check(answer != TABLE_NONE || result.length == 0);
		check(answer != TABLE_ERROR || result.length > 0);
		check(answer != TABLE_FOUND || text_is_utf8(buf_text(&result), result.length));
		answer = tables_find(list, key, &result);
		check(answer != TABLE_FOUND || result.length > 0);
	}
	buf_close(&result);
	pool_free(&pool);
}

static void as_file(struct table_set *set, const uint8_t *data, size_t size, const char *keys)
{
	const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char name[64];

	snprintf(name, sizeof name, "texthash:/proc/self/fd/%d", fd);
	if (fd >= 0 && write(fd, data, size) == (ssize_t)size && futimens(fd, old) == 0)
		ask(set, name, keys);
	if (fd >= 0)
		close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct table_options options = {.utf8 = true, .version = POSTFIX(3, 11)};
	struct pool pool = {0};
	const char *keys = pool_bytes(&pool, data, size), *name;
	struct table_set *set;

	log_open(&(struct log_sink){.write = ignore});
	set = table_set_new(&options);
	as_file(set, data, size, keys);
	name = text_token(&pool, &keys, "\n", false);
	if (name && is_harmless(name))
		ask(set, name, keys);
	table_set_free(set);
	pool_free(&pool);
	return 0;
}

/*
 * An action, a NUL, and what it is for. Whatever comes of it, a header is replaced by headers only.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "util/log.h"
#include "postfix/checks.h"
#include "postfix/field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static void forget(void *context UNUSED, enum log_severity severity UNUSED, const char *line UNUSED,
	size_t length UNUSED)
{
}

static void ask(const struct tables *tables, bool header, const char *text)
{
	const struct checks checks = {tables, "x_checks", header, 60};
	struct buf with = BUF(0);
	enum checks_verdict verdict = checks_ask(&checks, text, &with);

	check((with.length > 0) == (verdict == CHECKS_REPLACE || verdict == CHECKS_PREPEND));
	if (header && with.length > 0)
		check(field_name(with.data, with.length) > 0);
	buf_close(&with);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct table_options options = {.utf8 = true};
	struct table_set *set = table_set_new(&options);
	struct pool pool = {0};
	const char *all = pool_bytes(&pool, data, size), *text = all + strlen(all);
	const struct tables *tables;

	log_open(&(struct log_sink){.write = forget});
	text += text < all + size;
	tables = tables_open(set, "x_checks", pool_format(&pool, "static:{%s}", all), 0);
	ask(tables, true, text);
	ask(tables, false, text);
	table_set_free(set);
	pool_free(&pool);
	return 0;
}

/* An entry of smtp_tls_policy_maps, as old and new versions of Postfix read it. */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "postfix/version.h"
#include "smtp/policy_table.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static void check_list(const struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		check(list->items[i] != NULL && list->items[i][0] != '\0');
}

/* What is accepted makes sense, what is not is said. */
static void parse(struct pool *pool, const char *text, int version)
{
	struct policy_entry entry = {0};
	struct list warnings = {.pool = pool};
	bool good = policy_parse(pool, "fuzz", text, version, &entry, &warnings);

	check_list(&warnings);
	if (!good) {
		check(warnings.count > 0);
		return;
	}
	check(entry.level >= TLS_LEVEL_NONE && entry.level != TLS_LEVEL_HALF_DANE);
	check(entry.connection_reuse >= -1 && entry.connection_reuse <= 1);
	check(entry.enable_rpk >= -1 && entry.enable_rpk <= 1);
	check_list(&entry.match);
	check_list(&entry.tafiles);
	check_list(&entry.policy_strings);
	check_list(&entry.mx_host_patterns);
	check(entry.level > TLS_LEVEL_MAY || entry.match.count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = {0};
	const char *text = pool_format(&pool, "%.*s", (int)size, (const char *)data);

	parse(&pool, text, POSTFIX(3, 5));
	parse(&pool, text, POSTFIX(3, 11));
	pool_free(&pool);
	return 0;
}

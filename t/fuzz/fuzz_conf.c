/*
 * main.cf and what it expands to. The first byte chooses the Postfix version. Every value is
 * expanded; a small ceiling on the input keeps one that multiplies from taking long.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "postfix/conf.h"
#include "postfix/level.h"
#include "postfix/version.h"
#include "util/log.h"
#include "util/text.h"

enum { SIZE_MOST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_log(void *context UNUSED, enum log_severity severity UNUSED, const char *line,
	size_t length)
{
	assert(line[length] == '\0');
}

static void expand_one(void *context, const char *name, void *value)
{
	struct conf *conf = context;
	const char *expanded = NULL, *again = NULL;
	const char *error = conf_try_expand(conf, value, &expanded);

	assert((error == NULL) == (expanded != NULL));
	assert(*name && strcmp(conf_raw(conf, name), value) == 0);
	if (strchr(value, '$') == NULL)
		assert(expanded && strcmp(expanded, value) == 0);
	else if (expanded && strchr(expanded, '$') == NULL)
		assert(conf_try_expand(conf, expanded, &again) == NULL
			&& strcmp(again, expanded) == 0);
}

/* What the reader promises of a logical line. */
static void check_lines(const char *data, size_t size)
{
	struct conf_lines *lines = conf_lines_text("fuzz", data, size);
	const char *line;
	int number, last = 0;

	while ((line = conf_lines_next(lines, &number))) {
		assert(number > last);
		assert(!text_is_space(*line) && *line != '#' && !strchr(line, '\n'));
		last = number;
	}
	conf_lines_close(lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int versions[] = {0, POSTFIX(3, 5), POSTFIX(3, 7), POSTFIX(3, 11)};
	struct conf conf = {.version = 0};
	const char *text = (const char *)data + 1;
	long long level = -1;

	log_open(&(struct log_sink){.write = no_log});
	if (size == 0 || size > SIZE_MOST)
		return 0;
	conf.version = versions[data[0] % COUNT(versions)];
	size--;
	check_lines(text, size);
	conf_try_parse(&conf, "fuzz", text, size);
	if (conf.values)
		map_each(conf.values, expand_one, &conf);
	conf_try_option(&conf, pool_bytes(&conf.pool, text, size));
	if (level_parse(pool_bytes(&conf.pool, text, size), &level))
		assert(level >= 0);
	conf_free(&conf);
	return 0;
}

/* texthash: the source of an indexed file, read into memory (DATABASE_README, postmap(1)). */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include "util/clock.h"
#include "util/log.h"
#include "util/map.h"
#include "util/text.h"
#include "postfix/conf_lines.h"
#include "postfix/table_key.h"
#include "postfix/table_type.h"

static bool refuse_duplicate(struct buf *why, const char *path, int number, const char *key)
{
	return table_refuse(why, "%s, line %d: duplicate entry: \"%s\"", path, number, key);
}

/* "key whitespace value"; what is not is warned about and ignored. False: a key occurs twice. */
static bool add_line(struct table *table, const char *path, const char *line, int number,
	struct buf *why)
{
	struct pool *pool = table_pool(table);
	const char *key, *value;
	size_t length;

	if (table_is_utf8(table) && !text_is_utf8(line, strlen(line))) {
		log_warning("%s, line %d: non-UTF-8 input \"%s\" -- ignoring this line", path,
			number, line);
		return true;
	}
	if (!table_key_length(line, "", &length)) {
		log_warning("%s, line %d: unbalanced '\"' in '%s' -- ignoring this line", path,
			number, line);
		return true;
	}
	value = text_trim(pool, line + length);
	if (length == 0 || *value == '\0') {
		log_warning(
			"%s, line %d: expected format: key whitespace value -- ignoring this line",
			path, number);
		return true;
	}
	if (line[length - 1] == ':')
		log_warning(
			"%s, line %d: record is in \"key: value\" format; is this an alias file?",
			path, number);
	key = table_key(table, pool, pool_bytes(pool, line, length));
	if (map_get(table->state, key))
		return refuse_duplicate(why, path, number, key);
	map_put(table->state, key, (void *)value);
	return true;
}

static void close_map(struct table *table)
{
	map_free(table->state, NULL);
}

static bool read_lines(struct table *table, const char *path, struct buf *why)
{
	int error = 0, number = 0;
	struct conf_lines *lines = conf_lines_open(path, &error);
	const char *line;
	bool good = true;

	if (lines == NULL)
		return table_refuse(why, error == EISDIR ? "read %s: %s" : "open database %s: %s",
			path, text_errno(table_pool(table), error));
	table->state = map_new();
	while (good && (line = conf_lines_next(lines, &number)) != NULL)
		good = add_line(table, path, line, number, why);
	conf_lines_close(lines);
	if (!good)
		close_map(table);
	return good;
}

/* Was it written a moment ago, and may so be half a file? As with main.cf. */
static bool is_fresh(const char *path, time_t started)
{
	struct stat status;

	return stat(path, &status) == 0 && status.st_mtime >= started - 1
		&& status.st_mtime <= clock_wall().tv_sec;
}

static bool open_texthash(struct table *table, const char *path, struct buf *why)
{
	enum { PAUSE = 300 }; /* ms */

	for (;;) {
		time_t started = clock_wall().tv_sec;

		if (!read_lines(table, path, why))
			return false;
		if (!is_fresh(path, started))
			return true;
		close_map(table);
		poll(NULL, 0, PAUSE);
	}
}

static enum table_answer find_texthash(const struct table *table, const char *key,
	struct buf *answer)
{
	const char *value = map_get(table->state, key);

	if (value == NULL)
		return TABLE_NONE;
	buf_adds(answer, value);
	return TABLE_FOUND;
}

const struct table_type table_texthash = {
	.name = "texthash",
	.kind = TABLE_FIXED,
	.open = open_texthash,
	.find = find_texthash,
	.close = close_map,
};

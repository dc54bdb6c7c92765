#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "postfix/conf_lines.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/pool.h"
#include "util/text.h"

struct conf_lines {
	struct pool pool; /* path */
	const char *path;
	struct buf file;      /* what conf_lines_open() read */
	const char *at, *end; /* what is left */
	int number;           /* physical lines before it */
	struct buf line;
};

static struct conf_lines *lines_new(const char *path)
{
	struct conf_lines *lines = MEMORY_NEW(struct conf_lines);

	lines->path = pool_text(&lines->pool, path);
	return lines;
}

struct conf_lines *conf_lines_text(const char *path, const char *data, size_t length)
{
	struct conf_lines *lines = lines_new(path);

	lines->at = data;
	lines->end = data + length;
	return lines;
}

/* All of a file. False: errno. */
static bool read_all(int fd, struct buf *to)
{
	enum { PIECE = 16384 };
	ssize_t got;

	do {
		got = read(fd, buf_reserve(to, PIECE), PIECE);
		if (got > 0)
			to->length += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got == 0;
}

struct conf_lines *conf_lines_open(const char *path, int *error)
{
	struct buf file = BUF(0);
	struct conf_lines *lines;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool whole;

	if (fd < 0) {
		*error = errno;
		return NULL;
	}
	whole = read_all(fd, &file);
	*error = whole ? 0 : errno;
	close(fd);
	if (!whole) {
		buf_close(&file);
		return NULL;
	}
	lines = conf_lines_text(path, buf_text(&file), file.length);
	lines->file = file;
	return lines;
}

/* Blank, or a comment? */
static bool vanishes(const char *text, const char *end)
{
	while (text < end && text_is_space(*text))
		text++;
	return text == end || *text == '#';
}

/* Gathers a logical line; returns the number of its first physical line, 0 at the end. */
static int gather(struct conf_lines *lines)
{
	int first = 0;

	buf_clear(&lines->line);
	while (lines->at < lines->end) {
		const char *start = lines->at;
		const char *newline = memchr(start, '\n', (size_t)(lines->end - start));
		const char *end = newline ? newline : lines->end;

		if (first && !vanishes(start, end) && !text_is_space(*start))
			break;
		lines->at = newline ? newline + 1 : lines->end;
		lines->number++;
		if (vanishes(start, end))
			continue;
		if (first == 0)
			first = lines->number;
		buf_add(&lines->line, start, (size_t)(end - start));
	}
	return first;
}

const char *conf_lines_next(struct conf_lines *lines, int *line_number)
{
	enum { SHOWN = 30 }; /* bytes */
	const char *text;
	int first;

	while ((first = gather(lines)) != 0) {
		text = buf_text(&lines->line);
		if (strlen(text) < lines->line.length)
			log_warning("%s, line %d: text after null byte is ignored", lines->path,
				first);
		if (!text_is_space(*text)) {
			if (line_number)
				*line_number = first;
			return text;
		}
		log_warning("%s: logical line must not start with whitespace: \"%.*s%s\"",
			lines->path, SHOWN, text, strlen(text) > SHOWN ? "..." : "");
	}
	return NULL;
}

void conf_lines_close(struct conf_lines *lines)
{
	if (lines == NULL)
		return;
	buf_close(&lines->file);
	buf_close(&lines->line);
	pool_free(&lines->pool);
	free(lines);
}

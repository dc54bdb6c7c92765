/*
 * A byte for the line length limit, then records: LF ends a line, \001 a part of one. A strict
 * receiver sees one message with the lines that went in; where none is broken, exactly those.
 */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "smtp/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

/* A line without its CR LF. What a receiver takes for its text goes to TEXT, with LF. */
static void receive_line(const char *line, size_t length, size_t limit, struct buf *text)
{
	check(memchr(line, '\r', length) == NULL && memchr(line, '\n', length) == NULL);
	check(length != 1 || line[0] != '.'); /* that would be the end */
	check(length == 0 || line[0] != '.' || line[1] == '.');
	if (length > 0 && line[0] == '.') {
		line++;
		length--;
	}
	check(limit == 0 || length <= limit);
	buf_add(text, line, length);
	buf_addc(text, '\n');
}

static void receive(const struct buf *wire, size_t limit, struct buf *text)
{
	const char *at = buf_text(wire), *end = at + wire->length;

	while (at < end) {
		const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);

		check(line != NULL);
		receive_line(at, (size_t)(line - at), limit, text);
		at = line + 2;
	}
}

/* The same records, in WANT what their lines are. */
static void feed(struct body *body, const char *at, const char *end, struct buf *wire, struct buf *want)
{
	bool more = false;

	while (at < end) {
		size_t length = 0;

		while (at + length < end && at[length] != '\n' && at[length] != '\001')
			length++;
		more = at + length < end && at[length] == '\001';
		body_record(body, wire, at, length, more);
		for (size_t i = 0; i < length; i++)
			buf_addc(want, at[i] == '\r' ? ' ' : at[i]);
		if (!more)
			buf_addc(want, '\n');
		at += length + (at + length < end);
	}
	if (more)
		buf_addc(want, '\n');
	body_end(body, wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf wire = BUF(0), want = BUF(0), text = BUF(0);
	struct body body;
	size_t limit;

	if (size == 0)
		return 0;
	limit = data[0] < 100 ? data[0] : 998;
	body_begin(&body, limit);
	feed(&body, (const char *)data + 1, (const char *)data + size, &wire, &want);
	receive(&wire, limit == 1 ? 2 : limit, &text);
	if (!body.broke)
		check(text.length == want.length
			&& memcmp(buf_text(&text), buf_text(&want), text.length) == 0);
	buf_close(&wire);
	buf_close(&want);
	buf_close(&text);
	return 0;
}

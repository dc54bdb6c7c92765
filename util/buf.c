#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "util/buf.h"
#include "util/memory.h"

enum { ROOM_LEAST = 256 };

static void grow(struct buf *buf, size_t length)
{
	size_t room = buf->room ? buf->room : ROOM_LEAST;

	while (room <= length)
		room *= 2;
	buf->data = memory_resize(buf->data, room, 1);
	buf->room = room;
}

/* Room for MORE bytes and the terminator. For every piece of every line: mostly it is there. */
static inline void make_room(struct buf *buf, size_t more)
{
	size_t length = more < PTRDIFF_MAX - buf->length ? buf->length + more : PTRDIFF_MAX;

	if (length >= buf->room)
		grow(buf, length);
}

static inline void set_length(struct buf *buf, size_t length)
{
	buf->length = length;
	buf->data[length] = '\0';
	buf->open = false;
}

/* How much of LENGTH more bytes is below the ceiling. */
static inline size_t allowed(struct buf *buf, size_t length)
{
	size_t left = buf->most > buf->length ? buf->most - buf->length : 0;

	if (buf->most == 0 || length <= left)
		return length;
	buf->cut = true;
	return left;
}

void buf_add(struct buf *buf, const void *data, size_t length)
{
	length = allowed(buf, length);
	make_room(buf, length);
	if (length > 0)
		memcpy(buf->data + buf->length, data, length);
	set_length(buf, buf->length + length);
}

void buf_adds(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_addc(struct buf *buf, int byte)
{
	char c = (char)byte;

	buf_add(buf, &c, 1);
}

void buf_vaddf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	size_t length;
	int wanted;

	va_copy(again, args);
	make_room(buf, 0);
	wanted = vsnprintf(buf->data + buf->length, buf->room - buf->length, format, args);
	length = allowed(buf, wanted > 0 ? (size_t)wanted : 0);
	if (buf->length + length >= buf->room) {
		make_room(buf, length);
		vsnprintf(buf->data + buf->length, length + 1, format, again);
	}
	set_length(buf, buf->length + length);
	va_end(again);
}

void buf_addf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vaddf(buf, format, args);
	va_end(args);
}

void buf_clear(struct buf *buf)
{
	buf->cut = false;
	if (buf->data)
		set_length(buf, 0);
}

void buf_truncate(struct buf *buf, size_t length)
{
	if (length < buf->length)
		set_length(buf, length);
}

void buf_shift(struct buf *buf, size_t length)
{
	if (length > buf->length)
		length = buf->length;
	if (length == 0)
		return;
	memmove(buf->data, buf->data + length, buf->length - length);
	set_length(buf, buf->length - length);
}

char *buf_reserve(struct buf *buf, size_t length)
{
	make_room(buf, length);
	buf->open = true;
	return buf->data + buf->length;
}

const char *buf_text(const struct buf *buf)
{
	if (buf->data == NULL)
		return "";
	if (buf->open)
		buf->data[buf->length] = '\0';
	return buf->data;
}

void buf_close(struct buf *buf)
{
	if (buf == NULL)
		return;
	free(buf->data);
	*buf = (struct buf){.most = buf->most};
}

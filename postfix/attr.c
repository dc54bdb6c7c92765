#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "postfix/attr.h"

void attr_text(struct buf *to, const char *name, const char *value)
{
	buf_add(to, name, strlen(name) + 1);
	buf_add(to, value, strlen(value) + 1);
}

void attr_int(struct buf *to, const char *name, int value)
{
	buf_add(to, name, strlen(name) + 1);
	buf_addf(to, "%u", (unsigned)value);
	buf_addc(to, '\0');
}

void attr_long(struct buf *to, const char *name, long value)
{
	buf_add(to, name, strlen(name) + 1);
	buf_addf(to, "%lu", (unsigned long)value);
	buf_addc(to, '\0');
}

void attr_end(struct buf *to)
{
	buf_addc(to, '\0');
}

/* Where we are in a list: how much of it was looked at, and what comes next. */
struct scan {
	bool in_value; /* of an attribute, else in a name */
	bool begun;    /* the name or value has some bytes already */
	size_t count;  /* attributes */
};

/*
 * Goes on over LENGTH bytes. Returns how many of them belong to the list if its end is among them,
 * else 0.
 *
 *   list      = *attribute %x00
 *   attribute = 1*byte %x00 *byte %x00
 */
static size_t find_end(struct scan *scan, const char *bytes, size_t length)
{
	const char *at = bytes, *end = bytes + length, *nul;

	for (; (nul = memchr(at, '\0', (size_t)(end - at))); at = nul + 1) {
		if (!scan->in_value && !scan->begun && nul == at)
			return (size_t)(nul + 1 - bytes);
		scan->count += scan->in_value;
		scan->in_value = !scan->in_value;
		scan->begun = false;
	}
	scan->begun = scan->begun || at < end;
	return 0;
}

/* RAW is a whole list with COUNT attributes. */
static void split(struct attrs *attrs, struct pool *pool, const struct buf *raw, size_t count)
{
	const char *text = pool_bytes(pool, buf_text(raw), raw->length);

	attrs->items = POOL_ARRAY(pool, struct attr, count);
	attrs->count = count;
	attrs->bytes = raw->length;
	for (size_t i = 0; i < count; i++) {
		attrs->items[i].name = text;
		text += strlen(text) + 1;
		attrs->items[i].value = text;
		text += strlen(text) + 1;
	}
}

/* SECONDS 0: no limit. False: errno, ETIMEDOUT when they went by. */
static bool wait_for(int fd, short events, int seconds)
{
	struct pollfd polled = {.fd = fd, .events = events};
	int limit = seconds <= 0 ? -1 : seconds < INT_MAX / 1000 ? seconds * 1000 : INT_MAX;
	int ready;

	do
		ready = poll(&polled, 1, limit);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		errno = ETIMEDOUT;
	return ready > 0;
}

/* Only when all that was there has been looked at. */
static enum attr_got fill(struct attr_source *source)
{
	ssize_t got;

	if (source->seconds > 0 && !wait_for(source->fd, POLLIN, source->seconds))
		return ATTR_BROKEN;
	do
		got = read(source->fd, source->bytes, sizeof source->bytes);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return ATTR_BROKEN;
	source->from = 0;
	source->until = (size_t)got;
	return got > 0 ? ATTR_LIST : ATTR_CLOSED;
}

enum attr_got attr_wait(struct attr_source *source)
{
	return source->from < source->until ? ATTR_LIST : fill(source);
}

static enum attr_got broken(int error)
{
	errno = error;
	return ATTR_BROKEN;
}

/* The bytes of one list into RAW, however many reads they take. */
static enum attr_got gather(struct attr_source *source, struct buf *raw, struct scan *scan)
{
	enum attr_got got = ATTR_LIST;
	size_t used = 0;

	while (used == 0) {
		const char *unread = source->bytes + source->from;
		size_t length = source->until - source->from;

		used = find_end(scan, unread, length);
		buf_add(raw, unread, used ? used : length);
		source->from += used ? used : length;
		if (raw->cut || scan->count > ATTR_COUNT_MOST)
			return broken(EMSGSIZE);
		if (used == 0)
			got = fill(source);
		if (got == ATTR_CLOSED && raw->length > 0)
			return broken(EPROTO);
		if (got != ATTR_LIST)
			return got;
	}
	return ATTR_LIST;
}

enum attr_got attr_read(struct attr_source *source, struct pool *pool, struct attrs *attrs)
{
	struct scan scan = {.count = 0};
	struct buf raw = BUF(ATTR_MOST);
	enum attr_got got = gather(source, &raw, &scan);
	int error = errno;

	if (got == ATTR_LIST)
		split(attrs, pool, &raw, scan.count);
	buf_close(&raw);
	errno = error;
	return got;
}

const char *attr_get(const struct attrs *attrs, const char *name)
{
	for (size_t i = 0; i < attrs->count; i++)
		if (strcmp(attrs->items[i].name, name) == 0)
			return attrs->items[i].value;
	return NULL;
}

/* The whole of TEXT as an unsigned decimal up to MOST. */
static bool unsigned_decimal(const char *text, unsigned long most, unsigned long *number)
{
	unsigned long value = 0;

	if (*text == '\0')
		return false;
	for (; *text; text++) {
		unsigned long digit = (unsigned long)(*text - '0');

		if (*text < '0' || *text > '9' || value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*number = value;
	return true;
}

bool attr_number_int(const char *text, int *value)
{
	unsigned long number;

	if (text == NULL || !unsigned_decimal(text, UINT32_MAX, &number))
		return false;
	*value = (int)(uint32_t)number; /* two's complement: -1 was sent as 4294967295 */
	return true;
}

bool attr_number_long(const char *text, long *value)
{
	unsigned long number;

	if (text == NULL || !unsigned_decimal(text, ULONG_MAX, &number))
		return false;
	*value = (long)number;
	return true;
}

bool attr_get_int(const struct attrs *attrs, const char *name, int *value)
{
	return attr_number_int(attr_get(attrs, name), value);
}

/* Without waiting, if it is a socket (in stream mode it may be something else). */
static ssize_t write_some(int fd, const char *data, size_t length)
{
	ssize_t sent = send(fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);

	return sent < 0 && errno == ENOTSOCK ? write(fd, data, length) : sent;
}

bool attr_write(int fd, int seconds, const void *data, size_t length)
{
	const char *at = data;

	while (length > 0) {
		ssize_t sent = write_some(fd, at, length);

		if (sent >= 0) {
			at += sent;
			length -= (size_t)sent;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!wait_for(fd, POLLOUT, seconds))
				return false;
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

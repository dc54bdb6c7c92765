#include "config.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "postfix/submit.h"
#include "util/clock.h"
#include "util/net.h"

/* One queue file record: type, length in groups of seven bits, data (postfix-wire.md 4.1). */
static void put_record(struct buf *to, int type, const char *data, size_t length)
{
	size_t left = length;

	buf_addc(to, type);
	for (; left > 0x7f; left >>= 7)
		buf_addc(to, (int)(left & 0x7f) | 0x80);
	buf_addc(to, (int)left);
	buf_add(to, data, length);
}

static void put_text(struct buf *to, int type, const char *text)
{
	put_record(to, type, text, strlen(text));
}

static void put_lines(struct buf *to, const struct buf *lines)
{
	const char *at = buf_text(lines);

	while (*at) {
		size_t length = strcspn(at, "\n");

		put_record(to, 'N', at, length);
		at += length + (at[length] != '\0');
	}
}

static void put_message(struct buf *to, const char *sender, const char *recipient,
	const struct buf *lines)
{
	struct timeval now = clock_wall();
	struct buf time = BUF(0);

	buf_addf(&time, "%ld %ld", (long)now.tv_sec, (long)now.tv_usec);
	put_text(to, 'T', buf_text(&time));
	buf_close(&time);
	put_text(to, 'A', "log_message_origin=local");
	put_text(to, 'A', "trace_flags=0");
	put_text(to, 'S', sender);
	put_text(to, 'R', recipient);
	put_text(to, 'M', "");
	put_lines(to, lines);
	put_text(to, 'X', "");
	put_text(to, 'E', "");
}

/* cleanup(8) speaks first, in all versions: its name, and a queue id, which is of no interest. */
static bool is_ready(struct attr_source *source, struct pool *pool)
{
	struct attrs attrs;

	for (int lists = 0; lists < 2; lists++) {
		if (attr_read(source, pool, &attrs) != ATTR_LIST)
			return false;
		if (attr_get(&attrs, "queue_id"))
			return true;
	}
	return false;
}

static bool converse(const struct wire *wire, int fd, const struct buf *flags,
	const struct buf *message, struct pool *pool)
{
	struct attr_source source = {.fd = fd, .seconds = wire->ipc_timeout};
	struct attrs attrs;
	int status = -1;

	errno = EPROTO;
	if (!is_ready(&source, pool))
		return false;
	if (!attr_write(fd, wire->ipc_timeout, flags->data, flags->length)
		|| !attr_write(fd, wire->ipc_timeout, message->data, message->length))
		return false;
	errno = EPROTO;
	return attr_read(&source, pool, &attrs) == ATTR_LIST
		&& attr_get_int(&attrs, "status", &status) && status == 0;
}

bool submit_message(const struct wire *wire, int flags, const char *sender, const char *recipient,
	const struct buf *lines)
{
	struct pool pool = {0};
	struct buf list = BUF(0), message = BUF(0);
	int fd = net_connect_unix(pool_format(&pool, "public/%s", wire->cleanup_service),
		wire->ipc_timeout);
	bool queued = false;

	attr_int(&list, "flags", flags);
	attr_end(&list);
	put_message(&message, sender, recipient, lines);
	if (fd >= 0) {
		queued = converse(wire, fd, &list, &message, &pool);
		close(fd);
	}
	buf_close(&list);
	buf_close(&message);
	pool_free(&pool);
	return queued;
}

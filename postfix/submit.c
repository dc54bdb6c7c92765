#include "config.h"
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "postfix/submit.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/net.h"
#include "util/text.h"

struct submission { /* the arguments of submit_message() */
	const struct wire *wire;
	int flags;
	const char *sender, *recipient, *by;
	const struct buf *lines;
};

/* One queue file record: type, length in groups of seven bits, data. */
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

/* RFC 5321 4.4; the date as RFC 5322 3.3 has it. */
static void put_received(struct buf *to, const struct submission *s, const char *queue_id,
	time_t now)
{
	struct buf line = BUF(0);
	char date[64];
	struct tm local;

	localtime_r(&now, &local);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S %z (%Z)", &local);
	buf_addf(&line, "Received: by %s", s->by);
	put_text(to, 'N', buf_text(&line));
	buf_clear(&line);
	buf_addf(&line, "\tid %s; %s", queue_id, date);
	put_text(to, 'N', buf_text(&line));
	buf_close(&line);
}

static void put_message(struct buf *to, const struct submission *s, const char *queue_id)
{
	struct timeval now = clock_wall();
	struct buf time = BUF(0);

	buf_addf(&time, "%ld %ld", (long)now.tv_sec, (long)now.tv_usec);
	put_text(to, 'T', buf_text(&time));
	buf_close(&time);
	put_text(to, 'A', "log_message_origin=local");
	put_text(to, 'A', "trace_flags=0");
	put_text(to, 'S', s->sender);
	put_text(to, 'R', s->recipient);
	put_text(to, 'M', "");
	put_received(to, s, queue_id, now.tv_sec);
	put_lines(to, s->lines);
	put_text(to, 'X', "");
	put_text(to, 'E', "");
}

/* cleanup(8) speaks first, in all versions: its name, and the queue id. NULL: it didn't. */
static const char *hear_queue_id(struct attr_source *source, struct pool *pool)
{
	struct attrs attrs;

	errno = EPROTO;
	return attr_read(source, pool, &attrs) == ATTR_LIST ? attr_get(&attrs, "queue_id") : NULL;
}

static bool converse(const struct submission *s, int fd, struct pool *pool)
{
	struct attr_source source = {.fd = fd, .seconds = s->wire->ipc_timeout};
	const char *queue_id = hear_queue_id(&source, pool);
	struct buf message = BUF(0);
	struct attrs attrs;
	int status = -1;
	bool sent;

	if (queue_id == NULL)
		return false;
	attr_int(&message, "flags", s->flags);
	attr_end(&message);
	put_message(&message, s, queue_id);
	sent = attr_write(fd, s->wire->ipc_timeout, message.data, message.length);
	buf_close(&message);
	errno = sent ? EPROTO : errno;
	return sent && attr_read(&source, pool, &attrs) == ATTR_LIST
		&& attr_get_int(&attrs, "status", &status) && status == 0;
}

bool submit_message(const struct wire *wire, int flags, const char *sender, const char *recipient,
	const char *by, const struct buf *lines)
{
	const struct submission s = {wire, flags, sender, recipient, by, lines};
	struct pool pool = {0};
	const char *path = pool_format(&pool, "public/%s", wire->cleanup_service);
	int fd = net_connect_unix(path, wire->ipc_timeout), error = errno;
	bool queued = false;

	if (fd < 0) {
		log_warning("connect to %s: %s", path, text_errno(&pool, error));
	} else {
		queued = converse(&s, fd, &pool);
		error = errno;
		close(fd);
	}
	pool_free(&pool);
	errno = error;
	return queued;
}

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "util/clock.h"
#include "util/memory.h"
#include "util/net.h"
#include "util/stream.h"

/* A reply is small; who sends more at a time gets the larger buffer. */
enum { INPUT_SMALL = 4096, INPUT_LARGE = 16384, OUTPUT_SMALL = 2048 }; /* bytes */

/* Bytes from start to end are waiting; room is allocated. */
struct window {
	char *data;
	size_t start, end, room;
};

/* A time limit of the socket as the kernel has it: SO_RCVTIMEO or SO_SNDTIMEO. */
struct timer {
	int option;
	int64_t ms; /* -1: not known yet */
};

struct layer {
	const struct transport *transport;
	void *channel;
};

struct stream {
	int fd; /* -1: none, base moves the bytes */
	struct layer base, top;
	struct window in, out;
	struct timer reading, writing;
	int64_t limit;    /* ms for each read and write, 0: none; with a deadline, its whole time */
	int64_t deadline; /* clock_ms(), 0: none */
	int rate;         /* bytes that win a second, 0: none do */
	int error;
	bool deaf; /* the peer went beyond all bounds: nothing more is read */
};

/* False, with ETIMEDOUT: the deadline is over. */
static bool in_time(const struct stream *stream)
{
	if (stream->deadline == 0 || clock_ms() < stream->deadline)
		return true;
	errno = ETIMEDOUT;
	return false;
}

/*
 * Sets what the next read or write of the socket may take. False: the deadline is over.
 *
 * With a deadline less time is left for each. To spare a system call before each, the kernel is
 * told that time rounded down to a power of two, which is the same for long. When it runs out
 * before the deadline the caller comes back.
 */
static bool arm(const struct stream *stream, struct timer *timer)
{
	int64_t ms = stream->limit, left;
	struct timeval time;

	if (!in_time(stream))
		return false;
	if (stream->deadline > 0) {
		left = stream->deadline - clock_ms();
		for (ms = 1; ms <= left / 2;)
			ms *= 2;
	}
	if (ms == timer->ms)
		return true;
	time = (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	if (setsockopt(stream->fd, SOL_SOCKET, timer->option, &time, sizeof time) < 0)
		return false;
	timer->ms = ms;
	return true;
}

static bool interrupted(void)
{
	return errno == EINTR;
}

static bool ran_out(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* After a read or write that failed: is another try worth it? If it took too long: ETIMEDOUT. */
static bool again(const struct stream *stream)
{
	if (interrupted())
		return true;
	if (!ran_out())
		return false;
	errno = ETIMEDOUT;
	return stream->deadline > 0; /* arm() finds out whether that is over */
}

ssize_t stream_raw_read(struct stream *stream, void *to, size_t room)
{
	ssize_t count;

	if (stream->fd < 0)
		return stream->base.transport->read(stream->base.channel, to, room);
	do {
		if (!arm(stream, &stream->reading))
			return -1;
		count = recv(stream->fd, to, room, 0);
	} while (count < 0 && again(stream));
	return count;
}

/* The kernel nearly always has room at once: then no timer needs to be set. */
ssize_t stream_raw_write(struct stream *stream, const void *from, size_t length)
{
	ssize_t count;

	if (stream->fd < 0)
		return stream->base.transport->write(stream->base.channel, from, length);
	if (!in_time(stream))
		return -1;
	count = send(stream->fd, from, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (count >= 0 || !(interrupted() || ran_out()))
		return count;
	do {
		if (!arm(stream, &stream->writing))
			return -1;
		count = send(stream->fd, from, length, MSG_NOSIGNAL);
	} while (count < 0 && again(stream));
	return count;
}

static ssize_t socket_read(void *channel, void *to, size_t room)
{
	return stream_raw_read(channel, to, room);
}

static ssize_t socket_write(void *channel, const void *from, size_t length)
{
	return stream_raw_write(channel, from, length);
}

static const struct transport socket_transport = {.read = socket_read, .write = socket_write};

static struct stream *stream_new(int fd)
{
	struct stream *stream = MEMORY_NEW(struct stream);

	stream->fd = fd;
	stream->reading = (struct timer){.option = SO_RCVTIMEO, .ms = -1};
	stream->writing = (struct timer){.option = SO_SNDTIMEO, .ms = -1};
	return stream;
}

struct stream *stream_open(int fd)
{
	struct stream *stream = stream_new(fd);

	stream->base = stream->top = (struct layer){&socket_transport, stream};
	return stream;
}

struct stream *stream_over(const struct transport *transport, void *channel)
{
	struct stream *stream = stream_new(-1);

	stream->base = stream->top = (struct layer){transport, channel};
	return stream;
}

void stream_turn(struct stream *stream, const struct transport *transport, void *channel)
{
	stream->top = (struct layer){transport, channel};
}

void *stream_channel(const struct stream *stream, const struct transport *transport)
{
	if (stream->top.transport == transport)
		return stream->top.channel;
	return stream->base.transport == transport ? stream->base.channel : NULL;
}

void stream_limit(struct stream *stream, int seconds)
{
	stream->limit = seconds * 1000LL;
	stream->deadline = 0;
	stream->rate = 0;
}

void stream_deadline(struct stream *stream, int seconds, int rate)
{
	stream_limit(stream, seconds);
	if (seconds > 0)
		stream->deadline = clock_ms() + stream->limit;
	stream->rate = rate;
}

/* Never further than the whole time from now (smtp_min_data_rate in postconf(5)). */
static void postpone(struct stream *stream, size_t length)
{
	int64_t last;

	if (stream->deadline == 0 || stream->rate <= 0)
		return;
	last = clock_ms() + stream->limit;
	stream->deadline += (int64_t)length * 1000 / stream->rate;
	if (stream->deadline > last)
		stream->deadline = last;
}

/* What a transport's count that is not above 0 means. */
static enum io failed(struct stream *stream, ssize_t count)
{
	if (count < 0 && errno == ETIMEDOUT)
		return IO_LATE;
	stream->error = count < 0 ? errno : 0;
	return IO_LOST;
}

/* Sends all of it; *length says how much is gone in any case. */
static enum io send_all(struct stream *stream, const char *data, size_t *length)
{
	size_t whole = *length;
	ssize_t count;

	for (*length = 0; *length < whole; *length += (size_t)count) {
		count = stream->top.transport->write(stream->top.channel, data + *length,
			whole - *length);
		if (count <= 0)
			return failed(stream, count);
		postpone(stream, (size_t)count);
	}
	return IO_OK;
}

enum io stream_flush(struct stream *stream)
{
	struct window *out = &stream->out;
	size_t length = out->end - out->start;
	enum io io = IO_OK;

	if (length > 0) {
		io = send_all(stream, out->data + out->start, &length);
		out->start += length;
	}
	if (io == IO_OK)
		out->start = out->end = 0;
	return io;
}

static void make_room(struct window *out, size_t length)
{
	size_t room = out->room ? out->room : OUTPUT_SMALL;

	if (out->end + length <= out->room)
		return;
	while (room < out->end + length)
		room *= 2;
	out->data = memory_resize(out->data, room, 1);
	out->room = room;
}

static void queue(struct window *out, const void *data, size_t length)
{
	if (length == 0)
		return;
	make_room(out, length);
	memcpy(out->data + out->end, data, length);
	out->end += length;
}

enum io stream_put(struct stream *stream, const void *data, size_t length)
{
	struct window *out = &stream->out;
	size_t waiting = out->end - out->start, part;
	const char *from = data;
	enum io io;

	if (waiting + length >= STREAM_CHUNK && waiting > 0) {
		part = STREAM_CHUNK - waiting;
		queue(out, from, part);
		if ((io = stream_flush(stream)) != IO_OK)
			return io;
		from += part;
		length -= part;
	}
	part = length - length % STREAM_CHUNK;
	if (part > 0) {
		length -= part;
		from += part;
		if ((io = send_all(stream, from - part, &part)) != IO_OK)
			return io;
	}
	queue(out, from, length);
	return IO_OK;
}

size_t stream_queued(const struct stream *stream)
{
	return stream->out.end - stream->out.start;
}

void stream_drop_queued(struct stream *stream)
{
	stream->out.start = stream->out.end = 0;
}

/* Reads what there is into the empty input window. */
static enum io fill(struct stream *stream)
{
	struct window *in = &stream->in;
	ssize_t count;

	if (stream->deaf) {
		errno = EMSGSIZE;
		return failed(stream, -1);
	}
	if (in->room == 0 || (in->end == in->room && in->room < INPUT_LARGE)) {
		free(in->data);
		in->room = in->room == 0 ? INPUT_SMALL : INPUT_LARGE;
		in->data = memory_resize(NULL, in->room, 1);
	}
	in->start = in->end = 0;
	count = stream->top.transport->read(stream->top.channel, in->data, in->room);
	if (count <= 0)
		return failed(stream, count);
	in->end = (size_t)count;
	return IO_OK;
}

/* A line that is being read. CRs wait until it is known that they are not part of its end. */
struct reading {
	struct buf *line;
	size_t seen, crs;
};

/* The next LENGTH bytes of it. False: it is too long. */
static bool take(struct reading *reading, const char *data, size_t length)
{
	struct buf *line = reading->line;
	size_t crs = 0;

	while (crs < length && data[length - 1 - crs] == '\r')
		crs++;
	reading->seen += length;
	if (crs < length) {
		for (; reading->crs > 0 && !line->cut; reading->crs--)
			buf_addc(line, '\r');
		buf_add(line, data, length - crs);
		reading->crs = crs;
	} else {
		reading->crs += crs;
	}
	return reading->seen - line->length <= STREAM_SKIP_MOST;
}

enum io stream_line(struct stream *stream, struct buf *line)
{
	struct window *in = &stream->in;
	struct reading reading = {.line = line};
	const char *start, *end = NULL;
	size_t length;
	enum io io;

	buf_clear(line);
	while (end == NULL) {
		if (in->start == in->end && (io = fill(stream)) != IO_OK)
			return io;
		start = in->data + in->start;
		length = in->end - in->start;
		if ((end = memchr(start, '\n', length)))
			length = (size_t)(end - start);
		in->start += length + (end != NULL);
		if (!take(&reading, start, length)) {
			stream->deaf = line->cut = true;
			in->start = in->end = 0;
			break;
		}
	}
	return IO_OK;
}

size_t stream_unread(const struct stream *stream)
{
	const struct layer *top = &stream->top;
	size_t pending = top->transport->pending ? top->transport->pending(top->channel) : 0;

	return stream->in.end - stream->in.start + pending;
}

void stream_drop_unread(struct stream *stream)
{
	stream->in.start = stream->in.end = 0;
}

bool stream_disturbed(struct stream *stream)
{
	return stream_unread(stream) > 0 || (stream->fd >= 0 && net_readable(stream->fd, 0) != 0);
}

int stream_fd(const struct stream *stream)
{
	return stream->fd;
}

int stream_error(const struct stream *stream)
{
	return stream->error;
}

static void layer_close(const struct layer *layer)
{
	if (layer->transport->close)
		layer->transport->close(layer->channel);
}

void stream_close(struct stream *stream)
{
	if (stream == NULL)
		return;
	layer_close(&stream->top);
	if (stream->top.channel != stream->base.channel)
		layer_close(&stream->base);
	if (stream->fd >= 0)
		close(stream->fd);
	free(stream->in.data);
	free(stream->out.data);
	free(stream);
}

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "t/lib/tap.h"
#include "util/clock.h"
#include "util/stream.h"

/* A transport that moves at most STEP bytes at a time. */
struct narrow {
	const char *from; /* what is read */
	size_t left, step;
	struct buf written;
	int error; /* errno of each write, if not 0 */
	int closed;
};

static ssize_t narrow_read(void *channel, void *to, size_t room)
{
	struct narrow *narrow = channel;
	size_t count = narrow->left < narrow->step ? narrow->left : narrow->step;

	if (count > room)
		count = room;
	if (count > 0)
		memcpy(to, narrow->from, count);
	narrow->from += count;
	narrow->left -= count;
	return (ssize_t)count;
}

static ssize_t narrow_write(void *channel, const void *from, size_t length)
{
	struct narrow *narrow = channel;

	if (narrow->error) {
		errno = narrow->error;
		return -1;
	}
	if (length > narrow->step)
		length = narrow->step;
	buf_add(&narrow->written, from, length);
	return (ssize_t)length;
}

static size_t narrow_pending(void *channel)
{
	struct narrow *narrow = channel;

	return narrow->left;
}

static void narrow_close(void *channel)
{
	struct narrow *narrow = channel;

	narrow->closed++;
	buf_close(&narrow->written);
}

static const struct transport narrow_transport = {narrow_read, narrow_write, NULL, narrow_close};
static const struct transport pending_transport = {narrow_read, narrow_write, narrow_pending,
	narrow_close};

static const struct lines {
	const char *name, *text;
	size_t length;
	const char *found; /* each line in <>, '*' if it was cut, and how it ended */
} line_cases[] = {
	{"CR LF", "a\r\nb\r\n", 6, "<a><b>lost"},
	{"LF alone", "a\nb\n", 4, "<a><b>lost"},
	{"many CRs", "a\r\r\r\nb\n", 7, "<a><b>lost"},
	{"a CR inside", "a\rb\r\r\rc\r\n", 10, "<a\rb\r\r\rc>lost"},
	{"CRs in front", "\r\ra\r\n", 5, "<\r\ra>lost"},
	{"empty lines", "\r\n\n\r\r\n", 6, "<><><>lost"},
	{"an end inside a line", "a\r\nb", 4, "<a>lost"},
	{"an end inside a line's end", "a\r\nb\r", 5, "<a>lost"},
	{"nothing", "", 0, "lost"},
	{"as long as may be", "12345678\r\n1\n", 12, "<12345678><1>lost"},
	{"too long", "123456789\r\n1\n", 13, "<12345678*><1>lost"},
	{"too long by a CR", "12345678\r9\r\n1\n", 14, "<12345678*><1>lost"},
	{"CRs at the ceiling", "12345678\r\r\r\r\n1\n", 15, "<12345678><1>lost"},
	{"much too long", "123456789abcdefghijklmnop\nq\n", 28, "<12345678*><q>lost"},
};

static void check_lines(const struct lines *lines, size_t step)
{
	struct narrow narrow = {lines->text, lines->length, step, BUF(0), 0, 0};
	struct stream *stream = stream_over(&narrow_transport, &narrow);
	struct buf line = BUF(8), found = BUF(0);
	enum io io;

	while ((io = stream_line(stream, &line)) == IO_OK)
		buf_addf(&found, "<%s%s>", buf_text(&line), line.cut ? "*" : "");
	buf_adds(&found, io == IO_LOST && stream_error(stream) == 0 ? "lost" : "?");
	is_text(buf_text(&found), lines->found, lines->name);
	stream_close(stream);
	ok(narrow.closed == 1, "closed");
	buf_close(&line);
	buf_close(&found);
}

/* A line whose content and CRs are LENGTH bytes, and one more. */
static void check_skip(size_t length, int fill, size_t step, bool right)
{
	struct buf text = BUF(0), line = BUF(8);
	struct narrow narrow;
	struct stream *stream;

	while (text.length < length)
		buf_addc(&text, text.length < 8 ? 'x' : fill);
	buf_adds(&text, "\nnext\n");
	narrow = (struct narrow){text.data, text.length, step, BUF(0), 0, 0};
	stream = stream_over(&narrow_transport, &narrow);
	if (right) {
		ok(stream_line(stream, &line) == IO_OK, "skipped");
		is_text(buf_text(&line), "xxxxxxxx", "its beginning");
		ok(line.cut == (fill != '\r'), "cut, unless only CRs are missing");
		ok(stream_line(stream, &line) == IO_OK, "another one");
		is_text(buf_text(&line), "next", "its text");
	} else {
		ok(stream_line(stream, &line) == IO_OK && line.cut, "more than is skipped: it stands, cut");
		ok(stream_line(stream, &line) == IO_LOST, "and the peer is not heard any more");
		is_number(stream_error(stream), EMSGSIZE, "its error");
	}
	stream_close(stream);
	buf_close(&text);
	buf_close(&line);
}

static void check_nul(void)
{
	struct narrow narrow = {"a\0b\r\n", 5, 100, BUF(0), 0, 0};
	struct stream *stream = stream_over(&narrow_transport, &narrow);
	struct buf line = BUF(8);

	ok(stream_line(stream, &line) == IO_OK && line.length == 3, "a line with a NUL");
	ok(memcmp(buf_text(&line), "a\0b", 4) == 0, "keeps it");
	stream_close(stream);
	buf_close(&line);
}

/* Pieces of all sizes come out in one piece, and few of them wait. */
static void check_put(size_t step)
{
	struct narrow narrow = {NULL, 0, step, BUF(0), 0, 0};
	struct stream *stream = stream_over(&narrow_transport, &narrow);
	struct buf all = BUF(0);
	static char piece[100000];
	bool right = true;

	for (size_t i = 0; i < sizeof piece; i++)
		piece[i] = (char)(i * 7 % 251);
	for (size_t size = 1; size < sizeof piece; size += size / 3 + 1) {
		buf_add(&all, piece, size);
		right = right && stream_put(stream, piece, size) == IO_OK;
		right = right && stream_queued(stream) < STREAM_CHUNK;
		right = right && narrow.written.length + stream_queued(stream) == all.length;
	}
	ok(right, "each is put");
	ok(stream_flush(stream) == IO_OK && stream_queued(stream) == 0, "flushed");
	ok(narrow.written.length == all.length
			&& memcmp(narrow.written.data, all.data, all.length) == 0,
		"all in order");
	stream_close(stream);
	buf_close(&all);
}

static void check_put_failure(void)
{
	struct narrow narrow = {NULL, 0, 3, BUF(0), 0, 0};
	struct stream *stream = stream_over(&narrow_transport, &narrow);
	static const char large[STREAM_CHUNK];

	ok(stream_put(stream, "abcdef", 6) == IO_OK, "put");
	narrow.error = ETIMEDOUT;
	ok(stream_flush(stream) == IO_LATE, "late");
	narrow.error = ECONNRESET;
	ok(stream_flush(stream) == IO_LOST, "lost");
	is_number(stream_error(stream), ECONNRESET, "why");
	ok(stream_put(stream, large, sizeof large) == IO_LOST, "lost when it had to be sent");
	ok(stream_queued(stream) <= STREAM_CHUNK, "what waits is bounded");
	stream_close(stream);
}

struct pair {
	struct stream *stream;
	int peer;
};

static struct pair pair_open(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		printf("Bail out! no socket pair\n");
		exit(1);
	}
	return (struct pair){stream_open(fds[0]), fds[1]};
}

static long long timer_ms(const struct stream *stream, int name)
{
	struct timeval time = {0};
	socklen_t length = sizeof time;

	getsockopt(stream_fd(stream), SOL_SOCKET, name, &time, &length);
	return (long long)time.tv_sec * 1000 + time.tv_usec / 1000;
}

static void check_socket(void)
{
	struct pair pair = pair_open();
	struct buf line = BUF(100);
	char heard[100];

	stream_limit(pair.stream, 300);
	ok(!stream_disturbed(pair.stream), "silence");
	ok(stream_put(pair.stream, "hello\r\n", 7) == IO_OK, "put");
	ok(recv(pair.peer, heard, sizeof heard, MSG_DONTWAIT) == -1, "not sent yet");
	ok(stream_flush(pair.stream) == IO_OK, "flushed");
	ok(recv(pair.peer, heard, sizeof heard, MSG_DONTWAIT) == 7, "sent");
	is_number(timer_ms(pair.stream, SO_SNDTIMEO), 0, "without a timer: there was room");

	ok(send(pair.peer, "one\r\ntwo\r\nth", 12, 0) == 12, "the peer speaks");
	ok(stream_disturbed(pair.stream), "which disturbs");
	ok(stream_line(pair.stream, &line) == IO_OK, "a line");
	is_text(buf_text(&line), "one", "its text");
	is_number(timer_ms(pair.stream, SO_RCVTIMEO), 300000, "with a timer");
	is_number((long long)stream_unread(pair.stream), 7, "more is there");
	ok(stream_disturbed(pair.stream), "which disturbs, too");
	stream_drop_unread(pair.stream);
	ok(!stream_disturbed(pair.stream), "dropped");
	ok(send(pair.peer, "ree\r\n", 5, 0) == 5 && stream_line(pair.stream, &line) == IO_OK,
		"what comes after that");
	is_text(buf_text(&line), "ree", "is read");
	close(pair.peer);
	ok(stream_disturbed(pair.stream), "closing disturbs");
	ok(stream_line(pair.stream, &line) == IO_LOST && stream_error(pair.stream) == 0, "closed");
	stream_put(pair.stream, "x", 1);
	ok(stream_flush(pair.stream) == IO_LOST, "no signal");
	is_number(stream_error(pair.stream), EPIPE, "but an error");
	stream_close(pair.stream);
	stream_close(NULL);
	buf_close(&line);
}

static void check_limit(void)
{
	struct pair pair = pair_open();
	struct buf line = BUF(100);
	static const char large[STREAM_CHUNK];
	int64_t start = clock_ms();
	enum io io = IO_OK;

	stream_limit(pair.stream, 1);
	ok(stream_line(pair.stream, &line) == IO_LATE, "a silent peer");
	ok(clock_ms() - start >= 900 && clock_ms() - start < 20000, "for a second");
	start = clock_ms();
	while (io == IO_OK)
		io = stream_put(pair.stream, large, sizeof large);
	ok(io == IO_LATE, "a peer that doesn't listen");
	ok(clock_ms() - start >= 900 && clock_ms() - start < 20000, "for a second");
	stream_close(pair.stream);
	close(pair.peer);
	buf_close(&line);
}

/* In real time: the kernel's timers run out before the deadline, which holds all the same. */
static void check_deadline(void)
{
	struct pair pair = pair_open();
	struct buf line = BUF(100);
	static const char large[STREAM_CHUNK];
	int64_t start = clock_ms();
	enum io io = IO_OK;

	stream_deadline(pair.stream, 1, 0);
	send(pair.peer, "part", 4, 0);
	ok(stream_line(pair.stream, &line) == IO_LATE, "half a line");
	ok(clock_ms() - start >= 1000 && clock_ms() - start < 20000, "for a second");
	ok(stream_line(pair.stream, &line) == IO_LATE, "no time is left");

	start = clock_ms();
	stream_deadline(pair.stream, 1, 0);
	while (io == IO_OK)
		io = stream_put(pair.stream, large, sizeof large);
	ok(io == IO_LATE, "a peer that doesn't listen");
	ok(clock_ms() - start >= 1000 && clock_ms() - start < 20000, "for a second");

	stream_limit(pair.stream, 1);
	send(pair.peer, "line\n", 5, 0);
	ok(stream_line(pair.stream, &line) == IO_OK, "a limit ends a deadline");
	is_text(buf_text(&line), "line", "its line");
	stream_close(pair.stream);
	close(pair.peer);
	buf_close(&line);
}

static void check_frozen_deadline(void)
{
	struct pair pair = pair_open();
	struct buf line = BUF(100);

	clock_freeze(1000, (struct timeval){0});
	stream_deadline(pair.stream, 300, 0);
	send(pair.peer, "1\n", 2, 0);
	ok(stream_line(pair.stream, &line) == IO_OK, "in time");
	is_number(timer_ms(pair.stream, SO_RCVTIMEO), 262144, "the time left, rounded down");
	clock_advance(37000);
	send(pair.peer, "2\n", 2, 0);
	ok(stream_line(pair.stream, &line) == IO_OK, "still in time");
	is_number(timer_ms(pair.stream, SO_RCVTIMEO), 262144, "the timer can stay");
	clock_advance(1000);
	send(pair.peer, "3\n", 2, 0);
	ok(stream_line(pair.stream, &line) == IO_OK, "and again");
	is_number(timer_ms(pair.stream, SO_RCVTIMEO), 131072, "but not for ever");
	clock_advance(262000);
	send(pair.peer, "4\n", 2, 0);
	ok(stream_line(pair.stream, &line) == IO_LATE, "too late, though there is a line");
	stream_put(pair.stream, "x", 1);
	ok(stream_flush(pair.stream) == IO_LATE, "too late to write");
	stream_deadline(pair.stream, 1, 0);
	ok(stream_line(pair.stream, &line) == IO_OK, "a new deadline");
	stream_limit(pair.stream, 0);
	clock_advance(100000);
	send(pair.peer, "5\n", 2, 0);
	ok(stream_line(pair.stream, &line) == IO_OK, "no limit at all");
	is_number(timer_ms(pair.stream, SO_RCVTIMEO), 0, "nor in the kernel");
	clock_thaw();
	stream_close(pair.stream);
	close(pair.peer);
	buf_close(&line);
}

static enum io send_some(struct stream *stream, size_t length)
{
	char some[1000];

	memset(some, 'x', sizeof some);
	stream_put(stream, some, length);
	return stream_flush(stream);
}

static void check_rate(void)
{
	struct pair pair = pair_open();

	clock_freeze(1000, (struct timeval){0});
	stream_deadline(pair.stream, 10, 100);
	clock_advance(9000);
	ok(send_some(pair.stream, 500) == IO_OK, "500 bytes after 9 seconds"); /* until 15 */
	clock_advance(5999);
	ok(send_some(pair.stream, 1000) == IO_OK, "win 5 seconds"); /* 25, but at most 24.999 */
	clock_advance(9999);
	ok(send_some(pair.stream, 50) == IO_OK, "1000 bytes win 10"); /* 25.499 */
	clock_advance(499);
	ok(send_some(pair.stream, 1) == IO_OK, "50 bytes win a half"); /* 25.509 */
	clock_advance(12);
	ok(send_some(pair.stream, 1) == IO_LATE, "but not more");
	clock_thaw();
	stream_close(pair.stream);
	close(pair.peer);
}

/* A transport over the socket: all bytes are the other way round. */
static ssize_t inverse_read(void *channel, void *to, size_t room)
{
	char *bytes = to;
	ssize_t count = stream_raw_read(channel, to, room);

	for (ssize_t i = 0; i < count; i++)
		bytes[i] = (char)~bytes[i];
	return count;
}

static ssize_t inverse_write(void *channel, const void *from, size_t length)
{
	const char *bytes = from;
	char one = (char)~*bytes;

	return length > 0 ? stream_raw_write(channel, &one, 1) : 0;
}

static const struct transport inverse = {.read = inverse_read, .write = inverse_write};

static void check_turn(void)
{
	struct pair pair = pair_open();
	struct buf line = BUF(100);
	char heard[10] = "";

	ok(stream_channel(pair.stream, &inverse) == NULL, "not turned yet");
	stream_turn(pair.stream, &inverse, pair.stream);
	ok(stream_channel(pair.stream, &inverse) == pair.stream, "turned");
	stream_put(pair.stream, "\x01\x02", 2);
	ok(stream_flush(pair.stream) == IO_OK, "sent through it");
	ok(recv(pair.peer, heard, sizeof heard, MSG_DONTWAIT) == 2, "received");
	ok(memcmp(heard, "\xFE\xFD", 2) == 0, "the other way round");
	ok(send(pair.peer, "\x9E\xF2\xF5", 3, 0) == 3, "answered");
	stream_limit(pair.stream, 5);
	ok(stream_line(pair.stream, &line) == IO_OK, "read through it");
	is_text(buf_text(&line), "a", "the right way round");
	clock_freeze(1000, (struct timeval){0});
	stream_deadline(pair.stream, 5, 0);
	clock_advance(5000);
	ok(stream_line(pair.stream, &line) == IO_LATE, "its errors are the socket's");
	clock_thaw();
	stream_close(pair.stream);
	close(pair.peer);
	buf_close(&line);
}

/* Turned over a transport that is not a socket, and what it has pending. */
static void check_layers(void)
{
	struct narrow below = {"\x9E\xF2\xF5", 3, 100, BUF(0), 0, 0};
	struct narrow above = {"more", 4, 1, BUF(0), 0, 0};
	struct stream *stream = stream_over(&narrow_transport, &below);
	struct buf line = BUF(100);

	ok(stream_channel(stream, &narrow_transport) == &below, "the channel");
	is_number(stream_fd(stream), -1, "no socket");
	stream_turn(stream, &inverse, stream);
	ok(stream_line(stream, &line) == IO_OK, "read through both");
	is_text(buf_text(&line), "a", "its text");
	ok(stream_channel(stream, &narrow_transport) == &below, "the channel below");
	stream_close(stream);
	is_number(below.closed, 1, "closed below");

	below = (struct narrow){"", 0, 100, BUF(0), 0, 0};
	stream = stream_over(&narrow_transport, &below);
	stream_turn(stream, &pending_transport, &above);
	is_number((long long)stream_unread(stream), 4, "what is pending is unread");
	ok(stream_disturbed(stream), "and disturbs");
	stream_drop_unread(stream);
	is_number((long long)stream_unread(stream), 4, "it is not dropped");
	stream_close(stream);
	ok(below.closed == 1 && above.closed == 1, "both are closed");
	buf_close(&line);
}

static int interrupting; /* where the handler of check_signal() writes */

static void interrupt(int signal UNUSED)
{
	ssize_t count = write(interrupting, "x\n", 2);

	(void)count;
}

/* A signal interrupts the read; what comes then is read. */
static void check_signal(void)
{
	struct pair pair = pair_open();
	struct sigaction action = {.sa_handler = interrupt}, before;
	struct itimerval soon = {.it_value = {.tv_usec = 50000}};
	struct buf line = BUF(100);

	interrupting = pair.peer;
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &soon, NULL);
	stream_limit(pair.stream, 30);
	ok(stream_line(pair.stream, &line) == IO_OK, "a signal is not an error");
	is_text(buf_text(&line), "x", "the line");
	sigaction(SIGALRM, &before, NULL);
	stream_close(pair.stream);
	close(pair.peer);
	buf_close(&line);
}

int main(void)
{
	static const size_t steps[] = {1, 2, 3, 7, 10000};

	check_signal();
	alarm(60);
	for (const struct lines *l = line_cases; l < line_cases + COUNT(line_cases); l++)
		for (size_t i = 0; i < COUNT(steps); i++)
			check_lines(l, steps[i]);
	for (size_t step = 1; step <= 100000; step *= 100) {
		check_skip(8 + STREAM_SKIP_MOST, 'y', step, true);
		check_skip(8 + STREAM_SKIP_MOST + 1, 'y', step, false);
		check_skip(8 + STREAM_SKIP_MOST, '\r', step, true);
		check_skip(8 + STREAM_SKIP_MOST + 1, '\r', step, false);
	}
	check_nul();
	check_put(1);
	check_put(1000);
	check_put(1000000);
	check_put_failure();
	check_socket();
	check_limit();
	check_deadline();
	check_frozen_deadline();
	check_rate();
	check_turn();
	check_layers();
	return done();
}

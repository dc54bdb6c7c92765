#ifndef UTIL_STREAM_H
#define UTIL_STREAM_H
/*
 * stream - timed lines and bytes over a transport. The socket itself is the first transport; TLS
 * is another one turned on under the same stream, so that no caller asks whether TLS is on. Owns
 * its descriptor. One thread at a time. Every wait is limited: per read or write of the socket, or,
 * with a deadline, for all that happens until it is set anew. Until one is set there is no limit.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "util/buf.h"

enum io {
	IO_OK,
	IO_LATE, /* the limit ran out */
	IO_LOST, /* closed by the peer, or failed: stream_error() */
};

struct stream;

/*
 * How bytes move. read and write return the count, 0 when the peer has closed (read), or -1 with
 * errno (ETIMEDOUT when stream_raw_read() or stream_raw_write() said so). Any may be NULL but
 * read and write.
 */
struct transport {
	ssize_t (*read)(void *channel, void *to, size_t room);
	ssize_t (*write)(void *channel, const void *from, size_t length);
	size_t (*pending)(void *channel); /* bytes that read would give without the socket */
	void (*close)(void *channel); /* says goodbye if it can without waiting, frees channel */
};

/* Takes over FD, a blocking stream socket. Memory for the buffers is allocated when first needed.
 */
struct stream *stream_open(int fd);

/* Without a socket: all goes through TRANSPORT (tests). */
struct stream *stream_over(const struct transport *transport, void *channel);

/*
 * From now on bytes go through TRANSPORT, which may use stream_raw_*(). Once in a stream's life;
 * stream_close() closes this transport before what is below it.
 */
void stream_turn(struct stream *stream, const struct transport *transport, void *channel);
/* The channel of that transport, which may be the one below; NULL: it is not in use. */
void *stream_channel(const struct stream *stream, const struct transport *transport);

/*
 * The socket with the limits of the stream, for transports (after stream_over(): the transport
 * given there). As in struct transport.
 */
ssize_t stream_raw_read(struct stream *stream, void *to, size_t room);
ssize_t stream_raw_write(struct stream *stream, const void *from, size_t length);

/* SECONDS for each read and write of the socket from now on; 0: none. Ends a deadline. */
void stream_limit(struct stream *stream, int seconds);

/*
 * SECONDS from now for everything until the next call of this or stream_limit(). With RATE above 0
 * each RATE bytes sent push it a second on, but never further than SECONDS from then
 * (smtp_min_data_rate). 0 SECONDS: no limit.
 */
void stream_deadline(struct stream *stream, int seconds, int rate);

/* Queues bytes; sends when STREAM_CHUNK bytes are waiting. A failure leaves the stream spent. */
enum { STREAM_CHUNK = 32768 };
enum io stream_put(struct stream *stream, const void *data, size_t length);
enum io stream_flush(struct stream *stream);
size_t stream_queued(const struct stream *stream); /* bytes put and not yet sent */
void stream_drop_queued(struct stream *stream);    /* nobody will take them: the peer hung up */

/*
 * One line into LINE (cleared first), without its end: LF and all CRs directly before it. What
 * does not fit LINE's ceiling is read and dropped, at most SKIP_MOST bytes of it, and LINE->cut
 * is set. Beyond that the line stands as it is, cut, and nothing more is read from this peer: all
 * later reads are IO_LOST. An end inside a line is IO_LOST. Queued output is not flushed.
 */
enum { STREAM_SKIP_MOST = 65536 };
enum io stream_line(struct stream *stream, struct buf *line);

/* Bytes that were received and not read yet, above the socket. */
size_t stream_unread(const struct stream *stream);
void stream_drop_unread(struct stream *stream); /* of the buffer only, never of the TLS layer */

/* Has the peer spoken or closed while we expected silence? Doesn't wait. */
bool stream_disturbed(struct stream *stream);

int stream_fd(const struct stream *stream);
int stream_error(const struct stream *stream); /* errno of the last IO_LOST; 0: the peer closed */

/* Closes transport and socket, frees. What was queued is lost. NULL is fine. */
void stream_close(struct stream *stream);

#endif

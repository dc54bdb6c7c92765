#ifndef TLS_CHANNEL_H
#define TLS_CHANNEL_H
/*
 * channel - a GnuTLS session over a stream's socket (GnuTLS manual). What GnuTLS writes waits until
 * it wants to read, or a whole write is done: so a flight is one segment, and none waits for the
 * peer's delayed acknowledgement. What it reads comes from a buffer of ours. Limits are the
 * stream's. Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <gnutls/gnutls.h>
#include "util/buf.h"
#include "util/stream.h"

struct channel {
	gnutls_session_t session;
	struct stream *stream;
	struct buf out;    /* written by GnuTLS, not sent yet */
	char *in;          /* CHANNEL_ROOM bytes, or NULL */
	size_t start, end; /* of what is in it */
	int failure;       /* the library's code for what ended it: GNUTLS_E_...; 0: nothing did */
	int error;         /* errno of the read or write of the socket that failed; 0: none did */
	bool closed;       /* the peer closed the connection */
	bool dead;         /* the session cannot be used any more, not even to say goodbye */
	bool dump;         /* log what moves, in hexadecimal, as far as that is bearable */
	size_t dumped;     /* bytes of it */
	const char *state; /* of the handshake, for the log; NULL: don't tell */
};

enum { CHANNEL_ROOM = 16384 }; /* bytes: a record of the largest size, or nearly */

/*
 * Makes SESSION read and write through STREAM, which must outlive it; its gnutls_session_get_ptr()
 * is the channel.
 */
void channel_open(struct channel *channel, gnutls_session_t session, struct stream *stream);

/* What waits goes out. False: channel->error. */
bool channel_flush(struct channel *channel);

/* As in struct transport (util/stream.h); what the library finds wrong is EPROTO. */
ssize_t channel_read(struct channel *channel, void *to, size_t room);
ssize_t channel_write(struct channel *channel, const void *from, size_t length);
size_t channel_pending(const struct channel *channel);

/*
 * Says close_notify (RFC 8446 6.1), unless the socket would make us wait; with WAIT also hears the
 * peer's.
 */
void channel_bye(struct channel *channel, bool wait);

/* Frees the buffers; session and stream are the caller's. */
void channel_free(struct channel *channel);

#endif

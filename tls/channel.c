/* channel */
#include "tls/channel.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "tls/alert.h"
#include "util/log.h"
#include "util/memory.h"

enum {
	OUT_KEPT = 4096,  /* bytes of room that stay between flights */
	IDLE_MOST = 100,  /* records without data that one read puts up with */
	DUMP_WIDTH = 16,  /* bytes in a line of a dump */
	DUMP_MOST = 256 * 1024, /* bytes of a session that are dumped */
};

/* "0000 16 03 03 00 7a 02 00 00|76 03 ...  ....z... v.": DUMP_WIDTH bytes, or what is left. */
static void dump_line(const unsigned char *bytes, size_t at, size_t length)
{
	struct buf hex = BUF(0), text = BUF(0);

	for (size_t i = 0; i < DUMP_WIDTH; i++) {
		const char *after = i == DUMP_WIDTH / 2 - 1 ? "|" : " ";
		unsigned char byte = i < length ? bytes[i] : 0;

		if (i < length)
			buf_addf(&hex, "%02x%s", byte, after);
		else
			buf_adds(&hex, "   ");
		if (i < length)
			buf_addf(&text, "%c%s", isprint(byte) ? byte : '.', *after == '|' ? " " : "");
	}
	log_info("%04zx %s %s", at, buf_text(&hex), buf_text(&text));
	buf_close(&hex);
	buf_close(&text);
}

/* A long message would fill the log. False: enough has been dumped, and that was said. */
static bool go_on_dumping(struct channel *channel, size_t length)
{
	bool before = channel->dumped < DUMP_MOST;

	channel->dumped += length;
	if (before && channel->dumped >= DUMP_MOST)
		log_info("no more of this session is dumped");
	return channel->dumped < DUMP_MOST;
}

/* As Postfix has it at levels 3 and 4: what is on the wire, so ciphertext, never a key. */
static void dump(struct channel *channel, const char *what, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	size_t shown = length;

	if (!channel->dump || !go_on_dumping(channel, length))
		return;
	log_info("%s %" PRIXPTR " [%" PRIXPTR "] (%zu bytes => %zu (0x%zX))", what,
		(uintptr_t)channel, (uintptr_t)data, length, length, length);
	while (shown > 0 && (bytes[shown - 1] == ' ' || bytes[shown - 1] == '\0'))
		shown--;
	for (size_t at = 0; at < shown; at += DUMP_WIDTH)
		dump_line(bytes + at, at, shown - at < DUMP_WIDTH ? shown - at : DUMP_WIDTH);
	if (shown < length)
		log_info("%04zx - <SPACES/NULLS>", shown);
}

bool channel_flush(struct channel *channel)
{
	struct buf *out = &channel->out;
	size_t sent = 0;
	ssize_t count = 0;

	while (sent < out->length && count >= 0) {
		count = stream_raw_write(channel->stream, out->data + sent, out->length - sent);
		if (count > 0)
			sent += (size_t)count;
	}
	if (count < 0)
		channel->error = errno;
	if (sent > 0)
		dump(channel, "write to", out->data, sent);
	buf_clear(out);
	return count >= 0;
}

static ssize_t push(gnutls_transport_ptr_t pointer, const void *data, size_t length)
{
	struct channel *channel = pointer;

	buf_add(&channel->out, data, length);
	return (ssize_t)length;
}

static ssize_t fail(struct channel *channel)
{
	gnutls_transport_set_errno(channel->session, channel->error ? channel->error : EIO);
	return -1;
}

static bool fill(struct channel *channel)
{
	ssize_t count;

	if (!channel_flush(channel))
		return false;
	if (channel->out.room > OUT_KEPT)
		buf_close(&channel->out);
	if (channel->in == NULL)
		channel->in = memory_resize(NULL, CHANNEL_ROOM, 1);
	channel->start = channel->end = 0;
	count = stream_raw_read(channel->stream, channel->in, CHANNEL_ROOM);
	if (count < 0) {
		channel->error = errno;
		return false;
	}
	channel->closed = count == 0;
	channel->end = (size_t)count;
	dump(channel, "read from", channel->in, channel->end);
	return true;
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *to, size_t room)
{
	struct channel *channel = pointer;
	size_t count;

	if (channel->start == channel->end && !fill(channel))
		return fail(channel);
	count = channel->end - channel->start;
	if (count > room)
		count = room;
	memcpy(to, channel->in + channel->start, count);
	channel->start += count;
	return (ssize_t)count;
}

/* Only asked by calls that we don't make; without it GnuTLS takes the pointer for a descriptor. */
static int pull_timeout(gnutls_transport_ptr_t pointer, unsigned ms)
{
	struct channel *channel = pointer;
	struct pollfd wait = {.fd = stream_fd(channel->stream), .events = POLLIN};

	if (channel->start < channel->end || wait.fd < 0)
		return 1;
	return poll(&wait, 1, ms == GNUTLS_INDEFINITE_TIMEOUT ? -1 : (int)ms);
}

void channel_open(struct channel *channel, gnutls_session_t session, struct stream *stream)
{
	*channel = (struct channel){.session = session, .stream = stream};
	gnutls_session_set_ptr(session, channel);
	gnutls_transport_set_ptr(session, channel);
	gnutls_transport_set_push_function(session, push);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_pull_timeout_function(session, pull_timeout);
}

static ssize_t broken(struct channel *channel, int error)
{
	channel->dead = true;
	errno = error;
	return -1;
}

static bool can_write(const struct stream *stream)
{
	struct pollfd ready = {.fd = stream_fd(stream), .events = POLLOUT};

	return ready.fd < 0 || poll(&ready, 1, 0) == 1;
}

/* RFC 8446 6.2: which alert ends it. Nobody waits for that. */
static void tell_peer(struct channel *channel, int rc)
{
	if (rc != GNUTLS_E_FATAL_ALERT_RECEIVED && can_write(channel->stream)
		&& gnutls_alert_send_appropriate(channel->session, rc) >= 0)
		channel_flush(channel);
}

/* What a call of the library that failed for good comes to, as a transport's result. */
static ssize_t spent(struct channel *channel, ssize_t rc)
{
	if (rc == 0) /* close_notify; we may still write, at least one of our own */
		return 0;
	channel->dead = true;
	channel->failure = (int)rc;
	if (rc == GNUTLS_E_PREMATURE_TERMINATION) /* without: SMTP has its own ends */
		return 0;
	if (channel->error != 0)
		return broken(channel, channel->error);
	if (channel->closed)
		return 0;
	alert_problem(channel->session, (int)rc);
	tell_peer(channel, (int)rc);
	return broken(channel, EPROTO);
}

/*
 * A warning alert, a ticket or a key update is no data: GnuTLS says so and wants to be called
 * again. A server that sends nothing else for long is cut off.
 */
static bool goes_on(struct channel *channel, ssize_t rc)
{
	if (rc == GNUTLS_E_REHANDSHAKE) /* RFC 5246 7.4.1.1: a client may refuse */
		return gnutls_alert_send(channel->session, GNUTLS_AL_WARNING,
			GNUTLS_A_NO_RENEGOTIATION) == GNUTLS_E_SUCCESS;
	return rc < 0 && !gnutls_error_is_fatal((int)rc);
}

ssize_t channel_read(struct channel *channel, void *to, size_t room)
{
	ssize_t rc;

	if (channel->dead || channel->closed)
		return 0;
	for (int idle = 0; idle < IDLE_MOST; idle++) {
		rc = gnutls_record_recv(channel->session, to, room);
		if (rc > 0)
			return rc;
		if (!goes_on(channel, rc))
			return spent(channel, rc);
	}
	return spent(channel, GNUTLS_E_TOO_MANY_EMPTY_PACKETS);
}

ssize_t channel_write(struct channel *channel, const void *from, size_t length)
{
	const char *data = from;
	size_t done = 0;
	ssize_t rc;

	if (channel->dead)
		return broken(channel, EPIPE);
	while (done < length) {
		rc = gnutls_record_send(channel->session, data + done, length - done);
		if (rc > 0)
			done += (size_t)rc;
		else if (rc != GNUTLS_E_AGAIN && rc != GNUTLS_E_INTERRUPTED)
			return spent(channel, rc) < 0 ? -1 : broken(channel, EPIPE);
	}
	return channel_flush(channel) ? (ssize_t)done : broken(channel, channel->error);
}

size_t channel_pending(const struct channel *channel)
{
	return gnutls_record_check_pending(channel->session) + channel->end - channel->start;
}

void channel_bye(struct channel *channel, bool wait)
{
	if (channel->dead || channel->error != 0 || !can_write(channel->stream))
		return;
	gnutls_bye(channel->session, GNUTLS_SHUT_WR);
	if (channel_flush(channel) && wait)
		gnutls_bye(channel->session, GNUTLS_SHUT_RDWR);
}

void channel_free(struct channel *channel)
{
	buf_close(&channel->out);
	free(channel->in);
	channel->in = NULL;
}

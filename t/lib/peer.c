#include <stdlib.h>
#include <string.h>
#include "t/lib/peer.h"
#include "util/memory.h"

struct peer {
	char *text;
	const char *next;
	struct buf heard;
};

static ssize_t peer_read(void *channel, void *to, size_t room)
{
	struct peer *peer = channel;
	size_t length = strcspn(peer->next, "\n");

	length += peer->next[length] == '\n';
	if (length > room)
		length = room;
	memcpy(to, peer->next, length);
	peer->next += length;
	return (ssize_t)length;
}

static ssize_t peer_write(void *channel, const void *from, size_t length)
{
	struct peer *peer = channel;

	buf_add(&peer->heard, from, length);
	return (ssize_t)length;
}

static void peer_close(void *channel)
{
	struct peer *peer = channel;

	buf_close(&peer->heard);
	free(peer->text);
	free(peer);
}

static const struct transport peer_transport = {.read = peer_read,
	.write = peer_write,
	.close = peer_close};

struct stream *peer_says(const char *text)
{
	struct peer *peer = MEMORY_NEW(struct peer);

	peer->text = memory_new(strlen(text) + 1);
	memcpy(peer->text, text, strlen(text));
	peer->next = peer->text;
	return stream_over(&peer_transport, peer);
}

const char *peer_heard(const struct stream *stream)
{
	struct peer *peer = stream_channel(stream, &peer_transport);

	return peer ? buf_text(&peer->heard) : "";
}

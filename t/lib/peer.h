#ifndef T_PEER_H
#define T_PEER_H
/* peer - the other side of a stream, as a string. No socket, no waiting. */
#include "util/stream.h"

/*
 * A stream whose peer says exactly TEXT, one line to each read, and then closes. Whatever is
 * written to it is kept.
 */
struct stream *peer_says(const char *text);

/* What has been written so far (flushed, that is). Valid until the next write or stream_close(). */
const char *peer_heard(const struct stream *stream);

#endif

#include "t/lib/peer.h"
#include "t/lib/tap.h"

int main(void)
{
	struct stream *stream = peer_says("220 hi\r\n250-a\r\n250 b\n12");
	struct buf line = BUF(100);

	is_text(peer_heard(stream), "", "nothing heard yet");
	ok(stream_put(stream, "EHLO me\r\n", 9) == IO_OK, "something is put");
	is_text(peer_heard(stream), "", "it is queued");
	ok(stream_flush(stream) == IO_OK, "it is sent");
	is_text(peer_heard(stream), "EHLO me\r\n", "it is heard");

	ok(stream_line(stream, &line) == IO_OK, "the first line");
	is_text(buf_text(&line), "220 hi", "its text");
	is_number((long long)stream_unread(stream), 0, "one line at a time");
	ok(!stream_disturbed(stream), "a peer has nothing to say unasked");
	ok(stream_line(stream, &line) == IO_OK && stream_line(stream, &line) == IO_OK, "two more");
	is_text(buf_text(&line), "250 b", "the last");
	ok(stream_line(stream, &line) == IO_LOST, "a line cut short");
	is_number(stream_error(stream), 0, "the peer has closed");
	stream_close(stream);
	buf_close(&line);
	return done();
}

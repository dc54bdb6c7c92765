#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "postfix/submit.h"
#include "postfix/version.h"
#include "t/lib/tap.h"
#include "t/postfix/fake_server.h"
#include "util/clock.h"

#define HELLO "protocol\0cleanup_protocol\0queue_id\0" "4FABC\0\0"
#define TAKEN "status\0" "0\0reason\0\0\0"
#define REFUSED "status\0" "2\0reason\0mail system error\0\0"
#define WHOLE "E" /* then a length of 0, which is the NUL */

static const struct fake_words good = {HELLO, sizeof HELLO - 1, TAKEN, sizeof TAKEN - 1, WHOLE, 2};
static const struct fake_words bad = {HELLO, sizeof HELLO - 1, REFUSED, sizeof REFUSED - 1, WHOLE, 2};
static const struct fake_words silent = {HELLO, sizeof HELLO - 1, "", 0, WHOLE, 2};
static const struct fake_words mute = {"", 0, "", 0, WHOLE, 2};
static const struct fake_words nameless = {"protocol\0x\0\0", 12, TAKEN, sizeof TAKEN - 1, WHOLE, 2};

static bool submit(const char *lines)
{
	const struct wire wire = {.version = POSTFIX(3, 7), .ipc_timeout = 2, .cleanup_service = "cleanup"};
	struct buf text = BUF(0);
	bool done_it;

	buf_adds(&text, lines);
	errno = 0;
	done_it = submit_message(&wire, SUBMIT_MAP | SUBMIT_FILTER, "double-bounce@x.test", "postmaster",
		"client.example (Postfix)", &text);
	buf_close(&text);
	return done_it;
}

/* Records as "T:text|", after the flags. */
static const char *records(const struct buf *raw)
{
	static char shown[20000];
	const char *at = buf_text(raw), *end = at + raw->length;
	size_t length = 0;

	shown[0] = '\0';
	if (raw->length < 10 || memcmp(at, "flags\0" "34\0\0", 10) != 0)
		return "no flags";
	for (at += 10; at < end && length < sizeof shown - 9000;) {
		int type = *at++, shift = 0;
		size_t size = 0;

		for (; at < end; shift += 7) {
			size |= (size_t)(*at & 0x7f) << shift;
			if (!(*at++ & 0x80))
				break;
		}
		length += (size_t)snprintf(shown + length, sizeof shown - length, "%c:%.*s|", type,
			(int)size, at);
		at += size;
	}
	return shown;
}

static void test_message(struct fake_server *cleanup)
{
	struct buf raw = BUF(0), lines = BUF(0);
	const char *want = "T:1700000000 0|A:log_message_origin=local|A:trace_flags=0|S:double-bounce@x.test|"
		"R:postmaster|M:|N:Received: by client.example (Postfix)|N:\tid 4FABC; Tue, 14 Nov 2023"
		" 22:13:20 +0000 (UTC)|N:Subject: x|N:|N:last|X:|E:|";

	ok(submit("Subject: x\n\nlast\n"), "a message is taken");
	fake_server_heard(cleanup, &raw);
	is_text(records(&raw), want, "what cleanup(8) gets");
	buf_clear(&raw);
	ok(submit("Subject: x\n\nlast"), "without a line end");
	fake_server_heard(cleanup, &raw);
	is_text(records(&raw), want, "the same");
	buf_clear(&raw);
	buf_addf(&lines, "%0200d\n%08000d\n", 1, 2);
	ok(submit(buf_text(&lines)), "long lines");
	fake_server_heard(cleanup, &raw);
	buf_clear(&lines);
	buf_addf(&lines, "|N:%0200d|N:%08000d|X:|E:|", 1, 2);
	ok(strstr(records(&raw), buf_text(&lines)) != NULL, "their lengths");
	buf_close(&raw);
	buf_close(&lines);
}

static void test_failures(struct fake_server *cleanup)
{
	fake_server_say(cleanup, bad);
	ok(!submit("x\n") && errno == EPROTO, "it says no");
	fake_server_say(cleanup, silent);
	ok(!submit("x\n"), "it says nothing at the end");
	fake_server_say(cleanup, mute);
	ok(!submit("x\n"), "it says nothing at all");
	fake_server_say(cleanup, nameless);
	ok(!submit("x\n") && errno == EPROTO, "it gives no queue id");
	fake_server_close(cleanup);
	ok(!submit("x\n") && errno == ENOENT, "it is not there");
}

int main(void)
{
	char directory[] = "/tmp/safemx-submit-XXXXXX";
	struct fake_server *cleanup;

	setenv("TZ", "UTC", 1);
	clock_freeze(1000000, (struct timeval){.tv_sec = 1700000000});
	if (mkdtemp(directory) == NULL || chdir(directory) < 0 || mkdir("public", 0700) < 0)
		return 1;
	cleanup = fake_server("public/cleanup", good);
	test_message(cleanup);
	test_failures(cleanup);
	rmdir("public");
	rmdir(directory);
	return done();
}

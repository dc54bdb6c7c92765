#include "config.h"
#include <string.h>
#include "smtp/chat.h"
#include "t/lib/heard.h"
#include "t/lib/peer.h"
#include "t/lib/tap.h"
#include "t/lib/test_agent.h"
#include "util/log.h"

#define PEER "mx.example[192.0.2.1]"
#define TEN "xxxxxxxxxx"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define THOUSAND \
	HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED

static struct test_agent test;

static void configure(const char *settings)
{
	test_agent_close(&test);
	test_agent_open(&test, false, 0, settings);
}

/* A chat with a server that says TEXT. */
static void open_chat(struct chat *chat, const char *text)
{
	*chat = (struct chat){.namaddr = PEER, .namaddrport = PEER ":25", .address = "192.0.2.1"};
	chat_open(chat, &test.agent, peer_says(text));
}

static void close_chat(struct chat *chat)
{
	struct stream *stream = chat->stream;

	chat_close(chat);
	stream_close(stream);
}

static const struct exchange {
	const char *name, *server;
	int code; /* 0: it fails, and text is why's */
	const char *status, *text;
	const char *log;
	bool garbage;
} exchanges[] = {
	{"one line", "250 2.1.0 fine\r\n", 250, "2.1.0", "250 2.1.0 fine", "", false},
	{"bare LF ends a line", "250 fine\n", 250, "2.0.0", "250 fine", "", false},
	{"CRs before LF are dropped", "250 fine\r\r\n", 250, "2.0.0", "250 fine", "", false},
	{"a CR inside is none", "250 a\rb\r\n", 250, "2.0.0", "250 a?b", "", false},
	{"three digits", "250\r\n", 250, "2.0.0", "250", "", false},
	{"two lines", "550-5.1.1 no\r\n550 5.1.2 one\r\n", 550, "5.1.2", "550-5.1.1 no\n550 5.1.2 one",
		"", false},
	{"the last code counts", "250-a\r\n550 b\r\n", 550, "5.0.0", "250-a\n550 b", "", false},
	{"code 999", "999 what\r\n", 999, "5.5.0", "999 what", "", false},
	{"escapes made visible", "220 \033[2J\a\t.\r\n", 220, "2.0.0", "220 ?[2J??.", "", false},
	{"UTF-8 stays", "250 \303\251\r\n", 250, "2.0.0", "250 \303\251", "", false},
	{"bad UTF-8 does not", "250 \303\251\251 \342\202\r\n", 250, "2.0.0", "250 \303\251? ??", "",
		false},
	{"a % is a %", "250 %s%n%d\r\n", 250, "2.0.0", "250 %s%n%d", "", false},
	{"garbage in front", "250ok\r\n250 2.0.0 ok\r\n", 250, "2.0.0", "250ok\n250 2.0.0 ok", "", true},
	{"an empty line is garbage", "\r\n250 ok\r\n", 250, "2.0.0", "\n250 ok", "", true},
	{"two digits are garbage", "25 x\r\n250 ok\r\n", 250, "2.0.0", "25 x\n250 ok", "", true},
	{"four digits are garbage", "2500 x\r\n250 ok\r\n", 250, "2.0.0", "2500 x\n250 ok", "", true},
	{"garbage only", "hello\r\nworld\r\n", 0, "4.4.2",
		"lost connection with " PEER " while testing", "", true},
	{"nothing", "", 0, "4.4.2", "lost connection with " PEER " while testing", "", false},
	{"cut inside a line", "250 hel", 0, "4.4.2", "lost connection with " PEER " while testing", "",
		false},
	{"the last line is missing", "250-a\r\n", 0, "4.4.2",
		"lost connection with " PEER " while testing", "", false},
	{"a long line is cut", "550 5.1.1 " THOUSAND THOUSAND HUNDRED "\r\n", 550, "5.1.1", NULL,
		"warning: " PEER ":25: response longer than 2048: 550 5.1.1 " TEN TEN "...", false},
	{"many lines are dropped, the last counts", "550-5.1.1 " THOUSAND "\r\n550-" THOUSAND "\r\n550-"
		THOUSAND "\r\n550-" THOUSAND "\r\n450 4.2.0 end\r\n", 450, "4.2.0", NULL,
		"warning: " PEER ":25: multi-line response longer than 2048 550-5.1.1 " TEN TEN "...",
		false},
};

static void test_replies(void)
{
	for (const struct exchange *x = exchanges; x < exchanges + COUNT(exchanges); x++) {
		struct pool pool = {0};
		struct why why = {.pool = &pool};
		struct reply reply = {.code = 0};
		struct chat chat;
		bool heard_it;

		open_chat(&chat, x->server);
		heard_it = chat_reply(&chat, "testing", &reply, &why);
		ok(heard_it == (x->code != 0) && reply.code == x->code, x->name);
		is_text(heard_it ? reply.status : why.status, x->status, x->name);
		if (x->text)
			is_text(heard_it ? reply.text : why.text, x->text, x->name);
		else
			ok(strlen(reply.text) <= CHAT_REPLY_MOST + 2048, x->name);
		is_text(heard(), x->log, x->name);
		ok(chat.protocol_error == x->garbage, x->name);
		ok(heard_it || why.site, x->name);
		close_chat(&chat);
		pool_free(&pool);
	}
}

/* What is behind a NUL is nobody's. */
static ssize_t say_nul(void *channel, void *to, size_t room)
{
	static const char said[] = "250-a\0b\r\n250 c\0\r\n";
	bool *done_it = channel;

	if (*done_it || room < sizeof said - 1)
		return 0;
	*done_it = true;
	memcpy(to, said, sizeof said - 1);
	return sizeof said - 1;
}

static ssize_t swallow(void *channel UNUSED, const void *from UNUSED, size_t length)
{
	return (ssize_t)length;
}

static void test_nul(void)
{
	static const struct transport transport = {.read = say_nul, .write = swallow};
	struct why why = {.pool = &test.pool};
	struct reply reply;
	bool said = false;
	struct chat chat = {.namaddr = PEER, .namaddrport = PEER ":25"};

	chat_open(&chat, &test.agent, stream_over(&transport, &said));
	ok(chat_reply(&chat, "testing", &reply, &why), "NULs are survived");
	is_text(reply.text, "250-a\n250 c", "a NUL ends its line's text");
	close_chat(&chat);
}

/* A server that never comes to an end. */
static ssize_t say_more(void *channel UNUSED, void *to, size_t room)
{
	size_t length = room - room % 5;

	for (size_t i = 0; i < length; i += 5)
		memcpy((char *)to + i, "250-\n", 5);
	return (ssize_t)length;
}

static void test_endless(void)
{
	static const struct transport transport = {.read = say_more, .write = swallow};
	struct why why = {.pool = &test.pool};
	struct reply reply = {.code = 0};
	struct chat chat = {.namaddr = PEER, .namaddrport = PEER ":25"};

	chat_open(&chat, &test.agent, stream_over(&transport, NULL));
	ok(!chat_reply(&chat, "testing", &reply, &why), "an endless reply ends");
	is_text(why.status, "4.4.2", "and counts as a lost connection");
	close_chat(&chat);
	heard();
}

static void test_commands(void)
{
	struct why why = {.pool = &test.pool};
	struct reply reply;
	struct chat chat;

	open_chat(&chat, "250 one\r\n250 two\r\n");
	chat_command(&chat, "MAIL FROM:<%s>", "a\r\nRCPT TO:<b@c>\n\t\177");
	chat_command(&chat, "DATA");
	is_text(peer_heard(chat.stream), "", "commands wait");
	chat_reply(&chat, "testing", &reply, &why);
	is_text(peer_heard(chat.stream), "MAIL FROM:<a??RCPT TO:<b@c>??" "?>\r\nDATA\r\n",
		"they go out together, without control characters");
	ok(chat_reply(&chat, "testing", &reply, &why), "their replies come one by one");
	is_text(reply.text, "250 two", "the second is another");
	close_chat(&chat);
}

static void test_advice(void)
{
	struct why why = {.pool = &test.pool};
	struct reply reply;
	struct chat chat;

	open_chat(&chat, "what was that?\r\n250 ok\r\n");
	chat.pipelining = true;
	log_tag("4ABC");
	chat_reply(&chat, "testing", &reply, &why);
	is_text(heard(), "warning: 4ABC: non-ESMTP response from " PEER ":25: what was that?|"
		"warning: to prevent loss of mail, turn off command pipelining for 192.0.2.1 with the"
		" smtp_discard_ehlo_keyword_address_maps parameter",
		"garbage with pipelining is warned of");
	log_tag(NULL);
	ok(reply.garbage, "the reply has the mark");
	close_chat(&chat);
}

static const struct refusal {
	const char *said, *status, *text;
	bool protocol_error;
} refusals[] = {
	{"450 4.2.1 busy", "4.2.1", "host said: 450 4.2.1 busy", false},
	{"550-5.1.1 no\r\n550 5.1.1 one", "5.1.1", "host said: 550-5.1.1 no 550 5.1.1 one", false},
	{"550 4.1.1 liar", "5.0.0", "host said: 550 4.1.1 liar", false},
	{"421 bye", "4.0.0", "host said: 421 bye", false},
	{"500 what", "5.0.0", "host said: 500 what", true},
	{"509 what", "5.0.0", "host said: 509 what", true},
	{"510 what", "5.0.0", "host said: 510 what", false},
	{"555 what", "5.0.0", "host said: 555 what", true},
	{"354 go", "5.5.0", "host said: 354 go", true},
	{"100 go", "5.5.0", "host said: 100 go", true},
	{"050 go", "5.5.0", "host said: 050 go", true},
	{"650 go", "5.5.0", "host said: 650 go", true},
	{"250 2.0.0 ok", "5.5.0", "Protocol error: host said: 250 2.0.0 ok", true},
};

static void test_refusals(void)
{
	for (const struct refusal *x = refusals; x < refusals + COUNT(refusals); x++) {
		const char *said = pool_format(&test.pool, "%s\r\n", x->said);
		struct why why = {.pool = &test.pool};
		struct reply reply;
		struct chat chat;

		open_chat(&chat, said);
		chat_reply(&chat, "testing", &reply, &why);
		ok(!chat_refused(&chat, "mx.example", &reply, &why, "host said: %s",
			reply_flat(&test.pool, &reply)), x->said);
		is_text(why.status, x->status, x->said);
		is_text(why.text, x->text, x->said);
		is_text(why.mta, "mx.example", x->said);
		is_text(why.said, reply_flat(&test.pool, &reply), x->said);
		ok(!why.site && chat.protocol_error == x->protocol_error, x->said);
		close_chat(&chat);
	}
}

static void test_lost(void)
{
	struct why why = {.pool = &test.pool};
	struct chat chat;

	open_chat(&chat, "");
	ok(!chat_lost(&chat, IO_LATE, "sending RCPT TO", &why), "a loss is a failure");
	is_text(why.text, "conversation with " PEER " timed out while sending RCPT TO", "timeout");
	is_text(why.status, "4.4.2", "its status");
	ok(why.site && why.mta == NULL, "of the site, said by nobody");
	close_chat(&chat);
}

/* --- smtp_reply_filter --- */

static void test_filter(void)
{
	struct why why = {.pool = &test.pool};
	struct reply reply;
	struct chat chat;

	configure("smtp_reply_filter=inline:{ {550 = 450 4.1.1 later},"
		" {250-starttls = 250-X} }");
	heard();
	open_chat(&chat, "550\r\n250-mx\r\n250-starttls\r\n250 ok\r\n");
	chat_reply(&chat, "testing", &reply, &why);
	is_text(reply.text, "450 4.1.1 later", "a line is replaced");
	ok(reply.code == 450, "with its code");
	is_text(reply.status, "4.1.1", "and status");
	is_text(heard(), PEER ":25: replacing server reply \"550\" with \"450 4.1.1 later\"",
		"it is logged");
	chat_reply(&chat, "testing", &reply, &why);
	is_text(reply.text, "250-mx\n250-X\n250 ok", "each line is looked up");
	heard();
	close_chat(&chat);
}

static void test_filter_error(void)
{
	struct why why = {.pool = &test.pool};
	struct reply reply = {.code = 7};
	struct chat chat;

	configure("smtp_reply_filter=texthash:/nowhere");
	heard();
	open_chat(&chat, "250 ok\r\n");
	log_tag("4ABC");
	ok(!chat_reply(&chat, "testing", &reply, &why) && reply.code == 7, "a table that fails");
	log_tag(NULL);
	is_text(why.status, "4.3.0", "is a local failure");
	is_text(why.text, "local data error while talking to " PEER ": smtp_reply_filter:"
		" texthash:/nowhere lookup error for \"250 ok\": open database /nowhere: No such file or"
		" directory", "and says so");
	ok(chat.local_error && why.site, "the session is marked");
	ok(strstr(heard(), "warning: 4ABC: table texthash:/nowhere lookup error for 250 ok") != NULL,
		"it is warned of");
	close_chat(&chat);
}

/* --- the transcript for the postmaster --- */

static void test_transcript(void)
{
	struct why why = {.pool = &test.pool};
	struct reply reply;
	struct chat chat;

	configure("notify_classes=protocol");
	open_chat(&chat, "220-a\r\n220 b\r\n");
	chat_command(&chat, "EHLO client");
	chat_reply(&chat, "testing", &reply, &why);
	is_text(buf_text(&chat.transcript), "Out: EHLO client\nIn:  220-a\nIn:  220 b\n",
		"what was said is kept when somebody may ask");
	close_chat(&chat);
	configure(NULL);
	open_chat(&chat, "220 b\r\n");
	chat_reply(&chat, "testing", &reply, &why);
	is_text(buf_text(&chat.transcript), "", "else it is not");
	close_chat(&chat);
}

int main(void)
{
	heard_start();
	test_agent_open(&test, false, 0, NULL);
	test_replies();
	test_nul();
	test_endless();
	test_commands();
	test_advice();
	test_refusals();
	test_lost();
	test_filter();
	test_filter_error();
	test_transcript();
	test_agent_close(&test);
	heard_stop();
	return done();
}

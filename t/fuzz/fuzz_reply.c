/* What a server says, until it hangs up: replies by way of a chat; and each line by itself. */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "smtp/chat.h"
#include "util/log.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static void silent(void *context UNUSED, enum log_severity severity UNUSED, const char *line UNUSED,
	size_t length UNUSED)
{
}

/* RFC 3463 2: class, subject and detail, each of one to three digits. */
static void check_status(const char *status)
{
	static const char digits[] = "0123456789";
	const char *at = status;

	check(strlen(status) < REPLY_STATUS && strchr("245", *at) != NULL && *at != '\0');
	for (int i = 0; i < 2; i++) {
		size_t length;

		at++;
		check(*at == '.' || i > 0);
		at += i == 0;
		length = strspn(at, digits);
		check(length >= 1 && length <= 3);
		at += length;
		check(*at == (i == 0 ? '.' : '\0'));
	}
}

/* What people see has no control characters, and is no longer than it may be. */
static void check_reply(const struct chat *chat, const struct reply *reply)
{
	size_t most = 2 * CHAT_REPLY_MOST + (size_t)chat->agent->config->stored_line_length_limit;

	check(reply->code >= 0 && reply->code <= 999);
	check_status(reply->status);
	check(strlen(reply->text) <= most);
	for (const char *at = reply->text; *at; at++)
		check(*at == '\n' || (unsigned char)*at >= ' ');
	check(text_is_utf8(reply->text, strlen(reply->text)));
}

static void converse(int fd, bool pipelining)
{
	static const struct config config = {.stored_line_length_limit = 2048, .smtputf8_enable = true,
		.helpful_warnings = true};
	static const struct agent agent = {.config = &config, .notify = 1};
	struct pool pool = {0};
	struct why why = {.pool = &pool};
	struct chat chat = {.namaddr = "mx", .namaddrport = "mx:25", .address = "192.0.2.1",
		.pipelining = pipelining};
	struct reply reply;

	chat_open(&chat, &agent, stream_open(fd));
	chat_limit(&chat, 1);
	while (chat_reply(&chat, "fuzzing", &reply, &why)) {
		check_reply(&chat, &reply);
		check(strchr(reply_flat(&pool, &reply), '\n') == NULL);
		chat_refused(&chat, "mx", &reply, &why, "mx said: %s", reply.text);
		check_status(why.status);
	}
	check(strcmp(why.status, "4.4.2") == 0);
	stream_close(chat.stream);
	chat_close(&chat);
	pool_free(&pool);
}

/* Each line, as it comes to the parser. */
static void parse_lines(const uint8_t *data, size_t size)
{
	struct pool pool = {0};
	const char *text, *line;
	char status[REPLY_STATUS];
	int code = 0;

	text = pool_format(&pool, "%.*s", (int)size, (const char *)data);
	while ((line = text_token(&pool, &text, "\n", false)) != NULL)
		if (reply_line(line, &code) != REPLY_GARBAGE) {
			check(code >= 0 && code <= 999);
			reply_status(line, code, status);
			check_status(status);
		}
	pool_free(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2];

	log_open(&(struct log_sink){.write = silent});
	if (size == 0 || size > 100000 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return 0;
	check(send(ends[1], data, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size);
	shutdown(ends[1], SHUT_WR);
	converse(ends[0], data[0] & 1);
	close(ends[1]);
	parse_lines(data, size);
	return 0;
}

#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "t/lib/fake_postfix.h"
#include "util/clock.h"
#include "util/text.h"

#define SPEAKS(name) \
	{"protocol\0" name "\0", sizeof("protocol\0" name "\0"), "status\0000\0", 10, NULL, 0}, \
	{"protocol\0" name "\0", sizeof("protocol\0" name "\0"), "status\0" "4294967295\0", 19, NULL, \
		0}

static const struct {
	const char *name, *path;
	struct fake_words good, bad;
} daemons[FAKE_DAEMONS] = {
	[FAKE_BOUNCE] = {"bounce", "private/bounce", SPEAKS("delivery_status_protocol")},
	[FAKE_DEFER] = {"defer", "private/defer", SPEAKS("delivery_status_protocol")},
	[FAKE_TRACE] = {"trace", "private/trace", SPEAKS("delivery_status_protocol")},
	[FAKE_VERIFY] = {"verify", "private/verify", SPEAKS("address_verification_prrotocol")},
	[FAKE_FLUSH] = {"flush", "public/flush", SPEAKS("queue_flush_protocol")},
};

static void make_directory(const char *name)
{
	if (mkdir(name, 0700) < 0 && errno != EEXIST)
		abort();
}

void fake_postfix_open(struct fake_postfix *postfix)
{
	*postfix = (struct fake_postfix){.messages = 0};
	make_directory("private");
	make_directory("public");
	make_directory("active");
	for (int i = 0; i < FAKE_DAEMONS; i++)
		postfix->daemons[i] = fake_server(daemons[i].path, daemons[i].good);
}

void fake_postfix_close(struct fake_postfix *postfix)
{
	for (int i = 0; i < FAKE_DAEMONS; i++)
		fake_server_close(postfix->daemons[i]);
}

void fake_postfix_fail(struct fake_postfix *postfix, enum fake_daemon daemon)
{
	fake_server_say(postfix->daemons[daemon], daemons[daemon].bad);
}

/* --- what they were told --- */

/* The value of NAME in the list at AT; *end: behind the list. */
static const char *value_of(const char *at, const char *name, const char **end)
{
	const char *value = "";

	while (*at) {
		const char *label = at;

		at += strlen(at) + 1;
		if (strcmp(label, name) == 0)
			value = at;
		at += strlen(at) + 1;
	}
	*end = at + 1;
	return value;
}

static void describe(struct buf *to, int daemon, const char *list, const char **end)
{
	buf_addf(to, "%s%s ", to->length ? "; " : "", daemons[daemon].name);
	if (daemon == FAKE_VERIFY)
		buf_addf(to, "%s %s (%s)", value_of(list, "address", end),
			value_of(list, "recipient_status", end), value_of(list, "reason", end));
	else if (daemon == FAKE_FLUSH)
		buf_addf(to, "%s", value_of(list, "site", end));
	else
		buf_addf(to, "%s %s (%s)", value_of(list, "recipient", end),
			value_of(list, "status", end), value_of(list, "reason", end));
}

const char *fake_postfix_told(struct fake_postfix *postfix, struct pool *pool)
{
	struct buf told = BUF(0);
	const char *text;

	for (int i = 0; i < FAKE_DAEMONS; i++) {
		struct buf raw = BUF(0);
		const char *at;

		fake_server_heard(postfix->daemons[i], &raw);
		at = buf_text(&raw);
		while (at < buf_text(&raw) + raw.length)
			describe(&told, i, at, &at);
		buf_close(&raw);
	}
	text = pool_text(pool, buf_text(&told));
	buf_close(&told);
	return text;
}

/* --- queue files --- */

static long put_record(FILE *file, int type, const char *data, size_t length)
{
	long offset = ftell(file);
	size_t left = length;

	fputc(type, file);
	do {
		fputc((int)(left & 0x7f) | (left > 0x7f ? 0x80 : 0), file);
		left >>= 7;
	} while (left > 0);
	fwrite(data, 1, length, file);
	return offset;
}

static void put_content(FILE *file, const char *content)
{
	while (*content) {
		size_t length = strcspn(content, "\n");

		put_record(file, 'N', content, length);
		content += length + (content[length] != '\0');
	}
}

static size_t put_rcpts(FILE *file, struct pool *pool, const char *rcpts,
	struct request_rcpt *to)
{
	const char *address;
	size_t count = 0;

	while ((address = text_token(pool, &rcpts, " ", false)) != NULL)
		to[count++] = (struct request_rcpt){.original = "", .address = address,
			.offset = put_record(file, 'R', address, strlen(address)), .dsn_orcpt = ""};
	return count;
}

struct request *fake_postfix_request(struct fake_postfix *postfix, struct pool *pool,
	const char *nexthop, const char *rcpts, const char *content)
{
	struct request *request = POOL_NEW(pool, struct request);
	const char *id = pool_format(pool, "4F%04lX", ++postfix->messages);
	FILE *file = fopen(pool_format(pool, "active/%s", id), "w");
	struct timeval now = clock_wall();

	if (file == NULL)
		abort();
	*request = (struct request){.pool = pool, .flags = REQUEST_SUCCESS, .queue_name = "active",
		.queue_id = id, .nexthop = nexthop, .encoding = "7bit", .sender = "from@client.example",
		.envelope_id = "", .arrived = now, .activated = now, .handed = now,
		.client_name = "", .client_address = "", .client_port = "", .client_proto = "",
		.client_helo = "", .sasl_method = "", .sasl_username = "", .sasl_sender = "",
		.log_ident = id, .rewrite_context = "local",
		.rcpts = POOL_ARRAY(pool, struct request_rcpt, strlen(rcpts) + 1)};
	put_record(file, 'S', request->sender, strlen(request->sender));
	request->rcpt_count = put_rcpts(file, pool, rcpts, request->rcpts);
	put_record(file, 'M', "", 0);
	request->data_offset = ftell(file);
	put_content(file, content);
	request->data_size = put_record(file, 'X', "", 0) - request->data_offset;
	put_record(file, 'E', "", 0);
	fchmod(fileno(file), 0700);
	fclose(file);
	return request;
}

const char *fake_postfix_marks(const struct request *request)
{
	static char marks[256];
	struct pool pool = {0};
	int fd = open(pool_format(&pool, "active/%s", request->queue_id), O_RDONLY);
	size_t count = request->rcpt_count < sizeof marks ? request->rcpt_count : sizeof marks - 1;

	for (size_t i = 0; i < count; i++)
		if (pread(fd, &marks[i], 1, request->rcpts[i].offset) != 1)
			marks[i] = '?';
	marks[count] = '\0';
	close(fd);
	pool_free(&pool);
	return marks;
}

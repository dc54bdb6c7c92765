/* A GnuTLS session over a stream's socket: lines there and back, and the ways in which it ends. */
#include "tls/channel.h"
#include <errno.h>
#include <string.h>
#include <gnutls/gnutls.h>
#include "t/dns/heard.h"
#include "t/lib/tap.h"
#include "t/tls/client.h"

#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

static struct heard heard = {.lines = BUF(0)};
static struct forged identity;
static gnutls_datum_t ticket_key;

/* What comes until it ends, or until LENGTH bytes have come. */
static ssize_t hear(struct client *client, char *to, size_t length)
{
	size_t done = 0;
	ssize_t count = 1;

	while (done < length
		&& (count = channel_read(&client->channel, to + done, length - done)) > 0)
		done += (size_t)count;
	return count < 0 ? count : (ssize_t)done;
}

static const struct {
	const char *name, *priority;
	enum server_does does;
	const char *answer;   /* to "hello\n" */
	ssize_t then;         /* what one more read says */
	int error;            /* errno, when that is -1 */
	bool dead, closed;
} ends[] = {
	{"it answers, then ends in order", "NORMAL", SERVER_ENDS, "250 hello\n", 0, 0, false, false},
	{"the same with TLS 1.2", TLS12, SERVER_ENDS, "250 hello\n", 0, 0, false, false},
	{"it vanishes", "NORMAL", SERVER_VANISHES, "", 0, 0, true, true},
	{"it asks for another handshake", TLS12, SERVER_ASKS_AGAIN, "250 hello\n", 1, 0, false, false},
	{"it changes its key", "NORMAL", SERVER_REKEYS, "250 hello\n", 1, 0, false, false},
	{"it babbles", "NORMAL", SERVER_BABBLES, "", -1, EPROTO, true, false},
	{"it babbles with TLS 1.2", TLS12, SERVER_BABBLES, "", -1, EPROTO, true, false},
	{"it spills tickets", "NORMAL", SERVER_SPILLS, "", -1, EPROTO, true, false},
};

static void end(size_t i)
{
	struct server server = {.does = ends[i].does, .priority = ends[i].priority,
		.identity = &identity,
		.ticket_key = ends[i].does == SERVER_SPILLS ? &ticket_key : NULL};
	struct client client;
	char answer[100];
	ssize_t count;

	client_start(&client, &server, ends[i].priority, NULL);
	is_number(client.handshake, 0, ends[i].name);
	is_number(channel_write(&client.channel, "hello\n", 6), 6, ends[i].name);
	count = hear(&client, answer, strlen(ends[i].answer));
	answer[count > 0 ? count : 0] = '\0';
	is_text(answer, ends[i].answer, ends[i].name);
	if (ends[i].then <= 0) {
		errno = 0;
		is_number(channel_read(&client.channel, answer, sizeof answer), ends[i].then,
			ends[i].name);
		is_number(ends[i].then < 0 ? errno : 0, ends[i].error, ends[i].name);
	}
	okf(client.channel.dead == ends[i].dead && client.channel.closed == ends[i].closed,
		"%s: what is left of it", ends[i].name);
	if (ends[i].dead) {
		is_number(channel_read(&client.channel, answer, sizeof answer), 0,
			"there is no more to read");
		errno = 0;
		is_number(channel_write(&client.channel, "x", 1), -1, "nor to write");
		is_number(errno, EPIPE, "which is told");
		ok(client.channel.failure != 0, "the library's code is kept");
	}
	channel_bye(&client.channel, false);
	client_stop(&client);
	okf(server.said_goodbye == !ends[i].dead || ends[i].does == SERVER_ENDS,
		"%s: goodbye is said while that can be heard", ends[i].name);
}

/* More than a record there and back; what is received and not read is known. */
static void much(void)
{
	enum { MUCH = 3 * CHANNEL_ROOM };
	static char sent[MUCH], got[MUCH + 4];
	struct server server = {.priority = "NORMAL", .identity = &identity};
	struct client client;

	memset(sent, 'x', sizeof sent);
	sent[MUCH - 1] = '\n';
	client_start(&client, &server, "NORMAL", NULL);
	is_number(channel_write(&client.channel, sent, MUCH), MUCH, "more than a record");
	is_number(hear(&client, got, 1), 1, "a byte of the answer");
	ok(channel_pending(&client.channel) >= 3, "there is more of it");
	is_number(hear(&client, got + 1, MUCH + 3), MUCH + 3, "the rest");
	is_number((long long)channel_pending(&client.channel), 0, "nothing more");
	ok(memcmp(got, "250 ", 4) == 0 && memcmp(got + 4, sent, MUCH) == 0, "as it was sent");
	channel_bye(&client.channel, true);
	client_stop(&client);
	ok(server.said_goodbye && server.heard == MUCH, "the server heard it, and goodbye");
}

/* Nothing goes out before it is time: a flight is one write. */
static void waits(void)
{
	struct server server = {.priority = "NORMAL", .identity = &identity};
	struct client client;
	char got[10];

	client_start(&client, &server, "NORMAL", NULL);
	is_number((long long)client.channel.out.length, 0, "after a handshake nothing waits");
	ok(gnutls_record_send(client.session, "a\n", 2) == 2
			&& client.channel.out.length > 2,
		"what the library writes waits");
	ok(gnutls_session_get_ptr(client.session) == &client.channel, "the session knows its channel");
	is_number(hear(&client, got, 6), 6, "reading sends it");
	ok(memcmp(got, "250 a\n", 6) == 0 && client.channel.out.length == 0, "and brings the answer");
	gnutls_record_send(client.session, "b\n", 2);
	ok(channel_flush(&client.channel) && client.channel.out.length == 0, "so does a flush");
	is_number(hear(&client, got, 6), 6, "as can be heard");
	client_stop(&client);
}

/* The stream's limit is the channel's. */
static void late(void)
{
	struct server server = {.does = SERVER_SWALLOWS, .priority = "NORMAL", .identity = &identity};
	struct client client;
	char got[10];

	client_start(&client, &server, "NORMAL", NULL);
	channel_write(&client.channel, "hello\n", 6);
	stream_limit(client.stream, 1);
	errno = 0;
	is_number(channel_read(&client.channel, got, sizeof got), -1, "no answer in time");
	is_number(errno, ETIMEDOUT, "is too late");
	ok(client.channel.dead && client.channel.error == ETIMEDOUT, "and the end of it");
	channel_bye(&client.channel, true);
	client_stop(&client);
	ok(!server.said_goodbye, "without a word");
}

static void dumped(void)
{
	struct server server = {.priority = "NORMAL", .identity = &identity};
	struct client client;
	char got[10];

	client_start(&client, &server, "NORMAL", NULL);
	buf_clear(&heard.lines);
	channel_write(&client.channel, "quiet\n", 6);
	hear(&client, got, 10);
	is_number((long long)heard.lines.length, 0, "nothing is dumped unasked");
	client.channel.dump = true;
	channel_write(&client.channel, "secret\n", 7);
	ok(strncmp(buf_text(&heard.lines), "write to ", 9) == 0
			&& strstr(buf_text(&heard.lines), "\n0000 17 03 03 "),
		"what is written, as it is on the wire");
	ok(strstr(buf_text(&heard.lines), "ecret") == NULL, "so never in plain");
	buf_clear(&heard.lines);
	hear(&client, got, 4);
	ok(strncmp(buf_text(&heard.lines), "read from ", 10) == 0, "and what is read");
	client_stop(&client);
}

int main(void)
{
	heard_open(&heard);
	identity = forge("mx.example", GNUTLS_PK_ECDSA, NULL, 0);
	if (gnutls_session_ticket_key_generate(&ticket_key) < 0)
		return 99;
	for (size_t i = 0; i < COUNT(ends); i++)
		end(i);
	much();
	waits();
	late();
	dumped();
	forge_free(&identity);
	gnutls_free(ticket_key.data);
	buf_close(&heard.lines);
	return done();
}

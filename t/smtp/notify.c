#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "postfix/version.h"
#include "smtp/notify.h"
#include "t/lib/heard.h"
#include "t/lib/mailing.h"
#include "t/lib/tap.h"
#include "t/postfix/fake_server.h"

static struct mailing mail;
static struct fake_server *cleanup;

#define HELLO "queue_id\0" "4FABC\0\0"
#define TAKEN "status\0" "0\0\0"

static const struct fake_words good = {HELLO, sizeof HELLO - 1, TAKEN, sizeof TAKEN - 1, "E", 2};

static void configure(const char *settings, bool lmtp, int version)
{
	fake_server_close(cleanup);
	mailing_reopen(&mail, lmtp, version, settings);
	mailing_again(&mail, "mx.test", "a@x.test");
	cleanup = fake_server("public/cleanup", good);
}

static struct connection *connection(const char *transcript)
{
	static const struct tls_policy plain = {.expect.level = TLS_LEVEL_NONE};
	static const struct destination to = {.text = "mx.test", .host = "mx.test"};
	const struct server server = {.destination = &to, .host = "mx.test", .address = "192.0.2.1",
		.namaddr = "mx.test[192.0.2.1]", .namaddrport = "mx.test[192.0.2.1]:25"};
	struct connection *conn;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		abort();
	close(ends[1]);
	conn = connection_new(&mail.test.agent, &server, &plain, ends[0]);
	buf_adds(&conn->chat.transcript, transcript);
	return conn;
}

/* The notice's lines, as records go: those behind the Received: header. */
static const char *notice(void)
{
	struct buf raw = BUF(0), text = BUF(0);
	const char *at, *end, *shown;
	bool received = false;

	fake_server_heard(cleanup, &raw);
	end = buf_text(&raw) + raw.length;
	for (at = buf_text(&raw) + 6; at < end && *at; at++) /* "flags", its value */
		continue;
	for (at += 2; at < end; at += (unsigned char)at[1] + 2) { /* no line is longer than 127 */
		if (*at == 'N' && received)
			buf_addf(&text, "%.*s\n", at[1], at + 2);
		received = received || (*at == 'N' && strncmp(at + 2, "\tid ", 4) == 0);
	}
	shown = pool_text(&mail.pool, buf_text(&text));
	buf_close(&raw);
	buf_close(&text);
	return shown;
}

enum marks { NO_MARK, PROTOCOL = 1, LOCAL = 2 };

static const char *noticed(const char *transcript, int marks)
{
	struct connection *conn = connection(transcript);

	conn->chat.protocol_error = marks & PROTOCOL;
	conn->chat.local_error = marks & LOCAL;
	notify_session(&mail.test.agent, &mail.d, conn);
	is_number((long long)conn->chat.transcript.length, 0, "the transcript is forgotten");
	connection_drop(conn);
	return notice();
}

/* --- who is told of what --- */

static const struct wish {
	const char *name, *settings, *sender, *transcript;
	int marks;
	bool told;
} wishes[] = {
	{"nobody asked", NULL, NULL, "In:  x\n", PROTOCOL | LOCAL, false},
	{"other classes are asked for", "notify_classes=bounce,2bounce,delay,policy,resource,software", NULL,
		"In:  x\n", PROTOCOL | LOCAL, false},
	{"protocol", "notify_classes=protocol", NULL, "In:  x\n", PROTOCOL, true},
	{"protocol, when data failed", "notify_classes=protocol", NULL, "In:  x\n", LOCAL, false},
	{"data", "notify_classes=data", NULL, "In:  x\n", LOCAL, true},
	{"nothing happened", "notify_classes=data protocol", NULL, "In:  x\n", NO_MARK, false},
	{"nothing was said", "notify_classes=data protocol", NULL, "", PROTOCOL, false},
	{"a bounce is no subject", "notify_classes=protocol", "", "In:  x\n", PROTOCOL, false},
	{"nor is what double-bounce sends", "notify_classes=protocol", "double-bounce@client.example",
		"In:  x\n", PROTOCOL, false},
	{"a name that begins so", "notify_classes=protocol", "double-bounces@client.example", "In:  x\n",
		PROTOCOL, true},
};

static void test_wishes(void)
{
	for (const struct wish *x = wishes; x < wishes + COUNT(wishes); x++) {
		configure(x->settings, false, 0);
		if (x->sender)
			mail.request->sender = x->sender;
		ok((noticed(x->transcript, x->marks)[0] != '\0') == x->told, x->name);
	}
}

/* --- its form --- */

#define TRANSCRIPT "In:  220 mx ESMTP\nOut: EHLO client.example\n"
#define TAIL "Subject: Postfix SMTP client: errors from mx.test[192.0.2.1]:25\n\n" \
	"Unexpected response from mx.test[192.0.2.1]:25.\n\nTranscript of session follows.\n\n" \
	" In:  220 mx ESMTP\n Out: EHLO client.example\n\nFor other details, see the local mail logfile\n"

static void test_form(void)
{
	configure("notify_classes=protocol", false, 0);
	is_text(noticed(TRANSCRIPT, PROTOCOL),
		"From: Mail Delivery System <MAILER-DAEMON@client.example>\nTo: Postmaster <postmaster>\n" TAIL,
		"a notice");
	configure("notify_classes=protocol; header_from_format=obsolete; error_notice_recipient=me@x.test",
		false, 0);
	is_text(noticed(TRANSCRIPT, PROTOCOL),
		"From: MAILER-DAEMON@client.example (Mail Delivery System)\nTo: me@x.test (Postmaster)\n" TAIL,
		"the old form");
	configure("notify_classes=protocol", false, POSTFIX(3, 5));
	is_text(noticed(TRANSCRIPT, PROTOCOL),
		"From: MAILER-DAEMON@client.example (Mail Delivery System)\nTo: postmaster (Postmaster)\n" TAIL,
		"the old form of an old version");
	configure("notify_classes=protocol; mail_name=Mailer", true, 0);
	ok(strstr(noticed(TRANSCRIPT, PROTOCOL),
		"\nSubject: Mailer LMTP client: errors from mx.test[192.0.2.1]:25\n") != NULL, "LMTP");
}

static void test_wrapping(void)
{
	char line[400], want[400];

	configure("notify_classes=protocol", false, 0);
	snprintf(line, sizeof line, "In:  250 %069d\n", 0);
	snprintf(want, sizeof want, "\n In:  250 %069d\n\n", 0);
	ok(strstr(noticed(line, PROTOCOL), want) != NULL, "a line that just fits");
	snprintf(line, sizeof line, "In:  250 %066d two\n", 0);
	snprintf(want, sizeof want, "\n In:  250 %066d\n     two\n\n", 0);
	ok(strstr(noticed(line, PROTOCOL), want) != NULL, "a long one goes on behind a margin");
	snprintf(line, sizeof line, "In: %0110d   two  \n", 0);
	snprintf(want, sizeof want, "\n In:\n     %0110d\n     two\n\n", 0);
	ok(strstr(noticed(line, PROTOCOL), want) != NULL, "a word that is too long stays whole");
}

static void test_failure(void)
{
	configure("notify_classes=protocol", false, 0);
	fake_server_say(cleanup, (struct fake_words){HELLO, sizeof HELLO - 1, "status\0" "1\0\0", 10, "E", 2});
	mailing_log(&mail);
	noticed("In:  x\n", PROTOCOL);
	is_text(mailing_log(&mail), "warning: postmaster notify: Protocol error", "nobody takes it");
}

int main(void)
{
	mailing_open(&mail, false, 0, NULL);
	cleanup = fake_server("public/cleanup", good);
	test_wishes();
	test_form();
	test_wrapping();
	test_failure();
	fake_server_close(cleanup);
	mailing_close(&mail);
	return done();
}

#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "smtp/content.h"
#include "t/lib/heard.h"
#include "t/lib/mailing.h"
#include "t/lib/tap.h"
#include "util/text.h"

static struct mailing mail;

/* What goes out for the message at work, CR LF as "\n"; and how it ends. */
static const char *sent(const char *encoding, unsigned features, enum content_is *end, struct why *why,
	const char **trouble)
{
	const struct ehlo ehlo = {.features = features, .auth = "", .name = ""};
	struct envelope envelope = {.config = &mail.test.config, .ehlo = &ehlo};
	struct buf lines = BUF(0), text = BUF(0);
	struct content content;
	const char *shown;

	mail.request->encoding = encoding;
	envelope.request = mail.request;
	content_begin(&content, &mail.test.agent, &mail.d, &envelope);
	do {
		*end = content_read(&content, &lines, why);
		for (size_t i = 0; i < lines.length; i++)
			if (lines.data[i] != '\r')
				buf_addc(&text, lines.data[i]);
		buf_clear(&lines);
	} while (*end == CONTENT_MORE);
	*trouble = content.trouble;
	content_end(&content);
	shown = pool_text(&mail.pool, buf_text(&text));
	buf_close(&lines);
	buf_close(&text);
	return shown;
}

static const struct message {
	const char *name, *settings, *encoding;
	unsigned features;
	const char *content, *wire;
	enum content_is end;
	const char *log; /* or the status and text of the failure */
} messages[] = {
	{"lines, dots doubled", NULL, "7bit", 0, "Subject: x\n\n.\nhi\n", "Subject: x\n\n..\nhi\n",
		CONTENT_WHOLE, ""},
	{"nothing", NULL, "7bit", 0, "", "", CONTENT_WHOLE, ""},
	{"8 bits to who takes them", NULL, "8bit", EHLO_8BITMIME,
		"Content-Transfer-Encoding: 8bit\n\n\xc3\xa9\n", "Content-Transfer-Encoding: 8bit\n\n\xc3\xa9\n",
		CONTENT_WHOLE, ""},
	{"8 bits to who doesn't", NULL, "8bit", 0, "Content-Transfer-Encoding: 8bit\n\n\xc3\xa9\n.\n",
		"Content-Transfer-Encoding: quoted-printable\n\n=C3=A9\n..\n", CONTENT_WHOLE, ""},
	{"7 bits are not looked into", NULL, "7bit", 0, "Content-Transfer-Encoding: 8bit\n\n\xc3\xa9\n",
		"Content-Transfer-Encoding: 8bit\n\n\xc3\xa9\n", CONTENT_WHOLE, ""},
	{"conversion is off", "disable_mime_output_conversion=yes", "8bit", 0,
		"Content-Transfer-Encoding: 8bit\n\n\xc3\xa9\n", "Content-Transfer-Encoding: 8bit\n\n\xc3\xa9\n",
		CONTENT_WHOLE, ""},
	{"too deep", "mime_nesting_limit=1", "8bit", 0, "Content-Type: multipart/x; boundary=a\n\n--a\n"
		"Content-Type: multipart/x; boundary=b\n\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\n"
		"Content-Type: multipart/x; boundary=d\n\nx\n", NULL, CONTENT_FAILED,
		"5.6.0 MIME nesting exceeds safety limit"},
	{"a long line is broken", "smtp_line_length_limit=5", "7bit", 0, "1234567\n", "12345\n 67\n",
		CONTENT_WHOLE, "ID: breaking line > 5 bytes with <CR><LF>SPACE"},
	{"a header of its own in front", "flags=R", "7bit", 0, "Subject: x\n\nhi\n",
		"Return-Path: <from@client.example>\nSubject: x\n\nhi\n", CONTENT_WHOLE, ""},
	{"a header is dropped", "smtp_header_checks=regexp:{{/^X-/ IGNORE}}", "7bit", 0,
		"X-A: b\n c\nSubject: x\n\nX-A: b\n", "Subject: x\n\nX-A: b\n", CONTENT_WHOLE, ""},
	{"a header is replaced, another put in front",
		"smtp_header_checks=regexp:{{/^(Subject:) x/ REPLACE $$1 y}, {/^To:/ PREPEND X-A: b}}", "7bit", 0,
		"Subject: x\nTo: a@b\n\nSubject: x\n", "Subject: y\nX-A: b\nTo: a@b\n\nSubject: x\n",
		CONTENT_WHOLE, "ID: replace: header Subject: x: Subject: y|ID: prepend: header To: a@b: X-A: b"},
	{"each class has its checks", "smtp_header_checks=regexp:{{/a/ IGNORE}};"
		"smtp_mime_header_checks=regexp:{{/b/ IGNORE}}; smtp_nested_header_checks=regexp:{{/c/ IGNORE}}",
		"7bit", 0, "X-1: a\nX-2: b\nContent-Type: message/rfc822\nContent-ID: b\n\n"
		"X-3: a\nX-4: c\nContent-ID: a\n\na b c\n", "X-2: b\nContent-Type: message/rfc822\n\nX-3: a\nContent-ID: a\n\na b c\n",
		CONTENT_WHOLE, NULL},
	{"a line is dropped, another replaced",
		"smtp_body_checks=regexp:{{/^drop/ IGNORE}, {/^old/ REPLACE .new}}", "7bit", 0,
		"Subject: old\n\ndrop\nold\nlast\n", "Subject: old\n\n..new\nlast\n", CONTENT_WHOLE,
		"ID: replace: body old: .new"},
	{"checks that fail", "smtp_header_checks=fail:x", "7bit", 0, "Subject: x\n\nhi\n", NULL,
		CONTENT_FAILED, "smtp_header_checks: table lookup problem"},
	{"body checks that fail", "smtp_body_checks=fail:x", "7bit", 0, "Subject: x\n\nhi\n", NULL,
		CONTENT_FAILED, "smtp_body_checks: table lookup problem"},
	{"a table of generic maps that fails", "smtp_generic_maps=fail:x", "7bit", 0,
		"Subject: x\nTo: a@x.test\n\nhi\n", NULL, CONTENT_FAILED, "smtp_generic_maps: fail:x"
		" lookup error for \"a@x.test\": this table always fails"},
	{"what checks put in is no line end", "smtp_body_checks=regexp:{{/^(a.*)/ REPLACE $$1}}", "7bit", 0,
		"Subject: x\n\na\r.\rb\n", "Subject: x\n\na . b\n", CONTENT_WHOLE, NULL},
};

static void test_messages(void)
{
	for (const struct message *m = messages; m < messages + COUNT(messages); m++) {
		struct why why = {.pool = &mail.pool};
		enum content_is end;
		const char *wire, *said, *trouble;

		mailing_reopen(&mail, false, 0, m->settings);
		mail.content = m->content;
		why.pool = &mail.pool;
		mailing_again(&mail, "mx.test", "a@x.test");
		mailing_log(&mail);
		wire = sent(m->encoding, m->features, &end, &why, &trouble);
		is_number(end, m->end, m->name);
		if (m->wire)
			is_text(wire, m->wire, m->name);
		said = end != CONTENT_FAILED ? mailing_log(&mail) : trouble ? trouble
			: pool_format(&mail.pool, "%s %s", why.status, why.text);
		if (m->log)
			is_text(said, m->log, m->name);
	}
}

/* Broken lines are told once for a delivery, however often it is sent. */
static void test_told_once(void)
{
	struct why why = {.pool = &mail.pool};
	enum content_is end;
	const char *trouble;

	mailing_reopen(&mail, false, 0, "smtp_line_length_limit=5");
	mail.content = "1234567\n";
	mailing_again(&mail, "mx.test", "a@x.test");
	mailing_log(&mail);
	is_text(sent("7bit", 0, &end, &why, &trouble), "12345\n 67\n", "a broken line");
	is_text(mailing_log(&mail), "ID: breaking line > 5 bytes with <CR><LF>SPACE", "is told");
	is_text(sent("7bit", 0, &end, &why, &trouble), "12345\n 67\n", "once more");
	is_text(mailing_log(&mail), "", "but told once");
}

/* A message of many pieces comes in pieces, and whole. */
static void test_large(void)
{
	struct buf content = BUF(0);
	struct why why = {.pool = &mail.pool};
	enum content_is end;
	const char *trouble;

	for (int i = 0; i < 20000; i++)
		buf_addf(&content, "line %d\n", i);
	mailing_reopen(&mail, false, 0, NULL);
	mail.content = buf_text(&content);
	mailing_again(&mail, "mx.test", "a@x.test");
	is_text(sent("7bit", 0, &end, &why, &trouble), buf_text(&content), "a large message");
	is_number(end, CONTENT_WHOLE, "a large message");
	mail.content = NULL;
	buf_close(&content);
}

/* A queue file that ends early is not a message that ends early. */
static void test_cut_off(void)
{
	struct why why = {.pool = &mail.pool};
	enum content_is end;
	const char *trouble;
	const char *path;

	mailing_reopen(&mail, false, 0, NULL);
	mailing_again(&mail, "mx.test", "a@x.test");
	path = pool_format(&mail.pool, "active/%s", mail.request->queue_id);
	ok(truncate(path, mail.request->data_offset + 5) == 0, "a file is cut off");
	sent("7bit", 0, &end, &why, &trouble);
	is_number(end, CONTENT_BAD, "which is seen");
}

int main(void)
{
	mailing_open(&mail, false, 0, NULL);
	test_messages();
	test_told_once();
	test_large();
	test_cut_off();
	mailing_close(&mail);
	return done();
}

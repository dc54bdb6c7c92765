#include "config.h"
#include <stdio.h>
#include <string.h>
#include "postfix/attr.h"
#include "smtp/deliver.h"
#include "smtp/outside.h"
#include "t/lib/heard.h"
#include "t/lib/mailing.h"
#include "t/lib/tap.h"
#include "t/postfix/lookup_server.h"

static struct mailing mail;
static struct lookup_server *trivial_rewrite;

/* trivial-rewrite(8), to which all addresses are complete. */
static void serve(int fd, int number UNUSED)
{
	struct attr_source source = {.fd = fd, .seconds = 10};
	struct pool pool = {0};
	struct attrs request;
	struct buf list = BUF(0);

	attr_text(&list, "protocol", "trivial_rewrite_protocol");
	attr_end(&list);
	lookup_say(fd, list.data, list.length);
	while (attr_read(&source, &pool, &request) == ATTR_LIST) {
		buf_clear(&list);
		attr_int(&list, "flags", 0);
		attr_text(&list, "address", attr_get(&request, "address"));
		attr_end(&list);
		lookup_say(fd, list.data, list.length);
	}
	buf_close(&list);
	pool_free(&pool);
}

static void end(void)
{
	mailing_close(&mail); /* closes its connections, which the server waits for */
	if (trivial_rewrite)
		lookup_server_stop(trivial_rewrite);
	trivial_rewrite = NULL;
}

static void begin(const char *settings)
{
	end();
	mailing_open(&mail, false, 0, settings);
	trivial_rewrite = lookup_server_start("private/rewrite", serve);
}

#define MAPS "smtp_generic_maps=inline:{{from@client.example=me@out.test}, {a@x.test=b@y.test}}"
#define HI "220 mx\n>EHLO client.example\n250 mx\n"
#define CONTENT "From: \"F\" <from@client.example>\nTo: a@x.test, c@x.test\nX-To: a@x.test\n\na@x.test\n"

static const struct sent {
	const char *name, *settings, *rcpts, *content, *script, *fates, *log;
} sents[] = {
	{"nothing is mapped", NULL, "a@x.test", CONTENT, HI ">MAIL FROM:<from@client.example>\n250 ok\n"
		">RCPT TO:<a@x.test>\n250 ok\n>DATA\n354 go\n>From: \"F\" <from@client.example>\n"
		">To: a@x.test, c@x.test\n>X-To: a@x.test\n>\n>a@x.test\n>.\n250 ok\n>QUIT\n", "S",
		"to=<a@x.test>"},
	{"envelope and headers, not the rest", MAPS, "a@x.test c@x.test", CONTENT,
		HI ">MAIL FROM:<me@out.test>\n250 ok\n>RCPT TO:<b@y.test>\n250 ok\n>RCPT TO:<c@x.test>\n250 ok\n"
		">DATA\n354 go\n>From: \"F\" <me@out.test>\n>To: b@y.test, c@x.test\n>X-To: a@x.test\n>\n"
		">a@x.test\n>.\n250 ok\n>QUIT\n", "SS", "to=<a@x.test>"},
	{"headers of a multipart's part stay", MAPS, "c@x.test",
		"Content-Type: multipart/x; boundary=b\n\n--b\nFrom: a@x.test\n\nx\n--b--\n",
		HI ">MAIL FROM:<me@out.test>\n250 ok\n>RCPT TO:<c@x.test>\n250 ok\n>DATA\n354 go\n"
		">Content-Type*\n>\n>--b\n>From: a@x.test\n>\n>x\n>--b--\n>.\n250 ok\n>QUIT\n", "S",
		"to=<c@x.test>"},
	{"a refusal names what we know", MAPS, "a@x.test", NULL,
		HI ">MAIL FROM:<me@out.test>\n250 ok\n>RCPT TO:<b@y.test>\n550 5.1.1 who?\n>RSET\n250 ok\n>QUIT\n",
		"B", "to=<a@x.test>"},
	{"checks see what is inside, and what they say is mapped, too",
		MAPS "; smtp_header_checks=regexp:{{/^To: in@x.test/ REPLACE To: a@x.test}}", "c@x.test",
		"To: in@x.test\n\nx\n", HI ">MAIL FROM:<me@out.test>\n250 ok\n>RCPT TO:<c@x.test>\n250 ok\n"
		">DATA\n354 go\n>To: b@y.test\n>\n>x\n>.\n250 ok\n>QUIT\n", "S", "to=<c@x.test>"},
	{"a table that fails", "smtp_generic_maps=fail:x", "a@x.test", NULL, HI, "D",
		"status=deferred (local data error while talking to 127.0.0.1[127.0.0.1]:"
		" smtp_generic_maps: fail:x lookup error for \"from@client.example\": this table always"
		" fails)"},
};

static void test_sent(void)
{
	for (const struct sent *x = sents; x < sents + COUNT(sents); x++) {
		const char *heard_it, *log;

		begin(x->settings);
		mail.content = x->content;
		mailing_begin(&mail, x->script, "[127.0.0.1]:%u", x->rcpts);
		deliver(&mail.test.agent, &mail.d);
		heard_it = mailing_heard(&mail);
		if (!ok(strchr(heard_it, '{') == NULL, x->name))
			printf("# heard: %s\n", heard_it);
		is_text(mailing_fates(&mail), x->fates, x->name);
		log = mailing_log(&mail);
		if (!ok(strstr(log, x->log) != NULL, x->name))
			printf("# log: %s\n", log);
	}
}

static void test_headers(void)
{
	static const struct {
		const char *header;
		bool applies;
	} headers[] = {
		{"From: x", true}, {"TO:", true}, {"Resent-Sender : x", true}, {"Reply-To: x", true},
		{"X-To: x", false}, {"Subject: x", false}, {"Message-Id: <a@b>", false}, {"To", false},
		{"Too: x", false}, {"", false},
	};

	for (size_t i = 0; i < COUNT(headers); i++)
		ok(outside_applies(headers[i].header) == headers[i].applies, headers[i].header);
}

int main(void)
{
	mailing_open(&mail, false, 0, NULL);
	test_sent();
	test_headers();
	end();
	return done();
}

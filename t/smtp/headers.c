#include "config.h"
#include <string.h>
#include "postfix/version.h"
#include "smtp/headers.h"
#include "t/lib/mailing.h"
#include "t/lib/tap.h"

static struct mailing mail;

static void begin(const char *flags, int version, const char *content, const char *rcpts)
{
	mailing_reopen(&mail, false, version, flags);
	mail.content = content;
	mailing_again(&mail, "[192.0.2.1]", rcpts);
}

static const char *prepended(void)
{
	struct list lines = headers_prepend(&mail.test.agent, &mail.d);

	return list_join(&lines, "|");
}

static void test_prepend(void)
{
	begin("flags=ORD", 0, NULL, "a@x.test");
	mail.d.rcpts[0].original = "or ig@y.test";
	is_text(prepended(), "Return-Path: <from@client.example>|X-Original-To: \"or ig\"@y.test|"
		"Delivered-To: a@x.test", "all of them");
	mail.d.sender = "";
	mail.d.rcpts[0].original = "";
	is_text(prepended(), "Return-Path: <>|Delivered-To: a@x.test", "nobody");
	begin("flags=DOR", POSTFIX(3, 5), NULL, "a@x.test");
	mail.d.rcpts[0].original = "o@y.test";
	is_text(prepended(), "Delivered-To: a@x.test|X-Original-To: o@y.test|"
		"Return-Path: <from@client.example>", "in the order of 3.5");
	begin(NULL, 0, NULL, "a@x.test");
	is_text(prepended(), "", "none");
}

static const struct loop {
	const char *name, *content;
	bool loops;
} loops[] = {
	{"none", "Subject: x\n\nDelivered-To: a@x.test\n", false},
	{"another", "Delivered-To: b@x.test\n\n", false},
	{"this one", "Received: by me\nDelivered-To: a@x.test\n\n", true},
	{"any case", "delivered-TO:   A@X.Test  \n\n", true},
	{"the second", "Delivered-To: b@x.test\nDelivered-To: a@x.test\n\n", true},
	{"a continuation is none", "Subject: x\n Delivered-To: a@x.test\n\n", false},
	{"the end of the message", "Delivered-To: b@x.test\n", false},
	{"nothing", "", false},
};

static void test_loops(void)
{
	for (const struct loop *x = loops; x < loops + COUNT(loops); x++) {
		begin("flags=D", 0, x->content, "a@x.test");
		is_number(headers_refuse(&mail.test.agent, &mail.d), x->loops, x->name);
		is_text(mailing_fates(&mail), x->loops ? "B" : "O", x->name);
		is_text(mailing_log(&mail), x->loops ? "ID: to=<a@x.test>, relay=out, dsn=5.4.6,"
			" status=bounced (mail forwarding loop for a@x.test)" : "", x->name);
	}
	begin("flags=O", 0, loops[2].content, "a@x.test");
	ok(!headers_refuse(&mail.test.agent, &mail.d), "only D looks for it");
}

/* A long header in front must not hide it; more of them than anybody has are not read. */
static void test_many(void)
{
	struct buf content = BUF(0);

	for (int i = 0; i < 1500; i++)
		buf_addf(&content, "X-Number: %d\n", i);
	buf_adds(&content, "Delivered-To: a@x.test\n\n");
	begin("flags=D", 0, buf_text(&content), "a@x.test");
	ok(headers_refuse(&mail.test.agent, &mail.d), "behind 1500 other headers");
	buf_clear(&content);
	for (int i = 0; i < 1000; i++)
		buf_addf(&content, "Delivered-To: %d@x.test\n", i);
	buf_adds(&content, "Delivered-To: a@x.test\n\n");
	begin("flags=D", 0, buf_text(&content), "a@x.test");
	ok(!headers_refuse(&mail.test.agent, &mail.d), "behind 1000 of its kind");
	buf_close(&content);
}

static void test_single(void)
{
	static const char want[] = "warning: flag `D' requires out_destination_recipient_limit = 1|"
		"ID: to=<a@x.test>, relay=out, dsn=4.3.5, status=deferred (mail system configuration"
		" error)|ID: to=<b@x.test>, relay=out, dsn=4.3.5, status=deferred (mail system"
		" configuration error)";

	begin("flags=RDO", 0, NULL, "a@x.test b@x.test");
	ok(headers_refuse(&mail.test.agent, &mail.d), "D is for one recipient");
	is_text(mailing_log(&mail), want, "and says so");
	is_text(mail.d.hop.status, NULL, "it is not the destination's fault");
	begin("flags=O", 0, NULL, "a@x.test b@x.test");
	ok(headers_refuse(&mail.test.agent, &mail.d), "O is, too");
	ok(strstr(mailing_log(&mail), "warning: flag `O' requires") != NULL, "and says so");
	begin("flags=R", 0, NULL, "a@x.test b@x.test");
	ok(!headers_refuse(&mail.test.agent, &mail.d), "R is not");
}

int main(void)
{
	mailing_open(&mail, false, 0, NULL);
	test_prepend();
	test_loops();
	test_many();
	test_single();
	mailing_close(&mail);
	return done();
}

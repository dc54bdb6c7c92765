#include "config.h"
#include <string.h>
#include "postfix/version.h"
#include "smtp/pix.h"
#include "t/lib/heard.h"
#include "t/lib/mailing.h"
#include "t/lib/tap.h"

static const struct {
	const char *text;
	bool pix;
} greetings[] = {
	{"220 ****************************************", true},
	{"220 **********0***********2*****\n220 ***", true},
	{"220 *** **\t*", true},
	{"220 mx.test ESMTP", false},
	{"220 ****************************************ESMTP", false},
	{"220 *1*", false},
	{"554 ***", false},
};

static struct mailing mail;

static const struct {
	const char *name, *settings;
	int age, version;
	unsigned bits;
	const char *log;
} cases[] = {
	{"both, by default", NULL, 500, 0, PIX_DISABLE_ESMTP | PIX_DELAY_DOTCRLF,
		"ID: enabling PIX workarounds: disable_esmtp delay_dotcrlf for mx.test[192.0.2.1]:25"},
	{"no delay for fresh mail", NULL, 499, 0, PIX_DISABLE_ESMTP,
		"ID: enabling PIX workarounds: disable_esmtp for mx.test[192.0.2.1]:25"},
	{"how 3.11 says it", NULL, 500, POSTFIX(3, 11), PIX_DISABLE_ESMTP | PIX_DELAY_DOTCRLF,
		"ID: enabling PIX workarounds: disable_esmtp, delay_dotcrlf for mx.test[192.0.2.1]:25"},
	{"what is fresh", "smtp_pix_workaround_threshold_time=10", 10, 0,
		PIX_DISABLE_ESMTP | PIX_DELAY_DOTCRLF,
		"ID: enabling PIX workarounds: disable_esmtp delay_dotcrlf for mx.test[192.0.2.1]:25"},
	{"one", "smtp_pix_workarounds=DELAY_dotcrlf, no_such", 500, 0, PIX_DELAY_DOTCRLF,
		"ID: enabling PIX workarounds: delay_dotcrlf for mx.test[192.0.2.1]:25"},
	{"none", "smtp_pix_workarounds=", 500, 0, 0, ""},
	{"of this server", "smtp_pix_workaround_maps=inline:{192.0.2.1=disable_esmtp}", 500, 0,
		PIX_DISABLE_ESMTP, "ID: enabling PIX workarounds: disable_esmtp for mx.test[192.0.2.1]:25"},
	{"of another server", "smtp_pix_workarounds=; smtp_pix_workaround_maps=inline:{192.0.2.2=disable_esmtp}",
		500, 0, 0, ""},
};

static const struct server server = {.host = "mx.test", .address = "192.0.2.1",
	.namaddr = "mx.test[192.0.2.1]", .namaddrport = "mx.test[192.0.2.1]:25"};

static void test_workarounds(void)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned bits = 77;
		const char *trouble;

		mailing_reopen(&mail, false, cases[i].version, cases[i].settings);
		mailing_again(&mail, "mx.test", "a@x.test");
		mail.request->arrived.tv_sec -= cases[i].age;
		mailing_log(&mail);
		ok(pix_workarounds(&mail.test.agent, &mail.d, &server, &bits, &trouble), cases[i].name);
		is_number(bits, cases[i].bits, cases[i].name);
		is_text(mailing_log(&mail), cases[i].log, cases[i].name);
	}
}

static void test_table_fails(void)
{
	unsigned bits = 77;
	const char *trouble = NULL;

	mailing_reopen(&mail, true, 0, "lmtp_pix_workaround_maps=fail:x");
	mailing_again(&mail, "mx.test", "a@x.test");
	mailing_log(&mail);
	ok(!pix_workarounds(&mail.test.agent, &mail.d, &server, &bits, &trouble), "a table that fails");
	is_text(trouble, "lmtp_pix_workaround_maps: fail:x lookup error for \"192.0.2.1\": this table"
		" always fails", "and why, for the refusal");
	is_text(mailing_log(&mail),
		"warning: fail:x lookup error for \"192.0.2.1\"|warning: ID: lmtp_pix_workaround_maps map lookup error for 192.0.2.1", "is told");
}

int main(void)
{
	for (size_t i = 0; i < COUNT(greetings); i++)
		ok(pix_greeting(greetings[i].text) == greetings[i].pix, greetings[i].text);
	mailing_open(&mail, false, 0, NULL);
	test_workarounds();
	test_table_fails();
	mailing_close(&mail);
	return done();
}

#include "config.h"
#include <string.h>
#include "smtp/delivery.h"
#include "t/lib/mailing.h"
#include "t/lib/tap.h"

static struct mailing mail;

static struct why busy(struct pool *pool)
{
	struct why why = {.pool = pool};

	why_site(&why, "4.4.2", "lost connection");
	return why;
}

static struct why no(struct pool *pool)
{
	struct why why = {.pool = pool};

	why_set(&why, "5.1.1", "host mx said: 550 5.1.1 no");
	why_said(&why, "mx.test", "smtp", "550 5.1.1 no");
	return why;
}

/* A delivery to a, b and c, with a server in hand. */
static void begin(const char *setting, bool final_server)
{
	mailing_reopen(&mail, false, 0, setting);
	mailing_again(&mail, "[192.0.2.1]", "a@x.test b@x.test c@x.test");
	mail.d.session.relay = "mx.test[192.0.2.1]:25";
	mail.d.final_server = final_server;
}

#define LINE(who, status, word, text) \
	"ID: to=<" who "@x.test>, relay=mx.test[192.0.2.1]:25, dsn=" status ", status=" word \
	" (" text ")"
#define LOST "lost connection"
#define NO "host mx said: 550 5.1.1 no"

static void expect(const char *what, const char *fates, const char *log, const char *told)
{
	is_text(mailing_fates(&mail), fates, what);
	is_text(mailing_log(&mail), log, what);
	is_text(mailing_told(&mail), told, what);
}

static void test_all(void)
{
	struct why why;

	begin(NULL, true);
	why = busy(&mail.pool);
	rcpts_failed(&mail.test.agent, &mail.d, &why);
	expect("soft, the last server", "DDD", LINE("a", "4.4.2", "deferred", LOST) "|"
		LINE("b", "4.4.2", "deferred", LOST) "|" LINE("c", "4.4.2", "deferred", LOST),
		"defer a@x.test 4.4.2 (" LOST "); defer b@x.test 4.4.2 (" LOST "); defer c@x.test 4.4.2"
		" (" LOST ")");
	ok(mail.d.deferred && !rcpts_open(&mail.d), "the message stays");
	is_text(mail.d.hop.status, "4.4.2", "qmgr hears of the destination's trouble");
	is_text(fake_postfix_marks(mail.request), "RRR", "nobody is crossed off");

	begin(NULL, false);
	why = busy(&mail.pool);
	rcpts_failed(&mail.test.agent, &mail.d, &why);
	expect("soft, another server", "NNN", "ID: " LOST, "");
	ok(!mail.d.deferred && mail.d.hop.status == NULL && rcpts_open(&mail.d), "nothing is decided");
	is_text(mail.d.why.text, LOST, "the reason is kept");
	rcpts_failed(&mail.test.agent, &mail.d, &why);
	expect("nobody is open", "NNN", "", "");
	rcpts_reopen(&mail.d);
	expect("open for the next", "OOO", "", "");

	begin(NULL, false);
	why = no(&mail.pool);
	rcpts_failed(&mail.test.agent, &mail.d, &why);
	expect("hard is final everywhere", "BBB", LINE("a", "5.1.1", "bounced", NO) "|"
		LINE("b", "5.1.1", "bounced", NO) "|" LINE("c", "5.1.1", "bounced", NO),
		"bounce a@x.test 5.1.1 (" NO "); bounce b@x.test 5.1.1 (" NO "); bounce c@x.test 5.1.1 ("
		NO ")");
	ok(!mail.d.deferred && mail.d.hop.status == NULL, "the message may go");
	is_text(fake_postfix_marks(mail.request), "DDD", "all are crossed off");

	begin(NULL, false);
	why = no(&mail.pool);
	why.elsewhere = true;
	rcpts_failed(&mail.test.agent, &mail.d, &why);
	expect("hard, but another may do", "NNN", "ID: " NO, "");
}

static void test_one(void)
{
	struct why soft, hard;

	begin(NULL, false);
	soft = busy(&mail.pool);
	hard = no(&mail.pool);
	rcpt_failed(&mail.test.agent, &mail.d, &mail.d.rcpts[1], &hard);
	expect("one is refused", "OBO", LINE("b", "5.1.1", "bounced", NO),
		"bounce b@x.test 5.1.1 (" NO ")");
	rcpt_failed(&mail.test.agent, &mail.d, &mail.d.rcpts[0], &soft);
	expect("one waits", "NBO", "ID: " LOST, "");
	mail.d.final_server = true;
	rcpts_failed(&mail.test.agent, &mail.d, &soft);
	expect("only who is open is settled", "NBD", LINE("c", "4.4.2", "deferred", LOST),
		"defer c@x.test 4.4.2 (" LOST ")");
	rcpts_reopen(&mail.d);
	rcpt_sent(&mail.test.agent, &mail.d, &mail.d.rcpts[0], "2.0.0", "mx.test", "250 ok");
	expect("the other server took one", "SBD", LINE("a", "2.0.0", "sent", "250 ok"), "");
	is_text(fake_postfix_marks(mail.request), "DDR", "who is done is crossed off");
	rcpts_failed(&mail.test.agent, &mail.d, &hard);
	expect("all are settled", "SBD", "", "");
	ok(!rcpts_open(&mail.d), "nobody is open");
}

static void test_soft_bounce(void)
{
	struct why why;

	begin("soft_bounce=yes", false);
	why = no(&mail.pool);
	rcpts_failed(&mail.test.agent, &mail.d, &why);
	expect("soft_bounce: another server", "NNN", "ID: " NO, "");
	rcpts_reopen(&mail.d);
	mail.d.final_server = true;
	rcpt_failed(&mail.test.agent, &mail.d, &mail.d.rcpts[0], &why);
	expect("soft_bounce: the last one", "DOO", LINE("a", "4.1.1", "SOFTBOUNCE", NO),
		"defer a@x.test 4.1.1 (" NO ")");
	ok(mail.d.deferred, "the message stays");
}

/* qmgr is told to leave the destination alone. */
static void test_hop(void)
{
	struct why site, message, other;

	begin(NULL, true);
	message = busy(&mail.pool);
	message.site = false;
	rcpts_failed(&mail.test.agent, &mail.d, &message);
	is_text(mail.d.hop.status, NULL, "not for trouble of the message");

	begin(NULL, true);
	site = busy(&mail.pool);
	mail.d.completed = true;
	rcpts_failed(&mail.test.agent, &mail.d, &site);
	is_text(mail.d.hop.status, NULL, "not when a session was completed");

	begin(NULL, true);
	site = busy(&mail.pool);
	site.status = "5.4.6";
	rcpts_failed(&mail.test.agent, &mail.d, &site);
	is_text(mail.d.hop.status, NULL, "not for bounces");

	begin(NULL, true);
	site = other = busy(&mail.pool);
	other.text = "another";
	mail.d.rcpts[0].fate = RCPT_NEXT;
	rcpts_failed(&mail.test.agent, &mail.d, &site);
	rcpts_reopen(&mail.d);
	rcpts_failed(&mail.test.agent, &mail.d, &other);
	is_text(mail.d.hop.text, LOST, "the first one counts");
}

static void test_daemons_fail(void)
{
	struct why why;

	begin(NULL, true);
	fake_postfix_fail(&mail.postfix, FAKE_BOUNCE);
	why = no(&mail.pool);
	rcpt_failed(&mail.test.agent, &mail.d, &mail.d.rcpts[0], &why);
	is_text(mailing_fates(&mail), "DOO", "a bounce that can't be recorded is no bounce");
	ok(mail.d.deferred, "the message stays");
	is_text(fake_postfix_marks(mail.request), "RRR", "it is not crossed off");

	begin(NULL, true);
	fake_postfix_fail(&mail.postfix, FAKE_DEFER);
	why = busy(&mail.pool);
	rcpt_failed(&mail.test.agent, &mail.d, &mail.d.rcpts[0], &why);
	is_text(mailing_fates(&mail), "DOO", "who can't be recorded as deferred stays as well");

	begin(NULL, true);
	fake_postfix_fail(&mail.postfix, FAKE_TRACE);
	mail.request->rcpts[0].dsn_notify = DSN_NOTIFY_SUCCESS;
	rcpt_sent(&mail.test.agent, &mail.d, &mail.d.rcpts[0], "2.0.0", "mx.test", "250 ok");
	is_text(mailing_fates(&mail), "SOO", "sent is sent, and not tried with another server");
	ok(mail.d.deferred, "but without its notice the message stays");
	is_text(fake_postfix_marks(mail.request), "RRR", "it is not crossed off");
}

int main(void)
{
	mailing_open(&mail, false, 0, NULL);
	test_all();
	test_one();
	test_soft_bounce();
	test_hop();
	test_daemons_fail();
	mailing_close(&mail);
	return done();
}

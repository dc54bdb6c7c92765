/* Who we are to a server: which keys are asked for, and how an answer is taken apart. */
#include "config.h"
#include <string.h>
#include "postfix/version.h"
#include "smtp/auth.h"
#include "smtp/auth_login.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/lib/test_agent.h"

#define ENABLED "smtp_sasl_auth_enable=yes; smtp_sasl_password_maps="
#define SENDERS ENABLED "inline:{ {me+x@client.example=ext:1} {me@client.example=me:2} " \
	"{@client.example=dom:3} {mx.test=host:4} {[x.test]:25=hop:5} }"
#define BY_SENDER "; smtp_sender_dependent_authentication=yes"

static const struct search {
	const char *name, *settings;
	bool lmtp;
	int version; /* 0: 3.7 */
	const char *sender, *host;
	const char *login; /* "USER PASSWORD", "none" or "trouble: ..." */
	const char *log;
} searches[] = {
	{"by the server", SENDERS, false, 0, "me@client.example", "mx.test", "host 4", ""},
	{"by the next hop", SENDERS, false, 0, "me@client.example", "mx2.test", "hop 5", ""},
	{"the server comes first, in any case", SENDERS, false, 0, "", "MX.test", "host 4", ""},
	{"by the sender", SENDERS BY_SENDER, false, 0, "me@client.example", "mx.test", "me 2", ""},
	{"with its extension", SENDERS BY_SENDER "; recipient_delimiter=+", false, 0,
		"me+x@client.example", "mx.test", "ext 1", ""},
	{"without its extension", SENDERS BY_SENDER "; recipient_delimiter=+", false, 0,
		"me+y@client.example", "mx.test", "me 2", ""},
	{"by the sender's domain", SENDERS BY_SENDER, false, 0, "ann@client.example", "mx.test", "dom 3",
		""},
	{"a sender who is not there", SENDERS BY_SENDER, false, 0, "me@other.example", "mx.test",
		"host 4", ""},
	{"no sender", SENDERS BY_SENDER, false, 0, "", "mx.test", "host 4", ""},
	{"nobody", ENABLED "inline:{ {y.test=a:b} }", false, 0, "me@client.example", "mx.test", "none",
		""},
	{"lmtp has no senders", "lmtp_sasl_auth_enable=yes; lmtp_sasl_password_maps="
		"inline:{ {me@client.example=me:2} {mx.test=host:4} }"
		"; lmtp_sender_dependent_authentication=yes", true, 0, "me@client.example", "mx.test",
		"host 4", ""},
	{"the first colon ends the user", ENABLED "static:joe:a:b", false, 0, "", "mx.test", "joe a:b",
		""},
	{"no password", ENABLED "static:joe:", false, 0, "", "mx.test", "joe ", ""},
	{"no colon", ENABLED "static:joe", false, 0, "", "mx.test", "joe ", ""},
	{"no user", ENABLED "static::x", false, 0, "", "mx.test", " x", ""},
	{"another delimiter, from 3.9 on", ENABLED "static:a:b/c; smtp_sasl_password_result_delimiter=/",
		false, POSTFIX(3, 9), "", "mx.test", "a:b c", ""},
	{"the colon, before", ENABLED "static:a:b/c; smtp_sasl_password_result_delimiter=/", false,
		POSTFIX(3, 8), "", "mx.test", "a b/c", ""},
	{"a table that fails", ENABLED "fail:x", false, 0, "", "mx.test",
		"trouble: fail:x lookup error for \"mx.test\": this table always fails",
		"warning: fail:x lookup error for \"mx.test\""},
	{"one that fails for the sender", ENABLED "fail:x" BY_SENDER, false, 0, "me@client.example",
		"mx.test",
		"trouble: fail:x lookup error for \"me@client.example\": this table always fails",
		"warning: fail:x lookup error for \"me@client.example\""},
};

static const struct destination to = {.text = "[x.test]:25", .host = "x.test"};

static const char *outcome(struct test_agent *test, enum table_answer answer,
	const struct auth_login *login, const char *trouble)
{
	if (answer == TABLE_ERROR)
		return pool_format(&test->pool, "trouble: %s", trouble);
	if (answer == TABLE_NONE)
		return login->secret ? "a secret of nobody" : "none";
	if (strlen((const char *)login->secret->data) != login->secret->len)
		return "a password of another length";
	return pool_format(&test->pool, "%s %s", login->user, (const char *)login->secret->data);
}

static void search(const struct search *x)
{
	struct test_agent test;
	struct request request = {.sender = x->sender};
	struct delivery d = {.request = &request};
	struct server server = {.destination = &to, .host = x->host};
	struct auth_login login;
	const char *trouble = NULL;
	enum table_answer answer;

	test_agent_open(&test, x->lmtp, x->version, x->settings);
	heard();
	answer = auth_login_find(&test.agent, &d, &server, &test.pool, &login, &trouble);
	is_text(outcome(&test, answer, &login, trouble), x->login, x->name);
	is_text(heard(), x->log, x->name);
	ok(auth_has_password(&test.agent, &d, &server) == (answer != TABLE_NONE),
		"mail needs TLS if there is one, or might be");
	auth_login_forget(&login);
	ok(login.secret == NULL, "forgotten");
	auth_login_forget(&login);
	test_agent_close(&test);
}

static void test_off(void)
{
	struct test_agent test;
	struct request request = {.sender = ""};
	struct delivery d = {.request = &request};
	struct server server = {.destination = &to, .host = "mx.test"};

	test_agent_open(&test, false, 0, "smtp_sasl_password_maps=static:joe:x");
	ok(!auth_has_password(&test.agent, &d, &server), "nobody is asked for without SASL");
	test_agent_close(&test);
}

int main(void)
{
	heard_start();
	for (const struct search *x = searches; x < searches + COUNT(searches); x++)
		search(x);
	test_off();
	heard_stop();
	return done();
}

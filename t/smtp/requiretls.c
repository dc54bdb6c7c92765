#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "dns/name.h"
#include "postfix/version.h"
#include "smtp/requiretls.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/lib/test_agent.h"
#include "util/text.h"

#define TABLE "inline:{a.test=opportunistic, .b.test=disable, .test=opportunistic+starttls}"

static const struct lookup {
	const char *policy, *domain;
	enum requiretls want;
	const char *says; /* "" nothing */
} lookups[] = {
	{"", "a.test", REQUIRETLS_ENFORCE, ""},
	{"enforce", "a.test", REQUIRETLS_ENFORCE, ""},
	{"Disable", "a.test", REQUIRETLS_OFF, ""},
	{"opportunistic, enforce", "a.test", REQUIRETLS_OPPORTUNISTIC, ""},
	{"error", "a.test", REQUIRETLS_ERROR, ""},
	{"sometimes", "a.test", REQUIRETLS_ERROR,
		"warning: smtp_requiretls_policy: unknown policy action: 'sometimes' -- ignoring the"
		" remainder of this policy"},
	/* name, then .parent, .grandparent; what isn't listed goes on */
	{TABLE, "a.test", REQUIRETLS_OPPORTUNISTIC, ""},
	{TABLE, "A.Test", REQUIRETLS_OPPORTUNISTIC, ""},
	{TABLE, "x.y.b.test", REQUIRETLS_OFF, ""},
	{TABLE, "b.test", REQUIRETLS_STARTTLS, ""},
	{TABLE, "c.example", REQUIRETLS_ENFORCE, ""},
	{TABLE " disable", "c.example", REQUIRETLS_OFF, ""},
	{"inline:{.2.1=disable}", "192.0.2.1", REQUIRETLS_ENFORCE, ""},
	/* pattern tables are not asked for parents */
	{"regexp:{{/^\\.test$/ disable}}", "a.test", REQUIRETLS_ENFORCE, ""},
	{"cidr:{{192.0.2.0/24 opportunistic}, {::/0 disable}}", "192.0.2.1", REQUIRETLS_OPPORTUNISTIC, ""},
	{"cidr:{{192.0.2.0/24 opportunistic}, {::/0 disable}}", "2001:db8::1", REQUIRETLS_OFF, ""},
	{"cidr:{{192.0.2.0/24 opportunistic}}", "a.test", REQUIRETLS_ENFORCE, ""},
	/* keys are A-labels */
	{"inline:{xn--bcher-kva.test=disable}", "b\303\274cher.test", REQUIRETLS_OFF, ""},
	/* an answer is one word */
	{"static:{enforce disable}", "a.test", REQUIRETLS_ERROR,
		"warning: table static:{enforce disable}(0,lock|fold_fix|utf8_request): composite lookup"
		" result \"enforce disable\" is not allowed -- ignoring remainder of policy"},
	{"static:inline:x", "a.test", REQUIRETLS_ERROR,
		"warning: table static:inline:x(0,lock|fold_fix|utf8_request): nested lookup result"
		" \"inline:x\" is not allowed -- ignoring remainder of policy"},
	{"fail:x, disable", "a.test", REQUIRETLS_ERROR,
		"warning: smtp_requiretls_policy: fail:x: table lookup error -- ignoring the remainder of"
		" this policy"},
	/* a name that is none gets the strictest */
	{"disable", "\303\274.\377", REQUIRETLS_ENFORCE,
		"warning: smtp_requiretls_policy: malformed next-hop destination: '?' -- using default"
		" policy 'enforce'"},
};

static void test_lookup(const struct lookup *l, struct test_agent *test)
{
	struct pool pool = {0};
	const struct destination to = {.host = l->domain,
		.ascii = name_to_ascii(&pool, l->domain, false)};
	struct requiretls_policy *policy = requiretls_open(test->agent.tables, &pool,
		"smtp_requiretls_policy", l->policy);
	bool says = strstr(l->says, "malformed") == NULL;

	heard();
	okf(requiretls_find(policy, &to) == l->want, "%s: %s", l->policy, l->domain);
	if (says)
		is_text(heard(), l->says, "what is said about it");
	else
		okf(strstr(heard(), "malformed next-hop destination") != NULL, "it is said");
	pool_free(&pool);
}

/* Only a Postfix that knows it listens to the sender. */
static void test_asked(void)
{
	struct config config = {.version = POSTFIX(3, 11), .requiretls_enable = true};
	struct request request = {.sendopts = SENDOPT_REQUIRETLS};

	ok(requiretls_asked(&config, &request), "asked");
	config.version = POSTFIX(3, 10);
	ok(!requiretls_asked(&config, &request), "not before 3.11");
	config = (struct config){.version = POSTFIX(3, 11)};
	ok(!requiretls_asked(&config, &request), "not when it is switched off");
	config.requiretls_enable = true;
	request.sendopts = SENDOPT_TLS_NOT_REQUIRED;
	ok(!requiretls_asked(&config, &request), "not asked");
}

int main(void)
{
	struct test_agent test;

	heard_start();
	test_agent_open(&test, false, POSTFIX(3, 11), NULL);
	for (const struct lookup *l = lookups; l < lookups + COUNT(lookups); l++)
		test_lookup(l, &test);
	test_agent_close(&test);
	test_asked();
	return done();
}

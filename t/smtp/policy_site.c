#include <stddef.h>
#include <stdio.h>
#include "smtp/policy_site.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/lib/test_agent.h"
#include "util/text.h"

/* For next hop "a.test" and host "mx.test". */
static const struct site {
	const char *table;
	enum tls_level from, to; /* INVALID: the server is skipped */
	const char *status, *detail;
} sites[] = {
	{"inline:{x=MUST}", TLS_LEVEL_MAY, TLS_LEVEL_MAY, NULL, NULL},
	{"inline:{a.test=NONE}", TLS_LEVEL_ENCRYPT, TLS_LEVEL_NONE, NULL, NULL},
	{"inline:{a.test=may}", TLS_LEVEL_ENCRYPT, TLS_LEVEL_ENCRYPT, NULL, NULL},
	{"inline:{a.test=MAY}", TLS_LEVEL_NONE, TLS_LEVEL_MAY, NULL, NULL},
	{"inline:{a.test=MUST_NOPEERMATCH}", TLS_LEVEL_NONE, TLS_LEVEL_ENCRYPT, NULL, NULL},
	{"inline:{mx.test=MUST}", TLS_LEVEL_MAY, TLS_LEVEL_VERIFY, NULL, NULL},
	{"inline:{a.test=MAY, mx.test=NONE}", TLS_LEVEL_MAY, TLS_LEVEL_NONE, NULL, NULL},
	{"inline:{a.test=MUST, mx.test=NONE}", TLS_LEVEL_MAY, TLS_LEVEL_VERIFY, NULL, NULL},
	{"inline:{a.test=BOGUS}", TLS_LEVEL_MAY, TLS_LEVEL_INVALID, "4.7.5",
		"smtp_tls_per_site, next-hop destination \"a.test\" has \"BOGUS\""},
	{"fail:x", TLS_LEVEL_MAY, TLS_LEVEL_INVALID, "4.3.0",
		"smtp_tls_per_site, next-hop destination \"a.test\": "},
};

int main(void)
{
	const struct server server = {.host = "mx.test"};

	for (const struct site *s = sites; s < sites + COUNT(sites); s++) {
		struct test_agent test;
		struct pool pool = {0};
		struct why why = {.pool = &pool};
		enum tls_level level = s->from;
		char setting[128];
		const char *detail = "";
		bool well;

		snprintf(setting, sizeof setting, "smtp_tls_per_site=%s", s->table);
		test_agent_open(&test, false, 0, setting);
		heard();
		well = policy_site(&test.agent, "a.test", &server, &level, &detail, &why);
		okf(well == (s->to != TLS_LEVEL_INVALID), "%s: goes on or not", s->table);
		if (well)
			is_number(level, s->to, s->table);
		else
			okf(text_starts(detail, s->detail), "%s: %s", s->table, detail);
		if (!well)
			is_text(why.status, s->status, s->table);
		test_agent_close(&test);
		pool_free(&pool);
	}
	return done();
}

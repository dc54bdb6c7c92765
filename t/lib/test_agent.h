#ifndef T_TEST_AGENT_H
#define T_TEST_AGENT_H
/*
 * test_agent - an agent as the program sets it up, from settings of main.cf, for Postfix 3.7 or
 * what VERSION says. Its files are in a temporary directory, which is the queue directory and the
 * working directory until test_agent_close(). Host client.example, interface 127.0.0.1; no DNS
 * until a test sets agent.resolver.
 */
#include "dns/resolver.h"
#include "smtp/agent.h"

struct test_agent {
	struct agent agent;
	struct config config; /* agent.config */
	struct pool pool;
	char directory[64];
};

/*
 * SETTINGS: "name=value; name=value", or NULL; "flags=DOR" among them is the word of master.cf.
 * VERSION 0 is 3.7.
 */
void test_agent_open(struct test_agent *test, bool lmtp, int version, const char *settings);
void test_agent_close(struct test_agent *test);

/* The agent asks RESOLVER, whose security it believes. */
void test_agent_resolver(struct test_agent *test, struct resolver resolver);

#endif

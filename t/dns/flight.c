/* Questions under a deadline, to a nameserver on loopback: what its answers come to. */
#include "dns/flight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "t/dns/heard.h"
#include "t/dns/nameserver.h"
#include "t/lib/tap.h"
#include "util/clock.h"

enum { PATIENCE = 20000 /* ms */, MANY = 250 };

static const char *const anchors[] = {
	". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16", NULL};
static const char *const insecure[] = {"test.", NULL};

static struct heard heard = {.lines = BUF(0)};
static char path[] = "/tmp/flight-XXXXXX";

/* The first label says what becomes of it. */
static bool answer(void *context UNUSED, struct query *query)
{
	reply_begin(query, strncmp(query->name, "noname", 6) == 0 ? 3
			: strncmp(query->name, "fails", 5) == 0  ? 2
								   : 0);
	if (strncmp(query->name, "silent", 6) == 0)
		return false;
	if (strncmp(query->name, "alias", 5) == 0)
		reply_add_name(query, 5, "\4here\4test");
	else if (strncmp(query->name, "here", 4) == 0 && query->type == DNS_A)
		reply_add(query, 1, "\300\0\2\1", 4);
	return true;
}

struct rig {
	struct nameserver server;
	struct pump *pump;
	struct servers *servers;
	struct airport *airport;
	struct pool pool;
};

static void set_up(struct rig *rig)
{
	struct servers_options options = {.resolv_conf = path, .anchors = anchors,
		.insecure = insecure};

	*rig = (struct rig){.server = {.answer = answer}};
	nameserver_start(&rig->server, "127.0.0.1", 0);
	options.port = nameserver_port(&rig->server);
	rig->pump = pump_new();
	rig->servers = servers_new(rig->pump, &options);
	servers_refresh(rig->servers);
	rig->airport = airport_new(rig->pump, rig->servers, 7);
}

static void tear_down(struct rig *rig)
{
	airport_free(rig->airport);
	servers_free(rig->servers);
	pump_free(rig->pump);
	nameserver_stop(&rig->server);
	pool_free(&rig->pool);
}

static const struct {
	const char *name;
	enum dns_rcode_class class;
	enum dns_security security;
	size_t count;
	const char *canonical, *reason;
} cases[] = {
	{"here.test", DNS_ANSWERED, DNS_INSECURE, 1, "here.test", ""},
	{"HERE.test", DNS_ANSWERED, DNS_INSECURE, 1, "HERE.test", ""},
	{"alias.test", DNS_ANSWERED, DNS_INSECURE, 1, "here.test", ""},
	{"noname.test", DNS_NO_NAME, DNS_INSECURE, 0, "noname.test", ""},
	{"nodata.test", DNS_NO_DATA, DNS_INSECURE, 0, "nodata.test", ""},
	{"fails.test", DNS_TRY_AGAIN, DNS_INSECURE, 0, "fails.test", ""},
	{"here.example", DNS_TRY_AGAIN, DNS_BOGUS, 0, "here.example", NULL},
};

/* All side by side. */
static void answers(void)
{
	struct dns_question questions[COUNT(cases)];
	struct airport_numbers numbers;
	struct rig rig;
	const char *why;

	set_up(&rig);
	for (size_t i = 0; i < COUNT(cases); i++)
		questions[i] = (struct dns_question){.name = cases[i].name, .type = DNS_A};
	why = airport_ask(rig.airport, &rig.pool, questions, COUNT(cases), clock_ms() + PATIENCE);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct dns_answer *got = &questions[i].answer;

		is_number(got->class, cases[i].class, cases[i].name);
		is_number(got->security, cases[i].security, cases[i].name);
		is_number((long long)got->count, (long long)cases[i].count, cases[i].name);
		is_text(got->name, cases[i].canonical, cases[i].name);
		if (cases[i].reason)
			is_text(got->reason, cases[i].reason, cases[i].name);
	}
	ok(questions[2].answer.aliased && !questions[1].answer.aliased, "an alias is another name");
	ok(strstr(why, "here.example") != NULL, "why the bogus one is so");
	ok(strstr(buf_text(&heard.lines),
			"warning: DNSSEC validation failed for name=here.example type=A: "),
		"which is warned of");
	buf_clear(&heard.lines);
	airport_ask(rig.airport, &rig.pool, &questions[6], 1, clock_ms() + PATIENCE);
	ok(questions[6].answer.security == DNS_BOGUS && heard.lines.length == 0, "but once");
	numbers = airport_numbers(rig.airport);
	ok(numbers.secure == 0 && numbers.insecure == 5 && numbers.bogus == 2 && numbers.failed == 1
			&& numbers.late == 0,
		"all are counted");
	tear_down(&rig);
}

static void too_late(void)
{
	struct dns_question questions[] = {{.name = "silent.test", .type = DNS_A},
		{.name = "here.test", .type = DNS_A}};
	struct rig rig;

	set_up(&rig);
	is_text(airport_ask(rig.airport, &rig.pool, questions, 2, clock_ms()), "",
		"no time is left");
	ok(questions[0].answer.class == DNS_TRY_AGAIN && questions[1].answer.class == DNS_TRY_AGAIN,
		"so there is no answer");
	is_text(questions[1].answer.reason, "no answer within 7 s", "and why");
	is_number(rig.server.asked, 0, "nobody was asked");
	airport_ask(rig.airport, &rig.pool, questions, 2, clock_ms() + 500);
	is_number(questions[1].answer.class, DNS_ANSWERED, "what comes in time is taken");
	is_text(questions[0].answer.reason, "no answer within 7 s", "what does not is late");
	is_number((long long)airport_numbers(rig.airport).late, 3, "which is counted");
	tear_down(&rig);
}

/* More than are in the air at a time. */
static void many(void)
{
	struct dns_question questions[MANY];
	size_t answered = 0;
	struct rig rig;

	set_up(&rig);
	for (size_t i = 0; i < MANY; i++)
		questions[i] = (struct dns_question){
			.name = pool_format(&rig.pool, "here%zu.test", i), .type = DNS_A};
	airport_ask(rig.airport, &rig.pool, questions, MANY, clock_ms() + PATIENCE);
	for (size_t i = 0; i < MANY; i++)
		answered += questions[i].answer.count == 1;
	is_number((long long)answered, MANY, "all get their answer");
	tear_down(&rig);
}

int main(void)
{
	FILE *file;

	heard_open(&heard);
	close(mkstemp(path));
	file = fopen(path, "we");
	fputs("nameserver 127.0.0.1\n", file);
	fclose(file);
	answers();
	too_late();
	many();
	airport_free(NULL);
	unlink(path);
	buf_close(&heard.lines);
	return done();
}

#include "dns/servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "t/lib/tap.h"
#include "util/clock.h"

/* Time stands still here but when we move it. Nobody listens where the nameservers should be. */
struct rig {
	char path[32];
	struct pump *pump;
	struct servers *servers;
	struct batch batch;
};

static const char *const none[] = {NULL};
static const char *const anchors[] = {
	". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16", NULL};

static void write_file(const struct rig *rig, const char *text)
{
	FILE *file = fopen(rig->path, "we");

	fputs(text, file);
	fclose(file);
}

static void set_up(struct rig *rig)
{
	struct servers_options options = {.resolv_conf = rig->path,
		.port = 9,
		.anchors = anchors,
		.insecure = none};

	snprintf(rig->path, sizeof(rig->path), "/tmp/servers-XXXXXX");
	close(mkstemp(rig->path));
	write_file(rig, "nameserver 127.0.0.1\nnameserver 127.0.0.2\n");
	rig->pump = pump_new();
	rig->servers = servers_new(rig->pump, &options);
	batch_open(&rig->batch, rig->pump);
	clock_freeze(1000000, (struct timeval){.tv_sec = 1000});
	servers_refresh(rig->servers);
}

static void tear_down(struct rig *rig)
{
	clock_thaw();
	batch_close(&rig->batch);
	servers_free(rig->servers);
	pump_free(rig->pump);
	unlink(rig->path);
}

/* Asks and gives up at once: true if there was somebody to ask. */
static bool ask(struct rig *rig, const struct order *order, size_t i)
{
	struct request *request = servers_ask(rig->servers, order, i, "example", 15, &rig->batch);

	request_end(request);
	return request != NULL;
}

static bool is_order(struct rig *rig, size_t first, size_t second)
{
	struct order order = servers_order(rig->servers);

	return order.count == 2 && order.at[0] == first && order.at[1] == second;
}

static void test_avoid(void)
{
	struct rig rig;
	struct order order;

	set_up(&rig);
	order = servers_order(rig.servers);
	ok(is_order(&rig, 0, 1), "in the order written");
	servers_note(rig.servers, &order, 0, false, 0);
	clock_advance(29999);
	servers_outdone(rig.servers, &order, 0);
	ok(is_order(&rig, 0, 1), "failing for less than 30 s");
	clock_advance(1);
	servers_note(rig.servers, &order, 0, false, 0);
	servers_outdone(rig.servers, &order, 1);
	ok(is_order(&rig, 0, 1), "the second is fine");
	servers_outdone(rig.servers, &order, 0);
	ok(is_order(&rig, 1, 0), "the first fails for 30 s, while another answers: it comes last");
	clock_advance(59999);
	ok(is_order(&rig, 1, 0), "for 60 s");
	clock_advance(1);
	ok(is_order(&rig, 0, 1), "then it is tried again");
	servers_outdone(rig.servers, &order, 0);
	ok(is_order(&rig, 1, 0), "and is last again if that is no better");
	servers_note(rig.servers, &order, 0, true, 0);
	ok(is_order(&rig, 0, 1), "an answer makes all good");
	servers_outdone(rig.servers, &order, 0);
	ok(is_order(&rig, 0, 1), "and forgets the past");
	tear_down(&rig);
}

static void test_doubt(void)
{
	struct rig rig;
	struct order order;

	set_up(&rig);
	order = servers_order(rig.servers);
	is_number((long long)servers_contexts(rig.servers), 0, "no context before it is needed");
	ok(ask(&rig, &order, 0) && ask(&rig, &order, 0), "ask");
	is_number((long long)servers_contexts(rig.servers), 1, "one is made, once");
	servers_note(rig.servers, &order, 0, false, 0);
	clock_advance(29999);
	ask(&rig, &order, 0);
	is_number((long long)servers_contexts(rig.servers), 1, "it fails for less than 30 s");
	clock_advance(1);
	ask(&rig, &order, 0);
	is_number((long long)servers_contexts(rig.servers), 2, "for 30 s: a new one");
	ask(&rig, &order, 0);
	is_number((long long)servers_contexts(rig.servers), 2, "which has its time, too");
	clock_advance(30000);
	ask(&rig, &order, 0);
	is_number((long long)servers_contexts(rig.servers), 3, "of 30 s");
	servers_note(rig.servers, &order, 0, true, 0);
	clock_advance(100000);
	ask(&rig, &order, 0);
	is_number((long long)servers_contexts(rig.servers), 3, "a good one stays");
	servers_note(rig.servers, &order, 0, false, CONTEXT_GONE);
	ask(&rig, &order, 0);
	is_number((long long)servers_contexts(rig.servers), 4, "a broken one does not");
	ask(&rig, &order, 1);
	is_number((long long)servers_contexts(rig.servers), 5, "the other has its own");
	tear_down(&rig);
}

static void test_change(void)
{
	struct rig rig;
	struct order order;
	struct pool pool = {0};

	set_up(&rig);
	order = servers_order(rig.servers);
	is_text(servers_text(rig.servers, &pool), "forwarding to 127.0.0.1, 127.0.0.2", "words");
	is_text(servers_first(rig.servers, &pool), "nameserver 127.0.0.1", "words");
	write_file(&rig, "nameserver 127.0.0.3\n# longer than it was before\n");
	clock_advance(999);
	ok(!servers_refresh(rig.servers), "within a second nothing is looked at");
	clock_advance(1);
	ok(servers_refresh(rig.servers), "then it is");
	ok(!servers_refresh(rig.servers), "once");
	ok(!ask(&rig, &order, 0), "who was found before is gone");
	servers_note(rig.servers, &order, 0, false, 0); /* of the past: nothing happens */
	servers_outdone(rig.servers, &order, 1);
	order = servers_order(rig.servers);
	ok(order.count == 1 && ask(&rig, &order, 0), "the new one can be asked");

	servers_recurse(rig.servers, true);
	is_text(servers_text(rig.servers, &pool), "full recursion", "words");
	is_text(servers_first(rig.servers, &pool), "full recursion", "words");
	ok(!ask(&rig, &order, 0), "recursion takes its place");
	order = servers_order(rig.servers);
	ok(order.count == 1 && ask(&rig, &order, 0), "and asks");
	write_file(&rig, "nameserver 127.0.0.4\n");
	clock_advance(1000);
	ok(servers_refresh(rig.servers), "a changed file");
	is_text(servers_text(rig.servers, &pool), "full recursion", "does not end it");
	servers_recurse(rig.servers, false);
	is_text(servers_text(rig.servers, &pool), "forwarding to 127.0.0.4",
		"but is used after it");
	unlink(rig.path);
	clock_advance(1000);
	ok(servers_refresh(rig.servers), "a file that goes away");
	is_text(servers_text(rig.servers, &pool), "forwarding to 127.0.0.1", "as libc says");
	pool_free(&pool);
	tear_down(&rig);
}

int main(void)
{
	test_avoid();
	test_doubt();
	test_change();
	return done();
}

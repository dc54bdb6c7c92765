#include "dns/plain.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "dns/lookup.h"
#include "t/dns/heard.h"
#include "t/lib/tap.h"

/* A server for one datagram at a time: the first line whose name and type fit is its answer. */
static const struct line {
	const char *name; /* wire form without the final zero */
	int type, rcode;
	const char *alias;   /* wire form, or NULL */
	const char *address; /* 4 bytes, or NULL */
} lines[] = {
	{"\4host\4test", DNS_A, 0, NULL, "\300\0\2\1"},
	{"\4host\4test", DNS_AAAA, 0, NULL, NULL},
	{"\5alias\4test", DNS_A, 0, "\4host\4test", NULL},
	{"\4loop\4test", DNS_A, 0, "\4loop\4test", NULL},
	{"\3odd\4test", DNS_A, 0, "\2-x\4test", NULL},
	{"\4fail\4test", DNS_A, 2, NULL, NULL},
	{"\7formerr\4test", DNS_A, 1, NULL, NULL},
	{"\7refused\4test", DNS_A, 5, NULL, NULL},
};

struct server {
	int fd;
	struct sockaddr_in at;
	pthread_t thread;
	unsigned asked; /* by the thread alone, read after it ended */
};

static size_t put(uint8_t *to, const void *data, size_t length)
{
	memcpy(to, data, length);
	return length;
}

static size_t put_record(uint8_t *to, int type, const void *data, size_t length)
{
	size_t used = put(to, "\300\14\0", 3);

	to[used++] = (uint8_t)type;
	used += put(to + used, "\0\1\0\0\0\74\0", 7);
	to[used++] = (uint8_t)length;
	return used + put(to + used, data, length);
}

static const struct line *line_for(const uint8_t *question, size_t length, int type)
{
	for (const struct line *line = lines; line < lines + COUNT(lines); line++)
		if (strlen(line->name) == length && memcmp(line->name, question, length) == 0
			&& line->type == type)
			return line;
	return NULL;
}

/* Turns the query of LENGTH bytes into its reply. */
static size_t reply(uint8_t *packet, size_t length)
{
	size_t name = strlen((char *)packet + 12), used = 12 + name + 5;
	const struct line *line = used <= length
		? line_for(packet + 12, name, packet[12 + name + 2]) : NULL;

	packet[2] |= 0x80;
	packet[3] = (uint8_t)(0x80 | (line ? line->rcode : 3));
	memset(packet + 6, 0, 6);
	if (line && line->alias) {
		packet[7]++;
		used += put_record(packet + used, DNS_CNAME, line->alias, strlen(line->alias) + 1);
	}
	if (line && line->address) {
		packet[7]++;
		used += put_record(packet + used, DNS_A, line->address, 4);
	}
	return used;
}

static void *serve(void *context)
{
	struct server *server = context;
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	uint8_t packet[1024];
	ssize_t length;

	for (;;) {
		length = recvfrom(server->fd, packet, 512, 0, (struct sockaddr *)&from, &size);
		if (length < 17)
			return NULL;
		server->asked++;
		sendto(server->fd, packet, reply(packet, (size_t)length), 0,
			(struct sockaddr *)&from, size);
	}
}

static bool server_start(struct server *server)
{
	socklen_t size = sizeof(server->at);

	server->at = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return bind(server->fd, (struct sockaddr *)&server->at, sizeof(server->at)) == 0
		&& getsockname(server->fd, (struct sockaddr *)&server->at, &size) == 0
		&& pthread_create(&server->thread, NULL, serve, server) == 0;
}

static void server_stop(struct server *server)
{
	sendto(server->fd, "", 0, 0, (struct sockaddr *)&server->at, sizeof(server->at));
	pthread_join(server->thread, NULL);
	close(server->fd);
}

static const struct plain_case {
	const char *name;
	enum dns_type type;
	enum dns_rcode_class class;
	const char *last;
	bool aliased;
	unsigned asked;
} cases[] = {
	{"host.test", DNS_A, DNS_ANSWERED, "host.test", false, 1},
	{"Host.test", DNS_AAAA, DNS_NO_NAME, "Host.test", false, 1}, /* its case is not ours */
	{"host.test", DNS_AAAA, DNS_NO_DATA, "host.test", false, 1},
	{"alias.test", DNS_A, DNS_ANSWERED, "host.test", true, 2},
	{"loop.test", DNS_A, DNS_LOOP, "loop.test", true, 10},
	{"odd.test", DNS_A, DNS_NO_DATA, "-x.test", true, 1},
	{"nosuch.test", DNS_A, DNS_NO_NAME, "nosuch.test", false, 1},
	{"formerr.test", DNS_A, DNS_NO_RECOVERY, "formerr.test", false, 1},
	{"fail.test", DNS_A, DNS_TRY_AGAIN, "fail.test", false, 0},
	{"refused.test", DNS_A, DNS_TRY_AGAIN, "refused.test", false, 0},
};

static void test_case(const struct plain_case *x)
{
	struct server server = {.fd = -1};
	struct addr at = {.length = sizeof(server.at)};
	struct plain_options options = {.server = &at};
	struct resolver resolver = plain_resolver(&options);
	struct dns_answer answer;
	struct pool pool = {0};

	if (!ok(server_start(&server), "a server"))
		return;
	memcpy(&at.sa, &server.at, sizeof(server.at));
	resolver_ask(&resolver, &pool, x->name, x->type, DNS_VALIDATED, &answer);
	server_stop(&server);

	okf(answer.class == x->class, "%s: class %d", x->name, answer.class);
	is_text(answer.name, x->last, "the name asked last");
	ok(answer.aliased == x->aliased, "aliased");
	ok(answer.security == DNS_INSECURE, "never secure");
	if (x->asked)
		is_number(server.asked, x->asked, "questions");
	if (x->class == DNS_ANSWERED)
		ok(answer.count == 1 && answer.records[0].length == 4
			&& memcmp(answer.records[0].data, "\300\0\2\1", 4) == 0, "the address");
	pool_free(&pool);
}

static void *ask_often(void *context)
{
	for (int i = 0; i < 50; i++) {
		struct pool pool = {0};
		struct dns_answer answer;

		resolver_ask(context, &pool, i % 2 ? "alias.test" : "host.test", DNS_A, DNS_PLAIN,
			&answer);
		if (answer.count != 1)
			context = NULL;
		pool_free(&pool);
		if (context == NULL)
			return NULL;
	}
	return context;
}

static void test_threads(void)
{
	struct server server = {.fd = -1};
	struct addr at = {.length = sizeof(server.at)};
	struct plain_options options = {.server = &at};
	struct resolver resolver = plain_resolver(&options);
	pthread_t threads[8];
	void *result;
	int good = 0;

	if (!ok(server_start(&server), "a server"))
		return;
	memcpy(&at.sa, &server.at, sizeof(server.at));
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, ask_often, &resolver);
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], &result);
		good += result != NULL;
	}
	server_stop(&server);
	is_number(good, COUNT(threads), "threads ask at once");
	is_number(server.asked, 8 * (25 + 50), "each for itself");
}

/* What the whole of it makes of an alias to what is no host name. */
static void test_lookup(struct heard *heard)
{
	static const int families[] = {AF_INET};
	struct server server = {.fd = -1};
	struct addr at = {.length = sizeof(server.at)};
	struct plain_options options = {.server = &at};
	struct resolver resolver = plain_resolver(&options);
	struct lookup_options lookup = {.idna = false};
	struct lookup_addrs addrs;
	struct pool pool = {0};

	if (!ok(server_start(&server), "a server"))
		return;
	memcpy(&at.sa, &server.at, sizeof(server.at));
	lookup_host(&resolver, &pool, &lookup, "odd.test", families, 1, DNS_PLAIN, &addrs);
	is_text(addrs.text, "Name service error for name=odd.test type=A: "
		"Malformed or unexpected name server reply", "an alias to no host name");
	is_text(buf_text(&heard->lines), "warning: valid_hostname: misplaced hyphen: -x.test\n"
		"warning: malformed domain name in resource data of CNAME record for odd.test: "
		"-x.test\n", "and its warnings");
	lookup_host(&resolver, &pool, &lookup, "loop.test", families, 1, DNS_PLAIN, &addrs);
	is_text(addrs.text, "Name server loop for loop.test", "a loop");
	server_stop(&server);
	pool_free(&pool);
}

static void test_native(void)
{
	struct pool pool = {0};
	struct addr *addrs;
	const char *why = "";
	size_t count = 0;
	char text[ADDR_TEXT];

	ok(native_lookup(&pool, "127.0.0.1", &addrs, &count, &why) == NATIVE_OK, "native lookup");
	ok(count == 1 && strcmp(addr_text(&addrs[0], text), "127.0.0.1") == 0, "its address");
	count = 7;
	ok(native_lookup(&pool, "a..b", &addrs, &count, &why) != NATIVE_OK, "of no name");
	ok(*why != '\0' && count == 7, "says why");
	pool_free(&pool);
}

int main(void)
{
	struct heard heard = {.lines = BUF(0)};

	heard_open(&heard);
	for (const struct plain_case *x = cases; x < cases + COUNT(cases); x++)
		test_case(x);
	test_threads();
	test_lookup(&heard);
	test_native();
	buf_close(&heard.lines);
	return done();
}

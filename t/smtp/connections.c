#include "config.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "smtp/connections.h"
#include "smtp/deliver.h"
#include "t/lib/heard.h"
#include "t/lib/mailing.h"
#include "t/lib/tap.h"
#include "util/clock.h"
#include "util/net.h"

static struct mailing mail;

/* --- the key: who may have which connection --- */

/* All that a delivery asks for a connection by. */
struct offer {
	struct request request;
	struct delivery d;
	struct destination to;
	struct server server;
	struct tls_policy policy;
	struct tls_name name;
	struct tls_tlsa tlsa;
	const char *fingerprint, *anchors;
};

static void offer_in(struct pool *pool, struct offer *o, enum tls_level level)
{
	struct tls_expect *expect = &o->policy.expect;

	*o = (struct offer){.request = {.pool = pool, .sender = "from@client.example", .nexthop = "x.test"},
		.to = {.text = "x.test", .host = "x.test"}, .name = {.name = "mx.test", .rule = "nexthop"},
		.tlsa = {3, 1, 1, (const uint8_t *)"digest", 6}, .fingerprint = "00:11",
		.anchors = "anchors.pem", .policy = {.reuse = true}};
	delivery_begin(&o->d, &o->request, NULL);
	o->d.destinations = &o->to;
	o->server = (struct server){.destination = &o->to, .host = "mx.test", .address = "192.0.2.1",
		.namaddr = "mx.test[192.0.2.1]", .namaddrport = "mx.test[192.0.2.1]:25"};
	addr_parse(&o->server.addr, "192.0.2.1", 25);
	*expect = (struct tls_expect){.level = level, .protocols = ">=TLSv1", .grade = "medium",
		.exclude = "", .sni = "", .names = &o->name, .name_count = 1, .tlsa = &o->tlsa,
		.tlsa_count = 1, .fingerprints = &o->fingerprint, .fingerprint_count = 1,
		.anchor_files = &o->anchors, .anchor_file_count = 1, .why_not = ""};
}

static void offer(struct offer *o, enum tls_level level)
{
	offer_in(&mail.pool, o, level);
}

/* A connection that was opened for O, whose server is the other end: in *SERVER. */
static struct connection *connection_for(struct offer *o, int *server)
{
	struct connection *conn;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		abort();
	conn = connection_new(&mail.test.agent, &o->server, &o->policy, ends[0]);
	conn->ready = true;
	*server = ends[1];
	return conn;
}

static size_t kept(void)
{
	return connections_count(mail.test.agent.connections);
}

/* Would WANTED get what was kept for GIVEN? Whoever finds a connection also sees that it is closed. */
static bool fits(struct offer *given, struct offer *wanted)
{
	bool taken;
	int server;

	connections_keep(&mail.test.agent, &given->d, connection_for(given, &server));
	close(server);
	ok(connections_take(&mail.test.agent, &wanted->d, &wanted->server, &wanted->policy) == NULL,
		"a closed connection is not used");
	taken = kept() == 0;
	connections_take(&mail.test.agent, &given->d, &given->server, &given->policy);
	return taken;
}

#define CHANGE(name, statement) \
	static void name(struct offer *o) \
	{ \
		statement; \
	}

CHANGE(nothing, (void)o)
CHANGE(sender, o->request.sender = "other@client.example")
CHANGE(next_hop, o->to.text = "y.test")
CHANGE(host, o->server.host = "mx2.test")
CHANGE(address, o->server.address = "192.0.2.2")
CHANGE(port, addr_parse(&o->server.addr, "192.0.2.1", 26))
CHANGE(utf8, o->request.sendopts = SENDOPT_SMTPUTF8 | SENDOPT_UTF8_RCPT)
CHANGE(utf8_unneeded, o->request.sendopts = SENDOPT_SMTPUTF8)
CHANGE(requiretls, o->policy.requiretls = REQUIRETLS_ENFORCE)
CHANGE(weaker, o->policy.expect.level = TLS_LEVEL_MAY)
CHANGE(stronger, o->policy.expect.level = TLS_LEVEL_DANE_ONLY)
CHANGE(protocols, o->policy.expect.protocols = ">=TLSv1.2")
CHANGE(grade, o->policy.expect.grade = "high")
CHANGE(exclude, o->policy.expect.exclude = "AES")
CHANGE(sni, o->policy.expect.sni = "mx.test")
CHANGE(raw_keys, o->policy.expect.raw_keys = true)
CHANGE(policy_failure, o->policy.expect.policy_failure = "sts-webpki-invalid")
CHANGE(name, o->name.name = "mx2.test")
CHANGE(no_name, o->policy.expect.name_count = 0)
CHANGE(fingerprint, o->fingerprint = "00:12")
CHANGE(no_fingerprint, o->policy.expect.fingerprint_count = 0)
CHANGE(anchors, o->anchors = "other.pem")
CHANGE(no_anchors, o->policy.expect.anchor_file_count = 0)
CHANGE(tlsa_usage, o->tlsa.usage = 2)
CHANGE(tlsa_selector, o->tlsa.selector = 0)
CHANGE(tlsa_matching, o->tlsa.matching = 2)
CHANGE(tlsa_data, o->tlsa.data = (const uint8_t *)"Digest")
CHANGE(tlsa_length, o->tlsa.length = 5)
CHANGE(no_tlsa, o->policy.expect.tlsa_count = 0)
CHANGE(where_found, o->name.rule = "match")
CHANGE(shifted, (o->policy.expect.protocols = ">=TLSv1m", o->policy.expect.grade = "edium"))

#define PASSWORDS "smtp_sasl_auth_enable=yes; smtp_sasl_password_maps=inline:{mx.test=me:secret}"

static const struct change {
	const char *name, *settings;
	enum tls_level level;
	void (*change)(struct offer *o);
	bool fits;
} changes[] = {
	{"the same", NULL, TLS_LEVEL_SECURE, nothing, true},
	{"another server name", NULL, TLS_LEVEL_NONE, host, true},
	{"another server name, with passwords", PASSWORDS, TLS_LEVEL_NONE, host, false},
	{"another server name, encrypted", NULL, TLS_LEVEL_ENCRYPT, host, false},
	{"another server name, perhaps encrypted", NULL, TLS_LEVEL_MAY, host, false},
	{"another address", NULL, TLS_LEVEL_NONE, address, false},
	{"another port", NULL, TLS_LEVEL_NONE, port, false},
	{"another next hop", NULL, TLS_LEVEL_NONE, next_hop, true},
	{"another next hop, encrypted", NULL, TLS_LEVEL_ENCRYPT, next_hop, true},
	{"another next hop, verified", NULL, TLS_LEVEL_VERIFY, next_hop, false},
	{"another next hop, by DANE", NULL, TLS_LEVEL_DANE, next_hop, false},
	{"another next hop, with passwords", PASSWORDS, TLS_LEVEL_NONE, next_hop, false},
	{"another sender", NULL, TLS_LEVEL_NONE, sender, true},
	{"another sender, with passwords", PASSWORDS, TLS_LEVEL_NONE, sender, true},
	{"another sender, with passwords of senders",
		PASSWORDS "; smtp_sender_dependent_authentication=yes", TLS_LEVEL_NONE, sender, false},
	{"SMTPUTF8 is needed", NULL, TLS_LEVEL_NONE, utf8, false},
	{"SMTPUTF8 is not needed", NULL, TLS_LEVEL_NONE, utf8_unneeded, true},
	{"REQUIRETLS", NULL, TLS_LEVEL_ENCRYPT, requiretls, false},
	{"a weaker level", NULL, TLS_LEVEL_SECURE, weaker, false},
	{"a stronger level", NULL, TLS_LEVEL_DANE, stronger, false},
	{"other protocols", NULL, TLS_LEVEL_MAY, protocols, false},
	{"another grade", NULL, TLS_LEVEL_MAY, grade, false},
	{"other exclusions", NULL, TLS_LEVEL_MAY, exclude, false},
	{"another name to ask for", NULL, TLS_LEVEL_MAY, sni, false},
	{"raw keys", NULL, TLS_LEVEL_MAY, raw_keys, false},
	{"a policy that fails", NULL, TLS_LEVEL_SECURE, policy_failure, false},
	{"another name to match", NULL, TLS_LEVEL_SECURE, name, false},
	{"no name to match", NULL, TLS_LEVEL_SECURE, no_name, false},
	{"the same name by another rule", NULL, TLS_LEVEL_SECURE, where_found, true},
	{"another fingerprint", NULL, TLS_LEVEL_FINGERPRINT, fingerprint, false},
	{"no fingerprint", NULL, TLS_LEVEL_FINGERPRINT, no_fingerprint, false},
	{"other anchors", NULL, TLS_LEVEL_SECURE, anchors, false},
	{"no anchors", NULL, TLS_LEVEL_SECURE, no_anchors, false},
	{"another usage", NULL, TLS_LEVEL_DANE, tlsa_usage, false},
	{"another selector", NULL, TLS_LEVEL_DANE, tlsa_selector, false},
	{"another digest", NULL, TLS_LEVEL_DANE, tlsa_matching, false},
	{"other TLSA data", NULL, TLS_LEVEL_DANE, tlsa_data, false},
	{"shorter TLSA data", NULL, TLS_LEVEL_DANE, tlsa_length, false},
	{"no TLSA record", NULL, TLS_LEVEL_DANE, no_tlsa, false},
	{"what TLS would be is nothing without it", NULL, TLS_LEVEL_NONE, protocols, true},
	{"no value runs into the next", NULL, TLS_LEVEL_MAY, shifted, false},
};

static void test_key(void)
{
	for (const struct change *x = changes; x < changes + COUNT(changes); x++) {
		struct offer given, wanted;

		mailing_reopen(&mail, false, 0, x->settings);
		offer(&given, x->level);
		offer(&wanted, x->level);
		x->change(&wanted);
		ok(fits(&given, &wanted) == x->fits, x->name);
		ok(fits(&wanted, &given) == x->fits, x->name);
		is_number((long long)kept(), 0, x->name);
	}
}

/* --- while it waits --- */

static struct connection *take(struct offer *o)
{
	return connections_take(&mail.test.agent, &o->d, &o->server, &o->policy);
}

/* A kept connection whose server does SAYS, or closes. What it hears from us is nothing. */
static void disturb(const char *name, const char *says)
{
	struct offer o;
	char heard_it[100];
	int server;

	offer(&o, TLS_LEVEL_NONE);
	connections_keep(&mail.test.agent, &o.d, connection_for(&o, &server));
	is_number((long long)kept(), 1, name);
	if (says && send(server, says, strlen(says), 0) < 0)
		abort();
	if (says == NULL)
		shutdown(server, SHUT_WR);
	ok(take(&o) == NULL, name);
	is_number((long long)kept(), 0, name);
	ok(recv(server, heard_it, sizeof heard_it, 0) <= 0, name);
	close(server);
}

static void test_disturbed(void)
{
	mailing_reopen(&mail, false, 0, NULL);
	disturb("the server hung up", NULL);
	disturb("421", "421 4.4.2 idle for too long\r\n");
	disturb("something kind", "250 2.0.0 ok\r\n");
	disturb("half a line", "2");
	is_text(heard(), "", "not a word of it");
}

/* What can be kept, and what can't. */
static void test_may_keep(void)
{
	struct connection *conn;
	struct offer o;
	int server;

	mailing_reopen(&mail, false, 0, "smtp_connection_reuse_count_limit=2");
	offer(&o, TLS_LEVEL_MAY);
	conn = connection_for(&o, &server);
#define MAY_KEEP(wanted, name) ok(connections_may_keep(&mail.test.agent, conn) == (wanted), name)
#define NOT_IF(field) \
	conn->field = true; \
	MAY_KEEP(false, #field); \
	conn->field = false;
	MAY_KEEP(true, "a good one");
	NOT_IF(broken)
	NOT_IF(bad)
	NOT_IF(quit_said)
	NOT_IF(chat.protocol_error)
	NOT_IF(chat.local_error)
	conn->in_tls = true;
	MAY_KEEP(true, "TLS where it is wanted");
	o.policy.reuse = false;
	MAY_KEEP(false, "TLS where it is not");
	conn->in_tls = false;
	MAY_KEEP(true, "plaintext in any case");
	conn->ready = false;
	MAY_KEEP(false, "one that is not ready");
	conn->ready = true;
	conn->uses = 1;
	MAY_KEEP(true, "used once again");
	conn->uses = 2;
	MAY_KEEP(false, "used twice again");
	conn->uses = 0;
	clock_advance(299999);
	MAY_KEEP(true, "just young enough");
	clock_advance(1);
	MAY_KEEP(false, "too old");
	connection_drop(conn);
	close(server);
}

/* How long, and that many of one kind are kept. */
static void test_time(void)
{
	struct offer o;
	int servers[3];

	mailing_reopen(&mail, false, 0, "smtp_connection_cache_time_limit=5; connection_cache_ttl_limit=3");
	offer(&o, TLS_LEVEL_NONE);
	for (size_t i = 0; i < COUNT(servers); i++)
		connections_keep(&mail.test.agent, &o.d, connection_for(&o, &servers[i]));
	is_number((long long)kept(), 3, "three of one kind");
	is_text(connections_last(&mail.test.agent, &o.d), "mx.test[192.0.2.1]:25", "it is known where");
	clock_advance(3000);
	ok(take(&o) == NULL, "none after the shorter limit");
	is_number((long long)kept(), 0, "all are gone");
	is_text(connections_last(&mail.test.agent, &o.d), NULL, "and nobody knows where");
	for (size_t i = 0; i < COUNT(servers); i++)
		close(servers[i]);
}

/* Closed without anybody asking for it, and without a word. Takes a second, of real time. */
static void test_reaper(void)
{
	struct offer o;
	char heard_it[100];
	int server;

	mailing_reopen(&mail, false, 0, "smtp_connection_cache_time_limit=1");
	clock_thaw();
	offer(&o, TLS_LEVEL_NONE);
	connections_keep(&mail.test.agent, &o.d, connection_for(&o, &server));
	is_number(recv(server, heard_it, sizeof heard_it, 0), 0, "closed when the time is over");
	close(server);
}

/* --- many at once --- */

enum { CROWD = 8, ROUNDS = 100 };

/* Keeps and takes what all others keep and take, while the reaper takes it from them. */
static void *take_part(void *context UNUSED)
{
	struct pool pool = {0};
	struct offer o;
	int server;

	offer_in(&pool, &o, TLS_LEVEL_NONE);
	for (int i = 0; i < ROUNDS; i++) {
		connections_keep(&mail.test.agent, &o.d, connection_for(&o, &server));
		close(server);
		connections_last(&mail.test.agent, &o.d);
		if (take(&o))
			abort(); /* nobody is there */
	}
	pool_free(&pool);
	return NULL;
}

static void test_crowd(void)
{
	pthread_t threads[CROWD];

	mailing_reopen(&mail, false, 0, NULL);
	clock_thaw();
	for (int i = 0; i < CROWD; i++)
		if (pthread_create(&threads[i], NULL, take_part, NULL) != 0)
			abort();
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	is_number((long long)kept(), 0, "a crowd leaves nothing");
}

/* --- who asks for it --- */

#define BOTH (REQUEST_CONN_LOAD | REQUEST_CONN_STORE)

static const struct wish {
	const char *name, *settings, *host;
	const char *path;
	int flags;
	int wanted;
} wishes[] = {
	{"nobody", NULL, "x.test", NULL, 0, 0},
	{"the queue manager", NULL, "x.test", NULL, REQUEST_CONN_LOAD, REQUEST_CONN_LOAD},
	{"the queue manager, to store", NULL, "x.test", NULL, REQUEST_CONN_STORE, REQUEST_CONN_STORE},
	{"the queue manager in vain", "smtp_connection_cache_on_demand=no", "x.test", NULL,
		REQUEST_CONN_LOAD | REQUEST_CONN_STORE, 0},
	{"the list", "smtp_connection_cache_destinations=y.test x.test", "x.test", NULL, 0, BOTH},
	{"the list, on demand or not",
		"smtp_connection_cache_on_demand=no; smtp_connection_cache_destinations=x.test", "x.test",
		NULL, 0, BOTH},
	{"the list names another", "smtp_connection_cache_destinations=y.test", "x.test", NULL, 0, 0},
	{"the list has a socket", "smtp_connection_cache_destinations=private/lmtp", "client.example",
		"private/lmtp", 0, BOTH},
	{"a socket is known by its path", "smtp_connection_cache_destinations=client.example",
		"client.example", "private/lmtp", 0, 0},
};

static void test_wanted(void)
{
	for (const struct wish *x = wishes; x < wishes + COUNT(wishes); x++) {
		struct offer o;

		mailing_reopen(&mail, false, 0, x->settings);
		offer(&o, TLS_LEVEL_NONE);
		o.to.host = x->host;
		o.to.path = x->path;
		o.request.flags = x->flags;
		is_number(connections_wanted(&mail.test.agent, &o.d), x->wanted, x->name);
	}
}

/* --- mail after mail --- */

#define NEXT "--\n"
#define HI "220 mx\n>EHLO client.example\n250 mx\n"
#define MESSAGE(who) ">MAIL FROM:<from@client.example>\n250 ok\n>RCPT TO:<" who "@x.test>\n250 ok\n" \
	">DATA\n354 go\n>>.\n250 2.0.0 taken\n"
#define RSET ">RSET\n250 ok\n"
#define QUIT ">QUIT\n221 bye\n"
#define A "[127.0.0.1]:%u"

/* Letters are recipients, one message each; what is not a letter is what happens in between. */
struct series {
	const char *name, *settings, *messages, *script;
	const char *nexthop;
	const char *log; /* per message "a1 s1 1": fate and conn_use */
};

static void send_one(const struct series *x, char who, const char *nexthop)
{
	char rcpt[] = "?@x.test";

	rcpt[0] = who;
	mailing_again(&mail, nexthop, rcpt);
	mail.request->flags |= REQUEST_CONN_LOAD | REQUEST_CONN_STORE;
	if (strstr(x->settings ? x->settings : "", "on_demand=no"))
		mail.request->flags &= ~(REQUEST_CONN_LOAD | REQUEST_CONN_STORE);
	deliver(&mail.test.agent, &mail.d);
}

/* "a sent 1", "b sent 2": who, what became of it, the number on its connection. */
static void summarize(struct buf *to, char who, const char *log)
{
	const char *use = strstr(log, "conn_use="), *status = strstr(log, "status=");

	buf_addf(to, "%s%c %.*s %d", to->length ? ", " : "", who,
		status ? (int)strcspn(status + 7, " ") : 0, status ? status + 7 : "",
		use ? atoi(use + 9) : 1);
}

static void run_series(const struct series *x)
{
	struct buf summary = BUF(0);
	const char *heard_it;
	char settings[256];

	snprintf(settings, sizeof settings, "smtp_skip_quit_response=no; %s", x->settings ? x->settings : "");
	mailing_reopen(&mail, false, 0, settings);
	mailing_begin(&mail, x->script, A, "nobody@x.test");
	for (const char *at = x->messages; *at; at++) {
		if (*at == '+') {
			clock_advance(1000);
			continue;
		}
		send_one(x, *at, x->nexthop ? x->nexthop : A);
		summarize(&summary, *at, mailing_log(&mail));
	}
	heard_it = mailing_heard(&mail);
	is_text(buf_text(&summary), x->log, x->name);
	if (!ok(strchr(heard_it, '{') == NULL, x->name))
		printf("# heard: %s\n", heard_it);
	buf_close(&summary);
}

#define TLS_HI "220 mx\n>EHLO client.example\n250-mx\n250 STARTTLS\n>STARTTLS\n220 go\n!tls\n" \
	">EHLO client.example\n250 mx\n"
#define TLS_REUSE "smtp_tls_security_level=encrypt; smtp_tls_loglevel=1; smtp_tls_connection_reuse=yes"

static const struct series all_series[] = {
	{"one after the other", NULL, "abc", HI MESSAGE("a") RSET MESSAGE("b") RSET MESSAGE("c"), NULL,
		"a sent 1, b sent 2, c sent 3"},
	{"nobody wants it", "smtp_connection_cache_on_demand=no", "ab",
		HI MESSAGE("a") QUIT NEXT HI MESSAGE("b") QUIT, NULL, "a sent 1, b sent 1"},
	{"one use more", "smtp_connection_reuse_count_limit=1", "abc",
		HI MESSAGE("a") RSET MESSAGE("b") QUIT NEXT HI MESSAGE("c"), NULL,
		"a sent 1, b sent 2, c sent 1"},
	{"it waited too long", NULL, "a++b", HI MESSAGE("a") NEXT HI MESSAGE("b"), NULL,
		"a sent 1, b sent 1"},
	{"it lives too long", "smtp_connection_reuse_time_limit=3s", "a+b+c+d",
		HI MESSAGE("a") RSET MESSAGE("b") RSET MESSAGE("c") NEXT HI MESSAGE("d"), NULL,
		"a sent 1, b sent 2, c sent 3, d sent 1"},
	{"RSET is refused", NULL, "ab", HI MESSAGE("a") ">RSET\n502 what?\n" NEXT HI MESSAGE("b"), NULL,
		"a sent 1, b sent 1"},
	{"RSET gets 421", NULL, "ab", HI MESSAGE("a") ">RSET\n421 4.4.2 bye\n!close\n" NEXT HI MESSAGE("b"),
		NULL, "a sent 1, b sent 1"},
	{"RSET gets no answer", NULL, "ab", HI MESSAGE("a") ">RSET\n!close\n" NEXT HI MESSAGE("b"), NULL,
		"a sent 1, b sent 1"},
	{"RSET gets two answers", NULL, "ab", HI MESSAGE("a") ">RSET\n250 ok\n250 ok\n" NEXT HI MESSAGE("b"),
		NULL, "a sent 1, b sent 1"},
	{"the server says more than it was asked", NULL, "ab",
		HI ">MAIL*\n250 ok\n>RCPT*\n250 ok\n>DATA\n354 go\n>>.\n250 2.0.0 taken\n421 4.4.2 idle\n"
		NEXT HI MESSAGE("b"), NULL, "a sent 1, b sent 1"},
	{"after a refused recipient", NULL, "ab",
		HI ">MAIL*\n250 ok\n>RCPT*\n550 5.1.1 who?\n" RSET RSET MESSAGE("b"), NULL,
		"a bounced 1, b sent 2"},
	{"after a protocol error", NULL, "ab", HI ">MAIL*\n250 ok\n>RCPT*\n503 5.5.1 what?\n" RSET QUIT
		NEXT HI MESSAGE("b"), NULL, "a bounced 1, b sent 1"},
	{"a kept connection is lost: its server is not tried again", NULL, "ab",
		HI MESSAGE("a") RSET ">MAIL*\n!close\n", NULL, "a sent 1, b deferred 2"},
	{"a kept connection is lost: another server", NULL, "ab",
		HI MESSAGE("a") RSET ">MAIL*\n!close\n" NEXT HI MESSAGE("b"), A ", [127.0.0.1]:%u",
		"a sent 1, b sent 1"},
	{"TLS is not kept", "smtp_tls_security_level=encrypt", "ab",
		TLS_HI MESSAGE("a") QUIT NEXT TLS_HI MESSAGE("b") QUIT, NULL, "a sent 1, b sent 1"},
	{"TLS is kept", TLS_REUSE, "ab", TLS_HI MESSAGE("a") RSET MESSAGE("b"), NULL, "a sent 1, b sent 2"},
};

/* The size limit is not remembered, as in Postfix; nor is what one message's servers said. */
static void test_size(void)
{
	mailing_reopen(&mail, false, 0, NULL);
	mailing_begin(&mail, "220 mx\n>EHLO client.example\n250-mx\n250 SIZE 100000\n"
		">MAIL FROM:<from@client.example> SIZE=*\n250 ok\n>RCPT*\n250 ok\n>DATA\n354 go\n>>.\n"
		"250 ok\n" RSET ">MAIL FROM:<from@client.example> SIZE=*\n552 5.3.4 too much\n" RSET,
		A, "a@x.test");
	mail.request->flags |= REQUEST_CONN_STORE;
	deliver(&mail.test.agent, &mail.d);
	mailing_again(&mail, A, "b@x.test");
	mail.request->flags |= REQUEST_CONN_LOAD | REQUEST_CONN_STORE;
	mail.request->data_size = 200000;
	deliver(&mail.test.agent, &mail.d);
	ok(strchr(mailing_heard(&mail), '{') == NULL, "the server says what is too large");
	is_text(mailing_fates(&mail), "B", "the server says what is too large");
}

/* A wrong policy is warned about once, though a kept connection is looked for, too. */
static void test_wrong_policy(void)
{
	struct offer o;
	int server;

	mailing_reopen(&mail, false, 0, "smtp_tls_security_level=fingerprint");
	offer(&o, TLS_LEVEL_NONE);
	connections_keep(&mail.test.agent, &o.d, connection_for(&o, &server));
	mailing_again(&mail, "[127.0.0.9]:1", "a@x.test");
	mail.request->flags |= REQUEST_CONN_LOAD;
	deliver(&mail.test.agent, &mail.d);
	is_text(mailing_log(&mail), "warning: nexthop domain [127.0.0.9]:1: configured at fingerprint security"
		" level, but with no fingerprints to match.|warning: TLS policy lookup for [127.0.0.9]:1/"
		"127.0.0.9: client TLS configuration problem|ID: to=<a@x.test>, relay=none, dsn=4.7.5,"
		" status=deferred (client TLS configuration problem: level fingerprint without a fingerprint"
		" to match)", "a wrong policy is warned about once");
	close(server);
}

/* One server by two names: it is the same, and what it says is told under the name in question. */
static void test_other_name(void)
{
	static const struct fake_record records[] = {
		{"a.test", DNS_A, DNS_INSECURE, DNS_ANSWERED, "127.0.0.1", 0},
		{"b.test", DNS_A, DNS_INSECURE, DNS_ANSWERED, "127.0.0.1", 0},
	};

	mailing_reopen(&mail, false, 0, NULL);
	test_agent_resolver(&mail.test, fake_resolver(records, COUNT(records)));
	mailing_begin(&mail, HI MESSAGE("a") RSET ">MAIL*\n250 ok\n>RCPT*\n550 5.1.1 who?\n" RSET,
		"[a.test]:%u", "a@x.test");
	mail.request->flags |= REQUEST_CONN_STORE;
	deliver(&mail.test.agent, &mail.d);
	mailing_log(&mail);
	mailing_again(&mail, "[b.test]:%u", "b@x.test");
	mail.request->flags |= REQUEST_CONN_LOAD | REQUEST_CONN_STORE;
	deliver(&mail.test.agent, &mail.d);
	is_text(mailing_log(&mail), "ID: to=<b@x.test>, relay=b.test[127.0.0.1]:PORT, conn_use=2, dsn=5.1.1,"
		" status=bounced (host b.test[127.0.0.1] said: 550 5.1.1 who? (in reply to RCPT TO command))",
		"one server by two names");
	ok(strchr(mailing_heard(&mail), '{') == NULL, "one server by two names");
}

/* LMTP by way of a socket: kept, and found again. */
static void test_socket(void)
{
	mailing_reopen(&mail, true, 0, "lmtp_skip_quit_response=yes");
	mail.mx = fake_mx("lmtp", "220 mx\n>LHLO client.example\n250 mx\n" MESSAGE("a") RSET MESSAGE("b"));
	mailing_again(&mail, "unix:lmtp", "a@x.test");
	mail.request->flags |= REQUEST_CONN_STORE;
	deliver(&mail.test.agent, &mail.d);
	is_text(mailing_fates(&mail), "S", "by way of a socket");
	mailing_again(&mail, "unix:lmtp", "b@x.test");
	mail.request->flags |= REQUEST_CONN_LOAD;
	deliver(&mail.test.agent, &mail.d);
	ok(strstr(mailing_log(&mail), "conn_use=2") != NULL, "and again");
	ok(strchr(mailing_heard(&mail), '{') == NULL, "over one connection");
}

int main(void)
{
	mailing_open(&mail, false, 0, NULL);
	test_key();
	test_disturbed();
	test_may_keep();
	test_time();
	test_reaper();
	test_crowd();
	test_wanted();
	for (const struct series *x = all_series; x < all_series + COUNT(all_series); x++)
		run_series(x);
	test_size();
	test_wrong_policy();
	test_other_name();
	test_socket();
	mailing_close(&mail);
	return done();
}

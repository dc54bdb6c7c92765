#include "config.h"
#include <stdio.h>
#include <string.h>
#include "smtp/deliver.h"
#include "t/lib/heard.h"
#include "t/lib/mailing.h"
#include "t/lib/tap.h"
#include "util/buf.h"
#include "util/clock.h"
#include "util/log.h"

static struct mailing mail;

/* Servers that are all the same fake one, in the order of its script; .9 is where nobody listens. */
static const struct fake_record records[] = {
	{"*", DNS_A, DNS_INSECURE, DNS_ANSWERED, "", 0},
	{"two.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "10 a.test", 0},
	{"two.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "20 b.test", 0},
	{"three.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "30 c.test", 0},
	{"three.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "10 a.test", 0},
	{"three.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "20 b.test", 0},
	{"half.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "10 dead.test", 0},
	{"half.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "20 b.test", 0},
	{"half.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "30 c.test", 0},
	{"loop.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "10 a.test", 0},
	{"loop.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "20 b.test", 0},
	{"backup.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "10 nowhere.test", 0},
	{"backup.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "20 a.test", 0},
	{"backup.test", DNS_MX, DNS_INSECURE, DNS_ANSWERED, "30 nowhere.test", 0},
	{"a.test", DNS_A, DNS_INSECURE, DNS_ANSWERED, "127.0.0.1", 0},
	{"b.test", DNS_A, DNS_INSECURE, DNS_ANSWERED, "127.0.0.1", 0},
	{"c.test", DNS_A, DNS_INSECURE, DNS_ANSWERED, "127.0.0.1", 0},
	{"dead.test", DNS_A, DNS_INSECURE, DNS_ANSWERED, "127.0.0.9", 0},
	{"nowhere.test", DNS_A, DNS_INSECURE, DNS_ANSWERED, "255.255.255.255", 0},
};

struct journey {
	const char *name, *settings;
	int waited;           /* seconds that the message is old */
	const char *nexthop, *rcpts; /* NULL: a and b */
	const char *script;   /* all its connections are made, and nothing else is said */
	const char *fates, *log;
};

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
		count++;
	return count;
}

/* What was recorded is what was logged is what was crossed off, once for each recipient. */
static bool settled_once(const char *log, const char *told)
{
	const char *marks = fake_postfix_marks(mail.request);

	for (size_t i = 0; i < mail.d.rcpt_count; i++) {
		const struct rcpt *rcpt = &mail.d.rcpts[i];
		const char *address = rcpt->request->address;
		size_t bounces = count_of(told, pool_format(&mail.pool, "bounce %s ", address));
		size_t defers = count_of(told, pool_format(&mail.pool, "defer %s ", address));

		if (count_of(log, pool_format(&mail.pool, "to=<%s>, ", address)) != 1
			|| bounces != (rcpt->fate == RCPT_BOUNCED) || defers != (rcpt->fate == RCPT_DEFERRED)
			|| marks[i] != (rcpt->fate == RCPT_DEFERRED ? 'R' : 'D')
			|| rcpt->fate == RCPT_OPEN || rcpt->fate == RCPT_NEXT)
			return false;
	}
	return mail.d.deferred == (strchr(mailing_fates(&mail), 'D') != NULL);
}

static bool lmtp; /* journeys are by LMTP */

static void begin(const char *settings, int waited, const char *script, const char *nexthop,
	const char *rcpts)
{
	char all[256];

	snprintf(all, sizeof all, "smtp_randomize_addresses=no; smtp_skip_quit_response=no; %s",
		settings ? settings : "");
	mailing_reopen(&mail, lmtp, 0, all);
	test_agent_resolver(&mail.test, fake_resolver(records, COUNT(records)));
	mailing_begin(&mail, script, nexthop, rcpts ? rcpts : "a@x.test b@x.test");
	mail.request->arrived.tv_sec -= waited;
	if (strcmp(mail.test.config.fallback_relay, "SERVER") == 0)
		mail.test.config.fallback_relay =
			pool_format(&mail.pool, "[127.0.0.1]:%u", mail.port);
}

static void travel(const struct journey *x)
{
	const char *heard_it, *log, *told;

	begin(x->settings, x->waited, x->script, x->nexthop, x->rcpts);
	deliver(&mail.test.agent, &mail.d);
	heard_it = mailing_heard(&mail);
	log = mailing_log(&mail);
	told = mailing_told(&mail);
	is_text(mailing_fates(&mail), x->fates, x->name);
	is_text(log, x->log, x->name);
	if (!ok(strchr(heard_it, '{') == NULL, x->name))
		printf("# heard: %s\n", heard_it);
	is_number((long long)(*heard_it ? count_of(heard_it, " || ") + 1 : 0),
		(long long)(*x->script ? count_of(x->script, "--\n") + 1 : 0), x->name);
	if (!ok(settled_once(log, told), x->name))
		printf("# told: %s\n", told);
}

static void travel_all(const struct journey *journeys, size_t count)
{
	for (const struct journey *x = journeys; x < journeys + count; x++)
		travel(x);
}

#define TRAVEL(journeys) travel_all(journeys, COUNT(journeys))

#define NEXT "--\n"
#define HELLO ">EHLO client.example\n250 mx\n"
#define HI "220 mx\n" HELLO
#define QUIT ">QUIT\n221 bye\n"
#define MAIL ">MAIL FROM:<from@client.example>\n"
#define A ">RCPT TO:<a@x.test>\n"
#define B ">RCPT TO:<b@x.test>\n"
#define OK "250 ok\n"
#define BODY ">DATA\n354 go\n>>.\n250 2.0.0 taken\n"
#define TAKES_BOTH HI MAIL OK A OK B OK BODY QUIT
#define TAKES_A HI MAIL OK A OK BODY QUIT
#define BUSY "421 4.3.2 busy\n" QUIT
#define LATER HI MAIL "450 4.2.0 later\n" ">RSET\n" OK QUIT

#define TO(who, relay, status, word, text) \
	"ID: to=<" who "@x.test>, relay=" relay ", dsn=" status ", status=" word " (" text ")"
#define AT(host) host ".test[127.0.0.1]:PORT"
#define LITERAL "127.0.0.1[127.0.0.1]:PORT"
#define SENT(who, host) TO(who, host, "2.0.0", "sent", "250 2.0.0 taken")
#define SAID(host, reply, to) "host " host "[127.0.0.1] said: " reply " (in reply to " to " command)"
#define IS_BUSY(host) "host " host ".test[127.0.0.1] refused to talk to me: 421 4.3.2 busy"
#define SAID_LATER(host) SAID(host ".test", "450 4.2.0 later", "MAIL FROM")
#define REFUSED(host, address) "connect to " host ".test[" address "]:PORT: Connection refused"

/* --- the next server --- */

static const struct journey servers[] = {
	{"the first one takes it", NULL, 0, "three.test:%u", NULL, TAKES_BOTH, "SS",
		SENT("a", AT("a")) "|" SENT("b", AT("a"))},
	{"the second one takes it", NULL, 0, "three.test:%u", NULL, BUSY NEXT TAKES_BOTH, "SS",
		"ID: " IS_BUSY("a") "|" SENT("a", AT("b")) "|" SENT("b", AT("b"))},
	{"the last reason is kept", NULL, 0, "three.test:%u", NULL,
		BUSY NEXT "220 mx\n!close\n" NEXT BUSY, "DD", "ID: " IS_BUSY("a")
		"|ID: lost connection with b.test[127.0.0.1] while performing the EHLO handshake|"
		TO("a", AT("c"), "4.3.2", "deferred", IS_BUSY("c")) "|"
		TO("b", AT("c"), "4.3.2", "deferred", IS_BUSY("c"))},
	{"a refusal for good ends it", NULL, 0, "three.test:%u", NULL,
		BUSY NEXT HI MAIL "550 5.7.1 no\n>RSET\n" OK QUIT, "BB", "ID: " IS_BUSY("a") "|"
		TO("a", AT("b"), "5.7.1", "bounced", SAID("b.test", "550 5.7.1 no", "MAIL FROM")) "|"
		TO("b", AT("b"), "5.7.1", "bounced", SAID("b.test", "550 5.7.1 no", "MAIL FROM"))},
	{"soft_bounce: it does not", "soft_bounce=yes", 0, "two.test:%u", "a@x.test",
		HI MAIL "550 5.7.1 no\n>RSET\n" OK QUIT NEXT TAKES_A, "S",
		"ID: " SAID("a.test", "550 5.7.1 no", "MAIL FROM") "|" SENT("a", AT("b"))},
	{"nobody listens there", NULL, 0, "half.test:%u", "a@x.test", TAKES_A, "S",
		REFUSED("dead", "127.0.0.9") "|" SENT("a", AT("b"))},
	{"a destination's second element", NULL, 0, "[127.0.0.9]:%u, [127.0.0.1]:%u", "a@x.test", TAKES_A,
		"S", "connect to 127.0.0.9[127.0.0.9]:PORT: Connection refused|" SENT("a", LITERAL)},
	{"nobody listens anywhere", NULL, 0, "[127.0.0.9]:%u, dead.test:%u", "a@x.test", "", "D",
		"connect to 127.0.0.9[127.0.0.9]:PORT: Connection refused|"
		REFUSED("dead", "127.0.0.9") "|" TO("a", "none", "4.4.1", "deferred",
		REFUSED("dead", "127.0.0.9"))},
	{"the last server is not reached", NULL, 0, "two.test:%u, dead.test:%u", "a@x.test",
		BUSY NEXT BUSY, "D", "ID: " IS_BUSY("a") "|ID: " IS_BUSY("b") "|"
		REFUSED("dead", "127.0.0.9") "|" TO("a", "none", "4.4.1", "deferred",
		REFUSED("dead", "127.0.0.9"))},
};

/* --- recipients of different fates (RFC 5321 4.2.1) --- */

static const struct journey fates[] = {
	{"one waits for the next server", NULL, 0, "two.test:%u", NULL,
		HI MAIL OK A "450 4.2.1 full\n" B OK BODY QUIT NEXT TAKES_A, "SS",
		"ID: " SAID("a.test", "450 4.2.1 full", "RCPT TO") "|" SENT("b", AT("a")) "|"
		SENT("a", AT("b"))},
	{"one is refused, one waits, one is sent", NULL, 0, "two.test:%u", "a@x.test b@x.test c@x.test",
		HI MAIL OK A "450 4.2.1 full\n" B "550 5.1.1 who?\n>RCPT TO:<c@x.test>\n" OK BODY QUIT
		NEXT HI MAIL OK A "450 4.2.1 still\n>RSET\n" OK QUIT, "DBS",
		"ID: " SAID("a.test", "450 4.2.1 full", "RCPT TO") "|"
		TO("b", AT("a"), "5.1.1", "bounced", SAID("a.test", "550 5.1.1 who?", "RCPT TO")) "|"
		SENT("c", AT("a")) "|"
		TO("a", AT("b"), "4.2.1", "deferred", SAID("b.test", "450 4.2.1 still", "RCPT TO"))},
	{"who was accepted waits, too, when the message is not taken", NULL, 0, "two.test:%u", NULL,
		HI MAIL OK A "550 5.1.1 who?\n" B OK ">DATA\n354 go\n>>.\n452 4.3.1 full\n" QUIT
		NEXT HI MAIL OK B OK BODY QUIT, "BS",
		TO("a", AT("a"), "5.1.1", "bounced", SAID("a.test", "550 5.1.1 who?", "RCPT TO")) "|ID: "
		SAID("a.test", "452 4.3.1 full", "end of DATA") "|" SENT("b", AT("b"))},
	{"lost after the dot", NULL, 0, "two.test:%u", "a@x.test",
		HI MAIL OK A OK ">DATA\n354 go\n>>.\n!close\n" NEXT TAKES_A, "S",
		"ID: lost connection with a.test[127.0.0.1] while sending end of data -- message may be sent"
		" more than once|" SENT("a", AT("b"))},
};

/* --- limits --- */

static const struct journey limits[] = {
	{"two sessions are enough", NULL, 0, "three.test:%u", "a@x.test", LATER NEXT LATER, "D",
		"ID: " SAID_LATER("a") "|" TO("a", AT("b"), "4.2.0", "deferred", SAID_LATER("b"))},
	{"what is refused early is no session", NULL, 0, "three.test:%u", "a@x.test",
		BUSY NEXT LATER NEXT LATER, "D", "ID: " IS_BUSY("a") "|ID: " SAID_LATER("b") "|"
		TO("a", AT("c"), "4.2.0", "deferred", SAID_LATER("c"))},
	{"no limit of sessions", "smtp_mx_session_limit=0", 0, "three.test:%u", "a@x.test",
		LATER NEXT LATER NEXT TAKES_A, "S",
		"ID: " SAID_LATER("a") "|ID: " SAID_LATER("b") "|" SENT("a", AT("c"))},
	{"one session each", "smtp_mx_session_limit=1", 0, "three.test:%u, two.test:%u", "a@x.test",
		LATER NEXT LATER, "D",
		"ID: " SAID_LATER("a") "|" TO("a", AT("a"), "4.2.0", "deferred", SAID_LATER("a"))},
	{"two addresses are enough", "smtp_mx_address_limit=2", 0, "three.test:%u", "a@x.test",
		BUSY NEXT BUSY, "D",
		"ID: " IS_BUSY("a") "|" TO("a", AT("b"), "4.3.2", "deferred", IS_BUSY("b"))},
	{"where nobody listens counts", "smtp_mx_address_limit=2", 0, "half.test:%u", "a@x.test", BUSY, "D",
		REFUSED("dead", "127.0.0.9") "|" TO("a", AT("b"), "4.3.2", "deferred", IS_BUSY("b"))},
	{"the count starts again", "smtp_mx_address_limit=1", 0, "three.test:%u, two.test:%u", "a@x.test",
		BUSY NEXT TAKES_A, "S", "ID: " IS_BUSY("a") "|" SENT("a", AT("a"))},
};

/* --- fallback relays, and hosts that are us --- */

#define NO_HOST(name) \
	"Host or domain name not found. Name service error for name=" name " type=A: Host not found"

static const struct journey elsewhere[] = {
	{"the fallback relay", "smtp_fallback_relay=SERVER", 0, "two.test:%u", "a@x.test",
		BUSY NEXT BUSY NEXT TAKES_A, "S", "ID: " IS_BUSY("a") "|ID: " IS_BUSY("b") "|"
		SENT("a", LITERAL)},
	{"the fallback relay after a name that is not there", "smtp_fallback_relay=SERVER", 0,
		"none.test:%u", "a@x.test", TAKES_A, "S", SENT("a", LITERAL)},
	{"a fallback relay that is not there", "smtp_fallback_relay=[none.test]", 0, "two.test:%u",
		"a@x.test", BUSY NEXT BUSY, "D", "ID: " IS_BUSY("a") "|ID: " IS_BUSY("b")
		"|warning: smtp_fallback_relay configuration problem|"
		TO("a", "none", "4.3.5", "deferred", NO_HOST("none.test"))},
	{"only who is open goes there", "smtp_fallback_relay=SERVER", 0, "a.test:%u", NULL,
		HI MAIL OK A "450 4.2.1 full\n" B OK BODY QUIT NEXT TAKES_A, "SS",
		"ID: " SAID("a.test", "450 4.2.1 full", "RCPT TO") "|" SENT("b", AT("a")) "|"
		SENT("a", LITERAL)},
	{"the best server is us", "smtp_fallback_relay=SERVER", 0, "loop.test", "a@x.test", "", "B",
		TO("a", "none", "5.4.6", "bounced", "mail for loop.test loops back to myself")},
	{"we are a backup: nobody from there on", "smtp_fallback_relay=SERVER", 0, "backup.test",
		"a@x.test", "", "D",
		"connect to nowhere.test[255.255.255.255]:25: Network is unreachable|"
		TO("a", "none", "4.4.1", "deferred",
		"connect to nowhere.test[255.255.255.255]:25: Network is unreachable")},
	{"a relayhost that is not there", "relayhost=[none.test]", 0, "[none.test]", "a@x.test", "", "D",
		"warning: relayhost configuration problem|"
		TO("a", "none", "4.3.5", "deferred", NO_HOST("none.test"))},
	{"a name that is not there", NULL, 0, "none.test", NULL, "", "BB",
		TO("a", "none", "5.4.4", "bounced", NO_HOST("none.test")) "|"
		TO("b", "none", "5.4.4", "bounced", NO_HOST("none.test"))},
};

/* --- LMTP: each recipient has a verdict of its own (RFC 2033 4.2) --- */

#define LHLO "220 mx\n>LHLO client.example\n250 mx\n"
#define TWO "inet:[127.0.0.1]:%u, [127.0.0.1]:%u"

static const struct journey by_lmtp[] = {
	{"both are taken", NULL, 0, TWO, NULL, LHLO MAIL OK A OK B OK ">DATA\n354 go\n>>.\n"
		"250 2.0.0 taken\n250 2.0.0 taken\n" QUIT, "SS", SENT("a", LITERAL) "|" SENT("b", LITERAL)},
	{"one waits for the next server", NULL, 0, TWO, NULL, LHLO MAIL OK A OK B OK ">DATA\n354 go\n>>.\n"
		"450 4.2.1 full\n250 2.0.0 taken\n" QUIT NEXT LHLO MAIL OK A OK ">DATA\n354 go\n>>.\n"
		"250 2.0.0 taken\n" QUIT, "SS", "ID: " SAID("127.0.0.1", "450 4.2.1 full", "end of DATA") "|"
		SENT("b", LITERAL) "|" SENT("a", LITERAL)},
	{"lost between the verdicts", NULL, 0, TWO, NULL, LHLO MAIL OK A OK B OK ">DATA\n354 go\n>>.\n"
		"250 2.0.0 taken\n!close\n" NEXT LHLO MAIL OK B OK ">DATA\n354 go\n>>.\n550 5.7.1 no\n" QUIT,
		"SB", SENT("a", LITERAL) "|ID: lost connection with 127.0.0.1[127.0.0.1] while sending end of"
		" data -- message may be sent more than once|" TO("b", LITERAL, "5.7.1", "bounced",
		SAID("127.0.0.1", "550 5.7.1 no", "end of DATA"))},
};

/* --- plaintext after TLS failed (TLS_README) --- */

#define OFFERS "220 mx\n>EHLO client.example\n250-mx\n250 STARTTLS\n"
#define TLS ">STARTTLS\n220 go\n"
#define NO_TLS OFFERS TLS "!swallow\n!close\n"
#define IN_TLS OFFERS TLS "!tls\n" HELLO
#define PLAIN_A OFFERS MAIL OK A OK BODY QUIT
#define PLAIN_LATER OFFERS MAIL "450 4.2.0 later\n>RSET\n" OK QUIT
#define MAY "smtp_tls_security_level=may"

#define AGED(relay) AT(relay) ", delay=400, delays=400/0/0/0"
#define CUT "SSL_connect error to a.test[127.0.0.1]:PORT: lost connection|"
#define NO_HANDSHAKE "Cannot start TLS: handshake failure: the server closed the connection"
#define LOST_MAIL(host) "lost connection with " host ".test[127.0.0.1] while sending MAIL FROM"

static const struct journey plaintext[] = {
	{"a new message waits", MAY, 0, "a.test:%u", "a@x.test", NO_TLS, "D",
		CUT TO("a", AT("a"), "4.7.5", "deferred", NO_HANDSHAKE)},
	{"it has not waited long enough", MAY, 299, "two.test:%u", "a@x.test",
		NO_TLS NEXT IN_TLS MAIL OK A OK BODY QUIT, "S", CUT "ID: " NO_HANDSHAKE "|"
		SENT("a", AT("b") ", delay=299, delays=299/0/0/0")},
	{"an old one goes in plaintext", MAY, 400, "a.test:%u", "a@x.test", NO_TLS NEXT PLAIN_A, "S",
		CUT "ID: " NO_HANDSHAKE "|" SENT("a", AGED("a"))},
	{"never where TLS is a must", "smtp_tls_security_level=encrypt", 400, "a.test:%u", "a@x.test",
		NO_TLS, "D", CUT TO("a", AGED("a"), "4.7.5", "deferred", NO_HANDSHAKE)},
	{"plaintext fails, too: the next one, with TLS", MAY, 400, "two.test:%u", "a@x.test",
		NO_TLS NEXT OFFERS MAIL "!close\n" NEXT IN_TLS MAIL OK A OK BODY QUIT, "S",
		CUT "ID: " NO_HANDSHAKE "|ID: " LOST_MAIL("a") "|" SENT("a", AGED("b"))},
	{"lost within TLS", MAY, 400, "a.test:%u", "a@x.test", IN_TLS MAIL "!close\n" NEXT PLAIN_A, "S",
		"ID: " LOST_MAIL("a") "|" SENT("a", AGED("a"))},
	{"plaintext comes once", MAY, 400, "a.test:%u", "a@x.test",
		IN_TLS MAIL "!close\n" NEXT OFFERS MAIL "!close\n", "D",
		"ID: " LOST_MAIL("a") "|" TO("a", AGED("a"), "4.4.2", "deferred", LOST_MAIL("a"))},
	{"no TLS was offered: it was plaintext", MAY, 400, "a.test:%u", "a@x.test",
		HI MAIL "!close\n", "D", TO("a", AGED("a"), "4.4.2", "deferred", LOST_MAIL("a"))},
	{"who was refused within TLS is not asked for again", MAY, 400, "a.test:%u", NULL,
		IN_TLS MAIL OK A "550 5.1.1 who?\n" B OK ">DATA\n!close\n" NEXT
		OFFERS MAIL OK B OK BODY QUIT, "BS",
		TO("a", AGED("a"), "5.1.1", "bounced", SAID("a.test", "550 5.1.1 who?", "RCPT TO"))
		"|ID: lost connection with a.test[127.0.0.1] while sending DATA command|"
		SENT("b", AGED("a"))},
	{"it is no session of its own", MAY, 400, "three.test:%u", "a@x.test",
		IN_TLS MAIL "!close\n" NEXT PLAIN_LATER NEXT HI MAIL "450 4.2.0 later\n>RSET\n" OK QUIT, "D",
		"ID: " LOST_MAIL("a") "|ID: " SAID_LATER("a") "|"
		TO("a", AGED("b"), "4.2.0", "deferred", SAID_LATER("b"))},
	{"it comes even if that was the last session", MAY "; smtp_mx_session_limit=1", 400, "two.test:%u",
		"a@x.test", IN_TLS MAIL "!close\n" NEXT PLAIN_LATER, "D",
		"ID: " LOST_MAIL("a") "|" TO("a", AGED("a"), "4.2.0", "deferred", SAID_LATER("a"))},
	{"it is the session after a handshake that failed", MAY "; smtp_mx_session_limit=1", 400,
		"two.test:%u", "a@x.test", NO_TLS NEXT PLAIN_LATER, "D",
		CUT "ID: " NO_HANDSHAKE "|" TO("a", AGED("a"), "4.2.0", "deferred", SAID_LATER("a"))},
	{"it is no address of its own", MAY "; smtp_mx_address_limit=2", 400, "three.test:%u", "a@x.test",
		NO_TLS NEXT PLAIN_LATER NEXT HI MAIL "450 4.2.0 later\n>RSET\n" OK QUIT, "D",
		CUT "ID: " NO_HANDSHAKE "|ID: " SAID_LATER("a") "|"
		TO("a", AGED("b"), "4.2.0", "deferred", SAID_LATER("b"))},
};

/* --- whatever the servers say --- */

static unsigned long seed;

/* Numerical Recipes' generator: the same numbers on every machine. */
static unsigned below(unsigned limit)
{
	seed = seed * 1664525 + 1013904223;
	return (unsigned)(seed >> 16 & 0xffff) % limit;
}

static bool add_reply(struct buf *script, const char *good)
{
	static const char *const bad[] = {"450 4.0.0 later\n", "550 5.0.0 never\n", "421 4.3.2 bye\n",
		"354 odd\n", "!close\n", "452 4.5.3 too many\n"};
	unsigned dice = below(20);

	buf_adds(script, dice < COUNT(bad) ? bad[dice] : good);
	return dice >= COUNT(bad);
}

/* A server that hangs up when something else comes than it waits for. */
static void add_server(struct buf *script)
{
	buf_adds(script, script->length ? NEXT : "");
	add_reply(script, "220 mx\n");
	buf_adds(script, ">EHLO*\n");
	add_reply(script, "250 mx\n");
	buf_adds(script, ">MAIL*\n");
	add_reply(script, OK);
	for (int i = 0; i < 3; i++) {
		buf_adds(script, ">RCPT*\n");
		add_reply(script, OK);
	}
	buf_adds(script, ">DATA\n");
	if (add_reply(script, "354 go\n")) {
		buf_adds(script, ">>.\n");
		add_reply(script, "250 2.0.0 taken\n");
	}
	buf_adds(script, "!close\n");
}

/* Servers that say one thing and expect another: a recipient is still settled once. */
static void wander(unsigned long number)
{
	struct buf script = BUF(0);
	const char *log, *told;

	seed = number;
	for (int i = 0; i < 4; i++)
		add_server(&script);
	begin(number % 2 ? "smtp_mx_session_limit=0" : NULL, 0, buf_text(&script),
		number % 3 ? "three.test:%u" : "two.test:%u, a.test:%u", "a@x.test b@x.test c@x.test");
	deliver(&mail.test.agent, &mail.d);
	mailing_heard(&mail);
	log = mailing_log(&mail);
	told = mailing_told(&mail);
	if (!okf(settled_once(log, told), "journey %lu", number))
		printf("# fates: %s\n# log: %s\n# told: %s\n", mailing_fates(&mail), log, told);
	buf_close(&script);
}

int main(void)
{
	mailing_open(&mail, false, 0, NULL);
	TRAVEL(servers);
	TRAVEL(fates);
	TRAVEL(limits);
	TRAVEL(elsewhere);
	TRAVEL(plaintext);
	lmtp = true;
	TRAVEL(by_lmtp);
	lmtp = false;
	for (unsigned long number = 1; number <= 100; number++)
		wander(number);
	mailing_close(&mail);
	return done();
}

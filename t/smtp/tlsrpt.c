#include "config.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "postfix/version.h"
#include "smtp/deliver.h"
#include "smtp/tlsrpt.h"
#include "t/lib/heard.h"
#include "t/lib/mailing.h"
#include "t/lib/tap.h"
#include "util/text.h"

static struct mailing mail;
static struct pool pool;

/* --- the datagram --- */

static const char *list(struct list *list, const char *text)
{
	list->pool = &pool;
	list_split(list, text, "|", false);
	return text;
}

static void texts(void)
{
	static const uint8_t digest[] = {0x00, 0xff, 0x10};
	static const struct tls_tlsa records[] = {{3, 1, 1, digest, 3}, {2, 0, 1, digest, 2}};
	struct tls_expect plain = {.level = TLS_LEVEL_MAY}, dane = {.level = TLS_LEVEL_DANE,
		.tlsa = records, .tlsa_count = 2, .tlsa_owner = "_25._tcp.mx.a.example"};
	struct tlsrpt report = {.domain = "a.example", .record = "v=TLSRPTv1;rua=mailto:x@a.example",
		.policy_domain = "a.example"}, sts = report;
	const struct {
		struct tlsrpt_event event;
		const char *text;
	} cases[] = {
		{{&report, &plain, TLSRPT_SUCCESS, "", "", "mx", "", ""},
			"\"policies\":[{\"policy-type\":9,\"policy-domain\": \"a.example\",\"t\":0,\"f\":0}]}"},
		{{&report, &plain, TLSRPT_VALIDATION_FAILURE, "why", "192.0.2.1", "mx.a.example",
			"it\"self\\\n\x01\x7f", "192.0.2.9"},
			"\"policies\":[{\"policy-type\":9,\"policy-domain\": \"a.example\","
			"\"failure-details\":[{\"c\":205,\"s\": \"192.0.2.1\",\"n\": \"mx.a.example\","
			"\"h\": \"it\\\"self\\\\\\n\\u0001\x7f\",\"r\": \"192.0.2.9\",\"f\": \"why\"}],"
			"\"t\":1,\"f\":1}]}"},
		{{&report, &dane, TLSRPT_TLSA_INVALID, "", "", "mx", "", ""},
			"\"policies\":[{\"policy-type\":1,\"policy-domain\": \"mx.a.example\","
			"\"policy-string\":[\"3 1 1 00FF10\",\"2 0 1 00FF\"],"
			"\"failure-details\":[{\"c\":304,\"n\": \"mx\"}],\"t\":1,\"f\":1}]}"},
		{{&sts, &plain, TLSRPT_SUCCESS, "", "", "mx", "", ""},
			"\"policies\":[{\"policy-type\":2,\"policy-domain\": \"sts.example\","
			"\"policy-string\":[\"version: STSv1\",\"mode: enforce\"],"
			"\"mx-host\":[\"*.a.example\"],\"t\":0,\"f\":0}]}"},
	};

	sts.sts = true;
	sts.policy_domain = "sts.example";
	list(&sts.policy_strings, "version: STSv1|mode: enforce");
	list(&sts.mx_patterns, "*.a.example");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tlsrpt_event event = cases[i].event;
		struct buf text = BUF(0);

		event.report = i == 3 ? &sts : &report;
		tlsrpt_text(&event, &text);
		is_text(buf_text(&text), pool_format(&pool, "{\"dpv\": \"1\",\"d\": \"a.example\",\"pr\": "
			"\"v=TLSRPTv1;rua=mailto:x@a.example\",%s", cases[i].text),
			pool_format(&pool, "datagram %zu", i));
		buf_close(&text);
	}
}

/* --- deliveries --- */

#define WISH "v=TLSRPTv1; rua=mailto:tls@x.test"

static const struct fake_record records[] = {
	{"*", DNS_A, DNS_INSECURE, DNS_ANSWERED, "", 0},
	{"_smtp._tls.mx.test", DNS_TXT, DNS_INSECURE, DNS_ANSWERED, "something else", 0},
	{"_smtp._tls.mx.test", DNS_TXT, DNS_INSECURE, DNS_ANSWERED, WISH, 0},
	{"mx.test", DNS_A, DNS_INSECURE, DNS_ANSWERED, "127.0.0.1", 0},
	{"_smtp._tls.two.test", DNS_TXT, DNS_INSECURE, DNS_ANSWERED, WISH, 0},
	{"_smtp._tls.two.test", DNS_TXT, DNS_INSECURE, DNS_ANSWERED, WISH, 0},
	{"two.test", DNS_A, DNS_INSECURE, DNS_ANSWERED, "127.0.0.1", 0},
	{"_smtp._tls.broken.test", DNS_TXT, DNS_INSECURE, DNS_TRY_AGAIN, "", 0},
	{"broken.test", DNS_A, DNS_INSECURE, DNS_ANSWERED, "127.0.0.1", 0},
	{"none.test", DNS_A, DNS_INSECURE, DNS_ANSWERED, "127.0.0.1", 0},
};

#define HELLO "220 it ESMTP\n>EHLO client.example\n250-it\n250 STARTTLS\n"
#define TLS HELLO ">STARTTLS\n220 go\n!tls\n"
#define REST ">EHLO client.example\n250 it\n>MAIL*\n250 ok\n>RCPT*\n250 ok\n>DATA\n354 go\n>>.\n" \
	"250 taken\n>QUIT\n221 bye\n"
#define DETAILS(code) "\"failure-details\":[{\"c\":" code ",\"s\": \"127.0.0.1\",\"n\": \"mx.test\"," \
	"\"h\": \"it\",\"r\": \"127.0.0.1\""
#define LOG(text) "|TLSRPT: status=" text

static const struct told {
	const char *name, *settings;
	int version;
	const char *nexthop, *script;
	const char *datagram; /* part of it; NULL: there is none */
	const char *log;      /* in it */
} told[] = {
	{"success", "smtp_tls_security_level=may", POSTFIX(3, 10), "mx.test:%u", TLS REST,
		"\"d\": \"mx.test\",\"pr\": \"" WISH "\",\"policies\":[{\"policy-type\":9,"
		"\"policy-domain\": \"mx.test\",\"t\":0,\"f\":0}]}",
		"TLSRPT: status=success, domain=mx.test, receiving_mx=mx.test[127.0.0.1]"},
	{"not offered, and not needed", "smtp_tls_security_level=may", POSTFIX(3, 10), "mx.test:%u",
		"220 it ESMTP\n>EHLO*\n250 it\n>MAIL*\n550 no\n>RSET\n250 ok\n>QUIT\n221 bye\n", NULL, ""},
	{"not offered", "smtp_tls_security_level=encrypt", POSTFIX(3, 10), "mx.test:%u",
		"220 it ESMTP\n>EHLO*\n250 it\n>QUIT\n221 bye\n", DETAILS("201") "}],\"t\":1,\"f\":1}]}",
		"TLSRPT: status=failure, domain=mx.test, receiving_mx=mx.test[127.0.0.1],"
		" failure_type=starttls_not_supported"},
	{"refused", "smtp_tls_security_level=may", POSTFIX(3, 10), "mx.test:%u",
		HELLO ">STARTTLS\n454 not now\n>MAIL*\n550 no\n>RSET\n250 ok\n>QUIT\n221 bye\n",
		DETAILS("201") "}]", "failure_type=starttls_not_supported"},
	{"no handshake", "smtp_tls_security_level=encrypt", POSTFIX(3, 10), "mx.test:%u",
		HELLO ">STARTTLS\n220 go\n!close\n", DETAILS("205") ",\"f\": \"tls-handshake-failure\"}]",
		"failure_type=validation_failure, failure_reason=tls-handshake-failure"},
	{"our own settings allow no handshake", "smtp_tls_security_level=encrypt;"
		" smtp_tls_mandatory_protocols=TLSv9", POSTFIX(3, 10), "mx.test:%u",
		HELLO ">STARTTLS\n220 go\n", NULL, ""},
	{"a certificate that nobody trusts", "smtp_tls_security_level=verify", POSTFIX(3, 10),
		"mx.test:%u", TLS ">QUIT\n221 bye\n", DETAILS("205") ",\"f\": \"self-signed_certificate\"}]",
		"failure_type=validation_failure, failure_reason=self-signed_certificate"},
	{"another fingerprint", "smtp_tls_security_level=fingerprint;"
		" smtp_tls_fingerprint_cert_match=00", POSTFIX(3, 10), "mx.test:%u", TLS ">QUIT\n221 bye\n",
		"\"t\":1,\"f\":1}]}", "status=failure"},
	{"a plug-in says why not", "smtp_tls_security_level=may; smtp_tls_policy_maps=static:{secure"
		" policy_type=sts policy_domain=p.test policy_failure=sts-webpki-invalid"
		" mx_host_pattern=*.test { policy_string = version: STSv1 }}", POSTFIX(3, 10),
		"mx.test:%u", TLS ">QUIT\n221 bye\n", "{\"policy-type\":2,\"policy-domain\": \"p.test\","
		"\"policy-string\":[\"version: STSv1\"],\"mx-host\":[\"*.test\"]," DETAILS("303") "}]",
		"failure_type=sts_webpki_invalid"},
	{"two wishes", "smtp_tls_security_level=may", POSTFIX(3, 10), "two.test:%u", TLS REST, NULL,
		"warning: TLSRPT: Too many TLSRPT policies for two.test"},
	{"no answer", "smtp_tls_security_level=may", POSTFIX(3, 10), "broken.test:%u", TLS REST, NULL,
		"warning: TLSRPT: policy lookup for broken.test: "},
	{"no wish", "smtp_tls_security_level=may", POSTFIX(3, 10), "none.test:%u", TLS REST, NULL, ""},
	{"an address", "smtp_tls_security_level=may", POSTFIX(3, 10), "[127.0.0.1]:%u", TLS REST, NULL,
		""},
	{"only by the table", "smtp_tls_policy_maps=static:may", POSTFIX(3, 10), "mx.test:%u",
		TLS REST, NULL, ""},
	{"too early", "smtp_tls_security_level=may", POSTFIX(3, 9), "mx.test:%u", TLS REST, NULL, ""},
};

static int collector(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "report"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	unlink("report");
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		okf(false, "cannot bind");
	return fd;
}

/* NULL: none has come. */
static const char *collected(int fd)
{
	char text[8192];
	ssize_t length = recv(fd, text, sizeof text, MSG_DONTWAIT);

	return length < 0 ? NULL : pool_bytes(&pool, text, (size_t)length);
}

static void open_mail(const char *settings, int version)
{
	mailing_reopen(&mail, false, version, pool_format(&pool, "smtp_tlsrpt_enable=yes;"
		" smtp_tlsrpt_socket_name=report; smtp_skip_quit_response=no; %s", settings));
	test_agent_resolver(&mail.test, fake_resolver(records, COUNT(records)));
}

static const char *run(const char *script, const char *nexthop)
{
	mailing_begin(&mail, script, nexthop, "a@x.test");
	deliver(&mail.test.agent, &mail.d);
	mailing_heard(&mail);
	return mailing_log(&mail);
}

static void each(void)
{
	for (size_t i = 0; i < COUNT(told); i++) {
		const struct told *c = &told[i];
		const char *log, *datagram;
		int fd;

		open_mail(c->settings, c->version);
		fd = collector();
		log = run(c->script, c->nexthop);
		datagram = collected(fd);
		okf(strstr(log, c->log) && (*c->log || !strstr(log, "TLSRPT")), "%s: the log", c->name);
		if (!strstr(log, c->log))
			printf("# %s\n", log);
		okf(c->datagram ? datagram && strstr(datagram, c->datagram) : datagram == NULL,
			"%s: the datagram", c->name);
		if (datagram && !(c->datagram && strstr(datagram, c->datagram)))
			printf("# %s\n", datagram);
		okf(collected(fd) == NULL, "%s: there is no other", c->name);
		close(fd);
	}
}

/* Nobody is there, or nobody reads: mail goes on. */
static void not_collected(void)
{
	int fd;

	open_mail("smtp_tls_security_level=may", POSTFIX(3, 10));
	ok(strstr(run(TLS REST, "mx.test:%u"), "warning: TLSRPT: cannot report to report: No such file")
		!= NULL, "nobody is there");
	is_text(mailing_fates(&mail), "S", "it was sent");
	open_mail("smtp_tls_security_level=may", POSTFIX(3, 10));
	fd = collector();
	shutdown(fd, SHUT_RD);
	run(TLS REST, "mx.test:%u");
	is_text(mailing_fates(&mail), "S", "nobody reads");
	close(fd);
}

static void start(void)
{
	static const struct {
		bool lmtp;
		const char *settings, *said;
	} cases[] = {
		{false, "smtp_tlsrpt_enable=yes; smtp_dns_support_level=enabled",
			"warning: TLSRPT: parameter smtp_tlsrpt_socket_name has empty value -- TLSRPT will"
			" be disabled"},
		{false, "smtp_tlsrpt_enable=yes; smtp_tlsrpt_socket_name=x; smtp_dns_support_level=disabled",
			"warning: Cannot enable TLSRPT: DNS is disabled"},
		{true, "lmtp_tlsrpt_enable=yes", "warning: TLSRPT support is not implemented for LMTP"},
		{false, "smtp_tlsrpt_socket_name=x", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct agent agent;

		mailing_reopen(&mail, cases[i].lmtp, POSTFIX(3, 10), cases[i].settings);
		agent = mail.test.agent;
		agent.dns_enabled = strstr(cases[i].settings, "=disabled") == NULL;
		ok(!tlsrpt_setup(&agent), "not switched on");
		is_text(heard(), cases[i].said, cases[i].settings);
	}
}

int main(void)
{
	mailing_open(&mail, false, 0, NULL);
	texts();
	each();
	not_collected();
	start();
	mailing_close(&mail);
	pool_free(&pool);
	return done();
}

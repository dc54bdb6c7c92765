#include "config.h"
#include <string.h>
#include "postfix/version.h"
#include "smtp/envelope.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"

static struct pool pool;
static struct config config = {.version = POSTFIX(3, 7), .quote_rfc821_envelope = true};
static struct ehlo ehlo;

static const struct request blank = {
	.pool = &pool,
	.nexthop = "",
	.encoding = "",
	.sender = "",
	.envelope_id = "",
	.data_size = 412,
	.client_name = "",
	.client_address = "",
	.client_port = "",
	.client_proto = "",
	.client_helo = "",
	.log_ident = "",
	.rewrite_context = "",
};

enum { ALL = EHLO_SIZE | EHLO_8BITMIME | EHLO_DSN | EHLO_SMTPUTF8 };

static const struct mail_case {
	unsigned offers;
	const char *sender, *encoding, *id;
	int ret, sendopts;
	const char *want;
} mails[] = {
	{0, "a@b.test", "8bit", "id", DSN_RET_FULL, SENDOPT_SMTPUTF8, "MAIL FROM:<a@b.test>"},
	{0, "", "", "", 0, 0, "MAIL FROM:<>"},
	{EHLO_SIZE | EHLO_8BITMIME, "a@b.test", "", "", 0, 0, "MAIL FROM:<a@b.test> SIZE=412"},
	/* Conversion is due, so the size is not known. */
	{EHLO_SIZE, "a@b.test", "", "", 0, 0, "MAIL FROM:<a@b.test>"},
	{EHLO_SIZE, "a@b.test", "8bit", "", 0, 0, "MAIL FROM:<a@b.test>"},
	{EHLO_SIZE, "a@b.test", "7bit", "", 0, 0, "MAIL FROM:<a@b.test> SIZE=412"},
	{EHLO_8BITMIME, "a@b.test", "8bit", "", 0, 0, "MAIL FROM:<a@b.test> BODY=8BITMIME"},
	{EHLO_8BITMIME, "a@b.test", "7bit", "", 0, 0, "MAIL FROM:<a@b.test> BODY=7BIT"},
	{ALL, "a@b.test", "8bit", "a+b=c d", DSN_RET_HDRS, SENDOPT_SMTPUTF8,
		"MAIL FROM:<a@b.test> SIZE=412 BODY=8BITMIME ENVID=a+2Bb+3Dc+20d RET=HDRS "
		"SMTPUTF8"},
	{EHLO_DSN, "a@b.test", "", "", DSN_RET_FULL, 0, "MAIL FROM:<a@b.test> RET=FULL"},
	{EHLO_SMTPUTF8, "a@b.test", "", "", 0, SENDOPT_UTF8_HEADER, "MAIL FROM:<a@b.test>"},
	/* quoting */
	{0, "john doe@sender.test", "", "", 0, 0, "MAIL FROM:<\"john doe\"@sender.test>"},
	{0, "a\r\nRCPT TO:<x@y>@b.test", "", "", 0, 0,
		"MAIL FROM:<\"a\\\r\\\nRCPT TO:<x@y>\"@b.test>"}, /* chat makes '?' of CR and LF */
	/* a domain must not end the path */
	{0, "a@b.test> SIZE=1", "", "", 0, 0, "MAIL FROM:<a@b.test??SIZE=1>"},
	{0, "a@<b.test", "", "", 0, 0, "MAIL FROM:<a@?b.test>"},
	{0, "-a@b.test", "", "", 0, 0, "MAIL FROM:<-a@b.test>"},
};

static void test_mail(void)
{
	for (const struct mail_case *x = mails; x < mails + COUNT(mails); x++) {
		struct request request = blank;
		struct envelope envelope = {.config = &config, .request = &request, .ehlo = &ehlo};

		ehlo.features = x->offers;
		request.sender = x->sender;
		request.encoding = x->encoding;
		request.envelope_id = x->id;
		request.dsn_ret = x->ret;
		request.sendopts = x->sendopts;
		is_text(envelope_mail(&envelope, &pool, envelope.request->sender), x->want, x->want);
	}
}

/* RFC 8689 4.2.1, 5: where it can't be passed on, a bounce must not carry the content. */
static void test_requiretls(void)
{
	static const struct {
		unsigned offers;
		int ret;
		bool asked;
		const char *want;
	} cases[] = {
		{EHLO_DSN | EHLO_REQUIRETLS, DSN_RET_FULL, true, "MAIL FROM:<a@b.test> RET=FULL REQUIRETLS"},
		{EHLO_DSN | EHLO_REQUIRETLS, DSN_RET_FULL, false, "MAIL FROM:<a@b.test> RET=FULL"},
		{EHLO_DSN, DSN_RET_FULL, true, "MAIL FROM:<a@b.test> RET=HDRS"},
		{EHLO_DSN, 0, true, "MAIL FROM:<a@b.test> RET=HDRS"},
		{0, DSN_RET_FULL, true, "MAIL FROM:<a@b.test>"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct request request = blank;
		struct envelope envelope = {.config = &config, .request = &request, .ehlo = &ehlo,
			.requiretls = cases[i].asked};

		ehlo.features = cases[i].offers;
		request.sender = "a@b.test";
		request.dsn_ret = cases[i].ret;
		is_text(envelope_mail(&envelope, &pool, envelope.request->sender), cases[i].want, cases[i].want);
	}
}

static const struct rcpt_case {
	const char *address, *original, *orcpt;
	int notify, version;
	const char *want;
} rcpts[] = {
	{"a@b.test", "", "", 0, 0, "RCPT TO:<a@b.test>"},
	{"two@x.test", "", "rfc822;x+y=z@other.test", DSN_NOTIFY_NEVER, 0,
		"RCPT TO:<two@x.test> ORCPT=rfc822;x+2By+3Dz@other.test NOTIFY=NEVER"},
	{"a@b.test", "", "", DSN_NOTIFY_DELAY | DSN_NOTIFY_SUCCESS | DSN_NOTIFY_FAILURE, 0,
		"RCPT TO:<a@b.test> NOTIFY=SUCCESS,FAILURE,DELAY"},
	{"a@b.test", "", "", DSN_NOTIFY_FAILURE, 0, "RCPT TO:<a@b.test> NOTIFY=FAILURE"},
	{"a@b.test", "o p@q.test", "", 0, 0, "RCPT TO:<a@b.test> ORCPT=rfc822;\"o+20p\"@q.test"},
	{"a@b.test", "other@q.test", "rfc822;given@q.test", 0, 0,
		"RCPT TO:<a@b.test> ORCPT=rfc822;given@q.test"},
	{"a@b.test", "", "rfc822;us\303\251r@q.test", 0, 0,
		"RCPT TO:<a@b.test> ORCPT=rfc822;us+C3+A9r@q.test"},
	{"a@b.test", "", "UTF-8;a\303\251\342\202\254+\\=b@x.test", 0, 0,
		"RCPT TO:<a@b.test> ORCPT=UTF-8;a\\x{E9}\\x{20AC}\\x{2B}\\x{5C}\\x{3D}b@x.test"},
	{"a@b.test", "", "utf-8;\360\237\230\200\377\001", 0, 0,
		"RCPT TO:<a@b.test> ORCPT=utf-8;\\x{1F600}\\x{FF}\\x{01}"},
	{"a@b.test", "\303\251@q.test", "", 0, 0, "RCPT TO:<a@b.test> ORCPT=utf-8;\\x{E9}@q.test"},
	{"a@b.test", "\351@q.test", "", 0, POSTFIX(3, 10),
		"RCPT TO:<a@b.test> ORCPT=rfc822;+E9@q.test"},
	/* a client's ORCPT stays one parameter */
	{"a@b.test", "", "rfc822 NOTIFY=NEVER;x@y", 0, 0,
		"RCPT TO:<a@b.test> ORCPT=rfc822+20NOTIFY+3DNEVER;x@y"},
	{"a@b.test", "", "x> NOTIFY", 0, 0, "RCPT TO:<a@b.test> ORCPT=x>+20NOTIFY"},
	{"a@b.test", "", "rfc822;a\r\nDATA\r\n", 0, 0,
		"RCPT TO:<a@b.test> ORCPT=rfc822;a+0D+0ADATA+0D+0A"},
	{"@b.test", "", "", 0, 0, "RCPT TO:<\"\"@b.test>"},
	{"q\"uote@b.test", "", "", 0, 0, "RCPT TO:<\"q\\\"uote\"@b.test>"},
	{"a..b@b.test", "", "", 0, 0, "RCPT TO:<\"a..b\"@b.test>"},
	{"\303\251@b.test", "", "", 0, 0, "RCPT TO:<\303\251@b.test>"},
	{"x> NOTIFY=NEVER", "", "", 0, 0, "RCPT TO:<\"x> NOTIFY=NEVER\">"},
	{"a@b.test> NOTIFY=NEVER", "", "", 0, 0, "RCPT TO:<a@b.test??NOTIFY=NEVER>"},
};

static void test_rcpt(void)
{
	struct request request = blank;
	struct envelope envelope = {.config = &config, .request = &request, .ehlo = &ehlo};

	request.sendopts = SENDOPT_SMTPUTF8;
	for (const struct rcpt_case *x = rcpts; x < rcpts + COUNT(rcpts); x++) {
		const struct request_rcpt rcpt = {.address = x->address,
			.original = x->original,
			.dsn_orcpt = x->orcpt,
			.dsn_notify = x->notify};

		ehlo.features = EHLO_DSN;
		config.version = x->version ? x->version : POSTFIX(3, 7);
		is_text(envelope_rcpt(&envelope, &pool, &rcpt, rcpt.address), x->want, x->want);
		ehlo.features = 0;
		okf(strstr(envelope_rcpt(&envelope, &pool, &rcpt, rcpt.address), "> ORCPT=") == NULL,
			"without DSN: %s", x->want);
	}
	config.version = POSTFIX(3, 7);
}

static void test_unquoted(void)
{
	struct request request = blank;
	struct envelope envelope = {.config = &config, .request = &request, .ehlo = &ehlo};
	const struct request_rcpt rcpt = {.address = "a b@c.test> X",
		.original = "",
		.dsn_orcpt = ""};

	config.quote_rfc821_envelope = false;
	is_text(envelope_rcpt(&envelope, &pool, &rcpt, rcpt.address), "RCPT TO:<a b@c.test??X>", "quoting off");
	config.quote_rfc821_envelope = true;
}

static void test_encoding(void)
{
	struct request request = blank;
	struct envelope envelope = {.config = &config, .request = &request, .ehlo = &ehlo};

	ehlo.features = EHLO_8BITMIME;
	request.encoding = "9bit";
	is_text(envelope_mail(&envelope, &pool, envelope.request->sender), "MAIL FROM:<>", "an encoding that is none");
	is_text(heard(), "warning: unknown content encoding: 9bit", "is warned of");

	ehlo.features = 0;
	request.encoding = "7bit";
	ok(!envelope_downgrades(&envelope), "7bit needs no conversion");
	request.encoding = "8bit";
	ok(envelope_downgrades(&envelope), "8bit does");
	request.encoding = "";
	ok(envelope_downgrades(&envelope), "who knows what this is");
	config.disable_mime_output_conversion = true;
	ok(!envelope_downgrades(&envelope), "unless it is not wanted");
	config.disable_mime_output_conversion = false;
	ehlo.features = EHLO_8BITMIME;
	ok(!envelope_downgrades(&envelope), "or the server takes it");
}

static const struct xforward_case {
	unsigned offers;
	const char *name, *address, *port, *proto, *helo, *ident, *context, *first, *second;
} xforwards[] = {
	{0, "localhost", "127.0.0.1", "41926", "ESMTP", "client.test", "4ABC", "local", NULL, NULL},
	{127, "localhost", "127.0.0.1", "41926", "ESMTP", "client.test", "4ABC", "local",
		"XFORWARD NAME=localhost ADDR=127.0.0.1 PORT=41926",
		"XFORWARD PROTO=ESMTP HELO=client.test IDENT=4ABC SOURCE=LOCAL"},
	{XFORWARD_ADDR | XFORWARD_SOURCE, "localhost", "::1", "1", "ESMTP", "h", "4ABC", "remote",
		"XFORWARD ADDR=::1", "XFORWARD SOURCE=REMOTE"},
	{127, "unknown", "UNKNOWN", "unknown", "unknown", "unknown", "", "", NULL,
		"XFORWARD HELO=unknown SOURCE=REMOTE"},
	{XFORWARD_NAME | XFORWARD_HELO, "a b+c\r\n", "", "", "", "", "", "",
		"XFORWARD NAME=a+20b+2Bc+0D+0A", NULL},
};

static void test_xforward(void)
{
	for (const struct xforward_case *x = xforwards; x < xforwards + COUNT(xforwards); x++) {
		struct request request = blank;
		struct envelope envelope = {.config = &config, .request = &request, .ehlo = &ehlo};

		ehlo.xforward = x->offers;
		request.client_name = x->name;
		request.client_address = x->address;
		request.client_port = x->port;
		request.client_proto = x->proto;
		request.client_helo = x->helo;
		request.log_ident = x->ident;
		request.rewrite_context = x->context;
		is_text(envelope_xforward(&envelope, &pool, false), x->first,
			"XFORWARD of the client");
		is_text(envelope_xforward(&envelope, &pool, true), x->second,
			"XFORWARD of the message");
	}
}

int main(void)
{
	heard_start();
	test_mail();
	test_requiretls();
	test_rcpt();
	test_unquoted();
	test_encoding();
	test_xforward();
	heard_stop();
	pool_free(&pool);
	return done();
}

#include "config.h"
#include <stddef.h>
#include "postfix/version.h"
#include "smtp/ehlo.h"
#include "t/lib/tap.h"

static const struct offer {
	const char *name, *text;
	unsigned discard;
	bool inside_tls;
	unsigned features, xforward;
	long limit;
	const char *auth, *bad;
} offers[] = {
	{"nothing", "250 mx.example", 0, false, 0, 0, 0, "", NULL},
	{"the first line is no keyword", "250 PIPELINING", 0, false, 0, 0, 0, "", NULL},
	{"usual", "250-mx.example hello\n250-PIPELINING\n250-SIZE 1000\n250-STARTTLS\n250 8BITMIME", 0,
		false, EHLO_PIPELINING | EHLO_SIZE | EHLO_STARTTLS | EHLO_8BITMIME, 0, 1000, "", NULL},
	{"any case", "250-mx\n250 pipeLining", 0, false, EHLO_PIPELINING, 0, 0, "", NULL},
	{"discarded", "250-mx\n250-PIPELINING\n250 DSN", EHLO_PIPELINING, false, EHLO_DSN, 0, 0, "",
		NULL},
	{"SIZE without a number", "250-mx\n250 SIZE", 0, false, EHLO_SIZE, 0, 0, "", NULL},
	{"SIZE with rubbish", "250-mx\n250 SIZE 12x", 0, false, EHLO_SIZE, 0, 0, "", "12x"},
	{"SIZE beyond all", "250-mx\n250 SIZE 99999999999999999999999", 0, false, EHLO_SIZE, 0, 0, "",
		NULL},
	{"STARTTLS is not offered twice", "250-mx\n250-STARTTLS\n250 SIZE", 0, true, EHLO_SIZE, 0, 0,
		"", NULL},
	{"REQUIRETLS only inside TLS", "250-mx\n250 REQUIRETLS", 0, false, 0, 0, 0, "", NULL},
	{"REQUIRETLS inside TLS", "250-mx\n250 REQUIRETLS", 0, true, EHLO_REQUIRETLS, 0, 0, "", NULL},
	{"AUTH both ways", "250-mx\n250-AUTH PLAIN LOGIN\n250 AUTH=PLAIN LOGIN", 0, false, EHLO_AUTH, 0,
		0, "PLAIN LOGIN", NULL},
	{"AUTH lines add up", "250-mx\n250-AUTH PLAIN\n250 AUTH GSSAPI", 0, false, EHLO_AUTH, 0, 0,
		"PLAIN\nGSSAPI", NULL},
	{"XFORWARD adds up", "250-mx\n250-XFORWARD NAME ADDR WHAT\n250 XFORWARD SOURCE", 0, false,
		EHLO_XFORWARD, XFORWARD_NAME | XFORWARD_ADDR | XFORWARD_SOURCE, 0, "", NULL},
	{"unknown ones", "250-mx\n250-HELP\n250-X-EXPS\n250 ETRN", 0, false, EHLO_ETRN, 0, 0, "", NULL},
	{"empty lines", "250-\n250-\n250 ", 0, false, 0, 0, 0, "", NULL},
};

static void parses(void)
{
	for (const struct offer *o = offers; o < offers + COUNT(offers); o++) {
		struct pool pool = {0};
		struct ehlo ehlo = {0};
		const char *bad;

		ehlo_parse(&pool, o->text, o->discard, o->inside_tls, &ehlo, &bad);
		okf(ehlo.features == o->features, "%s: features", o->name);
		okf(ehlo.xforward == o->xforward, "%s: xforward", o->name);
		is_number(ehlo.size_limit, o->limit, o->name);
		is_text(ehlo.auth, o->auth, o->name);
		is_text(bad, o->bad, o->name);
		pool_free(&pool);
	}
}

static void remembers_the_limit(void)
{
	struct pool pool = {0};
	struct ehlo ehlo = {0};
	const char *bad;

	ehlo_parse(&pool, "250-mx\n250 SIZE 20", 0, false, &ehlo, &bad);
	ehlo_parse(&pool, "250 mx", 0, true, &ehlo, &bad);
	ok(ehlo.size_limit == 20 && ehlo.features == 0, "the limit outlives STARTTLS, the offer doesn't");
	pool_free(&pool);
}

static void words(void)
{
	struct pool pool = {0};

	ok(ehlo_words("pipelining, SIZE\tnonsense", POSTFIX(3, 7)) == (EHLO_PIPELINING | EHLO_SIZE), "words");
	ok(ehlo_words("silent-discard, dsn", POSTFIX(3, 7)) == (EHLO_SILENT_DISCARD | EHLO_DSN), "silent-discard");
	ok(ehlo_words("EHLO_MASK_SMTPUTF8", POSTFIX(3, 10)) == EHLO_SMTPUTF8, "its name up to 3.10");
	ok(ehlo_words("EHLO_MASK_SMTPUTF8", POSTFIX(3, 11)) == 0, "no name in 3.11");
	ok(ehlo_words("smtputf8", POSTFIX(3, 11)) == EHLO_SMTPUTF8, "its name in 3.11");
	is_text(ehlo_names(&pool, EHLO_SIZE | EHLO_8BITMIME | EHLO_SMTPUTF8, POSTFIX(3, 7)),
		"8BITMIME SIZE EHLO_MASK_SMTPUTF8", "as 3.7 lists them");
	is_text(ehlo_names(&pool, EHLO_SIZE | EHLO_8BITMIME | EHLO_SMTPUTF8, POSTFIX(3, 11)),
		"8BITMIME, SIZE, SMTPUTF8", "as 3.11 lists them");
	pool_free(&pool);
}

int main(void)
{
	parses();
	remembers_the_limit();
	words();
	return done();
}

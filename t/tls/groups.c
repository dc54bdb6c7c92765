/* Names of key exchange groups: what is offered of them, and what is said. */
#include "tls/groups.h"
#include <stdlib.h>
#include <gnutls/gnutls.h>
#include "t/dns/heard.h"
#include "t/lib/tap.h"

#define USUAL ":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-X448:+GROUP-SECP521R1:+GROUP-SECP384R1"
#define NONE "warning: none of the configured ECDHE curves are supported\n"
#define SKIPPED(NAME) "tls_eecdh_auto_curves: " NAME " is not supported, and skipped\n"

static const struct {
	const char *name, *curves, *groups;
	int version;
	const char *words, *logged;
} cases[] = {
	{"Postfix 3.7's own", "X25519 X448 prime256v1 secp521r1 secp384r1", "ffdhe2048",
		TLS_POSTFIX(3, 7),
		":+GROUP-X25519:+GROUP-X448:+GROUP-SECP256R1:+GROUP-SECP521R1:+GROUP-SECP384R1", ""},
	{"3.8 has finite fields, too", "X25519", "ffdhe2048 ffdhe3072", TLS_POSTFIX(3, 8),
		":+GROUP-X25519:+GROUP-FFDHE2048:+GROUP-FFDHE3072", ""},
	{"none of them wanted", "X25519", "", TLS_POSTFIX(3, 8), ":+GROUP-X25519", ""},
	{"the library's choice", "", "", TLS_POSTFIX(3, 8), USUAL, ""},
	{"blanks are nothing", " , ", "", TLS_POSTFIX(3, 8), USUAL, ""},
	{"in the order given", "P-521 P-256", "", TLS_POSTFIX(3, 7),
		":+GROUP-SECP521R1:+GROUP-SECP256R1", ""},
	{"two names of one", "P-256,prime256v1:secp256r1", "", TLS_POSTFIX(3, 7), ":+GROUP-SECP256R1",
		""},
	{"in any case", "x25519 p-384", "", TLS_POSTFIX(3, 7), ":+GROUP-X25519:+GROUP-SECP384R1", ""},
	{"what is not known is skipped, and told", "brainpoolP256r1 X25519", "", TLS_POSTFIX(3, 7),
		":+GROUP-X25519", SKIPPED("brainpoolP256r1")},
	{"without a word if it may be unknown", "?brainpoolP256r1 ?*nosuch X25519", "",
		TLS_POSTFIX(3, 10), ":+GROUP-X25519", ""},
	{"nothing is left", "brainpoolP256r1", "", TLS_POSTFIX(3, 7), USUAL,
		SKIPPED("brainpoolP256r1") NONE},
	{"nothing is left, which might be", "?brainpoolP256r1", "", TLS_POSTFIX(3, 7), USUAL, NONE},
	{"OpenSSL 3.5's words", "*P-384 / DEFAULT", "", TLS_POSTFIX(3, 10),
		":+GROUP-SECP384R1:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-X448:+GROUP-SECP521R1", ""},
	{"an unknown finite field", "X25519", "ffdhe1024 ffdhe4096", TLS_POSTFIX(3, 8),
		":+GROUP-X25519:+GROUP-FFDHE4096",
		"tls_ffdhe_auto_groups: ffdhe1024 is not supported, and skipped\n"},
	{"all that there are", "X25519 P-256 X448 P-521 P-384",
		"ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192", TLS_POSTFIX(3, 8),
		":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-X448:+GROUP-SECP521R1:+GROUP-SECP384R1"
		":+GROUP-FFDHE2048:+GROUP-FFDHE3072:+GROUP-FFDHE4096:+GROUP-FFDHE6144"
		":+GROUP-FFDHE8192", ""},
};

/* GnuTLS takes what it is told. */
static bool is_accepted(const char *words)
{
	struct buf text = BUF(0);
	gnutls_priority_t priority;
	bool good;

	buf_addf(&text, "NORMAL:-GROUP-ALL%s", words);
	good = gnutls_priority_init(&priority, buf_text(&text), NULL) == GNUTLS_E_SUCCESS;
	if (good)
		gnutls_priority_deinit(priority);
	buf_close(&text);
	return good;
}

int main(void)
{
	struct heard heard = {.lines = BUF(0)};

	heard_open(&heard);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tls_options options = {.version = cases[i].version,
			.curves = cases[i].curves, .groups = cases[i].groups};
		char *words = groups_words(&options);

		is_text(words, cases[i].words, cases[i].name);
		is_text(buf_text(&heard.lines), cases[i].logged, cases[i].name);
		okf(is_accepted(words), "%s: GnuTLS knows these", cases[i].name);
		buf_clear(&heard.lines);
		free(words);
	}
	buf_close(&heard.lines);
	return done();
}

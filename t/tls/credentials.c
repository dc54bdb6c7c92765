/* Client certificates from files: what loads, and what Postfix 3.7 says when it doesn't. */
#include "tls/credentials.h"
#include <stdio.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/tls/forge.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/text.h"

static struct buf said; /* what was logged, lines joined by '|', without the directory */

static void note(void *context, enum log_severity severity, const char *line, size_t length)
{
	const char *directory = forge_directory(), *at;
	size_t skip = strlen(directory) + 1;
	const char *end = line + length;

	(void)context;
	(void)severity;
	buf_adds(&said, said.length ? "|" : "");
	while ((at = strstr(line, directory)) != NULL) {
		buf_add(&said, line, (size_t)(at - line));
		line = at + skip;
	}
	buf_add(&said, line, (size_t)(end - line));
}

/* The objects of a file: k a key, K its kind the other way round, c a certificate, r a root. */
struct maker {
	struct pool pool;
	struct forged rsa, ec, root, other;
};

static const char *object(struct maker *maker, char letter)
{
	switch (letter) {
	case 'k': return forge_key(&maker->pool, &maker->rsa);
	case 'c': return forge_certificate(&maker->pool, &maker->rsa);
	case 'K': return forge_key(&maker->pool, &maker->ec);
	case 'C': return forge_certificate(&maker->pool, &maker->ec);
	case 'o': return forge_key(&maker->pool, &maker->other);
	case 'r': return forge_certificate(&maker->pool, &maker->root);
	case 'x': return "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	case 'y': return "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
	case 'p': return "-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----\n";
	case 'e': return "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
		"-----END ENCRYPTED PRIVATE KEY-----\n";
	case 't': return "some text\n-----BEGIN CERT\n-----BEGIN X-----\n";
	default: return "";
	}
}

/* Files are named by what is in them; "missing" is. */
static const char *files(struct maker *maker, const char *names)
{
	struct buf all = BUF(0), content = BUF(0);
	const char *name, *text;

	while ((name = text_token(&maker->pool, &names, ", ", false)) != NULL) {
		buf_clear(&content);
		for (const char *letter = name; *letter; letter++)
			buf_adds(&content, object(maker, *letter));
		if (strcmp(name, "missing") == 0)
			name = pool_format(&maker->pool, "%s/missing", forge_directory());
		else
			name = forge_file(&maker->pool, name, buf_text(&content));
		buf_addf(&all, "%s%s", all.length ? "," : "", name);
	}
	text = pool_text(&maker->pool, buf_text(&all));
	buf_close(&all);
	buf_close(&content);
	return text;
}

#define OFF(FILES) "|warning: error loading private keys and certificates from: " FILES \
	": disabling TLS support"
#define PROBLEM "|warning: TLS library problem: error:"
#define MISMATCH PROBLEM "GNUTLS_E_CERTIFICATE_KEY_MISMATCH::The certificate and the given key do " \
	"not match.:"

static const struct {
	const char *chain, *cert, *key, *eccert, *eckey; /* NULL: not set */
	const char *said; /* "" it loads without a word */
	unsigned rsa, ecdsa; /* certificates in the chain that would be shown */
	bool off;            /* there is no engine, though nothing says "disabling TLS" */
} cases[] = {
	{.said = ""},
	{.chain = "kc", .said = "", .rsa = 1},
	{.chain = "kcr", .said = "", .rsa = 2},
	{.chain = "tkctrt", .said = "", .rsa = 2},
	{.chain = "kcKC", .said = "", .rsa = 1, .ecdsa = 1},
	{.chain = "k,c", .said = "", .rsa = 1},
	{.chain = "kc r KC", .said = "", .rsa = 2, .ecdsa = 1},
	{.chain = "-,kc", .said = "", .rsa = 1},
	{.chain = "pKC", .said = "warning: loading pKC: ignoring PEM type: EC PARAMETERS", .ecdsa = 1},
	{.chain = "missing", .said = "warning: error opening chain file: missing: No such file or "
		"directory"},
	{.chain = "kc,missing,x", .said = "warning: error opening chain file: missing: No such file "
		"or directory", .rsa = 1},
	{.chain = "ck", .said = "warning: error loading chain from ck: key not first" OFF("ck")},
	{.chain = "k", .said = "warning: No certs for key at index 1 in k" OFF("k")},
	{.chain = "kcrK", .said = "warning: No certs for key at index 4 in kcrK" OFF("kcrK")},
	{.chain = "kc,K", .said = "warning: No certs for key at index 1 in K" OFF("kc,K")},
	{.chain = "-", .said = "warning: No PEM data in -" OFF("-")},
	{.chain = "kC", .said = "warning: key at index 1 in kC does not match next certificate"
		MISMATCH OFF("kC")},
	{.chain = "kcKc", .said = "warning: key at index 3 in kcKc does not match next certificate"
		MISMATCH OFF("kcKc")},
	{.chain = "kc,kc", .said = "warning: key at index 1 in kc does not match next certificate"
		MISMATCH OFF("kc,kc")},
	{.chain = "kkc", .said = "warning: error loading certificate chain: key at index 1 in kkc not "
		"followed by a certificate" OFF("kkc")},
	{.chain = "kx", .said = "warning: error loading certificate (PEM object number 2) from kx"
		PROBLEM "*" OFF("kx")},
	{.chain = "y", .said = "warning: error loading private key (PEM object number 1) from y"
		PROBLEM "*" OFF("y")},
	{.chain = "ec", .said = "warning: loading ec: ignoring PEM type: ENCRYPTED PRIVATE KEY"
		"|warning: error loading chain from ec: key not first" OFF("ec")},
	{.chain = "kc", .cert = "missing", .said = "", .rsa = 1},

	{.cert = "c", .key = "k", .said = "", .rsa = 1},
	{.cert = "ckr", .key = "k", .said = "", .rsa = 2},
	{.cert = "c", .key = "k", .eccert = "C", .eckey = "pK", .said = "", .rsa = 1, .ecdsa = 1},
	{.cert = "C", .key = "K", .said = "", .ecdsa = 1},
	{.cert = "c", .key = "K", .said = "warning: RSA private key in K does not match public key in c:"
		" disabling TLS support"},
	{.cert = "c", .key = "o", .said = "warning: cannot get RSA private key from file \"o\": "
		"disabling TLS support" MISMATCH},
	{.eccert = "k", .eckey = "K", .said = "warning: cannot get ECDSA certificate from file \"k\": "
		"disabling TLS support" PROBLEM "*"},
	{.cert = "missing", .key = "k", .said = "warning: cannot get RSA certificate from file "
		"\"missing\": disabling TLS support" PROBLEM
		"system library::No such file or directory:calling fopen(missing, r):"},
	{.cert = "c", .key = "missing", .said = "warning: cannot get RSA private key from file "
		"\"missing\": disabling TLS support" PROBLEM
		"system library::No such file or directory:calling fopen(missing, r):"},
	{.cert = "c", .key = "e", .said = "warning: cannot get RSA private key from file \"e\": "
		"disabling TLS support" PROBLEM "*"},
	{.cert = "cx", .key = "k", .said = "warning: cannot get RSA certificate from file \"cx\": "
		"disabling TLS support" PROBLEM "*"},

	{.cert = "kc", .key = "kc", .said = "", .rsa = 1},
	{.cert = "ck", .key = "ck", .said = "", .rsa = 1},
	{.cert = "ckr", .key = "", .said = "", .rsa = 2},
	{.cert = "c", .key = "c", .said = "warning: No private key found in c" OFF("c")},
	{.cert = "k", .key = "k", .said = "warning: No certs for key at index 1 in k" OFF("k")},
	{.cert = "-", .key = "-", .said = "warning: No PEM data in -" OFF("-")},
	{.cert = "missing", .key = "missing", .said = "warning: error opening chain file: missing: "
		"No such file or directory", .off = true},
	{.eccert = "missing", .eckey = "", .said = "warning: error opening chain file: missing: "
		"No such file or directory", .off = true},
	{.cert = "ckKC", .key = "ckKC", .said = "warning: ignoring 2nd key at index 3 in ckKC after 1st "
		"at 2", .rsa = 2},
	{.cert = "ock", .key = "ock", .said = "warning: ignoring 2nd key at index 3 in ock after 1st at 1"
		"|warning: key at index 1 in ock does not match next certificate" MISMATCH OFF("ock")},
};

/* Equal, where '*' in WANT stands for the rest of a line. */
static bool like(const char *got, const char *want)
{
	for (; *want; want++) {
		if (*want == '*')
			got += strcspn(got, "|");
		else if (*got++ != *want)
			return false;
	}
	return *got == '\0';
}

static unsigned chosen(const struct credentials *credentials, gnutls_pk_algorithm_t kind)
{
	gnutls_pcert_st *chain = NULL;
	gnutls_privkey_t key = NULL;
	unsigned length = 99;

	credentials_choose(credentials, &kind, 1, &chain, &length, &key);
	return length;
}

static int no_retrieve(gnutls_session_t session, const gnutls_datum_t *names, int name_count,
	const gnutls_pk_algorithm_t *kinds, int kind_count, gnutls_pcert_st **chain,
	unsigned *length, gnutls_privkey_t *key)
{
	(void)session, (void)names, (void)name_count, (void)kinds, (void)kind_count;
	(void)chain, (void)length, (void)key;
	return 0;
}

int main(void)
{
	struct maker maker = {.pool = {0}};

	log_open(&(struct log_sink){note, NULL});
	maker.root = forge("Root", GNUTLS_PK_ECDSA, NULL, 0);
	maker.rsa = forge("client.example", GNUTLS_PK_RSA, &maker.root, 0);
	maker.other = forge("other.example", GNUTLS_PK_RSA, &maker.root, 0);
	maker.ec = forge("client.example", GNUTLS_PK_ECDSA, &maker.root, 0);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tls_options options = {
			.chain_files = files(&maker, cases[i].chain ? cases[i].chain : ""),
			.cert_file = files(&maker, cases[i].cert ? cases[i].cert : ""),
			.key_file = files(&maker, cases[i].key ? cases[i].key : ""),
			.eccert_file = files(&maker, cases[i].eccert ? cases[i].eccert : ""),
			.eckey_file = files(&maker, cases[i].eckey ? cases[i].eckey : ""),
			.dcert_file = "",
		};
		struct credentials *credentials;
		bool off = cases[i].off || strstr(cases[i].said, "disabling TLS") != NULL;

		buf_clear(&said);
		credentials = credentials_load(&options, no_retrieve);
		okf(like(buf_text(&said), cases[i].said), "case %zu: %s", i, cases[i].said);
		if (!like(buf_text(&said), cases[i].said))
			printf("#  got: %s\n", buf_text(&said));
		okf((credentials == NULL) == off, "case %zu: TLS is %s", i, off ? "off" : "on");
		if (credentials) {
			is_number(chosen(credentials, GNUTLS_PK_RSA), cases[i].rsa, "RSA chain");
			is_number(chosen(credentials, GNUTLS_PK_ECDSA), cases[i].ecdsa, "ECDSA chain");
		}
		credentials_free(credentials);
	}
	forge_free(&maker.rsa);
	forge_free(&maker.other);
	forge_free(&maker.ec);
	forge_free(&maker.root);
	pool_free(&maker.pool);
	buf_close(&said);
	return done();
}

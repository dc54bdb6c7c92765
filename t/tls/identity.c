/* The client's keys with their chains: what is loaded, in which order, and how much. */
#include "tls/identity.h"
#include <string.h>
#include "t/dns/heard.h"
#include "t/lib/tap.h"
#include "t/tls/forge.h"
#include "util/why.h"

static struct pool pool;
static struct heard heard = {.lines = BUF(0)};
static struct forged root, rsa, ec, ed;

static const struct tls_options none = {.cert_file = "", .key_file = "", .dcert_file = "",
	.dkey_file = "", .eccert_file = "", .eckey_file = "", .chain_files = ""};

static const char *key(const struct forged *forged)
{
	return forge_key(&pool, forged);
}

static const char *crt(const struct forged *forged)
{
	return forge_certificate(&pool, forged);
}

static const char *file(const char *name, const char *one, const char *two, const char *three)
{
	return forge_file(&pool, name, pool_format(&pool, "%s%s%s", one, two, three));
}

static bool is_key_of(const struct identity *identity, const struct forged *forged)
{
	unsigned char id[IDENTITY_ID];
	size_t size = sizeof id;

	return gnutls_x509_crt_get_key_id(forged->crt, GNUTLS_KEYID_USE_SHA256, id, &size) >= 0
		&& memcmp(id, identity->key_id, sizeof id) == 0
		&& (int)identity->kind == gnutls_x509_privkey_get_pk_algorithm(forged->key);
}

static bool shows(const struct identity *identity, unsigned at, const struct forged *forged)
{
	gnutls_datum_t want;
	bool same;

	if (gnutls_x509_crt_export2(forged->crt, GNUTLS_X509_FMT_DER, &want) < 0)
		return false;
	same = at < identity->length && identity->chain[at].cert.size == want.size
		&& memcmp(identity->chain[at].cert.data, want.data, want.size) == 0;
	gnutls_free(want.data);
	return same;
}

static void nothing(void)
{
	struct identities identities = {.count = 0};

	ok(identities_load(&identities, &none) && identities.count == 0, "nothing configured");
	identities_free(&identities);
}

static void a_pair(void)
{
	struct identities identities = {.count = 0};
	struct tls_options options = none;

	options.cert_file = file("pair.crt", crt(&rsa), crt(&root), "");
	options.key_file = file("pair.key", key(&rsa), "", "");
	options.eccert_file = file("ec.crt", crt(&ec), "", "");
	options.eckey_file = file("ec.key", key(&ec), "", "");
	ok(identities_load(&identities, &options) && identities.count == 2, "two pairs");
	ok(is_key_of(&identities.identity[0], &rsa) && is_key_of(&identities.identity[1], &ec),
		"RSA before ECDSA");
	ok(identities.identity[0].length == 2 && shows(&identities.identity[0], 0, &rsa)
			&& shows(&identities.identity[0], 1, &root),
		"the leaf before its issuer");
	ok(identities.identity[1].length == 1 && shows(&identities.identity[1], 0, &ec),
		"a leaf alone");
	identities_free(&identities);
	is_number((long long)identities.count, 0, "none is left");
	identities_free(&identities);
}

/* In its certificate's file a key may stand anywhere. */
static void one_file(void)
{
	const char *orders[] = {file("kcr", key(&rsa), crt(&rsa), crt(&root)),
		file("ckr", crt(&rsa), key(&rsa), crt(&root)),
		file("crk", crt(&rsa), crt(&root), key(&rsa))};

	for (size_t i = 0; i < COUNT(orders); i++) {
		struct identities identities = {.count = 0};
		struct tls_options options = none;

		options.cert_file = orders[i];
		options.key_file = i == 0 ? "" : orders[i];
		ok(identities_load(&identities, &options) && identities.count == 1
				&& is_key_of(&identities.identity[0], &rsa),
			"a key in its certificate's file");
		ok(shows(&identities.identity[0], 0, &rsa) && shows(&identities.identity[0], 1, &root),
			"with its chain");
		identities_free(&identities);
	}
}

/* Any number of kinds, over any number of files; other parameters don't count then. */
static void chains(void)
{
	struct identities identities = {.count = 0};
	struct tls_options options = none;

	options.cert_file = "/nonexistent/certificate";
	options.chain_files = pool_format(&pool, "%s, %s",
		file("first", key(&ed), crt(&ed), key(&ec)),
		file("second", crt(&ec), crt(&root), pool_format(&pool, "%s%s", key(&rsa), crt(&rsa))));
	ok(identities_load(&identities, &options) && identities.count == 3, "three kinds");
	ok(is_key_of(&identities.identity[0], &ed) && is_key_of(&identities.identity[1], &ec)
			&& is_key_of(&identities.identity[2], &rsa),
		"in the order of the files");
	ok(identities.identity[1].length == 2 && shows(&identities.identity[1], 0, &ec)
			&& shows(&identities.identity[1], 1, &root),
		"a chain that goes on in the next file");
	identities_free(&identities);
}

/* A chain of COUNT certificates. */
static bool loads(unsigned count)
{
	struct identities identities = {.count = 0};
	struct tls_options options = none;
	const char *text = pool_format(&pool, "%s%s", key(&rsa), crt(&rsa));
	bool good;

	for (unsigned i = 1; i < count; i++)
		text = pool_format(&pool, "%s%s", text, crt(&root));
	options.chain_files = file("long", text, "", "");
	good = identities_load(&identities, &options) && identities.identity[0].length == count;
	identities_free(&identities);
	return good;
}

static void limits(void)
{
	ok(loads(IDENTITY_CHAIN_MOST), "as long a chain as may be");
	ok(!loads(IDENTITY_CHAIN_MOST + 1), "one that is longer");
}

static const struct {
	const char *name;
	const struct forged *certificate, *key;
	const char *why;
} bad[] = {
	{"a key of another kind", &rsa, &ec,
		"RSA private key in %s/bad.key does not match public key in %s/bad.crt"},
	{"the wrong key", &ec, &root, "cannot get RSA private key from file \"%s/bad.key\""},
};

static void refused(void)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct why why = {.pool = &pool};
		struct identities identities = {.count = 0};
		struct tls_options options = none;
		const char *at = bad[i].why, *want = "";

		options.off = &why;
		options.cert_file = file("bad.crt", crt(bad[i].certificate), "", "");
		options.key_file = file("bad.key", key(bad[i].key), "", "");
		for (; *at; at++)
			if (strncmp(at, "%s", 2) == 0) {
				want = pool_format(&pool, "%s%s", want, forge_directory());
				at++;
			} else {
				want = pool_format(&pool, "%s%c", want, *at);
			}
		ok(!identities_load(&identities, &options), bad[i].name);
		is_text(why.text, want, "and why, for who asks");
		identities_free(&identities);
	}
}

static void dsa(void)
{
	struct identities identities = {.count = 0};
	struct tls_options options = none;

	options.dcert_file = "/nonexistent/certificate";
	buf_clear(&heard.lines);
	ok(identities_load(&identities, &options) && identities.count == 0, "DSA is no reason to fail");
	is_text(buf_text(&heard.lines),
		"warning: smtp_tls_dcert_file: DSA certificates are not supported and not sent\n",
		"but to warn");
	options.lmtp = true;
	buf_clear(&heard.lines);
	identities_load(&identities, &options);
	is_text(buf_text(&heard.lines),
		"warning: lmtp_tls_dcert_file: DSA certificates are not supported and not sent\n",
		"by the parameter's name");
}

int main(void)
{
	heard_open(&heard);
	root = forge("root.example", GNUTLS_PK_ECDSA, NULL, 0);
	rsa = forge("client.example", GNUTLS_PK_RSA, &root, 0);
	ec = forge("client.example", GNUTLS_PK_ECDSA, &root, 0);
	ed = forge("client.example", GNUTLS_PK_EDDSA_ED25519, &root, 0);
	nothing();
	a_pair();
	one_file();
	chains();
	limits();
	refused();
	dsa();
	forge_free(&root);
	forge_free(&rsa);
	forge_free(&ec);
	forge_free(&ed);
	buf_close(&heard.lines);
	pool_free(&pool);
	return done();
}

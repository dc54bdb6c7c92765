/* What a server showed, as it is copied out of a session; and which suite was agreed on. */
#include "tls/peer.h"
#include <string.h>
#include "t/lib/tap.h"
#include "t/tls/client.h"
#include "tls/suites.h"

#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define ANON "NORMAL:-VERS-TLS1.3:-KX-ALL:+ANON-ECDH"
#define RAW "NORMAL:-CTYPE-SRV-ALL:+CTYPE-SRV-RAWPK"

static struct forged root, middle, rsa, ec;

static const struct meeting {
	const char *name, *priority;
	const struct forged *identity, *issuer;
	bool raw;
	enum tls_peer_kind kind;
	size_t count;
	const char *suite;
} meetings[] = {
	{"a chain", "NORMAL", &rsa, &middle, false, TLS_PEER_X509, 2, "TLS_AES_256_GCM_SHA384"},
	{"a leaf", "NORMAL", &ec, NULL, false, TLS_PEER_X509, 1, "TLS_AES_256_GCM_SHA384"},
	{"TLS 1.2", TLS12, &rsa, &middle, false, TLS_PEER_X509, 2, "ECDHE-RSA-AES256-GCM-SHA384"},
	{"TLS 1.2, ECDSA", TLS12 ":-CIPHER-ALL:+AES-128-GCM", &ec, NULL, false, TLS_PEER_X509, 1,
		"ECDHE-ECDSA-AES128-GCM-SHA256"},
	{"TLS 1.2, without a new key", TLS12 ":-KX-ALL:+RSA:-CIPHER-ALL:+AES-256-CBC", &rsa, NULL,
		false, TLS_PEER_X509, 1, "AES256-SHA"},
	{"nobody", ANON, NULL, NULL, false, TLS_PEER_NONE, 0, "AECDH-AES256-SHA"},
	{"a bare key", RAW, &ec, NULL, true, TLS_PEER_RAW, 1, "TLS_AES_256_GCM_SHA384"},
};

static bool is_certificate(const struct tls_der *der, const struct forged *forged)
{
	gnutls_datum_t want;
	bool same;

	if (gnutls_x509_crt_export2(forged->crt, GNUTLS_X509_FMT_DER, &want) < 0)
		return false;
	same = want.size == der->length && memcmp(want.data, der->data, want.size) == 0;
	gnutls_free(want.data);
	return same;
}

static void look(const struct meeting *x, const struct tls_peer *peer)
{
	bool x509 = x->kind == TLS_PEER_X509;

	is_number(peer->kind, x->kind, x->name);
	is_number((long long)peer->count, (long long)x->count, x->name);
	okf((peer->leaf != NULL) == x509, "%s: parsed, if it is a certificate", x->name);
	if (x509)
		okf(is_certificate(&peer->chain[0], x->identity)
				&& (x->count < 2 || is_certificate(&peer->chain[1], x->issuer)),
			"%s: byte by byte, the leaf first", x->name);
	if (x->kind == TLS_PEER_RAW)
		okf(der_is_key(peer->chain[0]), "%s: a key", x->name);
}

static void meet(const struct meeting *x)
{
	struct server server = {.priority = x->priority, .identity = x->identity,
		.issuer = x->issuer, .raw = x->raw};
	struct pool pool = {0};
	struct client client;
	struct tls_peer peer = {.count = 99};
	size_t suite;

	client_start(&client, &server, x->priority, NULL);
	is_text(gnutls_strerror(client.handshake), gnutls_strerror(0), x->name);
	ok(tls_peer_read(&pool, client.session, &peer), x->name);
	suite = suite_negotiated(client.session);
	is_text(suite < SUITES ? suites[suite].name : "none of ours", x->suite, x->name);
	client_stop(&client); /* what was read stays */
	look(x, &peer);
	tls_peer_close(&peer);
	ok(peer.leaf == NULL && peer.kind == TLS_PEER_NONE && peer.count == 0, "closed");
	tls_peer_close(&peer);
	pool_free(&pool);
}

/* A handshake that came to nothing shows nobody. */
static void nothing(void)
{
	struct server server = {.does = SERVER_CLOSES};
	struct pool pool = {0};
	struct tls_peer peer = {.kind = TLS_PEER_X509, .count = 99};
	struct client client;

	client_start(&client, &server, "NORMAL", NULL);
	tls_peer_read(&pool, client.session, &peer);
	ok(peer.kind == TLS_PEER_NONE && peer.count == 0 && peer.leaf == NULL, "nobody was there");
	ok(suite_negotiated(client.session) == SUITES, "nor a suite");
	tls_peer_close(&peer);
	client_stop(&client);
	pool_free(&pool);
}

int main(void)
{
	root = forge("root.example", GNUTLS_PK_ECDSA, NULL, 0);
	middle = forge("middle.example", GNUTLS_PK_ECDSA, &root, 0);
	rsa = forge("mx.example", GNUTLS_PK_RSA, &middle, 0);
	ec = forge("mx.example", GNUTLS_PK_ECDSA, &root, 0);
	for (size_t i = 0; i < COUNT(meetings); i++)
		meet(&meetings[i]);
	nothing();
	forge_free(&root);
	forge_free(&middle);
	forge_free(&rsa);
	forge_free(&ec);
	return done();
}

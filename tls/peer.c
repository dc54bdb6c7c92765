#include "tls/certificate.h"
#include "tls/peer.h"

static void copy_chain(struct pool *pool, const gnutls_datum_t *list, unsigned count,
	struct tls_peer *peer)
{
	for (unsigned i = 0; i < count && i < TLS_PEER_MOST; i++) {
		peer->chain[i].data = (uint8_t *)pool_bytes(pool, list[i].data, list[i].size);
		peer->chain[i].length = list[i].size;
		peer->count++;
	}
}

static gnutls_x509_crt_t parse(const struct tls_der *der)
{
	gnutls_datum_t bytes = certificate_datum(*der);
	gnutls_x509_crt_t crt;

	if (gnutls_x509_crt_init(&crt) < 0)
		return NULL;
	if (gnutls_x509_crt_import(crt, &bytes, GNUTLS_X509_FMT_DER) < 0) {
		gnutls_x509_crt_deinit(crt);
		return NULL;
	}
	return crt;
}

bool tls_peer_read(struct pool *pool, gnutls_session_t session, struct tls_peer *peer)
{
	gnutls_certificate_type_t type = gnutls_certificate_type_get2(session, GNUTLS_CTYPE_SERVER);
	const gnutls_datum_t *list;
	unsigned count = 0;

	*peer = (struct tls_peer){.kind = TLS_PEER_NONE};
	if (gnutls_auth_get_type(session) != GNUTLS_CRD_CERTIFICATE)
		return true;
	list = gnutls_certificate_get_peers(session, &count);
	if (list == NULL || count == 0)
		return false; /* a server that authenticates by certificate has one */
	copy_chain(pool, list, type == GNUTLS_CRT_RAWPK ? 1 : count, peer);
	peer->kind = type == GNUTLS_CRT_RAWPK ? TLS_PEER_RAW : TLS_PEER_X509;
	if (peer->kind == TLS_PEER_X509)
		peer->leaf = parse(&peer->chain[0]);
	return true;
}

void tls_peer_close(struct tls_peer *peer)
{
	if (peer->leaf)
		gnutls_x509_crt_deinit(peer->leaf);
	*peer = (struct tls_peer){.kind = TLS_PEER_NONE};
}

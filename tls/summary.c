/* summary - OpenSSL's words for what GnuTLS negotiated. */
#include "tls/summary.h"
#include <string.h>
#include "tls/certificate.h"
#include "tls/engine.h"
#include "util/macros.h"
#include "util/text.h"

const char *summary_word(int version, enum tls_level level, const struct tls_verdict *verdict)
{
	bool must_match = tls_level_must_match(level), trusted = verdict->trusted;

	if (!verdict->present)
		return "Anonymous";
	if (must_match && verdict->matched && level != TLS_LEVEL_HALF_DANE)
		return "Verified";
	if (level == TLS_LEVEL_HALF_DANE)
		trusted = verdict->matched;
	else if (must_match && version >= TLS_POSTFIX(3, 10))
		trusted = trusted && verdict->fault == TLS_FAULT_NAME;
	else if (must_match && version >= TLS_POSTFIX(3, 6))
		trusted = false; /* OpenSSL's one verdict covers the name */
	return trusted ? "Trusted" : "Untrusted";
}

const char *summary_protocol(gnutls_session_t session)
{
	switch ((int)gnutls_protocol_get_version(session)) {
	case GNUTLS_TLS1_0: return "TLSv1";
	case GNUTLS_TLS1_1: return "TLSv1.1";
	case GNUTLS_TLS1_2: return "TLSv1.2";
	case GNUTLS_TLS1_3: return "TLSv1.3";
	default: return "unknown";
	}
}

static const struct {
	gnutls_group_t group;
	const char *old; /* up to 3.9: what kind of key it is */
	const char *new; /* since 3.10: OpenSSL's name of the group */
} exchanges[] = {
	{GNUTLS_GROUP_X25519, "X25519", "x25519"},
	{GNUTLS_GROUP_X448, "X448", "x448"},
	{GNUTLS_GROUP_SECP256R1, "ECDHE (prime256v1)", "secp256r1"},
	{GNUTLS_GROUP_SECP384R1, "ECDHE (secp384r1)", "secp384r1"},
	{GNUTLS_GROUP_SECP521R1, "ECDHE (secp521r1)", "secp521r1"},
	{GNUTLS_GROUP_FFDHE2048, "DHE (2048 bits)", "ffdhe2048"},
	{GNUTLS_GROUP_FFDHE3072, "DHE (3072 bits)", "ffdhe3072"},
	{GNUTLS_GROUP_FFDHE4096, "DHE (4096 bits)", "ffdhe4096"},
	{GNUTLS_GROUP_FFDHE6144, "DHE (6144 bits)", "ffdhe6144"},
	{GNUTLS_GROUP_FFDHE8192, "DHE (8192 bits)", "ffdhe8192"},
};

static const char *exchange(int version, gnutls_session_t session)
{
	gnutls_group_t group = gnutls_group_get(session);
	const char *name = gnutls_group_get_name(group);

	for (size_t i = 0; i < COUNT(exchanges); i++)
		if (exchanges[i].group == group)
			return version >= TLS_POSTFIX(3, 10) ? exchanges[i].new : exchanges[i].old;
	return name == NULL ? "" : strcmp(name, "X25519-MLKEM768") == 0 ? "X25519MLKEM768" : name;
}

static const char *curve(struct pool *pool, gnutls_ecc_curve_t curve)
{
	const char *name = gnutls_ecc_curve_get_name(curve);

	if (curve == GNUTLS_ECC_CURVE_SECP256R1)
		return "prime256v1"; /* OpenSSL's name for it */
	return name ? text_lower(pool_text(pool, name)) : "";
}

struct key {
	int kind; /* gnutls_pk_algorithm_t; negative: not known */
	unsigned bits;
	gnutls_ecc_curve_t curve;
};

static const struct key no_key = {.kind = GNUTLS_E_UNKNOWN_PK_ALGORITHM};

static struct key key_of(gnutls_x509_crt_t certificate)
{
	struct key key = no_key;

	key.kind = gnutls_x509_crt_get_pk_algorithm(certificate, &key.bits);
	if (key.kind == GNUTLS_PK_ECDSA)
		gnutls_x509_crt_get_pk_ecc_raw(certificate, &key.curve, NULL, NULL);
	return key;
}

static struct key raw_key(struct tls_der der)
{
	struct key key = no_key;
	gnutls_pubkey_t public = certificate_key(der);

	if (public == NULL)
		return key;
	key.kind = gnutls_pubkey_get_pk_algorithm(public, &key.bits);
	if (key.kind == GNUTLS_PK_ECDSA)
		gnutls_pubkey_export_ecc_raw2(public, &key.curve, NULL, NULL, 0);
	gnutls_pubkey_deinit(public);
	return key;
}

static struct key own_key(const gnutls_datum_t *der)
{
	struct key key = no_key;
	gnutls_x509_crt_t certificate;

	if (gnutls_x509_crt_init(&certificate) < 0)
		return key;
	if (gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) >= 0)
		key = key_of(certificate);
	gnutls_x509_crt_deinit(certificate);
	return key;
}

/* "RSA-PSS (2048 bits)"; RAW is " raw public key" (3.9) or "". */
static const char *signature(struct pool *pool, const struct key *key, const char *raw)
{
	switch (key->kind) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		return pool_format(pool, *raw ? "RSA-PSS (%u bit%s)" : "RSA-PSS (%u bits%s)",
			key->bits, raw);
	case GNUTLS_PK_ECDSA:
		return pool_format(pool, "ECDSA (%s%s)", curve(pool, key->curve), raw);
	case GNUTLS_PK_EDDSA_ED25519:
		return *raw ? "ED25519 (raw public key)" : "ED25519";
	case GNUTLS_PK_EDDSA_ED448:
		return *raw ? "ED448 (raw public key)" : "ED448";
	default:
		return "";
	}
}

static const char *digest(gnutls_sign_algorithm_t sign)
{
	const char *name = gnutls_digest_get_name(gnutls_sign_get_hash_algorithm(sign));
	gnutls_pk_algorithm_t kind = gnutls_sign_get_pk_algorithm(sign);

	if (kind == GNUTLS_PK_EDDSA_ED25519 || kind == GNUTLS_PK_EDDSA_ED448 || name == NULL)
		return "";
	return name;
}

static void read_server(struct pool *pool, gnutls_session_t session, const struct tls_peer *peer,
	struct summary *summary)
{
	bool raw = peer->kind == TLS_PEER_RAW;
	struct key key = no_key;

	if (raw)
		key = raw_key(peer->chain[0]);
	else if (peer->leaf)
		key = key_of(peer->leaf);
	summary->server_signature = signature(pool, &key, raw ? " raw public key" : "");
	if (!gnutls_session_is_resumed(session))
		summary->server_digest = digest(
			(gnutls_sign_algorithm_t)gnutls_sign_algorithm_get(session));
}

static void read_client(struct pool *pool, gnutls_session_t session, struct summary *summary)
{
	const gnutls_datum_t *ours = gnutls_certificate_get_ours(session);
	struct key key;

	if (ours == NULL || gnutls_session_is_resumed(session)
		|| !gnutls_certificate_client_get_request_status(session))
		return;
	key = own_key(ours);
	summary->client_signature = signature(pool, &key, "");
	summary->client_digest = digest(
		(gnutls_sign_algorithm_t)gnutls_sign_algorithm_get_client(session));
}

void summary_read(struct pool *pool, int version, gnutls_session_t session, size_t suite,
	const struct tls_peer *peer, struct summary *summary)
{
	summary->protocol = summary_protocol(session);
	summary->cipher = suites[suite].name;
	summary->bits = suites[suite].bits;
	summary->exchange = summary->server_signature = summary->server_digest = "";
	summary->client_signature = summary->client_digest = "";
	if (gnutls_protocol_get_version(session) < GNUTLS_TLS1_3)
		return;
	summary->exchange = exchange(version, session);
	if (gnutls_session_is_resumed(session) && version >= TLS_POSTFIX(3, 9))
		return;
	read_server(pool, session, peer, summary);
	read_client(pool, session, summary);
}

const char *summary_text(struct pool *pool, const struct summary *summary, const char *how)
{
	const struct {
		const char *word, *value;
	} parts[] = {
		{"key-exchange", summary->exchange},
		{"server-signature", summary->server_signature},
		{"server-digest", summary->server_digest},
		{"client-signature", summary->client_signature},
		{"client-digest", summary->client_digest},
	};
	struct buf line = BUF(0);
	const char *text;

	buf_addf(&line, "%s TLS connection %s to %s: %s with cipher %s (%d/%d bits)", summary->word,
		how, summary->server, summary->protocol, summary->cipher, summary->bits,
		summary->bits);
	for (size_t i = 0; i < COUNT(parts); i++)
		if (*parts[i].value != '\0')
			buf_addf(&line, " %s %s", parts[i].word, parts[i].value);
	text = pool_text(pool, buf_text(&line));
	buf_close(&line);
	return text;
}

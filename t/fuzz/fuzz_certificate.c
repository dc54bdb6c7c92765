/*
 * A certificate from the network: every question about it, and a verdict on it as leaf, as issuer
 * and as TLSA record. Nothing that is not signed by the one anchor may pass.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tls/certificate.h"
#include "tls/constraints.h"
#include "tls/dn.h"
#include "tls/verify.h"
#include "util/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drop(void *context UNUSED, enum log_severity severity UNUSED, const char *line UNUSED,
	size_t length UNUSED)
{
}

static struct tls_options options = {
	.version = TLS_POSTFIX(3, 7),
	.ca_file = "",
	.ca_path = "",
	.verify_depth = 9,
	.fingerprint_digest = "sha256",
	.dane_digests = "sha512 sha256",
	.log = 0xfff,
};

static void ask(struct pool *pool, struct tls_der der)
{
	struct certificate certificate;
	struct match_name *names;

	if (!certificate_open(&certificate, der))
		return;
	certificate_is_ca(&certificate);
	certificate_path_length(&certificate);
	constraints_permit(&certificate);
	certificate_for_servers(&certificate, true);
	certificate_has_weak_key(&certificate);
	certificate_has_unknown(&certificate);
	certificate_could_be_from(&certificate, &certificate);
	certificate_names(&certificate, pool, &names);
	if (strlen(dn_line(pool, certificate.parts.subject)) > DN_LINE_MOST)
		abort();
	certificate_close(&certificate);
}

static struct tls_verdict judge(struct pool *pool, struct tls_trust *trust,
	const struct tls_expect *expect, struct tls_der der)
{
	struct tls_verify_context context = {&options, trust, "mx", NULL};
	struct tls_peer peer = {.kind = TLS_PEER_X509, .count = 2};
	struct list lines = {.pool = pool};
	struct tls_verdict verdict = {.reused = false};
	struct tls_demand demand;

	peer.chain[0] = peer.chain[1] = der;
	tls_verify_prepare(&context, expect, pool, &demand);
	tls_verify(&context, &demand, &peer, pool, &verdict, &lines);
	return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct log_sink sink = {drop, NULL};
	static const struct tls_name names[] = {{"mx.a.test", "match", false},
		{".a.test", "", false}};
	struct tls_der der = {data, size};
	struct tls_tlsa records[] = {{2, 0, 0, data, size}, {2, 1, 0, data, size},
		{3, 1, 0, data, size / 2}};
	struct tls_expect expect = {.level = TLS_LEVEL_SECURE,
		.names = names,
		.name_count = 2,
		.tlsa = records,
		.tlsa_count = 3};
	struct pool pool = {0};
	struct tls_trust *trust;

	if (size == 0)
		return 0;
	log_open(&sink);
	trust = tls_trust_load(&options);
	ask(&pool, der);
	if (judge(&pool, trust, &expect, der).matched)
		abort(); /* there is no anchor */
	expect.level = TLS_LEVEL_DANE_ONLY;
	if (judge(&pool, trust, &expect, der).matched)
		abort(); /* the leaf is no anchor */
	tls_trust_free(trust);
	pool_free(&pool);
	return 0;
}

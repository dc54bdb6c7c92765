/* The words of the summary; what comes from a handshake is in t/tls/session.c. */
#include "tls/summary.h"
#include "t/lib/tap.h"
#include "tls/engine.h"

static const struct {
	enum tls_level level;
	bool present, trusted, matched;
	enum tls_fault fault;
	const char *old, *middle, *new; /* 3.5, 3.7, 3.10 */
} words[] = {
	{TLS_LEVEL_MAY, false, false, true, TLS_FAULT_NONE, "Anonymous", "Anonymous", "Anonymous"},
	{TLS_LEVEL_SECURE, false, false, false, TLS_FAULT_OTHER, "Anonymous", "Anonymous",
		"Anonymous"},
	{TLS_LEVEL_MAY, true, false, true, TLS_FAULT_NONE, "Untrusted", "Untrusted", "Untrusted"},
	{TLS_LEVEL_ENCRYPT, true, true, true, TLS_FAULT_NONE, "Trusted", "Trusted", "Trusted"},
	{TLS_LEVEL_FINGERPRINT, true, false, true, TLS_FAULT_NONE, "Verified", "Verified", "Verified"},
	{TLS_LEVEL_FINGERPRINT, true, false, false, TLS_FAULT_OTHER, "Untrusted", "Untrusted",
		"Untrusted"},
	{TLS_LEVEL_HALF_DANE, true, true, true, TLS_FAULT_NONE, "Trusted", "Trusted", "Trusted"},
	{TLS_LEVEL_HALF_DANE, true, true, false, TLS_FAULT_OTHER, "Untrusted", "Untrusted",
		"Untrusted"},
	{TLS_LEVEL_DANE, true, true, true, TLS_FAULT_NONE, "Verified", "Verified", "Verified"},
	{TLS_LEVEL_DANE_ONLY, true, false, false, TLS_FAULT_OTHER, "Untrusted", "Untrusted",
		"Untrusted"},
	{TLS_LEVEL_SECURE, true, true, true, TLS_FAULT_NONE, "Verified", "Verified", "Verified"},
	{TLS_LEVEL_SECURE, true, true, false, TLS_FAULT_NAME, "Trusted", "Untrusted", "Trusted"},
	{TLS_LEVEL_VERIFY, true, false, false, TLS_FAULT_CHAIN, "Untrusted", "Untrusted", "Untrusted"},
	{TLS_LEVEL_VERIFY, true, true, false, TLS_FAULT_POLICY, "Trusted", "Untrusted", "Untrusted"},
};

static const struct {
	struct summary facts;
	const char *how, *want;
} lines[] = {
	{{"Verified", "mx.a.test[192.0.2.1]:25", "TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, "X25519",
		"RSA-PSS (2048 bits)", "SHA256", "", ""}, "established",
		"Verified TLS connection established to mx.a.test[192.0.2.1]:25: TLSv1.3 with cipher "
		"TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS "
		"(2048 bits) server-digest SHA256"},
	{{"Untrusted", "mx.a.test[192.0.2.1]:25", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", 256, "", "",
		"", "", ""}, "established",
		"Untrusted TLS connection established to mx.a.test[192.0.2.1]:25: TLSv1.2 with cipher "
		"ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)"},
	{{"Trusted", "h[a]:24", "TLSv1.3", "TLS_AES_128_GCM_SHA256", 128, "ECDHE (prime256v1)",
		"ECDSA (prime256v1)", "SHA256", "ED25519", ""}, "reused",
		"Trusted TLS connection reused to h[a]:24: TLSv1.3 with cipher TLS_AES_128_GCM_SHA256 "
		"(128/128 bits) key-exchange ECDHE (prime256v1) server-signature ECDSA (prime256v1) "
		"server-digest SHA256 client-signature ED25519"},
};

int main(void)
{
	struct pool pool = {0};

	for (size_t i = 0; i < COUNT(words); i++) {
		struct tls_verdict verdict = {.present = words[i].present, .trusted = words[i].trusted,
			.matched = words[i].matched, .fault = words[i].fault};
		enum tls_level level = words[i].level;

		is_text(summary_word(TLS_POSTFIX(3, 5), level, &verdict), words[i].old, "3.5");
		is_text(summary_word(TLS_POSTFIX(3, 7), level, &verdict), words[i].middle, "3.7");
		is_text(summary_word(TLS_POSTFIX(3, 10), level, &verdict), words[i].new, "3.10");
	}
	for (size_t i = 0; i < COUNT(lines); i++)
		is_text(summary_text(&pool, &lines[i].facts, lines[i].how), lines[i].want, "line");
	pool_free(&pool);
	return done();
}

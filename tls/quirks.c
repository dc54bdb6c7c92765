#include "config.h"
#include <stddef.h>
#include "tls/quirks.h"
#include "util/log.h"
#include "util/macros.h"
#include "util/text.h"

enum meaning { IS_SO, HAS_NO_EFFECT, NO_TICKET, UNSAFE_PEERS };

static const struct word {
	const char *name;
	enum meaning meaning;
} options[] = {
	{"ENABLE_MIDDLEBOX_COMPAT", IS_SO},
	{"LEGACY_SERVER_CONNECT", UNSAFE_PEERS},
	{"NO_TICKET", NO_TICKET},
	{"NO_COMPRESSION", IS_SO},
	{"NO_RENEGOTIATION", IS_SO},
	{"NO_SESSION_RESUMPTION_ON_RENEGOTIATION", IS_SO},
	{"PRIORITIZE_CHACHA", IS_SO}, /* a server's matter */
}, workarounds[] = {
	{"CRYPTOPRO_TLSEXT_BUG", IS_SO},
	{"CVE-2005-2969", IS_SO},
	{"CVE-2010-4180", IS_SO},
	{"DONT_INSERT_EMPTY_FRAGMENTS", IS_SO}, /* CBC of TLS 1.0 is guarded in another way */
	{"LEGACY_SERVER_CONNECT", IS_SO},
	{"MICROSOFT_BIG_SSLV3_BUFFER", IS_SO},
	{"MICROSOFT_SESS_ID_BUG", IS_SO},
	{"MSIE_SSLV2_RSA_PADDING", IS_SO},
	{"NETSCAPE_CHALLENGE_BUG", IS_SO},
	{"NETSCAPE_REUSE_CIPHER_CHANGE_BUG", IS_SO},
	{"SSLEAY_080_CLIENT_DH_BUG", IS_SO},
	{"SSLREF2_REUSE_CERT_TYPE_BUG", IS_SO},
	{"TLS_BLOCK_PADDING_BUG", IS_SO},
	{"TLS_D5_BUG", IS_SO},
	{"TLS_ROLLBACK_BUG", IS_SO},
	{"TLSEXT_PADDING", HAS_NO_EFFECT},
};

static void no_effect(const char *param, const char *word)
{
	log_warning("%s: %s is for OpenSSL and has no effect", param, word);
}

static const struct word *find(const struct word *words, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (text_same(words[i].name, name))
			return &words[i];
	return NULL;
}

/* A mask of bits that are OpenSSL's alone. */
static bool is_mask(const char *value)
{
	return text_starts_any_case(value, "0x");
}

static void read_words(const char *param, const char *value, const struct word *words,
	size_t count, struct quirks *quirks)
{
	struct pool pool = {0};
	const char *rest = value, *name;

	while ((name = text_token(&pool, &rest, TEXT_LIST_SEPARATORS, false)) != NULL) {
		const struct word *word = find(words, count, name);

		if (word == NULL)
			log_warning("unknown %s value \"%s\" in \"%s\"", param, name, value);
		else if (word->meaning == HAS_NO_EFFECT)
			no_effect(param, word->name);
		else if (word->meaning == NO_TICKET)
			quirks->no_tickets = true;
		else if (word->meaning == UNSAFE_PEERS)
			quirks->unsafe_peers = true;
	}
	pool_free(&pool);
}

void quirks_options(const char *value, struct quirks *quirks)
{
	*quirks = (struct quirks){false};
	if (value == NULL)
		return;
	if (is_mask(value))
		no_effect("tls_ssl_options", value);
	else
		read_words("tls_ssl_options", value, options, COUNT(options), quirks);
}

void quirks_workarounds(const char *value)
{
	struct quirks none;

	if (value && !is_mask(value)) /* there is none, so each can be disabled */
		read_words("tls_disable_workarounds", value, workarounds, COUNT(workarounds), &none);
}

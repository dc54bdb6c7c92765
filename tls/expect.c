/* expect - the words of smtp_tls_security_level (postconf(5)). */
#include "tls/expect.h"
#include "util/macros.h"
#include "util/text.h"

static const struct {
	enum tls_level level;
	const char *word;
} levels[] = {
	{TLS_LEVEL_NONE, "none"},
	{TLS_LEVEL_MAY, "may"},
	{TLS_LEVEL_ENCRYPT, "encrypt"},
	{TLS_LEVEL_FINGERPRINT, "fingerprint"},
	{TLS_LEVEL_HALF_DANE, "half-dane"},
	{TLS_LEVEL_DANE, "dane"},
	{TLS_LEVEL_DANE_ONLY, "dane-only"},
	{TLS_LEVEL_VERIFY, "verify"},
	{TLS_LEVEL_SECURE, "secure"},
};

enum tls_level tls_level_parse(const char *word)
{
	for (size_t i = 0; i < COUNT(levels); i++)
		if (text_same(word, levels[i].word) && levels[i].level != TLS_LEVEL_HALF_DANE)
			return levels[i].level;
	return TLS_LEVEL_INVALID;
}

const char *tls_level_name(enum tls_level level)
{
	for (size_t i = 0; i < COUNT(levels); i++)
		if (levels[i].level == level)
			return levels[i].word;
	return "unknown";
}

bool tls_level_required(enum tls_level level)
{
	return level > TLS_LEVEL_MAY;
}

bool tls_level_must_match(enum tls_level level)
{
	return level > TLS_LEVEL_ENCRYPT;
}

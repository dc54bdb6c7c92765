/* The words for levels, and what they compare like. */
#include "tls/expect.h"
#include "t/lib/tap.h"

static const struct {
	const char *word;
	enum tls_level level;
	bool required, must_match;
} words[] = {
	{"none", TLS_LEVEL_NONE, false, false},
	{"may", TLS_LEVEL_MAY, false, false},
	{"encrypt", TLS_LEVEL_ENCRYPT, true, false},
	{"fingerprint", TLS_LEVEL_FINGERPRINT, true, true},
	{"dane", TLS_LEVEL_DANE, true, true},
	{"dane-only", TLS_LEVEL_DANE_ONLY, true, true},
	{"verify", TLS_LEVEL_VERIFY, true, true},
	{"secure", TLS_LEVEL_SECURE, true, true},
};

static const char *const wrong[] = {
	"", "half-dane", "HALF-DANE", "half_dane", "sure", "may ", "ma",
};

int main(void)
{
	enum tls_level last = TLS_LEVEL_NOT_FOUND;

	for (size_t i = 0; i < COUNT(words); i++) {
		enum tls_level level = tls_level_parse(words[i].word);

		is_number(level, words[i].level, words[i].word);
		is_text(tls_level_name(level), words[i].word, words[i].word);
		okf(tls_level_required(level) == words[i].required, "%s: required", words[i].word);
		okf(tls_level_must_match(level) == words[i].must_match, "%s: must match", words[i].word);
		okf(level > last, "%s: stronger than the one before", words[i].word);
		last = level;
	}
	is_number(tls_level_parse("Dane-ONLY"), TLS_LEVEL_DANE_ONLY, "any letter case");
	for (size_t i = 0; i < COUNT(wrong); i++)
		okf(tls_level_parse(wrong[i]) == TLS_LEVEL_INVALID, "\"%s\" is no level", wrong[i]);

	is_text(tls_level_name(TLS_LEVEL_HALF_DANE), "half-dane", "half-dane has a name");
	ok(tls_level_must_match(TLS_LEVEL_HALF_DANE), "half-dane must match");
	is_text(tls_level_name(TLS_LEVEL_INVALID), "unknown", "an invalid level has a name too");
	return done();
}

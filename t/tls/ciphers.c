/* OpenSSL's lists over our table: what `openssl ciphers` of 3.0 says, without PSK and SRP. */
#include "tls/ciphers.h"
#include <string.h>
#include "t/lib/tap.h"
#include "util/buf.h"

#define MEDIUM "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH"

/* What Postfix 3.7 with OpenSSL 3.0 offers for medium, in this order, TLS 1.3 left out. */
static const char medium[] =
	"ADH-AES256-GCM-SHA384:ADH-AES256-SHA256:ADH-CAMELLIA256-SHA256:AECDH-AES256-SHA:"
	"ADH-AES256-SHA:ADH-CAMELLIA256-SHA:ECDHE-ECDSA-AES256-GCM-SHA384:"
	"ECDHE-RSA-AES256-GCM-SHA384:DHE-DSS-AES256-GCM-SHA384:DHE-RSA-AES256-GCM-SHA384:"
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
	"DHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-CCM8:ECDHE-ECDSA-AES256-CCM:"
	"DHE-RSA-AES256-CCM8:DHE-RSA-AES256-CCM:ECDHE-ECDSA-ARIA256-GCM-SHA384:"
	"ECDHE-ARIA256-GCM-SHA384:DHE-DSS-ARIA256-GCM-SHA384:DHE-RSA-ARIA256-GCM-SHA384:"
	"ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:DHE-RSA-AES256-SHA256:"
	"DHE-DSS-AES256-SHA256:ECDHE-ECDSA-CAMELLIA256-SHA384:"
	"ECDHE-RSA-CAMELLIA256-SHA384:DHE-RSA-CAMELLIA256-SHA256:"
	"DHE-DSS-CAMELLIA256-SHA256:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
	"DHE-RSA-AES256-SHA:DHE-DSS-AES256-SHA:DHE-RSA-CAMELLIA256-SHA:"
	"DHE-DSS-CAMELLIA256-SHA:AES256-GCM-SHA384:AES256-CCM8:AES256-CCM:"
	"ARIA256-GCM-SHA384:AES256-SHA256:CAMELLIA256-SHA256:AES256-SHA:CAMELLIA256-SHA:"
	"ADH-AES128-GCM-SHA256:ADH-AES128-SHA256:ADH-CAMELLIA128-SHA256:AECDH-AES128-SHA:"
	"ADH-AES128-SHA:ADH-CAMELLIA128-SHA:ECDHE-ECDSA-AES128-GCM-SHA256:"
	"ECDHE-RSA-AES128-GCM-SHA256:DHE-DSS-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:"
	"ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-CCM:DHE-RSA-AES128-CCM8:"
	"DHE-RSA-AES128-CCM:ECDHE-ECDSA-ARIA128-GCM-SHA256:ECDHE-ARIA128-GCM-SHA256:"
	"DHE-DSS-ARIA128-GCM-SHA256:DHE-RSA-ARIA128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256:"
	"ECDHE-RSA-AES128-SHA256:DHE-RSA-AES128-SHA256:DHE-DSS-AES128-SHA256:"
	"ECDHE-ECDSA-CAMELLIA128-SHA256:ECDHE-RSA-CAMELLIA128-SHA256:"
	"DHE-RSA-CAMELLIA128-SHA256:DHE-DSS-CAMELLIA128-SHA256:ECDHE-ECDSA-AES128-SHA:"
	"ECDHE-RSA-AES128-SHA:DHE-RSA-AES128-SHA:DHE-DSS-AES128-SHA:"
	"DHE-RSA-CAMELLIA128-SHA:DHE-DSS-CAMELLIA128-SHA:AES128-GCM-SHA256:AES128-CCM8:"
	"AES128-CCM:ARIA128-GCM-SHA256:AES128-SHA256:CAMELLIA128-SHA256:AES128-SHA:"
	"CAMELLIA128-SHA";

/* How many of the 89 suites a word names (openssl ciphers -v WORD | wc -l). */
static const struct {
	const char *word;
	size_t count;
} words[] = {
	{"aNULL", 13}, {"ADH", 10}, {"AECDH", 3}, {"eNULL", 6}, {"NULL", 6}, {"kRSA", 19}, {"RSA", 19},
	{"aRSA", 48}, {"aECDSA", 16}, {"ECDSA", 16}, {"aDSS", 12}, {"DSS", 12}, {"kDHE", 39},
	{"kEDH", 39}, {"DH", 39}, {"DHE", 29}, {"EDH", 29}, {"kECDHE", 31}, {"kEECDH", 31},
	{"ECDH", 31}, {"ECDHE", 28}, {"EECDH", 28}, {"kDHr", 0}, {"kDHd", 0}, {"aDH", 0},
	{"kECDHr", 0}, {"kECDHe", 0}, {"aECDH", 0}, {"GOST", 0}, {"AES", 50}, {"AES128", 25},
	{"AES256", 25}, {"AESGCM", 12}, {"AESCCM", 12}, {"AESCCM8", 6}, {"CHACHA20", 3},
	{"CAMELLIA", 20}, {"CAMELLIA128", 10}, {"CAMELLIA256", 10}, {"ARIA", 10}, {"ARIA128", 5},
	{"ARIA256", 5}, {"CBC", 46}, {"SHA1", 26}, {"SHA", 26}, {"SHA256", 21}, {"SHA384", 4},
	{"MD5", 1}, {"3DES", 0}, {"DES", 0}, {"RC4", 0}, {"RC2", 0}, {"IDEA", 0}, {"SEED", 0},
	{"EXP", 0}, {"EXPORT", 0}, {"LOW", 0}, {"MEDIUM", 0}, {"HIGH", 83}, {"ALL", 83},
	{"COMPLEMENTOFALL", 6}, {"COMPLEMENTOFDEFAULT", 56}, {"TLSv1.2", 62}, {"TLSv1", 9},
	{"TLSv1.0", 9}, {"SSLv3", 18}, {"FIPS", 38}, {"PSK", 0}, {"SRP", 0}, {"AES+SHA", 14},
	{"kRSA+AES", 10}, {"ECDHE-RSA-AES256-GCM-SHA384", 1}, {"AES256-SHA", 1},
	{"TLS_AES_256_GCM_SHA384", 0}, {"PSD", 0}, {"aes", 0}, {"ECDHE+DHE", 0}, {"HIGH+FIPS", 0},
	{"AES128+AES256-SHA", 0}, {"AES256-SHA+AES256", 1},
};

static const struct {
	const char *list, *want;
} lists[] = {
	{"", ""},
	{"::,; ", ""},
	{"AES128-SHA:AES256-SHA", "AES128-SHA:AES256-SHA"},
	{"AES128-SHA AES256-SHA", "AES128-SHA:AES256-SHA"},
	{"AES128-SHA:AES256-SHA:@STRENGTH", "AES256-SHA:AES128-SHA"},
	{"AES128-SHA:AES256-SHA:+AES128", "AES256-SHA:AES128-SHA"},
	{"AES128-SHA:AES256-SHA:-AES128", "AES256-SHA"},
	{"AES128-SHA:!AES128:AES128-SHA:AES256-SHA", "AES256-SHA"},
	{"NULL-SHA:-NULL-SHA:MD5:NULL-SHA", "NULL-MD5:NULL-SHA"},
	{"NULL-MD5:NULL-SHA:-NULL-MD5:-NULL-SHA:kRSA+eNULL", "NULL-SHA:NULL-MD5:NULL-SHA256"},
	{"nonsense/x:AES128-SHA", "AES128-SHA"},
	{"nonsense+AES:AES128-SHA", "AES128-SHA"},
	{"AES+nonsense+SHA:AES128-SHA", "AES128-SHA"},
	{"AES128-SHA:@SECLEVEL=2", "AES128-SHA"},
	{"eNULL:!aNULL", "ECDHE-ECDSA-NULL-SHA:ECDHE-RSA-NULL-SHA:NULL-SHA256:NULL-SHA:NULL-MD5"},
	{"eNULL:!aNULL:!eNULL", ""},
	{"DEFAULT:!AES:!CHACHA20", ""},
	{"DEFAULT:!AES", "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
		"DHE-RSA-CHACHA20-POLY1305"},
	{"AES128-SHA:DEFAULT", "AES128-SHA"},
};

static const char *const malformed[] = {
	"!", "AES:!:SHA", "AES:-", "+", "@FOO", "AES128-SHA:@STRENGTHS", "@SECLEVEL=6", "@SECLEVEL=",
	"@", "AES+", "AES128-SHA/x", "AES128-SHA:(", "!!AES",
};

static const char *names(const struct cipher_list *list, struct buf *buf)
{
	buf_clear(buf);
	for (size_t i = 0; i < list->count; i++)
		buf_addf(buf, "%s%s", i ? ":" : "", suites[list->order[i]].name);
	return buf_text(buf);
}

static void exclusions(void)
{
	struct cipher_list with, without, named;
	struct buf buf = BUF(0);

	ciphers_evaluate(MEDIUM, &with);
	for (size_t i = 0; i < COUNT(words); i++) {
		size_t common = 0;

		ciphers_evaluate(words[i].word, &named);
		for (size_t j = 0; j < with.count; j++)
			common += memchr(named.order, with.order[j], named.count) != NULL;
		buf_clear(&buf);
		buf_addf(&buf, "%s:!%s", MEDIUM, words[i].word);
		ciphers_evaluate(buf_text(&buf), &without);
		okf(without.count == with.count - common, "!%s takes %zu from medium", words[i].word,
			common);
	}
	buf_close(&buf);
}

int main(void)
{
	struct buf buf = BUF(0);
	struct cipher_list list;

	ok(ciphers_evaluate(MEDIUM, &list), "medium is a list");
	is_text(names(&list, &buf), medium, "medium is what Postfix offers");
	for (size_t i = 0; i < COUNT(words); i++) {
		ok(ciphers_evaluate(words[i].word, &list), words[i].word);
		is_number((long long)list.count, (long long)words[i].count, words[i].word);
	}
	exclusions();
	for (size_t i = 0; i < COUNT(lists); i++) {
		ok(ciphers_evaluate(lists[i].list, &list), lists[i].list);
		is_text(names(&list, &buf), lists[i].want, lists[i].list);
	}
	for (size_t i = 0; i < COUNT(malformed); i++)
		okf(!ciphers_evaluate(malformed[i], &list), "malformed: %s", malformed[i]);

	ok(ciphers_known("AES+SHA") && ciphers_known("RC4") && ciphers_known("AES128-SHA")
		&& ciphers_known("TLS_AES_128_GCM_SHA256"), "known words");
	ok(!ciphers_known("PSD") && !ciphers_known("aes") && !ciphers_known("AES+PSD")
		&& !ciphers_known("AES+") && !ciphers_known("") && !ciphers_known("AES/"), "unknown words");
	buf_close(&buf);
	return done();
}

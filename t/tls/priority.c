/* From settings to what GnuTLS offers: the default exactly, exclusions, groups, and refusals. */
#include "tls/priority.h"
#include <stdio.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/tls/forge.h"
#include "util/buf.h"
#include "util/log.h"

#define START "aNULL:-aNULL:HIGH"
#define OFF ":!SEED:!IDEA:!3DES:!RC2:!RC4:!RC5:!kDH:!kECDH:!aDSS:!MD5"

static struct tls_options options = {
	.version = TLS_POSTFIX(3, 7),
	.high_list = START ":@STRENGTH",
	.medium_list = START ":MEDIUM:+RC4:@STRENGTH",
	.low_list = START ":MEDIUM:LOW:+RC4:@STRENGTH",
	.export_list = "AES128-SHA",
	.null_list = "eNULL:!aNULL",
	.curves = "X25519 X448 prime256v1 secp521r1 secp384r1",
	.groups = "ffdhe2048 ffdhe3072",
};

static struct buf said; /* what was logged, lines joined by '|' */

static void note(void *context, enum log_severity severity, const char *line, size_t length)
{
	(void)context;
	(void)severity;
	buf_addf(&said, "%s%.*s", said.length ? "|" : "", (int)length, line);
}

static struct tls_expect expect_at(enum tls_level level)
{
	return (struct tls_expect){.level = level, .protocols = ">=TLSv1", .grade = "medium",
		.exclude = "", .sni = ""};
}

static const struct priority *find(struct priorities *all, const struct tls_expect *expect)
{
	struct priority_wish wish = {.expect = expect,
		.must_match = tls_level_must_match(expect->level)};

	buf_clear(&said);
	return priority_find(all, &wish, "mx.example[192.0.2.1]:25");
}

/* Suites GnuTLS would put into the hello; *listed of them are in the allowed set. */
static size_t offered(const struct priority *priority, size_t *listed)
{
	size_t count = 0;
	unsigned index;

	*listed = 0;
	for (unsigned i = 0;; i++) {
		unsigned char id[2] = {0};
		int rc = gnutls_priority_get_cipher_suite_index(priority->offer, i, &index);

		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return count;
		if (rc != GNUTLS_E_SUCCESS)
			continue;
		gnutls_cipher_suite_info(index, id, NULL, NULL, NULL, NULL);
		count++;
		for (size_t s = 0; s < SUITES; s++)
			*listed += suites[s].id == (id[0] << 8 | id[1]) && priority_allows(priority, s);
	}
}

static void suites_of_levels(struct priorities *all)
{
	static const struct {
		enum tls_level level;
		size_t count;
		bool anonymous;
	} levels[] = {
		{TLS_LEVEL_MAY, 78, true},
		{TLS_LEVEL_ENCRYPT, 78, true},
		{TLS_LEVEL_FINGERPRINT, 66, false},
		{TLS_LEVEL_DANE, 66, false},
		{TLS_LEVEL_SECURE, 66, false},
	};

	for (size_t i = 0; i < COUNT(levels); i++) {
		struct tls_expect expect = expect_at(levels[i].level);
		const struct priority *priority = find(all, &expect);
		const char *name = tls_level_name(levels[i].level);
		bool strict = tls_level_must_match(levels[i].level);
		size_t listed, count = offered(priority, &listed);

		okf(count == levels[i].count, "%s offers %zu suites", name, count);
		okf(listed == count, "%s: all of them are in the list", name);
		okf(priority->anonymous == levels[i].anonymous, "%s: anonymous or not", name);
		okf(strict == (strstr(priority->text, "TLS1.1") == NULL), "%s: TLS 1.1", name);
		okf(strict == (strstr(priority->text, ":-SIGN-RSA-SHA1") != NULL), "%s: SHA-1", name);
		priority_done(priority);
	}
}

static const struct {
	const char *exclude;
	size_t count; /* of the 78 at may */
	size_t allowed; /* suites among them that may be negotiated; fewer: a product cannot say it */
} exclusions[] = {
	{"aNULL", 66, 66},
	{"ADH", 68, 68},
	{"AECDH", 76, 76},
	{"eNULL, MD5, RC4, 3DES, LOW", 78, 78},
	{"kRSA", 64, 64},
	{"aRSA", 40, 40},
	{"aECDSA", 65, 65},
	{"aDSS", 68, 68},
	{"kEDH", 43, 43},
	{"kEECDH", 54, 54},
	{"CAMELLIA", 58, 58},
	{"SHA1", 56, 56},
	{"SHA256", 58, 58},
	{"CBC:AESCCM", 18, 18},
	{"AESGCM", 78, 66}, /* the same words serve TLS 1.3 */
	{"CHACHA20", 78, 75},
	{"AES+SHA", 76, 64},
	{"ECDHE-RSA-AES256-GCM-SHA384", 78, 77},
	{"TLS_AES_256_GCM_SHA384", 78, 78},
};

static void exclusions_at_may(struct priorities *all)
{
	for (size_t i = 0; i < COUNT(exclusions); i++) {
		struct tls_expect expect = expect_at(TLS_LEVEL_MAY);
		const struct priority *priority;
		size_t listed, count;

		expect.exclude = exclusions[i].exclude;
		priority = find(all, &expect);
		count = offered(priority, &listed);
		okf(count == exclusions[i].count, "without %s: %zu offered", expect.exclude, count);
		okf(listed == exclusions[i].allowed, "without %s: %zu allowed", expect.exclude,
			listed);
		is_text(buf_text(&said), "", "nothing to say about it");
		priority_done(priority);
	}
}

static const struct {
	enum tls_level level;
	const char *protocols, *grade, *exclude, *said;
} wrongs[] = {
	{TLS_LEVEL_MAY, "TLSv9", "medium", "",
		"warning: S: Invalid TLS protocol list \"TLSv9\": aborting TLS session"},
	{TLS_LEVEL_MAY, "SSLv3", "medium", "", "SSL_connect error to S: -1|"
		"warning: TLS library problem: error:protocols::no protocols available:"},
	{TLS_LEVEL_VERIFY, "TLSv1.1", "medium", "", "SSL_connect error to S: -1|"
		"warning: TLS library problem: error:protocols::no protocols available:"},
	{TLS_LEVEL_MAY, "", "great", "", "warning: S: invalid cipher grade: \"great\""},
	{TLS_LEVEL_ENCRYPT, "", "null", "", "warning: S: error setting cipher grade: \"null\"|"
		"warning: TLS library problem: error:cipher list::no cipher match:"},
	{TLS_LEVEL_MAY, "", "medium", "HIGH",
		"warning: S: error setting cipher grade: \"medium\"|"
		"warning: TLS library problem: error:cipher list::no cipher match:"},
	{TLS_LEVEL_MAY, "", "medium", "(x",
		"S: cipher exclusion has no effect, no cipher is called: (x|"
		"warning: S: error setting cipher grade: \"medium\"|"
		"warning: TLS library problem: error:cipher list::invalid command:"},
	{TLS_LEVEL_MAY, "", "medium", "!AES",
		"warning: S: invalid unary '!+-@' in cipher exclusion: !AES"},
	{TLS_LEVEL_MAY, "", "medium", "3DES +AES",
		"warning: S: invalid unary '!+-@' in cipher exclusion: +AES"},
	{TLS_LEVEL_MAY, "", "medium", "@STRENGTH",
		"warning: S: invalid unary '!+-@' in cipher exclusion: @STRENGTH"},
};

static void refusals(struct priorities *all)
{
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		struct tls_expect expect = expect_at(wrongs[i].level);
		struct priority_wish wish = {.expect = &expect,
			.must_match = tls_level_must_match(expect.level)};

		expect.protocols = wrongs[i].protocols;
		expect.grade = wrongs[i].grade;
		expect.exclude = wrongs[i].exclude;
		for (int again = 0; again < 2; again++) {
			buf_clear(&said);
			ok(priority_find(all, &wish, "S") == NULL, wrongs[i].said);
			is_text(buf_text(&said), wrongs[i].said, again ? "again" : "refused");
		}
	}
}

static const struct {
	int version;
	const char *curves, *groups, *want, *said;
} choices[] = {
	{TLS_POSTFIX(3, 7), "X25519 X448 prime256v1 secp521r1 secp384r1", "ffdhe2048",
		":+GROUP-X25519:+GROUP-X448:+GROUP-SECP256R1:+GROUP-SECP521R1:+GROUP-SECP384R1", ""},
	{TLS_POSTFIX(3, 8), "X25519", "ffdhe2048 ffdhe3072",
		":+GROUP-X25519:+GROUP-FFDHE2048:+GROUP-FFDHE3072", ""},
	{TLS_POSTFIX(3, 7), "", "",
		":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-X448:+GROUP-SECP521R1:+GROUP-SECP384R1", ""},
	{TLS_POSTFIX(3, 7), "P-256, brainpoolP256r1:secp384r1 P-256", "",
		":+GROUP-SECP256R1:+GROUP-SECP384R1",
		"tls_eecdh_auto_curves: brainpoolP256r1 is not supported, and skipped"},
	{TLS_POSTFIX(3, 7), "sect571r1", "",
		":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-X448:+GROUP-SECP521R1:+GROUP-SECP384R1",
		"tls_eecdh_auto_curves: sect571r1 is not supported, and skipped|"
		"warning: none of the configured ECDHE curves are supported"},
	{TLS_POSTFIX(3, 11), "?*brainpoolP256r1/?secp521r1:DEFAULT", "",
		":+GROUP-SECP521R1:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-X448:+GROUP-SECP384R1", ""},
};

static void group_choices(void)
{
	for (size_t i = 0; i < COUNT(choices); i++) {
		struct tls_options other = options;
		struct tls_expect expect = expect_at(TLS_LEVEL_MAY);
		struct priorities *all;
		const struct priority *priority;

		other.version = choices[i].version;
		other.curves = choices[i].curves;
		other.groups = choices[i].groups;
		buf_clear(&said);
		all = priorities_new(&other);
		is_text(buf_text(&said), choices[i].said, choices[i].curves);
		priority = find(all, &expect);
		is_text(strstr(priority->text, ":+GROUP-"), choices[i].want, choices[i].curves);
		priority_done(priority);
		priorities_free(all);
	}
}

static void grades(struct priorities *all)
{
	struct tls_options newer = options;
	struct priorities *new;
	struct tls_expect expect = expect_at(TLS_LEVEL_MAY);
	const struct priority *priority;
	size_t listed;

	expect.grade = "EXPORT";
	priority = find(all, &expect);
	is_text(priority->list, "AES128-SHA", "export is a list of its own up to 3.7");
	is_number((long long)offered(priority, &listed), 6, "one suite, and those of TLS 1.3");
	priority_done(priority);

	newer.version = TLS_POSTFIX(3, 8);
	newer.medium_list = START ":MEDIUM" OFF ":+RC4:@STRENGTH";
	new = priorities_new(&newer);
	priority = find(new, &expect);
	is_text(priority->list, newer.medium_list, "export is medium from 3.8 on");
	is_number((long long)offered(priority, &listed), 68, "which has no DSS");
	priority_done(priority);
	expect.level = TLS_LEVEL_ENCRYPT;
	expect.exclude = "SHA1, kRSA";
	priority = find(new, &expect);
	is_text(priority->list, START ":MEDIUM" OFF ":+RC4:@STRENGTH:!SHA1:!kRSA:!eNULL",
		"exclusions go to the end, the built-in one last");
	priority_done(priority);
	priorities_free(new);

	expect = expect_at(TLS_LEVEL_MAY);
	expect.grade = "null";
	priority = find(all, &expect);
	ok(strstr(priority->text, ":+NULL:") != NULL, "null really is null");
	is_text(buf_text(&said), "warning: these ciphers do not encrypt: eNULL:!aNULL", "and says so");
	priority_done(priority);
	expect.exclude = "PSD";
	expect.grade = "medium";
	priority = find(all, &expect);
	is_text(buf_text(&said), "mx.example[192.0.2.1]:25: cipher exclusion has no effect, "
		"no cipher is called: PSD", "an unknown exclusion is told");
	priority_done(priority);
	priority = find(all, &expect);
	is_text(buf_text(&said), "", "once");
	priority_done(priority);
}

static void order(struct priorities *all)
{
	struct tls_expect expect = expect_at(TLS_LEVEL_MAY);
	const struct priority *first = find(all, &expect), *second = find(all, &expect);
	struct priority_wish wish = {.expect = &expect, .raw_keys = true, .lenient = true,
		.unsafe = true};

	is_text(first->text, "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0"
		":+AES-256-GCM:+CHACHA20-POLY1305:+AES-256-CCM-8:+AES-256-CCM:+AES-256-CBC"
		":+CAMELLIA-256-CBC:+AES-128-GCM:+AES-128-CCM-8:+AES-128-CCM:+AES-128-CBC"
		":+CAMELLIA-128-CBC:+AEAD:+SHA384:+SHA256:+SHA1:+ECDHE-ECDSA:+ECDHE-RSA:+DHE-DSS"
		":+DHE-RSA:+RSA:+ANON-DH:+ANON-ECDH:+COMP-NULL:+SIGN-ALL:+CTYPE-X509:%SAFE_RENEGOTIATION"
		":+GROUP-X25519:+GROUP-X448:+GROUP-SECP256R1:+GROUP-SECP521R1:+GROUP-SECP384R1",
		"the default in GnuTLS's words");
	ok(first == second, "worked out once");
	priority_done(first);
	priority_done(second);

	first = priority_find(all, &wish, "S");
	ok(strstr(first->text, ":+CTYPE-SRV-RAWPK:+CTYPE-SRV-X509:+CTYPE-CLI-X509:") != NULL,
		"raw keys before certificates");
	ok(strstr(first->text, ":%COMPAT") != NULL, "lenient");
	ok(strstr(first->text, "SAFE") == NULL, "unsafe");
	priority_done(first);
	priority_done(NULL);

	wish = (struct priority_wish){.expect = &expect, .old = true};
	first = priority_find(all, &wish, "S");
	ok(strstr(first->text, "TLS1.3") == NULL && strstr(first->text, ":+VERS-TLS1.2:") != NULL,
		"old is TLS 1.2 and before");
	priority_done(first);

	wish = (struct priority_wish){.expect = &expect};
	expect.protocols = "TLSv1.3";
	expect.exclude = "ALL:eNULL";
	ok(priority_find(all, &wish, "S") == NULL, "nothing is left, although TLS 1.3 would do");
	expect.exclude = "AES,CAMELLIA,CHACHA20";
	first = priority_find(all, &wish, "S");
	ok(first != NULL && priority_allows(first, SUITES_LISTED) && !priority_allows(first, 0)
		&& !priority_allows(first, SUITES), "only ARIA is left, so only TLS 1.3");
	priority_done(first);
	expect.protocols = "TLSv1.2";
	ok(priority_find(all, &wish, "S") == NULL, "only ARIA is left, so nothing up to TLS 1.2");
}

/* The library reads it when it is loaded, so only a new process sees it. */
static void withheld(const char *self)
{
	struct pool pool = {0};
	const char *rules = forge_file(&pool, "rules", "[overrides]\n"
		"tls-disabled-cipher = CAMELLIA-256-CBC\ntls-disabled-kx = ANON-DH\n");
	FILE *child = popen(pool_format(&pool, "GNUTLS_SYSTEM_PRIORITY_FILE='%s' '%s' withheld", rules,
		self), "r");
	char line[200] = "";

	if (child == NULL || fgets(line, sizeof line, child) == NULL)
		line[0] = '\0';
	if (child)
		pclose(child);
	is_text(line, "the system's GnuTLS configuration withholds: ANON-DH CAMELLIA-256-CBC",
		"what the system's configuration takes away is told");
	pool_free(&pool);
}

static int child(struct priorities *all)
{
	struct tls_expect expect = expect_at(TLS_LEVEL_MAY);

	priority_done(find(all, &expect));
	fputs(buf_text(&said), stdout);
	priorities_free(all);
	buf_close(&said);
	return 0;
}

int main(int argc, char **argv)
{
	struct priorities *all = priorities_new(&options);

	log_open(&(struct log_sink){note, NULL});
	if (argc > 1)
		return child(all);
	withheld(argv[0]);
	order(all);
	suites_of_levels(all);
	exclusions_at_may(all);
	refusals(all);
	group_choices();
	grades(all);
	priorities_free(all);
	priorities_free(NULL);
	buf_close(&said);
	return done();
}

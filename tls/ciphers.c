/*
 * ciphers - OpenSSL's list language (ciphers(1), "CIPHER LIST FORMAT"):
 *
 *	list    = [item] *(separator [item])
 *	item    = ["!" / "-" / "+"] word *("+" word) / "@STRENGTH" / "@SECLEVEL=" DIGIT
 *	separator = ":" / "," / ";" / " "
 *
 * All suites wait in the library's order. A word adds the waiting ones that match; '-' sends them
 * back to wait, in front, so that a later word finds them first (why "aNULL:-aNULL" leads Postfix's
 * grades); '+' moves those already in to the end; '!' removes for good.
 */
#include "tls/ciphers.h"
#include <string.h>
#include "util/macros.h"
#include "util/text.h"

#define SEPARATORS ":,; "

enum rule { ADD, WAIT = '-', LAST = '+', KILL = '!' };

struct alias { /* 0: any */
	const char *word;
	uint16_t kx, au, enc, mac, since, strength, usual;
	uint16_t suite; /* 1 + its index */
};

enum {
	AES128 = ENC_AES128CBC | ENC_AES128GCM | ENC_AES128CCM | ENC_AES128CCM8,
	AES256 = ENC_AES256CBC | ENC_AES256GCM | ENC_AES256CCM | ENC_AES256CCM8,
	GCM = ENC_AES128GCM | ENC_AES256GCM,
	CCM8 = ENC_AES128CCM8 | ENC_AES256CCM8,
	CCM = ENC_AES128CCM | ENC_AES256CCM | CCM8,
	CAMELLIA = ENC_CAMELLIA128CBC | ENC_CAMELLIA256CBC,
	ARIA = ENC_ARIA128GCM | ENC_ARIA256GCM,
	CBC = ENC_AES128CBC | ENC_AES256CBC | CAMELLIA,
	ENCRYPTED = AES128 | AES256 | ENC_CHACHA20 | CAMELLIA | ARIA,
	SIGNED = AU_RSA | AU_DSS | AU_ECDSA,
};

static const struct alias aliases[] = {
	{.word = "ALL", .enc = ENCRYPTED},
	{.word = "HIGH", .strength = STRENGTH_HIGH},
	{.word = "COMPLEMENTOFALL", .enc = ENC_NONE},
	{.word = "COMPLEMENTOFDEFAULT", .usual = USUAL_NOT},
	{.word = "FIPS", .strength = STRENGTH_FIPS},
	{.word = "eNULL", .enc = ENC_NONE},
	{.word = "NULL", .enc = ENC_NONE},
	{.word = "aNULL", .au = AU_NONE},
	{.word = "ADH", .kx = KX_DHE, .au = AU_NONE},
	{.word = "AECDH", .kx = KX_ECDHE, .au = AU_NONE},
	{.word = "kRSA", .kx = KX_RSA},
	{.word = "RSA", .kx = KX_RSA, .au = AU_RSA},
	{.word = "aRSA", .au = AU_RSA},
	{.word = "aECDSA", .au = AU_ECDSA},
	{.word = "ECDSA", .au = AU_ECDSA},
	{.word = "aDSS", .au = AU_DSS},
	{.word = "DSS", .au = AU_DSS},
	{.word = "kDHE", .kx = KX_DHE},
	{.word = "kEDH", .kx = KX_DHE},
	{.word = "DH", .kx = KX_DHE},
	{.word = "DHE", .kx = KX_DHE, .au = SIGNED},
	{.word = "EDH", .kx = KX_DHE, .au = SIGNED},
	{.word = "kECDHE", .kx = KX_ECDHE},
	{.word = "kEECDH", .kx = KX_ECDHE},
	{.word = "ECDH", .kx = KX_ECDHE},
	{.word = "ECDHE", .kx = KX_ECDHE, .au = SIGNED},
	{.word = "EECDH", .kx = KX_ECDHE, .au = SIGNED},
	{.word = "AES", .enc = AES128 | AES256},
	{.word = "AES128", .enc = AES128},
	{.word = "AES256", .enc = AES256},
	{.word = "AESGCM", .enc = GCM},
	{.word = "AESCCM", .enc = CCM},
	{.word = "AESCCM8", .enc = CCM8},
	{.word = "CHACHA20", .enc = ENC_CHACHA20},
	{.word = "CAMELLIA", .enc = CAMELLIA},
	{.word = "CAMELLIA128", .enc = ENC_CAMELLIA128CBC},
	{.word = "CAMELLIA256", .enc = ENC_CAMELLIA256CBC},
	{.word = "ARIA", .enc = ARIA},
	{.word = "ARIAGCM", .enc = ARIA},
	{.word = "ARIA128", .enc = ENC_ARIA128GCM},
	{.word = "ARIA256", .enc = ENC_ARIA256GCM},
	{.word = "CBC", .enc = CBC},
	{.word = "MD5", .mac = MAC_MD5},
	{.word = "SHA1", .mac = MAC_SHA1},
	{.word = "SHA", .mac = MAC_SHA1},
	{.word = "SHA256", .mac = MAC_SHA256},
	{.word = "SHA384", .mac = MAC_SHA384},
	{.word = "SSLv3", .since = SINCE_SSL3},
	{.word = "TLSv1", .since = SINCE_TLS1},
	{.word = "TLSv1.0", .since = SINCE_TLS1},
	{.word = "TLSv1.2", .since = SINCE_TLS1_2},
};

/* Words that are OpenSSL's, but name nothing that is built in today. */
static const char *const idle[] = {"3DES", "DES", "RC4", "RC2", "RC5", "IDEA", "SEED", "MD5", "EXP",
	"EXPORT", "EXPORT40", "EXPORT56", "LOW", "MEDIUM", "SSLv2", "TLSv1.1", "TLSv1.3", "kDH", "kDHr",
	"kDHd", "aDH", "kECDH", "kECDHr", "kECDHe", "aECDH", "kFZA", "aFZA", "eFZA", "FZA", "PSK",
	"kPSK", "aPSK", "kECDHEPSK", "kDHEPSK", "kRSAPSK", "SRP", "kSRP", "aSRP", "kKRB5", "aKRB5",
	"KRB5", "GOST", "kGOST", "aGOST", "aGOST01", "aGOST12", "aGOST94", "GOST89", "GOST94",
	"GOST89MAC"};

struct waiting { /* every suite that was not killed */
	struct {
		uint8_t suite;
		bool in;
	} item[SUITES_LISTED];
	size_t count;
};

static bool is(const char *word, const char *text, size_t length)
{
	return strncmp(word, text, length) == 0 && word[length] == '\0';
}

/* What BOTH allow, where 0 is anything; false: nothing. */
static bool both(uint16_t *want, uint16_t also)
{
	if (also != 0)
		*want = *want != 0 ? *want & also : also;
	return also == 0 || *want != 0;
}

/* The alias or suite of this name. False: nothing has it. */
static bool find(struct alias *found, const char *text, size_t length)
{
	for (size_t i = 0; i < COUNT(aliases); i++)
		if (is(aliases[i].word, text, length)) {
			*found = aliases[i];
			return true;
		}
	for (size_t i = 0; i < SUITES_LISTED; i++) {
		const struct suite *s = suites + i;

		if (is(s->name, text, length)) {
			*found = (struct alias){s->name, s->kx, s->au, s->enc, s->mac, s->since,
				s->strength, s->usual, (uint16_t)(i + 1)};
			return true;
		}
	}
	return false;
}

/* Narrows to what TEXT names too. False: that is nothing. */
static bool narrow(struct alias *want, const char *text, size_t length)
{
	struct alias also;

	return find(&also, text, length) && both(&want->kx, also.kx) && both(&want->au, also.au)
		&& both(&want->enc, also.enc) && both(&want->mac, also.mac)
		&& both(&want->since, also.since) && both(&want->strength, also.strength)
		&& both(&want->usual, also.usual) && both(&want->suite, also.suite);
}

static bool allows(uint16_t want, unsigned has)
{
	return want == 0 || (want & has) != 0;
}

static bool matches(const struct alias *want, size_t i)
{
	const struct suite *s = suites + i;

	return allows(want->kx, s->kx) && allows(want->au, s->au) && allows(want->enc, s->enc)
		&& allows(want->mac, s->mac) && allows(want->since, s->since)
		&& allows(want->strength, s->strength) && allows(want->usual, s->usual)
		&& (want->suite == 0 || want->suite == i + 1);
}

/* Does the rule take hold of an item that matches? */
static bool concerns(enum rule rule, bool in)
{
	return rule == KILL || (rule == ADD ? !in : in);
}

/* Moves what the rule takes hold of to the end or, for WAIT, to the front; KILL drops it. */
static void apply(struct waiting *all, enum rule rule, const struct alias *want, int bits)
{
	struct waiting stay = {.count = 0}, move = {.count = 0};
	const struct waiting *first = rule == WAIT ? &move : &stay;
	const struct waiting *second = rule == WAIT ? &stay : &move;

	for (size_t i = 0; i < all->count; i++) {
		size_t suite = all->item[i].suite;
		bool hit = concerns(rule, all->item[i].in)
			&& (want ? matches(want, suite) : suites[suite].bits == bits);
		struct waiting *to = hit ? &move : &stay;

		to->item[to->count] = all->item[i];
		if (hit)
			to->item[to->count].in = rule != WAIT;
		to->count++;
	}
	memcpy(all->item, first->item, first->count * sizeof(first->item[0]));
	all->count = first->count;
	if (rule != KILL) {
		memcpy(all->item + all->count, second->item, second->count * sizeof(second->item[0]));
		all->count += second->count;
	}
}

/* @STRENGTH: by bits, the strongest first, otherwise in the order there is. */
static void sort(struct waiting *all)
{
	static const int strengths[] = {256, 128, 0};

	for (size_t i = 0; i < COUNT(strengths); i++)
		apply(all, LAST, NULL, strengths[i]);
}

static size_t word_length(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=");
}

static bool command(struct waiting *all, const char *text, size_t length)
{
	if (is("STRENGTH", text, length)) {
		sort(all);
		return true;
	}
	return length == 10 && text_starts(text, "SECLEVEL=") && text[9] >= '0' && text[9] <= '5';
}

/*
 * Words joined by '+', *TEXT moves behind them. False: malformed. *known is false if a word names
 * nothing, which makes the whole item name nothing.
 */
static bool words(const char **text, struct alias *want, bool *known)
{
	size_t length;

	*known = true;
	do {
		if (**text == '+')
			++*text;
		if ((length = word_length(*text)) == 0)
			return false;
		*known = narrow(want, *text, length) && *known;
		*text += length;
	} while (**text == '+');
	return true;
}

static bool item(struct waiting *all, const char **text)
{
	struct alias want = {.word = ""};
	enum rule rule = strchr("!-+", **text) ? (enum rule)**text : ADD;
	bool known;

	if (**text == '@') {
		const char *name = *text + 1;
		size_t length = word_length(name);

		*text = name + length;
		return command(all, name, length);
	}
	if (rule != ADD)
		++*text;
	if (!words(text, &want, &known))
		return false;
	if (known)
		apply(all, rule, &want, 0);
	else
		*text += strcspn(*text, SEPARATORS); /* whatever else clings to it */
	return true;
}

bool ciphers_evaluate(const char *text, struct cipher_list *list)
{
	struct waiting all = {.count = SUITES_LISTED};

	list->count = 0;
	for (size_t i = 0; i < SUITES_LISTED; i++)
		all.item[i].suite = (uint8_t)i;

	if (text_starts(text, "DEFAULT") && word_length(text) == 7) {
		apply(&all, ADD, &(struct alias){.usual = USUAL_YES, .enc = ENCRYPTED}, 0);
		apply(&all, KILL, &(struct alias){.enc = ENC_NONE}, 0);
		apply(&all, KILL, &(struct alias){.usual = USUAL_NOT}, 0);
		text += 7;
	}
	while (*text != '\0')
		if (strchr(SEPARATORS, *text))
			text++;
		else if (!item(&all, &text))
			return false;

	for (size_t i = 0; i < all.count; i++)
		if (all.item[i].in)
			list->order[list->count++] = all.item[i].suite;
	return true;
}

static bool is_idle(const char *text, size_t length)
{
	if (length > 4 && text_starts(text, "TLS_"))
		return true; /* a TLS 1.3 suite: OpenSSL's lists don't speak of these */
	for (size_t i = 0; i < COUNT(idle); i++)
		if (is(idle[i], text, length))
			return true;
	return false;
}

bool ciphers_known(const char *text)
{
	struct alias unused;
	size_t length;

	while ((length = word_length(text)) > 0
		&& (find(&unused, text, length) || is_idle(text, length))) {
		text += length;
		if (*text == '\0')
			return true;
		if (*text++ != '+')
			return false;
	}
	return false;
}

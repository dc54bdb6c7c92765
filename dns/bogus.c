#include "dns/bogus.h"

#include <string.h>
#include "util/text.h"

/*
 * why-bogus = "validation failure <" NAME TYPE CLASS ">: " [ marked ] reason
 *             [ " from " SERVER *( " and " SERVER ) ] [ " for " WHAT ]
 *             [ " while building chain of trust" ]
 * marked    = "key for validation " ZONE " is marked as invalid because of a previous validation"
 *             " failure <" NAME TYPE CLASS ">: "
 */
static const char marked[] = "key for validation ";

/* What follows WORDS in TEXT, or NULL. */
static const char *after(const char *text, const char *words)
{
	const char *at = strstr(text, words);

	return at ? at + strlen(words) : NULL;
}

/* The bytes of REASON that are its own words. */
static size_t own_length(const char *reason)
{
	static const char *const ends[] = {" from ", " for key ", " for DS ", " for trust anchor ",
		" while building chain of trust"};
	size_t length = strlen(reason);

	for (size_t i = 0; i < COUNT(ends); i++) {
		const char *at = strstr(reason, ends[i]);

		if (at && (size_t)(at - reason) < length)
			length = (size_t)(at - reason);
	}
	return length;
}

/* A name at the start of TEXT, without its final dot. */
static const char *name_at(struct pool *pool, const char *text)
{
	size_t length = strcspn(text, " ");

	if (length > 1 && text[length - 1] == '.')
		length--;
	return pool_bytes(pool, text, length);
}

/* The reason's own words. Which algorithm did not verify is of no use to a reader of mail logs. */
static const char *words_of(struct pool *pool, const char *reason)
{
	char *words = pool_bytes(pool, reason, own_length(reason));

	if (strstr(words, "signature verification failed") || strstr(words, "crypto failed"))
		return "signature verification failed";
	return words;
}

static const char *describe(struct pool *pool, const char *reason)
{
	const char *tail = reason + own_length(reason), *zone;

	if ((zone = after(tail, " for DS ")))
		return pool_format(pool,
			"no proof that %s may be unsigned; if only your own resolver "
			"knows it, see safemx_dnssec_exceptions",
			name_at(pool, zone));
	if ((zone = after(tail, " for key ")))
		return pool_format(pool, "%s, zone %s", words_of(pool, reason),
			name_at(pool, zone));
	if (after(tail, " for trust anchor "))
		return pool_format(pool, "%s, at the trust anchor", words_of(pool, reason));
	return words_of(pool, reason);
}

const char *bogus_reason(struct pool *pool, const char *why_bogus)
{
	const char *reason = after(why_bogus, ">: "), *first;
	char *text;

	if (reason == NULL)
		reason = why_bogus;
	if (strncmp(reason, marked, strlen(marked)) == 0 && (first = after(reason, ">: ")))
		reason = first; /* it was found out before, for another name */
	text = pool_text(pool, describe(pool, reason));
	text_printable(text, strlen(text), false);
	return *text ? text : "validation failed";
}

/* "no DNSKEY rrset" without "from SERVER": it could not be fetched, which may pass. */
enum bogus_cause bogus_cause(const char *why_bogus)
{
	if (strstr(why_bogus, "for trust anchor .") == NULL)
		return BOGUS_OTHER;
	if (strstr(why_bogus, "no signatures") || strstr(why_bogus, "no DNSKEY rrset from "))
		return BOGUS_STRIPPED;
	if (strstr(why_bogus, "signature expired") || strstr(why_bogus, "before inception date"))
		return BOGUS_CLOCK;
	if (strstr(why_bogus, "signature missing") || strstr(why_bogus, "DS hash mismatches")
		|| strstr(why_bogus, "no keys have a DS"))
		return BOGUS_ANCHOR;
	return BOGUS_OTHER;
}

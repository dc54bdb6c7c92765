#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "postfix/version.h"
#include "smtp/ehlo.h"
#include "util/list.h"
#include "util/text.h"

/* In the order in which Postfix logs them. */
static const struct word {
	const char *word;
	unsigned bit;
} features[] = {
	{"8BITMIME", EHLO_8BITMIME}, {"AUTH", EHLO_AUTH}, {"ETRN", EHLO_ETRN},
	{"PIPELINING", EHLO_PIPELINING}, {"SIZE", EHLO_SIZE}, {"VERP", EHLO_VERP}, {"VRFY", EHLO_VRFY},
	{"XCLIENT", EHLO_XCLIENT}, {"XFORWARD", EHLO_XFORWARD}, {"STARTTLS", EHLO_STARTTLS},
	{"ENHANCEDSTATUSCODES", EHLO_ENHANCEDSTATUSCODES}, {"DSN", EHLO_DSN},
	{"SMTPUTF8", EHLO_SMTPUTF8}, {"CHUNKING", EHLO_CHUNKING}, {"REQUIRETLS", EHLO_REQUIRETLS},
}, xforwards[] = {
	{"NAME", XFORWARD_NAME}, {"ADDR", XFORWARD_ADDR}, {"PORT", XFORWARD_PORT},
	{"PROTO", XFORWARD_PROTO}, {"HELO", XFORWARD_HELO}, {"IDENT", XFORWARD_IDENT},
	{"SOURCE", XFORWARD_SOURCE},
};

static unsigned find(const struct word *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (text_same(words[i].word, word))
			return words[i].bit;
	return 0;
}

static void xforward(struct pool *pool, const char *rest, struct ehlo *ehlo)
{
	const char *word;

	while ((word = text_token(pool, &rest, " \t", false)) != NULL)
		ehlo->xforward |= find(xforwards, COUNT(xforwards), word);
}

/* RFC 1870 4. A number that overflows counts as no limit. */
static void size(struct pool *pool, const char *rest, struct ehlo *ehlo, const char **bad)
{
	const char *word = text_token(pool, &rest, " \t", false);
	long long limit = 0;

	if (word == NULL)
		return;
	if (!text_all_digits(word))
		*bad = word;
	else
		ehlo->size_limit = text_number(word, 0, 0x7fffffffffffffff, &limit) ? (long)limit : 0;
}

/* RFC 4954 3, and "AUTH=" of older servers. Several lines add up, equal ones are ignored. */
static void auth(struct pool *pool, const char *rest, struct ehlo *ehlo)
{
	const char *line = text_trim(pool, rest);

	if (ehlo->auth[0] == '\0')
		ehlo->auth = line;
	else if (strcmp(ehlo->auth, line) != 0)
		ehlo->auth = pool_format(pool, "%s\n%s", ehlo->auth, line);
}

/* One line behind its code: keyword, then its parameters. */
static void keyword(struct pool *pool, const char *line, unsigned discard, bool inside_tls,
	struct ehlo *ehlo, const char **bad_size)
{
	size_t length = strcspn(line, " \t=");
	const char *rest = line + length + (line[length] != '\0');
	unsigned bit = find(features, COUNT(features), pool_bytes(pool, line, length)) & ~discard;

	if (bit == EHLO_REQUIRETLS && !inside_tls) /* RFC 8689 2 */
		return;
	if (bit == EHLO_STARTTLS && inside_tls) /* RFC 3207 4.2 */
		return;
	ehlo->features |= bit;
	if (bit == EHLO_SIZE)
		size(pool, rest, ehlo, bad_size);
	else if (bit == EHLO_XFORWARD)
		xforward(pool, rest, ehlo);
	else if (bit == EHLO_AUTH)
		auth(pool, rest, ehlo);
}

/* ehlo-ok-rsp: the first line that says anything names the server, each of the others is a keyword. */
void ehlo_parse(struct pool *pool, const char *text, unsigned discard, bool inside_tls,
	struct ehlo *ehlo, const char **bad_size)
{
	const char *line;
	bool first = true;

	*bad_size = NULL;
	ehlo->features = ehlo->xforward = 0;
	ehlo->auth = ehlo->name = "";
	while ((line = text_token(pool, &text, "\n", false)) != NULL) {
		size_t skip = strcspn(line, " -");

		line += skip + (line[skip] != '\0');
		if (*line == '\0')
			continue;
		if (first)
			ehlo->name = pool_bytes(pool, line, strcspn(line, " \t"));
		else
			keyword(pool, line, discard, inside_tls, ehlo, bad_size);
		first = false;
	}
}

unsigned ehlo_words(const char *list, int version)
{
	struct pool pool = {0};
	const char *word;
	unsigned bits = 0;

	while ((word = text_token(&pool, &list, TEXT_LIST_SEPARATORS, false)) != NULL) {
		if (text_same(word, "silent-discard"))
			bits |= EHLO_SILENT_DISCARD;
		else if (version < POSTFIX(3, 11) && text_same(word, "EHLO_MASK_SMTPUTF8"))
			bits |= EHLO_SMTPUTF8;
		else
			bits |= find(features, COUNT(features), word);
	}
	pool_free(&pool);
	return bits;
}

const char *ehlo_names(struct pool *pool, unsigned bits, int version)
{
	struct list names = {.pool = pool};
	bool modern = version >= POSTFIX(3, 11);

	for (size_t i = 0; i < COUNT(features); i++)
		if (bits & features[i].bit)
			list_add(&names, features[i].bit == EHLO_SMTPUTF8 && !modern
				? "EHLO_MASK_SMTPUTF8" : features[i].word);
	return list_join(&names, modern ? ", " : " ");
}

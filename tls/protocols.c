/*
 * protocols - the list, separators white space, comma and colon:
 *
 *	list = *(NAME / "!" NAME / (">=" / "<=") [NAME / HEX])
 *	NAME = "SSLv2" / "SSLv3" / "TLSv1" / "TLSv1.1" / "TLSv1.2" / "TLSv1.3"
 *	HEX  = ["0x"] 1*HEXDIG	; the version on the wire, RFC 8446 4.2.1: 0303 is TLSv1.2
 *
 * Named ones only, if any are named; without the negated ones; within the range.
 */
#include "tls/protocols.h"
#include <stdlib.h>
#include <string.h>
#include "tls/engine.h"
#include "util/macros.h"
#include "util/text.h"

static const struct protocol {
	const char *name;
	unsigned wire, bit;
} known[] = {
	{"SSLv2", 0x0002, 0}, /* accepted words that mean nothing any more */
	{"SSLv3", 0x0300, 0},
	{"TLSv1", 0x0301, PROTOCOL_TLS1},
	{"TLSv1.1", 0x0302, PROTOCOL_TLS1_1},
	{"TLSv1.2", 0x0303, PROTOCOL_TLS1_2},
	{"TLSv1.3", 0x0304, PROTOCOL_TLS1_3},
};

struct choice {
	bool named; /* some protocol is, even one that means nothing */
	unsigned only, never, from, to;
};

static const struct protocol *find(const char *name)
{
	for (size_t i = 0; i < COUNT(known); i++)
		if (text_same(name, known[i].name))
			return known + i;
	return NULL;
}

/* A bound without a version is no bound, as in Postfix. */
static bool bound(const char *text, unsigned nothing, unsigned *wire)
{
	const struct protocol *protocol = find(text);
	const char *hex = text_starts_any_case(text, "0x") ? text + 2 : text;

	if (*text == '\0')
		*wire = nothing;
	else if (protocol)
		*wire = protocol->wire;
	else if (*hex != '\0' && strlen(hex) <= 4 && hex[strspn(hex, "0123456789abcdefABCDEF")] == '\0')
		*wire = (unsigned)strtoul(hex, NULL, 16);
	else
		return false;
	return true;
}

static bool word(struct choice *choice, const char *text, bool ranges)
{
	const struct protocol *protocol = find(*text == '!' ? text + 1 : text);

	if (ranges && text_starts(text, ">="))
		return bound(text + 2, 0, &choice->from);
	if (ranges && text_starts(text, "<="))
		return bound(text + 2, UINT16_MAX, &choice->to);
	if (protocol == NULL)
		return false;
	if (*text == '!') {
		choice->never |= protocol->bit;
	} else {
		choice->named = true;
		choice->only |= protocol->bit;
	}
	return true;
}

bool protocols_parse(const char *list, int version, unsigned *protocols)
{
	struct choice choice = {.to = UINT16_MAX};
	struct pool pool = {0};
	const char *text;
	bool fine = true;
	unsigned found = 0;

	while (fine && (text = text_token(&pool, &list, TEXT_SPACE ",:", false)) != NULL)
		fine = word(&choice, text, version >= TLS_POSTFIX(3, 6));
	pool_free(&pool);
	if (!fine)
		return false;

	for (const struct protocol *p = known; p < known + COUNT(known); p++)
		if (p->wire >= choice.from && p->wire <= choice.to)
			found |= p->bit;
	*protocols = found & (choice.named ? choice.only : PROTOCOLS_ALL) & ~choice.never;
	return true;
}

#ifndef SMTP_EHLO_H
#define SMTP_EHLO_H
/* ehlo - what a server offers (RFC 5321 4.1.1.1). A pure parser. */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"
#include "util/pool.h"

enum ehlo_feature { /* also the words of smtp_discard_ehlo_keywords */
	EHLO_8BITMIME = 1 << 0, EHLO_AUTH = 1 << 1, EHLO_ETRN = 1 << 2, EHLO_PIPELINING = 1 << 3,
	EHLO_SIZE = 1 << 4, EHLO_VERP = 1 << 5, EHLO_VRFY = 1 << 6, EHLO_XCLIENT = 1 << 7,
	EHLO_XFORWARD = 1 << 8, EHLO_STARTTLS = 1 << 9, EHLO_ENHANCEDSTATUSCODES = 1 << 10,
	EHLO_DSN = 1 << 11, EHLO_SMTPUTF8 = 1 << 12, EHLO_CHUNKING = 1 << 13, EHLO_REQUIRETLS = 1 << 14,
	EHLO_SILENT_DISCARD = 1 << 15,
};

enum ehlo_xforward { XFORWARD_NAME = 1, XFORWARD_ADDR = 2, XFORWARD_PORT = 4, XFORWARD_PROTO = 8,
	XFORWARD_HELO = 16, XFORWARD_IDENT = 32, XFORWARD_SOURCE = 64 };

struct ehlo {
	unsigned features;      /* EHLO_ bits that are offered and not discarded */
	unsigned xforward;      /* XFORWARD_ bits */
	long size_limit;        /* bytes; 0: none */
	const char *auth;       /* mechanism lines joined by LF, or ""; auth_learn() makes them one */
	const char *name;       /* what the server calls itself */
};

/*
 * TEXT: the lines of a 2xx reply, joined by LF, codes included. DISCARD: features to ignore.
 * *bad_size: the text after SIZE when it is no number, else NULL; in POOL. XFORWARD and the others
 * add up over several lines.
 */
void ehlo_parse(struct pool *pool, const char *text, unsigned discard, bool inside_tls,
	struct ehlo *ehlo, const char **bad_size);

/*
 * The features named in LIST (unknown words are ignored), for discarding. Up to 3.10, SMTPUTF8 goes
 * by EHLO_MASK_SMTPUTF8 too.
 */
unsigned ehlo_words(const char *list, int version);
/* "8BITMIME SIZE", in table order; BETWEEN as the Postfix version has it. */
const char *ehlo_names(struct pool *pool, unsigned features, int version);

#endif

#ifndef POSTFIX_ADDRESS_LIST_H
#define POSTFIX_ADDRESS_LIST_H
/*
 * address_list - the address list of a header (RFC 5322 3.4) taken apart, and printed again as
 * smtp(8) prints one in which generic(5) changed an address. Anything can be parsed: what is no
 * list by the RFC still becomes addresses, and the same ones as in Postfix (what was observed is in
 * t/postfix/address_list.c).
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"
#include "util/pool.h"

enum address_token_is {
	ADDRESS_WORD,    /* an atom; text is without its backslashes */
	ADDRESS_QUOTED,  /* a quoted string; text is what it stands for */
	ADDRESS_LITERAL, /* a domain literal; text is what is between the brackets */
	ADDRESS_COMMENT, /* with its parentheses, as it was written */
	ADDRESS_SIGN,    /* one character */
	ADDRESS_GROUP,   /* the colon behind a group's name */
	ADDRESS_MAILBOX, /* an address; text is in queue form (unquoted local part) */
	ADDRESS_NOBODY,  /* what is between "<" and ">" that hold no address */
};

struct address_token {
	enum address_token_is is;
	int sign;            /* of ADDRESS_SIGN */
	const char *text;    /* of the others, or ""; in the pool. A mailbox's may be changed */
	const char *written; /* of a mailbox: as text, but quoted as it was in the list */
};

struct address_list {
	struct address_token *tokens; /* in the order of the list */
	size_t count;
};

/* TEXT is what follows a header's colon; its lines may be joined by LF. Memory grows with it. */
struct address_list address_list_parse(struct pool *pool, const char *text);

/* The header NAME with LIST, its lines joined by LF, without the last line end. */
void address_list_print(const struct address_list *list, const char *name, struct buf *to);

#endif

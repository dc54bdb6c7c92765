#include <string.h>
#include "postfix/address.h"
#include "postfix/address_list.h"

enum { FOLD_COLUMN = 70 }; /* a line of a printed header stays below, where it can */

/* --- text to tokens (RFC 5322 3.2) --- */

/* RFC 5322 "specials", and what separates the hosts of a route in an older way of addressing. */
static const char ends_word[] = " \t\r\n()<>@,;:\".[]!%";

static bool is_blank(int byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Up to one of STOP (which stays) or the end; a backslash takes the next byte's meaning away. */
static const char *scan(const char *at, const char *stop, char *to)
{
	while (*at && strchr(stop, *at) == NULL) {
		if (*at == '\\' && *++at == '\0')
			break;
		*to++ = is_blank((unsigned char)*at) ? ' ' : *at;
		at++;
	}
	*to = '\0';
	return at;
}

/* Comments nest, and are kept as they are; one without end goes on to the list's. */
static const char *scan_comment(const char *at, char *to)
{
	int depth = 0;

	do {
		depth += (*at == '(') - (*at == ')');
		if (*at == '\\' && at[1])
			*to++ = *at++;
		*to++ = *at++;
	} while (*at && depth > 0);
	*to = '\0';
	return at;
}

/* The token at *AT, which is no blank; TO has room for it. */
static const char *scan_token(const char *at, struct address_token *token, char *to)
{
	token->text = to;
	switch (*at) {
	case '(':
		token->is = ADDRESS_COMMENT;
		return scan_comment(at, to);
	case '"':
		token->is = ADDRESS_QUOTED;
		at = scan(at + 1, "\"", to);
		return *at ? at + 1 : at;
	case '[':
		token->is = ADDRESS_LITERAL;
		at = scan(at + 1, "]", to);
		return *at ? at + 1 : at;
	default:
		token->is = ADDRESS_WORD;
		if (*at == '\\' || strchr(ends_word, *at) == NULL)
			return scan(at, ends_word, to);
		token->is = ADDRESS_SIGN;
		token->sign = (unsigned char)*at;
		token->text = "";
		return at + 1;
	}
}

static struct address_list scan_all(struct pool *pool, const char *text)
{
	size_t most = strlen(text);
	struct address_list list = {.tokens = POOL_ARRAY(pool, struct address_token, most + 1)};
	char *room = pool_alloc(pool, 2 * most + 1); /* a token of N bytes needs N + 1 */

	for (;;) {
		while (is_blank((unsigned char)*text))
			text++;
		if (*text == '\0')
			return list;
		text = scan_token(text, &list.tokens[list.count], room);
		room += strlen(room) + 1;
		list.count++;
	}
}

/* --- a token to text --- */

/* TEXT with a backslash before those of ESCAPED. */
static void escape(const char *text, const char *escaped, struct buf *to)
{
	for (; *text; text++) {
		if (strchr(escaped, *text))
			buf_addc(to, '\\');
		buf_addc(to, (unsigned char)*text);
	}
}

static void quote(const char *text, struct buf *to)
{
	buf_addc(to, '"');
	escape(text, "\"\\", to);
	buf_addc(to, '"');
}

/* A backslash may have made a word of what is none. */
static bool is_atom(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127 || *text == '\\'
			|| strchr(ends_word, *text))
			return false;
	return true;
}

/* BARE: quoted strings without their quotes. */
static void print_token(const struct address_token *token, bool bare, struct buf *to)
{
	switch (token->is) {
	case ADDRESS_WORD:
	case ADDRESS_QUOTED:
		if (bare || (token->is == ADDRESS_WORD && is_atom(token->text)))
			buf_adds(to, token->text);
		else
			quote(token->text, to);
		return;
	case ADDRESS_LITERAL:
		buf_addc(to, '[');
		escape(token->text, bare ? "" : "\\", to);
		buf_addc(to, ']');
		return;
	case ADDRESS_COMMENT:
	case ADDRESS_MAILBOX:
		buf_adds(to, token->text);
		return;
	case ADDRESS_GROUP:
		buf_adds(to, ": ");
		return;
	case ADDRESS_SIGN:
		buf_addc(to, token->sign);
		return;
	case ADDRESS_NOBODY:
		return;
	}
}

/* --- tokens to a list --- */

/*
 * A list is read from right to left: that way the end of an address shows what it is. ">" ends a
 * route-addr with its phrase, ";" a group, anything else a plain address; and comments inside of an
 * address come out on its right side. To the left of where an address ends without a separator one
 * is put in.
 */
struct reading {
	const struct address_token *from;
	size_t left;                /* tokens of it that are still to be read */
	struct address_token *to;   /* the list, from right to left */
	size_t count;
	bool group;                 /* there was a ";": colons are those of groups */
	struct pool *pool;
};

static void put(struct reading *r, struct address_token token)
{
	r->to[r->count++] = token;
}

static void put_sign(struct reading *r, int sign)
{
	put(r, (struct address_token){.is = ADDRESS_SIGN, .sign = sign, .text = ""});
}

/* The token to read next; a sign of 0 at the end. */
static struct address_token next(const struct reading *r)
{
	static const struct address_token none = {.is = ADDRESS_SIGN, .text = ""};

	return r->left > 0 ? r->from[r->left - 1] : none;
}

static bool is_sign(struct address_token token, const char *signs)
{
	return token.is == ADDRESS_SIGN && (token.sign == 0 || strchr(signs, token.sign));
}

static bool is_word(struct address_token token)
{
	return token.is == ADDRESS_WORD || token.is == ADDRESS_QUOTED
		|| token.is == ADDRESS_LITERAL;
}

/* As they stand, up to one of SIGNS, which is left. */
static void phrase(struct reading *r, const char *signs)
{
	while (!is_sign(next(r), signs)) {
		put(r, next(r));
		r->left--;
	}
}

/* TOKENS without comments; BARE: in queue form. */
static const char *joined(struct pool *pool, const struct address_token *tokens, size_t count,
	bool bare)
{
	struct buf text = BUF(0);
	const char *copy;

	for (size_t i = 0; i < count; i++)
		if (tokens[i].is != ADDRESS_COMMENT)
			print_token(&tokens[i], bare, &text);
	copy = pool_text(pool, buf_text(&text));
	buf_close(&text);
	return copy;
}

/* The tokens from LEFT to END are an address and its comments. */
static void mailbox(struct reading *r, size_t end)
{
	const struct address_token *tokens = r->from + r->left;
	struct address_token token = {.is = ADDRESS_NOBODY, .text = ""};
	size_t count = end - r->left;

	for (size_t i = count; i-- > 0;) {
		if (tokens[i].is == ADDRESS_COMMENT)
			put(r, tokens[i]);
		else
			token.is = ADDRESS_MAILBOX;
	}
	if (token.is == ADDRESS_MAILBOX) {
		token.text = joined(r->pool, tokens, count, true);
		token.written = joined(r->pool, tokens, count, false);
	}
	put(r, token);
}

/* phrase "<" anything ">"; the ">" may also lack its "<". */
static void route_addr(struct reading *r)
{
	size_t end = --r->left;

	put_sign(r, '>');
	while (!is_sign(next(r), "<"))
		r->left--;
	mailbox(r, end);
	if (r->left == 0)
		return;
	put_sign(r, '<');
	r->left--;
	phrase(r, ",;:>");
	if (is_sign(next(r), ":") && r->left > 0 && !r->group) {
		put_sign(r, ':');
		r->left--;
	}
}

/* Words with signs between them. Two words in a row are two addresses. */
static void plain_address(struct reading *r)
{
	size_t end = r->left;
	bool word = false;

	while (!is_sign(next(r), r->group ? ",;>:" : ",;>") && !(word && is_word(next(r)))) {
		if (next(r).is != ADDRESS_COMMENT)
			word = is_word(next(r));
		r->left--;
	}
	mailbox(r, end);
	if (r->left > 0 && !is_sign(next(r), r->group ? ",:" : ","))
		put_sign(r, ',');
}

static void group_name(struct reading *r)
{
	put(r, (struct address_token){.is = ADDRESS_GROUP, .text = ""});
	r->left--;
	phrase(r, ",");
}

static void one(struct reading *r)
{
	struct address_token token = next(r);

	if (is_sign(token, ">")) {
		route_addr(r);
	} else if (is_sign(token, ":") && r->group) {
		group_name(r);
	} else if (token.is == ADDRESS_COMMENT || is_sign(token, ",;")) {
		r->group = r->group || token.sign == ';';
		put(r, token);
		r->left--;
	} else {
		plain_address(r);
	}
}

struct address_list address_list_parse(struct pool *pool, const char *text)
{
	struct address_list words = scan_all(pool, text), list = {0};
	struct reading reading = {.from = words.tokens, .left = words.count, .pool = pool,
		/* behind each address there may be a comma that was not there */
		.to = POOL_ARRAY(pool, struct address_token, 2 * words.count + 1)};

	while (reading.left > 0)
		one(&reading);
	list.tokens = POOL_ARRAY(pool, struct address_token, reading.count + 1);
	while (reading.count > 0)
		list.tokens[list.count++] = reading.to[--reading.count];
	return list;
}

/* --- a list to text --- */

/* What is before the first token. */
#define START ((struct address_token){.is = ADDRESS_SIGN})

/* As it stands in a header; there an empty local part is one, too. */
static const char *external(struct pool *pool, const char *address)
{
	return *address ? address_quote_5322(pool, address) : "\"\"";
}

static bool stands_apart(struct address_token token)
{
	return is_word(token) || token.is == ADDRESS_COMMENT || token.is == ADDRESS_MAILBOX;
}

/* Where a blank belongs between LAST and TOKEN; signs that bring their own need no other. */
static void print_gap(struct address_token last, struct address_token token, struct buf *to)
{
	if ((stands_apart(last) && stands_apart(token))
		|| (is_sign(token, "<") && last.is != ADDRESS_GROUP && !is_sign(last, ",")))
		buf_addc(to, ' ');
}

/* The words of LIST as an address in queue form. */
static const char *bare(struct pool *pool, const struct address_list *list)
{
	struct address_token token, last = START;
	struct buf text = BUF(0);
	const char *copy;

	for (size_t i = 0; i < list->count; i++, last = token) {
		token = list->tokens[i];
		print_gap(last, token, &text);
		print_token(&token, true, &text);
		if (is_sign(token, ",") && i + 1 < list->count)
			buf_addc(&text, ' ');
	}
	copy = pool_text(pool, buf_text(&text));
	buf_close(&text);
	return copy;
}

/* smtp(8) reads an address once more before it prints it, which shows if a domain is none. */
static struct address_token reread(struct pool *pool, struct address_token mailbox)
{
	struct address_list words = scan_all(pool, external(pool, mailbox.text));

	mailbox.text = external(pool, bare(pool, &words));
	return mailbox;
}

/* NAME and the lines of TEXT, joined where they fit. */
static void fold(const char *name, const char *text, struct buf *to)
{
	size_t start = to->length;

	buf_addf(to, "%s: ", name);
	for (;;) {
		size_t length = strcspn(text, "\n");

		buf_add(to, text, length);
		if (text[length] == '\0')
			return;
		text += length + 1;
		if (to->length - start + 1 + strcspn(text, "\n") < FOLD_COLUMN) {
			buf_addc(to, ' ');
		} else {
			buf_adds(to, *text == ' ' || *text == '\t' ? "\n" : "\n\t");
			start = to->length;
		}
	}
}

void address_list_print(const struct address_list *list, const char *name, struct buf *to)
{
	struct pool pool = {0};
	struct buf text = BUF(0);
	struct address_token token, last = START;

	for (size_t i = 0; i < list->count; i++, last = token) {
		token = list->tokens[i];
		if (token.is == ADDRESS_MAILBOX)
			token = reread(&pool, token);
		print_gap(last, token, &text);
		print_token(&token, false, &text);
		if (is_sign(token, ","))
			buf_addc(&text, '\n'); /* a line may end here */
	}
	fold(name, buf_text(&text), to);
	buf_close(&text);
	pool_free(&pool);
}

/*
 * Lists of addresses in headers. What must come out was seen from smtp(8) of Postfix 3.7.11, with
 * smtp_generic_maps that turn "k" into "M@r" and leave all others alone.
 */
#include <string.h>
#include "t/lib/tap.h"
#include "util/text.h"
#include "postfix/address.h"
#include "postfix/address_list.h"

static const struct seen {
	const char *value;
	const char *keys;    /* the addresses in header form, each with '|' behind it */
	const char *printed; /* behind "To: "; NULL: nothing changed, so it wasn't printed */
} cases[] = {
	{" k", "k|", "M@r"},
	{"k", "k|", "M@r"},
	{" Foo <k>", "k|", "Foo <M@r>"},
	{"Foo<k>", "k|", "Foo <M@r>"},
	{" k (c)", "k|", "M@r (c)"},
	{" (a) x(b)@(c)y(d), k", "x@y|k|", "x@y (a) (b) (c) (d), M@r"},
	{" k,,x@y", "k|x@y|", "M@r, , x@y"},
	{" ,k", "k|", ", M@r"},
	{" k,", "k|", "M@r, "},
	{" k, <>", "k|", "M@r, <>"},
	{" k, x <>", "k|", "M@r, x <>"},
	{" k, < (c) >", "k|", "M@r, <(c)>"},
	{" k, x y@z", "k|x|y@z|", "M@r, x, y@z"},
	{" k, x . y @ z", "k|x.y@z|", "M@r, x.y@z"},
	{" k, \"x\".\"y z\"@w", "k|\"x.y z\"@w|", "M@r, \"x.y z\"@w"},
	{" k, \"x\" y@z", "k|x|y@z|", "M@r, x, y@z"},
	{" k, x\"y\"z", "k|x|y|z|", "M@r, x, y, z"},
	{" k, \"a\\\"b\"@c", "k|\"a\\\"b\"@c|", "M@r, \"a\\\"b\"@c"},
	{" k, \"a\\b\"", "k|ab|", "M@r, ab"},
	{" k, a\\,b@c", "k|\"a,b\"@c|", "M@r, \"a,b\"@c"},
	{" k, a\\ b <c>", "k|c|", "M@r, \"a b\" <c>"},
	{" k, a\\\001 <c>", "k|c|", "M@r, \"a\001\" <c>"},
	{" k, \"a\tb\"", "k|\"a b\"|", "M@r, \"a b\""},
	{" \"Foo\n Bar\" <k>", "k|", "\"Foo  Bar\" <M@r>"},
	{" Foo\n\tBar <k>", "k|", "Foo Bar <M@r>"},
	{" (a\tb\n c) k", "k|", "M@r (a\tb  c)"},
	{" (x(y)z) k", "k|", "M@r (x(y)z)"},
	{" (x\\)y) k", "k|", "M@r (x\\)y)"},
	{" k (x(y", "k|", "M@r (x(y"},
	{" k, \"a", "k|a|", "M@r, a"},
	{" k, [a", "k|\"[a]\"|", "M@r, \"[a]\""},
	{" k, a\\", "k|a|", "M@r, a"},
	{" k, a@", "k|a@|", "M@r, a@"},
	{" k, @a", "k|\"\"@a|", "M@r, \"\"@a"},
	{" k, @", "k|\"\"@|", "M@r, \"\"@"},
	{" k, a@b@c", "k|\"a@b\"@c|", "M@r, \"a@b\"@c"},
	{" k, a..b@c", "k|\"a..b\"@c|", "M@r, \"a..b\"@c"},
	{" k, .a@b", "k|\".a\"@b|", "M@r, \".a\"@b"},
	{" k, a)b@c", "k|\"a)b\"@c|", "M@r, \"a)b\"@c"},
	{" k, a]b", "k|\"a]b\"|", "M@r, \"a]b\""},
	{" k, a!b%c@d", "k|a!b%c@d|", "M@r, a!b%c@d"},
	{" k, x!\"y\"", "k|x!y|", "M@r, x!y"},
	{" k, a@[1.2]", "k|a@[1.2]|", "M@r, a@[1.2]"},
	{" k, a@[1 2 (c)]", "k|a@[1 2 (c)]|", "M@r, a@[1 2 (c)]"},
	{" k, a@[b\\]c]", "k|a@[b]c]|", "M@r, a@[b] c]"},
	{" k, a@[x[y]z]", "k|a@[x[y]|\"z]\"|", "M@r, a@[x[y], \"z]\""},
	{" k, [a\\\\b] <c>", "k|c|", "M@r, [a\\\\b] <c>"},
	{" k, a@\"b c\"", "k|a@b c|", "M@r, a@b c"},
	{" k, a@\"b,c\"", "k|a@b,c|", "M@r, a@b, c"},
	{" k, a@b\\(c", "k|a@b(c|", "M@r, a@b (c"},
	{" k, x <a b@c>", "k|ab@c|", "M@r, x <ab@c>"},
	{" k, x <a(1)@(2)b>(3)", "k|a@b|", "M@r, x <a@b (1) (2)>(3)"},
	{" k, <a> x", "k|a|x|", "M@r, <a>, x"},
	{" k, x<a>y<b>", "k|a|b|", "M@r, x <a>y <b>"},
	{" k, <a><b>", "k|a|b|", "M@r, <a> <b>"},
	{" k, x <a", "k|\"x<a\"|", "M@r, \"x<a\""},
	{" k, x <a> b>", "k|\"a>b\"|", "M@r, x <\"a>b\">"},
	{" k, <<a>>", "k|\"a>\"|", "M@r, < <\"a>\">"},
	{" k; a >", "\"k;a\"|", NULL},
	{" a > k", "a|k|", "a>, M@r"},
	{" k, x: y <z>", "k|x|z|", "M@r, x:y <z>"},
	{" k, x; y <z>", "k|x|z|", "M@r, x;y <z>"},
	{" k, g: x > y <z>", "\"k,g:x\"|z|", NULL},
	{" g: k, x@y;", "k|x@y|", "g: M@r, x@y;"},
	{" g:k;x", "k|x|", "g: M@r;, x"},
	{" g h : k;", "k|", "g h: M@r;"},
	{" \"g\": k; (c)", "k|", "\"g\": M@r;(c)"},
	{" g:;k", "k|", "g: ;, M@r"},
	{" : k;", "k|", ": M@r;"},
	{" g: h: k;;", "k|", "g:h: M@r;;"},
	{" a, g: h <b>: k;, l", "a|k|l|", "a, g:h <b>: M@r;, l"},
	{" g: k x;", "k|x|", "g: M@r, x;"},
	{" k;", "k|", "M@r;"},
	{" k; x <y>; z", "k|y|z|", "M@r;x <y>;, z"},
	{" k, g: x: y <a>", "k|\"g:x\"|a|", "M@r, \"g:x\":y <a>"},
	{" k, a : : <y>", "k|\"a:\"|y|", "M@r, \"a:\": <y>"},
	{" g: a: b; c, d: e; k", "b|c|e|k|", "g:a: b;, c, d: e;, M@r"},
	{" k, <@r:a@b>", "k|@r:a@b|", "M@r, <@r:a@b>"},
	{" k, <@r,@s:a b@c>", "k|@r,@s:ab@c|", "M@r, <@r, @s:ab@c>"},
	{" @r:k", "@r:k|", NULL},
	{" k, @r:a@b", "k|@r:a@b|", "M@r, @r:a@b"},
	{" k, \"@r:x y\"@z", "k|@r:\"x y\"@z|", "M@r, @r:\"x y\"@z"},
	{" k, \"@r[a:b\"", "k|@r[a:b|", "M@r, @r [a:\"b]\""},
	{" k, @r:", "k|@r:\"\"|", "M@r, @r:\"\""},
	{" k, \\", "k|\"\"|", "M@r, \"\""},
	{" k, \"\"", "k|\"\"|", "M@r, \"\""},
	{" k, \"\"@b", "k|\"\"@b|", "M@r, \"\"@b"},
	{" k, \"\" <b>", "k|b|", "M@r, \"\" <b>"},
	{" k, \351 <\303\251@b>", "k|\303\251@b|", "M@r, \351 <\303\251@b>"},
	{" k, a\007 b <c>", "k|c|", "M@r, \"a\007\" b <c>"},
	{" k, a, b c, d:e, f@g, hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh, i",
		"k|a|b|c|\"d:e\"|f@g|hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh|i|",
		"M@r, a, b, c, \"d:e\", f@g, hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh, i"},
	{" k, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bb",
		"k|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|bb|",
		"M@r, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bb"},
	{" k, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bb",
		"k|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|bb|",
		"M@r, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bb"},
	{" k, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbb"
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		"bbbbbbbb, ccccccccccccccccccccc, ddddddddddddddddddddddddddddd, eeeeeeeee, fff"
		"ff",
		"k|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|bbbbbbbbbbbbbbbbbbbb"
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		"bbbbb|ccccccccccccccccccccc|ddddddddddddddddddddddddddddd|eeeeeeeee|fffff|",
		"M@r, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,\n\tbbbbbbbbbbbbb"
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		"bbbbbbbbbbbb,\n\tccccccccccccccccccccc, ddddddddddddddddddddddddddddd, eeeeeee"
		"ee,\n\tfffff"},
	{" k, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,",
		"k|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|",
		"M@r, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, "},
	{" k, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,",
		"k|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|",
		"M@r, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,\n\t"},
	{" k, (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n bbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		"bbbbbbbbbbb\n\tccccccccccc) k, c, d",
		"k|k|c|d|",
		"M@r, M@r (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n bbbbbbbbbbbbbbbbbbbbbbbb"
		"bbbbbbbbbbbbbbbb \tccccccccccc), c, d"},
};

static const char *keys(struct pool *pool, const struct address_list *list)
{
	const char *all = "", *key;

	for (size_t i = 0; i < list->count; i++) {
		if (list->tokens[i].is != ADDRESS_MAILBOX)
			continue;
		key = address_quote_5322(pool, list->tokens[i].text);
		all = pool_format(pool, "%s%s|", all, *key ? key : "\"\"");
	}
	return all;
}

static void change(struct address_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->tokens[i].is == ADDRESS_MAILBOX && strcmp(list->tokens[i].text, "k") == 0)
			list->tokens[i].text = "M@r";
}

static void one(const struct seen *seen)
{
	struct pool pool = {0};
	struct address_list list = address_list_parse(&pool, seen->value);
	struct buf text = BUF(0);
	char *name = pool_text(&pool, seen->value);

	text_printable(name, strlen(name), true);
	is_text(keys(&pool, &list), seen->keys, name);
	change(&list);
	address_list_print(&list, "To", &text);
	if (seen->printed)
		is_text(buf_text(&text), pool_format(&pool, "To: %s", seen->printed), "printed");
	buf_close(&text);
	pool_free(&pool);
}

/* What is asked of the rewrite service keeps its quotes, and loses its comments. */
static void written(const char *value, const char *want)
{
	struct pool pool = {0};
	struct address_list list = address_list_parse(&pool, value);
	const char *got = NULL;

	for (size_t i = 0; i < list.count && got == NULL; i++)
		if (list.tokens[i].is == ADDRESS_MAILBOX)
			got = list.tokens[i].written;
	is_text(got, want, value);
	pool_free(&pool);
}

static void name_counts(void)
{
	struct pool pool = {0};
	struct address_list list = address_list_parse(&pool, "aaaaaaaaaa, bbbbbbbbbb, cccccccccc, dddd");
	struct buf text = BUF(0);

	address_list_print(&list, "Disposition-Notification-To", &text);
	is_text(buf_text(&text),
		"Disposition-Notification-To: aaaaaaaaaa, bbbbbbbbbb, cccccccccc, dddd", "69 bytes");
	buf_clear(&text);
	address_list_print(&list, "DDisposition-Notification-To", &text);
	is_text(buf_text(&text),
		"DDisposition-Notification-To: aaaaaaaaaa, bbbbbbbbbb, cccccccccc,\n\tdddd", "70 bytes");
	buf_close(&text);
	pool_free(&pool);
}

int main(void)
{
	for (const struct seen *seen = cases; seen < cases + COUNT(cases); seen++)
		one(seen);
	written("\"joe\"@x", "\"joe\"@x");
	written("N <a (c) . \"x\" @ y>", "a.\"x\"@y");
	written("a\\ b@c", "\"a b\"@c");
	written("a@b\\,c", "a@\"b,c\"");
	written("a@[1\\2]", "a@[12]");
	written("@r:a@b", "@r:a@b");
	written("\"open", "\"open\"");
	name_counts();
	return done();
}

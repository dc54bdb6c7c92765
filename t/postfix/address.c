#include "postfix/address.h"
#include "t/lib/tap.h"

/* What a 3.7.11 agent put into RCPT TO (5321) and into its log (5322). */
static const struct address {
	const char *address, *as_5321, *as_5322; /* as_5322 NULL: the same */
} addresses[] = {
	{"user@x.test", "user@x.test", NULL},
	{"john doe@x.test", "\"john doe\"@x.test", NULL},
	{"", "", NULL},
	{"@x.test", "\"\"@x.test", NULL},
	{"local", "local", NULL},
	{"lo cal", "\"lo cal\"", NULL},
	{".a@x.test", "\".a\"@x.test", NULL},
	{"a.@x.test", "\"a.\"@x.test", NULL},
	{"a..b@x.test", "\"a..b\"@x.test", NULL},
	{"a.b.c@x.test", "a.b.c@x.test", NULL},
	{".@x.test", "\".\"@x.test", NULL},
	{"a\"b@x.test", "\"a\\\"b\"@x.test", NULL},
	{"a\\b@x.test", "\"a\\\\b\"@x.test", NULL},
	{"a\tb@x.test", "\"a\tb\"@x.test", NULL},
	{"a\rb@x.test", "\"a\\\rb\"@x.test", NULL},
	{"a\nb@x.test", "\"a\\\nb\"@x.test", "\"a\nb\"@x.test"},
	{"a\177b@x.test", "\"a\177b\"@x.test", NULL},
	{"a@b@x.test", "\"a@b\"@x.test", NULL},
	{"a(b)@x.test", "\"a(b)\"@x.test", NULL},
	{"<a>@x.test", "\"<a>\"@x.test", NULL},
	{"a,b;c:d@x.test", "\"a,b;c:d\"@x.test", NULL},
	{"a[b]@x.test", "\"a[b]\"@x.test", NULL},
	{"o'k+x!#$%&*/=?^_`{|}~-@x.test", "o'k+x!#$%&*/=?^_`{|}~-@x.test", NULL},
	{"\303\251@x.test", "\303\251@x.test", NULL},
	{"\351@x.test", "\351@x.test", NULL},
	{"a@do main", "a@do main", NULL},
	{"a@", "a@", NULL},
	{"@r:a@x.test", "\"@r:a\"@x.test", "@r:a@x.test"},
	{"@r,@s:a b@x.test", "\"@r,@s:a b\"@x.test", "@r,@s:\"a b\"@x.test"},
	{"@r:a:b@x.test", "\"@r:a:b\"@x.test", "@r:\"a:b\"@x.test"},
	{"@r:a", "\"\"@r:a", "@r:a"},
	{"@r:", "\"\"@r:", "@r:\"\""},
	{"@ r:a@x.test", "\"@ r:a\"@x.test", "@ r:a@x.test"},
};

/* As it was seen to use answers of trivial-rewrite(8). */
static const struct {
	const char *quoted, *plain;
} unquoted[] = {
	{"joe@x.test", "joe@x.test"},
	{"\"joe\"@x.test", "joe@x.test"},
	{"\"a b\"@x.test", "a b@x.test"},
	{"\"a\\\"b\"@x.test", "a\"b@x.test"},
	{"a\\ b@x.test", "a b@x.test"},
	{"a..\"b\"@x.test", "a..b@x.test"},
	{"\"a@b\"@x.test", "a@b@x.test"},
	{"\"x\"@\"y\"@z", "x@y@z"},
	{"\"a@b\"", "a@b"},
	{"a@\"b,c\"", "a@\"b,c\""},
	{"@r:\"a b\"@x.test", "@r:a b@x.test"},
	{"\"\"", ""},
	{"\"\"@x.test", "@x.test"},
	{"\"open", "open"},
	{"\\", "\\"},
	{"", ""},
};

int main(void)
{
	struct pool pool = {0};

	for (const struct address *a = addresses; a < addresses + COUNT(addresses); a++) {
		is_text(address_quote_5321(&pool, a->address), a->as_5321, "RFC 5321");
		is_text(address_quote_5322(&pool, a->address), a->as_5322 ? a->as_5322 : a->as_5321,
			"RFC 5322");
	}
	for (size_t i = 0; i < COUNT(unquoted); i++)
		is_text(address_unquote(&pool, unquoted[i].quoted), unquoted[i].plain,
			unquoted[i].quoted);
	is_text(address_domain("a@b@c.test"), "c.test", "behind the last @");
	is_text(address_domain("a@"), "", "nothing behind the @");
	is_text(address_domain("local"), "", "no @");
	pool_free(&pool);
	return done();
}

/* Where a key of a text table ends. */
#include "config.h"
#include <string.h>
#include "t/lib/tap.h"
#include "postfix/table_key.h"

static const struct key {
	const char *text, *also;
	const char *key; /* NULL: a quote is left open */
} keys[] = {
	{"", "", ""},
	{"key value", "", "key"},
	{"key\tvalue", "", "key"},
	{"key\nvalue", "", "key"},
	{"key", "", "key"},
	{" value", "", ""},
	{"\"a b\"@h value", "", "\"a b\"@h"},
	{"a\"b c\"d\" \"e f", "", "a\"b c\"d\" \"e"},
	{"\"\" v", "", "\"\""},
	{"a\\ b v", "", "a\\ b"},
	{"a\\\\ v", "", "a\\\\"},
	{"\\\"a b", "", "\\\"a"},
	{"\"a\\\" b\" v", "", "\"a\\\" b\""},
	{"end\\", "", "end\\"},
	{"\"a b", "", NULL},
	{"\"a\\\"", "", NULL},
	{"\"", "", NULL},
	{"a:b c", ":", "a"},
	{"a:b c", "", "a:b"},
	{"a\\:b:c", ":", "a\\:b"},
	{"\"a:b\":c", ":", "\"a:b\""},
	{"a,b:c", ":,", "a"},
	{"caf\303\251 v", "", "caf\303\251"},
};

int main(void)
{
	for (const struct key *x = keys; x < keys + COUNT(keys); x++) {
		size_t length = 999;

		ok(table_key_length(x->text, x->also, &length) == (x->key != NULL),
			x->key ? x->key : "a quote is left open");
		is_number((long long)length, (long long)strlen(x->key ? x->key : x->text),
			x->key ? x->key : x->text);
	}
	return done();
}

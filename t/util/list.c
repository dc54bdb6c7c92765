#include <string.h>
#include "t/lib/tap.h"
#include "util/list.h"

int main(void)
{
	struct pool pool = {0};
	struct list list = {.pool = &pool}, many = {.pool = &pool};
	char word[] = "one";
	bool ended = true;

	is_text(list_join(&list, ","), "", "an empty list");
	ok(!list_has(&list, "one"), "has nothing");
	list_add(&list, word);
	word[0] = 'x';
	is_text(list_join(&list, ","), "one", "a copy");
	ok(list.items[1] == NULL, "NULL at the end");
	list_split(&list, " two, {three four},,Five ", ", ", true);
	is_number((long long)list.count, 4, "three more");
	is_text(list_join(&list, ", "), "one, two, {three four}, Five", "joined");
	ok(list.items[4] == NULL, "NULL at the end again");
	ok(list_has(&list, "Five") && !list_has(&list, "five"), "has, in this case");
	ok(list_has_any_case(&list, "fIVE") && !list_has_any_case(&list, "six"), "in any case");
	is_text(list_join(&list, ""), "onetwo{three four}Five", "joined by nothing");

	for (int i = 0; i < 1000; i++) {
		list_add(&many, pool_format(&pool, "%d", i));
		ended = ended && many.items[many.count] == NULL;
	}
	is_number((long long)many.count, 1000, "many");
	is_text(many.items[999], "999", "the last of many");
	ok(ended, "with NULL at the end, always");
	pool_free(&pool);
	return done();
}

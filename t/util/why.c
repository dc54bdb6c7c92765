#include <string.h>
#include "t/lib/tap.h"
#include "util/why.h"

int main(void)
{
	struct pool pool = {0};
	struct why why = {.pool = &pool}, before;
	char status[] = "4.4.2";

	ok(!why_soft(&why), "nothing went wrong yet");
	ok(!why_set(&why, status, "lost %s", "mx"), "setting it is false");
	status[0] = '5';
	is_text(why.status, "4.4.2", "the status, a copy");
	is_text(why.text, "lost mx", "the text");
	ok(why_soft(&why) && !why.site, "soft, and not the destination's fault");

	ok(!why_said(&why, "mx.example", "smtp", "450 later"), "adding who said so is false");
	is_text(why.mta, "mx.example", "the host");
	is_text(why.said_type, "smtp", "the type");
	is_text(why.said, "450 later", "the reply");
	is_text(why.text, "lost mx", "the text stays");

	before = why;
	ok(!why_site(&why, "5.7.5", "again: %s", why.text), "the destination's fault");
	is_text(why.text, "again: lost mx", "its own text is an argument");
	ok(why.site && !why_soft(&why), "marked so, and hard");
	ok(why.mta == NULL && why.said == NULL && why.said_type == NULL, "nobody said that");
	is_text(before.said, "450 later", "a copy keeps its own");
	why_set(&why, "4.0.0", "x");
	ok(!why.site, "and the mark is gone");
	pool_free(&pool);
	return done();
}

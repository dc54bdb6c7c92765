/*
 * smtp_generic_maps: tables in memory, and a trivial-rewrite(8) that completes addresses without a
 * domain. What must come out was seen from smtp(8) of Postfix 3.7.11.
 */
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include "t/lib/child.h"
#include "t/lib/tap.h"
#include "t/postfix/lookup_server.h"
#include "t/postfix/table_cases.h"
#include "postfix/rewrite.h"
#include "postfix/version.h"

static const char table[] =
	"@h @new\nb@h newb@n\nc+x@h cx@n\n@d dom+q@n\n@e @f\nloc locnew\nq r@x never\n"
	"\"q r\"@h qr@n\nsame@h same@h\ntwo@h x@a, y@b\ngroup@h g: x@a, y@b;\nname@h N <x@a>\n"
	"none@h ,\ncomment@h (c)\nempty@h <>\nquoted@h \"x y\"\nescaped@h a@b\\,c\n"
	"route@h <@r:a@b>\nmute@h mute\n";

static const struct seen {
	const char *address, *new; /* NULL: as it was */
	const char *log;
	const char *trouble; /* NULL: none */
} cases[] = {
	{"a@h", "a@new", "", NULL},
	{"a+e@h", "a+e@new", "", NULL},
	{"a b@h", "a b@new", "", NULL},
	{"b+e@h", "newb@n", "", NULL},
	{"b+@h", "newb@n", "", NULL},
	{"B@H", "newb@n", "", NULL},
	{"c+x@h", "cx@n", "", NULL},
	{"z+e@d", "dom+q@n", "", NULL},
	{"loc", "locnew@my.origin", "", NULL},
	{"loc+e", "locnew@my.origin", "", NULL},
	{"loc+e@my.origin", "locnew@my.origin", "", NULL},
	{"loc@other", NULL, "", NULL},
	{"q r+z@h", "qr@n", "", NULL},
	{"q r@x", NULL, "", NULL},
	{"@h", "@new", "", NULL},
	{"", NULL, "", NULL},
	{"same@h", "same@h", "", NULL},
	{"two@h", "x@a", "warning: multi-valued x_generic_maps result for two@h\n", NULL},
	{"group@h", "x@a", "warning: multi-valued x_generic_maps result for group@h\n", NULL},
	{"name@h", "x@a", "", NULL},
	{"empty@h", "", "", NULL},
	{"quoted@h", "x y@my.origin", "", NULL},
	{"escaped@h", "a@\"b,c\"", "", NULL},
	{"route@h", "@r:a@b", "", NULL},
	{"@p,@q:joe@e", "@p", "warning: multi-valued x_generic_maps result for @p,@q:joe@e\n", NULL},
};

static const struct seen propagated[] = {
	{"a+e@h", "a+e@new", "", NULL},
	{"b+e@h", "newb+e@n", "", NULL},
	{"b+e+f@h", "newb+e+f@n", "", NULL},
	{"b@h", "newb@n", "", NULL},
	{"c+x@h", "cx@n", "", NULL},
	{"z+e@d", "dom+q@n", "", NULL},
	{"z+e@e", "z+e@f", "", NULL},
	{"loc+e", "locnew+e@my.origin", "", NULL},
	{"q r+z@h", "qr+z@n", "", NULL},
};

static const struct seen failing[] = {
	{"none@h", NULL,
		"warning: x_generic_maps lookup of none@h returns non-address result \",\"\n"
		"error: x_generic_maps map lookup problem for none@h\n",
		"x_generic_maps: lookup of none@h returns non-address result \",\""},
	{"comment@h", NULL,
		"warning: x_generic_maps lookup of comment@h returns non-address result \"(c)\"\n"
		"error: x_generic_maps map lookup problem for comment@h\n",
		"x_generic_maps: lookup of comment@h returns non-address result \"(c)\""},
	{"mute@h", NULL, "error: x_generic_maps map lookup problem for mute@h\n",
		"x_generic_maps: no answer from trivial-rewrite(8) for mute"},
};

static atomic_int requests;

static void answer(const struct attrs *request, struct buf *to)
{
	const char *address = attr_get(request, "address");
	bool known = strcmp(attr_get(request, "request"), "rewrite") == 0
		&& strcmp(attr_get(request, "rule"), "local") == 0 && strcmp(address, "mute") != 0;
	bool bare = *address && strchr(address, '@') == NULL;

	buf_clear(to);
	attr_int(to, "flags", 0);
	if (known) {
		buf_adds(to, "address");
		buf_addc(to, '\0');
		buf_addf(to, "%s%s", address, bare ? "@my.origin" : "");
		buf_addc(to, '\0');
	}
	attr_end(to);
	requests++;
}

static void serve(int fd, int number)
{
	struct attr_source source = {.fd = fd, .seconds = 10};
	struct pool pool = {0};
	struct attrs request;
	struct buf list = BUF(0);

	(void)number;
	attr_text(&list, "protocol", "trivial_rewrite_protocol");
	attr_end(&list);
	lookup_say(fd, list.data, list.length);
	while (attr_read(&source, &pool, &request) == ATTR_LIST) {
		answer(&request, &list);
		lookup_say(fd, list.data, list.length);
	}
	buf_close(&list);
	pool_free(&pool);
}

static void one(const struct rewriter *rewriter, const struct seen *seen, enum table_answer want)
{
	struct pool pool = {0};
	const char *new = NULL, *trouble = "";

	is_number(rewrite_address(rewriter, &pool, seen->address, &new, &trouble), want, seen->address);
	is_text(new, seen->new, "what it is outside");
	is_text(cases_log(), seen->log, "log");
	is_text(trouble, seen->trouble ? seen->trouble : "", "for the refusal");
	pool_free(&pool);
}

static void several(const struct rewriter *rewriter, const struct seen *seen, size_t count)
{
	for (size_t i = 0; i < count; i++)
		one(rewriter, &seen[i], seen[i].new ? TABLE_FOUND : TABLE_NONE);
}

int main(void)
{
	struct table_set *set = cases_set();
	struct match *local = match_open(set, "mydestination", "loc.test", MATCH_STRING, 0);
	const struct address_parts parts = {.recipient_delimiter = "+",
		.double_bounce_sender = "double-bounce",
		.myorigin = "my.origin",
		.mydestination = local};
	struct lookup_server *server = lookup_server_start(cases_path("rewrite"), serve);
	struct rewriter rewriter = {.param = "x_generic_maps", .parts = &parts,
		.service = service_new(&(struct service_options){.place = "private/rewrite",
			.path = cases_path("rewrite"),
			.protocol = "trivial_rewrite_protocol",
			.version = POSTFIX(3, 7),
			.seconds = 5})};

	one(&rewriter, &(struct seen){"a@h", NULL, "", NULL}, TABLE_NONE);
	cases_file("generic", table);
	rewriter.maps = tables_open(set, "x_generic_maps",
		cases_name("texthash", "generic"), TABLE_FOLD | TABLE_UTF8);
	several(&rewriter, cases, COUNT(cases));
	rewriter.propagate = true;
	several(&rewriter, propagated, COUNT(propagated));
	for (size_t i = 0; i < COUNT(failing); i++)
		one(&rewriter, &failing[i], TABLE_ERROR);
	is_number(lookup_server_connections(server), 1, "one connection for all");

	rewriter.maps = tables_open(set, "x_generic_maps", "fail:x", TABLE_FOLD);
	one(&rewriter,
		&(struct seen){"a@h", NULL, "warning: fail:x lookup error for \"a@h\"\n"
					    "error: x_generic_maps map lookup problem for a@h\n",
			"x_generic_maps: fail:x lookup error for \"a@h\": this table always fails"},
		TABLE_ERROR);
	service_free(rewriter.service);
	lookup_server_stop(server);
	match_free(local);
	table_set_free(set);
	return cases_done();
}

/* The keys that are asked for: those that smtp(8) of Postfix 3.7 was seen to ask for. */
#include <stdio.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/postfix/table_cases.h"
#include "postfix/lookup_address.h"
#include "postfix/version.h"

static const struct asked {
	const char *delimiters, *address;
	bool both;
	const char *keys; /* each with '|' behind it */
} cases[] = {
	{"+-", "a b+ext@local.test", true,
		"\"a b+ext\"@local.test|a b+ext@local.test|"
		"\"a b\"@local.test|a b@local.test|\"a b+ext\"|a b+ext|\"a b\"|a b|@local.test|"},
	{"+-", "a b+ext@local.test", false,
		"\"a b+ext\"@local.test|\"a b\"@local.test|\"a b+ext\"|\"a b\"|@local.test|"},
	{"+-", "a b+ext@Local.Test", false,
		"\"a b+ext\"@Local.Test|\"a b\"@Local.Test|\"a b+ext\"|\"a b\"|@Local.Test|"},
	{"+-", "a@x.test", true, "a@x.test|@x.test|"},
	{"+-", "a-b+c@x.test", false, "a-b+c@x.test|a@x.test|@x.test|"},
	{"", "a-b+c@x.test", false, "a-b+c@x.test|@x.test|"},
	{"+-", "+x@x.test", false, "+x@x.test|@x.test|"},
	{"+-", "+@x.test", false, "+@x.test|@x.test|"},
	{"+-", "u+@x.test", false, "u+@x.test|u@x.test|@x.test|"},
	{"+-", "nodomain+x", false, "nodomain+x|nodomain|"},
	{"+-", "u+x@", false, "u+x@|u@|@|"},
	{"+-", "u@x@y.test", true, "\"u@x\"@y.test|u@x@y.test|@y.test|"},
	{"+-", "a.+b@x.test", true, "a.+b@x.test|\"a.\"@x.test|a.@x.test|@x.test|"},
	{"+-", "u+x@my.origin", false, "u+x@my.origin|u@my.origin|u+x|u|@my.origin|"},
	{"+-", "u+x@MY.origin", false, "u+x@MY.origin|u@MY.origin|u+x|u|@MY.origin|"},
	{"+-", "u+x@[192.0.2.1]", false, "u+x@[192.0.2.1]|u@[192.0.2.1]|u+x|u|@[192.0.2.1]|"},
	{"+-", "u@[IPv6:2001:db8::1]", false, "u@[IPv6:2001:db8::1]|u|@[IPv6:2001:db8::1]|"},
	{"+-", "u@[192.0.2.2]", false, "u@[192.0.2.2]|@[192.0.2.2]|"},
	{"+-", "u@[", false, "u@[|@[|"},
	{"+-", "u@192.0.2.1", false, "u@192.0.2.1|@192.0.2.1|"},
	{"+-", "@x.test", false, "\"\"@x.test|@x.test|"},
	{"+-", "", false, "\"\"|"},
	{"+-", "@a,@b:u@x.test", false, "@a,@b:u@x.test|@x.test|"},

	{"+-", "owner-list+a@x.test", false, "owner-list+a@x.test|@x.test|"},
	{"+-", "OWNER-list-a@x.test", false, "OWNER-list-a@x.test|@x.test|"},
	{"+-", "list+x-REQUEST@x.test", false, "list+x-REQUEST@x.test|@x.test|"},
	{"+-", "list-request@x.test", false, "list-request@x.test|@x.test|"},
	{"+", "owner-list+a@x.test", false, "owner-list+a@x.test|owner-list@x.test|@x.test|"},
	{"+", "list+a-request@x.test", false, "list+a-request@x.test|list@x.test|@x.test|"},
	{"+-", "postmaster+x@x.test", false, "postmaster+x@x.test|postmaster@x.test|@x.test|"},
	{"+-", "MAILER-DAEMON@x.test", false, "MAILER-DAEMON@x.test|@x.test|"},
	{"+-", "mailer-daemon-x@x.test", false, "mailer-daemon-x@x.test|mailer@x.test|@x.test|"},
	{"+-", "Double-Bounce@x.test", false, "Double-Bounce@x.test|@x.test|"},
	{"+-", "double-bounce+a@x.test", false, "double-bounce+a@x.test|double@x.test|@x.test|"},
};

static struct addr own[2];
static bool proxies_unknown;
static struct table_set *set;

static enum match_answer is_own(const void *context, const struct addr *addr)
{
	(void)context;
	if (addr_same_host(addr, &own[0]) || addr_same_host(addr, &own[1]))
		return MATCH_YES;
	return proxies_unknown ? MATCH_ERROR : MATCH_NO;
}

static struct address_parts parts_with(const char *delimiters)
{
	addr_parse(&own[0], "192.0.2.1", 25);
	addr_parse(&own[1], "2001:db8::1", 0);
	return (struct address_parts){
		.recipient_delimiter = delimiters,
		.owner_request_special = true,
		.double_bounce_sender = "double-bounce",
		.myorigin = "my.origin",
		.is_own = is_own,
	};
}

/* What "debug:internal:x" logs, "debug:internal:x lookup: "KEY" = "not found"", as "KEY|". */
static const char *keys_asked(const char *log)
{
	static char keys[4096];
	size_t length = 0;

	for (; *log; log = strchr(log, '\n') + 1) {
		const char *key = strchr(log, '"') + 1, *end = strstr(key, "\" = \"");

		length += (size_t)snprintf(keys + length, sizeof keys - length, "%.*s|",
			(int)(end - key), key);
	}
	keys[length] = '\0';
	return keys;
}

static void keys(const struct asked *c)
{
	struct address_parts parts = parts_with(c->delimiters);
	struct buf result = BUF(100), extension = BUF(0);
	struct match *local = match_open(set, "mydestination", "local.test", MATCH_STRING, 0);

	parts.mydestination = local;
	buf_adds(&extension, "left over");
	ok(lookup_by_address(&parts, tables_open(set, "x_maps", "debug:internal:x", 0), c->address,
		   c->both, &result, &extension)
			== TABLE_NONE,
		c->address);
	is_text(keys_asked(cases_log()), c->keys, "asks for");
	is_text(buf_text(&extension), "", "without extension");
	match_free(local);
	buf_close(&extension);
	buf_close(&result);
}

static const struct found {
	const char *maps, *address;
	enum table_answer answer;
	const char *value, *extension;
} found[] = {
	{"inline:{u+x@x.test=1,u@x.test=2,@x.test=3}", "u+x@x.test", TABLE_FOUND, "1", ""},
	{"inline:{u@x.test=2,@x.test=3}", "u+x@x.test", TABLE_FOUND, "2", "+x"},
	{"inline:{@x.test=3}", "u+x@x.test", TABLE_FOUND, "3", ""},
	{"inline:{u=4}", "u+x@my.origin", TABLE_FOUND, "4", "+x"},
	{"inline:{u=4}", "u+x@x.test", TABLE_NONE, "", ""},
	{"inline:{u+x=5,u=4}", "u+x@my.origin", TABLE_FOUND, "5", ""},
	{"inline:{@x.test=3},inline:{u+x@x.test=1}", "u+x@x.test", TABLE_FOUND, "1", ""},
	{"randmap:{r},inline:{u@x.test=2}", "u+x@x.test", TABLE_FOUND, "r", ""},
	{"cidr:{},inline:{u@x.test=2}", "u+x@x.test", TABLE_FOUND, "2", "+x"},
	{"regexp:{{/^@/ p}}", "u@x.test", TABLE_NONE, "", ""},
	{"regexp:{{/^u@/ p}}", "u+x@x.test", TABLE_NONE, "", ""},
	{"fail:x", "u@x.test", TABLE_ERROR,
		"fail:x lookup error for \"u@x.test\": this table always fails", ""},
};

static void values(void)
{
	struct address_parts parts = parts_with("+");

	for (const struct found *f = found; f < found + COUNT(found); f++) {
		struct buf result = BUF(200), extension = BUF(0);

		okf(lookup_by_address(&parts, tables_open(set, "x_maps", f->maps, TABLE_FOLD),
			    f->address, false, &result, &extension)
				== f->answer,
			"%s in %s", f->address, f->maps);
		is_text(buf_text(&result), f->value, "the value");
		is_text(buf_text(&extension), f->extension, "the extension that is left");
		buf_close(&extension);
		buf_close(&result);
	}
	cases_log();
}

static void broken_mydestination(void)
{
	struct address_parts parts = parts_with("+");
	struct match *local = match_open(set, "mydestination", "fail:x", MATCH_STRING, 0);
	struct buf result = BUF(200);

	parts.mydestination = local;
	ok(lookup_by_address(&parts, tables_open(set, "x_maps", "inline:{a=b}", 0), "u@x.test",
		   false, &result,
		   NULL) == TABLE_ERROR,
		"when nobody can say what is local");
	is_text(buf_text(&result), "lookup error in mydestination", "it is an error");
	is_text(cases_log(), "warning: mydestination: fail:x: table lookup problem\n",
		"and warned about");
	ok(lookup_by_address(&parts, NULL, "u@x.test", false, &result, NULL) == TABLE_NONE,
		"no tables");
	match_free(local);
	buf_close(&result);
}

static void unknown_proxies(void)
{
	struct address_parts parts = parts_with("+");
	struct buf result = BUF(200);
	const struct tables *tables = tables_open(set, "x_maps", "inline:{a=b}", 0);

	proxies_unknown = true;
	ok(lookup_by_address(&parts, tables, "u@x.test", false, &result, NULL) == TABLE_NONE,
		"a name is never an address of ours");
	ok(lookup_by_address(&parts, tables, "u@[192.0.2.9]", false, &result, NULL) == TABLE_ERROR,
		"an address may be, when nobody knows all of them");
	is_text(buf_text(&result), "lookup error in proxy_interfaces", "it is an error");
	proxies_unknown = false;
	buf_close(&result);
}

int main(void)
{
	struct table_options options = TABLE_OPTIONS;

	options.version = POSTFIX(3, 11); /* it has debug: */
	set = cases_set_with(&options);
	for (const struct asked *c = cases; c < cases + COUNT(cases); c++)
		keys(c);
	values();
	broken_mydestination();
	unknown_proxies();
	table_set_free(set);
	return cases_done();
}

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include "t/lib/tap.h"
#include "util/addr.h"

static const struct parse {
	const char *text, *again; /* again NULL: not an address */
	int family;
} parses[] = {
	{"192.0.2.1", "192.0.2.1", AF_INET},
	{"0.0.0.0", "0.0.0.0", AF_INET},
	{"2001:DB8::0:1", "2001:db8::1", AF_INET6},
	{"::", "::", AF_INET6},
	{"::ffff:192.0.2.1", "::ffff:192.0.2.1", AF_INET6},
	{"fe80::1%1", NULL, AF_INET6}, /* again has the interface's name */
	{"", NULL, AF_UNSPEC},
	{"192.0.2", NULL, AF_UNSPEC},
	{"192.0.2.256", NULL, AF_UNSPEC},
	{"192.0.2.01", NULL, AF_UNSPEC},
	{"0x7f.1", NULL, AF_UNSPEC},
	{" 192.0.2.1", NULL, AF_UNSPEC},
	{"192.0.2.1 ", NULL, AF_UNSPEC},
	{"[192.0.2.1]", NULL, AF_UNSPEC},
	{"192.0.2.1%1", NULL, AF_UNSPEC},
	{"2001:db8::1%", NULL, AF_UNSPEC},
	{"2001:db8::1%no-such-interface", NULL, AF_UNSPEC},
	{"2001:db8::1::2", NULL, AF_UNSPEC},
	{"12345:db8::1", NULL, AF_UNSPEC},
	{"IPv6:2001:db8::1", NULL, AF_UNSPEC},
	{"example.com", NULL, AF_UNSPEC},
	{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd", NULL, AF_UNSPEC},
};

static void check_parse(void)
{
	char text[ADDR_TEXT];

	for (const struct parse *p = parses; p < parses + COUNT(parses); p++) {
		struct addr addr = {0};
		bool right = addr_parse(&addr, p->text, 2525);

		okf(right == (p->family != AF_UNSPEC), "parse '%s'", p->text);
		is_number(addr_family(&addr), p->family, "its family");
		is_number(addr_port(&addr), right ? 2525 : 0, "its port");
		ok(addr_is_numeric(p->text) == right, "is it numeric?");
		if (p->again)
			is_text(addr_text(&addr, text), p->again, "its text");
	}
}

static void check_scope(void)
{
	struct addr one, other, none;
	char text[ADDR_TEXT], name[IF_NAMESIZE], expected[ADDR_TEXT];

	ok(addr_parse(&one, "fe80::1%1", 25) && one.sa.v6.sin6_scope_id == 1, "a scope by number");
	if (if_indextoname(1, name)) {
		snprintf(expected, sizeof expected, "fe80::1%%%s", name);
		is_text(addr_text(&one, text), expected, "its text has the name");
		ok(addr_parse(&other, text, 25) && addr_same_host(&one, &other), "and back");
	} else {
		skip("a scope's name", "no interface 1");
	}
	ok(addr_parse(&other, "fe80::1%4000000000", 25), "a scope that no interface has");
	is_text(addr_text(&other, text), "fe80::1%4000000000", "its text");
	ok(!addr_same_host(&one, &other), "another scope, another host");
	ok(addr_parse(&none, "fe80::1", 25) && !addr_same_host(&one, &none), "no scope neither");
}

static void check_bytes(void)
{
	struct addr addr = {0}, other = {0};
	char text[ADDR_TEXT];

	ok(addr_from_bytes(&addr, "\xC0\x00\x02\x01", 4, 25), "4 bytes");
	is_text(addr_text(&addr, text), "192.0.2.1", "their text");
	is_number(addr.length, sizeof(struct sockaddr_in), "their length");
	addr_set_port(&addr, 65535);
	is_number(addr_port(&addr), 65535, "a new port");
	ok(addr_from_bytes(&other, "\xC0\x00\x02\x01", 4, 587), "the same, another port");
	ok(addr_same_host(&addr, &other), "is the same host");
	ok(addr_from_bytes(&other, "\xC0\x00\x02\x02", 4, 25) && !addr_same_host(&addr, &other),
		"another host");

	ok(addr_from_bytes(&other, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 16, 25), "16");
	is_text(addr_text(&other, text), "2001:db8::7", "their text");
	is_number(other.length, sizeof(struct sockaddr_in6), "their length");
	addr_set_port(&other, 24);
	is_number(addr_port(&other), 24, "a new port");
	ok(!addr_same_host(&addr, &other), "never the same host");
	ok(!addr_from_bytes(&other, "\xC0\x00\x02\x01\x05", 5, 25), "5 bytes");
	is_text(addr_text(&other, text), "2001:db8::7", "leave it alone");

	other = (struct addr){0};
	is_text(addr_text(&other, text), "", "no address has no text");
	ok(!addr_same_host(&other, &other), "and is no host");
	ok(!addr_is_loopback(&other), "and not this one");
}

static const struct loopback {
	const char *text;
	bool loops;
} loopbacks[] = {
	{"127.0.0.1", true},
	{"127.255.0.3", true},
	{"128.0.0.1", false},
	{"::1", true},
	{"::", false},
	{"::2", false},
	{"::ffff:127.0.0.1", true},
	{"::ffff:192.0.2.1", false},
};

int main(void)
{
	check_parse();
	check_scope();
	check_bytes();
	for (const struct loopback *l = loopbacks; l < loopbacks + COUNT(loopbacks); l++) {
		struct addr addr;

		addr_parse(&addr, l->text, 0);
		okf(addr_is_loopback(&addr) == l->loops, "is %s the loopback?", l->text);
	}
	return done();
}

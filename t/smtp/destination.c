#include "config.h"
#include <stddef.h>
#include "postfix/version.h"
#include "smtp/destination.h"
#include "t/lib/tap.h"
#include "util/buf.h"

static const struct hop {
	const char *nexthop, *want; /* host:port, ' literal', ' fallback', ...; or the error */
	bool lmtp;
} hops[] = {
	{"example.com", "example.com:25", false},
	{"example.com:587", "example.com:587", false},
	{"example.com:submission", "example.com:587", false},
	{"example.com:smtps", "example.com:465", false},
	{"[example.com]", "example.com:25 literal", false},
	{"[example.com]:2525", "example.com:2525 literal", false},
	{"192.0.2.1", "192.0.2.1:25 literal", false},
	{"[ipv6:2001:db8::1]", "2001:db8::1:25 literal", false},
	{"[2001:db8::1]:26", "2001:db8::1:26 literal", false},
	{"a.example, b.example:26\tc.example", "a.example:25|b.example:26|c.example:25", false},
	{"relay.example", "relay.example:25 relayhost", false},
	{"b\xc3\xbc" "cher.example", "b\xc3\xbc" "cher.example=xn--bcher-kva.example:25", false},
	{"fa\xc3\x9f.example", "fa\xc3\x9f.example=xn--fa-hia.example:25", false},
	{"[127.0.0.1", "!missing \"]\" in server description: [127.0.0.1", false},
	{"[a]b", "!garbage after \"]\" in server description: [a]b", false},
	{"[ipv6:1.2.3.4]", "!malformed IPv6 address in server description: [ipv6:1.2.3.4]", false},
	{":25", "!missing host information in server description: :25", false},
	{"a.example:", "a.example:25", false},
	{"[a.example]:", "a.example:25 literal", false},
	{"a.example, [b", "a.example:25|!missing \"]\" in server description: [b", false},
	{"-a.example", "!valid hostname or network address required in server description: -a.example",
		false},
	{"a.example:25x", "!garbage after numerical service in server description: a.example:25x",
		false},
	{"a.example:0", "!bad network port: 0 for destination: a.example:0", false},
	{"a.example:65536", "!bad network port: 65536 for destination: a.example:65536", false},
	{"a.example:no-such-service", "!unknown service: no-such-service/tcp", false},
	{"unix:/run/lmtp", "path=/run/lmtp", true},
	{"inet:a.example:2424", "a.example:2424", true},
	{"a.example", "a.example:24", true},
	{" , ", "!empty nexthop hostname", false},
};

static void describe(const struct destination *to, struct buf *text)
{
	for (; to; to = to->next) {
		if (to->error)
			buf_addf(text, "!%s", to->error);
		else if (to->path)
			buf_addf(text, "path=%s", to->path);
		else
			buf_addf(text, "%s%s%s:%u", to->host, to->ascii == to->host ? "" : "=",
				to->ascii == to->host ? "" : to->ascii, to->port);
		buf_addf(text, "%s%s%s%s", to->literal && !to->path ? " literal" : "",
			to->fallback ? " fallback" : "", to->relayhost ? " relayhost" : "",
			to->next ? "|" : "");
	}
}

static void check(const char *nexthop, const char *want, struct destination_options options)
{
	struct pool pool = {0};
	struct buf text = BUF(0);

	describe(destination_parse(&pool, &options, nexthop), &text);
	is_text(buf_text(&text), want, nexthop);
	buf_close(&text);
	pool_free(&pool);
}

int main(void)
{
	struct destination_options options = {.utf8 = true, .fallback_relay = "",
		.relayhost = "relay.example", .myhostname = "me.example",
		.known_tcp_ports = "lmtp=24, smtp=25, smtps=submissions=465, submission=587",
		.version = POSTFIX(3, 7)};

	for (const struct hop *h = hops; h < hops + COUNT(hops); h++) {
		options.lmtp = h->lmtp;
		options.default_port = h->lmtp ? "24" : "smtp";
		check(h->nexthop, h->want, options);
	}
	options.lmtp = false;
	options.default_port = "smtp";
	options.fallback_relay = "[x.example], y.example";
	check("a.example", "a.example:25|x.example:25 literal fallback|y.example:25 fallback", options);
	options.fallback_relay = "";
	options.version = POSTFIX(3, 5);
	options.known_tcp_ports = NULL;
	check("a.example:0", "!bad network port in destination: a.example:0", options);
	options.idna_2003 = true;
	check("fa\xc3\x9f.example", "fa\xc3\x9f.example=fass.example:25", options);
	options.utf8 = false;
	check("b\xc3\xbc" "cher.example", "!valid hostname or network address required in server"
		" description: b\xc3\xbc" "cher.example", options);
	return done();
}

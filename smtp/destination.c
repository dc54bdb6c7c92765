#include "config.h"
#include <netdb.h>
#include <string.h>
#include "dns/name.h"
#include "postfix/version.h"
#include "smtp/destination.h"
#include "util/addr.h"
#include "util/text.h"

/* What a parse works on. */
struct parse {
	struct pool *pool;
	const struct destination_options *options;
	const char *error; /* of the element in hand */
};

static bool wrong(struct parse *p, const char *reason, const char *text)
{
	p->error = pool_format(p->pool, "%s in server description: %s", reason, text);
	return false;
}

/* "[host]", "[host]:port", "[ipv6:address]"; an empty port is the default one. */
static bool split_literal(struct parse *p, const char *text, const char **host,
	const char **port)
{
	const char *start = text + 1, *end = strchr(text, ']');
	bool ipv6 = text_starts_any_case(start, "ipv6:");

	if (end == NULL)
		return wrong(p, "missing \"]\"", text);
	if (end[1] != '\0' && end[1] != ':')
		return wrong(p, "garbage after \"]\"", text);
	start += ipv6 ? strlen("ipv6:") : 0;
	*host = pool_bytes(p->pool, start, (size_t)(end - start));
	*port = end[1] ? end + 2 : "";
	if (ipv6 && (!addr_is_numeric(*host) || strchr(*host, ':') == NULL))
		return wrong(p, "malformed IPv6 address", text);
	return true;
}

/* "host", "host:port": the last colon separates. */
static bool split_plain(struct parse *p, const char *text, const char **host,
	const char **port)
{
	const char *colon = strrchr(text, ':');

	*host = colon ? pool_bytes(p->pool, text, (size_t)(colon - text)) : text;
	*port = colon ? colon + 1 : "";
	if (**host == '\0')
		return wrong(p, "missing host information", text);
	return true;
}

/* "lmtp=24, smtp=25, smtps=submissions=465": the port of NAME, 0: not there. */
static long known_port(struct pool *pool, const char *list, const char *name)
{
	const char *entry;

	while (list && (entry = text_token(pool, &list, ",", false)) != NULL) {
		const char *port = strrchr(entry, '='), *word;
		long long number;

		if (port == NULL || !text_number(text_trim(pool, port + 1), 1, 65535, &number))
			continue;
		entry = pool_bytes(pool, entry, (size_t)(port - entry));
		while ((word = text_token(pool, &entry, "=", false)) != NULL)
			if (strcmp(text_trim(pool, word), name) == 0)
				return number;
	}
	return 0;
}

static long system_port(const char *name)
{
	struct servent space, *found = NULL;
	char names[1024];

	if (getservbyname_r(name, "tcp", &space, names, sizeof names, &found) != 0 || found == NULL)
		return 0;
	return ntohs((uint16_t)found->s_port);
}

static bool bad_port(struct parse *p, const char *port, const char *text)
{
	p->error = p->options->version < POSTFIX(3, 6)
		? pool_format(p->pool, "bad network port in destination: %s", text)
		: pool_format(p->pool, "bad network port: %s for destination: %s", port, text);
	return false;
}

static bool find_port(struct parse *p, const char *port, const char *text, uint16_t *number)
{
	long long found;

	if (text_all_digits(port)) {
		if (!text_number(port, 1, 65535, &found))
			return bad_port(p, port, text);
	} else if (port[0] >= '0' && port[0] <= '9') {
		return wrong(p, "garbage after numerical service", text);
	} else {
		found = known_port(p->pool, p->options->known_tcp_ports, port);
		if (found == 0)
			found = system_port(port);
	}
	if (found == 0) {
		p->error = pool_format(p->pool, "unknown service: %s/tcp", port);
		return false;
	}
	*number = (uint16_t)found;
	return true;
}

static const char *to_ascii(const struct parse *p, const char *host)
{
	return name_to_ascii(p->pool, host, p->options->idna_2003);
}

static bool good_host(const struct parse *p, const struct destination *to)
{
	const char *reason;

	if (addr_is_numeric(to->host))
		return true;
	if (!p->options->utf8 && !text_is_ascii(to->host))
		return false;
	return to->ascii && name_is_host(to->ascii, &reason);
}

static bool parse_host(struct parse *p, struct destination *to)
{
	bool bracket = to->text[0] == '[';
	const char *port;

	if (!(bracket ? split_literal : split_plain)(p, to->text, &to->host, &port))
		return false;
	to->ascii = to_ascii(p, to->host);
	if (!good_host(p, to))
		return wrong(p, "valid hostname or network address required", to->text);
	to->service = *port ? port : p->options->default_port;
	to->literal = bracket || addr_is_numeric(to->host);
	return find_port(p, to->service, to->text, &to->port);
}

static struct destination *parse_one(struct parse *p, const char *text)
{
	struct destination *to = POOL_NEW(p->pool, struct destination);

	to->text = to->host = text;
	to->service = "";
	to->relayhost = strcmp(text, p->options->relayhost) == 0;
	if (!parse_host(p, to))
		to->error = p->error;
	return to;
}

/* Adds the elements of LIST at TAIL; the new tail. */
static struct destination **parse_list(struct parse *p, const char *list, bool fallback,
	struct destination **tail)
{
	const char *text;

	while ((text = text_token(p->pool, &list, TEXT_LIST_SEPARATORS, false)) != NULL) {
		*tail = parse_one(p, text);
		(*tail)->fallback = fallback;
		tail = &(*tail)->next;
	}
	return tail;
}

static struct destination *nobody(struct parse *p)
{
	struct destination *to = POOL_NEW(p->pool, struct destination);

	to->text = to->host = to->service = "";
	to->error = "empty nexthop hostname";
	return to;
}

static struct destination *unix_socket(const struct parse *p, const char *path)
{
	struct destination *to = POOL_NEW(p->pool, struct destination);

	to->text = to->path = pool_text(p->pool, path);
	to->host = p->options->myhostname;
	to->ascii = to_ascii(p, to->host);
	to->service = "";
	to->literal = true;
	return to;
}

struct destination *destination_parse(struct pool *pool, const struct destination_options *options,
	const char *nexthop)
{
	struct parse p = {pool, options, NULL};
	struct destination *first = NULL, **tail = &first;

	if (options->lmtp && text_starts(nexthop, "unix:"))
		return unix_socket(&p, nexthop + strlen("unix:"));
	if (options->lmtp && text_starts(nexthop, "inet:"))
		nexthop += strlen("inet:");
	tail = parse_list(&p, nexthop, false, tail);
	if (first == NULL)
		return nobody(&p);
	parse_list(&p, options->fallback_relay, true, tail);
	return first;
}

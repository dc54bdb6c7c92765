#include <string.h>
#include "postfix/address.h"
#include "util/text.h"

/* RFC 5321 4.1.2 "specials", and what RFC 5322 3.2.3 adds to them. */
static const char specials[] = "()<>[]:;@\\,\"";

/* Where the last '@' is, or the end. */
static const char *local_end(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? at : address + strlen(address);
}

/*
 * Is it a Dot-string = Atom *("." Atom)? Bytes above 127 are part of an atom (RFC 6531 3.3); a
 * local part that is not is written as a Quoted-string.
 */
static bool is_dot_string(const char *local, size_t length)
{
	bool dot = true; /* at the start, a dot may not come either */

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)local[i];

		if (c <= ' ' || c == 127 || strchr(specials, c) || (dot && c == '.'))
			return false;
		dot = c == '.';
	}
	return !dot;
}

/* The part before the last '@' quoted if it has to be, with a backslash before those of ESCAPED. */
static const char *quote(struct pool *pool, const char *address, const char *escaped)
{
	const char *end = local_end(address);
	size_t length = (size_t)(end - address);
	char *quoted, *to;

	if (*address == '\0' || is_dot_string(address, length))
		return pool_text(pool, address);
	to = quoted = pool_alloc(pool, 2 * length + strlen(end) + 3);
	*to++ = '"';
	for (const char *from = address; from < end; from++) {
		if (*from && strchr(escaped, *from))
			*to++ = '\\';
		*to++ = *from;
	}
	*to++ = '"';
	memcpy(to, end, strlen(end) + 1);
	return quoted;
}

const char *address_quote_5321(struct pool *pool, const char *address)
{
	return quote(pool, address, "\"\\\r\n");
}

/* "@a,@b:user@domain": up to the colon it is no local part (RFC 5322 4.4). */
static size_t route_length(const char *address)
{
	const char *colon = address[0] == '@' ? strchr(address, ':') : NULL;

	return colon ? (size_t)(colon + 1 - address) : 0;
}

const char *address_quote_5322(struct pool *pool, const char *address)
{
	size_t route = route_length(address);
	const char *rest = address + route;

	if (route == 0)
		return quote(pool, address, "\"\\\r");
	return pool_format(pool, "%.*s%s", (int)route, address,
		*rest ? quote(pool, rest, "\"\\\r") : "\"\"");
}

/* The last '@' outside of quotes, or the end. */
static const char *domain_start(const char *address)
{
	const char *found = NULL;
	bool quoted = false;

	for (; *address; address++) {
		if (*address == '\\' && address[1])
			address++;
		else if (*address == '"')
			quoted = !quoted;
		else if (*address == '@' && !quoted)
			found = address;
	}
	return found ? found : address;
}

const char *address_unquote(struct pool *pool, const char *address)
{
	const char *end = domain_start(address);
	char *text = pool_alloc(pool, strlen(address) + 1), *to = text;

	for (; address < end; address++) {
		if (*address == '"')
			continue;
		if (*address == '\\' && address + 1 < end)
			address++;
		*to++ = *address;
	}
	memcpy(to, end, strlen(end) + 1);
	return text;
}

const char *address_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? at + 1 : "";
}

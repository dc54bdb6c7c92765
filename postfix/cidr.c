#include <arpa/inet.h>
#include <string.h>
#include "util/text.h"
#include "postfix/cidr.h"

enum { CIDR_TEXT = INET6_ADDRSTRLEN + 1 };

static unsigned family_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

static int family_of(const char *text)
{
	return strchr(text, ':') ? AF_INET6 : AF_INET;
}

bool cidr_address(struct cidr *address, const char *text)
{
	struct cidr found = {.family = family_of(text)};

	if (inet_pton(found.family, text, found.bytes) != 1)
		return false;
	found.bits = family_bits(found.family);
	*address = found;
	return true;
}

static unsigned char mask_of(unsigned bits, unsigned byte)
{
	if (bits >= 8 * byte + 8)
		return 0xFF;
	return bits <= 8 * byte ? 0 : (unsigned char)(0xFF << (8 * byte + 8 - bits));
}

/* Zeroes what is beyond its length; returns whether it was zero before. */
static bool trim(struct cidr *network)
{
	bool clean = true;

	for (unsigned i = 0; i < family_bits(network->family) / 8; i++) {
		unsigned char kept = network->bytes[i] & mask_of(network->bits, i);

		clean = clean && kept == network->bytes[i];
		network->bytes[i] = kept;
	}
	return clean;
}

static bool refuse(struct buf *why, const char *before, const char *pattern)
{
	buf_addf(why, "%s \"%s\"", before, pattern);
	return false;
}

static bool refuse_bits(struct cidr *network, const char *pattern, struct buf *why)
{
	char text[CIDR_TEXT] = "";

	inet_ntop(network->family, network->bytes, text, sizeof text);
	refuse(why, "non-null host address bits in", pattern);
	buf_addf(why, ", perhaps you should use \"%s/%u\" instead", text, network->bits);
	return false;
}

/* PATTERN has no brackets any more. */
static bool parse_plain(struct cidr *network, const char *pattern, struct buf *why)
{
	const char *slash = strchr(pattern, '/');
	char address[CIDR_TEXT] = "";
	struct cidr found;
	long long bits;

	if (slash == NULL)
		return cidr_address(network, pattern)
			|| refuse(why, "bad address pattern:", pattern);
	if (!text_all_digits(slash + 1))
		return refuse(why, "bad mask value in", pattern);
	if ((size_t)(slash - pattern) < sizeof address)
		memcpy(address, pattern, (size_t)(slash - pattern));
	if (!text_number(slash + 1, 0, family_bits(family_of(pattern)), &bits))
		return refuse(why, "bad mask length in", pattern);
	if (!cidr_address(&found, address))
		return refuse(why, "bad network value in", pattern);
	found.bits = (unsigned)bits;
	if (!trim(&found))
		return refuse_bits(&found, pattern, why);
	*network = found;
	return true;
}

bool cidr_parse(struct cidr *network, const char *pattern, struct buf *why)
{
	const char *end = strchr(pattern, ']');
	struct pool pool = {0};
	bool parsed;

	if (*pattern != '[')
		return parse_plain(network, pattern, why);
	if (end == NULL)
		return refuse(why, "missing ']' character after", pattern);
	if (end[1] != '\0' && end[1] != '/') {
		buf_addf(why, "garbage after \"%.*s\"", (int)(end + 1 - pattern), pattern);
		return false;
	}
	parsed = parse_plain(network,
		pool_format(&pool, "%.*s%s", (int)(end - pattern - 1), pattern + 1, end + 1), why);
	pool_free(&pool);
	return parsed;
}

bool cidr_has(const struct cidr *network, const struct cidr *address)
{
	if (network->family != address->family)
		return false;
	for (unsigned i = 0; i < family_bits(network->family) / 8; i++)
		if ((network->bytes[i] ^ address->bytes[i]) & mask_of(network->bits, i))
			return false;
	return true;
}

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include "util/addr.h"
#include "util/text.h"

static struct addr from_v4(struct in_addr host, uint16_t port)
{
	struct addr addr = {.length = sizeof addr.sa.v4};

	addr.sa.v4.sin_family = AF_INET;
	addr.sa.v4.sin_addr = host;
	addr.sa.v4.sin_port = htons(port);
	return addr;
}

static struct addr from_v6(struct in6_addr host, uint32_t scope, uint16_t port)
{
	struct addr addr = {.length = sizeof addr.sa.v6};

	addr.sa.v6.sin6_family = AF_INET6;
	addr.sa.v6.sin6_addr = host;
	addr.sa.v6.sin6_scope_id = scope;
	addr.sa.v6.sin6_port = htons(port);
	return addr;
}

/* A zone of RFC 4007 11.2: an interface's name or its number. 0: unknown. */
static uint32_t scope_number(const char *name)
{
	long long number;

	if (text_number(name, 1, UINT32_MAX, &number))
		return (uint32_t)number;
	return if_nametoindex(name);
}

bool addr_parse(struct addr *addr, const char *text, uint16_t port)
{
	char host[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "%");
	struct in_addr four;
	struct in6_addr six;
	uint32_t scope = 0;

	if (length >= sizeof host)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	if (text[length] == '%' && (scope = scope_number(text + length + 1)) == 0)
		return false;

	if (scope == 0 && inet_pton(AF_INET, host, &four) == 1)
		*addr = from_v4(four, port);
	else if (inet_pton(AF_INET6, host, &six) == 1)
		*addr = from_v6(six, scope, port);
	else
		return false;
	return true;
}

bool addr_from_bytes(struct addr *addr, const void *bytes, size_t length, uint16_t port)
{
	struct in_addr four;
	struct in6_addr six;

	if (length == sizeof four) {
		memcpy(&four, bytes, sizeof four);
		*addr = from_v4(four, port);
		return true;
	}
	if (length == sizeof six) {
		memcpy(&six, bytes, sizeof six);
		*addr = from_v6(six, 0, port);
		return true;
	}
	return false;
}

bool addr_is_numeric(const char *text)
{
	struct addr addr;

	return addr_parse(&addr, text, 0);
}

int addr_family(const struct addr *addr)
{
	return addr->length > 0 ? addr->sa.any.sa_family : AF_UNSPEC;
}

uint16_t addr_port(const struct addr *addr)
{
	switch (addr_family(addr)) {
	case AF_INET:
		return ntohs(addr->sa.v4.sin_port);
	case AF_INET6:
		return ntohs(addr->sa.v6.sin6_port);
	}
	return 0;
}

void addr_set_port(struct addr *addr, uint16_t port)
{
	switch (addr_family(addr)) {
	case AF_INET:
		addr->sa.v4.sin_port = htons(port);
		break;
	case AF_INET6:
		addr->sa.v6.sin6_port = htons(port);
		break;
	}
}

/* The 4 or 16 bytes of the address, *length of them; NULL with 0 for another family. */
static const unsigned char *host_bytes(const struct addr *addr, size_t *length)
{
	switch (addr_family(addr)) {
	case AF_INET:
		*length = sizeof addr->sa.v4.sin_addr;
		return (const unsigned char *)&addr->sa.v4.sin_addr;
	case AF_INET6:
		*length = sizeof addr->sa.v6.sin6_addr;
		return addr->sa.v6.sin6_addr.s6_addr;
	}
	*length = 0;
	return NULL;
}

static uint32_t scope_of(const struct addr *addr)
{
	return addr_family(addr) == AF_INET6 ? addr->sa.v6.sin6_scope_id : 0;
}

const char *addr_text(const struct addr *addr, char *text)
{
	char name[IF_NAMESIZE];
	uint32_t scope = scope_of(addr);
	size_t length;
	const unsigned char *bytes = host_bytes(addr, &length);

	text[0] = '\0';
	if (bytes)
		inet_ntop(addr_family(addr), bytes, text, ADDR_TEXT);
	length = strlen(text);
	if (scope != 0 && if_indextoname(scope, name))
		snprintf(text + length, ADDR_TEXT - length, "%%%s", name);
	else if (scope != 0)
		snprintf(text + length, ADDR_TEXT - length, "%%%u", (unsigned)scope);
	return text;
}

bool addr_same_host(const struct addr *a, const struct addr *b)
{
	size_t a_length, b_length;
	const unsigned char *a_bytes = host_bytes(a, &a_length);
	const unsigned char *b_bytes = host_bytes(b, &b_length);

	return a_bytes && b_bytes && a_length == b_length && scope_of(a) == scope_of(b)
		&& memcmp(a_bytes, b_bytes, a_length) == 0;
}

bool addr_is_loopback(const struct addr *addr)
{
	static const unsigned char mapped[] = {[10] = 0xFF, 0xFF, 127}; /* RFC 4291 2.5.5.2 */
	size_t length;
	const unsigned char *bytes = host_bytes(addr, &length);

	if (bytes == NULL)
		return false;
	if (length == sizeof(struct in_addr))
		return bytes[0] == 127;
	return IN6_IS_ADDR_LOOPBACK(&addr->sa.v6.sin6_addr)
		|| memcmp(bytes, mapped, sizeof mapped) == 0;
}

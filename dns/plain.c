#include "dns/plain.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include "dns/name.h"
#include "dns/packet.h"
#include "util/memory.h"

enum { REPLY_MOST = 65535, NEGATIVE_MOST = 4096, QUESTIONS_MOST = 10 };

/* What one lookup, of an alias chain perhaps, needs. */
struct query {
	const struct plain_options *options;
	struct pool *pool;
	struct __res_state state;
	enum dns_type type;
	enum dns_mode mode;
	uint8_t *reply; /* REPLY_MOST bytes */
};

/* libc's search lists are off unless asked for, and only addresses use them. */
static void set_options(struct query *query)
{
	const struct plain_options *options = query->options;
	bool addresses = query->type == DNS_A || query->type == DNS_AAAA;

	query->state.options &= ~(unsigned long)(RES_DEFNAMES | RES_DNSRCH);
	if (addresses && options->defnames)
		query->state.options |= RES_DEFNAMES;
	if (addresses && options->search)
		query->state.options |= RES_DNSRCH;
	if (query->mode != DNS_PLAIN)
		query->state.options |= RES_USE_EDNS0 | RES_USE_DNSSEC | RES_TRUSTAD;
	if (options->server) {
		memcpy(&query->state.nsaddr_list[0], &options->server->sa,
			sizeof(query->state.nsaddr_list[0]));
		query->state.nscount = 1;
	}
}

/* <netdb.h>'s h_errno of a question without an answer. */
static enum dns_rcode_class class_of(int error)
{
	switch (error) {
	case HOST_NOT_FOUND:
		return DNS_NO_NAME;
	case NO_DATA:
		return DNS_NO_DATA;
	case NO_RECOVERY:
		return DNS_NO_RECOVERY;
	default:
		return DNS_TRY_AGAIN;
	}
}

/* libc says failures by h_errno; the reply, if there was one, still tells how long it holds. */
static struct dns_answer failed(struct query *query, const char *name)
{
	struct dns_answer answer =
		dns_answer_without(query->pool, name, class_of(query->state.res_h_errno), "");
	struct dns_answer said;

	if (packet_read(query->pool, query->reply, NEGATIVE_MOST, name, query->type, &said)
		&& said.class == answer.class)
		answer.ttl = said.ttl;
	return answer;
}

static struct dns_answer ask_once(struct query *query, const char *name)
{
	bool search = query->state.options & (RES_DEFNAMES | RES_DNSRCH);
	struct dns_answer answer;
	int length;

	memset(query->reply, 0, NEGATIVE_MOST);
	length = (search ? res_nsearch : res_nquery)(&query->state, name, ns_c_in, (int)query->type,
		query->reply, REPLY_MOST);
	if (length < 0)
		return failed(query, name);
	if (!packet_read(query->pool, query->reply,
		    (size_t)length < REPLY_MOST ? (size_t)length : REPLY_MOST, name, query->type,
		    &answer))
		return dns_answer_without(query->pool, name, DNS_TRY_AGAIN, "malformed answer");
	if (answer.class != DNS_ANSWERED && answer.class != DNS_NO_DATA) {
		answer.name = name_bare(query->pool, name);
		answer.aliased = false;
	}
	return answer;
}

static bool has_ad(const uint8_t *reply)
{
	return ((const HEADER *)(const void *)reply)->ad;
}

/* Asks again for the target while there are aliases and nothing else. */
static struct dns_answer follow(struct query *query, const char *asked)
{
	const char *name = asked;
	struct dns_answer answer;
	uint32_t ttl = UINT32_MAX;
	bool claimed = query->mode != DNS_PLAIN;

	for (int i = 0; i < QUESTIONS_MOST; i++) {
		answer = ask_once(query, name);
		ttl = answer.ttl < ttl ? answer.ttl : ttl;
		claimed = claimed && has_ad(query->reply);
		if (answer.class != DNS_NO_DATA || !answer.aliased) {
			answer.aliased = !name_same(answer.name, asked);
			answer.ttl = ttl;
			answer.claimed = claimed;
			return answer;
		}
		name = answer.name;
		if (!addr_is_numeric(name) && !name_is_owner(name, NULL))
			return answer; /* for the caller to refuse */
	}
	answer.class = DNS_LOOP;
	return answer;
}

static void ask(void *self, struct pool *pool, const char *name, enum dns_type type,
	enum dns_mode mode, struct dns_answer *answer)
{
	struct query query = {.options = self, .pool = pool, .type = type, .mode = mode};

	if (res_ninit(&query.state) != 0) {
		*answer = dns_answer_without(pool, name, DNS_TRY_AGAIN,
			"name service initialization failure");
		return;
	}
	set_options(&query);
	query.reply = memory_resize(NULL, REPLY_MOST, 1);
	*answer = follow(&query, name);
	free(query.reply);
	res_nclose(&query.state);
}

struct resolver plain_resolver(const struct plain_options *options)
{
	return (struct resolver){.self = (void *)(uintptr_t)options, .ask = ask};
}

static enum native_status native_failed(int error)
{
	switch (error) {
	case EAI_NONAME:
#ifdef EAI_NODATA
	case EAI_NODATA:
#endif
		return NATIVE_NOT_FOUND;
	case EAI_AGAIN:
		return NATIVE_TRY_AGAIN;
	case EAI_MEMORY:
	case EAI_SYSTEM:
		return NATIVE_SYSTEM;
	default:
		return NATIVE_FAIL;
	}
}

static bool take(const struct addrinfo *info, struct addr *addr)
{
	if ((info->ai_family != AF_INET && info->ai_family != AF_INET6)
		|| info->ai_addrlen > sizeof(addr->sa.storage))
		return false;
	*addr = (struct addr){.length = info->ai_addrlen};
	memcpy(&addr->sa, info->ai_addr, info->ai_addrlen);
	return true;
}

enum native_status native_lookup(struct pool *pool, const char *host, int family,
	struct addr **addrs, size_t *count, const char **text)
{
	struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
	struct addrinfo *all;
	size_t room = 0;
	int error = getaddrinfo(host, NULL, &hints, &all);

	if (error != 0) {
		*text = pool_text(pool, gai_strerror(error));
		return native_failed(error);
	}
	for (const struct addrinfo *info = all; info; info = info->ai_next)
		room++;
	*addrs = POOL_ARRAY(pool, struct addr, room);
	*count = 0;
	for (const struct addrinfo *info = all; info; info = info->ai_next)
		if (take(info, &(*addrs)[*count]))
			(*count)++;
	freeaddrinfo(all);
	return NATIVE_OK;
}

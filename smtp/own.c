#include "config.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "dns/plain.h"
#include "smtp/own.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

/* After a failure; as long as master(8) waits before it starts an agent again that died of it. */
enum { AGAIN_MS = 60000 };

struct proxies {
	pthread_mutex_t lock; /* held while they are looked up, so that it is done once */
	struct pool pool;     /* of what was found, or not */
	struct addr *addrs;
	size_t count;
	bool known;
	const char *missing;  /* the host that wasn't found; NULL: not yet asked */
	int64_t again;        /* then not before that time */
};

struct proxies *proxies_new(void)
{
	struct proxies *proxies = calloc(1, sizeof *proxies);

	if (proxies == NULL)
		abort();
	pthread_mutex_init(&proxies->lock, NULL);
	return proxies;
}

void proxies_free(struct proxies *proxies)
{
	if (proxies == NULL)
		return;
	pthread_mutex_destroy(&proxies->lock);
	pool_free(&proxies->pool);
	free(proxies);
}

bool own_family(const struct agent *agent, int family)
{
	for (size_t i = 0; i < agent->family_count; i++)
		if (agent->families[i] == family)
			return true;
	return false;
}

const struct addr *own_lookup(const struct agent *agent, struct pool *pool, const char *host,
	size_t *count)
{
	struct addr *addrs = POOL_NEW(pool, struct addr);
	size_t found = 1;
	const char *text;

	if (host[0] == '[' && host[strlen(host) - 1] == ']')
		host = pool_bytes(pool, host + 1, strlen(host) - 2);
	if (!addr_parse(addrs, host, 0)
		&& native_lookup(pool, host, AF_UNSPEC, &addrs, &found, &text) != NATIVE_OK)
		return NULL;
	*count = 0;
	for (size_t i = 0; i < found; i++)
		if (own_family(agent, addr_family(&addrs[i])))
			addrs[(*count)++] = addrs[i];
	return *count ? addrs : NULL;
}

static void add(struct proxies *proxies, const struct addr *addrs, size_t count)
{
	struct addr *all = POOL_ARRAY(&proxies->pool, struct addr, proxies->count + count);

	if (proxies->count)
		memcpy(all, proxies->addrs, proxies->count * sizeof *all);
	memcpy(all + proxies->count, addrs, count * sizeof *all);
	proxies->addrs = all;
	proxies->count += count;
}

static void look_up(struct proxies *proxies, const struct agent *agent)
{
	const char *hosts = agent->config->proxy_interfaces, *host;

	pool_free(&proxies->pool);
	proxies->count = 0;
	while ((host = text_token(&proxies->pool, &hosts, " \t,", false)) != NULL) {
		size_t count;
		const struct addr *addrs = own_lookup(agent, &proxies->pool, host, &count);

		if (addrs == NULL) {
			proxies->missing = host;
			proxies->again = clock_ms() + AGAIN_MS;
			return;
		}
		add(proxies, addrs, count);
	}
	proxies->known = true;
}

static bool among(const struct addr *addrs, size_t count, const struct addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (addr_same_host(&addrs[i], addr))
			return true;
	return false;
}

/* The proxies' addresses must be known for any answer, as in smtp(8). */
enum match_answer own_has(const struct agent *agent, const struct addr *addr)
{
	struct proxies *proxies = agent->proxies;
	enum match_answer answer = MATCH_ERROR;

	pthread_mutex_lock(&proxies->lock);
	if (!proxies->known && (proxies->missing == NULL || clock_ms() >= proxies->again))
		look_up(proxies, agent);
	if (proxies->known)
		answer = among(proxies->addrs, proxies->count, addr) ? MATCH_YES : MATCH_NO;
	else
		log_warning("config variable proxy_interfaces: host not found: %s", proxies->missing);
	pthread_mutex_unlock(&proxies->lock);
	if (answer == MATCH_NO && among(agent->own_addresses, agent->own_count, addr))
		answer = MATCH_YES;
	return answer;
}

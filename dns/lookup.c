#include "dns/lookup.h"

#include <string.h>
#include <sys/random.h>
#include "dns/judge.h"
#include "dns/name.h"
#include "dns/rr.h"

enum { ALIASES_MOST = 10 }; /* looked at to find the one that is not signed */

/* What all steps of one lookup need. */
struct asking {
	const struct resolver *resolver;
	struct pool *pool;
	const struct lookup_options *options;
	enum dns_mode mode;
};

/* One question to NAME, which judge_name() has passed. */
static void ask(const struct asking *asking, const char *name, enum dns_type type,
	struct judged *judged)
{
	struct dns_question question = {.name = name, .type = type};

	resolver_ask(asking->resolver, asking->pool, name, type, asking->mode, &question.answer);
	judge_answer(asking->pool, asking->options, &question, asking->mode, judged);
}

/* Follows the alias NAME to its target: NULL if it is none, or not a signed one. */
static const char *signed_target(const struct asking *asking, const char *name)
{
	struct lookup_options unfiltered = {.filter = NULL};
	struct asking bare = {asking->resolver, asking->pool, &unfiltered, asking->mode};
	struct judged judged;
	const char *target;

	ask(&bare, name, DNS_CNAME, &judged);
	if (judged.status != LOOKUP_OK || judged.security != DNS_SECURE
		|| !rr_target(asking->pool, &judged.records[0], &target))
		return NULL;
	return target;
}

/*
 * Which link of an insecure answer for NAME is not signed? The first alias that isn't, or else the
 * records at the end. All of it was answered already, so the questions are cheap.
 */
static const char *insecure_link(const struct asking *asking, const char *name, enum dns_type type,
	const struct judged *judged)
{
	const char *at = name, *next, *what = rr_type_name(type);

	if (asking->mode == DNS_PLAIN)
		return pool_format(asking->pool, "the %s record of %s was looked up without DNSSEC",
			what, name);
	if (*judged->unvalidated)
		return pool_format(asking->pool, "the %s record of %s cannot be validated: %s",
			what, name, judged->unvalidated);
	for (int i = 0; i < ALIASES_MOST && !name_same(at, judged->name); i++) {
		next = signed_target(asking, at);
		if (next == NULL)
			return pool_format(asking->pool, "the alias %s%s is not signed", at,
				i == 0 ? pool_format(asking->pool, " -> %s", judged->name) : "");
		at = next;
	}
	return pool_format(asking->pool, "the %s record of %s is not signed", what, at);
}

static void set_from(struct lookup_set *set, const char *query, const struct judged *judged)
{
	*set = (struct lookup_set){
		.status = judged->status,
		.security = judged->security,
		.bogus = judged->bogus,
		.text = judged->text,
		.insecure_link = "",
		.query = query,
		.name = judged->count ? judged->records[0].owner : judged->name,
	};
}

/* Asks for the set and fills all of it but the hosts. */
static void ask_set(const struct asking *asking, const char *query, enum dns_type type,
	struct judged *judged, struct lookup_set *set)
{
	ask(asking, query, type, judged);
	set_from(set, query, judged);
	if (judged->status != LOOKUP_OK)
		return;
	if (judged->security == DNS_INSECURE)
		set->insecure_link = insecure_link(asking, query, type, judged);
	set->hosts = POOL_ARRAY(asking->pool, struct lookup_host, judged->count);
}

/* Puts HOST behind those of its preference and before the worse: equal ones stay in order. */
static void add_host(struct lookup_set *set, struct lookup_host host)
{
	size_t at = set->count++;

	for (; at > 0 && set->hosts[at - 1].preference > host.preference; at--)
		set->hosts[at] = set->hosts[at - 1];
	set->hosts[at] = host;
}

void lookup_mx(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *domain, enum dns_mode mode,
	struct lookup_set *set)
{
	struct asking asking = {resolver, pool, options, mode};
	struct judged judged;
	struct rr_mx mx;
	const char *name = judge_name(pool, options, domain, &judged);

	if (name == NULL) {
		set_from(set, judged.name, &judged);
		return;
	}
	ask_set(&asking, name, DNS_MX, &judged, set);
	for (size_t i = 0; i < judged.count; i++)
		if (rr_mx(pool, &judged.records[i], &mx))
			add_host(set,
				(struct lookup_host){.host = mx.host, .preference = mx.preference});
}

/* A number below LIMIT, which is not 0. */
static uint32_t draw(uint32_t limit)
{
	uint32_t number;
	ssize_t got = getrandom(&number, sizeof(number), 0);

	return got == (ssize_t)sizeof(number) ? number % limit : 0;
}

/* Which of COUNT hosts comes next: by weight, or, with nothing but weight 0, any. */
static size_t heavier(const struct lookup_host *hosts, size_t count)
{
	uint32_t total = 0, left;
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		total += hosts[i].weight;
	if (total == 0)
		return draw((uint32_t)count);
	for (left = draw(total); left >= hosts[at].weight; at++)
		left -= hosts[at].weight;
	return at;
}

/* RFC 2782, "Weight", but 0 is not special: it only comes last. */
static void shuffle_by_weight(struct lookup_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct lookup_host *from = set->hosts + i, chosen;
		size_t same = 1, next;

		while (i + same < set->count && from[same].preference == from->preference)
			same++;
		next = heavier(from, same);
		chosen = from[next];
		memmove(from + 1, from, next * sizeof(*from));
		*from = chosen;
	}
}

void lookup_srv(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *service, const char *domain,
	enum dns_mode mode, struct lookup_set *set)
{
	struct asking asking = {resolver, pool, options, mode};
	struct judged judged;
	struct rr_srv srv;
	const char *name = judge_name(pool, options, domain, &judged);

	if (name)
		name = judge_name(pool, options, pool_format(pool, "_%s._tcp.%s", service, name),
			&judged);
	if (name == NULL) {
		set_from(set, judged.name, &judged);
		return;
	}
	ask_set(&asking, name, DNS_SRV, &judged, set);
	for (size_t i = 0; i < judged.count; i++)
		if (rr_srv(pool, &judged.records[i], &srv))
			add_host(set,
				(struct lookup_host){.host = srv.target,
					.preference = srv.priority,
					.weight = srv.weight,
					.port = srv.port});
	shuffle_by_weight(set);
}

void lookup_txt(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *prefix, const char *domain,
	enum dns_mode mode, struct lookup_texts *texts)
{
	struct asking asking = {resolver, pool, options, mode};
	const char *name, *text;
	struct judged judged;

	name = judge_name(pool, options, domain, &judged);
	if (name)
		ask(&asking, pool_format(pool, "%s.%s", prefix, name), DNS_TXT, &judged);
	*texts = (struct lookup_texts){.status = judged.status, .text = judged.text};
	if (judged.status != LOOKUP_OK)
		return;
	texts->items = POOL_ARRAY(pool, const char *, judged.count);
	for (size_t i = 0; i < judged.count; i++)
		if (rr_txt(pool, &judged.records[i], &text))
			texts->items[texts->count++] = text;
}

/* A numeric HOST is its own address, if its family is wanted. */
static bool is_address(struct pool *pool, const char *host, const int *families, size_t count,
	struct lookup_addrs *addrs)
{
	struct addr addr;

	if (!addr_parse(&addr, host, 0))
		return false;
	for (size_t i = 0; i < count; i++)
		if (families[i] == addr_family(&addr)) {
			addrs->status = LOOKUP_OK;
			addrs->addrs = POOL_NEW(pool, struct addr);
			addrs->addrs[0] = addr;
			addrs->count = 1;
			return true;
		}
	return false;
}

/* Starts a result; true if HOST has to be asked, under the name addrs->host. */
static bool prepare(const struct asking *asking, const char *host, const int *families,
	size_t count, struct lookup_addrs *addrs)
{
	struct judged judged;
	const char *name;

	*addrs = (struct lookup_addrs){.status = LOOKUP_NOT_FOUND,
		.security = DNS_INSECURE,
		.alias_problem = "",
		.text = ""};
	addrs->host = addrs->canonical = name_plain(asking->pool, host);
	if (is_address(asking->pool, host, families, count, addrs))
		return false;
	name = judge_name(asking->pool, asking->options, host, &judged);
	if (name) {
		addrs->host = addrs->canonical = name;
		return count > 0;
	}
	addrs->text = judged.text;
	return false;
}

static void add_addresses(struct pool *pool, const struct judged *judged,
	struct lookup_addrs *addrs)
{
	struct addr *all = POOL_ARRAY(pool, struct addr, addrs->count + judged->count);

	if (addrs->count)
		memcpy(all, addrs->addrs, addrs->count * sizeof(*all));
	addrs->addrs = all;
	for (size_t i = 0; i < judged->count; i++)
		if (addr_from_bytes(&all[addrs->count], judged->records[i].data,
			    judged->records[i].length, 0))
			addrs->count++;
}

/* Adds what one family gave. */
static void merge(struct pool *pool, const struct judged *judged, struct lookup_addrs *addrs)
{
	bool had_some = addrs->status == LOOKUP_OK;

	if (judged->status >= addrs->status) {
		addrs->status = judged->status;
		addrs->text = judged->text;
		addrs->bogus = judged->bogus;
		if (!had_some)
			addrs->canonical = judged->name;
	}
	if (judged->status != LOOKUP_OK)
		return;
	if (!had_some || judged->security != DNS_SECURE)
		addrs->security = judged->security;
	add_addresses(pool, judged, addrs);
}

static bool alias_matters(const struct asking *asking, const struct lookup_addrs *addrs)
{
	return asking->mode != DNS_PLAIN && addrs->status == LOOKUP_OK
		&& addrs->security == DNS_INSECURE && !name_same(addrs->host, addrs->canonical);
}

/* RFC 7672 2.2.2: the first alias of a chain that is not secure as a whole. */
static void alias_known(const struct asking *asking, const struct dns_question *question,
	struct lookup_addrs *addrs)
{
	struct judged judged;

	judge_answer(asking->pool, asking->options, question, asking->mode, &judged);
	if (judged.status == LOOKUP_OK)
		addrs->alias_secure = judged.security == DNS_SECURE;
	else if (judged.status != LOOKUP_NOT_FOUND)
		addrs->alias_problem = judged.text;
}

static void ask_aliases(const struct asking *asking, struct lookup_addrs *results, size_t count)
{
	struct dns_question *questions = POOL_ARRAY(asking->pool, struct dns_question, count);
	size_t asked = 0, at = 0;

	for (size_t i = 0; i < count; i++)
		if (alias_matters(asking, &results[i]))
			questions[asked++] =
				(struct dns_question){.name = results[i].host, .type = DNS_CNAME};
	if (asked == 0)
		return;
	resolver_ask_all(asking->resolver, asking->pool, questions, asked, asking->mode);
	for (size_t i = 0; i < count; i++)
		if (alias_matters(asking, &results[i]))
			alias_known(asking, &questions[at++], &results[i]);
}

void lookup_hosts(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *const *hosts, size_t host_count,
	const int *families, size_t count, enum dns_mode mode, struct lookup_addrs *results)
{
	struct asking asking = {resolver, pool, options, mode};
	struct dns_question *questions =
		POOL_ARRAY(pool, struct dns_question, host_count * count + 1);
	struct lookup_addrs **whose =
		POOL_ARRAY(pool, struct lookup_addrs *, host_count * count + 1);
	size_t asked = 0;

	for (size_t i = 0; i < host_count; i++) {
		if (!prepare(&asking, hosts[i], families, count, &results[i]))
			continue;
		for (size_t f = 0; f < count; f++) {
			whose[asked] = &results[i];
			questions[asked++] = (struct dns_question){.name = results[i].host,
				.type = families[f] == AF_INET ? DNS_A : DNS_AAAA};
		}
	}

	if (asked > 0)
		resolver_ask_all(resolver, pool, questions, asked, mode);
	for (size_t i = 0; i < asked; i++) {
		struct judged judged;

		judge_answer(pool, options, &questions[i], mode, &judged);
		merge(pool, &judged, whose[i]);
	}
	ask_aliases(&asking, results, host_count);
}

void lookup_host(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *host, const int *families, size_t count,
	enum dns_mode mode, struct lookup_addrs *addrs)
{
	lookup_hosts(resolver, pool, options, &host, 1, families, count, mode, addrs);
}

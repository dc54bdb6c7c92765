#include "dns/tlsa.h"

#include "dns/judge.h"
#include "dns/name.h"
#include "util/log.h"

static void nothing(struct pool *pool, const char *host, struct tlsa_set *set)
{
	*set = (struct tlsa_set){.status = LOOKUP_NOT_FOUND,
		.base = host,
		.query = "",
		.text = "",
		.reason = pool_format(pool, "the addresses of %s are not signed", host)};
}

static void alias_failed(const struct lookup_addrs *addrs, struct tlsa_set *set)
{
	set->status = LOOKUP_RETRY;
	set->text = addrs->alias_problem;
	set->reason = "";
	set->alias_failed = true;
}

static void read_records(struct pool *pool, const struct judged *judged, struct tlsa_set *set)
{
	set->records = POOL_ARRAY(pool, struct rr_tlsa, judged->count);
	for (size_t i = 0; i < judged->count; i++)
		if (!rr_tlsa(&judged->records[i], &set->records[set->count]))
			log_warning("%s: truncated TLSA RR length == %zu", set->query,
				judged->records[i].length);
		else
			set->count++;
}

/* _PORT._tcp.BASE (RFC 6698 3). What is not secure is as if it weren't there (RFC 7672 2.2). */
static void ask_at(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *base, unsigned port, struct tlsa_set *set)
{
	struct dns_question question = {.type = DNS_TLSA};
	struct judged judged;

	question.name = set->query = pool_format(pool, "_%u._tcp.%s", port, base);
	set->base = base;
	resolver_ask(resolver, pool, question.name, DNS_TLSA, DNS_REQUIRED, &question.answer);
	judge_answer(pool, options, &question, DNS_REQUIRED, &judged);

	set->status = judged.status;
	set->text = judged.text;
	set->reason = judged.reason;
	if (judged.status == LOOKUP_NOT_FOUND)
		set->reason = pool_format(pool, "%s has none", set->query);
	if (judged.status == LOOKUP_OK && judged.security != DNS_SECURE) {
		set->status = LOOKUP_NOT_FOUND;
		set->reason = pool_format(pool, "those of %s are not signed", set->query);
	}
	if (set->status == LOOKUP_OK)
		read_records(pool, &judged, set);
}

void lookup_tlsa(const struct resolver *resolver, struct pool *pool,
	const struct lookup_options *options, const char *host, const struct lookup_addrs *addrs,
	unsigned port, struct tlsa_set *set)
{
	bool secure = addrs->security == DNS_SECURE && addrs->status == LOOKUP_OK;

	nothing(pool, host, set);
	if (addr_is_numeric(addrs->host)) {
		set->reason = pool_format(pool, "%s is an address", host);
		return;
	}
	if (secure)
		ask_at(resolver, pool, options, addrs->canonical, port, set);
	if (secure && (set->status != LOOKUP_NOT_FOUND || name_same(addrs->canonical, addrs->host)))
		return;
	if (*addrs->alias_problem)
		alias_failed(addrs, set);
	else if (secure || addrs->alias_secure || options->insecure_host_tlsa)
		ask_at(resolver, pool, options, addrs->host, port, set);
}

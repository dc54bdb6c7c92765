#include "dns/resolver.h"

#include "dns/name.h"

void resolver_ask(const struct resolver *resolver, struct pool *pool, const char *name,
	enum dns_type type, enum dns_mode mode, struct dns_answer *answer)
{
	resolver->ask(resolver->self, pool, name, type, mode, answer);
}

void resolver_ask_all(const struct resolver *resolver, struct pool *pool,
	struct dns_question *questions, size_t count, enum dns_mode mode)
{
	if (resolver->ask_all) {
		resolver->ask_all(resolver->self, pool, questions, count, mode);
		return;
	}
	for (size_t i = 0; i < count; i++)
		resolver_ask(resolver, pool, questions[i].name, questions[i].type, mode,
			&questions[i].answer);
}

struct dns_answer dns_answer_without(struct pool *pool, const char *name,
	enum dns_rcode_class class, const char *reason)
{
	return (struct dns_answer){.class = class,
		.security = DNS_INSECURE,
		.reason = reason,
		.name = name_bare(pool, name)};
}

struct dns_answer dns_answer_copy(struct pool *pool, const struct dns_answer *answer)
{
	struct dns_answer copy = *answer;

	copy.reason = pool_text(pool, answer->reason);
	copy.name = pool_text(pool, answer->name);
	copy.records = answer->count ? POOL_ARRAY(pool, struct dns_record, answer->count) : NULL;
	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_record *from = &answer->records[i];

		copy.records[i] = *from;
		copy.records[i].owner = pool_text(pool, from->owner);
		if (from->data)
			copy.records[i].data =
				(const uint8_t *)pool_bytes(pool, from->data, from->length);
	}
	return copy;
}

#include "dns/unbound.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "dns/anchors.h"
#include "dns/bogus.h"
#include "dns/context.h"
#include "dns/flight.h"
#include "dns/judge.h"
#include "dns/name.h"
#include "dns/plain.h"
#include "dns/servers.h"
#include "util/clock.h"
#include "util/list.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

enum {
	DEADLINE_SECONDS = 30,
	RECURSION_PROBE_MS = 10 * 1000,
	PROBE_AGAIN_MS = 600 * 1000,
};

enum trust {
	TRUST_UNKNOWN, /* not probed, or nobody answered the probe */
	TRUST_STRICT,  /* validated once: for the life of the process */
	TRUST_NONE,    /* nothing can be validated: the nameserver does not let anybody */
	TRUST_MISFIT,  /* nor here, but others can, or say so: our anchors or our clock are wrong, or the
			  nameserver keeps to itself what it says that it validated */
};

struct probe {
	const char *text, *name;
	int type; /* 0: no probe */
};

struct unbound {
	struct pool pool; /* of the settings, and of WHY under the lock */
	struct anchors anchors;
	const char *anchor_file;
	struct probe probe;
	enum dns_upstream upstream;
	int seconds;
	struct resolver plain;
	struct pump *pump;
	struct servers *servers;
	struct airport *airport;
	atomic_ulong asked;

	pthread_mutex_t lock;  /* of all below */
	pthread_cond_t probed; /* a probe ended */
	enum trust trust;
	const char *why;       /* not STRICT: the reason, for people; never NULL */
	const char *warned_of; /* the last reason that was logged; NULL: none */
	bool introduced, probing;
	unsigned probes;     /* that ended */
	int64_t probe_again; /* NONE, MISFIT: when, clock_ms() */
};

static const struct probe root = {.text = "ns:.", .name = ".", .type = DNS_NS};

static bool is_root(const struct probe *probe)
{
	return probe->type == root.type && strcmp(probe->name, root.name) == 0;
}

static void wait_until(struct unbound *unbound, int64_t until)
{
	struct timespec at = {.tv_sec = (time_t)(until / 1000), .tv_nsec = until % 1000 * 1000000};

	pthread_cond_timedwait(&unbound->probed, &unbound->lock, &at);
}

/* ---------------------------------------------------------------- trust */

static void warn_anchors(struct unbound *unbound)
{
	const struct anchors *anchors = &unbound->anchors;

	if (*anchors->trouble)
		log_warning("DNSSEC: %s; using the trust anchors of the root that are compiled in",
			anchors->trouble);
	if (anchors->skipped)
		log_warning("DNSSEC: %u lines of %s are no trust anchors of the root",
			anchors->skipped, unbound->anchor_file);
	if (root_anchors_have(anchors, ANCHOR_KSK_2017) /* the real root, by an old file */
		&& !root_anchors_have(anchors, ANCHOR_KSK_2024))
		log_warning(
			"DNSSEC: %s lacks the root's key %d, which signs from 11 October 2026 on",
			unbound->anchor_file, ANCHOR_KSK_2024);
}

/* Once a process, at the first need. */
static void introduce(struct unbound *unbound)
{
	struct pool pool = {0};
	bool known;

	pthread_mutex_lock(&unbound->lock);
	known = unbound->introduced;
	unbound->introduced = true;
	pthread_mutex_unlock(&unbound->lock);
	if (known)
		return;
	log_info("DNSSEC validation by libunbound %s, %s, trust anchors %s", ub_version(),
		servers_text(unbound->servers, &pool), root_anchors_tags(&pool, &unbound->anchors));
	warn_anchors(unbound);
	pool_free(&pool);
}

static const char *misfit(struct unbound *unbound, struct pool *pool)
{
	return pool_format(pool,
		"the trust anchors %s of %s do not fit the root; see safemx_dnssec_anchor_file",
		root_anchors_tags(pool, &unbound->anchors),
		*unbound->anchors.trouble ? "this program" : unbound->anchor_file);
}

/* Why nothing can be validated; NULL: this bogus answer does not say that. */
static const char *diagnosis(struct unbound *unbound, struct pool *pool, const char *why_bogus)
{
	switch (bogus_cause(why_bogus)) {
	case BOGUS_STRIPPED:
		return pool_format(pool, "%s loses DNSSEC records",
			servers_first(unbound->servers, pool));
	case BOGUS_ANCHOR:
		return misfit(unbound, pool);
	case BOGUS_CLOCK:
		return "the clock of this machine is wrong, or the root's signatures are out of "
		       "date";
	case BOGUS_OTHER:
		break;
	}
	return NULL;
}

static struct dns_answer ask_probe(struct unbound *unbound, struct pool *pool,
	const struct probe *probe, int64_t deadline, const char **why_bogus)
{
	struct dns_question question = {.name = probe->name, .type = (enum dns_type)probe->type};

	*why_bogus = airport_ask(unbound->airport, pool, &question, 1, deadline);
	return question.answer;
}

/* The nameserver loses DNSSEC records: can we do without it? */
static bool recursion_works(struct unbound *unbound, struct pool *pool)
{
	const char *why_bogus;
	struct dns_answer answer;

	servers_recurse(unbound->servers, true);
	answer = ask_probe(unbound, pool, &root, clock_ms() + RECURSION_PROBE_MS, &why_bogus);
	if (answer.security == DNS_SECURE)
		return true;
	servers_recurse(unbound->servers, false);
	return false;
}

/* That could not be checked, but Postfix, which goes by the AD bit, would believe it. */
static bool claims_to_validate(struct unbound *unbound, struct pool *pool)
{
	struct dns_answer answer;

	resolver_ask(&unbound->plain, pool, root.name, DNS_NS, DNS_VALIDATED, &answer);
	return answer.claimed;
}

/* The root is bogus: is it the nameserver, the anchors, the clock, or an attack? */
static enum trust doubt(struct unbound *unbound, struct pool *pool, const struct dns_answer *answer,
	const char *why_bogus, const char **why)
{
	enum bogus_cause cause = bogus_cause(why_bogus);
	const char *found = diagnosis(unbound, pool, why_bogus);

	if (found == NULL) {
		*why = pool_format(pool, "DNSSEC: %s", answer->reason);
		return TRUST_UNKNOWN;
	}
	if (unbound->upstream == DNS_UPSTREAM_AUTO && cause == BOGUS_STRIPPED
		&& recursion_works(unbound, pool)) {
		log_info("DNSSEC: %s: going on by full recursion", found);
		return TRUST_STRICT;
	}
	*why = found;
	if (cause == BOGUS_STRIPPED && !claims_to_validate(unbound, pool))
		return TRUST_NONE;
	return TRUST_MISFIT;
}

static bool responded(const struct dns_answer *answer)
{
	return answer->class != DNS_TRY_AGAIN && answer->class != DNS_NO_RECOVERY;
}

static const char *no_response(const struct dns_answer *answer)
{
	return *answer->reason ? answer->reason : "Host not found, try again";
}

/* *why is set unless the result is STRICT. */
static enum trust probe_root(struct unbound *unbound, struct pool *pool, int64_t deadline,
	const char **why)
{
	const char *why_bogus;
	struct dns_answer answer = ask_probe(unbound, pool, &root, deadline, &why_bogus);

	if (answer.security == DNS_SECURE)
		return TRUST_STRICT;
	if (answer.security == DNS_BOGUS)
		return doubt(unbound, pool, &answer, why_bogus, why);
	if (!responded(&answer)) {
		*why = no_response(&answer);
		return TRUST_UNKNOWN;
	}
	*why = misfit(unbound, pool); /* in an algorithm that is not known: as if it were unsigned */
	return TRUST_MISFIT;
}

static void warn_probe(const char *probe, bool responded, const char *why)
{
	log_warning("DNSSEC validation may be unavailable");
	log_warning("reason: dnssec_probe '%s' received %s%s%s", probe,
		responded ? "a response that is not DNSSEC validated" : "no response",
		*why ? ": " : "", why);
}

/* In Postfix's words. */
static void warn_configured(struct pool *pool, const struct probe *probe,
	const struct dns_answer *answer)
{
	static const struct lookup_options any = {.idna = false};
	const struct dns_question question = {.name = probe->name,
		.type = (enum dns_type)probe->type,
		.answer = *answer};
	bool any_response = responded(answer);
	struct judged judged;

	judge_answer(pool, &any, &question, DNS_VALIDATED, &judged);
	warn_probe(probe->text, any_response, any_response ? "" : judged.text);
}

/*
 * The configured probe is enough if it is validated. If not, that may lie in what was chosen for it,
 * and only the root can tell: as in Postfix the probe is warned of, and weakens nothing.
 */
static enum trust probe(struct unbound *unbound, struct pool *pool, int64_t deadline,
	const char **why)
{
	const struct probe *configured = &unbound->probe;
	int64_t now = clock_ms(), third = now + (deadline - now) / 3;
	const char *why_bogus;
	struct dns_answer answer;
	enum trust trust;

	if (is_root(configured))
		return probe_root(unbound, pool, deadline, why);
	answer = ask_probe(unbound, pool, configured, third, &why_bogus);
	if (answer.security == DNS_SECURE)
		return TRUST_STRICT;
	trust = probe_root(unbound, pool, deadline, why);
	if (trust == TRUST_STRICT)
		warn_configured(pool, configured, &answer);
	return trust;
}

/* Takes over what the probe found, and says so if that is news. WHY lives as long as we do. */
static void conclude(struct unbound *unbound, enum trust trust, const char *why)
{
	bool news;

	pthread_mutex_lock(&unbound->lock);
	unbound->trust = trust;
	unbound->probing = false;
	unbound->probes++;
	unbound->probe_again = clock_ms() + PROBE_AGAIN_MS;
	if (strcmp(why, unbound->why) != 0)
		unbound->why = pool_text(&unbound->pool, why);
	news = trust == TRUST_STRICT
		? unbound->warned_of != NULL
		: unbound->warned_of == NULL || strcmp(unbound->warned_of, why) != 0;
	unbound->warned_of = trust == TRUST_STRICT ? NULL : unbound->why;
	pthread_cond_broadcast(&unbound->probed);
	pthread_mutex_unlock(&unbound->lock);

	if (news && trust == TRUST_STRICT) {
		log_info("DNSSEC validation is available now");
	} else if (news) {
		warn_probe(root.text, trust != TRUST_UNKNOWN, why);
	}
}

/*
 * Shall this thread probe? Waits for one that does, until DEADLINE, unless the last probe's result
 * is good enough for now. Called with the lock on.
 */
static bool probe_is_ours(struct unbound *unbound, int64_t deadline)
{
	unsigned before = unbound->probes;

	while (unbound->probing && unbound->trust == TRUST_UNKNOWN && clock_ms() < deadline)
		wait_until(unbound, deadline);
	if (unbound->trust == TRUST_STRICT || unbound->probing || unbound->probes != before)
		return false;
	return unbound->trust == TRUST_UNKNOWN || clock_ms() >= unbound->probe_again;
}

/* Can answers be validated? Probes if that is not known, or it is time to look again. */
static enum trust trust_now(struct unbound *unbound, int64_t deadline, const char **why)
{
	struct pool pool = {0};
	enum trust trust;
	const char *found = "";
	bool ours, renewed = servers_refresh(unbound->servers);

	introduce(unbound);
	pthread_mutex_lock(&unbound->lock);
	if (renewed && unbound->trust != TRUST_UNKNOWN)
		unbound->probe_again = clock_ms();
	ours = probe_is_ours(unbound, deadline);
	unbound->probing = unbound->probing || ours;
	pthread_mutex_unlock(&unbound->lock);
	if (ours) {
		trust = probe(unbound, &pool, deadline, &found);
		conclude(unbound, trust, found);
		pool_free(&pool);
	}

	pthread_mutex_lock(&unbound->lock);
	trust = unbound->trust;
	*why = unbound->why;
	pthread_mutex_unlock(&unbound->lock);
	return trust;
}

/* Nothing can be validated: as an unsigned world looks, with the reason. */
static void unvalidated(struct unbound *unbound, struct pool *pool, struct dns_question *questions,
	size_t count, const char *why)
{
	resolver_ask_all(&unbound->plain, pool, questions, count, DNS_PLAIN);
	for (size_t i = 0; i < count; i++) {
		questions[i].answer.security = DNS_INSECURE;
		if (questions[i].answer.class == DNS_ANSWERED)
			questions[i].answer.reason = why;
	}
}

static void try_again(struct pool *pool, struct dns_question *questions, size_t count,
	const char *why)
{
	for (size_t i = 0; i < count; i++)
		questions[i].answer =
			dns_answer_without(pool, questions[i].name, DNS_TRY_AGAIN, why);
}

static void ask_trusted(struct unbound *unbound, struct pool *pool, struct dns_question *questions,
	size_t count, enum dns_mode mode)
{
	int64_t deadline = clock_ms() + (int64_t)unbound->seconds * 1000;
	const char *why;

	switch (trust_now(unbound, deadline, &why)) {
	case TRUST_STRICT:
		airport_ask(unbound->airport, pool, questions, count, deadline);
		break;
	case TRUST_NONE:
		unvalidated(unbound, pool, questions, count, why);
		break;
	case TRUST_MISFIT:
		if (mode == DNS_REQUIRED)
			try_again(pool, questions, count, why);
		else
			unvalidated(unbound, pool, questions, count, why);
		break;
	case TRUST_UNKNOWN:
		try_again(pool, questions, count, why);
		break;
	}
}

/* What is no domain name is not there; libunbound would take an address or an escape for one. */
static bool can_ask(const char *name)
{
	return *name == '\0' || strcmp(name, ".") == 0
		|| (name_is_owner(name, NULL) && !addr_is_numeric(name));
}

static void ask_all(void *self, struct pool *pool, struct dns_question *questions, size_t count,
	enum dns_mode mode)
{
	struct unbound *unbound = self;
	struct dns_question *good = POOL_ARRAY(pool, struct dns_question, count + 1);
	size_t *whose = POOL_ARRAY(pool, size_t, count + 1), goods = 0;

	atomic_fetch_add_explicit(&unbound->asked, count, memory_order_relaxed);
	for (size_t i = 0; i < count; i++) {
		if (can_ask(name_bare(pool, questions[i].name))) {
			whose[goods] = i;
			good[goods++] = questions[i];
		} else {
			questions[i].answer =
				dns_answer_without(pool, questions[i].name, DNS_NO_NAME, "");
		}
	}
	if (goods > 0)
		ask_trusted(unbound, pool, good, goods, mode);
	for (size_t i = 0; i < goods; i++)
		questions[whose[i]].answer = good[i].answer;
}

static void ask(void *self, struct pool *pool, const char *name, enum dns_type type,
	enum dns_mode mode, struct dns_answer *answer)
{
	struct dns_question question = {.name = name, .type = type};

	ask_all(self, pool, &question, 1, mode);
	*answer = question.answer;
}

struct resolver unbound_resolver(struct unbound *unbound)
{
	return (struct resolver){.self = unbound, .ask = ask, .ask_all = ask_all};
}

bool unbound_validates(struct unbound *unbound, const char **reason)
{
	return trust_now(unbound, clock_ms() + (int64_t)unbound->seconds * 1000, reason)
		== TRUST_STRICT;
}

bool unbound_misfits(struct unbound *unbound)
{
	bool misfits;

	pthread_mutex_lock(&unbound->lock);
	misfits = unbound->trust == TRUST_MISFIT;
	pthread_mutex_unlock(&unbound->lock);
	return misfits;
}

struct unbound_numbers unbound_numbers(const struct unbound *unbound)
{
	struct airport_numbers numbers = airport_numbers(unbound->airport);

	return (struct unbound_numbers){
		.asked = unbound->asked,
		.secure = numbers.secure,
		.insecure = numbers.insecure,
		.bogus = numbers.bogus,
		.failed = numbers.failed,
		.late = numbers.late,
		.contexts = servers_contexts(unbound->servers),
	};
}

/* ---------------------------------------------------------------- start */

/* "type:name", dnssec_probe; "" for none. */
static bool parse_probe(struct unbound *unbound, const char *text, const char **error)
{
	static const struct {
		const char *name;
		int type;
	} types[] = {{"a", 1}, {"ns", 2}, {"cname", 5}, {"soa", 6}, {"mx", 15}, {"txt", 16},
		{"aaaa", 28}, {"srv", 33}, {"ds", 43}, {"dnskey", 48}, {"tlsa", 52}};
	struct probe *probe = &unbound->probe;
	const char *colon = strchr(text, ':'), *type;

	probe->text = pool_text(&unbound->pool, text);
	if (*text == '\0')
		return true;
	type = pool_bytes(&unbound->pool, text, colon ? (size_t)(colon - text) : 0);
	for (size_t i = 0; colon && i < COUNT(types); i++)
		if (text_same(types[i].name, type))
			probe->type = types[i].type;
	probe->name = colon ? pool_text(&unbound->pool, colon + 1) : "";
	if (probe->type && can_ask(name_bare(&unbound->pool, probe->name)))
		return true;
	*error = "malformed DNSSEC probe";
	return false;
}

/* Domains with a final dot, as libunbound wants them. The root would switch everything off. */
static bool parse_exceptions(struct pool *pool, const char *text, struct list *domains,
	const char **error)
{
	struct list words = {.pool = pool};

	list_split(&words, text, TEXT_LIST_SEPARATORS, false);
	for (size_t i = 0; i < words.count; i++) {
		const char *domain = name_plain(pool, words.items[i]);

		if (!name_is_host(domain, NULL)) {
			*error = pool_format(pool, "bad domain without DNSSEC: %s", words.items[i]);
			return false;
		}
		list_add(domains, pool_format(pool, "%s.", domain));
	}
	return true;
}

/* The list's own strings, with NULL at the end. */
static const char *const *strings(const struct list *list)
{
	static const char *const none[] = {NULL};

	return list->count ? list->items : none;
}

static bool set_up(struct unbound *unbound, const struct unbound_options *options,
	const char **error)
{
	struct pool *pool = &unbound->pool;
	struct list anchors = {.pool = pool}, insecure = {.pool = pool};
	struct servers_options servers = {
		.resolv_conf = pool_text(pool,
			options->resolv_conf ? options->resolv_conf : "/etc/resolv.conf"),
		.port = options->port ? options->port : 53,
		.root_hints = options->root_hints ? pool_text(pool, options->root_hints) : NULL,
		.ipv6 = options->ipv6,
	};

	if (!parse_probe(unbound, options->probe, error)
		|| !parse_exceptions(pool, options->exceptions, &insecure, error))
		return false;
	unbound->anchor_file = pool_text(pool, options->anchor_file);
	root_anchors_read(pool, options->anchor_file, &unbound->anchors);
	for (size_t i = 0; i < unbound->anchors.count; i++)
		list_add(&anchors, unbound->anchors.items[i].text);
	servers.anchors = strings(&anchors);
	servers.insecure = strings(&insecure);
	unbound->servers = servers_new(unbound->pump, &servers);
	if (options->upstream == DNS_UPSTREAM_RECURSION)
		servers_recurse(unbound->servers, true);
	unbound->airport = airport_new(unbound->pump, unbound->servers, unbound->seconds);
	return true;
}

static void prepare_lock(struct unbound *unbound)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&unbound->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&unbound->probed, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct unbound *unbound_new(struct pool *pool, const struct unbound_options *options,
	const char **error)
{
	static const struct plain_options as_written = {.server = NULL};
	struct unbound *unbound = MEMORY_NEW(struct unbound);
	const char *trouble = "";

	prepare_lock(unbound);
	unbound->upstream = options->upstream;
	unbound->seconds = options->seconds > 0 ? options->seconds : DEADLINE_SECONDS;
	unbound->plain = options->plain.ask ? options->plain : plain_resolver(&as_written);
	unbound->pump = pump_new();
	unbound->why = "";
	if (set_up(unbound, options, &trouble)) {
		unbound->trust = unbound->probe.type ? TRUST_UNKNOWN : TRUST_STRICT;
		return unbound;
	}
	*error = pool_text(pool, trouble);
	unbound_free(unbound);
	return NULL;
}

void unbound_free(struct unbound *unbound)
{
	if (unbound == NULL)
		return;
	airport_free(unbound->airport);
	servers_free(unbound->servers);
	pump_free(unbound->pump);
	pthread_cond_destroy(&unbound->probed);
	pthread_mutex_destroy(&unbound->lock);
	pool_free(&unbound->pool);
	free(unbound);
}

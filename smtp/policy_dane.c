#include "config.h"
#include <string.h>
#include "dns/tlsa.h"
#include "postfix/version.h"
#include "smtp/policy_dane.h"
#include "util/buf.h"
#include "util/list.h"
#include "util/log.h"
#include "util/text.h"

enum { USAGE_TA = 2, USAGE_EE = 3, MATCHING_PRIVATE = 255 };

struct dane {
	const struct dane_asked *asked;
	struct tls_expect *expect;
	bool only;              /* dane-only: nothing less will do */
	struct tlsa_set set;
	const char **detail;
	struct why *why;
};

static bool refuse(struct dane *d, const char *text, const char *detail)
{
	*d->detail = detail;
	return why_site(d->why, "4.7.5", "%s", text);
}

/* --- what must be so before DNS is asked (TLS_README) --- */

/* The configuration leaves DANE no ground: that is the administrator's to mend. */
static bool impossible(struct dane *d, const char *before, const char *after)
{
	const char *what = pool_format(d->asked->pool, "%s%s%s", before,
		tls_level_name(d->expect->level), after);

	log_warning("%s: %s", d->asked->key, what);
	if (d->only)
		return refuse(d, "client TLS configuration problem", what);
	d->expect->level = TLS_LEVEL_MAY;
	return false;
}

/* What leaves it none, in Postfix's words around the level's name. False: nothing does. */
static bool obstacle(const struct agent *agent, const char **before, const char **after)
{
	*before = "";
	if (!agent->lookup_dns || !agent->dns_validated) {
		*after = " configured with dnssec lookups disabled";
		return true;
	}
	if (!agent->lmtp && agent->config->ignore_mx_lookup_error) {
		*after = " configured with MX lookup errors ignored";
		return true;
	}
	*before = "dns resolver options incompatible with ";
	*after = " TLS";
	return agent->plain.defnames || agent->plain.search;
}

bool policy_dane_possible(const struct agent *agent)
{
	const char *before, *after;

	return !obstacle(agent, &before, &after);
}

static bool possible(struct dane *d)
{
	const char *what, *before, *after;

	if (d->asked->server->destination->path) {
		what = pool_format(d->asked->pool,
			"the \"%s\" security level is invalid for delivery via unix-domain sockets",
			tls_level_name(d->expect->level));
		log_warning("%s: %s", d->asked->server->address, what);
		d->expect->level = TLS_LEVEL_INVALID;
		return refuse(d, "client TLS configuration problem", what);
	}
	if (obstacle(d->asked->agent, &before, &after))
		return impossible(d, before, after);
	return true;
}

/* --- an MX that is not signed (TLS_README) --- */

/* What smtp_tls_dane_insecure_mx_policy makes of it: MAY, ENCRYPT or HALF_DANE. */
static enum tls_level insecure_mx_level(const struct agent *agent)
{
	enum tls_level level = tls_level_parse(agent->config->tls_dane_insecure_mx_policy);

	return level == TLS_LEVEL_DANE ? TLS_LEVEL_HALF_DANE : level;
}

/* False: no TLSA lookup; the level stands, or *why says no. */
static bool check_mx(struct dane *d)
{
	if (d->asked->server->mx != MX_UNSIGNED)
		return true;
	if (d->only)
		return refuse(d, "non DNSSEC destination", d->asked->server->not_vouched);
	d->expect->level = insecure_mx_level(d->asked->agent);
	return d->expect->level > TLS_LEVEL_MAY;
}

/* --- the records (TLS_README) --- */

static const char *record_text(struct pool *pool, const struct rr_tlsa *tlsa)
{
	struct buf hex = BUF(0);
	const char *text;

	text_hex(&hex, tlsa->data, tlsa->length, 0);
	text = pool_format(pool, "%d %d %d %s", tlsa->usage, tlsa->selector, tlsa->matching,
		buf_text(&hex));
	buf_close(&hex);
	return text;
}

static bool is_usable(struct dane *d, const struct rr_tlsa *tlsa)
{
	const char *query = d->set.query;

	if (tlsa->usage != USAGE_TA && tlsa->usage != USAGE_EE)
		log_warning("%s unsupported TLSA certificate usage: %s", query,
			record_text(d->asked->pool, tlsa));
	else if (tlsa->matching == MATCHING_PRIVATE)
		log_warning("%s reserved private-use matching type: %s", query,
			record_text(d->asked->pool, tlsa));
	else
		return true;
	return false;
}

static void take_records(struct dane *d)
{
	struct tls_tlsa *tlsa = POOL_ARRAY(d->asked->pool, struct tls_tlsa, d->set.count + 1);
	size_t count = 0;

	for (size_t i = 0; i < d->set.count; i++) {
		const struct rr_tlsa *record = &d->set.records[i];

		if (is_usable(d, record))
			tlsa[count++] = (struct tls_tlsa){record->usage, record->selector,
				record->matching, record->data, record->length};
	}
	d->expect->tlsa = tlsa;
	d->expect->tlsa_count = count;
	d->expect->tlsa_owner = d->set.query;
}

/* What there is instead of usable ones; long data are cut. */
static const char *unusable(const struct dane *d)
{
	enum { RECORDS_MOST = 6, TEXT_MOST = 140 };
	struct list records = {.pool = d->asked->pool};

	for (size_t i = 0; i < d->set.count && i < RECORDS_MOST; i++) {
		const char *text = record_text(d->asked->pool, &d->set.records[i]);
		bool cut = strlen(text) > TEXT_MOST;

		list_add(&records, pool_format(d->asked->pool, "%.*s%s", TEXT_MOST, text,
			cut ? "..." : ""));
	}
	return pool_format(d->asked->pool, "%s has %s%s; only usages 2 and 3 count", d->set.query,
		records.count ? list_join(&records, ", ") : "nothing but cut-off ones",
		d->set.count > RECORDS_MOST ? ", and more" : "");
}

/* RFC 7672 3.2.2: the base domain, and, with an MX, both ends of the next hop's way to it. */
static void take_names(struct dane *d)
{
	const struct server *server = d->asked->server;
	const char *nexthop = server->mx_owner ? server->destination->host : NULL;
	const char *candidates[] = {d->set.base, nexthop, server->mx_owner};
	struct tls_name *names = POOL_ARRAY(d->asked->pool, struct tls_name, COUNT(candidates));
	size_t count = 0;

	for (size_t i = 0; i < COUNT(candidates); i++) {
		const char *name = candidates[i];

		for (size_t j = 0; j < i && name; j++)
			if (candidates[j] && text_same(name, candidates[j]))
				name = NULL;
		if (name == NULL)
			continue;
		names[count++] = (struct tls_name){
			.name = text_lower(pool_text(d->asked->pool, name)), .rule = "dane-ta"};
	}
	d->expect->names = names;
	d->expect->name_count = count;
	d->expect->sni = d->set.base;
}

static const char *why_none(const struct dane *d)
{
	if (d->asked->server->found == NULL) /* an address, or smtp_host_lookup = native */
		return "the address of the server was not looked up in DNS";
	return d->set.reason;
}

static bool none_found(struct dane *d)
{
	if (d->only)
		return refuse(d, "no TLSA records found", why_none(d));
	d->expect->level = TLS_LEVEL_MAY;
	return true;
}

/* Never taken for "no records": an attacker could bring that about (RFC 7672 2.1). */
static bool lookup_failed(struct dane *d)
{
	const struct server *server = d->asked->server;

	if (d->set.alias_failed)
		log_warning("DNSSEC status lookup error for %s: %s", server->host, d->set.text);
	else
		log_warning("DANE TLSA lookup problem: %s", d->set.text);
	if (d->set.reason[0] == '\0')
		*d->detail = d->set.text;
	return why_site(d->why, "4.7.5", "TLSA lookup error for %s:%u%s%s%s", server->host,
		addr_port(&server->addr), d->set.reason[0] ? " (" : "", d->set.reason,
		d->set.reason[0] ? ")" : "");
}

static bool use_records(struct dane *d)
{
	take_records(d);
	if (d->expect->tlsa_count == 0 && d->only)
		return refuse(d, "TLSA records unusable", unusable(d));
	if (d->expect->tlsa_count == 0)
		d->expect->level = TLS_LEVEL_ENCRYPT;
	else if (d->expect->level != TLS_LEVEL_ENCRYPT) /* where the MX is not signed, no more */
		take_names(d);
	else
		d->expect->tlsa_count = 0;
	return true;
}

bool policy_dane(const struct dane_asked *asked, struct tls_expect *expect, const char **detail,
	struct why *why)
{
	struct dane d = {.asked = asked, .expect = expect, .detail = detail, .why = why,
		.only = expect->level == TLS_LEVEL_DANE_ONLY};
	const struct agent *agent = asked->agent;

	if (!possible(&d) || !check_mx(&d))
		return expect->level == TLS_LEVEL_MAY;
	if (asked->server->found == NULL)
		return none_found(&d);
	lookup_tlsa(&agent->resolver, asked->pool, &agent->lookup, asked->server->host,
		asked->server->found, addr_port(&asked->server->addr), &d.set);
	if (d.set.status == LOOKUP_OK)
		return use_records(&d);
	return d.set.status == LOOKUP_NOT_FOUND ? none_found(&d) : lookup_failed(&d);
}

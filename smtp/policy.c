#include "config.h"
#include <string.h>
#include "dns/name.h"
#include "postfix/version.h"
#include "smtp/policy.h"
#include "smtp/policy_dane.h"
#include "smtp/policy_site.h"
#include "smtp/policy_table.h"
#include "smtp/tlsrpt.h"
#include "util/addr.h"
#include "util/log.h"
#include "util/text.h"

struct policy_base {
	const struct destination *to;
	const char *key;           /* next hop as looked up */
	enum policy_found found;
	struct policy_entry entry; /* POLICY_FOUND, or the parameters' level */
	struct list warnings;      /* logged for each server, as Postfix does */
	const char *source;
	bool relaxed;              /* by TLS-Required: no */
	const struct tlsrpt *report; /* the domain wants reports */
	bool sts;                  /* MX hosts must be those of an MTA-STS policy */
};

/* TLS-Required: no (RFC 8689 5; TLS_README): no policy table, at most may. */
static bool tls_not_required(const struct agent *agent, const struct request *request)
{
	return agent->config->version >= POSTFIX(3, 10) && agent->config->tls_required_enable
		&& (request->sendopts & SENDOPT_TLS_NOT_REQUIRED)
		&& !requiretls_asked(agent->config, request);
}

static enum tls_level relaxed(const struct agent *agent)
{
	enum tls_level most = agent->config->tls_wrappermode ? TLS_LEVEL_ENCRYPT : TLS_LEVEL_MAY;

	return agent->tls_level < most ? agent->tls_level : most;
}

/*
 * smtp_tls_enforce_sts_mx_patterns: what a plug-in tells of an MTA-STS policy is put into the order
 * of RFC 8461 4.1: the MX host by the policy, then the certificate by the MX host.
 */
static void follow_sts(const struct agent *agent, struct policy_base *base)
{
	struct policy_entry *entry = &base->entry;

	base->sts = agent->config->tls_enforce_sts_mx_patterns && base->found == POLICY_FOUND
		&& entry->policy_type && text_same(entry->policy_type, "sts")
		&& entry->mx_host_patterns.count > 0;
	if (!base->sts || entry->match.count == 0)
		return;
	entry->match.count = 0;
	list_add(&entry->match, "hostname");
}

struct policy_base *policy_for(const struct agent *agent, const struct delivery *d,
	const struct destination *destination)
{
	struct policy_base *base = POOL_NEW(d->pool, struct policy_base);
	bool relax = tls_not_required(agent, d->request);

	base->to = destination;
	base->key = destination->text;
	base->warnings.pool = d->pool;
	base->found = relax ? POLICY_NONE
		: policy_lookup(agent, d->pool, base->key, &base->entry, &base->warnings);
	base->source = "tls_policy_maps";
	base->relaxed = relax;
	if (base->found == POLICY_NONE) {
		base->entry = (struct policy_entry){.level = relax ? relaxed(agent) : agent->tls_level,
			.match = {.pool = d->pool}, .tafiles = {.pool = d->pool},
			.connection_reuse = -1, .enable_rpk = -1};
		base->source = relax ? "TLS-Required: no" : "tls_security_level";
	}
	follow_sts(agent, base);
	if (!relax && base->found != POLICY_WRONG)
		base->report = tlsrpt_for(agent, d->pool, destination, &base->entry);
	return base;
}

/* The names or strategies that count at verify and secure: the policy's, else the parameter's. */
static struct list strategies(const struct agent *agent, struct pool *pool,
	const struct policy_base *base, enum tls_level level)
{
	const struct config *config = agent->config;
	struct list names = {.pool = pool};

	if (base->entry.match.count)
		return base->entry.match;
	if (level == TLS_LEVEL_VERIFY) {
		list_split(&names, config->tls_verify_cert_match, ":" TEXT_LIST_SEPARATORS, false);
		return names;
	}
	list_split(&names, config->tls_secure_cert_match, ":" TEXT_LIST_SEPARATORS, false);
	/* What Postfix leaves to the administrator: a signed MX host's name. */
	if (!config->secure_cert_match_set && config->secure_hostname_needs_dnssec
		&& !agent->lmtp)
		list_add(&names, "hostname");
	return names;
}

/* At level secure: can the host's name count? */
static bool wants_hostname(const struct agent *agent, const struct policy_base *base)
{
	enum tls_level level = base->entry.level;
	struct pool pool = {0};
	struct list names;
	bool validates;

	if (base->found == POLICY_WRONG || level != TLS_LEVEL_SECURE
		|| !agent->config->secure_hostname_needs_dnssec)
		return false;
	names = strategies(agent, &pool, base, level);
	validates = list_has_any_case(&names, "hostname");
	pool_free(&pool);
	return validates;
}

enum dns_mode policy_dns_mode(const struct agent *agent, const struct policy_base *base)
{
	enum tls_level level = base->entry.level;
	bool dane = level == TLS_LEVEL_DANE || level == TLS_LEVEL_DANE_ONLY;

	if (dane && policy_dane_possible(agent))
		return DNS_REQUIRED;
	return dane || agent->dns_validated || wants_hostname(agent, base) ? DNS_VALIDATED
									   : DNS_PLAIN;
}

/* --- one server --- */

struct deciding {
	const struct agent *agent;
	struct pool *pool;
	struct features *features;
	const struct policy_base *base;
	const struct server *server;
	struct tls_policy *policy;
	struct tls_name *names;
	size_t name_count;
	const char *detail; /* what is to stand behind why's words, which Postfix logs alone; "" none */
	struct why *why;
};

static bool misconfigured(struct deciding *w, const char *detail)
{
	w->detail = detail;
	return why_site(w->why, "4.7.5", "client TLS configuration problem");
}

static const char *ascii_name(const struct deciding *w, const char *name)
{
	bool idna_2003 = w->agent->config->enable_idna2003_compatibility;
	bool dot = name[0] == '.';
	const char *ascii;

	if (text_is_ascii(name))
		return text_lower(pool_text(w->pool, name));
	ascii = name_to_ascii(w->pool, dot ? name + 1 : name, idna_2003);
	return ascii ? pool_format(w->pool, "%s%s", dot ? "." : "", ascii) : NULL;
}

static void add_name(struct deciding *w, const char *name, const char *rule, bool vouched)
{
	const char *ascii = ascii_name(w, name);

	if (ascii)
		w->names[w->name_count++] =
			(struct tls_name){.name = ascii, .rule = rule, .vouched = vouched};
}

static void accept_name(struct deciding *w, const char *name, const char *rule)
{
	add_name(w, name, rule, false);
}

/* At secure the host's name counts when DNSSEC vouches for it, or the MTA-STS policy that names it. */
static void accept_hostname(struct deciding *w)
{
	const struct server *server = w->server;
	bool needs = w->policy->expect.level == TLS_LEVEL_SECURE
		&& w->agent->config->secure_hostname_needs_dnssec
		&& !(w->base->sts && w->base->entry.match.count);

	if (needs && !server->vouched) {
		w->policy->expect.why_not = pool_format(w->pool, "%s would match, but %s", server->host,
			server->not_vouched);
		return;
	}
	add_name(w, server->host, w->base->sts ? "sts" : "hostname", needs);
}

static void accept_strategy(struct deciding *w, const char *word)
{
	const char *nexthop = w->base->to->host;

	if (text_same(word, "nexthop"))
		accept_name(w, nexthop, "nexthop");
	else if (text_same(word, "dot-nexthop"))
		accept_name(w, pool_format(w->pool, ".%s", nexthop), "dot-nexthop");
	else if (text_same(word, "hostname"))
		accept_hostname(w);
	else if (strcmp(word, ".") == 0)
		log_warning("%s: ignoring invalid match name: \".\"", w->server->namaddrport);
	else
		accept_name(w, word, "match");
}

/* Nothing that the server could show would do: it is not even asked. */
static bool nothing_to_match(struct deciding *w)
{
	const char *why_not = w->policy->expect.why_not;

	feature_violated(&w->features->level, NULL);
	return why_site(w->why, "4.7.5", "Server certificate not verified: no name is acceptable for %s%s%s",
		w->server->namaddr, why_not[0] ? ": " : "", why_not);
}

static bool expect_names(struct deciding *w)
{
	const struct config *config = w->agent->config;
	struct list words = strategies(w->agent, w->pool, w->base,
		w->policy->expect.level);
	struct list files = w->base->entry.tafiles;

	w->names = POOL_ARRAY(w->pool, struct tls_name, words.count + 1);
	for (size_t i = 0; i < words.count; i++)
		accept_strategy(w, words.items[i]);
	w->policy->expect.names = w->names;
	w->policy->expect.name_count = w->name_count;
	if (files.count == 0)
		list_split(&files, config->tls_trust_anchor_file, TEXT_LIST_SEPARATORS, false);
	w->policy->expect.anchor_files = files.items;
	w->policy->expect.anchor_file_count = files.count;
	if (files.count && w->agent->tls && !tls_engine_anchors(w->agent->tls, files.items, files.count))
		return misconfigured(w, pool_format(w->pool, "unusable trust anchors in %s",
			list_join(&files, ", ")));
	return w->name_count > 0 || nothing_to_match(w);
}

static bool good_fingerprint(const char *text)
{
	return text[0] && strspn(text, "0123456789abcdefABCDEF:") == strlen(text);
}

static bool expect_fingerprints(struct deciding *w)
{
	struct list given = w->base->entry.match, good = {.pool = w->pool};

	if (w->agent->config->old_fingerprint_digest)
		log_info("using backwards-compatible default setting %s_tls_fingerprint_digest=md5"
			" to compute certificate fingerprints", w->agent->program);
	if (given.count == 0)
		list_split(&given, w->agent->config->tls_fingerprint_cert_match, TEXT_LIST_SEPARATORS,
			false);
	for (size_t i = 0; i < given.count; i++) {
		if (good_fingerprint(given.items[i]))
			list_add(&good, given.items[i]);
		else
			log_warning("malformed fingerprint value: %s", given.items[i]);
	}
	w->policy->expect.fingerprints = good.items;
	w->policy->expect.fingerprint_count = good.count;
	if (good.count)
		return true;
	log_warning("nexthop domain %s: configured at fingerprint security level, but with no"
		" fingerprints to match.", w->base->key);
	return misconfigured(w, given.count == 0 ? "level fingerprint without a fingerprint to match"
		: pool_format(w->pool, "level fingerprint without a valid fingerprint: %s",
			list_join(&given, ", ")));
}

/* --- handshake settings (TLS_README) --- */

static void settings(struct deciding *w)
{
	const struct config *config = w->agent->config;
	const struct policy_entry *entry = &w->base->entry;
	struct tls_expect *expect = &w->policy->expect;
	bool may = expect->level == TLS_LEVEL_MAY;

	expect->protocols = entry->protocols ? entry->protocols
		: may ? config->tls_protocols : config->tls_mandatory_protocols;
	expect->grade = entry->ciphers ? entry->ciphers
		: may ? config->tls_ciphers : config->tls_mandatory_ciphers;
	expect->exclude = entry->exclude ? entry->exclude
		: may ? config->tls_exclude_ciphers
		: pool_format(w->pool, "%s %s", config->tls_exclude_ciphers,
			config->tls_mandatory_exclude_ciphers);
	expect->raw_keys = entry->enable_rpk < 0 ? config->tls_enable_rpk : entry->enable_rpk;
	expect->policy_failure = entry->policy_failure;
	w->policy->reuse = entry->connection_reuse < 0 ? config->tls_connection_reuse
		: entry->connection_reuse;
}

static bool server_name(struct deciding *w)
{
	const char *name = w->base->entry.servername, *reason, *ascii;

	if (name == NULL) {
		name = w->agent->config->tls_servername;
		if (name[0] && !name_is_host(name, &reason)) {
			w->detail = pool_format(w->pool,
				"\"%s_tls_servername = %s\" specifies an invalid hostname",
				w->agent->program, name);
			log_warning("%s", w->detail);
			return misconfigured(w, w->detail);
		}
	}
	if (text_same(name, "hostname"))
		name = w->server->host;
	else if (text_same(name, "nexthop"))
		name = w->base->to->host;
	ascii = name[0] && !addr_is_numeric(name) ? ascii_name(w, name) : "";
	w->policy->expect.sni = ascii ? ascii : "";
	return true;
}

/* --- levels --- */

static bool wrapper_allows(struct deciding *w)
{
	if (!w->agent->config->tls_wrappermode
		|| w->policy->expect.level >= TLS_LEVEL_ENCRYPT)
		return true;
	log_warning("%s_tls_wrappermode requires \"%s_tls_security_level = encrypt\" (or stronger)",
		w->agent->program, w->agent->program);
	if (w->why->status == NULL) /* the reason of another server is worth more */
		why_site(w->why, "4.3.0", "server unavailable or unable to receive mail:"
			" %s_tls_wrappermode requires level encrypt or stronger, and the level is %s",
			w->agent->program, tls_level_name(w->policy->expect.level));
	return false;
}

static void unix_socket_level(struct deciding *w)
{
	if (w->base->to->path == NULL || w->policy->expect.level != TLS_LEVEL_MAY)
		return;
	log_warning("smtp_connect_local: opportunistic TLS encryption is not appropriate for"
		" unix-domain destinations.");
	w->policy->expect.level = TLS_LEVEL_NONE;
}

static bool skip(struct deciding *w)
{
	const char *path = w->base->to->path;

	if (path)
		log_warning("TLS policy lookup error for %s/%s: %s", w->server->host, path, w->why->text);
	else
		log_warning("TLS policy lookup for %s/%s: %s", w->base->key, w->server->host,
			w->why->text);
	if (*w->detail)
		w->why->text = pool_format(w->pool, "%s: %s", w->why->text, w->detail);
	return false;
}

static bool expectation(struct deciding *w)
{
	switch (w->policy->expect.level) {
	case TLS_LEVEL_NONE:
		return true;
	case TLS_LEVEL_MAY:
	case TLS_LEVEL_ENCRYPT:
		settings(w);
		return server_name(w) || skip(w);
	case TLS_LEVEL_FINGERPRINT:
		settings(w);
		return (server_name(w) && expect_fingerprints(w)) || skip(w);
	case TLS_LEVEL_VERIFY:
	case TLS_LEVEL_SECURE:
		settings(w);
		return (server_name(w) && expect_names(w)) || skip(w);
	case TLS_LEVEL_HALF_DANE:
	case TLS_LEVEL_DANE:
	case TLS_LEVEL_DANE_ONLY: /* names and server name are those of the TLSA base domain */
		settings(w);
		return true;
	case TLS_LEVEL_INVALID:
	case TLS_LEVEL_NOT_FOUND:
		break;
	}
	return skip(w);
}

/* The obsolete per-site table, where it still decides. */
static bool site_level(struct deciding *w)
{
	if (w->agent->per_site == NULL || w->base->found != POLICY_NONE || w->base->relaxed)
		return true;
	return policy_site(w->agent, w->base->key, w->server, &w->policy->expect.level, &w->detail, w->why)
		|| skip(w);
}

/* dane and dane-only become what DNS makes of them. */
static bool computed_level(struct deciding *w)
{
	const struct dane_asked asked = {w->agent, w->pool, w->base->key, w->server};
	struct tls_expect *expect = &w->policy->expect;

	if (expect->level != TLS_LEVEL_DANE && expect->level != TLS_LEVEL_DANE_ONLY)
		return true;
	return policy_dane(&asked, expect, &w->detail, w->why) || skip(w);
}

/* --- MTA-STS --- */

/* RFC 8461 4.1: equal, or "*" stands for the first label. */
static bool fits_pattern(struct deciding *w, const char *pattern, const char *host)
{
	bool wild = pattern[0] == '*' && pattern[1] == '.';
	const char *rest = wild ? strchr(host, '.') : host;
	const char *ascii = ascii_name(w, wild ? pattern + 2 : pattern);

	if (ascii == NULL || rest == NULL)
		return false;
	return text_same(ascii, wild ? rest + 1 : rest);
}

static bool is_sts_host(struct deciding *w)
{
	const struct policy_entry *entry = &w->base->entry;
	const char *host = ascii_name(w, w->server->host);
	const char *domain = entry->policy_domain ? entry->policy_domain : "";

	if (!w->base->sts || !tls_level_must_match(w->policy->expect.level))
		return true;
	for (size_t i = 0; host && i < entry->mx_host_patterns.count; i++)
		if (fits_pattern(w, entry->mx_host_patterns.items[i], host))
			return true;
	log_warning("MX name '%s' does not match STS MX pattern for '%s'", w->server->host, domain);
	if (w->why->status == NULL) /* the reason of another server is worth more */
		why_site(w->why, "4.3.0", "server unavailable or unable to receive mail: MX host %s is"
			" not in the MTA-STS policy of %s", w->server->host,
			domain[0] ? domain : w->base->to->host);
	return false;
}

/* --- REQUIRETLS (RFC 8689 4.2.1) --- */

static void ask_for_requiretls(struct deciding *w, const struct request *request)
{
	enum requiretls found = REQUIRETLS_OFF;

	if (requiretls_asked(w->agent->config, request))
		found = requiretls_find(w->agent->requiretls, w->base->to);
	w->policy->requiretls = found;
	features_begin(w->features, features_level(TLS_LEVEL_INVALID),
		found != REQUIRETLS_OFF && found != REQUIRETLS_ERROR);
}

static const char *too_weak(struct deciding *w, const char *what)
{
	return pool_format(w->pool, "Sender requested REQUIRETLS, but my configured TLS security level"
		" '%s' disables %s. The last attempted server was %s",
		tls_level_name(w->policy->expect.level), what, w->server->host);
}

static bool violates(struct deciding *w, const char *what, const char *final)
{
	feature_violated(&w->features->requiretls, final);
	why_site(w->why, "5.7.10", "%s", too_weak(w, what));
	return skip(w);
}

/* A level that can't give what is required is found out before anybody is contacted. */
static bool satisfies_requiretls(struct deciding *w)
{
	bool matches = tls_level_must_match(w->policy->expect.level);

	switch (w->policy->requiretls) {
	case REQUIRETLS_OFF:
	case REQUIRETLS_OPPORTUNISTIC:
		break;
	case REQUIRETLS_STARTTLS:
		if (w->policy->expect.level == TLS_LEVEL_NONE)
			return violates(w, "encryption", "noencryption");
		if (!matches)
			log_tagged(LOG_SEVERITY_INFO, "%s", too_weak(w, "certificate matching"));
		break;
	case REQUIRETLS_ENFORCE:
		return matches || violates(w, "certificate matching", "nocertmatch");
	case REQUIRETLS_ERROR:
		w->detail = pool_format(w->pool, "%s_requiretls_policy = %s", w->agent->program,
			w->agent->config->requiretls_policy);
		why_site(w->why, "4.7.10", "REQUIRETLS policy configuration error. The last attempted"
			" server was %s", w->server->host);
		return skip(w);
	}
	return true;
}

const struct tls_policy *policy_decide(const struct agent *agent, struct delivery *d,
	const struct policy_base *base, const struct server *server, struct why *why)
{
	struct tls_policy *policy = POOL_NEW(d->pool, struct tls_policy);
	struct deciding w = {.agent = agent, .pool = d->pool, .features = &d->features, .base = base,
		.server = server, .policy = policy, .detail = "", .why = why};

	ask_for_requiretls(&w, d->request);
	for (size_t i = 0; i < base->warnings.count; i++)
		log_warning("%s", base->warnings.items[i]);
	if (base->found == POLICY_WRONG) {
		misconfigured(&w, base->entry.failure);
		skip(&w);
		return NULL;
	}
	policy->source = base->source;
	policy->report = base->report;
	policy->expect = (struct tls_expect){.level = base->entry.level, .protocols = "", .grade = "",
		.exclude = "", .sni = "", .why_not = ""};
	if (!site_level(&w))
		return NULL;
	if (!computed_level(&w))
		return NULL;
	d->features.level.wanted = features_level(policy->expect.level);
	unix_socket_level(&w);
	if (server->plaintext && policy->expect.level == TLS_LEVEL_MAY)
		policy->expect.level = TLS_LEVEL_NONE;
	if (!wrapper_allows(&w))
		return NULL;
	if (!expectation(&w)) {
		if (!d->features.level.violated)
			d->features.level.wanted = features_level(TLS_LEVEL_INVALID);
		return NULL;
	}
	return satisfies_requiretls(&w) && is_sts_host(&w) ? policy : NULL;
}

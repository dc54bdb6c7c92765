#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "dns/name.h"
#include "dns/plain.h"
#include "dns/unbound.h"
#include "postfix/version.h"
#include "smtp/own.h"
#include "smtp/route.h"
#include "util/log.h"
#include "util/text.h"

enum { SERVERS_MOST = 100 }; /* addresses of one destination */

/* A route under construction. */
struct routing {
	const struct agent *agent;
	struct pool *pool;
	const struct destination *to;
	enum dns_mode mode;
	bool validating;         /* validation was wanted, had or not */
	const char *unvalidated; /* validation was wanted and can't be had: why; NULL: no matter */
	struct server *servers[SERVERS_MOST]; /* in the order found */
	size_t count;
	bool full;               /* some were left out, and that was warned of */
	bool soft;               /* some failure was temporary */
	unsigned best_listed;    /* best preference in DNS, with or without an address */
	struct why *why;
};

/* Unless for DANE an address needs no signature; the name that an alias leads to does (TLS_README). */
static enum dns_mode address_mode(const struct routing *r)
{
	return r->agent->dns_validated || r->agent->config->cname_overrides_servername ? r->mode
		: DNS_PLAIN;
}

/* --- servers --- */

static bool has_room(struct routing *r, const char *host, const struct addr *addr)
{
	if (r->count < SERVERS_MOST)
		return true;
	if (!r->full)
		log_warning("DNS record count limit (%d) exceeded -- dropping excess record(s) after"
			" qname=%s qtype=%s", SERVERS_MOST, host,
			addr_family(addr) == AF_INET6 ? "AAAA" : "A");
	r->full = true;
	return false;
}

/* NULL: there are enough. */
static struct server *add_server(struct routing *r, const char *host, const struct addr *addr,
	uint16_t port, unsigned preference)
{
	struct server *server;
	char text[ADDR_TEXT];

	if (!has_room(r, host, addr))
		return NULL;
	server = POOL_NEW(r->pool, struct server);
	server->destination = r->to;
	server->host = host;
	server->addr = *addr;
	addr_set_port(&server->addr, port);
	server->address = pool_text(r->pool, addr_text(addr, text));
	server->namaddr = pool_format(r->pool, "%s[%s]", host, server->address);
	server->namaddrport = pool_format(r->pool, "%s:%u", server->namaddr, port);
	server->preference = preference;
	server->loop_detection = !r->agent->lmtp && r->to->port == 25;
	r->servers[r->count++] = server;
	return server;
}

/* --- the addresses of one host --- */

static bool family_enabled(const struct agent *agent, int family)
{
	for (size_t i = 0; i < agent->family_count; i++)
		if (agent->families[i] == family)
			return true;
	return false;
}

/* 5.x.y, or 4.x.y when it is temporary or something before was. */
static bool not_there(struct routing *r, const char *class_and_detail, const char *text)
{
	return why_site(r->why, pool_format(r->pool, "%c%s", r->soft ? '4' : '5', class_and_detail),
		"%s", text);
}

static void host_failed(struct routing *r, enum lookup_status status, const char *text)
{
	switch (status) {
	case LOOKUP_RETRY:
		r->soft = true;
		why_site(r->why, "4.4.3", "%s", text);
		return;
	case LOOKUP_FAIL:
		not_there(r, ".4.3", text);
		return;
	case LOOKUP_POLICY:
		r->soft = true;
		why_site(r->why, "4.7.0", "%s", text);
		return;
	case LOOKUP_INVALID:
	case LOOKUP_NOT_FOUND:
	case LOOKUP_NULL_MX:
		not_there(r, ".4.4", text);
		return;
	case LOOKUP_OK:
		return;
	}
}

static void native_failed(struct routing *r, enum native_status status, const char *host,
	const char *text)
{
	const char *full = pool_format(r->pool, "unable to look up host %s: %s", host, text);

	if (status == NATIVE_TRY_AGAIN || status == NATIVE_SYSTEM)
		r->soft = true;
	not_there(r, status == NATIVE_FAIL || status == NATIVE_SYSTEM ? ".3.0" : ".4.4", full);
}

/* getaddrinfo(3), only for families in inet_protocols: hosts file, nsswitch. */
static void add_native(struct routing *r, const char *host, uint16_t port, unsigned preference)
{
	int family = r->agent->family_count == 1 ? r->agent->families[0] : AF_UNSPEC;
	struct addr *addrs;
	const char *text;
	size_t count;
	enum native_status status = native_lookup(r->pool, host, family, &addrs, &count, &text);

	if (status != NATIVE_OK)
		native_failed(r, status, host, text);
	for (size_t i = 0; status == NATIVE_OK && i < count; i++)
		add_server(r, host, &addrs[i], port, preference);
}

/* Adds what a lookup of HOST found, or notes why it found nothing. */
static void take_addrs(struct routing *r, const char *host, uint16_t port, unsigned preference,
	const struct lookup_addrs *found)
{
	const char *name = host, *unsigned_alias = NULL;

	if (found->status != LOOKUP_OK) {
		host_failed(r, found->status, found->text);
		if (found->status == LOOKUP_NOT_FOUND && r->agent->lookup_native)
			add_native(r, host, port, preference);
		return;
	}
	if (r->agent->config->cname_overrides_servername && !name_same(host, found->canonical)) {
		name = found->canonical;
		if (found->security != DNS_SECURE)
			unsigned_alias = pool_format(r->pool, "the alias %s -> %s is not signed", host,
				name);
	}
	for (size_t i = 0; i < found->count; i++) {
		struct server *server = add_server(r, name, &found->addrs[i], port, preference);

		if (server == NULL)
			return;
		server->found = found;
		server->unsigned_alias = unsigned_alias;
	}
}

static void add_host(struct routing *r, const char *host, uint16_t port, unsigned preference)
{
	const struct agent *agent = r->agent;
	struct lookup_addrs *found = POOL_NEW(r->pool, struct lookup_addrs);
	struct addr addr;

	if (addr_parse(&addr, host, port) && family_enabled(agent, addr_family(&addr))) {
		add_server(r, host, &addr, port, preference);
	} else if (!agent->dns_enabled || !agent->lookup_dns) {
		add_native(r, host, port, preference);
	} else {
		lookup_host(&agent->resolver, r->pool, &agent->lookup, host, agent->families,
			agent->family_count, address_mode(r), found);
		take_addrs(r, host, port, preference, found);
	}
}

/* --- a whole MX or SRV set --- */

static void add_set(struct routing *r, const struct lookup_set *set, bool srv)
{
	const struct agent *agent = r->agent;
	const char **names = POOL_ARRAY(r->pool, const char *, set->count + 1);
	struct lookup_addrs *found = POOL_ARRAY(r->pool, struct lookup_addrs, set->count + 1);
	bool dns = agent->lookup_dns;

	for (size_t i = 0; i < set->count; i++)
		names[i] = set->hosts[i].host;
	if (dns)
		lookup_hosts(&agent->resolver, r->pool, &agent->lookup, names, set->count,
			agent->families, agent->family_count, address_mode(r), found);
	for (size_t i = 0; i < set->count; i++) {
		uint16_t port = srv ? (uint16_t)set->hosts[i].port : r->to->port;
		unsigned preference = set->hosts[i].preference;
		struct addr addr;

		if (addr_parse(&addr, names[i], port) && family_enabled(agent, addr_family(&addr)))
			add_server(r, names[i], &addr, port, preference);
		else if (dns)
			take_addrs(r, names[i], port, preference, &found[i]);
		else
			add_native(r, names[i], port, preference);
	}
	r->best_listed = set->count ? set->hosts[0].preference : 0;
}

/* Can a certificate have it at all? Nothing odd, and no bare label, is taken from DNS (TLS_README). */
static bool is_full_name(const char *host)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	return strchr(host, '.') && strspn(host, usual) == strlen(host);
}

/* Why SECURE data of this set does not make the server's name good for matching; NULL: it does. */
static const char *not_vouched(const struct routing *r, const struct lookup_set *set,
	const struct server *server)
{
	const char *link = set->insecure_link;

	if (r->unvalidated)
		return r->unvalidated;
	if (r->mode == DNS_PLAIN || set->security != DNS_SECURE)
		return link && *link ? link : "DNSSEC was not asked";
	if (addr_is_numeric(server->host))
		return "it is a numeric address";
	if (!is_full_name(server->host))
		return "it is no full host name";
	return server->unsigned_alias;
}

/* Signed MX data makes its host names safe to match. */
static void vouch(struct routing *r, const struct lookup_set *set)
{
	bool secure = r->mode != DNS_PLAIN && set->security == DNS_SECURE;

	for (size_t i = 0; i < r->count; i++) {
		struct server *server = r->servers[i];

		server->not_vouched = not_vouched(r, set, server);
		server->vouched = server->not_vouched == NULL;
		server->mx = secure ? MX_SIGNED : r->validating ? MX_UNSIGNED : MX_UNCHECKED;
		server->mx_owner = set->name;
	}
}

/* The administrator wrote the name, or it is the next hop itself; or signed aliases lead from it. */
static void vouch_for_destination(struct routing *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct server *server = r->servers[i];

		server->not_vouched = addr_is_numeric(server->host) ? "it is a numeric address"
			: server->unsigned_alias;
		server->vouched = server->not_vouched == NULL;
	}
}

/* --- order: loops, shuffle, family, balance --- */

/* Drops servers from our own preference on. False: nobody is left. */
static bool cut_loop(struct routing *r, const char *name, bool from_mx, struct route *result)
{
	unsigned best = r->best_listed;
	size_t keep = 0;

	for (size_t i = 0; i < r->count; i++) {
		enum match_answer ours = own_has(r->agent, &r->servers[i]->addr);

		if (ours == MATCH_ERROR)
			return why_site(r->why, "4.3.5", "proxy_interfaces: host not found");
		if (ours == MATCH_NO)
			continue;
		result->last = true;
		while (from_mx && keep < r->count
			&& r->servers[keep]->preference < r->servers[i]->preference)
			keep++;
		if (keep == 0 && from_mx && best != r->servers[0]->preference)
			return why_site(r->why, "4.4.4", "unable to find primary relay for %s", name);
		if (keep == 0)
			return why_site(r->why, "5.4.6", "mail for %s loops back to myself", name);
		r->count = keep;
		return true;
	}
	return true;
}

static unsigned random_below(unsigned limit)
{
	unsigned number = 0;

	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		return 0;
	return number % limit;
}

static void shuffle(struct routing *r)
{
	for (size_t i = r->count; i > 1; i--) {
		size_t other = random_below((unsigned)i);
		struct server *swapped = r->servers[i - 1];

		r->servers[i - 1] = r->servers[other];
		r->servers[other] = swapped;
	}
}

/* The family that comes first in one preference; AF_UNSPEC: no matter. */
static int preferred_family(const struct agent *agent)
{
	const char *preference = agent->config->address_preference;

	if (agent->family_count < 2)
		return AF_UNSPEC;
	return text_same(preference, "ipv6") ? AF_INET6 : text_same(preference, "ipv4") ? AF_INET
		: AF_UNSPEC;
}

static bool comes_before(const struct server *a, const struct server *b, int family)
{
	if (a->preference != b->preference)
		return a->preference < b->preference;
	return family != AF_UNSPEC && addr_family(&a->addr) == family
		&& addr_family(&b->addr) != family;
}

/* Equal ones keep their order. */
static void sort(struct routing *r, int family)
{
	for (size_t i = 1; i < r->count; i++) {
		struct server *moving = r->servers[i];
		size_t j = i;

		for (; j > 0 && comes_before(moving, r->servers[j - 1], family); j--)
			r->servers[j] = r->servers[j - 1];
		r->servers[j] = moving;
	}
}

/* smtp_balance_inet_protocols: an address limit must not shut a whole family out. */
static void balance(struct routing *r)
{
	size_t limit = (size_t)r->agent->config->mx_address_limit, v4 = 0, v6, keep4, keep6, kept = 0;

	for (size_t i = 0; i < r->count; i++)
		v4 += addr_family(&r->servers[i]->addr) == AF_INET;
	v6 = r->count - v4;
	if (!r->agent->config->balance_inet_protocols || limit == 0 || v4 == 0 || v6 == 0
		|| r->count <= limit)
		return;
	keep4 = (limit + (addr_family(&r->servers[0]->addr) == AF_INET)) / 2;
	if (v4 < keep4)
		keep4 = v4;
	if (v6 < limit - keep4)
		keep4 = limit - v6;
	keep6 = limit - keep4;
	for (size_t i = 0; i < r->count; i++) {
		size_t *left = addr_family(&r->servers[i]->addr) == AF_INET ? &keep4 : &keep6;

		if (*left == 0)
			continue;
		(*left)--;
		r->servers[kept++] = r->servers[i];
	}
	r->count = kept;
}

static void arrange(struct routing *r, bool srv)
{
	if (r->count > 1 && !srv) {
		if (r->agent->config->randomize_addresses)
			shuffle(r);
		sort(r, preferred_family(r->agent));
	}
	balance(r);
}

static void link_servers(struct routing *r, struct route *result)
{
	for (size_t i = 0; i < r->count; i++) {
		r->servers[i]->next = i + 1 < r->count ? r->servers[i + 1] : NULL;
		r->servers[i]->best_preference = r->servers[i]->preference == r->servers[0]->preference;
	}
	result->servers = r->count ? r->servers[0] : NULL;
}

static bool finish(struct routing *r, const char *name, bool from_set, bool srv,
	struct route *result)
{
	if (r->to->port == 25 && !r->agent->lmtp && !cut_loop(r, name, from_set, result))
		return false;
	arrange(r, srv);
	link_servers(r, result);
	return true;
}

/* --- which lookup --- */

/* No MX: the domain itself (RFC 5321 5.1), or [host]. */
static bool route_host(struct routing *r, struct route *result)
{
	add_host(r, r->to->ascii, r->to->port, 0);
	if (r->count == 0)
		return false;
	vouch_for_destination(r);
	return finish(r, r->to->host, false, false, result);
}

static bool set_is_empty(struct routing *r, const char *name, const char *kind)
{
	log_warning("no %s host for %s has a valid address record", kind, name);
	if (r->agent->config->defer_if_no_mx_address_found && !why_soft(r->why))
		r->why->status = pool_format(r->pool, "4%s", r->why->status + 1);
	return false;
}

static bool route_mx(struct routing *r, struct route *result)
{
	const struct agent *agent = r->agent;
	bool ignore = agent->config->ignore_mx_lookup_error;
	struct lookup_set set;

	lookup_mx(&agent->resolver, r->pool, &agent->lookup, r->to->host, r->mode, &set);
	if (set.status == LOOKUP_NOT_FOUND)
		return route_host(r, result);
	if (set.bogus) /* never to be taken for unsigned */
		return why_site(r->why, "4.4.3", "%s", set.text);
	if (ignore && (set.status == LOOKUP_RETRY || set.status == LOOKUP_FAIL
		|| set.status == LOOKUP_INVALID))
		return route_host(r, result);
	if (set.status == LOOKUP_NULL_MX)
		return why_site(r->why, "5.1.0", "%s", set.text);
	if (set.status != LOOKUP_OK) {
		host_failed(r, set.status, set.text);
		return false;
	}
	add_set(r, &set, false);
	if (r->count == 0)
		return set_is_empty(r, r->to->host, "MX");
	vouch(r, &set);
	return finish(r, r->to->host, true, false, result);
}

static bool route_srv(struct routing *r, struct route *result, const char **query, bool *fallback)
{
	const struct agent *agent = r->agent;
	struct lookup_set set;

	lookup_srv(&agent->resolver, r->pool, &agent->lookup, r->to->service, r->to->host, r->mode,
		&set);
	*query = set.query;
	*fallback = agent->config->allow_srv_lookup_fallback;
	if (set.status == LOOKUP_NULL_MX)
		return why_site(r->why, "5.1.0", "%s", set.text);
	if (set.status != LOOKUP_OK) {
		*fallback = (*fallback || (agent->config->ignore_srv_lookup_error
			&& set.status != LOOKUP_NOT_FOUND && set.status != LOOKUP_POLICY)) && !set.bogus;
		host_failed(r, set.status, set.text);
		return false;
	}
	add_set(r, &set, true);
	if (r->count == 0)
		return set_is_empty(r, set.query, "SRV");
	vouch(r, &set);
	return finish(r, set.query, true, true, result);
}

static bool wants_srv(const struct agent *agent, const struct destination *to)
{
	return agent->config->version >= POSTFIX(3, 8) && agent->dns_enabled && !to->literal
		&& match_find(agent->srv_services, to->service, NULL) == MATCH_YES;
}

static bool route_unix(struct routing *r, struct route *result)
{
	struct server *server = POOL_NEW(r->pool, struct server);
	const char *path = r->to->path;

	server->destination = r->to;
	server->host = r->to->host;
	server->address = path;
	server->namaddr = server->namaddrport =
		pool_format(r->pool, "%s[%s]", server->host, path);
	server->best_preference = server->vouched = true;
	result->servers = server;
	return true;
}

/*
 * Can DNSSEC be had? Without it nothing is vouched for, or nothing is sent: where it is required
 * (safemx_dnssec_required), and for DANE where only we lack it, while the resolver that smtp(8)
 * believes may have it. The questions are validated ones all the same: where nothing can be
 * validated the answers are not secure and say why, or are "try again" for DANE; so are they where
 * nobody answers the validator, as when somebody is in its way: never a reason to go on with less.
 */
static bool choose_mode(struct routing *r, enum dns_mode mode)
{
	bool validate = mode != DNS_PLAIN;
	struct unbound *unbound = r->agent->unbound; /* NULL: another validator is behind resolver */
	const char *reason;

	r->mode = mode;
	r->validating = validate;
	if (!validate || unbound == NULL || unbound_validates(unbound, &reason))
		return true;
	if (r->agent->config->dnssec_required
		|| (mode == DNS_REQUIRED && unbound_misfits(unbound)))
		return why_site(r->why, "4.7.5", "DNSSEC validation is required, but unavailable: %s",
			reason);
	r->unvalidated = pool_format(r->pool, "DNSSEC validation is unavailable: %s", reason);
	return true;
}

/* False: no server, though another lookup may do: go on with that. */
static bool try_srv(struct routing *r, struct route *result, bool *fallback)
{
	const char *query;

	if (route_srv(r, result, &query, fallback))
		return true;
	if (!*fallback)
		return false;
	log_info("skipping SRV lookup for %s: %s", query, r->why->text);
	r->count = 0;
	r->soft = result->last = false;
	return false;
}

static bool route_dns(struct routing *r, enum dns_mode mode, struct route *result)
{
	const struct agent *agent = r->agent;
	bool mx = !r->to->literal && agent->dns_enabled, fallback = true;

	if (!agent->dns_enabled
		|| !(mx || agent->dns_validated || agent->config->cname_overrides_servername))
		mode = DNS_PLAIN;
	else if (mode == DNS_REQUIRED && addr_is_numeric(r->to->host)) /* nothing to look up */
		mode = DNS_VALIDATED;
	if (!choose_mode(r, mode))
		return false;
	if (!mx)
		return route_host(r, result);
	if (wants_srv(agent, r->to)) {
		if (try_srv(r, result, &fallback))
			return true;
		if (!fallback)
			return false;
	}
	return agent->lmtp ? route_host(r, result) : route_mx(r, result);
}

const char *mx_security_name(enum mx_security mx)
{
	switch (mx) {
	case MX_NONE:
		return "none";
	case MX_UNCHECKED:
		return "unchecked";
	case MX_UNSIGNED:
		return "unsigned";
	case MX_SIGNED:
		return "signed";
	}
	return "";
}

bool route(const struct agent *agent, struct pool *pool, const struct destination *destination,
	enum dns_mode mode, struct route *result, struct why *why)
{
	struct why found = {.pool = pool};
	struct routing r = {.agent = agent, .pool = pool, .to = destination, .why = &found};

	if (destination->path)
		return route_unix(&r, result);
	if (agent->family_count == 0)
		return why_site(why, "4.4.4", "all network protocols are disabled");
	if (route_dns(&r, mode, result))
		return true;
	*why = found;
	return false;
}

#include "config.h"
#include <string.h>
#include "postfix/version.h"
#include "smtp/auth.h"
#include "smtp/connections.h"
#include "smtp/deliver.h"
#include "smtp/headers.h"
#include "smtp/policy.h"
#include "smtp/session.h"
#include "smtp/transaction.h"
#include "util/clock.h"
#include "util/log.h"

/* A walk over the servers of one destination, with the limits of main.cf. */
struct walk {
	const struct agent *agent;
	struct delivery *d;
	struct destination *to;
	struct policy_base *policy; /* of the destination */
	struct server *servers;
	bool last;         /* no destination follows */
	int addresses;     /* servers that were tried */
	int sessions;      /* servers with which the handshakes were done */
	bool load, store;  /* a kept connection is welcome; keep it afterwards */
};

static bool limit_reached(int count, int limit)
{
	return limit > 0 && count >= limit;
}

static bool limits_reached(const struct walk *walk)
{
	return limit_reached(walk->addresses, walk->agent->config->mx_address_limit)
		|| limit_reached(walk->sessions, walk->agent->config->mx_session_limit);
}

/* Will no other server be tried? A kept connection is used out of turn, so all of them count. */
static bool is_final(const struct walk *walk)
{
	if (!walk->last)
		return false;
	for (const struct server *at = walk->servers; at && !limits_reached(walk); at = at->next)
		if (!at->tried)
			return false;
	return true;
}

/*
 * May this server be tried in plaintext after TLS failed? Only at level may, and only
 * for mail that has waited, so that a passing trouble doesn't cost the encryption; or for a probe.
 */
static bool may_go_plain(const struct walk *walk, const struct server *at,
	const struct tls_policy *policy)
{
	const struct request *request = walk->d->request;
	long waited = request->activated.tv_sec - request->arrived.tv_sec;

	return policy->expect.level == TLS_LEVEL_MAY && !at->plaintext
		&& policy->requiretls < REQUIRETLS_STARTTLS
		&& ((request->flags & REQUEST_PROBE)
			|| waited >= walk->agent->config->minimal_backoff_time)
		&& !auth_has_password(walk->agent, walk->d, at);
}

/* A retry is another entry in the list, but neither an address nor a session of its own. */
static void try_again_plain(struct walk *walk, struct server *at)
{
	struct server *again = POOL_NEW(walk->d->pool, struct server);

	*again = *at;
	again->plaintext = true;
	again->tried = false;
	again->decision = NULL;
	at->next = again;
	walk->d->final_server = false;
}

/* All open recipients failed at AT, maybe for this server only. */
static void failed_at(struct walk *walk, struct server *at, const struct tls_policy *policy,
	bool tls, const struct why *why)
{
	walk->d->session.done = clock_wall();
	if (walk->d->session.ready.tv_sec == 0) /* all this time went into the connection */
		walk->d->session.ready = walk->d->session.done;
	if (tls && rcpts_open(walk->d) && may_go_plain(walk, at, policy))
		try_again_plain(walk, at);
	rcpts_failed(walk->agent, walk->d, why);
}

/* The line that ties message and channel together. */
static void log_channel(const struct agent *agent, const struct connection *conn)
{
	const struct tls_verdict *tls = &conn->tls;

	if (!conn->in_tls || !(agent->tls_log & TLS_LOG_SUMMARY))
		return;
	log_tagged(LOG_SEVERITY_INFO, "tls: level=%s verified=%s name=%s rule=%s mx=%s protocol=%s"
		" cipher=%s reused=%s", tls_level_name(tls->level),
		tls_level_must_match(tls->level) && tls->matched ? "yes" : "no",
		tls->name[0] ? tls->name : "-", tls->rule[0] ? tls->rule : "-",
		mx_security_name(conn->server->mx), tls->protocol, tls->cipher, tls->reused ? "yes" : "no");
}

/* The message, over a connection that is ready for it; which is kept, or closed. */
static void converse(struct walk *walk, struct server *at, struct connection *conn)
{
	const struct agent *agent = walk->agent;
	struct delivery *d = walk->d;
	struct why why = {.pool = d->pool};
	bool keep = walk->store && connections_may_keep(agent, conn);

	walk->sessions += !at->met;
	at->met = true;
	d->final_server = is_final(walk);
	d->session.ready = clock_wall();
	d->session.server_did_dsn = conn->ehlo.features & EHLO_DSN;
	d->session.reuse_count = conn->uses;
	log_channel(agent, conn);
	if (!transaction_run(agent, d, conn, keep, &why))
		failed_at(walk, at, conn->policy, conn->in_tls, &why);
	if (keep)
		connections_keep(agent, d, conn);
	else
		session_close(agent, d, conn);
}

/* The session that outcomes from now on belong to. */
static void begin_session(struct walk *walk, const struct server *at)
{
	walk->d->session = (struct report_session){.relay = at->namaddrport,
		.final = walk->agent->lmtp && (walk->agent->flags & AGENT_FINAL)};
}

/* How a server may be talked to. */
struct decision {
	const struct tls_policy *policy; /* NULL: not at all, because of */
	struct why why;                  /* if it has a status */
	struct features features;        /* as they begin with it */
};

/* Once for each server: what is wrong with a policy is warned about, and DNS may be asked. */
static const struct decision *decide(struct walk *walk, struct server *at)
{
	struct delivery *d = walk->d;

	if (at->decision == NULL) {
		at->decision = POOL_NEW(d->pool, struct decision);
		at->decision->why.pool = d->pool;
		at->decision->policy =
			policy_decide(walk->agent, d, walk->policy, at, &at->decision->why);
		at->decision->features = d->features;
	}
	d->features = at->decision->features;
	return at->decision;
}

static void attempt(struct walk *walk, struct server *at)
{
	const struct agent *agent = walk->agent;
	struct delivery *d = walk->d;
	const struct decision *decision = decide(walk, at);
	struct why why = {.pool = d->pool};
	struct connection *conn;
	enum session_end end;

	if (decision->policy == NULL) {
		if (decision->why.status)
			d->why = decision->why;
		return;
	}
	begin_session(walk, at);
	conn = session_open(agent, d, at, decision->policy, &end, &why);
	if (end == SESSION_READY) {
		converse(walk, at, conn);
	} else if (end == SESSION_NO_CONNECTION) {
		d->why = why;
	} else {
		failed_at(walk, at, decision->policy, end == SESSION_NO_TLS, &why);
		session_close(agent, d, conn);
	}
}

static void turn_to(struct walk *walk, struct server *at)
{
	walk->addresses += !at->plaintext;
	at->tried = true;
	rcpts_reopen(walk->d);
}

/* A kept connection to AT, if there is one, takes the message. Without FEATURES, tls= is silent. */
static void reuse_one(struct walk *walk, struct server *at, bool features)
{
	const struct agent *agent = walk->agent;
	struct delivery *d = walk->d;
	const struct tls_policy *policy;
	struct connection *conn;

	if (at->tried || limits_reached(walk) || !rcpts_open(d)
		|| connections_count(agent->connections) == 0)
		return;
	policy = decide(walk, at)->policy;
	conn = policy ? connections_take(agent, d, at, policy) : NULL;
	if (conn == NULL)
		return;
	turn_to(walk, at);
	begin_session(walk, at);
	if (policy->expect.level == TLS_LEVEL_NONE && !features)
		d->features = (struct features){.level.wanted = NULL};
	converse(walk, at, conn);
}

/* smtp(8) finds a connection by its server after it has decided on TLS, which is then told of. */
static void reuse_server(struct walk *walk, struct server *at)
{
	reuse_one(walk, at, true);
}

/* And by its next hop before that. */
static void reuse_nexthop(struct walk *walk, struct server *at)
{
	reuse_one(walk, at, at->addr.length == 0); /* a socket is one server */
}

/* debug_peer_list: by how much is the log more verbose for this peer? */
static int watched(const struct agent *agent, const char *name, const char *address)
{
	return match_find(agent->debug_peers, name, address) == MATCH_YES
		? agent->config->debug_peer_level : 0;
}

/* ACT, with the server's name or address perhaps a reason to log all of it. */
static void with_server(struct walk *walk, struct server *at,
	void (*act)(struct walk *walk, struct server *at))
{
	int more = watched(walk->agent, at->host, at->address);

	log_verbose_here(more);
	act(walk, at);
	log_verbose_here(-more);
}

/* A kept connection to a server of FIRST's preference is better than a new one. */
static void reuse(struct walk *walk, struct server *first)
{
	for (struct server *at = first; at && at->preference == first->preference; at = at->next)
		with_server(walk, at, reuse_server);
}

/* And best is the one that served this very next hop last, whatever its preference. */
static void reuse_last(struct walk *walk, struct server *first)
{
	const char *last = connections_last(walk->agent, walk->d);

	for (struct server *at = first; last && at; at = at->next)
		if (strcmp(at->namaddrport, last) == 0)
			with_server(walk, at, reuse_nexthop);
}

static void walk_servers(struct walk *walk, struct server *first)
{
	bool new_preference = true;

	walk->servers = first;
	if (walk->load && walk->to == walk->d->destinations)
		reuse_last(walk, first);
	for (struct server *at = first; at && rcpts_open(walk->d); at = at->next) {
		if (walk->load && new_preference)
			reuse(walk, at);
		new_preference = at->next && at->next->preference != at->preference;
		if (at->tried || !rcpts_open(walk->d))
			continue;
		if (!at->plaintext && limits_reached(walk))
			return;
		turn_to(walk, at);
		walk->d->final_server = is_final(walk);
		with_server(walk, at, attempt);
	}
}

/* With everything that can be said against a host that is us, or that does not exist. */
static void last_resort(const struct agent *agent, struct delivery *d, const struct destination *at,
	struct why *why)
{
	if (why->status == NULL) {
		why_site(why, "4.3.0", "server unavailable or unable to receive mail");
		return;
	}
	if (why_soft(why) || why->said)
		return;
	if (at && at->fallback) {
		log_warning("smtp_fallback_relay configuration problem");
		why->status = "4.3.5";
	} else if (!agent->lmtp && d->destinations && d->destinations->relayhost) {
		log_warning("relayhost configuration problem");
		why->status = "4.3.5";
	}
}

/* Are we the best mail host of this destination, and is there another agent for such mail? */
static bool belongs_elsewhere(const struct agent *agent, const struct why *why)
{
	return !agent->lmtp && agent->config->best_mx_transport[0] && why->said == NULL
		&& why->status && strcmp(why->status, "5.4.6") == 0;
}

/* Whoever is still open gets the last reason. */
static void settle_rest(const struct agent *agent, struct delivery *d, const struct destination *at)
{
	struct why why = d->why;

	if (!rcpts_open(d))
		return;
	last_resort(agent, d, at, &why);
	why.elsewhere = false;
	d->session = (struct report_session){.relay = "none"};
	d->session.ready = d->session.done = clock_wall();
	d->final_server = true;
	rcpts_reopen(d);
	if (belongs_elsewhere(agent, &why))
		rcpts_pass(agent, d);
	else
		rcpts_failed(agent, d, &why);
}

/* smtp(8) dies of a next hop that makes no sense; one process for all must not. */
static void abandon(struct delivery *d, const char *error)
{
	log_tag(NULL); /* the words of a process that ends, as analysers know them */
	log_tagged(LOG_SEVERITY_FATAL, "%s", error);
	d->abandoned = true;
}

static void parse_nexthop(const struct agent *agent, struct delivery *d)
{
	const struct config *config = agent->config;
	const struct destination_options options = {
		.lmtp = agent->lmtp,
		.utf8 = config->smtputf8_enable,
		.idna_2003 = config->enable_idna2003_compatibility,
		.default_port = config->tcp_port,
		.fallback_relay = config->fallback_relay,
		.relayhost = config->relayhost,
		.myhostname = config->myhostname,
		.known_tcp_ports = config->version >= POSTFIX(3, 6) ? config->known_tcp_ports : NULL,
		.version = config->version,
	};

	d->destinations = destination_parse(d->pool, &options, d->request->nexthop);
}

/* Settings that have no effect here, or not the one that was meant. */
static void hints(const struct agent *agent, const struct destination *to)
{
	if (to->path && agent->config->fallback_relay[0])
		log_warning("ignoring \"%s_fallback_relay = %s\" setting for non-TCP connections",
			agent->program, agent->config->fallback_relay);
	if (to->path == NULL && to->port == 465 && !agent->config->tls_wrappermode
		&& agent->config->helpful_warnings)
		log_info("SMTPS wrappermode (TCP port 465) requires setting \"%s_tls_wrappermode = yes\","
			" and \"%s_tls_security_level = encrypt\" (or stronger)", agent->program,
			agent->program);
}

/* False: nothing may be tried after this one. KEPT: what is wanted of kept connections. */
static bool try_destination(const struct agent *agent, struct delivery *d, struct destination *to,
	int kept)
{
	struct walk walk = {.agent = agent, .d = d, .to = to, .last = to->next == NULL};
	struct route found = {0};

	walk.load = kept & REQUEST_CONN_LOAD;
	walk.store = kept & REQUEST_CONN_STORE;
	hints(agent, to);
	walk.policy = policy_for(agent, d, to);
	if (route(agent, d->pool, to, policy_dns_mode(agent, walk.policy), &found, &d->why)) {
		walk.last = walk.last || found.last;
		walk_servers(&walk, found.servers);
	}
	return !found.last;
}

static void deliver_to(const struct agent *agent, struct delivery *d)
{
	struct destination *at = NULL;
	int kept = 0;

	parse_nexthop(agent, d);
	for (struct destination *to = d->destinations; to && rcpts_open(d); to = to->next) {
		at = to;
		if (to->error) {
			abandon(d, to->error);
			return;
		}
		if (to == d->destinations)
			kept = connections_wanted(agent, d);
		if (!try_destination(agent, d, to, kept))
			break;
	}
	settle_rest(agent, d, at);
}

void deliver(const struct agent *agent, struct delivery *d)
{
	int more = agent->config->version >= POSTFIX(3, 7)
		? watched(agent, d->request->nexthop, "noaddr") : 0;

	log_verbose_here(more);
	if (!headers_refuse(agent, d))
		deliver_to(agent, d);
	log_verbose_here(-more);
}

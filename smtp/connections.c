#include "config.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "smtp/connections.h"
#include "smtp/notify.h"
#include "smtp/session.h"
#include "util/cache.h"
#include "util/clock.h"
#include "util/memory.h"

enum { KEPT_MOST = 1000 };

struct connections {
	struct cache *cache;        /* key -> connection */
	struct cache *destinations; /* next hop -> where it was served last, as text */
	/* The reaper closes what has waited too long. */
	pthread_t reaper;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t change;
	bool started, news, stopping;
};

static void drop(void *conn)
{
	connection_drop(conn);
}

struct connections *connections_new(void)
{
	struct connections *connections = MEMORY_NEW(struct connections);
	pthread_condattr_t monotonic;

	connections->cache = cache_new(KEPT_MOST, drop);
	connections->destinations = cache_new(KEPT_MOST, free);
	pthread_mutex_init(&connections->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&connections->change, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return connections;
}

/* --- the reaper --- */

/* Waits until UNTIL (clock_ms()), or for a change. The lock is held. */
static void wait_until(struct connections *connections, int64_t until)
{
	const struct timespec at = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};

	if (until == INT64_MAX)
		pthread_cond_wait(&connections->change, &connections->lock);
	else
		pthread_cond_timedwait(&connections->change, &connections->lock, &at);
}

static void *reap(void *context)
{
	struct connections *connections = context;

	pthread_mutex_lock(&connections->lock);
	while (!connections->stopping) {
		int64_t next;

		pthread_mutex_unlock(&connections->lock); /* closing says goodbye in TLS */
		cache_expire(connections->destinations);
		next = cache_expire(connections->cache);
		pthread_mutex_lock(&connections->lock);
		if (!connections->stopping && !connections->news)
			wait_until(connections, next);
		connections->news = false;
	}
	pthread_mutex_unlock(&connections->lock);
	return NULL;
}

/* There is something more to expire; the first time starts the reaper. Signals are not for it. */
static void wake_reaper(struct connections *connections)
{
	sigset_t all, before;

	pthread_mutex_lock(&connections->lock);
	if (!connections->started) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		connections->started =
			pthread_create(&connections->reaper, NULL, reap, connections) == 0;
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	connections->news = true;
	pthread_cond_signal(&connections->change);
	pthread_mutex_unlock(&connections->lock);
}

void connections_free(struct connections *connections)
{
	if (connections == NULL)
		return;
	pthread_mutex_lock(&connections->lock);
	connections->stopping = true;
	pthread_cond_signal(&connections->change);
	pthread_mutex_unlock(&connections->lock);
	if (connections->started)
		pthread_join(connections->reaper, NULL);
	cache_free(connections->cache);
	cache_free(connections->destinations);
	pthread_cond_destroy(&connections->change);
	pthread_mutex_destroy(&connections->lock);
	free(connections);
}

size_t connections_count(const struct connections *connections)
{
	return cache_count(connections->cache);
}

/* --- what is asked for --- */

int connections_wanted(const struct agent *agent, const struct delivery *d)
{
	const struct destination *first = d->destinations;
	const char *name = first->path ? first->path : first->host;
	const int both = REQUEST_CONN_LOAD | REQUEST_CONN_STORE;

	if (match_find(agent->cache_destinations, name, NULL) == MATCH_YES)
		return both;
	return agent->config->connection_cache_on_demand ? d->request->flags & both : 0;
}

/* --- the key: built by this one function --- */

static void add(struct buf *key, const char *value)
{
	buf_adds(key, value);
	buf_addc(key, '\0'); /* no value can hold one, so it ends where it ends */
}

static void add_number(struct buf *key, long number)
{
	buf_add(key, &number, sizeof number);
}

/* What the certificate was held against. The key has the level already. */
static void add_expectation(struct buf *key, const struct tls_expect *expect)
{
	if (expect->level == TLS_LEVEL_NONE)
		return;
	add(key, expect->protocols);
	add(key, expect->grade);
	add(key, expect->exclude);
	add(key, expect->sni);
	add_number(key, expect->raw_keys);
	add(key, expect->policy_failure ? expect->policy_failure : "");
	add_number(key, (long)expect->name_count);
	for (size_t i = 0; i < expect->name_count; i++)
		add(key, expect->names[i].name);
	add_number(key, (long)expect->fingerprint_count);
	for (size_t i = 0; i < expect->fingerprint_count; i++)
		add(key, expect->fingerprints[i]);
	add_number(key, (long)expect->anchor_file_count);
	for (size_t i = 0; i < expect->anchor_file_count; i++)
		add(key, expect->anchor_files[i]);
	add_number(key, (long)expect->tlsa_count);
	for (size_t i = 0; i < expect->tlsa_count; i++) {
		const struct tls_tlsa *tlsa = &expect->tlsa[i];

		add_number(key, tlsa->usage << 16 | tlsa->selector << 8 | tlsa->matching);
		add_number(key, (long)tlsa->length);
		buf_add(key, tlsa->data, tlsa->length);
	}
}

/* Could what is kept be a TLS session? It stays with the server's name. */
static bool may_be_tls(const struct tls_policy *policy)
{
	return policy->expect.level > TLS_LEVEL_MAY
		|| (policy->expect.level == TLS_LEVEL_MAY && policy->reuse);
}

/*
 * Level and reuse come first: they, and what is the same for the whole process, say which of the
 * others follow. So keys of different shape differ before they could be taken for one another.
 */
static struct buf make_key(const struct agent *agent, const struct delivery *d, const struct server *server,
	const struct tls_policy *policy)
{
	const int utf8 = SENDOPT_UTF8_HEADER | SENDOPT_UTF8_SENDER | SENDOPT_UTF8_RCPT;
	struct buf key = BUF(0);
	int opts = d->request->sendopts;

	add_number(&key, policy->expect.level);
	add_number(&key, policy->reuse);
	if (agent->passwords && agent->config->sender_dependent_authentication)
		add(&key, d->request->sender);
	if (agent->passwords || tls_level_must_match(policy->expect.level))
		add(&key, server->destination->text);
	if (agent->passwords || may_be_tls(policy))
		add(&key, server->host);
	add(&key, server->address);
	add_number(&key, addr_port(&server->addr));
	add_number(&key, (opts & SENDOPT_SMTPUTF8) && (opts & utf8));
	add_number(&key, policy->requiretls);
	add_expectation(&key, &policy->expect);
	return key;
}

/* --- in and out --- */

static bool too_old(const struct agent *agent, const struct connection *conn)
{
	int limit = agent->config->connection_reuse_time_limit;

	return limit > 0 && clock_ms() - conn->opened >= (int64_t)limit * 1000;
}

static bool used_up(const struct agent *agent, const struct connection *conn)
{
	int limit = agent->config->connection_reuse_count_limit;

	return limit > 0 && conn->uses >= limit;
}

/* Is the server still there, and silent? */
static bool answers(struct connection *conn)
{
	struct pool pool = {0};
	struct why why = {.pool = &pool};
	struct reply reply;
	bool well;

	if (stream_unread(conn->stream) || stream_disturbed(conn->stream))
		return false;
	chat_limit(&conn->chat, conn->chat.agent->config->rset_timeout);
	chat_command(&conn->chat, "RSET");
	well = chat_reply(&conn->chat, "sending RSET probe", &reply, &why) && reply.code / 100 == 2
		&& !stream_unread(conn->stream); /* or was that an answer to what nobody asked? */
	pool_free(&pool);
	return well;
}

struct connection *connections_take(const struct agent *agent, const struct delivery *d,
	const struct server *server, const struct tls_policy *policy)
{
	struct buf key = make_key(agent, d, server, policy);
	struct connection *conn;

	while ((conn = cache_take(agent->connections->cache, key.data, key.length)) != NULL) {
		if (!too_old(agent, conn) && answers(conn))
			break;
		connection_drop(conn);
	}
	buf_close(&key);
	if (conn) {
		connection_adopt(conn, server, policy);
		if (conn->in_tls)
			tls_log_reused(conn->stream);
	}
	return conn;
}

bool connections_may_keep(const struct agent *agent, const struct connection *conn)
{
	return conn->ready && !conn->broken && !conn->bad && !conn->quit_said
		&& !conn->chat.protocol_error && !conn->chat.local_error
		&& (!conn->in_tls || conn->policy->reuse)
		&& !too_old(agent, conn) && !used_up(agent, conn);
}

/* The next hop that the request asks for was served there. */
static void remember(const struct agent *agent, const struct delivery *d,
	const struct connection *conn, int64_t expires)
{
	const char *nexthop = d->request->nexthop, *where = conn->server->namaddrport;
	size_t length = strlen(where) + 1;

	cache_put(agent->connections->destinations, nexthop, strlen(nexthop),
		memcpy(memory_new(length), where, length), expires);
}

static void *copy_text(void *value)
{
	size_t length = strlen(value) + 1;

	return memcpy(memory_new(length), value, length);
}

const char *connections_last(const struct agent *agent, const struct delivery *d)
{
	const char *nexthop = d->request->nexthop;
	char *where = cache_hold(agent->connections->destinations, nexthop, strlen(nexthop), copy_text);
	const char *text = where ? pool_text(d->pool, where) : NULL;

	free(where);
	return text;
}

void connections_keep(const struct agent *agent, const struct delivery *d, struct connection *conn)
{
	const struct config *config = agent->config;
	int seconds = config->connection_cache_time_limit;
	int64_t expires;
	struct buf key;

	if (!connections_may_keep(agent, conn)) {
		session_close(agent, d, conn);
		return;
	}
	if (seconds > config->connection_cache_ttl_limit)
		seconds = config->connection_cache_ttl_limit;
	expires = clock_ms() + (int64_t)seconds * 1000;
	notify_session(agent, d, conn);
	key = make_key(agent, d, conn->server, conn->policy);
	remember(agent, d, conn, expires);
	conn->policy = NULL;
	cache_add(agent->connections->cache, key.data, key.length, conn, expires);
	buf_close(&key);
	wake_reaper(agent->connections);
}

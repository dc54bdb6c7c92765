/* session - the steps of GnuTLS manual, in its order. */
#include "tls/session.h"
#include <stdlib.h>
#include <string.h>
#include "tls/channel.h"
#include "tls/failure.h"
#include "tls/handshake.h"
#include "tls/parts.h"
#include "tls/summary.h"
#include "util/addr.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

#if GNUTLS_VERSION_NUMBER < 0x030800
#define GNUTLS_NO_STATUS_REQUEST 0
#endif

enum {
	HANDSHAKE_MOST = 100 * 1024, /* bytes of one message: what OpenSSL takes of a chain */
	DH_LEAST = 1024,            /* bits; OpenSSL's least at security levels 0 and 1 */
	TICKET_MOST = 32 * 1024,    /* bytes of session data */
};

struct session {
	struct channel channel; /* first: a channel of ours is a session */
	struct tls_engine *engine;
	const struct priority *priority;
	const char *server;
	char *ticket_key;       /* "" the session is not kept */
	char *reused;           /* the summary when it is used again */
	bool summary;           /* is logged at any loglevel */
	bool too_new;           /* TLS 1.3 must not be offered to this server */
};

static ssize_t transport_read(void *channel, void *to, size_t room)
{
	return channel_read(channel, to, room);
}

static ssize_t transport_write(void *channel, const void *from, size_t length)
{
	return channel_write(channel, from, length);
}

static size_t transport_pending(void *channel)
{
	return channel_pending(channel);
}

static void session_free(struct session *session)
{
	if (session->channel.session)
		gnutls_deinit(session->channel.session);
	channel_free(&session->channel);
	priority_done(session->priority);
	free(session->ticket_key);
	free(session->reused);
	free(session);
}

static void transport_close(void *channel)
{
	struct session *session = channel;

	channel_bye(&session->channel, !session->engine->options->fast_shutdown);
	session_free(session);
}

static const struct transport over_tls = {
	.read = transport_read,
	.write = transport_write,
	.pending = transport_pending,
	.close = transport_close,
};

static struct session *session_of(const struct stream *stream)
{
	return stream_channel(stream, &over_tls);
}

static bool logs(const struct tls_engine *engine, enum tls_log what)
{
	return (engine->options->log & (unsigned)what) != 0;
}

static const char *cache_name(const struct tls_engine *engine)
{
	return engine->options->lmtp ? "lmtp" : "smtp";
}

static bool keeps(const struct tls_engine *engine, const struct tls_start *start)
{
	return engine->tickets && *start->session_key != '\0';
}

static char *copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(memory_new(size), text, size);
}

/* ---- before the handshake ---- */

int session_retrieve(gnutls_session_t gnutls, const gnutls_datum_t *issuers, int issuer_count,
	const gnutls_pk_algorithm_t *kinds, int kind_count, gnutls_pcert_st **chain,
	unsigned *length, gnutls_privkey_t *key)
{
	const struct session *session = gnutls_session_get_ptr(gnutls);

	(void)issuers; /* names that the server would like; OpenSSL, and so Postfix, ignores them */
	(void)issuer_count;
	credentials_choose(session->engine->credentials, kinds, (size_t)kind_count, chain, length,
		key);
	return 0;
}

static void *same(void *value)
{
	return value;
}

static bool is_lenient(struct tls_engine *engine, const char *server)
{
	return cache_hold(engine->lenient, server, strlen(server), same) != NULL;
}

static const struct priority *choose(struct session *session, const struct tls_demand *demand,
	bool old)
{
	struct priority_wish wish = {
		.expect = demand->expect,
		.must_match = tls_level_must_match(demand->level),
		.raw_keys = demand->raw_keys,
		.lenient = is_lenient(session->engine, session->server),
		.unsafe = session->engine->quirks.unsafe_peers,
		.old = old,
	};

	return priority_find(session->engine->priorities, &wish, session->server);
}

/* RFC 6066 3: no address literals, which Postfix would send. */
static bool name_server(struct session *session, const char *name)
{
	if (strlen(name) > SNI_MOST) {
		log_warning("%s: ignoring too long SNI hostname: %.100s", session->server, name);
		return false;
	}
	if (*name == '\0' || addr_is_numeric(name))
		return true;
	if (gnutls_server_name_set(session->channel.session, GNUTLS_NAME_DNS, name, strlen(name)) < 0) {
		log_warning("%s: error setting SNI hostname to: %s", session->server, name);
		return false;
	}
	if (logs(session->engine, TLS_LOG_DEBUG))
		log_info("%s: SNI hostname: %s", session->server, name);
	return true;
}

/*
 * A ticket of TLS 1.2 is only offered with TLS 1.2: where the server has learnt TLS 1.3 since,
 * GnuTLS would take its answer for a resumption and fail. If it doesn't like the ticket at all, a
 * full handshake follows.
 */
static void resume(struct session *session, const struct tls_demand *demand,
	const struct ticket *ticket)
{
	struct tls_engine *engine = session->engine;
	gnutls_session_t gnutls = session->channel.session;
	const struct priority *old;

	if (ticket->old) {
		if ((old = choose(session, demand, true)) == NULL)
			return;
		priority_done(session->priority);
		session->priority = old;
	}
	if (gnutls_session_set_data(gnutls, ticket->data, ticket->length) >= 0
		&& logs(engine, TLS_LOG_CACHE))
		log_info("reloaded session %s from %s cache", session->ticket_key,
			cache_name(engine));
}

static void look_up(struct session *session, const struct tls_start *start,
	const struct tls_demand *demand, struct pool *pool)
{
	struct tls_engine *engine = session->engine;
	const struct ticket *ticket;

	if (!keeps(engine, start))
		return;
	free(session->ticket_key);
	session->ticket_key = copy(tickets_key(pool, start->session_key, start->expect,
		session->priority->text));
	if (logs(engine, TLS_LOG_CACHE))
		log_info("looking for session %s in %s cache", session->ticket_key,
			cache_name(engine));
	if ((ticket = tickets_find(engine->tickets, session->ticket_key)) != NULL)
		resume(session, demand, ticket);
	tickets_done(ticket);
}

/* Postfix's library always takes tickets; it is only work if there is no cache. */
static bool make(struct session *session, const struct tls_start *start,
	const struct tls_demand *demand)
{
	unsigned flags = GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | GNUTLS_KEY_SHARE_TOP
		| GNUTLS_NO_STATUS_REQUEST
		| (keeps(session->engine, start) && !session->engine->quirks.no_tickets ? 0
			: GNUTLS_NO_TICKETS)
		| (demand->raw_keys ? GNUTLS_ENABLE_RAWPK : 0);
	gnutls_session_t gnutls;

	if (gnutls_init(&gnutls, flags) < 0)
		return false;
	channel_open(&session->channel, gnutls, session->channel.stream);
	gnutls_handshake_set_max_packet_length(gnutls, HANDSHAKE_MOST);
	gnutls_dh_set_prime_bits(gnutls, DH_LEAST);
	session->channel.state = logs(session->engine, TLS_LOG_DEBUG) ? "" : NULL;
	session->channel.dump = logs(session->engine, TLS_LOG_TLS_PACKETS);
	return true;
}

static bool prepare(struct session *session, const struct tls_start *start,
	const struct tls_demand *demand, struct pool *pool)
{
	struct tls_engine *engine = session->engine;

	if ((session->priority = choose(session, demand, start->old)) == NULL)
		return false;
	if (logs(engine, TLS_LOG_VERBOSE))
		log_info("%s: TLS cipher list \"%s\"", session->server, session->priority->list);
	if (!make(session, start, demand) || !name_server(session, start->expect->sni))
		return false;
	look_up(session, start, demand, pool);
	return gnutls_priority_set(session->channel.session, session->priority->offer) >= 0
		&& credentials_set(engine->credentials, session->channel.session,
			session->priority->anonymous);
}

static struct session *session_new(struct tls_engine *engine, struct stream *stream,
	const char *server)
{
	struct session *session = MEMORY_NEW(struct session);

	session->engine = engine;
	session->server = server;
	session->channel.stream = stream;
	session->ticket_key = copy("");
	session->reused = copy("");
	return session;
}

/* ---- after it ---- */

/* An odd server, or one that meets an exclusion which a GnuTLS offer cannot express. */
static bool check_suite(struct session *session, struct pool *pool, size_t *suite,
	struct tls_verdict *verdict)
{
	*suite = suite_negotiated(session->channel.session);
	if (priority_allows(session->priority, *suite))
		return true;
	if (priority_only_for_13(session->priority, *suite)) {
		handshake_give_up(&session->channel);
		session->too_new = true;
		return false;
	}
	verdict->reason = pool_format(pool, "the server chose the excluded cipher %s",
		*suite < SUITES ? suites[*suite].name : "that we don't know");
	handshake_refuse(&session->channel, session->server, verdict->reason);
	return false;
}

static void log_lines(const struct list *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		log_info("%s", lines->items[i]);
}

static void summarize(struct session *session, struct pool *pool, const struct tls_demand *demand,
	const struct tls_peer *peer, size_t suite, struct tls_verdict *verdict)
{
	const struct tls_options *options = session->engine->options;
	struct summary summary = {.server = text_lower(pool_text(pool, session->server))};

	summary.word = summary_word(options->version, demand->level, verdict);
	summary_read(pool, options->version, session->channel.session, suite, peer, &summary);
	verdict->protocol = summary.protocol;
	verdict->cipher = summary.cipher;
	if (!logs(session->engine, TLS_LOG_SUMMARY) && !session->summary)
		return;
	log_info("%s", summary_text(pool, &summary, "established"));
	free(session->reused);
	session->reused = copy(summary_text(pool, &summary, "reused"));
}

static bool judge(struct session *session, const struct tls_verify_context *context,
	const struct tls_demand *demand, struct pool *pool, struct tls_verdict *verdict)
{
	struct list lines = {.pool = pool};
	struct tls_peer peer;
	size_t suite;

	if (!check_suite(session, pool, &suite, verdict))
		return false;
	verdict->reused = gnutls_session_is_resumed(session->channel.session) != 0;
	if (verdict->reused && logs(session->engine, TLS_LOG_CACHE))
		log_info("%s: Reusing old session", session->server);
	tls_peer_read(pool, session->channel.session, &peer);
	tls_verify(context, demand, &peer, pool, verdict, &lines);
	log_lines(&lines);
	summarize(session, pool, demand, &peer, suite, verdict);
	tls_peer_close(&peer);
	session->channel.dump = logs(session->engine, TLS_LOG_ALL_PACKETS);
	if (!verdict->matched || !verdict->present)
		session->ticket_key[0] = '\0';
	return true;
}

static void forget(struct session *session)
{
	struct tls_engine *engine = session->engine;

	if (engine->tickets == NULL || *session->ticket_key == '\0')
		return;
	tickets_forget(engine->tickets, session->ticket_key);
	if (logs(engine, TLS_LOG_CACHE))
		log_info("remove session %s from client cache", session->ticket_key);
}

/* Once is enough: if it fails again, leniency is not what the server lacks. */
static enum tls_result overlook(struct tls_engine *engine, const char *server)
{
	if (is_lenient(engine, server))
		return TLS_HANDSHAKE;
	cache_put(engine->lenient, server, strlen(server), engine, INT64_MAX);
	return TLS_RECONNECT;
}

static enum tls_result run(struct session *session, const struct tls_verify_context *context,
	const struct tls_demand *demand, struct pool *pool, struct tls_verdict *verdict)
{
	switch (handshake_run(&session->channel, session->server)) {
	case HANDSHAKE_DONE:
		if (judge(session, context, demand, pool, verdict))
			return TLS_DONE;
		return session->too_new ? TLS_RECONNECT_OLD : TLS_HANDSHAKE;
	case HANDSHAKE_KEY_USAGE:
		return overlook(session->engine, session->server);
	case HANDSHAKE_FAILED:
		verdict->reason = failure_reason(pool, &session->channel, session->priority,
			demand->expect);
		break;
	}
	forget(session);
	return TLS_HANDSHAKE;
}

enum tls_result tls_start(struct tls_engine *engine, struct stream *stream,
	const struct tls_start *start, struct pool *pool, struct tls_verdict *verdict)
{
	struct tls_verify_context context = {engine->options, engine->trust,
		text_lower(pool_text(pool, start->server)), start->server};
	struct session *session = session_new(engine, stream, start->server);
	enum tls_result result = TLS_HANDSHAKE;
	struct tls_demand demand;

	session->summary = start->summary;
	*verdict = (struct tls_verdict){.protocol = "", .cipher = "", .name = "", .rule = "",
		.peer_names = "", .reason = "", .fault_text = ""};
	if (logs(engine, TLS_LOG_VERBOSE))
		log_info("setting up TLS connection to %s", start->server);
	tls_verify_prepare(&context, start->expect, pool, &demand);
	verdict->level = demand.level;
	if (!prepare(session, start, &demand, pool))
		verdict->reason = failure_of_settings(pool, start->expect);
	else if ((result = run(session, &context, &demand, pool, verdict)) == TLS_HANDSHAKE)
		verdict->fault = TLS_FAULT_OTHER; /* not our settings' */
	if (result == TLS_DONE)
		stream_turn(stream, &over_tls, session);
	else
		session_free(session);
	return result;
}

/* ---- while it lasts ---- */

bool tls_active(const struct stream *stream)
{
	return session_of(stream) != NULL;
}

const char *tls_alert(const struct stream *stream, struct pool *pool)
{
	const struct session *session = session_of(stream);

	return session ? failure_alert(pool, &session->channel) : "";
}

/*
 * Has something come that can be resumed? Never ask GnuTLS for the data otherwise: in TLS 1.3 it
 * would wait for a ticket. Up to TLS 1.2 a resumed session is the one that we have.
 */
static bool has_ticket(gnutls_session_t gnutls)
{
	if (gnutls_session_get_flags(gnutls) & GNUTLS_SFLAGS_SESSION_TICKET)
		return true;
	return gnutls_protocol_get_version(gnutls) < GNUTLS_TLS1_3
		&& !gnutls_session_is_resumed(gnutls);
}

void tls_keep_session(struct tls_engine *engine, struct stream *stream)
{
	struct session *session = session_of(stream);
	gnutls_datum_t data;

	if (session == NULL || *session->ticket_key == '\0' || session->channel.dead
		|| !has_ticket(session->channel.session))
		return;
	if (gnutls_session_get_data2(session->channel.session, &data) < 0)
		return;
	if (data.size <= TICKET_MOST) {
		if (logs(engine, TLS_LOG_CACHE))
			log_info("save session %s to %s cache", session->ticket_key,
				cache_name(engine));
		tickets_keep(engine->tickets, session->ticket_key, &(struct ticket){data.data, data.size,
			gnutls_protocol_get_version(session->channel.session) < GNUTLS_TLS1_3});
	}
	gnutls_memset(data.data, 0, data.size);
	gnutls_free(data.data);
	session->ticket_key[0] = '\0';
}

void tls_log_reused(const struct stream *stream)
{
	const struct session *session = session_of(stream);

	if (session && *session->reused != '\0')
		log_info("%s", session->reused);
}

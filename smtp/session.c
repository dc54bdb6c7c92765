#include "config.h"
#include <errno.h>
#include <string.h>
#include "postfix/version.h"
#include "smtp/auth.h"
#include "smtp/notify.h"
#include "smtp/pix.h"
#include "smtp/session.h"
#include "smtp/tlsrpt.h"
#include "util/log.h"
#include "util/net.h"
#include "util/text.h"

/* A session under construction: what every step needs. */
struct opening {
	const struct agent *agent;
	struct delivery *d; /* its features are written */
	struct connection *conn;
	bool tls_failed; /* the handshake, or I/O inside TLS: plaintext may be tried */
	bool overlooked; /* smtp_discard_ehlo_keywords or its table has "starttls" */
	bool reconnect;  /* the TLS engine wants the same again, and will be lenient */
	bool old;        /* this is the second time, and TLS 1.3 is not to be offered */
	struct why *why;
};

/* --- connect --- */

static int dial_unix(const struct agent *agent, const struct server *server, struct why *why)
{
	const char *path = server->destination->path;
	int fd = net_connect_unix(path, agent->config->connect_timeout);

	if (fd >= 0)
		return fd;
	if (errno == ENAMETOOLONG) {
		log_warning("unix-domain name too long: %s", path);
		why_site(why, "4.3.5", "Server configuration error");
	} else {
		why_site(why, "4.4.1", "connect to %s: %s", server->namaddr,
			text_errno(why->pool, errno));
	}
	return -1;
}

static int dial_tcp(const struct agent *agent, const struct server *server, struct why *why)
{
	const struct addr *from =
		addr_family(&server->addr) == AF_INET6 ? &agent->bind6 : &agent->bind4;
	struct net_options options = {
		.bind = from->length ? from : NULL,
		.bind_enforce = agent->config->bind_address_enforce,
		.window = agent->config->tcp_windowsize,
	};
	int fd = net_connect(&server->addr, agent->config->connect_timeout, &options);
	int error = errno;
	char text[ADDR_TEXT];

	if (options.bind_error)
		log_warning("smtp_connect_addr: bind %s: %s", addr_text(from, text),
			text_errno(why->pool, options.bind_error));
	if (fd >= 0)
		return fd;
	if (options.bind_error && options.bind_enforce)
		why_site(why, "4.4.0", "server configuration error");
	else
		why_site(why, "4.4.1", "connect to %s: %s", server->namaddrport,
			text_errno(why->pool, error));
	log_info("%s", why->text);
	return -1;
}

/* --- greeting (RFC 5321 4.3.1) --- */

static bool refused_to_talk(struct opening *o, const struct reply *reply)
{
	chat_refused(&o->conn->chat, o->conn->server->host, reply, o->why,
		"host %s refused to talk to me: %s", o->conn->server->namaddr,
		reply_flat(o->why->pool, reply));
	o->why->site = true;
	return false;
}

/* Looks for ESMTP among the words of the greeting, and for ourselves in the first. */
static bool greeted_as_esmtp(struct opening *o, const struct reply *reply)
{
	const struct server *server = o->conn->server;
	const char *rest = reply->text + (strlen(reply->text) > 3 ? 4 : 3), *word;
	bool esmtp = false;
	int nth = 0;

	while ((word = text_token(o->why->pool, &rest, " \n", false)) != NULL) {
		if (nth == 0 && server->loop_detection && text_same(word, o->agent->config->myhostname))
			log_warning("host %s greeted me with my own hostname %s", server->namaddrport,
				o->agent->config->myhostname);
		else if (text_same(word, "ESMTP"))
			esmtp = true;
		nth++;
	}
	return esmtp;
}

/* *esmtp: EHLO is worth a try. */
static bool greet(struct opening *o, bool *esmtp)
{
	const struct config *config = o->agent->config;
	const char *trouble;
	struct reply reply;

	chat_limit(&o->conn->chat, config->helo_timeout);
	if (!chat_reply(&o->conn->chat, "receiving the initial server greeting", &reply, o->why))
		return false;
	if (reply.code / 100 != 2) {
		refused_to_talk(o, &reply);
		if (reply.code / 100 == 5 && config->skip_5xx_greeting) /* another host may do */
			o->why->status = pool_format(o->why->pool, "4%s", o->why->status + 1);
		return false;
	}
	*esmtp = greeted_as_esmtp(o, &reply) || config->always_send_ehlo;
	if (pix_greeting(reply.text)
		&& !pix_workarounds(o->agent, o->d, o->conn->server, &o->conn->pix, &trouble))
		return chat_local_error(&o->conn->chat, trouble, o->why);
	if (config->never_send_ehlo || (o->conn->pix & PIX_DISABLE_ESMTP))
		*esmtp = false;
	*esmtp = *esmtp || o->agent->lmtp;
	return true;
}

/* --- EHLO, HELO, LHLO (RFC 5321 4.1.1.1, RFC 2033 4.1) --- */

/* Features that the configuration tells us to overlook. False: the table failed, *why says so. */
static bool discarded(struct opening *o, unsigned *features)
{
	const char *param = o->agent->lmtp ? "lmtp_discard_lhlo_keyword_address_maps"
		: "smtp_discard_ehlo_keyword_address_maps";
	struct buf words = BUF(0);
	enum table_answer answer =
		tables_find(o->agent->discard_ehlo_maps, o->conn->server->address, &words);

	*features = o->agent->discard_ehlo;
	if (answer == TABLE_FOUND)
		*features = ehlo_words(buf_text(&words), o->agent->config->version);
	if (answer == TABLE_ERROR) {
		log_tagged(LOG_SEVERITY_WARNING, "%s map lookup error for %s", param,
			o->conn->server->address);
		chat_local_error(&o->conn->chat, pool_format(o->why->pool, "%s: %s", param,
			buf_text(&words)), o->why);
	}
	buf_close(&words);
	return answer != TABLE_ERROR;
}

/* The server calls itself what we call ourselves: this mail would go round. */
static bool loops(struct opening *o)
{
	const struct server *server = o->conn->server;
	const char *myhostname = o->agent->config->myhostname;

	if (!server->loop_detection || !text_same(o->conn->ehlo.name, myhostname))
		return false;
	log_warning("host %s replied to HELO/EHLO with my own hostname %s", server->namaddrport,
		myhostname);
	why_site(o->why, server->best_preference ? "5.4.6" : "4.4.6",
		"mail for %s loops back to myself", o->d->request->nexthop);
	return true;
}

/* Takes in what a 2xx reply offers. */
static bool learn(struct opening *o, const struct reply *reply)
{
	struct connection *conn = o->conn;
	const char *bad_size;
	unsigned discard;

	if (!discarded(o, &discard))
		return false;
	o->overlooked = discard & EHLO_STARTTLS;
	ehlo_parse(&conn->pool, reply->text, discard, conn->in_tls, &conn->ehlo, &bad_size);
	if (loops(o))
		return false;
	if (!auth_learn(o->agent, conn))
		return chat_local_error(&conn->chat, pool_format(o->why->pool,
			"%s_sasl_mechanism_filter: table lookup problem", o->agent->program), o->why);
	if (bad_size)
		log_warning("bad EHLO SIZE limit \"%s\" from %s", bad_size, conn->server->namaddrport);
	if (discard && !(discard & EHLO_SILENT_DISCARD))
		log_info("discarding EHLO keywords: %s",
			ehlo_names(o->why->pool, discard, o->agent->config->version));
	if ((conn->ehlo.features & EHLO_SMTPUTF8) && !(conn->ehlo.features & EHLO_8BITMIME)) {
		log_info("host %s offers SMTPUTF8 support, but not 8BITMIME", conn->server->namaddr);
		conn->ehlo.features |= EHLO_8BITMIME;
	}
	conn->chat.pipelining = conn->ehlo.features & EHLO_PIPELINING;
	return true;
}

static bool helo(struct opening *o)
{
	struct chat *chat = &o->conn->chat;
	struct reply reply;

	chat_limit(chat, o->agent->config->helo_timeout);
	chat_command(chat, "HELO %s", o->agent->config->helo_name);
	if (!chat_reply(chat, "performing the HELO handshake", &reply, o->why))
		return false;
	if (reply.code / 100 != 2)
		return refused_to_talk(o, &reply);
	return true;
}

/* The message cannot go where SMTPUTF8 is not offered (RFC 6531 3.5). */
static bool can_take_utf8(struct opening *o)
{
	int opts = o->d->request->sendopts;
	const char *namaddr = o->conn->server->namaddr;

	if (!(opts & SENDOPT_SMTPUTF8)
		|| !(opts & (SENDOPT_UTF8_HEADER | SENDOPT_UTF8_SENDER | SENDOPT_UTF8_RCPT))
		|| (o->conn->ehlo.features & EHLO_SMTPUTF8))
		return true;
	if (o->agent->config->version < POSTFIX(3, 11))
		return why_set(o->why, "5.6.7", "SMTPUTF8 is required, but was not offered by host %s",
			namaddr);
	why_set(o->why, "5.6.7", "message requires SMTPUTF8, but no server was found that supports"
		" SMTPUTF8. The last attempted server was %s", namaddr);
	o->why->elsewhere = true;
	return false;
}

static bool hello(struct opening *o, bool esmtp)
{
	struct chat *chat = &o->conn->chat;
	bool lmtp = o->agent->lmtp;
	struct reply reply;

	o->conn->ehlo.features = o->conn->ehlo.xforward = 0;
	o->conn->ehlo.size_limit = 0; /* an attacker's word, if it came before TLS */
	o->conn->ehlo.auth = "";
	chat->pipelining = false; /* until it is offered (again) */
	if (!esmtp)
		return helo(o) && can_take_utf8(o);
	chat_limit(chat, o->agent->config->helo_timeout);
	chat_command(chat, "%s %s", lmtp ? "LHLO" : "EHLO", o->agent->config->helo_name);
	if (!chat_reply(chat, lmtp ? "performing the LHLO handshake" : "performing the EHLO handshake",
		&reply, o->why))
		return false;
	if (o->conn->in_tls)
		tls_keep_session(o->agent->tls, o->conn->stream);
	if (reply.code / 100 == 2)
		return learn(o, &reply) && can_take_utf8(o);
	if (reply.code == 421 || lmtp)
		return refused_to_talk(o, &reply);
	return helo(o) && can_take_utf8(o);
}

/* --- STARTTLS (RFC 3207; TLS_README) --- */

/* Does REQUIRETLS rule plaintext out? */
static bool demands_tls(const struct opening *o)
{
	return o->conn->policy->requiretls >= REQUIRETLS_STARTTLS;
}

/* The server is no good for this sender; another may be (RFC 8689 4.2.1). */
static bool violates(struct opening *o, const char *final, const char *status, const char *text)
{
	feature_violated(&o->d->features.requiretls, final);
	why_set(o->why, status, "Sender requested REQUIRETLS, but %s", text);
	o->why->elsewhere = true;
	o->conn->bad = true;
	return false;
}

/* The certificate was matched, not only found good enough for a level that asks for none. */
static bool certificate_matched(const struct opening *o)
{
	return tls_level_must_match(o->conn->tls.level) && o->conn->tls.matched;
}

static bool no_certificate(struct opening *o)
{
	const struct tls_verdict *tls = &o->conn->tls;

	return violates(o, "nocertmatch", "5.7.10", pool_format(o->why->pool,
		"no %s server certificate was found. The last attempted server was %s%s%s",
		tls->trusted ? "matching" : "trusted", o->conn->server->namaddr,
		tls->reason[0] ? ": " : "", tls->reason));
}

static bool unverified(struct opening *o)
{
	const struct tls_verdict *tls = &o->conn->tls;
	const char *words = o->agent->config->version < POSTFIX(3, 6) && !tls->trusted
		? "Server certificate not trusted" : "Server certificate not verified";

	o->conn->bad = true;
	feature_violated(&o->d->features.level, NULL);
	if (o->conn->policy->requiretls == REQUIRETLS_ENFORCE)
		return no_certificate(o);
	feature_ends(&o->d->features.requiretls, "nocertmatch");
	return why_site(o->why, "4.7.5", "%s%s%s", words, tls->reason[0] ? ": " : "", tls->reason);
}

/* All that made an earlier session acceptable but the expectation itself (TLS_README). */
static const char *session_key(struct opening *o)
{
	const struct server *server = o->conn->server;

	return pool_format(&o->conn->pool, "%s&%s&%s&%s&%u&%s", o->agent->service,
		server->destination->text, server->host, server->address, addr_port(&server->addr),
		o->agent->config->helo_name);
}

/* What the handshake has shown: is it what the level, and the sender, want? */
static bool judge(struct opening *o)
{
	const struct tls_verdict *tls = &o->conn->tls;

	if (tls_level_must_match(o->conn->policy->expect.level) && !tls->matched)
		return unverified(o);
	feature_ends(&o->d->features.level, features_level(tls->level));
	return o->conn->policy->requiretls != REQUIRETLS_ENFORCE || certificate_matched(o)
		|| no_certificate(o);
}

static bool handshake(struct opening *o)
{
	struct connection *conn = o->conn;
	struct tls_start start = {
		.expect = &conn->policy->expect,
		.server = conn->server->namaddrport,
		.session_key = session_key(o),
		.old = o->old,
		.summary = conn->policy->reuse,
	};
	enum tls_level level = conn->policy->expect.level;

	chat_limit(&conn->chat, o->agent->config->starttls_timeout);
	switch (tls_start(o->agent->tls, conn->stream, &start, &conn->pool, &conn->tls)) {
	case TLS_DONE:
		conn->in_tls = true;
		tlsrpt_tell_verdict(o->agent, conn);
		return judge(o);
	case TLS_RECONNECT_OLD:
		o->old = o->reconnect = true;
		break;
	case TLS_RECONNECT:
		o->reconnect = true;
		break;
	case TLS_HANDSHAKE:
		if (conn->tls.fault != TLS_FAULT_NONE)
			tlsrpt_tell(o->agent, conn, TLSRPT_VALIDATION_FAILURE, "tls-handshake-failure");
		break;
	}
	conn->broken = o->tls_failed = true;
	why_set(o->why, "4.7.5", "Cannot start TLS: handshake failure%s%s",
		conn->tls.reason[0] ? ": " : "", conn->tls.reason);
	o->why->site = tls_level_required(level);
	return false;
}

/* There will be no TLS. True: the policy can do without. */
static bool does_without(struct opening *o)
{
	if (!tls_level_required(o->conn->policy->expect.level))
		return true;
	feature_violated(&o->d->features.level, NULL);
	return false;
}

static bool not_offered(struct opening *o)
{
	const char *namaddr = o->conn->server->namaddr;
	bool without = does_without(o);

	if (!without || demands_tls(o))
		tlsrpt_tell(o->agent, o->conn, TLSRPT_STARTTLS_NOT_SUPPORTED, "");

	if (demands_tls(o))
		return violates(o, "nostarttls", "5.7.30", pool_format(o->why->pool,
			"TLS service was not offered by host %s", namaddr));
	return without || why_site(o->why, "4.7.4",
		"TLS is required, but was not offered by host %s%s", namaddr, !o->overlooked ? ""
		: o->agent->lmtp ? ": lmtp_discard_lhlo_keywords, or its table, has STARTTLS"
		: ": smtp_discard_ehlo_keywords, or its table, has STARTTLS");
}

static bool no_engine(struct opening *o)
{
	const char *off = o->agent->tls_off;

	if (!tls_level_required(o->conn->policy->expect.level) && !demands_tls(o))
		return true;
	return why_site(o->why, "4.7.5", "TLS is required, but our TLS engine is unavailable%s%s",
		*off ? ": " : "", off);
}

static bool refused_tls(struct opening *o, const struct reply *reply)
{
	bool without = does_without(o);

	tlsrpt_tell(o->agent, o->conn, TLSRPT_STARTTLS_NOT_SUPPORTED, "");

	if (demands_tls(o))
		return violates(o, "nostarttls", "5.7.10", pool_format(o->why->pool,
			"host %s refused to start TLS: %s", o->conn->server->namaddr,
			reply_flat(o->why->pool, reply)));
	if (without)
		return true;
	chat_refused(&o->conn->chat, o->conn->server->host, reply, o->why,
		"TLS is required, but host %s refused to start TLS: %s", o->conn->server->namaddr,
		reply_flat(o->why->pool, reply));
	o->why->site = true;
	return false;
}

/* What was learned before the handshake is forgotten after it (RFC 3207 4.2). */
static bool secure(struct opening *o)
{
	struct connection *conn = o->conn;
	struct chat *chat = &conn->chat;
	bool offered = conn->ehlo.features & EHLO_STARTTLS;
	struct reply reply;

	if (conn->policy->expect.level == TLS_LEVEL_NONE) {
		if (offered && o->agent->config->tls_note_starttls_offer)
			log_info("Host offered STARTTLS: [%s]", conn->server->host);
		return true;
	}
	if (conn->in_tls) /* wrapper mode */
		return true;
	if (!offered)
		return not_offered(o);
	if (o->agent->tls == NULL)
		return no_engine(o);
	chat_limit(chat, o->agent->config->starttls_timeout);
	chat_command(chat, "STARTTLS");
	if (!chat_reply(chat, "receiving the STARTTLS response", &reply, o->why))
		return false;
	if (reply.code / 100 != 2)
		return refused_tls(o, &reply);
	stream_drop_unread(conn->stream); /* injected plaintext must not pass for the server's */
	return handshake(o) && hello(o, true);
}

/* --- REQUIRETLS (RFC 8689 4.2.1) --- */

/* Does the server do as the sender wants? Without TLS it is here because the policy can do without. */
static bool require(struct opening *o)
{
	const char *namaddr = o->conn->server->namaddr;
	struct features *features = &o->d->features;

	if (!o->conn->in_tls)
		feature_ends(&features->level, "none");
	if (o->conn->policy->requiretls == REQUIRETLS_OFF)
		return true;
	if (o->conn->ehlo.features & EHLO_REQUIRETLS) { /* only inside TLS */
		feature_ends(&features->requiretls, certificate_matched(o) ? NULL : "nocertmatch");
		return true;
	}
	if (o->conn->policy->requiretls == REQUIRETLS_ENFORCE)
		return violates(o, "none", "5.7.30", pool_format(o->why->pool, "no server was found"
			" that supports REQUIRETLS. The last attempted server was %s", namaddr));
	if (o->conn->in_tls)
		log_tagged(LOG_SEVERITY_INFO, "Sender requested REQUIRETLS, but REQUIRETLS support was"
			" not offered by host %s", namaddr);
	feature_ends(&features->requiretls, "none");
	return true;
}

/* --- AUTH (RFC 4954) --- */

static bool authenticate(struct opening *o)
{
	return auth_run(o->agent, o->d, o->conn, o->why);
}

/* smtp_tls_wrappermode: TLS before the first word (RFC 8314 3). */
static bool wrap(struct opening *o)
{
	if (!o->agent->config->tls_wrappermode)
		return true;
	return o->agent->tls ? handshake(o) : no_engine(o);
}

/* --- the whole --- */

static bool talk(struct opening *o)
{
	bool esmtp = true;

	return wrap(o)
		&& greet(o, &esmtp) /* RFC 5321 4.3.1 */
		&& hello(o, esmtp)  /* RFC 5321 4.1.1.1 */
		&& secure(o)        /* RFC 3207 */
		&& require(o)       /* RFC 8689 */
		&& authenticate(o); /* RFC 4954 */
}

/* Was it the connection that failed, not the server's word? Then QUIT can't be said either. */
static bool was_lost(const struct why *why)
{
	return why->said == NULL && strcmp(why->status, "4.4.2") == 0;
}

/* One connection, and all that is said before mail. NULL: *end says how far it came. */
static struct connection *open_once(struct opening *o, const struct server *server,
	const struct tls_policy *policy, enum session_end *end)
{
	int fd = server->destination->path ? dial_unix(o->agent, server, o->why)
		: dial_tcp(o->agent, server, o->why);

	*end = SESSION_NO_CONNECTION;
	if (fd < 0)
		return NULL;
	o->conn = connection_new(o->agent, server, policy, fd);
	if (talk(o)) {
		o->conn->ready = true;
		*end = SESSION_READY;
		return o->conn;
	}
	o->conn->broken = o->conn->broken || was_lost(o->why);
	*end = o->tls_failed || (o->conn->in_tls && was_lost(o->why)) ? SESSION_NO_TLS
		: SESSION_REFUSED;
	return o->conn;
}

struct connection *session_open(const struct agent *agent, struct delivery *d,
	const struct server *server, const struct tls_policy *policy, enum session_end *end,
	struct why *why)
{
	struct opening first = {.agent = agent, .d = d, .why = why}, again = first;
	struct connection *conn = open_once(&first, server, policy, end);

	if (*end != SESSION_READY && first.reconnect) {
		session_close(agent, d, conn);
		again.old = first.old;
		conn = open_once(&again, server, policy, end);
	}
	return conn;
}

void session_close(const struct agent *agent, const struct delivery *d, struct connection *conn)
{
	connection_quit(conn);
	notify_session(agent, d, conn);
	connection_drop(conn);
}

#include "config.h"
#include <errno.h>
#include <string.h>
#include <time.h>
#include "smtp/content.h"
#include "smtp/envelope.h"
#include "smtp/outside.h"
#include "smtp/pix.h"
#include "smtp/transaction.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

enum {
	GROUP_MOST = 4096,    /* bytes of commands that may be out before we listen (RFC 2920 3.1) */
	SILENCE_MOST = 10000, /* milliseconds that commands may wait for others */
};

enum verb { XFORWARD_CLIENT, XFORWARD_MESSAGE, MAIL, RCPT, DATA, RSET };

struct awaited { /* a reply that is due */
	enum verb verb;
	struct rcpt *rcpt;
};

struct transaction {
	const struct agent *agent;
	struct delivery *d;
	struct connection *conn;
	struct chat *chat;
	struct envelope envelope;
	struct why *why;
	bool keep;            /* no QUIT: the connection will be kept */
	bool probe;           /* no message is to be sent */
	struct awaited *awaited;
	size_t waiting;       /* of them */
	int64_t spoke;        /* clock_ms() of the last I/O */
	bool mail_refused;
	bool go_ahead;
	size_t rcpts_pending; /* RCPT replies that are due, or commands not sent yet */
	size_t accepted;      /* recipients that the server took */
};

static int seconds(const struct transaction *t, enum verb verb)
{
	const struct config *config = t->agent->config;

	switch (verb) {
	case XFORWARD_CLIENT:
	case XFORWARD_MESSAGE:
		return config->xforward_timeout;
	case MAIL:
		return config->mail_timeout;
	case RCPT:
		return config->rcpt_timeout;
	case DATA:
		return config->data_init_timeout;
	case RSET:
		return config->rset_timeout;
	}
	return 0;
}

static const char *doing(enum verb verb)
{
	switch (verb) {
	case XFORWARD_CLIENT:
		return "sending XFORWARD name/address";
	case XFORWARD_MESSAGE:
		return "sending XFORWARD protocol/helo_name";
	case MAIL:
		return "sending MAIL FROM";
	case RCPT:
		return "sending RCPT TO";
	case DATA:
		return "sending DATA command";
	case RSET:
		return "sending final RSET";
	}
	return "";
}

/* --- what replies mean --- */

static bool said(struct transaction *t, const struct reply *reply, const char *command,
	struct why *why)
{
	const struct server *server = t->conn->server;

	return chat_refused(t->chat, server->host, reply, why, "host %s said: %s (in reply to %s)",
		server->namaddr, reply_flat(why->pool, reply), command);
}

static void warn_xforward(struct transaction *t, const struct reply *reply, const char *command)
{
	if (reply->code / 100 != 2)
		log_warning("host %s said: %s (in reply to XFORWARD %s command)",
			t->conn->server->namaddrport, reply_flat(t->d->pool, reply), command);
}

static void mail_answered(struct transaction *t, const struct reply *reply)
{
	struct why why = {.pool = t->d->pool};

	if (reply->code / 100 == 2)
		return;
	t->mail_refused = true;
	said(t, reply, "MAIL FROM command", &why);
	rcpts_failed(t->agent, t->d, &why);
}

static void rcpt_answered(struct transaction *t, struct rcpt *rcpt, const struct reply *reply)
{
	struct why why = {.pool = t->d->pool};

	t->rcpts_pending--;
	if (t->mail_refused)
		return;
	if (reply->code / 100 != 2) {
		said(t, reply, "RCPT TO command", &why);
		rcpt_failed(t->agent, t->d, rcpt, &why);
		return;
	}
	rcpt->accepted = true;
	t->accepted++;
	if (t->probe && !t->agent->probe_data)
		rcpt_sent(t->agent, t->d, rcpt, pool_text(t->d->pool, reply->status),
			t->conn->server->host, reply_flat(t->d->pool, reply));
}

/* The accepted recipients all have the fate that one reply decides. */
static void all_sent(struct transaction *t, const char *status, const struct reply *reply)
{
	const char *text = reply_flat(t->d->pool, reply);

	t->d->session.done = clock_wall();
	for (size_t i = 0; i < t->d->rcpt_count; i++)
		if (t->d->rcpts[i].fate == RCPT_OPEN && t->d->rcpts[i].accepted)
			rcpt_sent(t->agent, t->d, &t->d->rcpts[i], status, t->conn->server->host, text);
}

static void data_answered(struct transaction *t, const struct reply *reply)
{
	struct why why = {.pool = t->d->pool};

	t->go_ahead = reply->code / 100 == 3;
	if (t->mail_refused || t->accepted == 0)
		return;
	if (!t->go_ahead) {
		said(t, reply, "DATA command", &why);
		rcpts_failed(t->agent, t->d, &why);
	} else if (t->probe) {
		all_sent(t, "2.0.0", reply);
	}
}

static void answered(struct transaction *t, const struct awaited *to, const struct reply *reply)
{
	switch (to->verb) {
	case XFORWARD_CLIENT:
		warn_xforward(t, reply, "name/address");
		return;
	case XFORWARD_MESSAGE:
		warn_xforward(t, reply, "helo/protocol");
		return;
	case MAIL:
		mail_answered(t, reply);
		return;
	case RCPT:
		rcpt_answered(t, to->rcpt, reply);
		return;
	case DATA:
		data_answered(t, reply);
		return;
	case RSET:
		if (reply->code / 100 != 2)
			t->conn->bad = true;
		return;
	}
}

/* --- commands out, replies in --- */

/* What goes wrong with RSET is silent: the outcome is known. */
static bool hear(struct transaction *t, const struct awaited *to)
{
	bool matters = to->verb != RSET;
	struct why silent = {.pool = t->d->pool};
	struct reply reply;

	chat_limit(t->chat, seconds(t, to->verb));
	if (chat_reply(t->chat, doing(to->verb), &reply, matters ? t->why : &silent)) {
		answered(t, to, &reply);
		return true;
	}
	t->conn->broken = true;
	return !matters;
}

/* Hears one reply for each awaited, in order. False: the connection is spent. */
static bool catch_up(struct transaction *t)
{
	bool heard = true;

	for (size_t i = 0; heard && i < t->waiting; i++)
		heard = hear(t, &t->awaited[i]);
	t->waiting = 0;
	t->spoke = clock_ms();
	return heard;
}

/* Known by now to be in vain: RCPT after a refused MAIL, DATA for nobody. */
static bool pointless(const struct transaction *t, enum verb verb)
{
	if (verb == RCPT)
		return t->mail_refused;
	return verb == DATA && (t->mail_refused || (t->accepted == 0 && t->rcpts_pending == 0));
}

/* Does COMMAND have to wait for the replies to those before it? */
static bool group_is_full(const struct transaction *t, const char *command)
{
	return t->waiting && (stream_queued(t->conn->stream) + strlen(command) + 2 > GROUP_MOST
		|| clock_ms() - t->spoke > SILENCE_MOST);
}

/*
 * Pipelining only changes how much may be out before we listen. It is counted in bytes, so that
 * neither side's socket can fill while both wait; and in time, so that the server isn't kept waiting
 * while we look something up.
 */
static bool say(struct transaction *t, enum verb verb, struct rcpt *rcpt, const char *command)
{
	if (group_is_full(t, command) && !catch_up(t))
		return false;
	if (pointless(t, verb))
		return true;
	if (stream_queued(t->conn->stream) == 0)
		chat_limit(t->chat, seconds(t, verb));
	chat_command(t->chat, "%s", command);
	t->awaited[t->waiting++] = (struct awaited){verb, rcpt};
	return t->chat->pipelining || catch_up(t);
}

/* --- the envelope --- */

static bool xforward(struct transaction *t)
{
	const char *first, *second;

	if (!t->agent->config->send_xforward_command)
		return true;
	first = envelope_xforward(&t->envelope, t->d->pool, false);
	second = envelope_xforward(&t->envelope, t->d->pool, true);
	return (first == NULL || say(t, XFORWARD_CLIENT, NULL, first))
		&& (second == NULL || say(t, XFORWARD_MESSAGE, NULL, second));
}

static bool envelope(struct transaction *t)
{
	if (!say(t, MAIL, NULL, envelope_mail(&t->envelope, t->d->pool, t->d->sender)))
		return false;
	for (size_t i = 0; i < t->d->rcpt_count; i++) {
		struct rcpt *rcpt = &t->d->rcpts[i];

		if (rcpt->fate == RCPT_OPEN && !t->mail_refused
			&& !say(t, RCPT, rcpt, envelope_rcpt(&t->envelope, t->d->pool, rcpt->request,
				rcpt->address)))
			return false;
	}
	return true;
}

/* --- the content --- */

/* The queue file is not what it should be: nobody can have this message. */
static bool unreadable(struct transaction *t)
{
	struct why why = {.pool = t->d->pool};

	stream_flush(t->conn->stream);
	t->conn->broken = true;
	why_set(&why, "5.3.0", "unreadable mail queue entry");
	rcpts_failed(t->agent, t->d, &why);
	t->d->corrupt = !t->d->deferred && !rcpts_open(t->d); /* else somebody still waits for it */
	return true;
}

/* The server hung up in the middle: its last words, if any, are the verdict. */
static bool last_words(struct transaction *t, enum io io)
{
	struct why why = {.pool = t->d->pool};
	struct reply reply;

	t->conn->broken = true;
	stream_drop_queued(t->conn->stream);
	if (io == IO_LOST && chat_reply(t->chat, "sending message body", &reply, &why)
		&& reply.code / 100 != 2) {
		said(t, &reply, "end of DATA command", &why);
		rcpts_failed(t->agent, t->d, &why);
		return true;
	}
	return chat_lost(t->chat, io, "sending message body", t->why);
}

static void body_limit(struct transaction *t)
{
	const struct config *config = t->agent->config;

	if (config->per_request_deadline)
		stream_deadline(t->conn->stream, config->data_xfer_timeout, config->min_data_rate);
	else
		stream_limit(t->conn->stream, config->data_xfer_timeout);
}

/* It can't go out whole: what the server has of it is cut off. */
static bool cut_off(struct transaction *t, const struct content *content, struct why *why)
{
	stream_flush(t->conn->stream);
	t->conn->broken = true;
	if (content->trouble)
		chat_local_error(t->chat, content->trouble, why);
	rcpts_failed(t->agent, t->d, why);
	return true;
}

/* False: lost. *whole: the content is out, the dot may follow. */
static bool send_body(struct transaction *t, bool *whole)
{
	struct buf lines = BUF(0);
	struct why why = {.pool = t->d->pool};
	struct content content;
	enum content_is is;
	enum io io;

	content_begin(&content, t->agent, t->d, &t->envelope);
	body_limit(t);
	do {
		is = content_read(&content, &lines, &why);
		io = stream_put(t->conn->stream, lines.data, lines.length);
		buf_clear(&lines);
	} while (io == IO_OK && is == CONTENT_MORE);
	buf_close(&lines);
	content_end(&content);
	if (io != IO_OK)
		return last_words(t, io);
	*whole = is == CONTENT_WHOLE;
	if (is == CONTENT_FAILED)
		return cut_off(t, &content, &why);
	return *whole || unreadable(t);
}

/* --- the verdict --- */

static bool hear_for_all(struct transaction *t, const struct reply *reply)
{
	struct why why = {.pool = t->d->pool};

	if (reply->code / 100 == 2) {
		all_sent(t, pool_text(t->d->pool, reply->status), reply);
		return true;
	}
	t->d->session.done = clock_wall();
	said(t, reply, "end of DATA command", &why);
	rcpts_failed(t->agent, t->d, &why);
	return true;
}

static void hear_for_one(struct transaction *t, struct rcpt *rcpt, const struct reply *reply)
{
	struct why why = {.pool = t->d->pool};

	if (reply->code / 100 == 2) {
		rcpt_sent(t->agent, t->d, rcpt, pool_text(t->d->pool, reply->status),
			t->conn->server->host, reply_flat(t->d->pool, reply));
		return;
	}
	said(t, reply, "end of DATA command", &why);
	rcpt_failed(t->agent, t->d, rcpt, &why);
}

/* One reply for all; LMTP: one for each recipient that was taken, in their order (RFC 2033 4.2). */
static bool hear_verdicts(struct transaction *t)
{
	static const char sending[] = "sending end of data -- message may be sent more than once";
	struct reply reply;

	chat_limit(t->chat, t->agent->config->data_done_timeout);
	if (!t->agent->lmtp)
		return chat_reply(t->chat, sending, &reply, t->why) && hear_for_all(t, &reply);
	for (size_t i = 0; i < t->d->rcpt_count; i++) {
		struct rcpt *rcpt = &t->d->rcpts[i];

		if (rcpt->fate != RCPT_OPEN || !rcpt->accepted)
			continue;
		if (!chat_reply(t->chat, sending, &reply, t->why))
			return false;
		hear_for_one(t, rcpt, &reply);
	}
	return true;
}

/* --- how it ends --- */

/* Behind the last command, together with it where pipelining allows. */
static void quit_too(struct transaction *t)
{
	if (t->keep || !t->chat->pipelining)
		return;
	chat_command(t->chat, "QUIT");
	t->conn->quit_said = true;
}

/* RSET, and QUIT behind it. */
static bool reset(struct transaction *t)
{
	if (!say(t, RSET, NULL, "RSET"))
		return false;
	quit_too(t);
	return catch_up(t);
}

/* DATA was taken though nobody is left: an empty message, whose fate is nobody's. */
static bool send_nothing(struct transaction *t)
{
	struct why why = {.pool = t->d->pool};
	struct reply reply;

	chat_limit(t->chat, t->agent->config->data_done_timeout);
	chat_command(t->chat, ".");
	quit_too(t);
	if (!chat_reply(t->chat, "sending end of data", &reply, &why))
		t->conn->broken = true;
	return true;
}

/* A PIX must see the dot in a packet of its own. */
static bool wait_for_dot(struct transaction *t)
{
	enum io io = stream_flush(t->conn->stream);
	struct timespec delay = {.tv_sec = t->agent->config->pix_workaround_delay_time};

	if (io != IO_OK)
		return chat_lost(t->chat, io, "sending message body", t->why);
	while (nanosleep(&delay, &delay) != 0 && errno == EINTR)
		continue;
	return true;
}

static bool send_message(struct transaction *t)
{
	bool whole = false;

	if (!send_body(t, &whole))
		return false;
	if (!whole)
		return true;
	if ((t->conn->pix & PIX_DELAY_DOTCRLF) && !wait_for_dot(t))
		return false;
	chat_limit(t->chat, t->agent->config->data_done_timeout);
	chat_command(t->chat, ".");
	quit_too(t);
	return hear_verdicts(t);
}

/* RFC 5321 3.3. False: the connection is lost, and t->why says how. */
static bool run(struct transaction *t)
{
	const char *trouble;

	if (!outside_envelope(t->agent, t->d, &trouble))
		return chat_local_error(t->chat, trouble, t->why);
	if (!xforward(t) || !envelope(t))
		return false;
	if (t->probe && !t->agent->probe_data)
		return reset(t); /* goes with the recipients, nothing more is asked */
	if (!say(t, DATA, NULL, "DATA") || !catch_up(t))
		return false;
	if (!t->go_ahead)
		return reset(t);
	if (t->probe) { /* the server waits for a message that will not come */
		t->conn->broken = true;
		return true;
	}
	return t->mail_refused || t->accepted == 0 ? send_nothing(t) : send_message(t);
}

static bool too_large(struct transaction *t)
{
	long limit = t->conn->ehlo.size_limit;
	struct why why = {.pool = t->d->pool};

	if (limit <= 0 || limit >= t->d->request->data_size)
		return false;
	why_set(&why, "5.3.4", "message size %ld exceeds size limit %ld of server %s",
		t->d->request->data_size, limit, t->conn->server->namaddr);
	rcpts_failed(t->agent, t->d, &why);
	return true;
}

static void begin(struct transaction *t)
{
	t->chat = &t->conn->chat;
	t->envelope = (struct envelope){t->agent->config, t->d->request, &t->conn->ehlo,
		t->conn->authenticated, t->conn->policy->requiretls != REQUIRETLS_OFF};
	t->probe = t->d->request->flags & REQUEST_PROBE;
	t->spoke = clock_ms();
	t->awaited = POOL_ARRAY(t->d->pool, struct awaited, t->d->rcpt_count + 8);
	for (size_t i = 0; i < t->d->rcpt_count; i++) {
		t->d->rcpts[i].accepted = false;
		t->rcpts_pending += t->d->rcpts[i].fate == RCPT_OPEN;
	}
}

bool transaction_run(const struct agent *agent, struct delivery *d, struct connection *conn,
	bool keep, struct why *why)
{
	struct transaction t = {.agent = agent, .d = d, .conn = conn, .why = why, .keep = keep};

	begin(&t);
	if (too_large(&t)) { /* not a word, not even QUIT */
		conn->broken = !keep;
		d->completed = true;
		return true;
	}
	if (!run(&t)) {
		conn->broken = true;
		return false;
	}
	d->completed = true;
	return true;
}

#ifndef SMTP_CHAT_H
#define SMTP_CHAT_H
/*
 * chat - commands out, replies in (RFC 5321 4.2). A chat borrows its stream
 * and belongs to one thread at a time. Nothing the server says is trusted: it is made printable,
 * held to the limits below, and never used as a format.
 */
#include <stdbool.h>
#include "smtp/agent.h"
#include "smtp/reply.h"
#include "util/buf.h"
#include "util/stream.h"
#include "util/why.h"

/* bytes of a reply's text; its lines; bytes of a session's transcript */
enum { CHAT_REPLY_MOST = 2048, CHAT_LINES_MOST = 100000, CHAT_TRANSCRIPT_MOST = 100000 };

struct reply {
	int code;                    /* of the last line */
	char status[REPLY_STATUS];   /* enhanced status code */
	const char *text;            /* lines joined by LF, in the chat's buffer: until the next reply */
	bool garbage;                /* lines that are no reply lines were in it */
};

struct chat {
	const struct agent *agent;
	struct stream *stream;       /* the connection's */
	const char *namaddr;         /* "mx.example[192.0.2.1]", for failures */
	const char *namaddrport;     /* "mx.example[192.0.2.1]:25", for warnings */
	const char *address;         /* for the advice about pipelining */
	struct buf line, text;       /* ours */
	struct buf transcript;       /* ours: "In:  ..." and "Out: ..." lines, for the postmaster */
	bool pipelining;             /* offered: garbage is warned about */
	bool protocol_error;         /* the server broke the protocol: not to be kept */
	bool local_error;            /* a table failed */
};

/* A line is held to line_length_limit bytes. */
void chat_open(struct chat *chat, const struct agent *agent, struct stream *stream);
void chat_close(struct chat *chat);

/* Starts a time limit of SECONDS for what follows (per read and write, or as a deadline). */
void chat_limit(struct chat *chat, int seconds);

/* Queues a command, adds CR LF. A control character in it, so a smuggled CR or LF too, is '?'. */
void chat_command(struct chat *chat, const char *format, ...) PRINTF_LIKE(2, 3);

/* The same for a secret: where people look, SHOWN stands for it. */
void chat_secret(struct chat *chat, const char *command, const char *shown);

/*
 * Sends what is queued and reads one reply. DOING completes "lost connection with X while ...".
 * False: the connection is spent, and *why says 4.4.2 (lost, timed out) or 4.3.0 (a table failed).
 */
bool chat_reply(struct chat *chat, const char *doing, struct reply *reply, struct why *why);

/* Sets *why for an I/O failure: 4.4.2; returns false. */
bool chat_lost(const struct chat *chat, enum io io, const char *doing, struct why *why);

/*
 * A table failed, or what else it takes here: 4.3.0, and the session's mark; returns false. DETAIL
 * ("" none) says what: which table, asked for what.
 */
bool chat_local_error(struct chat *chat, const char *detail, struct why *why);

/*
 * Sets *why from a refusal: FORMAT says "host %s said: %s (in reply to ...)" and such; the status is
 * the reply's, a 2xx where failure is handled becomes 5.5.0 "Protocol error: ". Marks the protocol
 * error where Postfix counts it as one. Always false.
 */
bool chat_refused(struct chat *chat, const char *host, const struct reply *reply, struct why *why,
	const char *format, ...) PRINTF_LIKE(5, 6);

/* The reply's text with its line breaks as blanks, in POOL. */
const char *reply_flat(struct pool *pool, const struct reply *reply);

#endif

#ifndef SMTP_CONNECTION_H
#define SMTP_CONNECTION_H
/*
 * connection - a socket, its stream, TLS state and what EHLO said, under one owner at a time. Lives
 * longer than a delivery when it is kept, so its strings are in a pool of its own.
 */
#include <stdbool.h>
#include "smtp/agent.h"
#include "smtp/chat.h"
#include "smtp/ehlo.h"
#include "smtp/policy.h"
#include "smtp/route.h"
#include "tls/session.h"

struct connection {
	struct pool pool;
	struct server *server;             /* a copy; its destination is the delivery's */
	const struct tls_policy *policy;   /* what it was accepted under; the delivery's */
	struct stream *stream;
	struct chat chat;
	struct ehlo ehlo;
	struct tls_verdict tls;            /* of tls_start; only meaningful if in_tls */
	bool in_tls;
	bool authenticated;
	bool ready;                        /* the handshakes are done: may carry transactions */
	bool broken;                       /* lost, or out of step: no more commands, not even QUIT */
	bool bad;                          /* works, but is not to be kept */
	bool quit_said;                    /* QUIT went out with the last command group */
	unsigned pix;                      /* PIX_ bits: workarounds that its greeting asks for */
	int uses;                          /* transactions before this one */
	int64_t opened;                    /* clock_ms() */
};

/* With a copy of SERVER; takes FD over. */
struct connection *connection_new(const struct agent *agent, const struct server *server,
	const struct tls_policy *policy, int fd);

/* A kept connection serves another delivery: SERVER and POLICY are what it was asked for by. */
void connection_adopt(struct connection *conn, const struct server *server,
	const struct tls_policy *policy);

/* Says QUIT when it can still be said. */
void connection_quit(struct connection *conn);

/* Closes without a word. NULL is fine. */
void connection_drop(struct connection *conn);

#endif

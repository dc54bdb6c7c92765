#ifndef SMTP_ENVELOPE_H
#define SMTP_ENVELOPE_H
/*
 * envelope - the command lines of an envelope: XFORWARD, MAIL FROM, RCPT TO with their parameters
 * in Postfix's order (RFC 5321 4.1.1.2 and 4.1.1.3, RFC 1870, RFC 6152, RFC 3461, RFC 6533).
 * Values of their arguments: no I/O.
 */
#include "postfix/request.h"
#include "smtp/config.h"
#include "smtp/ehlo.h"

struct envelope {
	const struct config *config;
	const struct request *request;
	const struct ehlo *ehlo;
	bool authenticated;
	bool requiretls; /* the sender asks for it, and is listened to (RFC 8689) */
};

/* In POOL, without CR LF. SENDER and ADDRESS are what the server gets to see. */
const char *envelope_mail(const struct envelope *envelope, struct pool *pool, const char *sender);
const char *envelope_rcpt(const struct envelope *envelope, struct pool *pool,
	const struct request_rcpt *rcpt, const char *address);

/* The first (NAME ADDR PORT) or second (PROTO HELO IDENT SOURCE) XFORWARD; NULL: nothing to say. */
const char *envelope_xforward(const struct envelope *envelope, struct pool *pool, bool second);

/* Must 8-bit content become 7-bit for this server (RFC 6152 3)? */
bool envelope_downgrades(const struct envelope *envelope);

#endif

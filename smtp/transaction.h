#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H
/*
 * transaction - MAIL, RCPT, DATA, content, dot (RFC 5321 3.3, RFC 2920, LMTP RFC 2033).
 * Pipelining only changes how much may be out before we listen.
 */
#include "smtp/connection.h"
#include "smtp/delivery.h"

/*
 * Sends the message to all open recipients of D. On return none is RCPT_OPEN: each is settled or
 * waits for the next server. conn->broken when the connection is spent. KEEP: the connection will
 * be kept if it can be (no QUIT is sent behind the dot). d->completed is set when the conversation
 * came to its end without an I/O failure.
 * False: it was lost inside (I/O); *why is what was (or would be) reported, and recipients that
 * were not settled are still RCPT_OPEN so that the caller may try again or report them.
 */
bool transaction_run(const struct agent *agent, struct delivery *d, struct connection *conn,
	bool keep, struct why *why);

#endif

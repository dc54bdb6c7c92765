#ifndef SMTP_HEADERS_H
#define SMTP_HEADERS_H
/*
 * headers - what flags=DOR of master.cf puts in front of a message, and the loop that D prevents
 * (pipe(8), postfix-wire.md 1.1).
 */
#include "smtp/body.h"
#include "smtp/delivery.h"

/* The header lines, if any are asked for, through BODY. */
void headers_prepend(const struct agent *agent, const struct delivery *d, struct body *body,
	struct buf *lines);

/*
 * What the flags don't allow: D and O with several recipients, D with a Delivered-To: that names
 * the recipient already. True: all recipients have failed and are settled.
 */
bool headers_refuse(const struct agent *agent, struct delivery *d);

#endif

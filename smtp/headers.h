#ifndef SMTP_HEADERS_H
#define SMTP_HEADERS_H
/*
 * headers - what flags=DOR of master.cf puts in front of a message, and the loop that D prevents
 * (pipe(8)).
 */
#include "smtp/delivery.h"
#include "util/list.h"

/* The header lines that are asked for, in Postfix's order; in the delivery's pool. */
struct list headers_prepend(const struct agent *agent, const struct delivery *d);

/*
 * What the flags don't allow: D and O with several recipients, D with a Delivered-To: that names
 * the recipient already. True: all recipients have failed and are settled.
 */
bool headers_refuse(const struct agent *agent, struct delivery *d);

#endif

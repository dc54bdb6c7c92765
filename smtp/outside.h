#ifndef SMTP_OUTSIDE_H
#define SMTP_OUTSIDE_H
/*
 * outside - addresses as others see them: smtp_generic_maps over the envelope and over the headers
 * that hold addresses (generic(5)). The log and bounces keep the original ones.
 */
#include "smtp/delivery.h"
#include "util/buf.h"

/*
 * Sets d->sender, and address and original of each recipient, once in a delivery. False: a table
 * failed, as was logged; *TROUBLE, in the delivery's pool, says which, what it was asked, and why.
 */
bool outside_envelope(const struct agent *agent, struct delivery *d, const char **trouble);

/* Does HEADER hold addresses that are mapped? */
bool outside_applies(const char *header);

/*
 * HEADER, which does, its lines joined by LF: printed anew if an address in it was found. False as
 * above; *TROUBLE is in POOL.
 */
bool outside_header(const struct agent *agent, struct pool *pool, struct buf *header,
	const char **trouble);

#endif

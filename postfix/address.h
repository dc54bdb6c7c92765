#ifndef POSTFIX_ADDRESS_H
#define POSTFIX_ADDRESS_H
/*
 * address - mail addresses in queue form (unquoted local part, last '@' separates) and on the wire.
 */
#include <stdbool.h>
#include "util/buf.h"
#include "util/pool.h"

/* RFC 5321 4.1.2 quoting of the local part where needed. */
const char *address_quote_5321(struct pool *pool, const char *address);
/* RFC 5322 quoted form, for headers, logs and ORCPT; a source route stays outside the quotes. */
const char *address_quote_5322(struct pool *pool, const char *address);
/* From header form to queue form: without the quotes and backslashes of the local part. */
const char *address_unquote(struct pool *pool, const char *address);
/* What follows the last '@', or "". */
const char *address_domain(const char *address);

#endif

#ifndef TLS_TICKETS_H
#define TLS_TICKETS_H
/*
 * tickets - sessions to resume, one store for all deliveries (TLS_README, GnuTLS manual). A ticket is
 * GnuTLS's session data: a secret, wiped when it goes. All that made the session acceptable is in
 * its key. Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include "tls/expect.h"
#include "util/pool.h"

struct tickets;

struct ticket { /* immutable, counted */
	const void *data;
	size_t length;
	bool old; /* of TLS 1.2 or before */
};

/* SECONDS a ticket is kept. */
struct tickets *tickets_new(int seconds);
void tickets_free(struct tickets *tickets); /* NULL is fine */

/*
 * SESSION_KEY (what expect does not know: service, next hop, host, ...), '&', and the SHA-256 of it
 * with the whole expectation and OFFER, GnuTLS's words for what we offer. In the pool; for the log
 * too.
 */
const char *tickets_key(struct pool *pool, const char *session_key, const struct tls_expect *expect,
	const char *offer);

/* NULL: none. Give it back; it stays in the store, and may be used again. */
const struct ticket *tickets_find(struct tickets *tickets, const char *key);
void tickets_done(const struct ticket *ticket); /* NULL is fine */

/* Keeps a copy of the data, instead of what the key had. */
void tickets_keep(struct tickets *tickets, const char *key, const struct ticket *ticket);
void tickets_forget(struct tickets *tickets, const char *key);

#endif

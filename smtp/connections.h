#ifndef SMTP_CONNECTIONS_H
#define SMTP_CONNECTIONS_H
/*
 * connections - those that are kept open for the next message.
 * Shared by all deliveries; a connection belongs to one of them or to this store, never to both. The
 * key is all that made the connection acceptable and isn't the same for the whole process, as our
 * own addresses are: server; TLS policy and names, SMTPUTF8, REQUIRETLS; sender, next hop and the
 * server's name where a password or a certificate depends on them.
 */
#include "smtp/connection.h"
#include "smtp/delivery.h"

struct connections;

struct connections *connections_new(void);
void connections_free(struct connections *connections); /* closes all; NULL is fine */

/*
 * REQUEST_CONN_LOAD and REQUEST_CONN_STORE, as the request has them; or both, where
 * smtp_connection_cache_destinations has D's first destination. It may be a table: ask once.
 */
int connections_wanted(const struct agent *agent, const struct delivery *d);

/*
 * A kept connection to SERVER that POLICY would accept, tested by RSET; it is the caller's now.
 * NULL: none. One that was closed, or on which the server spoke unasked, is dropped without a word.
 */
struct connection *connections_take(const struct agent *agent, const struct delivery *d,
	const struct server *server, const struct tls_policy *policy);

/*
 * Where a connection for this very next hop was kept last: "host[address]:port" in D's pool, or
 * NULL. It is worth a try before all others, whatever its preference.
 */
const char *connections_last(const struct agent *agent, const struct delivery *d);

/* May it be kept when this message is through (limits, state)? Asked before the dot is sent. */
bool connections_may_keep(const struct agent *agent, const struct connection *conn);

/* Keeps it, or closes it politely where it can't be kept. It is no longer the caller's. */
void connections_keep(const struct agent *agent, const struct delivery *d, struct connection *conn);

size_t connections_count(const struct connections *connections);

#endif

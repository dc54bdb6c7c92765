#ifndef SMTP_POLICY_DANE_H
#define SMTP_POLICY_DANE_H
/*
 * policy_dane - what the levels dane and dane-only come to for one server (RFC 7672; TLS_README): the
 * level in force, the TLSA records, the names. Asks the resolver, logs as Postfix does.
 */
#include "smtp/delivery.h"
#include "smtp/route.h"
#include "tls/expect.h"

struct dane_asked {
	const struct agent *agent;
	struct pool *pool;
	const char *key;              /* next hop as looked up, for warnings */
	const struct server *server;
};

/* Or does the configuration leave DANE no ground, so that dane comes to may (TLS_README)? */
bool policy_dane_possible(const struct agent *agent);

/*
 * expect->level is DANE or DANE_ONLY; on return it may be MAY, ENCRYPT, HALF_DANE as well, and tlsa,
 * tlsa_owner, names and sni are set where records decide. False: the server is skipped, *why has
 * Postfix's words for that, and *detail what is behind them: which link or record.
 */
bool policy_dane(const struct dane_asked *asked, struct tls_expect *expect, const char **detail,
	struct why *why);

#endif

#ifndef SMTP_AUTH_H
#define SMTP_AUTH_H
/*
 * auth - who we are to a server: passwords from smtp_sasl_password_maps, mechanisms by Cyrus SASL
 * (RFC 4954, RFC 4422). Credentials are never logged, and are wiped.
 */
#include "smtp/connection.h"
#include "smtp/delivery.h"

/* Starts the library, before chroot and threads. Fatal in Postfix's words. */
void auth_setup(struct agent *agent, struct pool *pool);

/* Is a password known for this server? Then mail must not go out without TLS. */
bool auth_has_password(const struct agent *agent, const struct delivery *d,
	const struct server *server);

/*
 * Takes in the mechanisms of an EHLO reply: conn->ehlo.auth becomes one line of those that
 * smtp_sasl_mechanism_filter leaves. False: its table failed, which was logged.
 */
bool auth_learn(const struct agent *agent, struct connection *conn);

/*
 * Authenticates if a password is known and AUTH was offered. conn->authenticated says whether it
 * was. False: *why is for all recipients (site).
 */
bool auth_run(const struct agent *agent, const struct delivery *d, struct connection *conn,
	struct why *why);

#endif

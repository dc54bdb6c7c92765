#ifndef SMTP_AUTH_LOGIN_H
#define SMTP_AUTH_LOGIN_H
/*
 * auth_login - who we are to a server, and the password: smtp_sasl_password_maps asked for the
 * sender, the server and the next hop (SASL_README).
 */
#include <sasl/sasl.h>
#include "smtp/delivery.h"
#include "smtp/route.h"

struct auth_login {
	const char *user;
	sasl_secret_t *secret; /* NULL: none */
};

/* TABLE_FOUND: *LOGIN is to be forgotten. TABLE_ERROR: *TROUBLE says why, in POOL. */
enum table_answer auth_login_find(const struct agent *agent, const struct delivery *d,
	const struct server *server, struct pool *pool, struct auth_login *login,
	const char **trouble);

void auth_login_forget(struct auth_login *login); /* wipes */

#endif

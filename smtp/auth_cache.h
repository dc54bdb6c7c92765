#ifndef SMTP_AUTH_CACHE_H
#define SMTP_AUTH_CACHE_H
/*
 * auth_cache - smtp_sasl_auth_cache_name: who was refused by which server, so that a wrong password
 * is not tried again with each message (SASL_README). The table is Postfix's, and so are its
 * entries: "HOST;USER" is "TIME;BASE64 OF SHA1 OF PASSWORD;STATUS;REPLY". Passwords are not stored.
 */
#include <stdbool.h>
#include "smtp/agent.h"

struct auth_cache_entry {
	const char *status; /* "5.7.8" */
	const char *reply;  /* "535 5.7.8 no" */
};

/*
 * Was this PASSWORD refused for less than smtp_sasl_auth_cache_time? An entry that is older, or of
 * another password, is removed. What went wrong was warned of, and is no. Texts are in POOL.
 */
bool auth_cache_find(const struct agent *agent, struct pool *pool, const char *host,
	const char *user, const char *password, struct auth_cache_entry *entry);

void auth_cache_store(const struct agent *agent, const char *host, const char *user,
	const char *password, const struct auth_cache_entry *entry);

#endif

#ifndef SMTP_REQUIRETLS_H
#define SMTP_REQUIRETLS_H
/*
 * requiretls - what a sender's REQUIRETLS (RFC 8689) comes to for a destination: the policy of
 * smtp_requiretls_policy, a list of actions and tables in order (postconf(5), Postfix 3.11).
 */
#include "postfix/request.h"
#include "postfix/table.h"
#include "smtp/config.h"
#include "smtp/destination.h"

enum requiretls { /* in order of strength */
	REQUIRETLS_OFF,           /* not asked for, or disabled: as if the sender had not asked */
	REQUIRETLS_OPPORTUNISTIC, /* passed on where it is offered; nothing is demanded */
	REQUIRETLS_STARTTLS,      /* the same, but never in plaintext */
	REQUIRETLS_ENFORCE,       /* certificate must match, server must offer it (RFC 8689 4.2.1) */
	REQUIRETLS_ERROR,         /* the policy can't be found out */
};

struct requiretls_policy;

/* The value of parameter PARAM, before chroot. NULL for an empty one. */
struct requiretls_policy *requiretls_open(struct table_set *set, struct pool *pool,
	const char *param, const char *value);

/* Does the sender ask, and may we hear it (Postfix 3.11, requiretls_enable)? */
bool requiretls_asked(const struct config *config, const struct request *request);

/* The policy for TO. ERROR: a warning was logged in Postfix's words. */
enum requiretls requiretls_find(const struct requiretls_policy *policy,
	const struct destination *to);

#endif

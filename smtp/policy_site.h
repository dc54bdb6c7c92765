#ifndef SMTP_POLICY_SITE_H
#define SMTP_POLICY_SITE_H
/* policy_site - smtp_tls_per_site, the obsolete forerunner of the policy table (TLS_README). */
#include "smtp/route.h"

/*
 * What the table says about next hop KEY and its SERVER, over the level that the parameters give.
 * False: a warning was logged, *why (site) has Postfix's words for skipping the server, and *detail
 * the table, key and answer behind them.
 */
bool policy_site(const struct agent *agent, const char *key, const struct server *server,
	enum tls_level *level, const char **detail, struct why *why);

#endif

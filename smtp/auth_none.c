/* Without Cyrus SASL: nobody is authenticated, and whoever asks for it is told at start. */
#include "config.h"
#include "smtp/auth.h"
#include "util/log.h"

void auth_setup(struct agent *agent, struct pool *pool UNUSED)
{
	if (agent->config->sasl_auth_enable)
		log_warning("%s_sasl_auth_enable is true, but SASL support is not compiled in",
			agent->program);
}

bool auth_has_password(const struct agent *agent UNUSED, const struct delivery *d UNUSED,
	const struct server *server UNUSED)
{
	return false;
}

bool auth_learn(const struct agent *agent UNUSED, struct connection *conn UNUSED)
{
	return true;
}

bool auth_run(const struct agent *agent UNUSED, const struct delivery *d UNUSED,
	struct connection *conn UNUSED, struct why *why UNUSED)
{
	return true;
}

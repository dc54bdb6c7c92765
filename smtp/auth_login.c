#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "postfix/version.h"
#include "smtp/auth.h"
#include "smtp/auth_login.h"
#include "util/memory.h"

void auth_login_forget(struct auth_login *login)
{
	if (login->secret) {
		explicit_bzero(login->secret->data, login->secret->len);
		free(login->secret);
	}
	login->secret = NULL;
}

static enum table_answer find(const struct agent *agent, const struct delivery *d,
	const struct server *server, struct buf *result)
{
	enum table_answer answer = TABLE_NONE;

	if (!agent->lmtp && agent->config->sender_dependent_authentication && d->request->sender[0])
		answer = lookup_by_address(&agent->parts, agent->passwords, d->request->sender, true,
			result, NULL);
	if (answer == TABLE_NONE)
		answer = tables_find(agent->passwords, server->host, result);
	if (answer == TABLE_NONE)
		answer = tables_find(agent->passwords, server->destination->text, result);
	return answer;
}

static void wipe(struct buf *result)
{
	if (result->data)
		explicit_bzero(result->data, result->length);
	buf_close(result);
}

bool auth_has_password(const struct agent *agent, const struct delivery *d,
	const struct server *server)
{
	struct buf result = BUF(0);
	bool has = agent->config->sasl_auth_enable && find(agent, d, server, &result) != TABLE_NONE;

	wipe(&result);
	return has;
}

/* "user:password", split at the first delimiter. */
static void take(const struct agent *agent, struct pool *pool, const char *text,
	struct auth_login *login)
{
	const char *delimiter = agent->config->version >= POSTFIX(3, 9)
		? agent->config->sasl_password_result_delimiter : ":";
	size_t user = strcspn(text, delimiter), length;
	const char *password = text + user + (text[user] != '\0');

	length = strlen(password);
	login->user = pool_bytes(pool, text, user);
	login->secret = memory_new(sizeof *login->secret + length + 1);
	login->secret->len = length;
	memcpy(login->secret->data, password, length + 1);
}

enum table_answer auth_login_find(const struct agent *agent, const struct delivery *d,
	const struct server *server, struct pool *pool, struct auth_login *login,
	const char **trouble)
{
	struct buf result = BUF(0);
	enum table_answer answer = find(agent, d, server, &result);

	*login = (struct auth_login){.user = ""};
	if (answer == TABLE_FOUND)
		take(agent, pool, buf_text(&result), login);
	else if (answer == TABLE_ERROR)
		*trouble = pool_text(pool, buf_text(&result));
	wipe(&result);
	return answer;
}

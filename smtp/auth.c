#include "config.h"
#include <pthread.h>
#include <sasl/sasl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "postfix/version.h"
#include "smtp/auth.h"
#include "smtp/auth_cache.h"
#include "smtp/auth_login.h"
#include "util/base64.h"
#include "util/list.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

enum {
	STEPS_MOST = 100,   /* challenges of one exchange */
	INITIAL_MOST = 512, /* bytes of a command line (RFC 5321 4.5.3.1.4) */
	BAD_CREDENTIALS = 535, /* RFC 4954 6 */
};

/* The library's table of callbacks has one type for all of them. */
#define CALLBACK(function) ((int (*)(void))(void (*)(void))(function))

/* --- the library --- */

/* Its objects have one thread each; what it shares it guards with these. */
static void *lock_new(void)
{
	pthread_mutex_t *lock = memory_new(sizeof *lock);

	pthread_mutex_init(lock, NULL);
	return lock;
}

static int lock_take(void *lock)
{
	return pthread_mutex_lock(lock) == 0 ? SASL_OK : SASL_FAIL;
}

static int lock_release(void *lock)
{
	return pthread_mutex_unlock(lock) == 0 ? SASL_OK : SASL_FAIL;
}

static void lock_free(void *lock)
{
	pthread_mutex_destroy(lock);
	free(lock);
}

static int hear_log(void *context UNUSED, int level, const char *text)
{
	if (level == SASL_LOG_FAIL)
		log_warning("SASL authentication failure: %s", text);
	else if (level == SASL_LOG_ERR || level == SASL_LOG_WARN)
		log_warning("SASL authentication problem: %s", text);
	else if (level == SASL_LOG_NOTE)
		log_debug("SASL authentication info: %s", text);
	return SASL_OK;
}

static void start_library(const struct agent *agent)
{
	static const sasl_callback_t callbacks[] = {
		{SASL_CB_LOG, CALLBACK(hear_log), NULL}, {SASL_CB_LIST_END, NULL, NULL}};
	char *path = (char *)(uintptr_t)agent->config->cyrus_sasl_config_path;
	int result;

	sasl_set_mutex(lock_new, lock_take, lock_release, lock_free);
	if (path[0])
		sasl_set_path(SASL_PATH_TYPE_CONFIG, path);
	result = sasl_client_init(callbacks);
	if (result != SASL_OK) {
		log_warning("SASL library initialization error: %s", sasl_errstring(result, NULL, NULL));
		log_fatal("SASL library initialization");
	}
}

void auth_setup(struct agent *agent, struct pool *pool)
{
	const struct config *config = agent->config;
	const unsigned flags = TABLE_LOCK | TABLE_FOLD | TABLE_UTF8;

	if (!config->sasl_auth_enable)
		return;
	if (config->sasl_password_maps[0] == '\0')
		log_fatal("specify a password table via the `%s_sasl_password_maps' configuration parameter",
			agent->program);
	agent->passwords = tables_open(agent->tables,
		pool_format(pool, "%s_sasl_password_maps", agent->program), config->sasl_password_maps,
		flags);
	if (config->sasl_auth_cache_name[0])
		agent->auth_failures = table_open(agent->tables, config->sasl_auth_cache_name,
			TABLE_UTF8 | TABLE_WRITE);
	agent->mechanisms = match_open(agent->tables,
		pool_format(pool, "%s_sasl_mechanism_filter", agent->program),
		config->sasl_mechanism_filter, MATCH_STRING, TABLE_LOCK | TABLE_UTF8);
	if (!text_same(config->sasl_type, "cyrus")) {
		log_warning("unsupported SASL client implementation: %s", config->sasl_type);
		log_fatal("SASL library initialization");
	}
	start_library(agent);
}

/* --- mechanisms --- */

/* What of one AUTH line the filter leaves. False: the filter's table failed. */
static bool filter_line(const struct agent *agent, const char *line, struct list *left)
{
	struct list offered = {.pool = left->pool};

	list_split(&offered, line, " \t", false);
	for (size_t i = 0; i < offered.count; i++) {
		enum match_answer wanted = MATCH_YES;

		if (agent->mechanisms)
			wanted = match_find(agent->mechanisms, offered.items[i], NULL);
		if (wanted == MATCH_ERROR)
			return false;
		if (wanted == MATCH_YES)
			list_add(left, offered.items[i]);
	}
	return true;
}

static void warn_of_line(const struct connection *conn, const char *line)
{
	if (line[0])
		log_warning("%s offered no supported AUTH mechanisms: '%s'", conn->server->namaddrport,
			line);
	else
		log_warning("%s offered null AUTH mechanism list", conn->server->namaddrport);
}

bool auth_learn(const struct agent *agent, struct connection *conn)
{
	struct list left = {.pool = &conn->pool}, lines = {.pool = &conn->pool};

	if (!agent->config->sasl_auth_enable || !(conn->ehlo.features & EHLO_AUTH))
		return true;
	list_split(&lines, conn->ehlo.auth, "\n", false);
	if (lines.count == 0)
		list_add(&lines, "");
	for (size_t i = 0; i < lines.count; i++) {
		if (!filter_line(agent, lines.items[i], &left))
			return false;
		if (i == 0 && left.count == 0)
			warn_of_line(conn, lines.items[i]);
	}
	conn->ehlo.auth = list_join(&left, " ");
	return true;
}

/* --- one exchange --- */

struct exchange {
	const struct agent *agent;
	struct connection *conn;
	struct pool *pool;
	struct auth_login login;
	sasl_conn_t *sasl;
	sasl_callback_t callbacks[4];
	const char *mechanism;
	struct why *why;
};

static int tell_user(void *context, int id UNUSED, const char **result, unsigned *length)
{
	const struct auth_login *login = context;

	*result = login->user;
	if (length)
		*length = (unsigned)strlen(login->user);
	return SASL_OK;
}

static int tell_nobody(void *context UNUSED, int id UNUSED, const char **result, unsigned *length)
{
	*result = "";
	if (length)
		*length = 0;
	return SASL_OK;
}

static int tell_password(sasl_conn_t *sasl UNUSED, void *context, int id UNUSED,
	sasl_secret_t **secret)
{
	*secret = ((struct auth_login *)context)->secret;
	return SASL_OK;
}

static unsigned security_bits(const char *words)
{
	static const struct {
		const char *word;
		unsigned bit;
	} options[] = {{"noplaintext", SASL_SEC_NOPLAINTEXT}, {"noanonymous", SASL_SEC_NOANONYMOUS},
		{"noactive", SASL_SEC_NOACTIVE}, {"nodictionary", SASL_SEC_NODICTIONARY},
		{"mutual_auth", SASL_SEC_MUTUAL_AUTH},
		{"forward_secrecy", SASL_SEC_FORWARD_SECRECY}};
	struct pool pool = {0};
	const char *word;
	unsigned bits = 0;

	while ((word = text_token(&pool, &words, TEXT_LIST_SEPARATORS, false)) != NULL)
		for (size_t i = 0; i < COUNT(options); i++)
			if (text_same(word, options[i].word))
				bits |= options[i].bit;
	pool_free(&pool);
	return bits;
}

static const char *security_options(const struct exchange *x)
{
	const struct config *config = x->agent->config;

	if (!x->conn->in_tls)
		return config->sasl_security_options;
	return tls_level_must_match(x->conn->tls.level) && x->conn->tls.matched
		? config->sasl_tls_verified_security_options : config->sasl_tls_security_options;
}

static bool local_failure(struct exchange *x, const char *text, const char *reason)
{
	why_site(x->why, "4.7.0", "%s", text);
	x->why->said = reason;
	x->why->said_type = "x-sasl";
	return false;
}

static bool library_failed(struct exchange *x, int result)
{
	const char *reason = result == SASL_NOMECH ? "no mechanism available"
		: sasl_errstring(result, NULL, NULL);

	return local_failure(x, pool_format(x->pool,
		"SASL authentication failed; cannot authenticate to server %s: %s",
		x->conn->server->namaddr, reason), pool_text(x->pool, reason));
}

static bool begin(struct exchange *x)
{
	sasl_security_properties_t properties = {.security_flags = security_bits(security_options(x))};
	int (*authzid)(void *, int, const char **, unsigned *) =
		x->agent->config->send_cyrus_sasl_authzid ? tell_user : tell_nobody;
	int result;

	x->callbacks[0] = (sasl_callback_t){SASL_CB_USER, CALLBACK(authzid), &x->login};
	x->callbacks[1] = (sasl_callback_t){SASL_CB_AUTHNAME, CALLBACK(tell_user), &x->login};
	x->callbacks[2] = (sasl_callback_t){SASL_CB_PASS, CALLBACK(tell_password), &x->login};
	x->callbacks[3] = (sasl_callback_t){SASL_CB_LIST_END, NULL, NULL};
	result = sasl_client_new(x->agent->program, x->conn->server->host, NULL, NULL, x->callbacks, 0,
		&x->sasl);
	if (result == SASL_OK)
		result = sasl_setprop(x->sasl, SASL_SEC_PROPS, &properties);
	return result == SASL_OK || library_failed(x, result);
}

/* What we say is a secret: nobody sees it, neither log nor transcript. */
static bool ask(struct exchange *x, const char *command, const void *data, unsigned length,
	struct reply *reply)
{
	struct buf line = BUF(0);
	bool heard;

	buf_adds(&line, command);
	if (data) {
		if (line.length)
			buf_addc(&line, ' ');
		if (length == 0 && command[0])
			buf_addc(&line, '='); /* RFC 4954 4: an empty initial response */
		base64_encode(&line, data, length);
	}
	chat_limit(&x->conn->chat, x->agent->config->helo_timeout);
	chat_secret(&x->conn->chat, buf_text(&line), command);
	if (line.data)
		explicit_bzero(line.data, line.length);
	buf_close(&line);
	heard = chat_reply(&x->conn->chat, x->agent->lmtp ? "performing the LHLO handshake"
		: "performing the EHLO handshake", reply, x->why);
	return heard;
}

/* An initial response that doesn't fit the command waits for an empty challenge. */
static bool defer_initial(struct exchange *x, const char *command, const char *initial,
	unsigned length, struct reply *reply)
{
	if (!ask(x, command, NULL, 0, reply))
		return false;
	if (reply->code / 100 != 3)
		return true;
	if (strlen(reply->text) > 4)
		return local_failure(x, pool_format(x->pool, "SASL authentication failed; non-empty initial"
			" %s challenge from server %s: %s", x->mechanism, x->conn->server->namaddr,
			reply_flat(x->pool, reply)), "protocol error");
	return ask(x, "", initial, length, reply);
}

static bool first_step(struct exchange *x, const char *mechanisms, struct reply *reply)
{
	const char *initial = NULL, *command;
	unsigned length = 0;
	int result = sasl_client_start(x->sasl, mechanisms, NULL, &initial, &length, &x->mechanism);

	if (result != SASL_OK && result != SASL_CONTINUE)
		return library_failed(x, result);
	command = pool_format(x->pool, "AUTH %s", x->mechanism);
	if (initial && strlen(x->mechanism) + (length + 2) / 3 * 4 + 8 > INITIAL_MOST)
		return defer_initial(x, command, initial, length, reply);
	return ask(x, command, initial, length, reply);
}

static bool next_step(struct exchange *x, struct reply *reply)
{
	struct buf challenge = BUF(0);
	const char *text = reply->text + (strlen(reply->text) > 4 ? 4 : strlen(reply->text)), *answer;
	unsigned length = 0;
	int result;

	if (!base64_decode(&challenge, text, strlen(text))) {
		buf_close(&challenge);
		return library_failed(x, SASL_BADPROT);
	}
	result = sasl_client_step(x->sasl, buf_text(&challenge), (unsigned)challenge.length, NULL,
		&answer, &length);
	buf_close(&challenge);
	if (result != SASL_OK && result != SASL_CONTINUE)
		return library_failed(x, result);
	return ask(x, "", answer ? answer : "", answer ? length : 0, reply);
}

/* RFC 4954 4: challenges until the server has made up its mind. */
static bool converse(struct exchange *x, const char *mechanisms, struct reply *reply)
{
	if (!first_step(x, mechanisms, reply))
		return false;
	for (int steps = 0; reply->code / 100 == 3; steps++) {
		if (steps >= STEPS_MOST)
			return why_site(x->why, "4.3.0", "SASL authentication failed; authentication protocol"
				" loop with server %s", x->conn->server->namaddr);
		if (!next_step(x, reply))
			return false;
	}
	return true;
}

static const char *password(const struct exchange *x)
{
	return (const char *)x->login.secret->data;
}

/* Adds what all refusals have in common. */
static bool refused(struct exchange *x)
{
	x->why->said_type = x->agent->program;
	x->why->site = true;
	if (x->agent->config->sasl_auth_soft_bounce && x->why->status[0] == '5')
		x->why->status = pool_format(x->pool, "4%s", x->why->status + 1);
	return false;
}

static bool judge(struct exchange *x, const struct reply *reply)
{
	const struct server *server = x->conn->server;

	if (reply->code / 100 == 2) {
		x->conn->authenticated = true;
		return true;
	}
	chat_refused(&x->conn->chat, server->host, reply, x->why,
		"SASL authentication failed; server %s said: %s", server->namaddr, reply->text);
	why_said(x->why, server->host, "smtp", reply->text); /* with its newlines, unlike other replies */
	if (reply->code == BAD_CREDENTIALS)
		auth_cache_store(x->agent, server->host, x->login.user, password(x),
			&(struct auth_cache_entry){x->why->status, reply->text});
	return refused(x);
}

/* Was this password refused not long ago? Then the server isn't asked again. */
static bool known_to_fail(struct exchange *x)
{
	const char *host = x->conn->server->host;
	struct auth_cache_entry entry;

	if (!auth_cache_find(x->agent, x->pool, host, x->login.user, password(x), &entry))
		return false;
	why_set(x->why, entry.status, "SASL [CACHED] authentication failed; server %s said: %s", host,
		entry.reply);
	why_said(x->why, host, "smtp", entry.reply);
	refused(x);
	return true;
}

static bool exchange(struct exchange *x)
{
	const char *mechanisms = x->conn->ehlo.auth;
	struct reply reply;
	bool well;

	if (known_to_fail(x))
		return false;
	if (mechanisms[0] == '\0')
		return why_site(x->why, "4.7.0", "SASL authentication failed: server %s offered no compatible"
			" authentication mechanisms for this type of connection security",
			x->conn->server->namaddr);
	well = begin(x) && converse(x, mechanisms, &reply) && judge(x, &reply);
	if (x->sasl)
		sasl_dispose(&x->sasl);
	return well;
}

static bool lookup_failed(const struct agent *agent, struct connection *conn, const char *text,
	struct why *why)
{
	log_tagged(LOG_SEVERITY_WARNING, "%s_sasl_password_maps lookup error", agent->program);
	return chat_local_error(&conn->chat, pool_format(why->pool, "%s_sasl_password_maps: %s",
		agent->program, text), why);
}

bool auth_run(const struct agent *agent, const struct delivery *d, struct connection *conn,
	struct why *why)
{
	struct exchange x = {.agent = agent, .conn = conn, .pool = why->pool, .why = why};
	const char *trouble;
	bool well = true;

	if (!agent->config->sasl_auth_enable || !(conn->ehlo.features & EHLO_AUTH))
		return true;
	switch (auth_login_find(agent, d, conn->server, x.pool, &x.login, &trouble)) {
	case TABLE_FOUND:
		well = exchange(&x);
		break;
	case TABLE_ERROR:
		well = lookup_failed(agent, conn, trouble, why);
		break;
	case TABLE_NONE:
		break;
	}
	auth_login_forget(&x.login);
	return well;
}

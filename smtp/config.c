#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "postfix/level.h"
#include "postfix/master.h"
#include "postfix/param.h"
#include "smtp/config.h"
#include "smtp/config_check.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/text.h"

/* --- defaults that are found at start --- */

/* The kernel's name for this host; without a dot in it, mydomain is added. */
static const char *own_name(struct conf *conf)
{
	enum { ROOM = 256 };
	char *name = pool_alloc(&conf->pool, ROOM);

	if (gethostname(name, ROOM - 1) < 0)
		return ""; /* which is too short for a value */
	if (strchr(name, '.'))
		return name;
	return pool_format(&conf->pool, "%s.%s", name,
		conf_raw(conf, "mydomain") ? "$mydomain" : "localdomain");
}

/* myhostname without its first label. */
static const char *own_domain(struct conf *conf)
{
	const char *name = "", *dot;

	conf_try_expand(conf, "$myhostname", &name);
	dot = strchr(name, '.');
	return dot ? dot + 1 : "localdomain";
}

/* --- the rows --- */

#define ROW(TYPE, VALUE, STEP, EFFECT)                                                             \
	.type = PARAM_##TYPE, .value = (VALUE), .load_step = (STEP), .effect = PARAM_##EFFECT
#define FIELD(NAME) .field = offsetof(struct config, NAME)

static const struct param rows[] = {
#define TWIN(TYPE, NAME, VALUE, STEP, EFFECT, ...)                                                 \
	{.name = "smtp_" #NAME,                                                                    \
		.lmtp_name = "lmtp_" #NAME,                                                        \
		ROW(TYPE, VALUE, STEP, EFFECT),                                                    \
		FIELD(NAME),                                                                       \
		__VA_ARGS__},
#define NAMED(TYPE, NAME, SMTP_NAME, LMTP_NAME, VALUE, STEP, EFFECT, ...)                          \
	{.name = SMTP_NAME,                                                                        \
		.lmtp_name = LMTP_NAME,                                                            \
		ROW(TYPE, VALUE, STEP, EFFECT),                                                    \
		FIELD(NAME),                                                                       \
		__VA_ARGS__},
#define SHARED(TYPE, NAME, VALUE, STEP, EFFECT, ...)                                               \
	{.name = #NAME, ROW(TYPE, VALUE, STEP, EFFECT), FIELD(NAME), __VA_ARGS__},
#define CHECKED(TYPE, NAME, VALUE, STEP, EFFECT, ...)                                              \
	{.name = #NAME, ROW(TYPE, VALUE, STEP, EFFECT), .field = PARAM_UNKEPT, __VA_ARGS__},
#define PRESENCE(NAME, EFFECT, ...)                                                                \
	{.name = #NAME, ROW(PRESENCE, "", "G99", EFFECT), .field = PARAM_UNKEPT, __VA_ARGS__},
#define OURS(TYPE, NAME, VALUE, EFFECT, ...)                                                       \
	{.name = "safemx_" #NAME,                                                                  \
		ROW(TYPE, VALUE, "Z01", EFFECT),                                                   \
		.ours = true,                                                                      \
		FIELD(NAME),                                                                       \
		__VA_ARGS__},
#define CHANGE(...)
#include "smtp/params.def"
};

static const struct param_change changes[] = {
#define TWIN(...)
#define NAMED(...)
#define SHARED(...)
#define CHECKED(...)
#define PRESENCE(...)
#define OURS(...)
#define CHANGE(NAME, SINCE, UNTIL, VALUE, ...)                                                     \
	{.name = #NAME, .since = SINCE, .until = UNTIL, .value = VALUE, __VA_ARGS__},
#include "smtp/params.def"
};

const struct param_table config_params = {rows, COUNT(rows), changes, COUNT(changes)};

/* --- the installed Postfix --- */

static bool ask_in(struct conf *defaults, const char *directory, const char **error)
{
	const char *path = pool_format(&defaults->pool, "%s/postconf", directory);

	if (access(path, X_OK) < 0) {
		*error = pool_format(&defaults->pool, "%s: %s", path,
			text_errno(&defaults->pool, errno));
		return false;
	}
	return conf_ask_defaults(defaults, path, error);
}

/* master(8) leaves no PATH to search. command_directory may say where postconf(1) is. */
static bool ask(struct conf *defaults, const struct conf *conf, const char *postconf,
	const char **error)
{
	const char *directory = conf_raw(conf, "command_directory");
	const char *const usual[] = {"/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"};

	if (postconf)
		return conf_ask_defaults(defaults, postconf, error);
	if (directory && ask_in(defaults, directory, error))
		return true;
	for (size_t i = 0; i < COUNT(usual); i++)
		if (ask_in(defaults, usual[i], error))
			return true;
	return false;
}

/* Its version, and into DEFAULTS its defaults. Without it: those of the rows. */
static int installed(struct config *config, struct conf *defaults, const char *postconf)
{
	const char *error = "", *version;
	int number;

	if (postconf && *postconf == '\0')
		return POSTFIX(3, 7);
	if (!ask(defaults, &config->conf, postconf, &error)) {
		log_warning(
			"cannot ask the installed Postfix for its version and defaults, assuming"
			" 3.7: %s",
			error);
		return POSTFIX(3, 7);
	}
	version = conf_raw(defaults, "mail_version");
	number = version ? version_parse(version) : 0;
	if (number == 0)
		log_warning("unexpected version of the installed Postfix, assuming 3.7: \"%s\"",
			version ? version : "");
	return number ? number : POSTFIX(3, 7);
}

/* --- compatibility_level --- */

/* An integer in 3.5, which takes a later version's level by its first part. */
static const char *level_as_number(struct conf *conf, const char *level)
{
	size_t digits = strspn(level, "0123456789");
	long long number;

	if (digits > 0 && level[digits] == '.')
		level = pool_bytes(&conf->pool, level, digits);
	conf_set(conf, "compatibility_level", level);
	if (text_number(level, -0x7fffffff, 0x7fffffff, &number))
		return NULL;
	return pool_format(&conf->pool, "bad numerical configuration: compatibility_level = %s",
		level);
}

/* Looked at before all others: the defaults of many depend on it. */
static const char *level(struct conf *conf, long long *parsed)
{
	const char *raw = conf_raw(conf, "compatibility_level"), *text, *error;

	error = conf_try_expand(conf, raw ? raw : "0", &text);
	if (error == NULL && conf->version < POSTFIX(3, 6)) {
		error = level_as_number(conf, text);
		text = conf_raw(conf, "compatibility_level");
	}
	if (error == NULL && !level_parse(text, parsed))
		error = pool_format(&conf->pool, "malformed compatibility level syntax: \"%s\"",
			text);
	return error;
}

/* Defaults of old that later levels don't have, where Postfix tells when they are used. */
static void old_defaults(struct config *config, long long at, bool level_set, bool reused_set)
{
	config->old_relay_domains = config->old_relay_domains && at < LEVEL(2, 0);
	config->old_fingerprint_digest = config->old_fingerprint_digest
		&& config->version >= POSTFIX(3, 6) && at < LEVEL(3, 6);
	if (config->version < POSTFIX(3, 11) || at >= LEVEL(3, 11))
		return;
	if (!config->lmtp && !level_set)
		log_info("using backwards-compatible default setting"
			 " smtp_tls_security_level=(empty)");
	config->old_skip_reused = !reused_set;
	if (!reused_set)
		config->tlsrpt_skip_reused_handshakes = true;
}

/* --- loading --- */

static bool is_set(const struct config *config, const char *name)
{
	const char *full = config->lmtp && text_starts(name, "smtp_") ? strchr(name, '_') : NULL;
	struct pool pool = {0};
	bool set;

	if (full)
		name = pool_format(&pool, "lmtp%s", full);
	set = conf_raw(&config->conf, name) != NULL;
	pool_free(&pool);
	return set;
}

/* TLS parameters are read when anything could ask for TLS (TLS_README). */
static bool wants_tls(const struct config *config)
{
	const char *at = config->tls_security_level;

	return (*at && !text_same(at, "none")) || config->use_tls || config->enforce_tls
		|| config->tls_policy_maps[0] || config->tls_per_site[0];
}

static const char *load_rows(struct config *config, const struct conf *defaults)
{
	struct conf *conf = &config->conf;
	const char *error;

	error = param_try_load(&config_params, "G", conf, defaults, config->lmtp, config);
	if (error)
		return error;
	conf_set(conf, "process_id", pool_format(&conf->pool, "%ld", (long)getpid()));
	error = param_try_load(&config_params, "A", conf, defaults, config->lmtp, config);
	if (error == NULL)
		error = (wants_tls(config) ? param_try_load : param_default)(&config_params, "T",
			conf, defaults, config->lmtp, config);
	if (error == NULL)
		error = param_try_load(&config_params, "Z", conf, defaults, config->lmtp, config);
	return error;
}

/* Debian: "/etc/mailname" is a file whose first line is the value. */
static const char *origin_file(struct config *config)
{
	struct pool *pool = &config->conf.pool;
	struct buf line = BUF(0);
	FILE *file;
	int byte;

	if (config->myorigin[0] != '/')
		return NULL;
	file = fopen(config->myorigin, "re");
	if (file == NULL)
		return pool_format(pool, "%s: cannot open file: %s", config->myorigin,
			text_errno(pool, errno));
	while ((byte = getc(file)) != EOF && byte != '\n')
		buf_addc(&line, byte);
	fclose(file);
	byte = line.length > 0;
	if (byte)
		config->myorigin = text_trim(pool, buf_text(&line));
	buf_close(&line);
	return byte ? NULL : pool_format(pool, "myorigin file %s is empty", config->myorigin);
}

static const char *load(struct config *config, const char *postconf)
{
	struct conf defaults = {.version = 0}, *conf = &config->conf;
	bool level_set = is_set(config, "smtp_tls_security_level");
	bool reused_set = is_set(config, "smtp_tlsrpt_skip_reused_handshakes");
	const char *error;
	long long at = 0;

	config->secure_cert_match_set = is_set(config, "smtp_tls_secure_cert_match");
	config->mynetworks_set = is_set(config, "mynetworks");
	config->old_relay_domains = !is_set(config, "relay_domains")
		&& !is_set(config, "fast_flush_domains");
	config->old_fingerprint_digest = !is_set(config, "smtp_tls_fingerprint_digest");
	config->version = conf->version = installed(config, &defaults, postconf);
	error = level(conf, &at);
	if (error == NULL)
		error = load_rows(config, conf_raw(&defaults, "mail_version") ? &defaults : NULL);
	if (error == NULL)
		error = origin_file(config);
	if (error == NULL)
		old_defaults(config, at, level_set, reused_set);
	conf_free(&defaults);
	return error;
}

const char *config_try_load(struct config *config, const struct master_args *args, bool lmtp,
	const char *postconf)
{
	struct conf *conf = &config->conf;
	const char *error;

	*config = (struct config){.lmtp = lmtp};
	conf_set(conf, "process_name", args->program);
	error = conf_try_read(conf, NULL, "/etc/postfix");
	for (size_t i = 0; i < args->settings.count && error == NULL; i++)
		error = conf_try_option(conf, args->settings.items[i]);
	if (error)
		return error;
	config->config_directory = conf->directory;
	config->service_name = pool_text(&conf->pool, args->service);
	conf_set(conf, "service_name", config->service_name);
	return load(config, postconf);
}

void config_load(struct config *config, const struct master_args *args, bool lmtp)
{
	const char *error = config_try_load(config, args, lmtp, NULL);

	if (error == NULL)
		error = config_check(config);
	if (error)
		log_fatal("%s", error);
}

void config_free(struct config *config)
{
	conf_free(&config->conf);
}

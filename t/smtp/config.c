#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "postfix/master.h"
#include "postfix/param.h"
#include "smtp/config.h"
#include "t/lib/child.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "util/text.h"

static char directory[] = "/tmp/safemx-test-XXXXXX";
static struct config config;
static struct pool pool;

static const char *path_of(const char *name)
{
	return pool_format(&pool, "%s/%s", directory, name);
}

/* A file that has not changed for a while. */
static void put(const char *name, const char *text)
{
	const struct timeval changed[] = {{.tv_sec = time(NULL) - 60}, {.tv_sec = time(NULL) - 60}};
	FILE *file = fopen(path_of(name), "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		okf(false, "cannot write %s", name);
	utimes(path_of(name), changed);
}

/* Loads with the settings of -o, up to a NULL; returns the fatal text, or NULL. */
static const char *load_with(bool lmtp, const char *postconf, const char *const *settings)
{
	struct master_args args = {.program = lmtp ? "lmtp" : "smtp", .service = "relay"};

	args.settings.pool = &pool;
	for (; *settings; settings++)
		list_add(&args.settings, *settings);
	config_free(&config);
	return config_try_load(&config, &args, lmtp, postconf);
}

static const char *load(bool lmtp, const char *setting)
{
	return load_with(lmtp, "", (const char *[]){setting, NULL});
}

static const char *load_pair(bool lmtp, const char *a, const char *b)
{
	return load_with(lmtp, "", (const char *[]){a, b, NULL});
}

/* --- every row --- */

static bool expect(bool good, const char *name, const char *what)
{
	if (!good)
		printf("# %s: %s\n", name, what);
	return good;
}

/* What a typing mistake in a row would break. */
static bool row_makes_sense(const struct param *row)
{
	bool kept = row->field != PARAM_UNKEPT, good = true;
	bool twin = text_starts(row->name, "smtp_") && !row->only_smtp;

	for (const struct param *other = config_params.rows; other < row; other++) {
		good &= expect(strcmp(other->name, row->name) != 0, row->name, "twice");
		good &= expect(!kept || other->field != row->field, row->name, "field");
	}
	good &= expect(!row->most || row->least <= row->most, row->name, "bounds");
	good &= expect(!kept || row->field < sizeof(struct config), row->name, "field");
	good &= expect(!kept || row->type != PARAM_PRESENCE, row->name, "field");
	good &= expect(row->ours == text_starts(row->name, "safemx_"), row->name, "ours");
	good &= expect(twin == (row->lmtp_name != NULL), row->name, "twin");
	return good;
}

/* The field of a row has what TEXT, a default of 3.7, means. */
static bool has(const struct param *row, const char *text)
{
	const void *field = (const char *)&config + row->field;
	const char *expanded = "";
	char *end;
	long number = strtol(text, &end, 10);

	conf_try_expand(&config.conf, text, &expanded);
	switch (row->type) {
	case PARAM_TEXT:
		return strcmp(*(const char *const *)field, expanded) == 0;
	case PARAM_INT:
		return *(const int *)field == number;
	case PARAM_TIME:
		return *(const int *)field == (*end == 'd' ? number * 24 * 60 * 60 : number);
	case PARAM_LONG:
		return *(const long *)field == number;
	case PARAM_BOOL:
		return *(const bool *)field == text_same(expanded, "yes");
	case PARAM_PRESENCE:
		break;
	}
	return true;
}

static bool exists(const struct param *row, bool lmtp)
{
	return POSTFIX(3, 7) >= row->since && (row->until == 0 || POSTFIX(3, 7) < row->until)
		&& !(lmtp && row->only_smtp) && row->type != PARAM_PRESENCE;
}

static const char *name_of(const struct param *row, bool lmtp)
{
	return lmtp && row->lmtp_name ? row->lmtp_name : row->name;
}

static void check_defaults(bool lmtp)
{
	/* TLS is on, so that its rows are read, too */
	const char *error = load(lmtp, lmtp ? "lmtp_use_tls=yes" : "smtp_use_tls=yes");

	is_text(error, NULL, lmtp ? "defaults, LMTP" : "defaults");
	for (const struct param *row = config_params.rows;
		row < config_params.rows + config_params.count; row++) {
		const char *name = name_of(row, lmtp);
		const char *value = lmtp && row->lmtp_value ? row->lmtp_value : row->value;
		bool set = conf_raw(&config.conf, name) != NULL, there = exists(row, lmtp);
		bool good = expect(set == there, name, "is it there?");

		if (row->compute || (!there && strchr(value, '$')) || strstr(name, "_use_tls"))
			value = NULL;
		if (value && row->field != PARAM_UNKEPT)
			good &= expect(has(row, value), name, value);
		okf(good, "%s: default", name);
	}
}

/* VALUE of NAME is fatal when it is read, and nothing when it is not. */
static bool refused(const char *name, const char *value, bool lmtp, bool read)
{
	const char *setting = pool_format(&pool, "%s=%s", name, value);
	const char *error =
		load_pair(lmtp, lmtp ? "lmtp_use_tls=yes" : "smtp_use_tls=yes", setting);

	heard();
	return expect((error != NULL) == read, setting, error ? error : "no error")
		&& expect(error == NULL || strchr(value, '$') || strstr(error, name), setting,
			error);
}

static bool bounds_hold(const struct param *row, const char *name, bool lmtp)
{
	bool text = row->type == PARAM_TEXT, good = true;

	if (!text)
		good &= refused(name, "nonsense", lmtp, true);
	if (row->least && text)
		good &= refused(name, "", lmtp, true);
	if (row->least && !text)
		good &= refused(name, pool_format(&pool, "%ld", row->least - 1), lmtp, true);
	if (row->most && text)
		good &= refused(name, pool_format(&pool, "%0*d", (int)row->most + 1, 0), lmtp,
			true);
	if (row->most && !text)
		good &= refused(name, pool_format(&pool, "%ld", row->most + 1), lmtp, true);
	return good;
}

static void check_names(const struct param *row)
{
	bool there = exists(row, false), good = true;

	if (row->type == PARAM_PRESENCE || row->until) /* what refers to it would fail */
		return;
	good &= refused(row->name, "$-", false, there);
	good &= refused(row->name, "$-", true, exists(row, true) && row->lmtp_name == NULL);
	if (row->lmtp_name) {
		good &= refused(row->lmtp_name, "$-", true, exists(row, true));
		good &= refused(row->lmtp_name, "$-", false, false);
	}
	if (there)
		good &= bounds_hold(row, row->name, false);
	if (there && row->lmtp_name)
		good &= bounds_hold(row, row->lmtp_name, true);
	okf(good, "%s: names and bounds", row->name);
}

static void check_rows(void)
{
	for (size_t i = 0; i < config_params.count; i++)
		okf(row_makes_sense(&config_params.rows[i]), "%s: row", config_params.rows[i].name);
	for (size_t i = 0; i < config_params.count; i++)
		check_names(&config_params.rows[i]);
	for (size_t i = 0; i < config_params.change_count; i++) {
		const char *name = config_params.changes[i].name;
		bool found = false;

		for (size_t j = 0; j < config_params.count; j++)
			found = found || strcmp(config_params.rows[j].name, name) == 0;
		okf(found, "%s: has another default and a row", name);
	}
	check_defaults(false);
	check_defaults(true);
}

/* --- what the installed Postfix says --- */

static const char *postconf(void)
{
	static const char *const paths[] = {"/usr/sbin/postconf", "/usr/local/sbin/postconf"};

	for (size_t i = 0; i < COUNT(paths); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

/* Directories and the like: each distribution has its own. */
static bool is_built_in(const char *name)
{
	static const char *const names[] = {"mail_version", "mail_release_date", "mail_owner",
		"setgid_group", "default_database_type", "default_cache_db_type", "alias_database",
		"myhostname", "mydomain", "mynetworks", "smtp_log_tls_feature_status",
		"lmtp_log_tls_feature_status"};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return strstr(name, "_directory") || text_starts(name, "tls_eecdh_auto_")
		|| text_starts(name, "tls_ffdhe_auto_") || text_starts(name, "safemx_");
}

/* The default in VERSION, as the rows have it. */
static const char *default_in(const struct param *row, int version, bool lmtp)
{
	const char *value = lmtp && row->lmtp_value ? row->lmtp_value : row->value;

	for (size_t i = 0; i < config_params.change_count; i++) {
		const struct param_change *change = &config_params.changes[i];

		if (strcmp(change->name, row->name) == 0 && version >= change->since
			&& (change->until == 0 || version < change->until)
			&& !(lmtp && change->only_smtp))
			value = change->value;
	}
	return text_trim(&pool, value);
}

static void compare(const struct param *row, const struct conf *installed, int version, bool lmtp)
{
	const char *name = name_of(row, lmtp), *value = conf_raw(installed, name);
	bool there = version >= row->since && (row->until == 0 || version < row->until);

	if (is_built_in(name) || row->type == PARAM_PRESENCE || (lmtp && row->only_smtp))
		return;
	if (!there)
		return (void)okf(value == NULL || row->until == 0, "%s: not there", name);
	is_text(default_in(row, version, lmtp), value, name);
}

static void check_installed(void)
{
	struct conf installed = {.version = 0};
	const char *error = "", *text;
	int version;

	if (postconf() == NULL)
		return skip("the installed Postfix", "there is none");
	if (!conf_ask_defaults(&installed, postconf(), &error))
		return (void)ok(false, error);
	text = conf_raw(&installed, "mail_version");
	version = text ? version_parse(text) : 0;
	for (size_t i = 0; i < config_params.count; i++) {
		compare(&config_params.rows[i], &installed, version, false);
		if (config_params.rows[i].lmtp_name)
			compare(&config_params.rows[i], &installed, version, true);
	}
	is_text(load_with(false, NULL, (const char *[]){NULL}), NULL, "ask it");
	is_number(config.version, version, "its version");
	is_text(config.mail_owner, conf_raw(&installed, "mail_owner"), "its mail_owner");
	is_text(heard(), "", "nothing was said");
	conf_free(&installed);
}

/* --- loading --- */

static void check_order(void)
{
	load_pair(false, "smtp_helo_name=x$smtp_host_lookup", "unrelated=1");
	is_text(config.helo_name, "x", "a later default is not there yet");
	load_pair(false, "smtp_helo_name=x$smtp_host_lookup", "smtp_host_lookup=dns");
	is_text(config.helo_name, "xdns", "what was set is");
	load(false, "myorigin=x$smtp_helo_name");
	is_text(config.myorigin, "x", "global ones come first");
	load(false, "smtp_helo_name=$myhostname.$mydomain");
	ok(strchr(config.helo_name, '.') && strlen(config.helo_name) > strlen(config.myhostname),
		"so they are there for others");
	load(false, "smtp_helo_name=$mail_name/$process_id.$process_name.$service_name");
	is_text(config.helo_name, pool_format(&pool, "Postfix/%ld.smtp.relay", (long)getpid()),
		"set by the program");
	load(false, "syslog_name=x$process_id");
	is_text(config.syslog_name, "x", "the process id comes late");
	load_pair(true, "service_name=no", "lmtp_lhlo_name=$service_name-$config_directory");
	is_text(config.helo_name, pool_format(&pool, "relay-%s", directory), "not overridden");
	load_pair(false, "process_name=other", "smtp_helo_name=$process_name");
	is_text(config.helo_name, "other", "overridden");
}

static void check_names_of_host(void)
{
	load_pair(false, "myhostname=a.b.c", "smtp_helo_name=$mydomain");
	ok(strcmp(config.mydomain, "b.c") == 0 && strcmp(config.helo_name, "b.c") == 0,
		"mydomain follows myhostname");
	load_pair(false, "name=a.b", "myhostname=$name.c");
	is_text(config.mydomain, "b.c", "also when it is made of others");
	load(false, "myhostname=single");
	is_text(config.mydomain, "localdomain", "a name without a dot");
	load(false, "mydomain=example.org");
	ok(strchr(config.myhostname, '.') != NULL, "the kernel's name has a domain");
	load(false, "myhostname=x.example");
	is_text(config.myorigin, "x.example", "myorigin");
}

static void check_origin_file(void)
{
	const char *setting = pool_format(&pool, "myorigin=%s", path_of("origin"));

	put("origin", "  mail.example \nnext\n");
	is_text(load_pair(false, setting, "x=$myorigin"), NULL, "a file");
	is_text(config.myorigin, "mail.example", "its first line");
	put("origin", "");
	is_text(load(false, setting),
		pool_format(&pool, "myorigin file %s is empty", path_of("origin")), "empty");
	unlink(path_of("origin"));
	is_text(load(false, setting),
		pool_format(&pool, "%s: cannot open file: No such file or directory",
			path_of("origin")),
		"missing");
}

static void check_set_flags(void)
{
	load(false, "lmtp_tls_secure_cert_match=nexthop");
	ok(!config.secure_cert_match_set && !config.mynetworks_set, "nothing is set");
	ok(config.old_fingerprint_digest && config.old_relay_domains, "so old defaults are used");
	load(false, "smtp_tls_secure_cert_match=nexthop, dot-nexthop");
	ok(config.secure_cert_match_set, "smtp_tls_secure_cert_match");
	load(true, "lmtp_tls_secure_cert_match=nexthop");
	ok(config.secure_cert_match_set, "lmtp_tls_secure_cert_match");
	load_pair(false, "relay_domains=", "smtp_tls_fingerprint_digest=md5");
	ok(!config.old_relay_domains && !config.old_fingerprint_digest, "not what was set");
	is_text(config.tls_fingerprint_digest, "md5", "as it was set");
	load_pair(false, "fast_flush_domains=$relay_domains", "compatibility_level=2");
	ok(!config.old_relay_domains && config.old_fingerprint_digest, "nor what was not asked for");
	load_pair(false, "compatibility_level=3.6", "x=y");
	ok(!config.old_relay_domains && !config.old_fingerprint_digest, "nor above their level");
}

static void check_level(void)
{
	load(false, "compatibility_level=0");
	ok(!config.smtputf8_enable && strcmp(config.tls_fingerprint_digest, "md5") == 0, "level 0");
	load(false, "compatibility_level=3.6");
	ok(config.smtputf8_enable && strcmp(config.tls_fingerprint_digest, "sha256") == 0,
		"level 3.6");
	is_text(config.relay_domains, "", "and no relay_domains");
	load(false, "compatibility_level=3.10");
	is_text(config.tls_fingerprint_digest, "sha256", "3.10 is above 3.6");
	is_text(load(false, "compatibility_level=foo"),
		"malformed compatibility level syntax: \"foo\"", "not a level");
	is_text(load(false, "compatibility_level="), "malformed compatibility level syntax: \"\"",
		"nothing");
	is_text(heard(), "", "nothing was said");
}

/* Another Postfix, which has only these defaults. */
static const char *load_as(const char *version, const char *a, const char *b)
{
	put("postconf",
		pool_format(&pool,
			"#!/bin/sh\necho 'mail_version = %s'\n"
			"echo 'smtp_tls_enable_rpk = no'\necho 'tls_config_file = default'\n",
			version));
	chmod(path_of("postconf"), 0700);
	return load_with(false, path_of("postconf"), (const char *[]){a, b, NULL});
}

static void check_versions(void)
{
	is_text(load_as("3.5.25", "compatibility_level=3.6", "x=y"), NULL, "3.5");
	is_number(config.version, POSTFIX(3, 5), "its number");
	ok(config.smtputf8_enable && strcmp(config.tls_fingerprint_digest, "md5") == 0,
		"3.6 is 3 there, and has no sha256");
	is_text(config.tls_protocols, "!SSLv2, !SSLv3", "protocols of 3.5");
	is_text(load_as("3.5.25", "compatibility_level=x", "x=y"),
		"bad numerical configuration: compatibility_level = x", "an integer in 3.5");
	load_as("3.9.1", "smtp_tls_enable_rpk=yes", "x=y");
	ok(config.tls_enable_rpk, "there since 3.9");
	load_as("3.7.11", "smtp_tls_enable_rpk=yes", "tls_config_file=none");
	ok(config.tls_enable_rpk, "and where postconf knows it");
	load_as("3.8.6", "smtp_bind_address_enforce=yes", "x=y");
	ok(!config.bind_address_enforce, "but not what postconf does not know");
	heard();
	load_as("3.11.2", "compatibility_level=3.10", "smtp_use_tls=no");
	is_text(heard(),
		"using backwards-compatible default setting"
		" smtp_tls_security_level=(empty)",
		"3.11 speaks of an old default");
	ok(config.tlsrpt_skip_reused_handshakes && config.tls_security_level[0] == '\0',
		"and has others");
	load_as("3.11.2", "compatibility_level=3.11", "smtp_use_tls=no");
	is_text(heard(), "", "not at level 3.11");
	is_text(config.tls_security_level, "may", "which is secure by default");

	load_as("nonsense", "x=y", "x=y");
	is_text(heard(),
		"warning: unexpected version of the installed Postfix, assuming 3.7:"
		" \"nonsense\"",
		"no version");
	load_with(false, "/nowhere/postconf", (const char *[]){NULL});
	ok(strstr(heard(), "warning: cannot ask the installed Postfix") != NULL, "no postconf");
	is_number(config.version, POSTFIX(3, 7), "3.7 is assumed");
}

static void load_nonsense(void)
{
	struct master_args args = {.program = "smtp", .service = "smtp", .settings.pool = &pool};

	list_add(&args.settings, "soft_bounce=maybe");
	config_load(&config, &args, false);
}

int main(void)
{
	struct child child;

	if (mkdtemp(directory) == NULL)
		return 99;
	setenv("MAIL_CONFIG", directory, 1);
	put("main.cf", "");
	child = child_run(load_nonsense);
	heard_start();
	check_rows();
	heard();
	check_order();
	check_names_of_host();
	check_origin_file();
	check_set_flags();
	check_level();
	check_versions();
	put("main.cf", "");
	check_installed();
	is_number(child_exit(&child), 1, "exit status");
	ok(strstr(child.said, "fatal: bad boolean configuration: soft_bounce = maybe") != NULL,
		"fatal");
	heard_stop();
	config_free(&config);
	unlink(path_of("main.cf"));
	unlink(path_of("postconf"));
	rmdir(directory);
	pool_free(&pool);
	return done();
}

#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include "dns/name.h"
#include "smtp/config_check.h"
#include "util/list.h"
#include "util/log.h"
#include "util/text.h"

static struct pool *pool_of(struct config *config)
{
	return &config->conf.pool;
}

/* --- words with a fixed vocabulary --- */

enum { WORDS_MOST = 10 };

/* One word, in any case. The complaint: BEFORE [name] MIDDLE value AFTER. */
struct choice {
	size_t field; /* const char * */
	const char *name;
	const char *words[WORDS_MOST]; /* the rest is NULL */
	const char *before, *middle, *after;
	bool nameless;  /* the complaint doesn't have the name */
	bool only_smtp; /* not looked at in LMTP mode */
};

#define OF(NAME) .field = offsetof(struct config, NAME), .name = #NAME
#define COMPLAINT(BEFORE, MIDDLE, AFTER) .before = (BEFORE), .middle = (MIDDLE), .after = (AFTER)

static const struct choice choices[] = {
	{OF(tls_security_level),
		{"", "none", "may", "encrypt", "dane", "dane-only", "fingerprint", "verify",
			"secure"},
		COMPLAINT("Invalid TLS level \"", "", "\""), .nameless = true},
	{OF(tls_dane_insecure_mx_policy), {"may", "encrypt", "dane"},
		COMPLAINT("invalid ", ": \"", "\""), .only_smtp = true},
	{OF(dns_support_level), {"", "disabled", "enabled", "dnssec"},
		COMPLAINT("invalid ", ": \"", "\"")},
	{OF(address_preference), {"any", "ipv4", "ipv6"}, COMPLAINT("bad ", " value: ", "")},
	/* smtp(8) has this name in LMTP mode, too */
	{OF(address_verify_target), {"rcpt", "data"},
		COMPLAINT("bad protocol stage: \"smtp_address_verify_target = ", "", "\""),
		.nameless = true},
	{OF(header_from_format), {"standard", "obsolete"},
		COMPLAINT("invalid setting: \"header_from_format = ", "", "\""), .nameless = true},
	/* smtp(8) dies of this one at the first delivery */
	{OF(info_log_address_format), {"external", "internal"},
		COMPLAINT("invalid parameter setting \"info_log_address_format = ", "", "\""),
		.nameless = true},
	{OF(dns_mode), {"auto", "forward", "recursion"},
		COMPLAINT("invalid safemx_dns_mode: \"", "", "\""), .nameless = true},
};

static const char *text_field(const struct config *config, size_t field)
{
	return *(const char *const *)((const char *)config + field);
}

static const char *check_choice(struct config *config, const struct choice *choice)
{
	const char *value = text_field(config, choice->field), *name = "";

	for (size_t i = 0; i < WORDS_MOST && choice->words[i]; i++)
		if (text_same(choice->words[i], value))
			return NULL;
	if (choice->only_smtp && config->lmtp)
		return NULL;
	if (!choice->nameless)
		name = pool_format(pool_of(config), "%s_%s", config->lmtp ? "lmtp" : "smtp",
			choice->name);
	return pool_format(pool_of(config), "%s%s%s%s%s", choice->before, name, choice->middle,
		value, choice->after);
}

/* A parameter that holds a list of words, which have a case. */
struct vocabulary {
	size_t field; /* const char * */
	const char *name;
	const char *words[WORDS_MOST];
	bool twin; /* the name begins with smtp_ or lmtp_ */
};

static const struct vocabulary vocabularies[] = {
	{OF(inet_protocols), {"all", "ipv4", "ipv6"}, .twin = false},
	{OF(host_lookup), {"dns", "native"}, .twin = true},
	{OF(dns_resolver_options), {"res_defnames", "res_dnsrch"}, .twin = true},
	{OF(propagate_unmatched_extensions),
		{"canonical", "virtual", "alias", "forward", "include", "generic"}, .twin = false},
	/* smtp(8) dies of these when it first uses them */
	{OF(smtputf8_autodetect_classes),
		{"sendmail", "smtpd", "qmqpd", "forward", "bounce", "notify", "verify", "all"},
		.twin = false},
	{OF(notify_classes),
		{"bounce", "2bounce", "data", "delay", "policy", "protocol", "resource",
			"software"},
		.twin = false},
};

static bool knows(const char *const words[WORDS_MOST], const char *word)
{
	for (size_t i = 0; i < WORDS_MOST && words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static const char *check_vocabulary(struct config *config, const struct vocabulary *vocabulary)
{
	const char *value = text_field(config, vocabulary->field), *rest = value, *word;
	const char *prefix = !vocabulary->twin ? "" : config->lmtp ? "lmtp_" : "smtp_";

	while ((word = text_token(pool_of(config), &rest, TEXT_LIST_SEPARATORS, false)) != NULL)
		if (!knows(vocabulary->words, word))
			return pool_format(pool_of(config), "unknown %s%s value \"%s\" in \"%s\"",
				prefix, vocabulary->name, word, value);
	return NULL;
}

static const char *check_words(struct config *config)
{
	const char *error = NULL;

	for (size_t i = 0; i < COUNT(vocabularies) && error == NULL; i++)
		error = check_vocabulary(config, &vocabularies[i]);
	for (size_t i = 0; i < COUNT(choices) && error == NULL; i++)
		error = check_choice(config, &choices[i]);
	return error;
}

/* Only looked at to compute a default for mynetworks. */
static const char *check_style(struct config *config)
{
	const char *style = config->mynetworks_style, *const all[] = {"class", "subnet", "host"};
	const char *rest = style, *word;
	size_t count = 0;

	if (config->mynetworks_set)
		return NULL;
	while ((word = text_token(pool_of(config), &rest, TEXT_LIST_SEPARATORS, false)) != NULL) {
		bool known = false;

		for (size_t i = 0; i < COUNT(all); i++)
			known = known || strcmp(all[i], word) == 0;
		if (!known)
			return pool_format(pool_of(config),
				"unknown mynetworks mask style value \"%s\" in \"%s\"", word,
				style);
		count++;
	}
	if (count == 1)
		return NULL;
	return pool_format(pool_of(config),
		"bad mynetworks_style value: %s; specify exactly one value", style);
}

/* --- accounts --- */

static const char *in_main_cf(struct config *config, const char *format, ...) PRINTF_LIKE(2, 3);

static const char *in_main_cf(struct config *config, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = pool_vformat(pool_of(config), format, args);
	va_end(args);
	return pool_format(pool_of(config), "file %s/main.cf: %s", config->config_directory, text);
}

struct account {
	const char *param, *name;
	uid_t user;
	gid_t group;
};

/* Accounts are looked up before the first thread. */
/* NOLINTBEGIN(concurrency-mt-unsafe) */

/* The user NAME, who may not be privileged, nor, with SINGLE, the second one of an ID. */
static const char *check_user(struct config *config, struct account *account, bool single)
{
	const struct passwd *user = getpwnam(account->name);

	if (user == NULL)
		return in_main_cf(config, "parameter %s: unknown user name value: %s",
			account->param, account->name);
	account->user = user->pw_uid;
	account->group = user->pw_gid;
	if (account->user == 0)
		return in_main_cf(config, "parameter %s: user %s has privileged user ID",
			account->param, account->name);
	if (account->group == 0)
		return in_main_cf(config, "parameter %s: user %s has privileged group ID",
			account->param, account->name);
	user = single ? getpwuid(account->user) : NULL;
	if (user && strcmp(user->pw_name, account->name) != 0)
		return in_main_cf(config, "parameter %s: user %s has same user ID as %s",
			account->param, account->name, user->pw_name);
	return NULL;
}

static const char *check_group(struct config *config, struct account *account)
{
	const struct group *group = getgrnam(account->name);

	if (group == NULL)
		return in_main_cf(config, "parameter %s: unknown group name: %s", account->param,
			account->name);
	account->group = group->gr_gid;
	if (account->group == 0)
		return in_main_cf(config, "parameter %s: group %s has privileged group ID",
			account->param, account->name);
	group = getgrgid(account->group);
	if (group && strcmp(group->gr_name, account->name) != 0)
		return in_main_cf(config, "parameter %s: group %s has same group ID as %s",
			account->param, account->name, group->gr_name);
	return NULL;
}

/* NOLINTEND(concurrency-mt-unsafe) */

static const char *check_users(struct config *config, const struct account *a,
	const struct account *b)
{
	if (strcmp(a->name, b->name) == 0)
		return in_main_cf(config, "parameters %s and %s specify the same user %s", a->param,
			b->param, a->name);
	if (a->user == b->user)
		return in_main_cf(config,
			"parameters %s and %s: users %s and %s have the same user ID: %ld",
			a->param, b->param, a->name, b->name, (long)a->user);
	if (a->group == b->group)
		return in_main_cf(config,
			"parameters %s and %s: users %s and %s have the same group ID: %ld",
			a->param, b->param, a->name, b->name, (long)a->group);
	return NULL;
}

static const char *check_shared(struct config *config, const struct account *user,
	const struct account *group)
{
	if (user->group != group->group)
		return NULL;
	return in_main_cf(config,
		"parameters %s and %s: user %s and group %s have the same group ID: %ld",
		user->param, group->param, user->name, group->name, (long)group->group);
}

static const char *check_accounts(struct config *config)
{
	struct account privs = {.param = "default_privs", .name = config->default_privs};
	struct account owner = {.param = "mail_owner", .name = config->mail_owner};
	struct account setgid = {.param = "setgid_group", .name = config->setgid_group};
	const char *error = check_user(config, &privs, false);

	if (error == NULL)
		error = check_user(config, &owner, true);
	if (error == NULL)
		error = check_group(config, &setgid);
	if (error == NULL)
		error = check_users(config, &privs, &owner);
	if (error == NULL)
		error = check_shared(config, &privs, &setgid);
	return error ? error : check_shared(config, &owner, &setgid);
}

/* --- names, and what goes with what --- */

static const char *check_name(struct config *config, const char *param, const char *name)
{
	const char *reason, *complaint;

	if (name_is_host(name, &reason))
		return NULL;
	complaint = name_complaint(pool_of(config), name);
	if (complaint)
		log_warning("valid_hostname: %s", complaint);
	else
		log_warning("valid_hostname: %s: %s", reason, name);
	return in_main_cf(config, "parameter %s: bad parameter value: %s", param, name);
}

static const char *check_names(struct config *config)
{
	const char *error = check_name(config, "myhostname", config->myhostname);

	return error ? error : check_name(config, "mydomain", config->mydomain);
}

static const char *check_origin(struct config *config)
{
	if (text_same(config->myhostname, config->relayhost))
		return pool_format(pool_of(config),
			"myhostname and relayhost parameter settings must not be identical: %s",
			config->myhostname);
	if (config->myorigin[strcspn(config->myorigin, TEXT_LIST_SEPARATORS)])
		return pool_format(pool_of(config),
			"myorigin parameter setting must not contain multiple values: %s",
			config->myorigin);
	return NULL;
}

static const char *check_verp(struct config *config)
{
	const char *const position[] = {"first", "second"};

	for (size_t i = 0; i < COUNT(position); i++)
		if (!strchr(config->verp_delimiter_filter, config->default_verp_delimiters[i]))
			return in_main_cf(config,
				"parameters default_verp_delimiters and verp_delimiter_filter:"
				" bad %s VERP delimiter character",
				position[i]);
	return NULL;
}

static const char *check_sasl(struct config *config)
{
	const char *prefix = config->lmtp ? "lmtp" : "smtp", *cache = config->sasl_auth_cache_name;

	if (!config->sasl_auth_enable)
		return NULL;
	if (config->sasl_password_maps[0] == '\0')
		return pool_format(pool_of(config),
			"specify a password table via the `%s_sasl_password_maps' configuration"
			" parameter",
			prefix);
	if (cache[strcspn(cache, TEXT_LIST_SEPARATORS)])
		return pool_format(pool_of(config),
			"SASL authentication cache name \"%s\" contains multiple values", cache);
	if (*cache && !text_starts(cache, "proxy:"))
		return pool_format(pool_of(config),
			"SASL authentication cache name \"%s\" must start with \"proxy:", cache);
	return NULL;
}

static const char *check_ours(struct config *config)
{
	if (config->process_deliveries >= 0)
		return NULL;
	return pool_format(pool_of(config),
		"invalid safemx_process_deliveries parameter value %d < 0",
		config->process_deliveries);
}

/* --- known_tcp_ports: "name=[name=...]port, ..." (Postfix 3.6) --- */

/* What is wrong with a service NAME, or NULL. SEEN has those before it. */
static const char *name_fault(struct list *seen, const char *name)
{
	if (*name == '\0')
		return "missing service name before \"=\"";
	if (name[strcspn(name, TEXT_SPACE)])
		return "whitespace in service name";
	if (text_all_digits(name))
		return "numerical service name";
	if (list_has(seen, name))
		return "duplicate service name";
	list_add(seen, name);
	return NULL;
}

/* What is wrong with the text behind the last "=", or NULL. */
static const char *port_fault(const char *port)
{
	if (*port == '\0')
		return "missing port value after \"=\"";
	if (port[strcspn(port, TEXT_SPACE)])
		return "whitespace in port number";
	return text_all_digits(port) ? NULL : "non-numerical service port";
}

static const char *entry_fault(struct list *seen, const char *entry)
{
	const char *last = strrchr(entry, '=');
	const char *fault = port_fault(text_trim(seen->pool, last + 1));
	size_t length;

	for (const char *at = entry; fault == NULL && at <= last; at += length + 1) {
		length = strcspn(at, "=");
		fault = name_fault(seen, text_trim(seen->pool, pool_bytes(seen->pool, at, length)));
	}
	return fault;
}

/* Wrong entries do nothing; each is warned about. */
static void warn_of_ports(struct config *config)
{
	struct list seen = {.pool = pool_of(config)};
	const char *rest = config->known_tcp_ports, *entry;

	if (config->version < POSTFIX(3, 6))
		return;
	while ((entry = text_token(pool_of(config), &rest, ",", false)) != NULL) {
		bool pair = strchr(entry, '=') != NULL;
		const char *fault = pair ? entry_fault(&seen, entry) : NULL;

		if (!pair)
			log_warning("known_tcp_ports: in \"%s\" is not in \"name = value\" form",
				entry);
		else if (fault)
			log_warning("known_tcp_ports: in \"%s\": %s", entry, fault);
	}
}

static void warn(struct config *config)
{
	const char *prefix = config->lmtp ? "lmtp" : "smtp";

	if (config->tls_per_site[0] && config->tls_policy_maps[0])
		log_warning("%s_tls_per_site ignored when %s_tls_policy_maps is not empty.", prefix,
			prefix);
	warn_of_ports(config);
}

const char *config_check(struct config *config)
{
	static const char *(*const checks[])(struct config * config) = {check_names, check_accounts,
		check_style, check_origin, check_verp, check_words, check_sasl, check_ours};
	const char *error = NULL;

	for (size_t i = 0; i < COUNT(checks) && error == NULL; i++)
		error = checks[i](config);
	if (error == NULL)
		warn(config);
	return error;
}

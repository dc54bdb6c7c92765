#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "dns/answers.h"
#include "dns/unbound.h"
#include "postfix/table_redirect.h"
#include "postfix/version.h"
#include "smtp/auth.h"
#include "smtp/connections.h"
#include "smtp/ehlo.h"
#include "smtp/notify.h"
#include "smtp/own.h"
#include "smtp/requiretls.h"
#include "smtp/setup.h"
#include "smtp/tlsrpt.h"
#include "util/list.h"
#include "util/log.h"
#include "util/net.h"
#include "util/text.h"

enum { ANSWERS_MOST = 10000 }; /* DNS answers kept */

/* --- master.cf --- */

static void flags_word(struct agent *agent, const char *word)
{
	static const struct {
		char letter;
		unsigned bit;
	} letters[] = {{'D', AGENT_DELIVERED_TO}, {'O', AGENT_ORIGINAL_TO}, {'R', AGENT_RETURN_PATH},
		{'X', AGENT_FINAL}};
	const char *value = word + strlen("flags=");

	agent->flags = 0;
	for (const char *at = value; *at; at++) {
		unsigned bit = 0;

		for (size_t i = 0; i < COUNT(letters); i++)
			if (letters[i].letter == *at)
				bit = letters[i].bit;
		if (bit == 0)
			log_fatal("unknown flags=%c value \"%c\" in \"%s\"", *at, *at, value);
		agent->flags |= bit;
	}
}

static void words(struct agent *agent, struct pool *pool, const struct master_args *args)
{
	const char *flags = "flags=";

	for (size_t i = 0; i < args->words.count; i++) {
		const char *word = args->words.items[i];

		if (!text_starts_any_case(word, "flags="))
			log_fatal("unknown attribute name: %s", word);
		flags_word(agent, word);
		flags = word;
	}
	if (agent->lmtp && agent->config->lmtp_assume_final && !(agent->flags & AGENT_FINAL)) {
		agent->flags |= AGENT_FINAL;
		log_warning("lmtp_assume_final is obsolete; instead, specify \"%s\" in master.cf",
			pool_format(pool, "%sX", flags));
	}
}

/* --- words with a fixed vocabulary (postconf(5)): config_check has let no others through --- */

static void each_word(struct agent *agent, const char *value,
	void (*set)(struct agent *agent, const char *word))
{
	struct pool pool = {0};
	const char *word;

	while ((word = text_token(&pool, &value, TEXT_LIST_SEPARATORS, false)) != NULL)
		set(agent, word);
	pool_free(&pool);
}

static void enable_family(struct agent *agent, int family)
{
	for (size_t i = 0; i < agent->family_count; i++)
		if (agent->families[i] == family)
			return;
	agent->families[agent->family_count++] = family;
}

static void protocol(struct agent *agent, const char *word)
{
	if (strcmp(word, "ipv6") != 0)
		enable_family(agent, AF_INET);
	if (strcmp(word, "ipv4") != 0)
		enable_family(agent, AF_INET6);
}

static void host_lookup(struct agent *agent, const char *word)
{
	agent->lookup_dns = agent->lookup_dns || strcmp(word, "dns") == 0;
	agent->lookup_native = agent->lookup_native || strcmp(word, "native") == 0;
}

static void resolver_option(struct agent *agent, const char *word)
{
	agent->plain.defnames = agent->plain.defnames || strcmp(word, "res_defnames") == 0;
	agent->plain.search = agent->plain.search || strcmp(word, "res_dnsrch") == 0;
}

static void notify(struct agent *agent, const char *word)
{
	agent->notify |= notify_word(word) & (NOTIFY_PROTOCOL | NOTIFY_DATA);
}

/* Of the mail whose need of SMTPUTF8 cleanup(8) finds out, only notices to the postmaster are ours. */
static void autodetect(struct agent *agent, const char *word)
{
	agent->notify_autodetect = agent->notify_autodetect || strcmp(word, "notify") == 0
		|| strcmp(word, "all") == 0;
}

static void dns_support(struct agent *agent)
{
	const struct config *config = agent->config;
	const char *level = config->dns_support_level;

	if (level[0] == '\0')
		level = config->disable_dns_lookups ? "disabled" : "enabled";
	agent->dns_validated = text_same(level, "dnssec");
	agent->dns_enabled = agent->dns_validated || text_same(level, "enabled");
	if (!agent->dns_enabled) {
		agent->lookup_dns = false;
		agent->lookup_native = true;
	}
}

static void choices(struct agent *agent)
{
	const struct config *config = agent->config;

	each_word(agent, config->inet_protocols, protocol);
	each_word(agent, config->host_lookup, host_lookup);
	each_word(agent, config->dns_resolver_options, resolver_option);
	each_word(agent, config->notify_classes, notify);
	each_word(agent, config->smtputf8_autodetect_classes, autodetect);
	dns_support(agent);
	agent->probe_data = text_same(config->address_verify_target, "data");
	agent->discard_ehlo = ehlo_words(config->discard_ehlo_keywords, config->version);
}

/* --- our own addresses --- */

static void own_address(struct agent *agent, const struct addr *addr)
{
	struct addr *more = realloc(agent->own_addresses, (agent->own_count + 1) * sizeof *more);

	if (more == NULL)
		abort();
	agent->own_addresses = more;
	more[agent->own_count++] = *addr;
}

/* All interfaces, or those of the loopback. */
static void own_interfaces(struct agent *agent, bool loopback_only)
{
	size_t count;
	struct addr *all = net_own_addresses(&count);

	for (size_t i = 0; all && i < count; i++)
		if (own_family(agent, addr_family(&all[i]))
			&& (!loopback_only || addr_is_loopback(&all[i])))
			own_address(agent, &all[i]);
	free(all);
}

/* Only addresses of families in inet_protocols count; a host without any is a mistake. */
static void own_hosts(struct agent *agent, struct pool *pool, const char *value)
{
	const char *host;

	while ((host = text_token(pool, &value, " \t,", false)) != NULL) {
		size_t count;
		const struct addr *addrs = own_lookup(agent, pool, host, &count);

		if (addrs == NULL)
			log_fatal("config variable inet_interfaces: host not found: %s", host);
		for (size_t i = 0; i < count; i++)
			own_address(agent, &addrs[i]);
	}
}

/* What inet_interfaces lists must be addresses of interfaces. */
static void check_interfaces(const struct agent *agent)
{
	size_t count;
	struct addr *all = net_own_addresses(&count);
	char text[ADDR_TEXT];

	for (size_t i = 0; all && i < agent->own_count; i++) {
		const struct addr *own = &agent->own_addresses[i];
		bool found = false;

		for (size_t j = 0; j < count && !found; j++)
			found = addr_same_host(own, &all[j]);
		if (!found)
			log_fatal("parameter inet_interfaces: no local interface found for %s",
				addr_text(own, text));
	}
	free(all);
}

/* "all" and "loopback-only" only count by themselves. */
static void interfaces(struct agent *agent, struct pool *pool, const char *value)
{
	if (strcmp(value, "all") == 0 || strcmp(value, "loopback-only") == 0) {
		own_interfaces(agent, value[0] == 'l');
	} else {
		own_hosts(agent, pool, value);
		check_interfaces(agent);
	}
}

/* The one address of FAMILY that inet_interfaces leaves us, if it is no loopback. */
static void only_address(const struct agent *agent, int family, struct addr *bind)
{
	size_t count = 0;
	const struct addr *only = NULL;

	for (size_t i = 0; i < agent->own_count; i++)
		if (addr_family(&agent->own_addresses[i]) == family) {
			only = &agent->own_addresses[i];
			count++;
		}
	if (count == 1 && !addr_is_loopback(only))
		*bind = *only;
}

static void bind_address(const struct agent *agent, struct pool *pool, const char *param,
	const char *value, int family, struct addr *bind)
{
	const char *text = value;
	size_t length = strlen(value);

	if (length == 0) {
		only_address(agent, family, bind);
		return;
	}
	if (value[0] == '[') {
		if (value[length - 1] != ']')
			log_fatal("smtp_connect_addr: malformed %s parameter: %s", param, value);
		text = pool_bytes(pool, value + 1, length - 2);
	}
	if (!addr_parse(bind, text, 0) || addr_family(bind) != family)
		log_fatal("smtp_connect_addr: bad %s parameter: %s: %s", param, value,
			"Name or service not known");
}

static void addresses(struct agent *agent, struct pool *pool)
{
	const struct config *config = agent->config;

	interfaces(agent, pool, config->inet_interfaces);
	bind_address(agent, pool, pool_format(pool, "%s_bind_address", agent->program),
		config->bind_address, AF_INET, &agent->bind4);
	bind_address(agent, pool, pool_format(pool, "%s_bind_address6", agent->program),
		config->bind_address6, AF_INET6, &agent->bind6);
	agent->proxies = proxies_new();
}

/* --- tables, in Postfix's order (DATABASE_README) --- */

static const struct tables *tables(struct agent *agent, struct pool *pool, const char *name,
	const char *value, unsigned flags)
{
	return tables_open(agent->tables, pool_format(pool, "%s_%s", agent->program, name), value,
		flags);
}

static bool is_parent_style(struct pool *pool, const struct config *config, const char *param)
{
	struct list names = {.pool = pool};

	list_split(&names, config->parent_domain_matches_subdomains, TEXT_LIST_SEPARATORS, false);
	return list_has_any_case(&names, param);
}

static void generic(struct agent *agent, struct pool *pool)
{
	const struct config *config = agent->config;
	struct list words = {.pool = pool};

	list_split(&words, config->propagate_unmatched_extensions, TEXT_LIST_SEPARATORS, false);
	agent->generic = (struct rewriter){
		.maps = tables(agent, pool, "generic_maps", config->generic_maps,
			TABLE_LOCK | TABLE_FOLD | TABLE_UTF8),
		.param = pool_format(pool, "%s_generic_maps", agent->program),
		.parts = &agent->parts,
		.propagate = list_has(&words, "generic"),
		.service = service_new(&(struct service_options){
			.place = pool_format(pool, "private/%s", config->rewrite_service_name),
			.path = pool_format(pool, "private/%s", config->rewrite_service_name),
			.protocol = "trivial_rewrite_protocol",
			.version = config->version,
			.seconds = config->ipc_timeout,
			.idle = config->ipc_idle,
			.ttl = config->ipc_ttl,
		}),
	};
}

static struct checks checks(struct agent *agent, struct pool *pool, const char *name,
	const char *value)
{
	return (struct checks){
		.tables = tables(agent, pool, name, value, TABLE_LOCK),
		.param = pool_format(pool, "%s_%s", agent->program, name),
		.header = strstr(name, "header") != NULL,
		.shown = agent->config->version < POSTFIX(3, 8) ? 60 : 200,
	};
}

static void all_checks(struct agent *agent, struct pool *pool)
{
	const struct config *config = agent->config;

	agent->header_checks = checks(agent, pool, "header_checks", config->header_checks);
	agent->mime_header_checks =
		checks(agent, pool, "mime_header_checks", config->mime_header_checks);
	agent->nested_header_checks =
		checks(agent, pool, "nested_header_checks", config->nested_header_checks);
	agent->body_checks = checks(agent, pool, "body_checks", config->body_checks);
}

static void open_tables(struct agent *agent, struct pool *pool)
{
	const struct config *config = agent->config;
	const unsigned folded = TABLE_LOCK | TABLE_FOLD | TABLE_UTF8;
	struct reporter *reporter = &agent->reporter;

	reporter->status_filter_name = "smtp_delivery_status_filter"; /* so named for lmtp, too */
	reporter->status_filter = tables(agent, pool, "delivery_status_filter",
		config->delivery_status_filter, TABLE_LOCK);
	agent->debug_peers = match_open(agent->tables, "debug_peer_list", config->debug_peer_list,
		is_parent_style(pool, config, "debug_peer_list") ? MATCH_NAME_OR_ADDRESS_PARENT
		: MATCH_NAME_OR_ADDRESS, TABLE_LOCK | TABLE_UTF8);
	if (config->tls_policy_maps[0] == '\0')
		agent->per_site = tables(agent, pool, "tls_per_site", config->tls_per_site, folded);
	agent->tls_policy_maps = tables(agent, pool, "tls_policy_maps", config->tls_policy_maps, folded);
	if (config->version >= POSTFIX(3, 11) && config->requiretls_enable)
		agent->requiretls = requiretls_open(agent->tables, pool,
			pool_format(pool, "%s_requiretls_policy", agent->program), config->requiretls_policy);
	reporter->fast_flush = agent->fast_flush = match_open(agent->tables, "fast_flush_domains",
		config->fast_flush_domains, is_parent_style(pool, config, "fast_flush_domains")
		? MATCH_DOMAIN_PARENT : MATCH_DOMAIN, TABLE_LOCK | TABLE_UTF8);
	agent->cache_destinations = match_open(agent->tables,
		"smtp_connection_cache_destinations", /* for LMTP, too */
		config->connection_cache_destinations, MATCH_STRING, TABLE_LOCK | TABLE_UTF8);
	agent->discard_ehlo_maps = tables(agent, pool, agent->lmtp ? "discard_lhlo_keyword_address_maps"
		: "discard_ehlo_keyword_address_maps", config->discard_ehlo_keyword_address_maps, TABLE_LOCK);
	agent->pix_maps = tables(agent, pool, "pix_workaround_maps", config->pix_workaround_maps,
		TABLE_LOCK);
	generic(agent, pool);
	all_checks(agent, pool);
	if (config->reply_filter[0])
		agent->reply_filter = table_open(agent->tables, config->reply_filter,
			TABLE_LOCK | TABLE_FOLD);
	agent->dns_reply_filter = tables(agent, pool, "dns_reply_filter", config->dns_reply_filter,
		TABLE_LOCK | TABLE_FOLD);
	agent->srv_services = match_open(agent->tables, "use_srv_lookup", config->use_srv_lookup,
		MATCH_STRING, TABLE_LOCK | TABLE_UTF8);
}

static enum table_redirect redirect(const struct config *config)
{
	enum table_redirect level = table_redirect_level(config->non_bdb_migration_level);

	if (level == TABLE_REDIRECT_INVALID)
		log_fatal("invalid non_bdb_migration_level: \"%s\"",
			config->non_bdb_migration_level);
	return level;
}

static enum match_answer is_own(const void *agent, const struct addr *addr)
{
	return own_has(agent, addr);
}

/* What decides which parts of a mail address are keys, too. */
static void address_parts(struct agent *agent)
{
	const struct config *config = agent->config;

	agent->mydestination = match_open(agent->tables, "mydestination", config->mydestination,
		MATCH_STRING, TABLE_LOCK | TABLE_UTF8);
	agent->parts = (struct address_parts){
		.recipient_delimiter = config->recipient_delimiter,
		.owner_request_special = config->owner_request_special,
		.double_bounce_sender = config->double_bounce_sender,
		.myorigin = config->myorigin,
		.mydestination = agent->mydestination,
		.is_own = is_own,
		.is_own_context = agent,
	};
}

/* Of a table with settings in main.cf: "foo_ttl" for memcache:foo. At start, in one thread. */
static const char *table_setting(void *context, const char *name)
{
	struct config *config = context;
	const char *raw = conf_raw(&config->conf, name);

	return raw ? conf_expand(&config->conf, raw) : NULL;
}

static void table_set(struct agent *agent)
{
	const struct config *config = agent->config;
	const struct table_options options = {
		.utf8 = config->smtputf8_enable,
		.open_error_is_fatal = config->daemon_table_open_error_is_fatal,
		.version = config->version,
		.queue_directory = config->queue_directory,
		.default_database_type = config->default_database_type,
		.default_cache_db_type = config->default_cache_db_type,
		.redirect = redirect(config),
		.redirect_mapping = config->non_bdb_custom_mapping,
		.log_redirect = config->non_bdb_migration_log_redirect,
		.proxymap_service = config->proxymap_service_name,
		.proxywrite_service = config->proxywrite_service_name,
		.ipc_timeout = config->ipc_timeout,
		.ipc_idle = config->ipc_idle,
		.ipc_ttl = config->ipc_ttl,
		.bdb_read_buffer = config->berkeley_db_read_buffer_size,
		.setting = table_setting,
		.setting_context = (void *)(uintptr_t)config,
		.socketmap_reply_most = config->socketmap_max_reply_size,
		.socketmap_query_most = config->socketmap_max_query_size,
	};

	agent->tables = table_set_new(&options);
}

/* --- the daemons around us --- */

static void daemons(struct agent *agent)
{
	const struct config *config = agent->config;

	agent->wire = (struct wire){
		.version = config->version,
		.ipc_timeout = config->ipc_timeout,
		.cleanup_service = config->cleanup_service_name,
	};
	agent->reporter = (struct reporter){
		.wire = &agent->wire,
		.soft_bounce = config->soft_bounce,
		.old_relay_domains = config->old_relay_domains,
		.negative_cache = config->address_verify_negative_cache,
		.external_addresses = text_same(config->info_log_address_format, "external"),
		.delay_resolution = config->delay_logging_resolution_limit,
		.verify_name = config->address_verify_service_name,
		.bounce_name = config->bounce_service_name,
		.defer_name = config->defer_service_name,
		.trace_name = config->trace_service_name,
		.flush_name = config->flush_service_name,
	};
	agent->queue = (struct queuefile_options){config->hash_queue_names, config->hash_queue_depth};
}

/* --- DNS --- */

/* smtp_dns_reply_filter: 1 keep, 0 drop, -1 wrong. */
static int filter_record(void *context, const char *record)
{
	const struct agent *agent = context;
	struct buf result = BUF(0);
	enum table_answer answer = tables_find(agent->dns_reply_filter, record, &result);
	int verdict = answer == TABLE_NONE ? 1 : -1;

	if (answer == TABLE_FOUND && text_same(buf_text(&result), "IGNORE"))
		verdict = 0;
	else if (answer == TABLE_FOUND)
		log_warning("%s_dns_reply_filter: unknown DNS filter action: \"%s\"", agent->program,
			buf_text(&result));
	buf_close(&result);
	return verdict;
}

static enum dns_upstream upstream(const char *mode)
{
	if (text_same(mode, "forward"))
		return DNS_UPSTREAM_FORWARD;
	if (text_same(mode, "recursion"))
		return DNS_UPSTREAM_RECURSION;
	return DNS_UPSTREAM_AUTO;
}

static void dns(struct agent *agent, struct pool *pool)
{
	const struct config *config = agent->config;
	const struct unbound_options options = {
		.upstream = upstream(config->dns_mode),
		.anchor_file = config->dnssec_anchor_file,
		.exceptions = config->dnssec_exceptions,
		.probe = config->dnssec_probe,
		.ipv6 = agent->family_count > 1 || (agent->family_count && agent->families[0] == AF_INET6),
	};
	const char *error;

	agent->lookup = (struct lookup_options){
		.idna = config->smtputf8_enable,
		.idna_2003 = config->enable_idna2003_compatibility,
		.insecure_host_tlsa = config->tls_force_insecure_host_tlsa_lookup,
		.filter = agent->dns_reply_filter ? filter_record : NULL,
		.filter_context = agent,
	};
	if (!agent->dns_enabled)
		return;
	agent->unbound = unbound_new(pool, &options, &error);
	if (agent->unbound == NULL)
		log_fatal("%s", error);
	agent->answers = answers_new(plain_resolver(&agent->plain), unbound_resolver(agent->unbound),
		ANSWERS_MOST);
	agent->resolver = answers_resolver(agent->answers);
}

/* --- TLS (TLS_README) --- */

static enum tls_level global_level(const struct config *config)
{
	if (config->tls_security_level[0] == '\0') {
		if (config->enforce_tls)
			return config->tls_enforce_peername ? TLS_LEVEL_VERIFY : TLS_LEVEL_ENCRYPT;
		return config->use_tls ? TLS_LEVEL_MAY : TLS_LEVEL_NONE;
	}
	return tls_level_parse(config->tls_security_level);
}

static void tls_files(struct tls_options *options, const struct config *config)
{
	options->ca_file = config->tls_CAfile;
	options->ca_path = config->tls_CApath;
	options->append_default_ca = config->tls_append_default_CA;
	options->verify_depth = config->tls_scert_verifydepth;
	options->cert_file = config->tls_cert_file;
	options->key_file = config->tls_key_file;
	options->dcert_file = config->tls_dcert_file;
	options->dkey_file = config->tls_dkey_file;
	options->eccert_file = config->tls_eccert_file;
	options->eckey_file = config->tls_eckey_file;
	options->chain_files = config->tls_chain_files;
}

static void tls_algorithms(struct tls_options *options, const struct config *config)
{
	options->fingerprint_digest = config->tls_fingerprint_digest;
	options->dane_digests = config->tls_dane_digests;
	options->high_list = config->tls_high_cipherlist;
	options->medium_list = config->tls_medium_cipherlist;
	options->low_list = config->tls_low_cipherlist;
	options->export_list = config->tls_export_cipherlist;
	options->null_list = config->tls_null_cipherlist;
	options->curves = config->tls_eecdh_auto_curves;
	options->ssl_options = config->tls_ssl_options;
	options->disable_workarounds = config->tls_disable_workarounds;
	options->groups = config->version >= POSTFIX(3, 8) ? config->tls_ffdhe_auto_groups : "";
}

static void tls(struct agent *agent, struct pool *pool)
{
	const struct config *config = agent->config;
	struct tls_options *options = POOL_NEW(pool, struct tls_options);
	struct why off = {.pool = pool};

	agent->tls_off = "";
	agent->tls_level = global_level(config);
	if (agent->tls_level <= TLS_LEVEL_NONE && config->tls_policy_maps[0] == '\0'
		&& config->tls_per_site[0] == '\0')
		return;
	agent->tls_log = tls_log_parse(pool_format(pool, "%s_tls_loglevel", agent->program),
		config->tls_loglevel, config->version);
	tls_files(options, config);
	tls_algorithms(options, config);
	options->version = config->version;
	options->lmtp = agent->lmtp;
	options->log = agent->tls_log;
	options->session_timeout =
		config->tls_session_cache_database[0] ? config->tls_session_cache_timeout : 0;
	options->wildcards_many_labels = config->tls_wildcard_matches_multiple_labels
		&& config->version < POSTFIX(3, 6);
	options->fast_shutdown = config->tls_fast_shutdown_enable;
	options->utf8 = config->smtputf8_enable;
	options->off = &off;
	agent->tls = tls_engine_open(options);
	options->off = NULL;
	if (agent->tls == NULL && off.text)
		agent->tls_off = off.text;
}

void setup_agent(struct agent *agent, struct pool *pool, const struct config *config,
	const struct master_args *args)
{
	*agent = (struct agent){
		.config = config,
		.program = config->lmtp ? "lmtp" : "smtp",
		.service = args->service,
		.lmtp = config->lmtp,
	};
	words(agent, pool, args);
	choices(agent);
	addresses(agent, pool);
	daemons(agent);
	table_set(agent);
	open_tables(agent, pool);
	auth_setup(agent, pool);
	address_parts(agent);
	dns(agent, pool);
	tls(agent, pool);
	agent->tlsrpt = tlsrpt_setup(agent);
	agent->connections = connections_new();
}

void setup_close(struct agent *agent)
{
	connections_free(agent->connections);
	tls_engine_close(agent->tls);
	answers_free(agent->answers);
	unbound_free(agent->unbound);
	match_free(agent->fast_flush);
	match_free(agent->cache_destinations);
	match_free(agent->srv_services);
	match_free(agent->mechanisms);
	match_free(agent->mydestination);
	match_free(agent->debug_peers);
	service_free(agent->generic.service);
	table_set_free(agent->tables);
	proxies_free(agent->proxies);
	free(agent->own_addresses);
}

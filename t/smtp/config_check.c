/* Checks across parameters, as smtp(8) of Postfix 3.7.11 words them. */
#include "config.h"
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include "postfix/master.h"
#include "smtp/config_check.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"

static char directory[] = "/tmp/safemx-test-XXXXXX";
static struct config config;
static struct pool pool;

static const char accounts[] = "default_privs=nobody\nmail_owner=daemon\nsetgid_group=mail\n";

/* --- a system of the test's own: some have what is another's, too --- */

#define NAME(name) (char[]){name}

static struct passwd users[] = {
	{.pw_name = NAME("root"), .pw_uid = 0, .pw_gid = 0},
	{.pw_name = NAME("wheel"), .pw_uid = 5, .pw_gid = 0},
	{.pw_name = NAME("daemon"), .pw_uid = 1, .pw_gid = 1},
	{.pw_name = NAME("twin"), .pw_uid = 1, .pw_gid = 2},
	{.pw_name = NAME("mate"), .pw_uid = 3, .pw_gid = 1},
	{.pw_name = NAME("nobody"), .pw_uid = 65534, .pw_gid = 65534},
};

static struct group groups[] = {
	{.gr_name = NAME("root"), .gr_gid = 0},
	{.gr_name = NAME("daemon"), .gr_gid = 1},
	{.gr_name = NAME("mail"), .gr_gid = 8},
	{.gr_name = NAME("post"), .gr_gid = 8},
	{.gr_name = NAME("nogroup"), .gr_gid = 65534},
};

struct passwd *getpwnam(const char *name)
{
	for (size_t i = 0; i < COUNT(users); i++)
		if (strcmp(users[i].pw_name, name) == 0)
			return &users[i];
	return NULL;
}

struct passwd *getpwuid(uid_t id)
{
	for (size_t i = 0; i < COUNT(users); i++)
		if (users[i].pw_uid == id)
			return &users[i];
	return NULL;
}

struct group *getgrnam(const char *name)
{
	for (size_t i = 0; i < COUNT(groups); i++)
		if (strcmp(groups[i].gr_name, name) == 0)
			return &groups[i];
	return NULL;
}

struct group *getgrgid(gid_t id)
{
	for (size_t i = 0; i < COUNT(groups); i++)
		if (groups[i].gr_gid == id)
			return &groups[i];
	return NULL;
}

/* --- settings --- */

static const char *path_of(const char *name)
{
	return pool_format(&pool, "%s/%s", directory, name);
}

/* A main.cf that has not changed for a while. */
static void put_main_cf(void)
{
	const struct timeval old[] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	FILE *file = fopen(path_of("main.cf"), "w");

	if (file == NULL || fputs(accounts, file) < 0 || fclose(file) != 0)
		abort();
	utimes(path_of("main.cf"), old);
}

/* Loads with the settings of -o, up to a NULL; returns the fatal text, or NULL. */
static const char *load_with(bool lmtp, const char *const *settings)
{
	struct master_args args = {.program = lmtp ? "lmtp" : "smtp", .service = "relay"};

	args.settings.pool = &pool;
	for (; *settings; settings++)
		list_add(&args.settings, *settings);
	config_free(&config);
	return config_try_load(&config, &args, lmtp, "");
}

static const char *load_pair(bool lmtp, const char *a, const char *b)
{
	return load_with(lmtp, (const char *[]){a, b, NULL});
}

/* --- one at a time --- */

static const struct {
	bool lmtp;
	const char *a, *b, *error; /* @: "file DIRECTORY/main.cf: " */
	const char *said;
} checks[] = {
	{false, "x=y", "x=y", NULL, ""},
	{true, "x=y", "x=y", NULL, ""},
	{false, "myhostname=a..b", "x=y", "@parameter myhostname: bad parameter value: a..b",
		"warning: valid_hostname: misplaced delimiter: a..b"},
	{false, "myhostname=+3", "x=y", "@parameter myhostname: bad parameter value: +3",
		"warning: valid_hostname: invalid character 43(decimal): +3"},
	{false, "myhostname=a.b", "mydomain=-x", "@parameter mydomain: bad parameter value: -x",
		"warning: valid_hostname: misplaced hyphen: -x"},
	{false, "default_privs=no such", "x=y",
		"@parameter default_privs: unknown user name value: no such", ""},
	{false, "default_privs=root", "mail_owner=no such",
		"@parameter default_privs: user root has privileged user ID", ""},
	{false, "mail_owner=no such", "x=y",
		"@parameter mail_owner: unknown user name value: no such", ""},
	{false, "mail_owner=root", "x=y", "@parameter mail_owner: user root has privileged user ID",
		""},
	{false, "mail_owner=nobody", "x=y",
		"@parameters default_privs and mail_owner specify the same user nobody", ""},
	{false, "setgid_group=no such", "x=y",
		"@parameter setgid_group: unknown group name: no such", ""},
	{false, "mynetworks_style=foo", "x=y",
		"unknown mynetworks mask style value \"foo\" in \"foo\"", ""},
	{false, "mynetworks_style=foo", "mynetworks=127.0.0.1", NULL, ""},
	{false, "mynetworks_style=host subnet", "x=y",
		"bad mynetworks_style value: host subnet; specify exactly one value", ""},
	{false, "myhostname=a.b", "relayhost=A.b",
		"myhostname and relayhost parameter settings must not be identical: a.b", ""},
	{false, "myorigin=a, b", "x=y",
		"myorigin parameter setting must not contain multiple values: a, b", ""},
	{false, "default_verp_delimiters=aa", "x=y",
		"@parameters default_verp_delimiters and"
		" verp_delimiter_filter: bad first VERP delimiter character",
		""},
	{false, "default_verp_delimiters=+a", "x=y",
		"@parameters default_verp_delimiters and"
		" verp_delimiter_filter: bad second VERP delimiter character",
		""},
	{false, "inet_protocols=ipv4,IPv6", "x=y",
		"unknown inet_protocols value \"IPv6\" in \"ipv4,IPv6\"", ""},
	{false, "inet_protocols=", "smtp_host_lookup=native, dns", NULL, ""},
	{false, "smtp_host_lookup=dns foo,native", "x=y",
		"unknown smtp_host_lookup value \"foo\" in \"dns foo,native\"", ""},
	{false, "lmtp_host_lookup=x", "x=y", NULL, ""},
	{true, "lmtp_host_lookup=DNS", "x=y", "unknown lmtp_host_lookup value \"DNS\" in \"DNS\"",
		""},
	{false, "smtp_dns_resolver_options=x", "x=y",
		"unknown smtp_dns_resolver_options value \"x\" in \"x\"", ""},
	{false, "propagate_unmatched_extensions=x", "x=y",
		"unknown propagate_unmatched_extensions value \"x\" in \"x\"", NULL},
	{false, "smtputf8_autodetect_classes=notify Bounce", "x=y",
		"unknown smtputf8_autodetect_classes value \"Bounce\" in \"notify Bounce\"", NULL},
	{false, "notify_classes=x", "x=y", "unknown notify_classes value \"x\" in \"x\"", NULL},
	{false, "smtp_dns_support_level=foo", "x=y", "invalid smtp_dns_support_level: \"foo\"", ""},
	{true, "lmtp_dns_support_level=foo", "x=y", "invalid lmtp_dns_support_level: \"foo\"", ""},
	{false, "smtp_dns_support_level=DNSSEC", "smtp_address_preference=IPv6", NULL, ""},
	{true, "lmtp_address_preference=both", "x=y", "bad lmtp_address_preference value: both",
		""},
	{true, "lmtp_address_verify_target=mail", "x=y",
		"bad protocol stage: \"smtp_address_verify_target = mail\"", NULL},
	{false, "header_from_format=x", "x=y", "invalid setting: \"header_from_format = x\"", NULL},
	{false, "info_log_address_format=x", "x=y",
		"invalid parameter setting \"info_log_address_format = x\"", ""},
	{false, "smtp_tls_security_level=foo", "x=y", "Invalid TLS level \"foo\"", ""},
	{false, "smtp_tls_security_level=Dane-Only", "x=y", NULL, ""},
	{false, "smtp_tls_dane_insecure_mx_policy=none", "x=y",
		"invalid smtp_tls_dane_insecure_mx_policy: \"none\"", ""},
	{true, "smtp_tls_dane_insecure_mx_policy=none", "x=y", NULL, ""},
	{false, "smtp_sasl_auth_enable=yes", "x=y",
		"specify a password table via the `smtp_sasl_password_maps' configuration "
		"parameter",
		NULL},
	{true, "lmtp_sasl_auth_enable=yes", "x=y",
		"specify a password table via the `lmtp_sasl_password_maps' configuration "
		"parameter",
		NULL},
	{false, "smtp_sasl_auth_cache_name=hash:/x", "x=y", NULL, NULL},
	{false, "safemx_dns_mode=x", "x=y", "invalid safemx_dns_mode: \"x\"", ""},
	{false, "safemx_dns_mode=Recursion", "x=y", NULL, ""},
	{false, "safemx_process_deliveries=-1", "x=y",
		"invalid safemx_process_deliveries parameter value -1 < 0", ""},
	{false, "smtp_tls_per_site=static:a", "smtp_tls_policy_maps=static:b", NULL, NULL},
};

static void test_checks(void)
{
	for (size_t i = 0; i < COUNT(checks); i++) {
		const char *want = checks[i].error, *error, *said;

		error = load_pair(checks[i].lmtp, checks[i].a, checks[i].b);
		if (error == NULL)
			error = config_check(&config);
		if (want && *want == '@')
			want = pool_format(&pool, "file %s/main.cf: %s", directory, want + 1);
		is_text(error, want, checks[i].a);
		said = heard();
		if (checks[i].said)
			is_text(said, checks[i].said, checks[i].a);
	}
	load_with(false,
		(const char *[]){"smtp_sasl_auth_enable=yes", "smtp_sasl_password_maps=static:x",
			"smtp_sasl_auth_cache_name=proxy:a proxy:b", NULL});
	is_text(config_check(&config),
		"SASL authentication cache name \"proxy:a proxy:b\" contains multiple values",
		"one cache");
	load_with(false,
		(const char *[]){"smtp_sasl_auth_enable=yes", "smtp_sasl_password_maps=static:x",
			"smtp_sasl_auth_cache_name=hash:a", NULL});
	is_text(config_check(&config),
		"SASL authentication cache name \"hash:a\" must start with \"proxy:",
		"by proxymap");
	heard();
	load_pair(true, "lmtp_tls_per_site=static:a", "lmtp_tls_policy_maps=static:b");
	heard();
	config_check(&config);
	is_text(heard(),
		"warning: lmtp_tls_per_site ignored when lmtp_tls_policy_maps is not empty.",
		"both kinds of policy");
	load_pair(true, "lmtp_tls_per_site=static:a", "x=y");
	heard();
	config_check(&config);
	is_text(heard(), "", "the old kind alone");
	load_pair(true, "x=y", "lmtp_tls_policy_maps=static:b");
	heard();
	config_check(&config);
	is_text(heard(), "", "the new kind alone");
}

#define PORTS "warning: known_tcp_ports: in "

static const struct {
	const char *value, *said;
} port_lists[] = {
	{"", ""},
	{" a = b = 5 , c=0", ""},
	{",,b=1,", ""},
	{"A=5,a=6", ""},
	{"a b", PORTS "\"a b\" is not in \"name = value\" form"},
	{"a=1, ,b=2", PORTS "\" \" is not in \"name = value\" form"},
	{"a=,b=1", PORTS "\"a=\": missing port value after \"=\""},
	{"=", PORTS "\"=\": missing port value after \"=\""},
	{"=5", PORTS "\"=5\": missing service name before \"=\""},
	{"a==5", PORTS "\"a==5\": missing service name before \"=\""},
	{"a= =5", PORTS "\"a= =5\": missing service name before \"=\""},
	{"a=-1", PORTS "\"a=-1\": non-numerical service port"},
	{"a=5=b", PORTS "\"a=5=b\": non-numerical service port"},
	{"a=5 5", PORTS "\"a=5 5\": whitespace in port number"},
	{"x y=5", PORTS "\"x y=5\": whitespace in service name"},
	{"a=x y=5", PORTS "\"a=x y=5\": whitespace in service name"},
	{"x y=z w", PORTS "\"x y=z w\": whitespace in port number"},
	{"25=26", PORTS "\"25=26\": numerical service name"},
	{"a=5,b=a=6", PORTS "\"b=a=6\": duplicate service name"},
	{"a=1 ,  b=x ,c",
		PORTS "\"  b=x \": non-numerical service port|" PORTS
		      "\"c\" is not in \"name = value\" form"},
};

static void test_ports(void)
{
	for (size_t i = 0; i < COUNT(port_lists); i++) {
		load_pair(false, pool_format(&pool, "known_tcp_ports=%s", port_lists[i].value), "x=y");
		heard();
		is_text(config_check(&config), NULL, port_lists[i].value);
		is_text(heard(), port_lists[i].said, port_lists[i].value);
	}
}

/* --- accounts that share what they may not --- */

static const struct trio {
	const char *privs, *owner, *group, *error; /* behind the file's name; NULL: all is well */
} trios[] = {
	{"nobody", "daemon", "mail", NULL},
	{"wheel", "daemon", "mail", "parameter default_privs: user wheel has privileged group ID"},
	{"nobody", "wheel", "mail", "parameter mail_owner: user wheel has privileged group ID"},
	{"nobody", "daemon", "root", "parameter setgid_group: group root has privileged group ID"},
	{"nobody", "twin", "mail", "parameter mail_owner: user twin has same user ID as daemon"},
	{"twin", "nobody", "mail", NULL},
	{"nobody", "daemon", "post", "parameter setgid_group: group post has same group ID as mail"},
	{"twin", "daemon", "mail",
		"parameters default_privs and mail_owner: users twin and daemon have the same user ID: 1"},
	{"mate", "daemon", "mail",
		"parameters default_privs and mail_owner: users mate and daemon have the same group ID: 1"},
	{"nobody", "daemon", "daemon",
		"parameters mail_owner and setgid_group: user daemon and group daemon have the same group"
		" ID: 1"},
	{"nobody", "daemon", "nogroup",
		"parameters default_privs and setgid_group: user nobody and group nogroup have the same"
		" group ID: 65534"},
};

static void test_accounts(void)
{
	for (const struct trio *x = trios; x < trios + COUNT(trios); x++) {
		load_with(false, (const char *[]){pool_format(&pool, "default_privs=%s", x->privs),
			pool_format(&pool, "mail_owner=%s", x->owner),
			pool_format(&pool, "setgid_group=%s", x->group), NULL});
		is_text(config_check(&config), x->error ? pool_format(&pool, "file %s/main.cf: %s",
			directory, x->error) : NULL, x->error ? x->error : "all is well");
	}
}

/* --- the first complaint is the one that is made, and warnings are for what starts --- */

static void test_order(void)
{
	load_with(false, (const char *[]){"known_tcp_ports=a", "smtp_dns_support_level=x",
		"inet_protocols=x", "default_privs=root", "myhostname=a.b", "mydomain=-x",
		NULL});
	heard();
	is_text(config_check(&config), pool_format(&pool,
		"file %s/main.cf: parameter mydomain: bad parameter value: -x", directory), "names first");
	is_text(heard(), "warning: valid_hostname: misplaced hyphen: -x", "no word about ports");
	load_with(false, (const char *[]){"known_tcp_ports=a", "smtp_dns_support_level=x",
		"inet_protocols=x", NULL});
	is_text(config_check(&config), "unknown inet_protocols value \"x\" in \"x\"", "lists, then words");
	is_text(heard(), "", "no word about ports");
}

int main(void)
{
	if (mkdtemp(directory) == NULL)
		return 99;
	setenv("MAIL_CONFIG", directory, 1);
	heard_start();
	put_main_cf();
	test_checks();
	test_ports();
	test_accounts();
	test_order();
	heard_stop();
	config_free(&config);
	unlink(path_of("main.cf"));
	rmdir(directory);
	pool_free(&pool);
	return done();
}

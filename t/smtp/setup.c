#include "config.h"
#include <stdio.h>
#include <string.h>
#include "postfix/version.h"
#include "smtp/ehlo.h"
#include "smtp/notify.h"
#include "smtp/setup.h"
#include "t/lib/child.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/lib/test_agent.h"
#include "util/list.h"

static struct test_agent test;

/* What came of the settings, in words. */
static const char *described(void)
{
	const struct agent *a = &test.agent;
	char bind4[ADDR_TEXT], bind6[ADDR_TEXT];
	const char *families = "";

	for (size_t i = 0; i < a->family_count; i++)
		families = pool_format(&test.pool, "%s%s", families, a->families[i] == AF_INET ? "4" : "6");
	return pool_format(&test.pool, "%s families=%s lookup=%s%s dns=%s resolver=%s%s notify=%s%s"
		" probe=%s flags=%s%s%s%s bind=%s/%s discard=%s level=%s", a->program, families,
		a->lookup_dns ? "d" : "", a->lookup_native ? "n" : "",
		a->dns_validated ? "validated" : a->dns_enabled ? "enabled" : "disabled",
		a->plain.defnames ? "d" : "", a->plain.search ? "s" : "",
		a->notify & NOTIFY_PROTOCOL ? "p" : "", a->notify & NOTIFY_DATA ? "d" : "",
		a->probe_data ? "data" : "rcpt", a->flags & AGENT_DELIVERED_TO ? "D" : "",
		a->flags & AGENT_ORIGINAL_TO ? "O" : "", a->flags & AGENT_RETURN_PATH ? "R" : "",
		a->flags & AGENT_FINAL ? "X" : "", a->bind4.length ? addr_text(&a->bind4, bind4) : "",
		a->bind6.length ? addr_text(&a->bind6, bind6) : "",
		ehlo_names(&test.pool, a->discard_ehlo, POSTFIX(3, 7)), tls_level_name(a->tls_level));
}

static const struct setting {
	const char *settings;
	bool lmtp;
	const char *has;  /* a part of the description */
	const char *said; /* NULL: nothing */
} all_settings[] = {
	{"", false, "smtp families=4 lookup=d dns=enabled resolver= notify= probe=rcpt flags= bind=/ discard="
		" level=none", NULL},
	{"", true, "lmtp families=4 lookup=d ", NULL},
	{"inet_protocols=all", false, "families=46 ", NULL},
	{"inet_protocols=ipv6, ipv4", false, "families=64 ", NULL},
	{"inet_protocols=ipv4 ipv4", false, "families=4 ", NULL},
	{"smtp_host_lookup=native, dns", false, "lookup=dn ", NULL},
	{"lmtp_host_lookup=native", true, "lookup=n ", NULL},
	{"smtp_dns_support_level=dnssec", false, "dns=validated", NULL},
	{"smtp_dns_support_level=disabled", false, "lookup=n dns=disabled", NULL},
	{"disable_dns_lookups=yes", false, "lookup=n dns=disabled", NULL},
	{"lmtp_dns_resolver_options=res_defnames,res_dnsrch", true, "resolver=ds", NULL},
	{"notify_classes=bounce, protocol", false, "notify=p ", NULL},
	{"notify_classes=data resource", false, "notify=d ", NULL},
	{"smtp_address_verify_target=data", false, "probe=data", NULL},
	{"flags=DOR", false, "flags=DOR ", NULL},
	{"flags=X", true, "flags=X ", NULL},
	{"flags=D; lmtp_assume_final=yes", true, "flags=DX ",
		"lmtp_assume_final is obsolete; instead, specify \"flags=DX\" in master.cf"},
	{"smtp_bind_address=[192.0.2.1]", false, "bind=192.0.2.1/ ", NULL},
	{"lmtp_bind_address6=2001:db8::1", true, "bind=/2001:db8::1 ", NULL},
	{"smtp_discard_ehlo_keywords=dsn, starttls, no-such-word", false, "discard=STARTTLS DSN ", NULL},
	{"smtp_use_tls=yes", false, "level=may", NULL},
	{"smtp_enforce_tls=yes; smtp_tls_enforce_peername=no", false, "level=encrypt", NULL},
	{"smtp_enforce_tls=yes", false, "level=verify", NULL},
	{"smtp_enforce_tls=yes; smtp_tls_security_level=none", false, "level=none", NULL},
	{"lmtp_tls_loglevel=x", true, "level=none", NULL},
	{"lmtp_tls_loglevel=x; lmtp_tls_security_level=may", true, "level=may",
		"unknown lmtp_tls_loglevel value \"x\" in \"x\""},
	{"smtp_tls_loglevel=1 x; smtp_tls_security_level=may", false, "level=may",
		"unknown smtp_tls_loglevel value \"x\" in \"1 x\""},
};

static void test_settings(void)
{
	for (const struct setting *x = all_settings; x < all_settings + COUNT(all_settings); x++) {
		const char *said;

		heard_start();
		test_agent_open(&test, x->lmtp, 0, x->settings);
		said = heard();
		if (!ok(strstr(described(), x->has) != NULL, x->settings))
			printf("# %s\n", described());
		if (!ok(x->said ? strstr(said, x->said) != NULL : *said == '\0', x->settings))
			printf("# said: %s\n", said);
		test_agent_close(&test);
		heard_stop();
	}
}

/* --- what ends the process --- */

static const struct fatal {
	const char *flags, *bind, *interfaces, *said;
} fatals[] = {
	{"flags=DQ", "", "all", "fatal: unknown flags=Q value \"Q\" in \"DQ\"\n"},
	{"what=D", "", "all", "fatal: unknown attribute name: what=D\n"},
	{"flags=", "[192.0.2.1", "all",
		"fatal: smtp_connect_addr: malformed smtp_bind_address parameter: [192.0.2.1\n"},
	{"flags=", "host", "all", "fatal: smtp_connect_addr: bad smtp_bind_address parameter: host:"},
	{"flags=", "2001:db8::1", "all",
		"fatal: smtp_connect_addr: bad smtp_bind_address parameter: 2001:db8::1:"},
	{"flags=", "", "192.0.2.77",
		"fatal: parameter inet_interfaces: no local interface found for 192.0.2.77\n"},
};

static const struct fatal *fatal;

static void die(void)
{
	struct agent agent;
	struct pool pool = {0};
	struct master_args args = {.program = "smtp", .service = "out", .words = {.pool = &pool}};

	list_add(&args.words, fatal->flags);
	test.config.bind_address = fatal->bind;
	test.config.inet_interfaces = fatal->interfaces;
	setup_agent(&agent, &pool, &test.config, &args);
}

/* All at once: each takes a second to die. */
static void test_fatals(void)
{
	struct child children[COUNT(fatals)];

	test_agent_open(&test, false, 0, NULL);
	for (size_t i = 0; i < COUNT(fatals); i++) {
		fatal = &fatals[i];
		children[i] = child_run(die);
	}
	for (size_t i = 0; i < COUNT(fatals); i++) {
		is_number(child_exit(&children[i]), 1, fatals[i].said);
		if (!ok(strncmp(children[i].said, fatals[i].said, strlen(fatals[i].said)) == 0,
			fatals[i].said))
			printf("# said: %s\n", children[i].said);
	}
	test_agent_close(&test);
}

int main(void)
{
	test_fatals(); /* before anybody listens to the log */
	test_settings();
	return done();
}

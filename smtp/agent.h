#ifndef SMTP_AGENT_H
#define SMTP_AGENT_H
/*
 * agent - what all deliveries share. Made by main before the first thread, const afterwards; always
 * the first argument.
 */
#include <stdbool.h>
#include "dns/lookup.h"
#include "dns/plain.h"
#include "postfix/lookup_address.h"
#include "postfix/checks.h"
#include "postfix/match.h"
#include "postfix/queuefile.h"
#include "postfix/report.h"
#include "postfix/rewrite.h"
#include "postfix/table.h"
#include "postfix/wire.h"
#include "smtp/config.h"
#include "tls/engine.h"
#include "tls/expect.h"

struct answers;
struct connections;
struct requiretls_policy;
struct proxies;
struct unbound;

enum agent_header { AGENT_DELIVERED_TO = 1, AGENT_ORIGINAL_TO = 2, AGENT_RETURN_PATH = 4, AGENT_FINAL = 8 };

struct agent {
	const struct config *config;
	const char *program;           /* "smtp" or "lmtp": the personality */
	const char *service;           /* name in master.cf */
	bool lmtp;
	unsigned flags;                /* AGENT_ bits of flags=DORX */
	bool probe_data;               /* smtp_address_verify_target = data */
	struct wire wire;
	struct reporter reporter;
	struct queuefile_options queue;

	struct resolver resolver;      /* plain and validated, behind the answer cache */
	struct answers *answers;       /* behind resolver; NULL: DNS is disabled */
	struct unbound *unbound;       /* NULL: DNS is disabled */
	struct plain_options plain;    /* smtp_dns_resolver_options */
	struct lookup_options lookup;
	bool dns_enabled, dns_validated; /* smtp_dns_support_level: not disabled; dnssec */
	bool lookup_dns, lookup_native;  /* smtp_host_lookup */
	int families[2];               /* in the order to ask */
	size_t family_count;           /* 0: all network protocols are disabled */
	struct addr *own_addresses;    /* inet_interfaces */
	size_t own_count;
	struct proxies *proxies;       /* proxy_interfaces */
	struct match *debug_peers;     /* debug_peer_list */
	struct match *mydestination;   /* NULL: none */
	struct address_parts parts;    /* for searches by a mail address */
	struct addr bind4, bind6;      /* length 0: none */

	struct tls_engine *tls;        /* NULL: TLS is off, or failed to start */
	const char *tls_off;           /* why it failed; "" it did not */
	enum tls_level tls_level;      /* smtp_tls_security_level or its obsolete kin */
	bool tlsrpt;                   /* TLSRPT is wanted, and possible */
	unsigned tls_log;              /* TLS_LOG_ bits of smtp_tls_loglevel */
	const struct tables *per_site; /* smtp_tls_per_site; NULL too when there are policy maps */
	const struct tables *tls_policy_maps, *discard_ehlo_maps;
	const struct requiretls_policy *requiretls; /* smtp_requiretls_policy */
	const struct table *reply_filter; /* NULL: none */
	const struct tables *dns_reply_filter;
	const struct tables *pix_maps; /* smtp_pix_workaround_maps */
	unsigned discard_ehlo;         /* EHLO_ bits of smtp_discard_ehlo_keywords */
	struct match *srv_services; /* use_srv_lookup */
	struct match *cache_destinations; /* smtp_connection_cache_destinations */
	struct match *fast_flush;      /* fast_flush_domains, for the reporter */
	struct connections *connections;  /* kept open */
	const struct tables *passwords; /* smtp_sasl_password_maps */
	const struct table *auth_failures; /* smtp_sasl_auth_cache_name; NULL: none */
	struct match *mechanisms;      /* smtp_sasl_mechanism_filter */
	struct rewriter generic;       /* smtp_generic_maps */
	struct checks header_checks, mime_header_checks, nested_header_checks, body_checks;
	struct table_set *tables;
	unsigned notify;               /* NOTIFY_ bits of notify_classes */
	bool notify_autodetect;        /* smtputf8_autodetect_classes has such notices */
};

#endif

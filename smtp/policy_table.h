#ifndef SMTP_POLICY_TABLE_H
#define SMTP_POLICY_TABLE_H
/*
 * policy_table - smtp_tls_policy_maps: the search, and the text of an entry (TLS_README).
 */
#include <stdbool.h>
#include "smtp/agent.h"
#include "util/list.h"

struct policy_entry {
	enum tls_level level;
	const char *ciphers, *protocols, *exclude, *servername; /* NULL: not given */
	struct list match;         /* names and strategies, or fingerprints */
	struct list tafiles;
	int connection_reuse;      /* -1 not given, 0, 1 */
	int enable_rpk;
	/* What an MTA-STS plug-in tells (3.10) */
	const char *policy_type, *policy_ttl, *policy_domain, *policy_failure;
	struct list policy_strings, mx_host_patterns;
	const char *failure;       /* POLICY_WRONG: table, key and answer, for the refusal's text */
};

enum policy_found { POLICY_FOUND, POLICY_NONE, POLICY_WRONG /* WARNINGS says why */ };

/* Looks NEXTHOP up and parses what is found. What a person should know goes to WARNINGS. */
enum policy_found policy_lookup(const struct agent *agent, struct pool *pool, const char *nexthop,
	struct policy_entry *entry, struct list *warnings);

/* The parser alone: WHERE is the origin for warnings. Pure. False: the policy is invalid. */
bool policy_parse(struct pool *pool, const char *where, const char *text, int version,
	struct policy_entry *entry, struct list *warnings);

#endif

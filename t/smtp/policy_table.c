#include "config.h"
#include <stddef.h>
#include <string.h>
#include "postfix/version.h"
#include "smtp/policy_table.h"
#include "t/lib/tap.h"

/* What is wrong with a policy, or "" when it stands. The origin is "W". */
static const struct text {
	const char *policy, *warning;
	int version; /* 0: 3.7 */
} texts[] = {
	{"may", "", 0},
	{"SECURE match=nexthop:.example.com", "", 0},
	{"encrypt, protocols=>=TLSv1.2 ciphers=high", "", 0},
	{"encrypt protocols=", "", 0},
	{"verify CONNECTION_REUSE=yes connection_reuse=no", "", 0},
	{"secure match=a match=b tafile=/x tafile=/y", "", 0},
	{"none ciphers=high", "W: ignoring attribute \"ciphers=high\" with TLS disabled", 0},
	{"", "W: invalid empty policy", 0},
	{" ,\t", "W: invalid empty policy", 0},
	{"sure", "W: invalid security level \"sure\"", 0},
	{"half-dane", "W: invalid security level \"half-dane\"", 0},
	{"secure match",
		"W: malformed attribute/value pair \"match\": missing '=' after attribute name", 0},
	{"secure =x", "W: malformed attribute/value pair \"=x\": missing attribute name", 0},
	{"encrypt ciphers=", "W: attribute \"ciphers\" has empty value", 0},
	{"secure match=", "W: attribute \"match\" has empty value", 0},
	{"encrypt ciphers=high ciphers=high", "W: attribute \"ciphers\" is specified multiple times", 0},
	{"encrypt servername=-x", "W: \"servername=-x\" specifies an invalid hostname", 0},
	{"encrypt servername=hostname", "", 0},
	{"encrypt match=a", "W: attribute \"match\" invalid at security level \"encrypt\"", 0},
	{"may tafile=/x", "W: attribute \"tafile\" invalid at security level \"may\"", 0},
	{"dane match=a", "W: attribute \"match\" invalid at security level \"dane\"", 0},
	{"fingerprint tafile=/x", "W: attribute \"tafile\" invalid at security level \"fingerprint\"", 0},
	{"secure match=:", "W: attribute \"match\" has empty value", 0},
	{"fingerprint match=|", "W: attribute \"match\" has empty value", 0},
	{"may connection_reuse=maybe", "W: attribute \"connection_reuse\" has bad value: \"maybe\"", 0},
	{"may colour=blue", "W: invalid attribute name: \"colour\"", 0},
	{"may enable_rpk=yes", "W: invalid attribute name: \"enable_rpk\"", 0},
	{"may enable_rpk=yes", "", POSTFIX(3, 9)},
	{"secure match=a policy_type=sts policy_ttl=86400 mx_host_pattern=*.a.example", "",
		POSTFIX(3, 10)},
	{"secure match=a policy_ttl=x policy_type=sts",
		"W: attribute \"policy_ttl\" has a malformed value: \"x\"", POSTFIX(3, 10)},
	{"secure match=a policy_ttl= policy_type=sts",
		"W: attribute \"policy_ttl\" has a malformed value: \"\"", POSTFIX(3, 10)},
	{"secure match=a policy_type=sts policy_ttl=12 policy_ttl=13",
		"W: attribute \"policy_ttl\" is specified multiple times", POSTFIX(3, 10)},
	{"secure match=a policy_type=foo",
		"W: attribute \"policy_type\" has an unexpected value: \"foo\"", POSTFIX(3, 10)},
	{"secure match=a policy_type=",
		"W: attribute \"policy_type\" has an unexpected value: \"\"", POSTFIX(3, 10)},
	{"secure match=a policy_type=STS", "", POSTFIX(3, 10)},
	{"secure match=a policy_type=no-policy-found policy_domain=a.example", "", POSTFIX(3, 10)},
	{"secure match=a policy_type=sts policy_type=sts",
		"W: attribute \"policy_type\" is specified multiple times", POSTFIX(3, 10)},
	{"secure match=a policy_type=sts policy_domain=-a-",
		"valid_hostname: misplaced hyphen: -a-", POSTFIX(3, 10)},
	{"secure match=a policy_type=sts policy_domain=", "valid_hostname: empty hostname",
		POSTFIX(3, 10)},
	{"secure match=a policy_type=sts policy_failure=foo",
		"W: attribute \"policy_failure\" has an unexpected value: \"foo\"", POSTFIX(3, 10)},
	{"secure match=a policy_type=sts policy_failure=STS-WEBPKI-INVALID", "", POSTFIX(3, 10)},
	{"secure match=a policy_type=sts policy_failure=validation-failure", "", POSTFIX(3, 10)},
	{"secure match=a policy_type=sts mx_host_pattern= policy_string=", "", POSTFIX(3, 10)},
	{"secure match=a policy_ttl=5", "W: built-in policy has unexpected attribute policy_ttl,"
		" policy_domain, policy_string, mx_host_pattern or policy_failure", POSTFIX(3, 10)},
	{"secure match=a policy_domain=a.example", "W: built-in policy has unexpected attribute"
		" policy_ttl, policy_domain, policy_string, mx_host_pattern or policy_failure",
		POSTFIX(3, 10)},
	{"secure match=a policy_type=sts {policy_string = version: STSv1}", "", POSTFIX(3, 10)},
};

static void warnings(void)
{
	for (const struct text *t = texts; t < texts + COUNT(texts); t++) {
		struct pool pool = {0};
		struct list said = {.pool = &pool};
		struct policy_entry entry;
		bool stands = policy_parse(&pool, "W", t->policy,
			t->version ? t->version : POSTFIX(3, 7), &entry, &said);

		is_text(said.count ? said.items[0] : "", t->warning, t->policy);
		okf(stands == (t->warning[0] == '\0' || strstr(t->warning, "ignoring") != NULL),
			"\"%s\" stands or falls", t->policy);
		pool_free(&pool);
	}
}

static void values(void)
{
	struct pool pool = {0};
	struct list said = {.pool = &pool};
	struct policy_entry entry;

	policy_parse(&pool, "W", "secure match=nexthop:.a.example match=b tafile=/x exclude= ciphers=high"
		" connection_reuse=yes", POSTFIX(3, 7), &entry, &said);
	ok(entry.level == TLS_LEVEL_SECURE, "level");
	is_text(list_join(&entry.match, "|"), "nexthop|.a.example|b", "match adds up");
	is_text(list_join(&entry.tafiles, "|"), "/x", "tafile");
	is_text(entry.exclude, "", "an empty exclude is given");
	is_text(entry.ciphers, "high", "ciphers");
	is_text(entry.protocols, NULL, "protocols not given");
	ok(entry.connection_reuse == 1 && entry.enable_rpk == -1, "yes, and not given");
	policy_parse(&pool, "W", "fingerprint match=AA:BB|CC", POSTFIX(3, 7), &entry, &said);
	is_text(list_join(&entry.match, " "), "AA:BB CC", "fingerprints split at |");
	pool_free(&pool);
}

int main(void)
{
	warnings();
	values();
	return done();
}

#include "config.h"
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include "dns/name.h"
#include "postfix/version.h"
#include "smtp/policy_table.h"
#include "util/log.h"
#include "util/text.h"

/* A parse in progress: what an attribute's setter may see and change. */
struct parse {
	struct pool *pool;
	const char *where;
	int version;
	struct policy_entry *entry;
	struct list *warnings;
	unsigned seen; /* attributes that occurred, as bits of their rows */
};

static bool PRINTF_LIKE(2, 3) wrong(struct parse *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	list_add(p->warnings, pool_format(p->pool, "%s: %s", p->where,
		pool_vformat(p->pool, format, args)));
	va_end(args);
	return false;
}

/* --- setters: one kind of value each; name is the attribute's, as in the table below --- */

enum kind {
	KIND_TEXT,        /* once; may be empty */
	KIND_FILLED,      /* once; not empty */
	KIND_HOST,        /* once; a host name, or the words hostname and nexthop */
	KIND_MATCH,       /* many; split as the level wants */
	KIND_LIST,        /* many; each a member, not empty */
	KIND_LINES,       /* many; each a member, whatever it is */
	KIND_YES_NO,      /* the last one wins */
	KIND_DIGITS,      /* once */
	KIND_DOMAIN,      /* once; a host name */
	KIND_WORD,        /* once; one of some words */
};

static const char *const policy_types[] = {"sts", "no-policy-found", NULL};
static const char *const policy_failures[] = {"sts-policy-fetch-error", "sts-policy-invalid",
	"sts-webpki-invalid", "validation-failure", NULL};

static const struct attribute {
	const char *name;
	enum kind kind;
	bool verified_only;  /* verify and secure */
	bool matched_only;   /* fingerprint, verify and secure */
	int since;           /* POSTFIX() */
	const char *const *words;
	size_t field;        /* of struct policy_entry */
} attributes[] = {
	{"ciphers", KIND_FILLED, .field = offsetof(struct policy_entry, ciphers)},
	{"protocols", KIND_TEXT, .field = offsetof(struct policy_entry, protocols)},
	{"exclude", KIND_TEXT, .field = offsetof(struct policy_entry, exclude)},
	{"servername", KIND_HOST, .field = offsetof(struct policy_entry, servername)},
	{"match", KIND_MATCH, .matched_only = true, .field = offsetof(struct policy_entry, match)},
	{"tafile", KIND_LIST, .verified_only = true, .field = offsetof(struct policy_entry, tafiles)},
	{"connection_reuse", KIND_YES_NO, .field = offsetof(struct policy_entry, connection_reuse)},
	{"enable_rpk", KIND_YES_NO, .since = POSTFIX(3, 9),
		.field = offsetof(struct policy_entry, enable_rpk)},
	{"policy_type", KIND_WORD, .since = POSTFIX(3, 10), .words = policy_types,
		.field = offsetof(struct policy_entry, policy_type)},
	{"policy_ttl", KIND_DIGITS, .since = POSTFIX(3, 10),
		.field = offsetof(struct policy_entry, policy_ttl)},
	{"policy_domain", KIND_DOMAIN, .since = POSTFIX(3, 10),
		.field = offsetof(struct policy_entry, policy_domain)},
	{"policy_string", KIND_LINES, .since = POSTFIX(3, 10),
		.field = offsetof(struct policy_entry, policy_strings)},
	{"mx_host_pattern", KIND_LINES, .since = POSTFIX(3, 10),
		.field = offsetof(struct policy_entry, mx_host_patterns)},
	{"policy_failure", KIND_WORD, .since = POSTFIX(3, 10), .words = policy_failures,
		.field = offsetof(struct policy_entry, policy_failure)},
};

static const struct attribute *find(const struct parse *p, const char *name)
{
	for (size_t i = 0; i < COUNT(attributes); i++)
		if (text_same(attributes[i].name, name) && p->version >= attributes[i].since)
			return &attributes[i];
	return NULL;
}

static void *field(const struct parse *p, const struct attribute *attribute)
{
	return (char *)p->entry + attribute->field;
}

static bool once(struct parse *p, const struct attribute *attribute)
{
	unsigned bit = 1u << (attribute - attributes);

	if (p->seen & bit)
		return wrong(p, "attribute \"%s\" is specified multiple times", attribute->name);
	p->seen |= bit;
	return true;
}

static bool set_text(struct parse *p, const struct attribute *attribute, const char *value)
{
	if (!once(p, attribute))
		return false;
	*(const char **)field(p, attribute) = value;
	return true;
}

static bool set_host(struct parse *p, const struct attribute *attribute, const char *value)
{
	const char *reason;

	if (!name_is_host(value, &reason))
		return wrong(p, "\"%s=%s\" specifies an invalid hostname", attribute->name, value);
	return set_text(p, attribute, value);
}

static bool malformed(struct parse *p, const struct attribute *attribute, const char *value)
{
	return wrong(p, "attribute \"%s\" has a malformed value: \"%s\"", attribute->name, value);
}

static bool set_digits(struct parse *p, const struct attribute *attribute, const char *value)
{
	return text_all_digits(value) ? set_text(p, attribute, value) : malformed(p, attribute, value);
}

static bool set_domain(struct parse *p, const struct attribute *attribute, const char *value)
{
	if (name_is_host(value, NULL))
		return set_text(p, attribute, value);
	list_add(p->warnings, pool_format(p->pool, "valid_hostname: %s",
		name_complaint(p->pool, value)));
	return malformed(p, attribute, value);
}

static bool set_word(struct parse *p, const struct attribute *attribute, const char *value)
{
	for (const char *const *word = attribute->words; *word; word++)
		if (text_same(*word, value))
			return set_text(p, attribute, value);
	return wrong(p, "attribute \"%s\" has an unexpected value: \"%s\"", attribute->name, value);
}

static bool set_yes_no(struct parse *p, const struct attribute *attribute, const char *value)
{
	if (!text_same(value, "yes") && !text_same(value, "no"))
		return wrong(p, "attribute \"%s\" has bad value: \"%s\"", attribute->name, value);
	*(int *)field(p, attribute) = text_same(value, "yes");
	return true;
}

/* A list of nothing must not become the default list. */
static bool add_matches(struct parse *p, const struct attribute *attribute, const char *value)
{
	size_t before = p->entry->match.count;

	list_split(&p->entry->match, value, p->entry->level == TLS_LEVEL_FINGERPRINT ? "|" : ":",
		false);
	return p->entry->match.count > before
		|| wrong(p, "attribute \"%s\" has empty value", attribute->name);
}

static bool set_value(struct parse *p, const struct attribute *attribute, const char *value)
{
	switch (attribute->kind) {
	case KIND_TEXT:
	case KIND_FILLED:
		return set_text(p, attribute, value);
	case KIND_HOST:
		return set_host(p, attribute, value);
	case KIND_MATCH:
		return add_matches(p, attribute, value);
	case KIND_LIST:
	case KIND_LINES:
		list_add(field(p, attribute), value);
		return true;
	case KIND_YES_NO:
		return set_yes_no(p, attribute, value);
	case KIND_DIGITS:
		return set_digits(p, attribute, value);
	case KIND_DOMAIN:
		return set_domain(p, attribute, value);
	case KIND_WORD:
		return set_word(p, attribute, value);
	}
	return false;
}

static bool fits_level(const struct parse *p, const struct attribute *attribute)
{
	enum tls_level level = p->entry->level;
	bool verified = level == TLS_LEVEL_VERIFY || level == TLS_LEVEL_SECURE;

	return !(attribute->verified_only && !verified)
		&& !(attribute->matched_only && !verified && level != TLS_LEVEL_FINGERPRINT);
}

/* Others say in their own words what is wrong with an empty value, if anything. */
static bool must_be_filled(const struct attribute *attribute)
{
	return attribute->kind == KIND_FILLED || attribute->kind == KIND_MATCH
		|| attribute->kind == KIND_LIST;
}

/* TOKEN is "name=value", white space around both ignored. */
static bool set(struct parse *p, const char *token)
{
	const char *equals = strchr(token, '='), *name, *value;
	const struct attribute *attribute;

	if (equals == NULL)
		return wrong(p, "malformed attribute/value pair \"%s\": missing '=' after attribute name",
			token);
	name = text_trim(p->pool, pool_bytes(p->pool, token, (size_t)(equals - token)));
	value = text_trim(p->pool, equals + 1);
	if (*name == '\0')
		return wrong(p, "malformed attribute/value pair \"%s\": missing attribute name", token);
	attribute = find(p, name);
	if (attribute == NULL)
		return wrong(p, "invalid attribute name: \"%s\"", name);
	if (!fits_level(p, attribute))
		return wrong(p, "attribute \"%s\" invalid at security level \"%s\"", attribute->name,
			tls_level_name(p->entry->level));
	if (*value == '\0' && must_be_filled(attribute))
		return wrong(p, "attribute \"%s\" has empty value", attribute->name);
	return set_value(p, attribute, value);
}

/* The attributes behind the level; { name = value } since 3.10. */
static bool set_all(struct parse *p, const char *rest)
{
	bool braces = p->version >= POSTFIX(3, 10);
	const char *token, *error;

	while ((token = text_token(p->pool, &rest, TEXT_LIST_SEPARATORS, braces)) != NULL) {
		if (p->entry->level == TLS_LEVEL_NONE) {
			wrong(p, "ignoring attribute \"%s\" with TLS disabled", token);
			continue;
		}
		if (braces && (token = text_unbrace(p->pool, token, &error)) == NULL)
			return wrong(p, "%s", error);
		if (!set(p, token))
			return false;
	}
	return true;
}

static bool sts_is_complete(struct parse *p)
{
	const struct policy_entry *entry = p->entry;

	if (entry->policy_type == NULL && (entry->policy_ttl || entry->policy_domain
		|| entry->policy_failure || entry->policy_strings.count || entry->mx_host_patterns.count))
		return wrong(p, "built-in policy has unexpected attribute policy_ttl, policy_domain,"
			" policy_string, mx_host_pattern or policy_failure");
	return true;
}

/* policy = level *( sep attribute ) */
bool policy_parse(struct pool *pool, const char *where, const char *text, int version,
	struct policy_entry *entry, struct list *warnings)
{
	struct parse p = {pool, where, version, entry, warnings, 0};
	const char *level = text_token(pool, &text, TEXT_LIST_SEPARATORS, false);

	*entry = (struct policy_entry){.match = {.pool = pool}, .tafiles = {.pool = pool},
		.policy_strings = {.pool = pool}, .mx_host_patterns = {.pool = pool},
		.connection_reuse = -1, .enable_rpk = -1};
	if (level == NULL)
		return wrong(&p, "invalid empty policy");
	entry->level = tls_level_parse(level);
	if (entry->level == TLS_LEVEL_INVALID)
		return wrong(&p, "invalid security level \"%s\"", level);
	return set_all(&p, text) && sts_is_complete(&p);
}

/* "name", then ".parent", ".grandparent": the first hit (DATABASE_README). *key: the one asked last. */
static enum table_answer search(const struct agent *agent, const char *nexthop, const char **key,
	struct buf *result)
{
	enum table_answer answer = tables_find(agent->tls_policy_maps, nexthop, result);
	const char *reason, *parent = nexthop;
	bool plain = text_is_ascii(nexthop) ? name_is_host(nexthop, &reason)
		: agent->config->smtputf8_enable && strpbrk(nexthop, "[]:/") == NULL;

	*key = nexthop;
	while (answer == TABLE_NONE && plain && (parent = strchr(parent + 1, '.')) != NULL) {
		*key = parent;
		answer = tables_find(agent->tls_policy_maps, parent, result);
	}
	return answer;
}

enum policy_found policy_lookup(const struct agent *agent, struct pool *pool, const char *nexthop,
	struct policy_entry *entry, struct list *warnings)
{
	struct buf result = BUF(0);
	const char *key, *text, *where;
	enum table_answer answer = search(agent, nexthop, &key, &result);

	where = pool_format(pool, "%s_tls_policy_maps, next-hop destination \"%s\"",
		agent->program, key);
	text = pool_text(pool, buf_text(&result));
	buf_close(&result);
	if (answer == TABLE_NONE)
		return POLICY_NONE;
	if (answer == TABLE_ERROR) {
		*entry = (struct policy_entry){.failure = text};
		list_add(warnings, pool_format(pool, "%s: policy table lookup error", where));
		return POLICY_WRONG;
	}
	if (policy_parse(pool, where, text, agent->config->version, entry, warnings))
		return POLICY_FOUND;
	entry->failure = pool_format(pool, "%s has \"%s\": %s", where, text,
		warnings->items[warnings->count - 1] + strlen(where) + 2);
	return POLICY_WRONG;
}

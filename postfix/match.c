#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"
#include "postfix/cidr.h"
#include "postfix/conf_lines.h"
#include "postfix/fold.h"
#include "postfix/match.h"
#include "postfix/table_type.h"
#include "postfix/version.h"

enum {
	FILES_DEEP_MOST = 10,       /* files that name files */
	MATCH_VALUE_MOST = 1 << 20, /* bytes of a table's value, which nobody looks at */
};

struct member {
	bool negated;
	const char *pattern; /* folded; NULL: ask the table */
	struct table *table;
	struct member *next;
};

struct match {
	struct pool pool;
	const char *param;
	enum match_style style;
	struct table_set *set;
	unsigned table_flags;
	bool utf8;
	struct member *first, **last;
};

/* Building */

static struct member *add_member(struct match *match, bool negated)
{
	struct member *member = POOL_NEW(&match->pool, struct member);

	member->negated = negated;
	*match->last = member;
	match->last = &member->next;
	return member;
}

static void add_text(struct match *match, const char *text, bool negated, int depth);

static void add_unreadable(struct match *match, const char *path, int error, bool negated)
{
	const char *name = pool_format(&match->pool, "non-existent:%s", path);
	const char *why = pool_format(&match->pool, "open file %s: %s", path,
		text_errno(&match->pool, error));

	add_member(match, negated)->table = table_missing(match->set, name, why);
}

/* Up to Postfix 3.8: physical lines, and a comment begins in the first column. */
static bool add_physical_lines(struct match *match, const char *path, bool negated, int depth)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (file == NULL)
		return false;
	while (getline(&line, &room, file) >= 0)
		if (*line != '#')
			add_text(match, line, negated, depth);
	free(line);
	fclose(file);
	return true;
}

static bool add_logical_lines(struct match *match, const char *path, bool negated, int depth)
{
	struct conf_lines *lines = conf_lines_open(path, &errno);
	const char *line;

	if (lines == NULL)
		return false;
	while ((line = conf_lines_next(lines, NULL)) != NULL)
		add_text(match, line, negated, depth);
	conf_lines_close(lines);
	return true;
}

static void add_file(struct match *match, const char *path, bool negated, int depth)
{
	bool added = false;

	errno = ELOOP;
	if (depth < FILES_DEEP_MOST && table_set_options(match->set)->version < POSTFIX(3, 9))
		added = add_physical_lines(match, path, negated, depth + 1);
	else if (depth < FILES_DEEP_MOST)
		added = add_logical_lines(match, path, negated, depth + 1);
	if (!added)
		add_unreadable(match, path, errno, negated);
}

static void add_token(struct match *match, const char *token, bool negated, int depth)
{
	for (; *token == '!'; token++)
		negated = !negated;
	if (*token == '\0')
		log_fatal("%s: no pattern after '!'", match->param);
	if (*token == '/')
		add_file(match, token, negated, depth);
	else if (*token != '[' && strchr(token, ':'))
		add_member(match, negated)->table =
			table_open(match->set, token, match->table_flags);
	else
		add_member(match, negated)->pattern = fold(&match->pool, token, match->utf8);
}

static void refuse_comment(const struct match *match, const char *text)
{
	if (table_set_options(match->set)->version < POSTFIX(3, 9))
		log_warning("%s: comment at end of line is not supported: %s", match->param, text);
	else
		log_warning("%s: #comment after other text is not allowed: %s", match->param, text);
}

static void add_text(struct match *match, const char *text, bool negated, int depth)
{
	const char *token;

	for (;;) {
		text += strspn(text, TEXT_LIST_SEPARATORS);
		if (*text == '#') {
			refuse_comment(match, text);
			return;
		}
		token = text_token(&match->pool, &text, TEXT_LIST_SEPARATORS, true);
		if (token == NULL)
			return;
		add_token(match, token, negated, depth);
	}
}

struct match *match_open(struct table_set *set, const char *param, const char *value,
	enum match_style style, unsigned table_flags)
{
	struct match *match;

	if (value[strspn(value, TEXT_LIST_SEPARATORS)] == '\0')
		return NULL;
	match = MEMORY_NEW(struct match);
	match->param = pool_text(&match->pool, param);
	match->style = style;
	match->set = set;
	match->table_flags = table_flags;
	match->utf8 = table_set_options(set)->utf8;
	match->last = &match->first;
	add_text(match, value, false, 0);
	return match;
}

void match_free(struct match *match)
{
	if (match == NULL)
		return;
	pool_free(&match->pool);
	free(match);
}

/* Searching */

static bool has_addresses(enum match_style style)
{
	return style == MATCH_NAME_OR_ADDRESS || style == MATCH_NAME_OR_ADDRESS_PARENT;
}

static bool has_parents(enum match_style style)
{
	return style == MATCH_DOMAIN_PARENT || style == MATCH_NAME_OR_ADDRESS_PARENT;
}

static enum match_answer ask(const struct match *match, const struct table *table, const char *key)
{
	struct buf value = BUF(MATCH_VALUE_MOST);
	enum table_answer answer = table_find(table, key, &value);

	buf_close(&value);
	if (answer == TABLE_ERROR)
		log_warning("%s: %s: table lookup problem", match->param, table_name(table));
	return answer == TABLE_FOUND ? MATCH_YES : answer == TABLE_NONE ? MATCH_NO : MATCH_ERROR;
}

/* A fixed-key table is asked for the parents, too: "example.com", or ".example.com". */
static enum match_answer ask_domain(const struct match *match, const struct table *table,
	const char *name)
{
	enum match_answer answer = ask(match, table, name);
	bool dotted = !has_parents(match->style);

	if (!(table->kind & TABLE_FIXED) || *name == '\0')
		return answer;
	while (answer == MATCH_NO && (name = strchr(name + 1, '.')) != NULL && name[1])
		answer = ask(match, table, dotted ? name : name + 1);
	return answer;
}

static bool same_domain(const struct match *match, const char *pattern, const char *name)
{
	size_t wanted = strlen(pattern), length = strlen(name);
	const char *tail = length > wanted ? name + length - wanted : NULL;

	if (strcmp(pattern, name) == 0)
		return true;
	if (tail == NULL || strcmp(tail, pattern) != 0)
		return false;
	return has_parents(match->style) ? tail[-1] == '.' : *pattern == '.';
}

/* Is PATTERN meant as a network of that family? */
static bool is_network(const char *pattern, int family)
{
	const char *slash = strrchr(pattern, '/');

	if (slash == NULL || !text_all_digits(slash + 1))
		return false;
	if (family == AF_INET6)
		return *pattern == '[' && strchr(pattern, ':');
	return pattern[strspn(pattern, "[]0123456789./")] == '\0';
}

static enum match_answer match_address(const struct match *match, const char *pattern,
	const char *text)
{
	struct cidr address, network;
	struct buf why = BUF(TABLE_WHY_MOST);
	enum match_answer answer = MATCH_NO;

	if (strcmp(pattern, text) == 0)
		return MATCH_YES;
	if (!cidr_address(&address, text))
		return MATCH_NO;
	if (cidr_parse(&network, pattern, &why)) {
		answer = cidr_has(&network, &address) ? MATCH_YES : MATCH_NO;
	} else if (is_network(pattern, address.family)) {
		log_warning("%s: %s", match->param, buf_text(&why));
		answer = MATCH_ERROR;
	}
	buf_close(&why);
	return answer;
}

static enum match_answer member_name(const struct match *match, const struct member *member,
	const char *name)
{
	if (match->style == MATCH_STRING) {
		if (member->table)
			return ask(match, member->table, name);
		return strcmp(member->pattern, name) == 0 ? MATCH_YES : MATCH_NO;
	}
	if (member->table)
		return ask_domain(match, member->table, name);
	return same_domain(match, member->pattern, name) ? MATCH_YES : MATCH_NO;
}

static enum match_answer member_find(const struct match *match, const struct member *member,
	const char *name, const char *address)
{
	enum match_answer answer = member_name(match, member, name);
	struct cidr numeric;

	if (answer != MATCH_NO || address == NULL || !has_addresses(match->style))
		return answer;
	if (member->table)
		return cidr_address(&numeric, address) ? ask(match, member->table, address)
						       : MATCH_NO; /* "noaddr" */
	return match_address(match, member->pattern, address);
}

enum match_answer match_find(const struct match *match, const char *name, const char *address)
{
	struct pool pool = {0};
	enum match_answer answer = MATCH_NO;

	if (match == NULL)
		return MATCH_NO;
	name = fold(&pool, name, match->utf8);
	if (address)
		address = fold(&pool, address, match->utf8);
	for (const struct member *member = match->first; member && answer == MATCH_NO;
		member = member->next) {
		answer = member_find(match, member, name, address);
		if (answer == MATCH_YES && member->negated) {
			answer = MATCH_NO;
			break;
		}
	}
	pool_free(&pool);
	return answer;
}

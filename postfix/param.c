#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "postfix/param.h"
#include "util/log.h"
#include "util/text.h"

struct loading {
	const struct param_table *table;
	struct conf *conf;
	const struct conf *defaults;
	bool lmtp;
	bool blind; /* nothing is looked up */
	void *base;
};

/* A value as its type has it. */
struct value {
	const char *text; /* PARAM_TEXT */
	long number;      /* the others */
};

/* What a row is in this version and mode. */
struct facts {
	const struct param *row;
	const char *name;
	bool there;
	const char *value; /* default, raw */
	long least;
};

static const char *text_value(struct pool *pool, const struct facts *facts, const char *text,
	struct value *value)
{
	long length = (long)strlen(text), least = facts->least, most = facts->row->most;

	if (least > 0 && length < least)
		return pool_format(pool, "bad string length %ld < %ld: %s = %s", length, least,
			facts->name, text);
	if (most > 0 && length > most)
		return pool_format(pool, "bad string length %ld > %ld: %s = %s", length, most,
			facts->name, text);
	value->text = text;
	return NULL;
}

static const char *number_value(struct pool *pool, const struct facts *facts, const char *text,
	struct value *value)
{
	bool is_int = facts->row->type == PARAM_INT;
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (end == text || *end || errno || (is_int && (number > INT_MAX || number < INT_MIN)))
		return pool_format(pool, "bad numerical configuration: %s = %s", facts->name, text);
	if (facts->least && number < facts->least)
		return pool_format(pool, "invalid %s parameter value %ld < %ld", facts->name,
			number, facts->least);
	if (facts->row->most && number > facts->row->most)
		return pool_format(pool, "invalid %s parameter value %ld > %ld", facts->name,
			number, facts->row->most);
	value->number = number;
	return NULL;
}

static const char *bool_value(struct pool *pool, const struct facts *facts, const char *text,
	struct value *value)
{
	bool yes = text_same(text, "yes");

	if (!yes && !text_same(text, "no"))
		return pool_format(pool, "bad boolean configuration: %s = %s", facts->name, text);
	value->number = yes;
	return NULL;
}

static int seconds_of(int unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return 24 * 60 * 60;
	case 'w':
		return 7 * 24 * 60 * 60;
	}
	return 0;
}

/* The unit of a bare number is that of the default. */
static int unit_of(const char *value)
{
	value += strcspn(value, "smhdw");
	return *value ? *value : 's';
}

/* Digits and a unit, of which only the first letter counts; below INT_MAX seconds. */
static const char *time_value(struct pool *pool, const struct facts *facts, const char *text,
	struct value *value)
{
	char *end;
	long number;
	int each;

	errno = 0;
	number = strtol(text, &end, 10);
	each = seconds_of(*end ? *end : unit_of(facts->value));
	if (*text == '\0' || number < 0 || errno || each == 0 || number > INT_MAX
		|| (each > 1 && number >= INT_MAX / each))
		return pool_format(pool, "parameter %s: bad time value or unit: %s", facts->name,
			text);
	number *= each;
	if (facts->least && number < facts->least)
		return pool_format(pool, "invalid %s: %ld (min %ld)", facts->name, number,
			facts->least);
	if (facts->row->most && number > facts->row->most)
		return pool_format(pool, "invalid %s: %ld (max %ld)", facts->name, number,
			facts->row->most);
	value->number = number;
	return NULL;
}

/* TEXT is expanded. NULL, or the fatal text. */
static const char *convert(struct pool *pool, const struct facts *facts, const char *text,
	struct value *value)
{
	switch (facts->row->type) {
	case PARAM_TEXT:
		return text_value(pool, facts, text, value);
	case PARAM_INT:
	case PARAM_LONG:
		return number_value(pool, facts, text, value);
	case PARAM_BOOL:
		return bool_value(pool, facts, text, value);
	case PARAM_TIME:
		return time_value(pool, facts, text, value);
	case PARAM_PRESENCE:
		break;
	}
	return NULL;
}

static void store(const struct loading *loading, const struct param *row, const struct value *value)
{
	void *field;

	if (row->field == PARAM_UNKEPT)
		return;
	field = (char *)loading->base + row->field;
	switch (row->type) {
	case PARAM_TEXT:
		*(const char **)field = value->text;
		break;
	case PARAM_INT:
	case PARAM_TIME:
		*(int *)field = (int)value->number;
		break;
	case PARAM_LONG:
		*(long *)field = value->number;
		break;
	case PARAM_BOOL:
		*(bool *)field = value->number != 0;
		break;
	case PARAM_PRESENCE:
		break;
	}
}

static bool in_versions(int version, int since, int until)
{
	return version == 0 ? until == 0 : version >= since && (until == 0 || version < until);
}

/* Does this Postfix have it? postconf(1) knows better: stable updates brought some early. */
static bool is_there(const struct loading *loading, const struct param *row, const char *name)
{
	int version = loading->conf->version;

	if (loading->blind || (loading->lmtp && row->only_smtp))
		return false;
	if (loading->defaults && row->since)
		return in_versions(version, 0, row->until) && conf_raw(loading->defaults, name);
	return in_versions(version, row->since, row->until);
}

static void apply_changes(const struct loading *loading, struct facts *facts)
{
	for (size_t i = 0; i < loading->table->change_count; i++) {
		const struct param_change *change = &loading->table->changes[i];

		if (strcmp(change->name, facts->row->name) != 0
			|| !in_versions(loading->conf->version, change->since, change->until)
			|| (loading->lmtp && change->only_smtp))
			continue;
		facts->value = change->value;
		if (change->may_be_empty)
			facts->least = 0;
	}
}

static struct facts facts_of(const struct loading *loading, const struct param *row)
{
	struct facts facts = {.row = row, .name = row->name, .value = row->value};
	const char *installed;

	facts.least = row->least;
	if (loading->lmtp && row->lmtp_name)
		facts.name = row->lmtp_name;
	if (loading->lmtp && row->lmtp_value)
		facts.value = row->lmtp_value;
	facts.there = is_there(loading, row, facts.name);
	apply_changes(loading, &facts);
	installed =
		loading->defaults && !row->ours ? conf_raw(loading->defaults, facts.name) : NULL;
	if (installed && !row->compute)
		facts.value = installed;
	return facts;
}

static bool differs(const struct param *row, const struct value *a, const struct value *b)
{
	return row->type == PARAM_TEXT ? strcmp(a->text, b->text) != 0 : a->number != b->number;
}

static void warn(const struct facts *facts, const char *text)
{
	if (facts->row->effect == PARAM_NOT_YET)
		log_warning("%s = %s: this is not supported yet and has no effect", facts->name,
			text);
	else if (facts->row->effect == PARAM_NEVER)
		log_warning("%s = %s: this is for OpenSSL and has no effect", facts->name, text);
}

/*
 * What the default of a row that is not there is made of may not be there, too. Such a default may
 * be in a language that this version doesn't speak yet.
 */
static const char *load_absent(const struct loading *loading, const struct facts *facts,
	struct value *value)
{
	struct conf *conf = loading->conf;
	const char *text = "", *error;
	int version = conf->version;

	if (facts->row->type == PARAM_TEXT) {
		value->text = strchr(facts->value, '$') ? "" : pool_text(&conf->pool, facts->value);
		return NULL;
	}
	conf->version = 0;
	error = conf_try_expand(conf, facts->value, &text);
	conf->version = version;
	return error ? error : convert(&conf->pool, facts, text, value);
}

static const char *load_default(const struct loading *loading, const struct facts *facts,
	struct value *value)
{
	struct conf *conf = loading->conf;
	const char *raw = facts->row->compute ? facts->row->compute(conf) : facts->value;
	const char *text, *error = conf_try_expand(conf, raw, &text);

	if (error)
		return error;
	conf_set(conf, facts->name, text);
	return convert(&conf->pool, facts, text, value);
}

/* The value that was set. One that changes nothing by its effect is warned about. */
static const char *load_set(const struct loading *loading, const struct facts *facts,
	const char *raw, struct value *value)
{
	struct conf *conf = loading->conf;
	const char *text, *usual, *error = conf_try_expand(conf, raw, &text);
	struct value other = {.text = ""};

	if (error == NULL)
		error = convert(&conf->pool, facts, text, value);
	if (error)
		return error;
	if ((facts->row->effect == PARAM_NOT_YET || facts->row->effect == PARAM_NEVER)
		&& (conf_try_expand(conf, facts->value, &usual) != NULL
			|| convert(&conf->pool, facts, usual, &other) != NULL
			|| differs(facts->row, value, &other)))
		warn(facts, text);
	return NULL;
}

static const char *load(const struct loading *loading, const struct param *row)
{
	struct facts facts = facts_of(loading, row);
	struct value value = {.text = ""};
	const char *raw = facts.there ? conf_raw(loading->conf, facts.name) : NULL, *error;

	if (row->type == PARAM_PRESENCE) {
		if (raw)
			warn(&facts, raw);
		return NULL;
	}
	if (!facts.there)
		error = load_absent(loading, &facts, &value);
	else if (raw)
		error = load_set(loading, &facts, raw, &value);
	else
		error = load_default(loading, &facts, &value);
	if (error == NULL)
		store(loading, row, &value);
	return error;
}

/* By load step; rows of the same step stay in the table's order. */
static int by_step(const void *a, const void *b)
{
	const struct param *const *left = a, *const *right = b;
	int order = strcmp((*left)->load_step, (*right)->load_step);

	return order ? order : (*left > *right) - (*left < *right);
}

static const char *load_all(const struct loading *loading, const char *steps)
{
	const struct param_table *table = loading->table;
	const struct param **rows =
		POOL_ARRAY(&loading->conf->pool, const struct param *, table->count);
	const char *error = NULL;
	size_t count = 0;

	for (size_t i = 0; i < table->count; i++)
		if (strchr(steps, table->rows[i].load_step[0]))
			rows[count++] = &table->rows[i];
	qsort(rows, count, sizeof(const struct param *), by_step);
	for (size_t i = 0; i < count && error == NULL; i++)
		error = load(loading, rows[i]);
	return error;
}

const char *param_try_load(const struct param_table *table, const char *steps, struct conf *conf,
	const struct conf *defaults, bool lmtp, void *base)
{
	const struct loading loading = {
		.table = table,
		.conf = conf,
		.defaults = defaults,
		.lmtp = lmtp,
		.base = base,
	};

	return load_all(&loading, steps);
}

const char *param_default(const struct param_table *table, const char *steps, struct conf *conf,
	const struct conf *defaults, bool lmtp, void *base)
{
	const struct loading loading = {
		.table = table,
		.conf = conf,
		.defaults = defaults,
		.lmtp = lmtp,
		.blind = true,
		.base = base,
	};

	return load_all(&loading, steps);
}

/*
 * All rows of smtp/params.def against t/data/parameters.tsv, which says of each version of Postfix
 * which parameters its agent reads, with types, bounds and defaults; and against the installed one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "postfix/param.h"
#include "smtp/config.h"
#include "t/lib/tap.h"
#include "util/list.h"
#include "util/text.h"

enum column { NAME, WHO, TYPE, LEAST, MOST, EFFECT, DEFAULTS };

static const int versions[] = {POSTFIX(3, 5), POSTFIX(3, 7), POSTFIX(3, 8), POSTFIX(3, 9),
	POSTFIX(3, 10), POSTFIX(3, 11), POSTFIX(3, 12)};
enum { COLUMNS = DEFAULTS + COUNT(versions) };

static struct pool pool;

/* A line of the table. */
struct line {
	const char *cells[COLUMNS];
	bool lmtp; /* it is read by lmtp(8) alone */
};

static const char *const *cells(const struct line *line)
{
	return line->cells;
}

static const struct param *row_of(const struct line *line)
{
	for (size_t i = 0; i < config_params.count; i++) {
		const struct param *row = &config_params.rows[i];

		if (strcmp(line->lmtp ? row->lmtp_name ? row->lmtp_name : "" : row->name,
			cells(line)[NAME]) == 0)
			return row;
	}
	return NULL;
}

static const char *type_name(const struct param *row)
{
	static const char *const names[] = {[PARAM_TEXT] = "text", [PARAM_INT] = "int",
		[PARAM_LONG] = "long", [PARAM_BOOL] = "bool", [PARAM_TIME] = "time",
		[PARAM_PRESENCE] = "presence"};

	return names[row->type];
}

static const char *bound(long number)
{
	return number ? pool_format(&pool, "%ld", number) : "-";
}

static bool is_there(const struct param *row, int version)
{
	return version >= row->since && (row->until == 0 || version < row->until);
}

static const char *default_in(const struct param *row, int version, bool lmtp)
{
	const char *value = lmtp && row->lmtp_value ? row->lmtp_value : row->value;

	for (size_t i = 0; i < config_params.change_count; i++) {
		const struct param_change *change = &config_params.changes[i];

		if (strcmp(change->name, row->name) == 0 && version >= change->since
			&& (change->until == 0 || version < change->until)
			&& !(lmtp && change->only_smtp))
			value = change->value;
	}
	return value;
}

/* Found at start, or asked of the installed Postfix: no default of ours is the right one. */
static bool is_found(const struct param *row)
{
	return row->compute || strstr(row->name, "tls_eecdh_auto_curves")
		|| strstr(row->name, "tls_ffdhe_auto_groups");
}

static void check_defaults(const struct line *line, const struct param *row)
{
	for (size_t i = 0; i < COUNT(versions); i++) {
		const char *want = cells(line)[DEFAULTS + i], *got = "-";

		if (strcmp(want, "?") == 0 || is_found(row))
			continue;
		if (is_there(row, versions[i]))
			got = text_trim(&pool, default_in(row, versions[i], line->lmtp));
		if (!*got)
			got = "\"\"";
		is_text(got, text_trim(&pool, want),
			pool_format(&pool, "%s: its default, version %zu", cells(line)[NAME], i));
	}
}

static void check_line(const struct line *line)
{
	const struct param *row = row_of(line);
	const char *name = cells(line)[NAME], *type = cells(line)[TYPE];
	bool idle = strcmp(cells(line)[EFFECT], "idle") == 0;

	if (strcmp(type, "set") == 0) /* by the program itself */
		return;
	okf(row != NULL, "%s: has a row", name);
	if (row == NULL)
		return;
	if (strcmp(type, "presence") == 0 || strcmp(type, "indirect") == 0)
		return (void)is_text(type_name(row), "presence", name);
	is_text(type_name(row), type, pool_format(&pool, "%s: its type", name));
	is_text(bound(row->least), cells(line)[LEAST], pool_format(&pool, "%s: at least", name));
	is_text(bound(row->most), cells(line)[MOST], pool_format(&pool, "%s: at most", name));
	okf(idle == (row->effect == PARAM_IDLE), "%s: does it do something?", name);
	okf(strcmp(cells(line)[WHO], "both") != 0 || row->lmtp_name == NULL, "%s: has no twin",
		name);
	check_defaults(line, row);
}

static bool split(char *text, struct line *line)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		line->cells[i] = text;
		text += strcspn(text, "\t\n");
		if (*text == '\0')
			return false;
		*text++ = '\0';
	}
	line->lmtp = strcmp(line->cells[WHO], "lmtp") == 0;
	return true;
}

/* *listed gets the names. */
static void check_table(const char *path, struct list *listed)
{
	FILE *file = fopen(path, "r");
	struct line line;
	char *text = NULL;
	size_t room = 0;

	okf(file != NULL, "%s is there", path);
	while (file && getline(&text, &room, file) > 0) {
		if (text[0] == '#')
			continue;
		if (!split(text, &line)) {
			okf(false, "a whole line: %s", text);
			continue;
		}
		list_add(listed, pool_text(&pool, line.cells[NAME]));
		check_line(&line);
	}
	free(text);
	if (file)
		fclose(file);
}

static void check_listed(const struct list *listed, const char *name)
{
	for (size_t i = 0; i < listed->count; i++)
		if (strcmp(listed->items[i], name) == 0)
			return (void)okf(true, "%s is Postfix's", name);
	okf(false, "%s is Postfix's", name);
}

static void check_rows(const struct list *listed)
{
	for (size_t i = 0; i < config_params.count; i++) {
		const struct param *row = &config_params.rows[i];

		if (row->ours)
			continue;
		check_listed(listed, row->name);
		if (row->lmtp_name)
			check_listed(listed, row->lmtp_name);
	}
}

/* doc/compat.md, all of it. */
static const char *document(const char *path)
{
	struct buf text = BUF(0);
	FILE *file = fopen(path, "r");
	const char *copy;
	int byte;

	okf(file != NULL, "%s is there", path);
	while (file && (byte = getc(file)) != EOF)
		buf_addc(&text, byte);
	if (file)
		fclose(file);
	copy = pool_text(&pool, buf_text(&text));
	buf_close(&text);
	return copy;
}

/* What Postfix's agent acts upon is acted upon; or it can't be, and administrators are told. */
static void check_effects(const char *compat)
{
	for (size_t i = 0; i < config_params.count; i++) {
		const struct param *row = &config_params.rows[i];

		okf(row->effect != PARAM_NOT_YET || row->since > POSTFIX(3, 11),
			"%s is acted upon", row->name);
		if (row->effect == PARAM_NEVER)
			okf(strstr(compat, row->name) != NULL, "%s is in doc/compat.md", row->name);
	}
}

int main(void)
{
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	struct list listed = {.pool = &pool};

	check_table(pool_format(&pool, "%s/t/data/parameters.tsv", srcdir), &listed);
	check_rows(&listed);
	check_effects(document(pool_format(&pool, "%s/doc/compat.md", srcdir)));
	pool_free(&pool);
	return done();
}

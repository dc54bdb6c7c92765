#ifndef POSTFIX_CONF_H
#define POSTFIX_CONF_H
/*
 * conf - main.cf and -o as text: a dictionary of raw values and their $name expansion
 * (postconf(5), configuration.md 1-5). Read once at start, under one thread; what is wrong is
 * fatal in Postfix's words.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"
#include "util/pool.h"

struct conf {
	struct pool pool;      /* all text in it */
	struct map *values;    /* name -> raw text */
	const char *directory; /* configuration directory */
	int version;           /* POSTFIX(), for level comparisons and functions */
};

/*
 * Reads DIRECTORY/main.cf; DIRECTORY NULL: MAIL_CONFIG of the environment, or FALLBACK.
 * Fatal when it can't be read or parsed.
 */
void conf_read(struct conf *conf, const char *directory, const char *fallback);

/* Sets a raw value ("-o name=value" has been split by conf_option()). */
void conf_set(struct conf *conf, const char *name, const char *value);

/* "name = value" of an -o option; fatal `invalid "-o X" option value: ...` when malformed. */
void conf_option(struct conf *conf, const char *text);

/* The raw value, or NULL: not set (yet). */
const char *conf_raw(const struct conf *conf, const char *name);

/* TEXT expanded into the conf's pool; fatal on a syntax error. */
const char *conf_expand(struct conf *conf, const char *text);

/*
 * Logical lines of a configuration file (comments, continuations), one by one; *line_number is the
 * first physical line's. Used for main.cf, master.cf and text tables. NULL: no more.
 */
struct conf_lines;
struct conf_lines *conf_lines_open(const char *path, int *error);  /* NULL: *error is errno */
struct conf_lines *conf_lines_text(const char *path, const char *data, size_t length);
const char *conf_lines_next(struct conf_lines *lines, int *line_number);
void conf_lines_close(struct conf_lines *lines);

/*
 * The process limit of service NAME of type TYPE in DIRECTORY/master.cf (column 7):
 * 0 unlimited, -1 for "-", -2 not found.
 */
int conf_process_limit(const char *directory, const char *name, const char *type);

/*
 * What only the installed Postfix knows: compile-time defaults by one call of `postconf -d`
 * (mail_version, daemon_directory, default_database_type, mail_owner, ...), as raw values; those
 * that a build computes. Fork and exec: before the first thread. Values for names that it did not
 * print stay as they are. False: no postconf could be run; *error says why (in the pool).
 */
bool conf_ask_defaults(struct conf *defaults, const char *postconf, const char **error);

void conf_free(struct conf *conf);

#endif

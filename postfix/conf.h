#ifndef POSTFIX_CONF_H
#define POSTFIX_CONF_H
/*
 * conf - main.cf and -o as text: a dictionary of raw values and their $name expansion
 * (postconf(5)). Read once at start, under one thread. conf_try_...() return what is wrong, in the
 * words of Postfix's fatal message and in the conf's pool, or NULL when all is well; warnings are
 * logged.
 */
#include <stdbool.h>
#include <stddef.h>
#include "postfix/conf_lines.h"
#include "util/map.h"
#include "util/pool.h"

struct conf {                  /* {0} is an empty one */
	struct pool pool;      /* all text in it */
	struct map *values;    /* name -> raw text */
	const char *directory; /* configuration directory */
	int version;           /* POSTFIX(), for level comparisons and functions; 0: the newest */
};

/*
 * Reads DIRECTORY/main.cf; DIRECTORY NULL: MAIL_CONFIG of the environment, or FALLBACK. It sets
 * config_directory first. A file that is being changed is read again. What is set already stays
 * unless main.cf has it, too.
 */
const char *conf_try_read(struct conf *conf, const char *directory, const char *fallback);

/* The lines of a main.cf; PATH is for messages. */
const char *conf_try_parse(struct conf *conf, const char *path, const char *data, size_t length);

/* The same, of a file as it is: the settings of a table (ldap_table(5), memcache_table(5)). */
const char *conf_try_file(struct conf *conf, const char *path);

/* Sets a raw value ("-o name=value" is split by conf_try_option()). */
void conf_set(struct conf *conf, const char *name, const char *value);

/* "name = value" of an -o option; `invalid "-o X" option value: ...` when malformed. */
const char *conf_try_option(struct conf *conf, const char *text);

/* The raw value, or NULL: not set (yet). */
const char *conf_raw(const struct conf *conf, const char *name);

/*
 * TEXT expanded into the conf's pool. What is wrong with it is fatal; or returned, and *value stays
 * what it was.
 */
const char *conf_expand(struct conf *conf, const char *text);
const char *conf_try_expand(struct conf *conf, const char *text, const char **value);

/*
 * The process limit of service NAME of type TYPE in DIRECTORY/master.cf (column 7; master(5)):
 * 0 unlimited, -1 for "-", -2 not found.
 */
int conf_process_limit(const char *directory, const char *name, const char *type);

/*
 * What only the installed Postfix knows: all its defaults (mail_version, daemon_directory,
 * default_database_type, mail_owner, ...) as raw values, by one call of `POSTCONF -d`. Fork and
 * exec: before the first thread and before chroot. False: POSTCONF could not be run; *error says
 * why (in the pool) and DEFAULTS is as before.
 */
bool conf_ask_defaults(struct conf *defaults, const char *postconf, const char **error);

void conf_free(struct conf *conf);

#endif

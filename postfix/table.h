#ifndef POSTFIX_TABLE_H
#define POSTFIX_TABLE_H
/*
 * table - lookup tables "type:name" behind one interface that is safe for threads
 * (DATABASE_README). Opened before chroot, as root, under one thread; then searched by any number
 * of threads at once. A table that can't be opened is one that always fails, unless
 * daemon_table_open_error_is_fatal.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"
#include "util/pool.h"

enum table_flag {
	TABLE_FOLD = 1,  /* fixed-key tables: fold the key to lower case */
	TABLE_UTF8 = 2,  /* check UTF-8 when smtputf8_enable is yes */
	TABLE_LOCK = 4,  /* shared lock during a lookup */
	TABLE_WRITE = 8, /* table_put() and table_remove() too; only proxy: can that */
};

enum table_answer { TABLE_FOUND, TABLE_NONE, TABLE_ERROR };

/* non_bdb_migration_level: do hash: and btree: stand for other types (Postfix 3.11)? */
enum table_redirect {
	TABLE_REDIRECT_OFF,
	TABLE_REDIRECT,
	TABLE_REDIRECT_REINDEX, /* the same here: indexes are the administrator's to make */
	TABLE_REDIRECT_INVALID,
};

/* What all tables of the process share. */
struct table_options {
	bool utf8;                /* smtputf8_enable */
	bool open_error_is_fatal; /* daemon_table_open_error_is_fatal */
	int version;              /* POSTFIX() */
	const char *queue_directory;
	const char *default_database_type, *default_cache_db_type;
	enum table_redirect redirect;
	const char *redirect_mapping; /* non_bdb_custom_mapping: "type:name, ..." */
	bool log_redirect;        /* non_bdb_migration_log_redirect */
	const char *proxymap_service, *proxywrite_service;
	int ipc_timeout;          /* seconds */
	int ipc_idle, ipc_ttl;    /* seconds; for connections to proxymap(8) */
	long bdb_read_buffer;     /* berkeley_db_read_buffer_size, bytes */
	/* For tables with settings in main.cf: a parameter's value, expanded; NULL: not set. */
	const char *(*setting)(void *context, const char *name);
	void *setting_context;
	int socketmap_reply_most; /* bytes; from Postfix 3.10 on */
	int socketmap_query_most; /* bytes; from Postfix 3.12 on */
};

struct table_set; /* all tables of the process: the same type:name with the same flags is one */
struct table;     /* one table */
struct tables;    /* an ordered list of tables, as a parameter holds it */

struct table_set *table_set_new(const struct table_options *options);
void table_set_free(struct table_set *set); /* closes all tables */

/* The value of parameter PARAM: "type:name, type:name"; NULL for an empty one. */
struct tables *tables_open(struct table_set *set, const char *param, const char *value,
	unsigned flags);

/* One "type:name" (smtp_reply_filter, members of match lists). Never NULL. */
struct table *table_open(struct table_set *set, const char *type_name, unsigned flags);

/*
 * First answer wins; an error stops the search. The value is added to RESULT (cleared first); one
 * that exceeds its ceiling is an error, as is an empty one in a list. TABLE_ERROR: a warning was
 * logged as Postfix words it, and RESULT says "TYPE:NAME lookup error for "KEY": REASON",
 * printable, for the refusal's text. TABLE_NONE: RESULT is empty. NULL tables have no answer.
 */
enum table_answer tables_find(const struct tables *tables, const char *key, struct buf *result);
enum table_answer table_find(const struct table *table, const char *key, struct buf *result);

/*
 * The same, asking only fixed-key tables or only pattern tables: for searches with partial keys
 * (pattern tables are asked for the full key only: generic(5), REGULAR EXPRESSION TABLES).
 */
enum table_kind { TABLE_FIXED = 1, TABLE_PATTERN = 2, TABLE_ANY = 3 };
enum table_answer tables_find_in(const struct tables *tables, enum table_kind kinds,
	const char *key, struct buf *result);
bool tables_have(const struct tables *tables, enum table_kind kind);

/*
 * For smtp_sasl_auth_cache_name, opened with TABLE_WRITE: adds or replaces an entry, or removes it
 * (there need not be one). False: a warning was logged.
 */
bool table_put(const struct table *table, const char *key, const char *value);
bool table_remove(const struct table *table, const char *key);

const char *table_name(const struct table *table);  /* "hash:/etc/postfix/x" */
const char *table_known(const struct table *table); /* with its flags, as Postfix logs it */
bool table_is(const struct table *table, enum table_kind kind);

/* Has one of the set's files changed? Logs "table ... has changed -- restarting". */
bool table_set_changed(struct table_set *set);

#endif

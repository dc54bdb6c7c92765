#ifndef POSTFIX_TABLE_TYPE_H
#define POSTFIX_TABLE_TYPE_H
/*
 * table_type - what a kind of lookup table is made of; for table*.c and match.c only.
 * A new kind is a file with one struct table_type, and its line in the registry of table.c.
 */
#include <stdbool.h>
#include "util/buf.h"
#include "util/pool.h"
#include "postfix/table.h"

enum {
	TABLE_ANSWER_MOST = 1 << 20, /* bytes: ceiling of an answer that we make ourselves */
	TABLE_WHY_MOST = 4096,       /* bytes of a reason */
};

struct table_type {
	const char *name;     /* "hash" */
	enum table_kind kind; /* TABLE_FIXED or TABLE_PATTERN; open() may set table->kind instead */
	bool members; /* it passes keys on to others, which fold them if that is not as UTF-8 */

	/*
	 * Opens NAME, the text behind the type's colon. False: WHY (empty before) says why in
	 * Postfix's words, and nothing is left open. One thread.
	 */
	bool (*open)(struct table *table, const char *name, struct buf *why);

	/*
	 * Adds the value to ANSWER, which is empty; or, for TABLE_ERROR, the reason. KEY was folded
	 * where it should be. Any number of threads at once.
	 */
	enum table_answer (*find)(const struct table *table, const char *key, struct buf *answer);

	/*
	 * Adds or replaces an entry; VALUE NULL removes it. False: WHY. NULL: it can't do that. Any
	 * number of threads.
	 */
	bool (*put)(const struct table *table, const char *key, const char *value, struct buf *why);

	/* Is the file no longer the one that was opened? NULL: it never is. Any thread. */
	bool (*changed)(const struct table *table);

	/* Frees table->state and what it holds. NULL: there is nothing. One thread. */
	void (*close)(struct table *table);
};

struct table {
	const struct table_type *type;
	const struct table_options *options; /* the set's */
	struct table_set *set;
	const char *name;     /* "hash:/etc/postfix/x" */
	const char *known;    /* "hash:/etc/postfix/x(0,lock|fold_fix)": as Postfix logs it */
	unsigned flags;       /* enum table_flag */
	enum table_kind kind; /* which searches it takes part in */
	void *state;          /* the type's own; const once opened, or behind its own lock */
	const char *why;      /* why it is unavailable; NULL: it is not */
	struct table *next;   /* in the order in which the set opened them */
};

/* The pool of the set: for what lives as long as its tables. One thread (while opening). */
struct pool *table_pool(const struct table *table);

/* A member of TABLE (unionmap, pipemap): opened with its flags. Never NULL. */
struct table *table_open_member(const struct table *table, const char *type_name);

struct service;
struct service_options;

/* The one server for all proxy: tables, for reading or for WRITE; OPTIONS when it is new. */
struct service *table_proxy_service(struct table_set *set, bool write,
	const struct service_options *options);

/* A table NAME that always fails, because of WHY, which is logged; both in words of Postfix. */
struct table *table_missing(struct table_set *set, const char *name, const char *why);

const struct table_options *table_set_options(const struct table_set *set);

/* The tables of non_bdb_custom_mapping, opened at the first need; NULL: none. */
const struct tables *table_set_mapping(struct table_set *set);

/* KEY as TABLE stores it: folded if it is so flagged. In POOL. */
const char *table_key(const struct table *table, struct pool *pool, const char *key);

/* Is text checked to be UTF-8 and folded as such? */
bool table_is_utf8(const struct table *table);

/* Adds "REASON"; returns false, or TABLE_ERROR: a failure and its reason are one line. */
bool table_refuse(struct buf *why, const char *format, ...) PRINTF_LIKE(2, 3);
enum table_answer table_trouble(struct buf *answer, const char *format, ...) PRINTF_LIKE(2, 3);

/* table_text.c, table_texthash.c */
extern const struct table_type table_inline, table_static, table_environ, table_unix;
extern const struct table_type table_internal, table_fail, table_texthash;
/* table_combine.c */
extern const struct table_type table_unionmap, table_pipemap, table_randmap, table_debug;
/* table_cidr.c, table_regexp.c, table_pcre.c */
extern const struct table_type table_cidr, table_regexp, table_pcre;
/* table_socketmap.c, table_tcp.c */
extern const struct table_type table_socketmap, table_tcp;
/* table_memcache.c */
extern const struct table_type table_memcache;
/* table_proxy.c */
extern const struct table_type table_proxy;
/* table_bdb.c, table_lmdb.c, table_cdb.c */
extern const struct table_type table_hash, table_btree, table_lmdb, table_cdb;

#endif

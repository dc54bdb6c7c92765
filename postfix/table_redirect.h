#ifndef POSTFIX_TABLE_REDIRECT_H
#define POSTFIX_TABLE_REDIRECT_H
/*
 * table_redirect - what hash: and btree: stand for since Postfix 3.11 (NON_BERKELEYDB_README;
 * non_bdb_migration_level, non_bdb_custom_mapping).
 */
#include "postfix/table.h"

/* non_bdb_migration_level as a value. */
enum table_redirect table_redirect_level(const char *text);

/*
 * The type:name by which TYPE_NAME is opened: itself, or what it stands for; logged if wanted.
 * non_bdb_custom_mapping is asked for the type:name and then for the type; it answers with either.
 */
const char *table_redirect(struct table_set *set, struct pool *pool, const char *type_name);

#endif

#ifndef T_TABLE_CASES_H
#define T_TABLE_CASES_H
/*
 * table_cases - what every type of lookup table must do, and the log while it does. A test stores
 * TABLE_PAIRS its own way, opens that, and runs the cases over it.
 */
#include <stdbool.h>
#include "postfix/table.h"

struct table_pair {
	const char *key, *value;
};

/* Keys are folded already; all of them can be written in every format. The last has a NULL key. */
extern const struct table_pair TABLE_PAIRS[];

/* A set with these options, and its log kept. */
struct table_set *cases_set(void);
struct table_set *cases_set_with(const struct table_options *options);
extern const struct table_options TABLE_OPTIONS; /* those of cases_set() */

/* Like table_find(); what it says is in the returned text, "NONE", "ERROR: ..." or the value. */
const char *cases_ask(const struct table *table, const char *key);
const char *cases_ask_all(const struct tables *tables, const char *key);

/* What was logged since the last call, lines ended by LF. */
const char *cases_log(void);

/* All cases over a table with TABLE_PAIRS: TABLE_FIXED also without regard to case. */
void cases_run(struct table_set *set, const char *type_name, enum table_kind kind);

/* The same lookups by several threads at once. */
void cases_run_threads(struct table_set *set, const char *type_name);

/*
 * Cases over a file PATH that TYPE_NAME opens anew each time: removal, and, with TIMED, another
 * modification time are changes, which are logged.
 */
void cases_run_changes(const char *type_name, const char *path, bool timed);

/* TYPE_NAME can't be opened: that is logged as an error, and then given for every lookup. */
void cases_refuse(const char *type_name, const char *why);

/* PATH was changed SECONDS ago. */
void cases_age(const char *path, long seconds);

/* TYPE and cases_path(NAME) */
const char *cases_name(const char *type, const char *name);

/* "/tmp/....../NAME" in a directory of this process, which cases_done() removes. */
const char *cases_path(const char *name);
/* Writes TEXT there, an hour ago. */
const char *cases_file(const char *name, const char *text);
int cases_done(void); /* done() */

#endif

#ifndef T_MEMORY_TABLE_H
#define T_MEMORY_TABLE_H
/* memory_table - a table that can be written to, like one behind proxymap(8); there is one. */
#include <stdbool.h>
#include "postfix/table.h"

/* It is empty, and from now on nothing but errors comes of it with FAILS. */
const struct table *memory_table(bool fails);

/* "KEY=VALUE|", in the order in which they were put. Valid until the next change. */
const char *memory_table_text(void);

#endif

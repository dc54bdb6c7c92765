#ifndef POSTFIX_REWRITE_H
#define POSTFIX_REWRITE_H
/*
 * rewrite - what a mail address is called outside: smtp_generic_maps (generic(5)). Results are
 * completed by trivial-rewrite(8), so that "joe" becomes "joe@$myorigin".
 */
#include <stdbool.h>
#include "util/pool.h"
#include "postfix/lookup_address.h"
#include "postfix/service.h"
#include "postfix/table.h"

/* Const after start. */
struct rewriter {
	const struct tables *maps;         /* NULL: nothing is changed */
	const char *param;                 /* "smtp_generic_maps" */
	const struct address_parts *parts;
	bool propagate;                    /* propagate_unmatched_extensions has "generic" */
	struct service *service;           /* rewrite_service_name */
};

/*
 * ADDRESS and *NEW in queue form; *NEW is in POOL. TABLE_NONE: it stays as it is. TABLE_ERROR: that
 * can't be known now, and was logged; *TROUBLE, in POOL, says why: "PARAM: ...", printable, for the
 * refusal's text.
 */
enum table_answer rewrite_address(const struct rewriter *rewriter, struct pool *pool,
	const char *address, const char **new, const char **trouble);

#endif

#ifndef POSTFIX_CHECKS_H
#define POSTFIX_CHECKS_H
/*
 * checks - header and body checks while mail is delivered (header_checks(5)): a table is asked
 * about a header or a line, and answers with an action. Only those are heeded that header_checks(5)
 * has for smtp(8); the others are warned about, and change nothing.
 */
#include <stdbool.h>
#include "util/buf.h"
#include "postfix/table.h"

/* Const after start. */
struct checks {
	const struct tables *tables; /* NULL: nothing is checked */
	const char *param;           /* "smtp_header_checks" */
	bool header;                 /* not body */
	int shown;                   /* bytes of it that the log shows */
};

enum checks_verdict {
	CHECKS_KEEP,
	CHECKS_DROP,
	CHECKS_REPLACE, /* by WITH */
	CHECKS_PREPEND, /* WITH comes before it */
	CHECKS_FAILED,  /* a table failed, which was logged */
};

/*
 * TEXT: a whole header, its lines joined by LF, or a body line. WITH: the action's text is added to
 * it, if the answer is CHECKS_REPLACE or CHECKS_PREPEND. Logs what the action asks for.
 */
enum checks_verdict checks_ask(const struct checks *checks, const char *text, struct buf *with);

#endif

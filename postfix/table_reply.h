#ifndef POSTFIX_TABLE_REPLY_H
#define POSTFIX_TABLE_REPLY_H
/*
 * table_reply - what the servers of socketmap and tcp tables say, and how keys are said to them
 * (socketmap_table(5), tcp_table(5)). No I/O.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"
#include "postfix/table_type.h"

/*
 * socketmap: "OK value", "NOTFOUND ", "TEMP reason", "TIMEOUT reason", "PERM reason". The value, or
 * the reason of an error, is added to ANSWER. BARE_OK: an OK without anything, not even a blank, is
 * an empty value; else it is TABLE_NONE.
 */
enum table_answer reply_socketmap(const char *text, size_t length, bool bare_ok,
	struct buf *answer);

/*
 * tcp: a line without its LF.
 *
 *   reply   = status SP value
 *   status  = "200" / "400" / "500"
 *   value   = *( "%" 2HEXDIG / other )
 *
 * *problem, NULL before, is set when it is no such line.
 */
enum table_answer reply_tcp(const char *line, const char **problem, struct buf *answer);

/* "%", white space, control and non-ASCII bytes as "%XX". */
void reply_tcp_quote(struct buf *to, const char *text);

#endif

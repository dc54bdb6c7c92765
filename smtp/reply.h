#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H
/*
 * reply - reply lines (RFC 5321 4.2) and enhanced status codes (RFC 2034, 3463), as Postfix judges
 * them. A pure parser: no I/O.
 */
#include <stdbool.h>

enum reply_line { REPLY_MORE, REPLY_LAST, REPLY_GARBAGE /* not a reply line: reading goes on */ };

/* LINE is printable and without its end. Sets *code for MORE and LAST. */
enum reply_line reply_line(const char *line, int *code);

enum { REPLY_STATUS = 12 }; /* room for "5.999.999" */

/* The enhanced status of the last line, or "X.0.0" of its code, or "5.5.0" (codes not 2xx 4xx 5xx). */
void reply_status(const char *line, int code, char status[REPLY_STATUS]);

#endif

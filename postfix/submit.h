#ifndef POSTFIX_SUBMIT_H
#define POSTFIX_SUBMIT_H
/* submit - a message of our own to cleanup(8). */
#include <stdbool.h>
#include "postfix/wire.h"
#include "util/buf.h"

enum submit_flag { /* what cleanup(8) does with it */
	SUBMIT_FILTER = 2, SUBMIT_MAP = 32, SUBMIT_MILTER = 64, SUBMIT_AUTO_UTF8 = 512
};

/*
 * LINES: header and body, each line ended by LF. BY: who we are, "mail.example (Postfix)", for the
 * Received: header that cleanup(8) insists on. False: nothing was queued, errno says why.
 */
bool submit_message(const struct wire *wire, int flags, const char *sender, const char *recipient,
	const char *by, const struct buf *lines);

#endif

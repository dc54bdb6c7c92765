#ifndef POSTFIX_SUBMIT_H
#define POSTFIX_SUBMIT_H
/* submit - a message of our own to cleanup(8), as observed from its clients. */
#include <stdbool.h>
#include "postfix/wire.h"
#include "util/buf.h"

enum submit_flag {          /* what cleanup(8) does with it */
	SUBMIT_FILTER = 2,      /* header_checks and body_checks */
	SUBMIT_MAP = 32,        /* canonical_maps, virtual_alias_maps, BCC */
	SUBMIT_MILTER = 64,     /* non_smtpd_milters */
	SUBMIT_AUTO_UTF8 = 512, /* asks for SMTPUTF8 if an address or a header needs it */
};

/*
 * LINES: header and body, each line ended by LF. BY: who we are, "mail.example (Postfix)", for the
 * Received: header that cleanup(8) insists on. False: nothing was queued, errno says why.
 */
bool submit_message(const struct wire *wire, int flags, const char *sender, const char *recipient,
	const char *by, const struct buf *lines);

#endif

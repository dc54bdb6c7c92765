#ifndef SMTP_PIX_H
#define SMTP_PIX_H
/*
 * pix - servers behind a Cisco PIX "smtp fixup", known by their starred greeting, and what is done
 * about its bugs (smtp_pix_workarounds).
 */
#include "smtp/connection.h"
#include "smtp/delivery.h"

enum pix_workaround { PIX_DISABLE_ESMTP = 1, PIX_DELAY_DOTCRLF = 2 };

/* Has the greeting been through a PIX? */
bool pix_greeting(const char *text);

/*
 * The PIX_ bits for this server and message, logged; 0: none. False: the table failed;
 * *TROUBLE, in the delivery's pool, says which, and why.
 */
bool pix_workarounds(const struct agent *agent, const struct delivery *d,
	const struct server *server, unsigned *bits, const char **trouble);

#endif

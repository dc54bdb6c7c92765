#ifndef SMTP_NOTIFY_H
#define SMTP_NOTIFY_H
/*
 * notify - the transcript of a session that went wrong, to the postmaster (notify_classes).
 */
#include "smtp/connection.h"
#include "smtp/delivery.h"

enum notify_class { NOTIFY_PROTOCOL = 1, NOTIFY_DATA = 2, NOTIFY_OTHERS = 4 };

/* The NOTIFY_ bits of a word of notify_classes; 0: no such word. */
unsigned notify_word(const char *word);

/* Sends the transcript of CONN's chat if its marks are wanted; forgets both. */
void notify_session(const struct agent *agent, const struct delivery *d, struct connection *conn);

#endif

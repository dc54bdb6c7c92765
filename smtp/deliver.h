#ifndef SMTP_DELIVER_H
#define SMTP_DELIVER_H
/*
 * deliver - one message to one next hop. On return every recipient is settled,
 * unless d->abandoned.
 */
#include "smtp/delivery.h"

void deliver(const struct agent *agent, struct delivery *d);

#endif

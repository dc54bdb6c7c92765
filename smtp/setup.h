#ifndef SMTP_SETUP_H
#define SMTP_SETUP_H
/*
 * setup - from the configuration to what all deliveries share. Before chroot and before the first
 * thread; fatal, in Postfix's words, where smtp(8) is.
 */
#include "postfix/master.h"
#include "smtp/agent.h"

/* ARGS' words are the flags= of master.cf. Memory is in POOL, which lives as long as the process. */
void setup_agent(struct agent *agent, struct pool *pool, const struct config *config,
	const struct master_args *args);

/* Only for leak checkers: the process is about to end. */
void setup_close(struct agent *agent);

#endif

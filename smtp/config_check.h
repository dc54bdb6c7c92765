#ifndef SMTP_CONFIG_CHECK_H
#define SMTP_CONFIG_CHECK_H
/*
 * config_check - what smtp(8) checks at start across parameters, most of it for the sake of other
 * programs (postconf(5)): accounts, names, words with a fixed vocabulary.
 */
#include "smtp/config.h"

/* NULL, or the fatal text in Postfix's words (in the config's pool). Warnings are logged. */
const char *config_check(struct config *config);

#endif

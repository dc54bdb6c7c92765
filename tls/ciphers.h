#ifndef TLS_CIPHERS_H
#define TLS_CIPHERS_H
/*
 * ciphers - what an OpenSSL cipher list (ciphers(1)) means for the suites of our table. A function
 * of its text. Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tls/suites.h"

struct cipher_list {
	uint8_t order[SUITES_LISTED]; /* indexes of suites[], the preferred one first */
	size_t count;                 /* 0: nothing matches */
};

/*
 * Words that name nothing here have no effect, as in OpenSSL, nor has @SECLEVEL: Postfix sets a
 * security level of its own afterwards. False: OpenSSL takes it for
 * malformed (an operator without a word, an unknown @command); *list is not to be used.
 */
bool ciphers_evaluate(const char *text, struct cipher_list *list);

/* Are all the words in TEXT, joined by '+', aliases or suites that OpenSSL has heard of? */
bool ciphers_known(const char *text);

#endif

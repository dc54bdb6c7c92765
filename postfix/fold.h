#ifndef POSTFIX_FOLD_H
#define POSTFIX_FOLD_H
/*
 * fold - keys without difference of case, as tables and match lists compare them (postmap(1) -f,
 * SMTPUTF8_README): A-Z, or all of Unicode by full case folding (Unicode 5.18, CaseFolding.txt C
 * and F).
 */
#include <stdbool.h>
#include "util/pool.h"

/* A folded copy in POOL. With UTF8 true TEXT must be well-formed UTF-8, else only A-Z is folded. */
char *fold(struct pool *pool, const char *text, bool utf8);

#endif

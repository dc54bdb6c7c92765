#ifndef T_RECORDED_H
#define T_RECORDED_H
/* recorded - messages as real Postfix daemons sent them, from t/data/wire: hex dumps. */
#include "util/buf.h"

/* Appends the bytes of "3.7/request" to TO; ends the test when there is no such file. */
void recorded(struct buf *to, const char *name);

#endif

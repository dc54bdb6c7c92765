#ifndef UTIL_BASE64_H
#define UTIL_BASE64_H
/* base64 - RFC 4648 4, with padding, without line breaks. */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"

void base64_encode(struct buf *to, const void *data, size_t length);
/* Appends to TO. False: not base64, TO may have a part of it. */
bool base64_decode(struct buf *to, const char *text, size_t length);

#endif

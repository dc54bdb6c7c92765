#ifndef TLS_SHA1_H
#define TLS_SHA1_H
/* sha1 - for what Postfix stores so; nothing here rests on its strength. */
#include <stdbool.h>
#include <stddef.h>

enum { SHA1_SIZE = 20 }; /* bytes */

bool sha1(const void *data, size_t length, unsigned char digest[SHA1_SIZE]);

#endif

#ifndef DNS_NAMESERVERS_H
#define DNS_NAMESERVERS_H
/*
 * nameservers - the nameserver lines of resolv.conf(5), read as libc reads them: the first three,
 * in the order written; none: 127.0.0.1. A scope ("fe80::1%eth0") stays. Its options are libc's
 * alone.
 */
#include <stddef.h>
#include "util/pool.h"

enum { NAMESERVERS_MOST = 3, NAMESERVER_TEXT = 80 };

struct nameservers {
	char address[NAMESERVERS_MOST][NAMESERVER_TEXT]; /* numeric */
	size_t count;                                    /* at least 1 */
};

/* A file that cannot be read has no nameservers. */
void nameservers_read(const char *path, struct nameservers *servers);

#endif

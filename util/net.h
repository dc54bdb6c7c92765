#ifndef UTIL_NET_H
#define UTIL_NET_H
/*
 * net - sockets made and connected. Descriptors are close-on-exec and blocking. -1: errno says why
 * (ETIMEDOUT when the limit ran out). Nothing is logged.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/addr.h"

struct net_options {
	const struct addr *bind; /* NULL: the kernel chooses */
	bool bind_enforce; /* a bind() that fails fails the connection; else it goes on unbound */
	int bind_error;    /* out: errno of a bind() that failed, else 0 */
	int window;        /* bytes for SO_SNDBUF and SO_RCVBUF; 0 leaves them */
};

/* TCP with TCP_NODELAY. SECONDS 0: the system's own limit. OPTIONS may be NULL. */
int net_connect(const struct addr *to, int seconds, struct net_options *options);

/* A UNIX-domain stream socket. ENAMETOOLONG: PATH does not fit. */
int net_connect_unix(const char *path, int seconds);

/* A datagram socket connected to PATH. */
int net_datagram_unix(const char *path);

/* Is there something to read, or has the peer closed? Waits at most MS. 1, 0, or -1. */
int net_readable(int fd, int ms);

/* The addresses of this machine's interfaces that are up: malloc'ed, *count of them; NULL: errno.
 */
struct addr *net_own_addresses(size_t *count);

#endif

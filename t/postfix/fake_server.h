#ifndef T_FAKE_SERVER_H
#define T_FAKE_SERVER_H
/* fake_server - plays bounce(8), verify(8) and the like: a thread on a UNIX-domain socket. */
#include <stddef.h>
#include "util/buf.h"

struct fake_server;

/* What it says on each connection: LENGTH bytes; the list for NULL is empty, and it says nothing.
 */
struct fake_words {
	const char *hello; /* at once */
	size_t hello_length;
	const char *reply; /* after one list was read; nothing: it just closes */
	size_t reply_length;
	const char *until; /* what it must have heard at last, instead of a list; NULL: a list */
	size_t until_length;
};
#define WORDS(hello, reply)                                                                        \
	(struct fake_words)                                                                        \
	{                                                                                          \
		hello, sizeof(hello) - 1, reply, sizeof(reply) - 1, NULL, 0                        \
	}

/* Listens on PATH from now on. */
struct fake_server *fake_server(const char *path, struct fake_words words);
/* From the next connection on. */
void fake_server_say(struct fake_server *server, struct fake_words words);

/* Appends all that was heard since the last call, as it came; returns on how many connections. */
int fake_server_heard(struct fake_server *server, struct buf *to);
/* The values of the one list heard since the last call, each with '|' behind it. Static. */
const char *fake_server_values(struct fake_server *server);

void fake_server_close(struct fake_server *server);

#endif

#ifndef T_LOOKUP_SERVER_H
#define T_LOOKUP_SERVER_H
/*
 * lookup_server - a server of lookups inside the test: accepts on a UNIX-domain socket, or on a
 * port of 127.0.0.1, and serves each connection in a thread.
 */
#include <stdbool.h>
#include <stddef.h>

struct lookup_server;

/*
 * SERVE has the connection FD, the NUMBERth one from 1, until it returns; then FD is closed. PATH
 * NULL: a free port.
 */
struct lookup_server *lookup_server_start(const char *path, void (*serve)(int fd, int number));
int lookup_server_port(const struct lookup_server *server);
int lookup_server_connections(const struct lookup_server *server); /* accepted so far */

/* No more connections; returns when those that are open have been closed by the client. */
void lookup_server_stop(struct lookup_server *server);

/* For SERVE: all of it. */
void lookup_say(int fd, const void *data, size_t length);
/* Reads up to and with the byte END into TO of ROOM bytes, and terminates it. False: closed. */
bool lookup_hear(int fd, int end, char *to, size_t room);
/* Reads LENGTH bytes into TO. False: closed. */
bool lookup_take(int fd, char *to, size_t length);

#endif

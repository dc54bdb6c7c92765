#ifndef T_DNS_NAMESERVER_H
#define T_DNS_NAMESERVER_H
/* nameserver - a DNS server for tests: one thread, UDP on loopback, a function for its answers. */
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct query {
	char name[256]; /* lower case, no final dot */
	int type;
	uint8_t *packet; /* of 4096 bytes */
	size_t length;   /* up to the end of the question; grows by reply_add() */
};

struct nameserver {
	/* Makes the reply. False: says nothing. */
	bool (*answer)(void *context, struct query *query);
	void *context;
	atomic_uint asked;
	/* Ours: */
	int fd;
	struct sockaddr_in at;
	pthread_t thread;
};

/* On ADDRESS and PORT (0: any; then at.sin_port is it). */
bool nameserver_start(struct nameserver *server, const char *address, unsigned port);
void nameserver_stop(struct nameserver *server);
unsigned nameserver_port(const struct nameserver *server);

/* A reply without records. */
void reply_begin(struct query *query, int rcode);
/* Adds a record of the name asked, 60 s. NAME in wire form: strlen(NAME) + 1 bytes. */
void reply_add(struct query *query, int type, const void *data, size_t length);
void reply_add_name(struct query *query, int type, const char *name);

#endif

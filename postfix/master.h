#ifndef POSTFIX_MASTER_H
#define POSTFIX_MASTER_H
/*
 * master - the child side of master(8): argv, environment, descriptors, status channel, limits,
 * recycling, as observed from master(8) (the limits: master(5), postconf(5)). One process serves
 * many connections at once, a thread each.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "util/list.h"

enum { MASTER_STATUS_FD = 5, MASTER_LISTEN_FD = 6 };

struct master_args {
	const char *program;   /* base name of argv[0] */
	const char *service;   /* -n, else program */
	const char *transport; /* -t; NULL when absent */
	bool chroot;           /* -c */
	bool debugger;         /* -D */
	bool foreground;       /* -d */
	bool single;           /* -l: process limit 1 */
	bool unlimited;        /* -z */
	bool stream;           /* -S: one request on stdin/stdout */
	bool unprivileged;     /* -u */
	bool also_stderr;      /* -V */
	int verbose;           /* -v, -v, and MAIL_VERBOSE */
	int sockets;           /* -s, default 1 */
	unsigned generation;   /* GENERATION, octal */
	struct list settings;  /* "name=value" of -o, -i, -m, in their order */
	struct list words;     /* what follows the options */
};

/* Parses; fatal as Postfix words it. Only looks at argv and the environment. */
void master_arguments(struct master_args *args, struct pool *pool, int argc, char **argv);

/* Fatal "do not run this command by hand", "no transport type specified", a bad GENERATION. */
void master_check_start(const struct master_args *args);

struct master_jail {
	const char *queue_directory;
	const char *owner; /* mail_owner */
};

/* chdir to the queue directory. Before maps are opened. */
void master_enter_queue(const struct master_jail *jail);

/* setgid, setgroups, chroot (-c), setuid (-u), in Postfix's order. Fatal when it fails. */
void master_drop_privileges(const struct master_args *args, const struct master_jail *jail);

/*
 * What lets processes of one service count their deliveries together (postfix/slots.h): in the
 * queue directory, and as root. 0: warned about, or none needed (-S).
 */
int master_open_slots(const struct master_args *args);

struct master_service {
	const struct master_args *args;
	int slots;          /* of master_open_slots(); 0: this process counts its own only */
	size_t limit;       /* deliveries at once over all processes of the service; 0: no limit */
	size_t per_process; /* safemx_process_deliveries; 0: all of them */
	int max_use;        /* requests per slot before the process recycles; 0: never */
	int max_idle;       /* seconds without a request before it ends; 0: never */
	int daemon_timeout; /* seconds; watchdog of the accept loop */
	/* One connection, already accepted, in a thread of its own; closes nothing. Returns true
	   when a request was served (it counts for max_use). */
	bool (*serve)(void *context, int fd);
	/* Asked before each accept, by one thread at a time: is it time to restart (a table
	   changed; it has logged why)? May be NULL. */
	bool (*stale)(void *context);
	void *context;
};

/*
 * Serves until reload, stop of master, max_idle, max_use or stale: then stops accepting, waits for
 * the deliveries in progress and returns 0, the exit status. Connections beyond the limits wait in
 * the backlog. Master forks another process only when this one has per_process deliveries in
 * progress, or drains. Raises the limit of descriptors as far as it may.
 */
int master_serve(const struct master_service *service);

/* -S: one request on the socket that is descriptors 0 and 1; returns the exit status. */
int master_serve_stream(const struct master_service *service);

#endif

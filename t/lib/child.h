#ifndef T_CHILD_H
#define T_CHILD_H
/* child - runs what ends the process in another one. */
#include <sys/types.h>

struct child {
	pid_t pid;
	int fd;
	char said[4096]; /* its standard error, once child_exit() has returned */
};

/* Runs BODY in a new process, which goes on meanwhile. If BODY returns, it exits with status 0. */
struct child child_run(void (*body)(void));

/* Waits for its end: the exit status, or minus the signal's number. */
int child_exit(struct child *child);

#endif

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "t/lib/child.h"

static void be_child(int out, void (*body)(void))
{
	struct rlimit none = {0};

	setrlimit(RLIMIT_CORE, &none);
	dup2(out, STDERR_FILENO);
	body();
	_exit(0);
}

struct child child_run(void (*body)(void))
{
	struct child child = {.pid = -1};
	int ends[2];

	fflush(stdout);
	if (pipe(ends) < 0)
		return child;
	child.pid = fork();
	if (child.pid == 0)
		be_child(ends[1], body);
	close(ends[1]);
	child.fd = ends[0];
	return child;
}

int child_exit(struct child *child)
{
	size_t length = 0;
	ssize_t count = 1;
	int status = 0;

	while (count > 0 && length < sizeof child->said - 1) {
		count = read(child->fd, child->said + length, sizeof child->said - 1 - length);
		length += count > 0 ? (size_t)count : 0;
	}
	child->said[length] = '\0';
	close(child->fd);
	if (child->pid < 0 || waitpid(child->pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

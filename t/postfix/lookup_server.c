#include "config.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "t/postfix/lookup_server.h"

enum { THREADS_MOST = 256 };

struct lookup_server {
	int fd, port;
	void (*serve)(int fd, int number);
	pthread_t thread, threads[THREADS_MOST];
	atomic_int count;
};

struct visit {
	struct lookup_server *server;
	int fd, number;
};

static void *serve_one(void *argument)
{
	struct visit visit = *(struct visit *)argument;

	free(argument);
	visit.server->serve(visit.fd, visit.number);
	close(visit.fd);
	return NULL;
}

static void *accept_all(void *argument)
{
	struct lookup_server *server = argument;
	int fd;

	while ((fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0
		&& server->count < THREADS_MOST) {
		struct visit *visit = malloc(sizeof *visit);
		int number = atomic_load(&server->count);

		if (visit == NULL)
			abort();
		*visit = (struct visit){server, fd, number + 1};
		atomic_store(&server->count, number + 1); /* before it can be noticed */
		pthread_create(&server->threads[number], NULL, serve_one, visit);
	}
	return NULL;
}

static int listen_path(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0)
		perror(path), exit(1);
	return fd;
}

static int listen_port(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 64) < 0
		|| getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		perror("listen"), exit(1);
	*port = ntohs(address.sin_port);
	return fd;
}

struct lookup_server *lookup_server_start(const char *path, void (*serve)(int fd, int number))
{
	struct lookup_server *server = calloc(1, sizeof *server);

	if (server == NULL)
		abort();
	server->serve = serve;
	server->fd = path ? listen_path(path) : listen_port(&server->port);
	pthread_create(&server->thread, NULL, accept_all, server);
	return server;
}

int lookup_server_port(const struct lookup_server *server)
{
	return server->port;
}

int lookup_server_connections(const struct lookup_server *server)
{
	return atomic_load(&server->count);
}

void lookup_server_stop(struct lookup_server *server)
{
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	for (int i = 0; i < server->count; i++)
		pthread_join(server->threads[i], NULL);
	close(server->fd);
	free(server);
}

void lookup_say(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length > 0) {
		ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		at += sent;
		length -= (size_t)sent;
	}
}

bool lookup_hear(int fd, int end, char *to, size_t room)
{
	size_t length = 0;

	while (length + 1 < room && read(fd, to + length, 1) == 1) {
		to[++length] = '\0';
		if (to[length - 1] == (char)end)
			return true;
	}
	return false;
}

bool lookup_take(int fd, char *to, size_t length)
{
	size_t done = 0;
	ssize_t got = 1;

	while (done < length && got > 0) {
		got = read(fd, to + done, length - done);
		done += got > 0 ? (size_t)got : 0;
	}
	return done == length;
}

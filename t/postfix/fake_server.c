#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "t/postfix/fake_server.h"
#include "util/memory.h"

struct fake_server {
	pthread_t thread;
	pthread_mutex_t lock; /* for what follows */
	struct fake_words words;
	struct buf heard;
	int connections;
	int fd;
	char path[108];
};

/* name NUL value NUL ... NUL */
static bool complete(const char *bytes, size_t length)
{
	const char *end = bytes + length, *nul;
	bool in_value = false;

	for (const char *at = bytes; (nul = memchr(at, '\0', (size_t)(end - at))); at = nul + 1) {
		if (nul == at && !in_value)
			return true;
		in_value = !in_value;
	}
	return false;
}

static bool heard_enough(const struct fake_words *words, const struct buf *heard)
{
	if (words->until == NULL)
		return complete(buf_text(heard), heard->length);
	return heard->length >= words->until_length
		&& memcmp(heard->data + heard->length - words->until_length, words->until,
			words->until_length) == 0;
}

static void talk(struct fake_server *server, int fd)
{
	struct buf heard = BUF(0);
	struct fake_words words;
	ssize_t got = 1;

	pthread_mutex_lock(&server->lock);
	words = server->words;
	pthread_mutex_unlock(&server->lock);
	send(fd, words.hello, words.hello_length, MSG_NOSIGNAL);
	while (got > 0 && !heard_enough(&words, &heard)) {
		got = read(fd, buf_reserve(&heard, 4096), 4096);
		heard.length += got > 0 ? (size_t)got : 0;
	}
	pthread_mutex_lock(&server->lock);
	buf_add(&server->heard, buf_text(&heard), heard.length);
	server->connections++;
	pthread_mutex_unlock(&server->lock);
	send(fd, words.reply, words.reply_length, MSG_NOSIGNAL);
	buf_close(&heard);
}

static void *serve(void *argument)
{
	struct fake_server *server = argument;
	int fd;

	while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
		talk(server, fd);
		close(fd);
	}
	return NULL;
}

struct fake_server *fake_server(const char *path, struct fake_words words)
{
	struct fake_server *server = MEMORY_NEW(struct fake_server);
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	strncpy(server->path, path, sizeof server->path - 1);
	memcpy(name.sun_path, server->path, sizeof name.sun_path);
	server->words = words;
	pthread_mutex_init(&server->lock, NULL);
	unlink(path);
	server->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(server->fd, (struct sockaddr *)&name, sizeof name) < 0
		|| listen(server->fd, 10) < 0
		|| pthread_create(&server->thread, NULL, serve, server) != 0)
		abort();
	return server;
}

void fake_server_say(struct fake_server *server, struct fake_words words)
{
	pthread_mutex_lock(&server->lock);
	server->words = words;
	pthread_mutex_unlock(&server->lock);
}

int fake_server_heard(struct fake_server *server, struct buf *to)
{
	int connections;

	pthread_mutex_lock(&server->lock);
	buf_add(to, buf_text(&server->heard), server->heard.length);
	buf_clear(&server->heard);
	connections = server->connections;
	server->connections = 0;
	pthread_mutex_unlock(&server->lock);
	return connections;
}

const char *fake_server_values(struct fake_server *server)
{
	static char values[8192];
	struct buf raw = BUF(0);
	const char *at, *end;
	size_t length = 0;

	fake_server_heard(server, &raw);
	at = buf_text(&raw);
	for (end = at + raw.length; at < end && *at; at += strlen(at) + 1) {
		at += strlen(at) + 1;
		while (*at && length < sizeof values - 2)
			values[length++] = *at++;
		values[length++] = '|';
	}
	values[length] = '\0';
	buf_close(&raw);
	return values;
}

void fake_server_close(struct fake_server *server)
{
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->fd);
	unlink(server->path);
	buf_close(&server->heard);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

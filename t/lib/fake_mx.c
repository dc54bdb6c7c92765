#include "config.h"
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "t/lib/fake_mx.h"
#include "t/tls/forge.h"
#include "util/buf.h"
#include "util/memory.h"
#include "util/net.h"

enum { CONNECTIONS_MOST = 64, SECONDS = 20 };

struct visit { /* one connection */
	struct fake_mx *mx;
	pthread_t thread;
	int fd;
	const char *script;
	struct buf heard, unread;
	gnutls_session_t tls; /* NULL: none */
};

struct fake_mx {
	pthread_t thread;
	int fd, stop[2];
	uint16_t port;
	const char *script; /* of the next connection */
	struct visit visits[CONNECTIONS_MOST];
	size_t count;
	gnutls_certificate_credentials_t credentials;
	struct forged identity;
};

/* --- bytes --- */

static ssize_t receive(struct visit *v, char *to, size_t room)
{
	return v->tls ? gnutls_record_recv(v->tls, to, room) : recv(v->fd, to, room, 0);
}

static void say(struct visit *v, const char *text, size_t length)
{
	if (v->tls)
		gnutls_record_send(v->tls, text, length);
	else
		send(v->fd, text, length, MSG_NOSIGNAL);
}

/* One piece into the transcript. */
static void note(struct visit *v, const char *piece, size_t length)
{
	if (v->heard.length)
		buf_adds(&v->heard, " | ");
	for (size_t i = 0; i < length; i++) {
		if (piece[i] == '\r' && i + 1 < length && piece[i + 1] == '\n') {
			i++;
			buf_adds(&v->heard, i + 1 < length ? ", " : "");
		} else if (piece[i] == '\r' || piece[i] == '\n') {
			buf_adds(&v->heard, piece[i] == '\r' ? "\\r" : "\\n");
		} else {
			buf_addc(&v->heard, piece[i]);
		}
	}
}

static bool hear_more(struct visit *v)
{
	char piece[65536];
	ssize_t got = receive(v, piece, sizeof piece);

	if (got <= 0)
		return false;
	note(v, piece, (size_t)got);
	buf_add(&v->unread, piece, (size_t)got);
	return true;
}

/* One line without its end, in LINE. */
static bool hear_line(struct visit *v, struct buf *line)
{
	const char *end;

	while ((end = strstr(buf_text(&v->unread), "\r\n")) == NULL)
		if (!hear_more(v))
			return false;
	buf_clear(line);
	buf_add(line, buf_text(&v->unread), (size_t)(end - buf_text(&v->unread)));
	buf_shift(&v->unread, line->length + 2);
	return true;
}

/* --- steps --- */

static bool is_like(const char *line, const char *pattern, size_t length)
{
	if (length > 0 && pattern[length - 1] == '*')
		return strncmp(line, pattern, length - 1) == 0;
	return strlen(line) == length && strncmp(line, pattern, length) == 0;
}

/* UNTIL: others may come before it. */
static bool expect(struct visit *v, const char *pattern, size_t length, bool until)
{
	struct buf line = BUF(0);
	bool like = false, heard;

	do {
		heard = hear_line(v, &line);
		like = heard && is_like(buf_text(&line), pattern, length);
	} while (until && heard && !like);
	if (!like)
		buf_addf(&v->heard, "{%.*s}", (int)length, pattern);
	buf_close(&line);
	return like;
}

static bool expect_bytes(struct visit *v, size_t count)
{
	while (v->unread.length < count)
		if (!hear_more(v))
			return false;
	return true;
}

/*
 * One TLS record, whole (RFC 8446 5.1): closing with a part of it unread would send a reset, and the
 * client would see another failure.
 */
static bool swallow(struct visit *v)
{
	unsigned char record[65536];
	size_t have = 0;
	ssize_t got;

	do {
		got = receive(v, (char *)record + have, sizeof record - have);
		have += got > 0 ? (size_t)got : 0;
	} while (got > 0 && (have < 5 || have < 5 + ((size_t)record[3] << 8 | record[4])));
	return got > 0;
}

static bool start_tls(struct visit *v)
{
	gnutls_init(&v->tls, GNUTLS_SERVER);
	gnutls_set_default_priority(v->tls);
	gnutls_credentials_set(v->tls, GNUTLS_CRD_CERTIFICATE, v->mx->credentials);
	gnutls_transport_set_int(v->tls, v->fd);
	gnutls_handshake_set_timeout(v->tls, SECONDS * 1000);
	if (gnutls_handshake(v->tls) == 0)
		return true;
	buf_adds(&v->heard, "{tls}");
	return false;
}

static void reset(struct visit *v)
{
	const struct linger none = {.l_onoff = 1};

	setsockopt(v->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

/* False: no further step. */
static bool command(struct visit *v, const char *word, size_t length)
{
	if (strncmp(word, "tls", length) == 0)
		return start_tls(v);
	if (strncmp(word, "bytes ", 6) == 0)
		return expect_bytes(v, strtoul(word + 6, NULL, 10));
	if (strncmp(word, "swallow", length) == 0)
		return swallow(v);
	if (strncmp(word, "reset", length) == 0)
		reset(v);
	return false; /* close */
}

static bool step(struct visit *v, const char *line, size_t length)
{
	if (length > 1 && line[0] == '>' && line[1] == '>')
		return expect(v, line + 2, length - 2, true);
	if (line[0] == '>')
		return expect(v, line + 1, length - 1, false);
	return command(v, line + 1, length - 1);
}

/* What is said in a row goes out in one piece. */
static const char *say_lines(struct visit *v, const char *at, const char *end)
{
	struct buf text = BUF(0);

	while (at < end && *at != '>' && *at != '!') {
		size_t length = strcspn(at, "\n");

		buf_addf(&text, "%.*s\r\n", (int)length, at);
		at += length + 1;
	}
	if (text.length)
		say(v, buf_text(&text), text.length);
	buf_close(&text);
	return at;
}

/* --- connections --- */

static const char *script_end(const char *script)
{
	const char *end = script;

	while (*end && strncmp(end, "--\n", 3) != 0)
		end += strcspn(end, "\n") + 1;
	return end;
}

static void *visit(void *argument)
{
	struct visit *v = argument;
	const char *end = script_end(v->script), *at = v->script;
	bool goes_on = true;

	while (goes_on && (at = say_lines(v, at, end)) < end) {
		size_t length = strcspn(at, "\n");

		goes_on = step(v, at, length);
		at += length + 1;
	}
	while (goes_on && hear_more(v))
		continue;
	if (v->tls)
		gnutls_deinit(v->tls);
	close(v->fd);
	return NULL;
}

static void welcome(struct fake_mx *mx, int fd)
{
	const struct timeval limit = {.tv_sec = SECONDS};
	struct visit *v = &mx->visits[mx->count];
	const char *end = script_end(mx->script);

	if (mx->count == CONNECTIONS_MOST)
		abort();
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	*v = (struct visit){.mx = mx, .fd = fd, .script = mx->script};
	if (*mx->script == '\0')
		buf_adds(&v->heard, "{no script}");
	mx->script = *end ? end + 3 : end;
	if (pthread_create(&v->thread, NULL, visit, v) != 0)
		abort();
	mx->count++;
}

static void *serve(void *argument)
{
	struct fake_mx *mx = argument;
	struct pollfd polled[] = {{.fd = mx->fd, .events = POLLIN}, {.fd = mx->stop[0], .events = POLLIN}};
	int fd;

	while (poll(polled, 2, -1) > 0) {
		if (polled[0].revents == 0)
			return NULL; /* told to stop, and nobody waits */
		fd = accept(mx->fd, NULL, NULL);
		if (fd >= 0)
			welcome(mx, fd);
	}
	return NULL;
}

static void listen_tcp(struct fake_mx *mx)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof name;

	mx->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(mx->fd, (struct sockaddr *)&name, sizeof name) < 0
		|| getsockname(mx->fd, (struct sockaddr *)&name, &length) < 0)
		abort();
	mx->port = ntohs(name.sin_port);
}

static void listen_unix(struct fake_mx *mx, const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	memcpy(name.sun_path, path, strlen(path));
	mx->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(mx->fd, (struct sockaddr *)&name, sizeof name) < 0)
		abort();
}

static void identify(struct fake_mx *mx)
{
	mx->identity = forge("mx.test", GNUTLS_PK_ECDSA, NULL, 0);
	gnutls_certificate_allocate_credentials(&mx->credentials);
	gnutls_certificate_set_x509_key(mx->credentials, &mx->identity.crt, 1, mx->identity.key);
}

struct fake_mx *fake_mx(const char *path, const char *script)
{
	struct fake_mx *mx = MEMORY_NEW(struct fake_mx);

	mx->script = script;
	if (strstr(script, "!tls"))
		identify(mx);
	if (path)
		listen_unix(mx, path);
	else
		listen_tcp(mx);
	if (listen(mx->fd, CONNECTIONS_MOST) < 0 || pipe(mx->stop) < 0
		|| pthread_create(&mx->thread, NULL, serve, mx) != 0)
		abort();
	return mx;
}

uint16_t fake_mx_port(const struct fake_mx *mx)
{
	return mx->port;
}

char *fake_mx_end(struct fake_mx *mx)
{
	struct buf all = BUF(0);
	char *text;

	close(mx->stop[1]);
	pthread_join(mx->thread, NULL);
	for (size_t i = 0; i < mx->count; i++) {
		pthread_join(mx->visits[i].thread, NULL);
		buf_addf(&all, "%s%s", i ? " || " : "", buf_text(&mx->visits[i].heard));
		buf_close(&mx->visits[i].heard);
		buf_close(&mx->visits[i].unread);
	}
	if (mx->credentials) {
		gnutls_certificate_free_credentials(mx->credentials);
		forge_free(&mx->identity);
	}
	close(mx->stop[0]);
	close(mx->fd);
	free(mx);
	text = memory_new(all.length + 1);
	memcpy(text, buf_text(&all), all.length);
	buf_close(&all);
	return text;
}

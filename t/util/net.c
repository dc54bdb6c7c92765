#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "t/lib/tap.h"
#include "util/clock.h"
#include "util/net.h"

/* A listener on a port that was free; *addr is where. */
static int listen_at(const char *host, int backlog, struct addr *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr_parse(addr, host, 0);
	if (fd < 0 || bind(fd, &addr->sa.any, addr->length) < 0 || listen(fd, backlog) < 0
		|| getsockname(fd, &addr->sa.any, &addr->length) < 0) {
		printf("Bail out! no listener: %s\n", strerror(errno));
		exit(1);
	}
	return fd;
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t length = sizeof value;

	getsockopt(fd, level, name, &value, &length);
	return value;
}

static void check_connect(void)
{
	struct addr to, from = {.length = sizeof from.sa};
	int listener = listen_at("127.0.0.1", 5, &to), fd, accepted;

	fd = net_connect(&to, 5, NULL);
	ok(fd >= 0, "connected");
	accepted = accept(listener, &from.sa.any, &from.length);
	ok(accepted >= 0 && addr_is_loopback(&from), "accepted");
	ok(option(fd, IPPROTO_TCP, TCP_NODELAY) == 1, "without delay");
	ok((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0, "blocking");
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "closed by exec");
	ok(net_readable(fd, 0) == 0, "nothing to read");
	ok(write(accepted, "x", 1) == 1 && net_readable(fd, 5000) == 1, "something to read");
	close(fd);
	ok(net_readable(accepted, 5000) == 1, "closed by the peer is something, too");
	close(accepted);
	close(listener);
	ok(net_connect(&to, 5, NULL) == -1 && errno == ECONNREFUSED, "refused");
	ok(net_readable(fd, 0) != 0, "a closed one");
}

static void check_options(void)
{
	struct addr to, local, from = {.length = sizeof from.sa}, foreign;
	struct net_options options = {.bind = &local, .bind_enforce = true, .bind_error = 1};
	int listener = listen_at("127.0.0.1", 5, &to), fd, accepted, normal;
	char text[ADDR_TEXT];

	addr_parse(&local, "127.0.0.2", 0);
	fd = net_connect(&to, 5, &options);
	accepted = accept(listener, &from.sa.any, &from.length);
	is_text(addr_text(&from, text), "127.0.0.2", "bound");
	is_number(options.bind_error, 0, "without an error");
	normal = option(fd, SOL_SOCKET, SO_RCVBUF);
	close(fd);
	close(accepted);

	addr_parse(&foreign, "192.0.2.1", 0);
	options.bind = &foreign;
	ok(net_connect(&to, 5, &options) == -1 && errno == EADDRNOTAVAIL, "an address not ours");
	is_number(options.bind_error, EADDRNOTAVAIL, "its error");
	options.bind_enforce = false;
	fd = net_connect(&to, 5, &options);
	ok(fd >= 0, "not enforced");
	is_number(options.bind_error, EADDRNOTAVAIL, "its error is told");
	close(fd);

	options = (struct net_options){.window = 4096};
	fd = net_connect(&to, 5, &options);
	ok(option(fd, SOL_SOCKET, SO_RCVBUF) < normal, "a small window to receive");
	ok(option(fd, SOL_SOCKET, SO_SNDBUF) <= 2 * 4096, "and to send");
	close(fd);
	close(listener);
}

/* A queue that is full: the kernel answers no more SYNs. */
static void check_late(void)
{
	struct addr to;
	int listener = listen_at("127.0.0.1", 0, &to), fds[8], last = 0, error = 0;
	size_t count = 0;
	int64_t start = clock_ms();

	while (last >= 0 && count < COUNT(fds)) {
		start = clock_ms();
		last = net_connect(&to, 1, NULL);
		error = errno;
		if (last >= 0)
			fds[count++] = last;
	}
	ok(last == -1 && error == ETIMEDOUT, "too late");
	ok(clock_ms() - start >= 900, "after a second");
	ok(clock_ms() - start < 20000, "not much more");
	while (count > 0)
		close(fds[--count]);
	close(listener);
}

static void check_unix(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char folder[] = "/tmp/net-test-XXXXXX", large[200];
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fds[8] = {-1}, last = 0, error = 0;
	size_t count = 0;
	struct timeval limit = {.tv_sec = -1};
	socklen_t length = sizeof limit;

	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	ok(net_connect_unix(large, 1) == -1 && errno == ENAMETOOLONG, "a path too long");
	ok(net_datagram_unix(large) == -1 && errno == ENAMETOOLONG, "for datagrams, too");
	ok(mkdtemp(folder) != NULL, "a folder");
	snprintf(address.sun_path, sizeof address.sun_path, "%s/s", folder);
	ok(net_connect_unix(address.sun_path, 1) == -1 && errno == ENOENT, "not there");
	ok(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "bound");
	ok(net_connect_unix(address.sun_path, 1) == -1 && errno == ECONNREFUSED, "refused");
	listen(listener, 0);
	while (last >= 0 && count < COUNT(fds)) {
		last = net_connect_unix(address.sun_path, 1);
		error = errno;
		if (last >= 0)
			fds[count++] = last;
	}
	if (!ok(count > 0, "connected"))
		return;
	ok(last == -1 && error == ETIMEDOUT, "too late");
	ok(getsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &limit, &length) == 0, "its limit");
	ok(limit.tv_sec == 0 && limit.tv_usec == 0, "no limit stays behind");
	ok((fcntl(fds[0], F_GETFD) & FD_CLOEXEC) != 0, "closed by exec");
	while (count > 0)
		close(fds[--count]);
	close(listener);
	unlink(address.sun_path);

	listener = socket(AF_UNIX, SOCK_DGRAM, 0);
	ok(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "a datagram socket");
	fds[0] = net_datagram_unix(address.sun_path);
	ok(fds[0] >= 0 && send(fds[0], "hi", 2, 0) == 2, "a datagram");
	ok(recv(listener, large, sizeof large, MSG_DONTWAIT) == 2, "arrives");
	close(fds[0]);
	close(listener);
	unlink(address.sun_path);
	ok(net_datagram_unix(address.sun_path) == -1 && errno == ENOENT, "nobody listens");
	rmdir(folder);
}

static void check_own(void)
{
	struct addr *own, wanted;
	size_t count = 99, loops = 0;
	bool inet = true;

	addr_parse(&wanted, "127.0.0.1", 0);
	own = net_own_addresses(&count);
	ok(own != NULL, "our addresses");
	for (size_t i = 0; own && i < count; i++) {
		loops += addr_same_host(&own[i], &wanted);
		inet = inet
			&& (addr_family(&own[i]) == AF_INET || addr_family(&own[i]) == AF_INET6);
	}
	is_number((long long)loops, 1, "the loopback is one of them");
	ok(inet, "no other families");
	free(own);
}

int main(void)
{
	alarm(60);
	check_connect();
	check_options();
	check_late();
	check_unix();
	check_own();
	return done();
}

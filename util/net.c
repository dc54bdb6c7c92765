#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "util/clock.h"
#include "util/memory.h"
#include "util/net.h"

/* Closes FD and keeps errno; -1, so that a failure is one line. */
static int give_up(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

/* poll(2) of one descriptor that a signal does not cut short. MS -1: no limit. */
static int poll_one(int fd, short events, int ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	int64_t end = clock_ms() + ms, left = ms;
	int result;

	while ((result = poll(&poll_fd, 1, (int)left)) < 0 && errno == EINTR)
		if (ms > 0 && (left = end - clock_ms()) < 0)
			left = 0;
	return result;
}

/* connect(2) of a non-blocking socket within MS (-1: the system's limit). */
static bool dial(int fd, const struct addr *to, int ms)
{
	int error = 0;
	socklen_t length = sizeof error;

	if (connect(fd, &to->sa.any, to->length) == 0)
		return true;
	if (errno != EINPROGRESS && errno != EINTR)
		return false;
	switch (poll_one(fd, POLLOUT, ms)) {
	case -1:
		return false;
	case 0:
		errno = ETIMEDOUT;
		return false;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return false;
	errno = error;
	return error == 0;
}

/* The window must be known before connect(2): the scale is told in the SYN (RFC 7323 2.2). */
static void set_window(int fd, int window)
{
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &window, sizeof window);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
}

/* False: it failed, and that matters. */
static bool bind_to(int fd, struct net_options *options)
{
	options->bind_error = 0;
	if (options->window > 0)
		set_window(fd, options->window);
	if (options->bind == NULL || bind(fd, &options->bind->sa.any, options->bind->length) == 0)
		return true;
	options->bind_error = errno;
	return !options->bind_enforce;
}

int net_connect(const struct addr *to, int seconds, struct net_options *options)
{
	int fd = socket(addr_family(to), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1, no = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	if ((options && !bind_to(fd, options)) || !dial(fd, to, seconds > 0 ? seconds * 1000 : -1)
		|| ioctl(fd, FIONBIO, &no) < 0)
		return give_up(fd);
	return fd;
}

static bool unix_address(struct sockaddr_un *address, const char *path)
{
	size_t length = strlen(path);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (length >= sizeof address->sun_path) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address->sun_path, path, length);
	return true;
}

static bool limit(int fd, int option, int64_t ms)
{
	struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	return setsockopt(fd, SOL_SOCKET, option, &time, sizeof time) == 0;
}

/*
 * A UNIX-domain socket that is not blocking can't wait for room in the listener's queue; the limit
 * for sending is one for connect(2), too (socket(7)).
 */
int net_connect_unix(const char *path, int seconds)
{
	struct sockaddr_un address;
	int fd, result;

	if (!unix_address(&address, path))
		return -1;
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return -1;
	if (seconds > 0 && !limit(fd, SO_SNDTIMEO, seconds * 1000LL))
		return give_up(fd);
	do
		result = connect(fd, (const struct sockaddr *)&address, sizeof address);
	while (result < 0 && errno == EINTR);
	if (result < 0 && errno == EAGAIN)
		errno = ETIMEDOUT;
	if (result < 0 || (seconds > 0 && !limit(fd, SO_SNDTIMEO, 0)))
		return give_up(fd);
	return fd;
}

int net_datagram_unix(const char *path)
{
	struct sockaddr_un address;
	int fd;

	if (!unix_address(&address, path))
		return -1;
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return give_up(fd);
	return fd;
}

int net_readable(int fd, int ms)
{
	return poll_one(fd, POLLIN, ms);
}

static bool is_ours(const struct ifaddrs *interface)
{
	return (interface->ifa_flags & IFF_UP) && interface->ifa_addr
		&& (interface->ifa_addr->sa_family == AF_INET
			|| interface->ifa_addr->sa_family == AF_INET6);
}

struct addr *net_own_addresses(size_t *count)
{
	struct ifaddrs *first;
	struct addr *addresses, *next;
	size_t found = 0;

	if (getifaddrs(&first) < 0)
		return NULL;
	for (const struct ifaddrs *i = first; i; i = i->ifa_next)
		found += is_ours(i);
	next = addresses = memory_new(found * sizeof *addresses);
	for (const struct ifaddrs *i = first; i; i = i->ifa_next) {
		if (!is_ours(i))
			continue;
		next->length =
			i->ifa_addr->sa_family == AF_INET ? sizeof next->sa.v4 : sizeof next->sa.v6;
		memcpy(&next->sa, i->ifa_addr, next->length);
		next++;
	}
	freeifaddrs(first);
	*count = found;
	return addresses;
}

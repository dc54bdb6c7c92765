#include "t/dns/nameserver.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER = 12, PACKET_MOST = 4096 };

static bool read_query(struct query *query, size_t length)
{
	size_t at = HEADER, used = 0;

	while (at < length && query->packet[at]) {
		for (size_t left = query->packet[at++]; left > 0 && at < length; left--)
			if (used < sizeof(query->name) - 2)
				query->name[used++] = (char)tolower(query->packet[at++]);
		query->name[used++] = '.';
	}
	query->name[used ? used - 1 : 0] = '\0';
	query->length = at + 5;
	query->type = at + 5 <= length ? query->packet[at + 1] << 8 | query->packet[at + 2] : 0;
	return query->length <= length;
}

void reply_begin(struct query *query, int rcode)
{
	query->packet[2] |= 0x80;
	query->packet[3] = (uint8_t)(0x80 | rcode);
	memset(query->packet + 6, 0, 6);
}

void reply_add(struct query *query, int type, const void *data, size_t length)
{
	uint8_t *at = query->packet + query->length;

	memcpy(at, "\300\14\0\0\0\1\0\0\0\74", 10);
	at[3] = (uint8_t)type;
	at[10] = (uint8_t)(length >> 8);
	at[11] = (uint8_t)length;
	memcpy(at + 12, data, length);
	query->length += 12 + length;
	query->packet[7]++;
}

void reply_add_name(struct query *query, int type, const char *name)
{
	reply_add(query, type, name, strlen(name) + 1);
}

static void *serve(void *context)
{
	struct nameserver *server = context;
	uint8_t packet[PACKET_MOST];
	struct sockaddr_in from;
	socklen_t size;
	ssize_t length;

	for (;;) {
		struct query query = {.packet = packet};

		size = sizeof(from);
		length = recvfrom(server->fd, packet, 512, 0, (struct sockaddr *)&from, &size);
		if (length <= HEADER) /* nameserver_stop() */
			return NULL;
		server->asked++;
		if (read_query(&query, (size_t)length) && server->answer(server->context, &query))
			sendto(server->fd, packet, query.length, 0, (struct sockaddr *)&from, size);
	}
}

bool nameserver_start(struct nameserver *server, const char *address, unsigned port)
{
	socklen_t size = sizeof(server->at);

	server->at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return inet_pton(AF_INET, address, &server->at.sin_addr) == 1
		&& bind(server->fd, (struct sockaddr *)&server->at, sizeof(server->at)) == 0
		&& getsockname(server->fd, (struct sockaddr *)&server->at, &size) == 0
		&& pthread_create(&server->thread, NULL, serve, server) == 0;
}

void nameserver_stop(struct nameserver *server)
{
	sendto(server->fd, "", 0, 0, (struct sockaddr *)&server->at, sizeof(server->at));
	pthread_join(server->thread, NULL);
	close(server->fd);
}

unsigned nameserver_port(const struct nameserver *server)
{
	return ntohs(server->at.sin_port);
}

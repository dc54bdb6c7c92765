#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"
#include "postfix/service.h"
#include "postfix/table_server.h"
#include "postfix/version.h"

enum {
	TRIES = 10,         /* before there is no answer */
	CONNECT_PAUSE = 10, /* seconds between tries when nobody listens */
	TALK_PAUSE = 1,     /* and when the connection broke */
};

struct service {
	struct service_options options;
	struct table_server *server;
};

struct service *service_new(const struct service_options *options)
{
	struct service *service = MEMORY_NEW(struct service);

	service->options = *options;
	service->server = table_server_new(&(struct table_server_options){
		.path = options->path,
		.other_path = options->other_path,
		.seconds = options->seconds,
		.idle = options->idle,
		.ttl = options->ttl,
	});
	return service;
}

void service_free(struct service *service)
{
	if (service == NULL)
		return;
	table_server_free(service->server);
	free(service);
}

/* Postfix 3.6 and later say which protocol they speak. */
static bool greet(const struct service_options *options, struct attr_source *source,
	struct pool *pool)
{
	struct attrs hello;
	const char *protocol;

	if (options->version < POSTFIX(3, 6))
		return true;
	if (attr_read(source, pool, &hello) != ATTR_LIST)
		return false;
	protocol = attr_get(&hello, "protocol");
	if (protocol && strcmp(protocol, options->protocol) == 0)
		return true;
	log_warning("unexpected protocol \"%s\" from %s", protocol ? protocol : "", options->place);
	errno = EPROTO;
	return false;
}

/* One request on one connection, which is kept when all went well. False: errno. */
static bool converse(struct service *service, struct table_link *link, const struct buf *request,
	struct pool *pool, struct attrs *reply)
{
	int seconds = service->options.seconds, error;
	struct attr_source source = {.fd = link->fd, .seconds = seconds};
	bool good;

	errno = 0;
	good = (!link->fresh || greet(&service->options, &source, pool))
		&& attr_write(link->fd, seconds, request->data, request->length)
		&& attr_read(&source, pool, reply) == ATTR_LIST;
	error = errno;
	if (good && source.from == source.until)
		table_server_keep(service->server, link);
	else
		table_link_close(link);
	errno = error ? error : ECONNRESET;
	return good;
}

static void wait_seconds(int seconds)
{
	nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
}

/*
 * Postfix's agent tries for ever when connections break, and dies when nobody listens; here the
 * request fails, as other deliveries don't need it. A server ends when it likes, so the first
 * broken connection is nothing to talk about.
 */
bool service_ask(struct service *service, const struct buf *request, struct pool *pool,
	struct attrs *reply)
{
	const char *place = service->options.place;
	int error;

	for (int tries = 1; tries <= TRIES; tries++) {
		struct table_link *link = table_server_take(service->server, tries > 1, &error);

		if (link && converse(service, link, request, pool, reply))
			return true;
		if (link == NULL)
			log_warning("connect #%d to subsystem %s: %s", tries, place,
				text_errno(pool, error));
		else if (tries > 1)
			log_warning("problem talking to service %s: %s", place,
				text_errno(pool, errno));
		if (tries < TRIES)
			wait_seconds(link ? TALK_PAUSE : CONNECT_PAUSE);
	}
	return false;
}

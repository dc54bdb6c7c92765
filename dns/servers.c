#include "dns/servers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "util/addr.h"
#include "util/clock.h"
#include "util/list.h"
#include "util/log.h"
#include "util/memory.h"

enum {
	LOOK_MS = 1000,       /* between two looks at resolv.conf */
	DOUBT_MS = 30 * 1000, /* of failures until a context is made anew */
	AVOID_MS = 60 * 1000, /* that a server comes last */
};

struct server {
	const char *address;     /* in nameservers; NULL: full recursion */
	struct context *context; /* NULL: not needed yet */
	int64_t made;            /* when, clock_ms() */
	int64_t failing;         /* since then; 0: it answered last time */
	int64_t avoid;           /* until then */
};

struct servers {
	struct servers_options options;
	struct pump *pump;
	pthread_mutex_t lock; /* of all below; and contexts are made under it */
	struct nameservers names;
	struct server all[NAMESERVERS_MOST];
	size_t count; /* 0: resolv.conf was not read yet */
	unsigned generation;
	bool recursion;
	int64_t looked;
	struct stat seen;
	unsigned long contexts;
};

struct servers *servers_new(struct pump *pump, const struct servers_options *options)
{
	struct servers *servers = MEMORY_NEW(struct servers);

	servers->options = *options;
	servers->pump = pump;
	servers->looked = INT64_MIN;
	pthread_mutex_init(&servers->lock, NULL);
	return servers;
}

/* Called with the lock on. */
static void forget(struct servers *servers)
{
	for (size_t i = 0; i < servers->count; i++)
		context_let_go(servers->all[i].context);
	memset(servers->all, 0, sizeof(servers->all));
	servers->count = 0;
	servers->generation++;
}

void servers_free(struct servers *servers)
{
	if (servers == NULL)
		return;
	forget(servers);
	pthread_mutex_destroy(&servers->lock);
	free(servers);
}

/* Called with the lock on. */
static void use_names(struct servers *servers)
{
	forget(servers);
	servers->count = servers->names.count;
	for (size_t i = 0; i < servers->count; i++)
		servers->all[i].address = servers->names.address[i];
}

static bool same_names(const struct nameservers *a, const struct nameservers *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->address[i], b->address[i]) != 0)
			return false;
	return true;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec
		&& a->st_size == b->st_size && a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Is it time? The one who is told so looks; the others go on with what they have. */
static bool time_to_look(struct servers *servers, struct stat *seen, bool *first)
{
	int64_t now = clock_ms();
	bool look;

	pthread_mutex_lock(&servers->lock);
	*first = servers->names.count == 0;
	look = *first || now - servers->looked >= LOOK_MS;
	if (look)
		servers->looked = now;
	*seen = servers->seen;
	pthread_mutex_unlock(&servers->lock);
	return look;
}

bool servers_refresh(struct servers *servers)
{
	struct nameservers names;
	struct stat seen, now = {.st_size = 0};
	bool first, changed;

	if (!time_to_look(servers, &seen, &first))
		return false;
	(void)stat(servers->options.resolv_conf, &now); /* none: as an empty one, like libc */
	if (!first && same_file(&seen, &now))
		return false;
	nameservers_read(servers->options.resolv_conf, &names);

	pthread_mutex_lock(&servers->lock);
	servers->seen = now;
	changed = !same_names(&names, &servers->names);
	if (changed) {
		servers->names = names;
		if (!servers->recursion)
			use_names(servers);
	}
	pthread_mutex_unlock(&servers->lock);
	return changed;
}

void servers_recurse(struct servers *servers, bool recurse)
{
	pthread_mutex_lock(&servers->lock);
	servers->recursion = recurse;
	if (recurse) {
		forget(servers);
		servers->count = 1;
	} else {
		use_names(servers);
	}
	pthread_mutex_unlock(&servers->lock);
}

struct order servers_order(struct servers *servers)
{
	int64_t now = clock_ms();
	struct order order = {.count = 0};

	pthread_mutex_lock(&servers->lock);
	order.generation = servers->generation;
	for (size_t i = 0; i < servers->count; i++)
		if (servers->all[i].avoid <= now)
			order.at[order.count++] = i;
	for (size_t i = 0; i < servers->count; i++)
		if (servers->all[i].avoid > now)
			order.at[order.count++] = i;
	pthread_mutex_unlock(&servers->lock);
	return order;
}

/* The I-th of ORDER, or NULL: resolv.conf is another one by now. Called with the lock on. */
static struct server *server_of(struct servers *servers, const struct order *order, size_t i)
{
	return order->generation == servers->generation ? &servers->all[order->at[i]] : NULL;
}

/* Called with the lock on. */
static void make_context(struct servers *servers, struct server *server)
{
	struct pool pool = {0};
	struct addr addr;
	const char *error = "", *unknown = NULL;
	struct context_settings settings = {
		.anchors = servers->options.anchors,
		.insecure = servers->options.insecure,
		.root_hints = servers->options.root_hints,
		.ipv6 = servers->options.ipv6,
	};

	if (server->address) {
		settings.forwarder =
			pool_format(&pool, "%s@%u", server->address, servers->options.port);
		settings.ipv6 = settings.ipv6
			|| (addr_parse(&addr, server->address, 0)
				&& addr_family(&addr) == AF_INET6);
	}
	server->context = context_new(servers->pump, &pool, &settings, &unknown, &error);
	server->made = clock_ms();
	servers->contexts++;
	if (server->context == NULL)
		log_warning("DNSSEC: %s", error);
	else if (unknown && servers->contexts == 1)
		log_warning("libunbound %s does not know the option %s", ub_version(), unknown);
	pool_free(&pool);
}

/* A new context forgets what libunbound holds against the nameserver. */
static bool in_doubt(const struct server *server)
{
	int64_t now = clock_ms();

	return server->failing && now - server->failing >= DOUBT_MS
		&& now - server->made >= DOUBT_MS;
}

/* Its context, held for the caller; NULL: there is none to be had. */
static struct context *context_for(struct servers *servers, const struct order *order, size_t i)
{
	struct context *context = NULL;
	struct server *server;

	pthread_mutex_lock(&servers->lock);
	server = server_of(servers, order, i);
	if (server && server->context && in_doubt(server)) {
		context_let_go(server->context);
		server->context = NULL;
	}
	if (server && server->context == NULL)
		make_context(servers, server);
	if (server && server->context) {
		context = server->context;
		context_hold(context);
	}
	pthread_mutex_unlock(&servers->lock);
	return context;
}

struct request *servers_ask(struct servers *servers, const struct order *order, size_t i,
	const char *name, int type, struct batch *batch)
{
	struct context *context = context_for(servers, order, i);
	struct request *request = NULL;

	if (context)
		request = request_start(context, name, type, batch);
	context_let_go(context);
	return request;
}

void servers_note(struct servers *servers, const struct order *order, size_t i, bool answered,
	int error)
{
	struct server *server;

	pthread_mutex_lock(&servers->lock);
	server = server_of(servers, order, i);
	if (server && answered)
		server->failing = server->avoid = 0;
	else if (server && server->failing == 0)
		server->failing = clock_ms();
	if (server && error == CONTEXT_GONE) { /* its worker is gone */
		context_let_go(server->context);
		server->context = NULL;
	}
	pthread_mutex_unlock(&servers->lock);
}

void servers_outdone(struct servers *servers, const struct order *order, size_t i)
{
	int64_t now = clock_ms();
	struct server *server;

	pthread_mutex_lock(&servers->lock);
	server = server_of(servers, order, i);
	if (server && server->failing && now - server->failing >= DOUBT_MS)
		server->avoid = now + AVOID_MS;
	pthread_mutex_unlock(&servers->lock);
}

const char *servers_text(struct servers *servers, struct pool *pool)
{
	struct list list = {.pool = pool};
	const char *text;

	pthread_mutex_lock(&servers->lock);
	for (size_t i = 0; i < servers->count; i++)
		if (servers->all[i].address)
			list_add(&list, servers->all[i].address);
	text = servers->recursion ? "full recursion"
				  : pool_format(pool, "forwarding to %s", list_join(&list, ", "));
	pthread_mutex_unlock(&servers->lock);
	return text;
}

const char *servers_first(struct servers *servers, struct pool *pool)
{
	const char *text;

	pthread_mutex_lock(&servers->lock);
	text = servers->count && servers->all[0].address
		? pool_format(pool, "nameserver %s", servers->all[0].address)
		: "full recursion";
	pthread_mutex_unlock(&servers->lock);
	return text;
}

unsigned long servers_contexts(struct servers *servers)
{
	unsigned long contexts;

	pthread_mutex_lock(&servers->lock);
	contexts = servers->contexts;
	pthread_mutex_unlock(&servers->lock);
	return contexts;
}

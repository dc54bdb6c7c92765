/* proxy:type:name: tables that proxymap(8) has opened (proxymap(8)). */
#include <stdatomic.h>
#include <string.h>
#include "util/log.h"
#include "util/text.h"
#include "postfix/attr.h"
#include "postfix/service.h"
#include "postfix/table_type.h"
#include "postfix/version.h"

enum proxy_status { PROXY_OK, PROXY_NO_KEY, PROXY_RETRY, PROXY_BAD, PROXY_DENY, PROXY_CONFIG };

/* Bits of Postfix's dictionary flags. */
enum {
	PROXY_FIXED = 1 << 4,
	PROXY_PATTERN = 1 << 5,
	PROXY_LOCK = 1 << 6,
	PROXY_REPLACE = 1 << 7, /* an entry that is there */
	PROXY_SYNC = 1 << 8,    /* an update is on disk when it is answered */
	PROXY_FOLD = 1 << 14,
	PROXY_UTF8 = 1 << 19,
};

struct proxy {
	struct service *server;
	const char *service;  /* "proxymap" */
	const char *path;     /* for people */
	const char *inner;    /* "type:name" */
	int flags;            /* what is asked for with each request; to Postfix 3.11, once */
	atomic_int announced; /* Postfix 3.11: what the server said last of the table */
};

static bool is_newer(const struct table *table)
{
	return table->options->version >= POSTFIX(3, 11);
}

/* Where UTF-8 is in force the key is folded here, and Postfix before 3.11 then doesn't ask for it.
 */
static int request_flags(const struct table *table)
{
	unsigned flags = table->flags;
	bool fold = flags & TABLE_FOLD && (is_newer(table) || !table_is_utf8(table));

	return (flags & TABLE_LOCK ? PROXY_LOCK : 0) | (fold ? PROXY_FOLD : 0)
		| (flags & TABLE_UTF8 ? PROXY_UTF8 : 0)
		| (flags & TABLE_WRITE ? PROXY_REPLACE | PROXY_SYNC : 0);
}

/* The list of attributes up to those that only some requests have. */
static void begin_request(const struct table *table, const char *request, struct buf *to)
{
	const struct proxy *proxy = table->state;

	attr_text(to, "request", request);
	attr_text(to, "table", proxy->inner);
	if (is_newer(table))
		attr_int(to, "instance_flags", proxy->flags);
}

static void put_flags(const struct table *table, struct buf *to)
{
	struct proxy *proxy = table->state;

	attr_int(to, "flags", is_newer(table) ? atomic_load(&proxy->announced) : proxy->flags);
}

/* Asks and understands the status and, from newer servers, the flags. False: no answer. */
static bool ask_status(const struct table *table, const struct buf *request, struct pool *pool,
	struct attrs *reply, int *status)
{
	struct proxy *proxy = table->state;
	int flags;

	if (!service_ask(proxy->server, request, pool, reply))
		return false;
	if (!attr_get_int(reply, "status", status)) {
		log_warning("malformed reply from %s for table \"%s\"", proxy->path, proxy->inner);
		return false;
	}
	if (attr_get_int(reply, "flags", &flags))
		atomic_store(&proxy->announced, flags);
	return true;
}

static bool denied(const struct table *table, struct buf *why)
{
	const struct proxy *proxy = table->state;

	table_refuse(why, "%s service is not configured for table \"%s\"", proxy->service,
		proxy->inner);
	if (!is_newer(table))
		log_fatal("%s", buf_text(why));
	return false;
}

static bool opened(struct table *table, int status, struct buf *why)
{
	struct proxy *proxy = table->state;
	int flags = atomic_load(&proxy->announced);

	if (status == PROXY_DENY)
		return denied(table, why);
	if (status != PROXY_OK)
		return table_refuse(why, "%s open failed for table \"%s\": invalid request",
			proxy->service, proxy->inner);
	table->kind = (flags & PROXY_FIXED ? TABLE_FIXED : 0)
		| (flags & PROXY_PATTERN ? TABLE_PATTERN : 0);
	if (table->kind == 0)
		table->kind = TABLE_ANY;
	return true;
}

static void set_up(struct table *table, const char *name)
{
	struct pool *pool = table_pool(table);
	const struct table_options *options = table->options;
	struct proxy *proxy = POOL_NEW(pool, struct proxy);
	bool write = table->flags & TABLE_WRITE;

	table->state = proxy;
	proxy->service = write ? options->proxywrite_service : options->proxymap_service;
	proxy->path = pool_format(pool, "%s/private/%s", options->queue_directory, proxy->service);
	proxy->inner = pool_text(pool, name);
	proxy->flags = request_flags(table);
	proxy->server = table_proxy_service(table->set, write,
		&(struct service_options){
			.place = proxy->path,
			.path = pool_format(pool, "private/%s", proxy->service),
			.other_path = proxy->path,
			.protocol = "proxymap_protocol",
			.version = options->version,
			.seconds = options->ipc_timeout,
			.idle = options->ipc_idle,
			.ttl = options->ipc_ttl,
		});
}

/* Before 3.11 flags of the moment are no concern of an open. */
static bool open_proxy(struct table *table, const char *name, struct buf *why)
{
	struct buf request = BUF(0);
	struct pool pool = {0};
	struct attrs reply;
	bool good;
	int status;

	set_up(table, name);
	begin_request(table, "open", &request);
	if (!is_newer(table))
		attr_int(&request, "flags", 0);
	attr_end(&request);
	if (!ask_status(table, &request, &pool, &reply, &status))
		log_fatal("no answer from service %s", ((const struct proxy *)table->state)->path);
	good = opened(table, status, why);
	pool_free(&pool);
	buf_close(&request);
	return good;
}

static enum table_answer understand(const struct table *table, int status, const char *value,
	struct buf *answer)
{
	const struct proxy *proxy = table->state;

	switch (status) {
	case PROXY_OK:
		buf_adds(answer, value ? value : "");
		return TABLE_FOUND;
	case PROXY_NO_KEY:
		return TABLE_NONE;
	case PROXY_RETRY:
		return table_trouble(answer, "%s says it is a temporary error", proxy->service);
	case PROXY_CONFIG:
		return table_trouble(answer, "%s says it is a configuration error", proxy->service);
	case PROXY_DENY:
		log_warning("%s service is not configured for table \"%s\"", proxy->service,
			proxy->inner);
		return table_trouble(answer, "%s does not serve it", proxy->service);
	default:
		log_warning("%s lookup failed for table \"%s\": invalid request", proxy->service,
			proxy->inner);
		return table_trouble(answer, "%s did not understand", proxy->service);
	}
}

static enum table_answer find_proxy(const struct table *table, const char *key, struct buf *answer)
{
	struct buf request = BUF(0);
	struct pool pool = {0};
	struct attrs reply;
	enum table_answer got;
	int status;

	begin_request(table, "lookup", &request);
	put_flags(table, &request);
	attr_text(&request, "key", key);
	attr_end(&request);
	if (ask_status(table, &request, &pool, &reply, &status))
		got = understand(table, status, attr_get(&reply, "value"), answer);
	else
		got = table_trouble(answer, "no answer from the %s service",
			((const struct proxy *)table->state)->service);
	pool_free(&pool);
	buf_close(&request);
	return got;
}

/* VALUE NULL: removes the entry. */
static bool put_proxy(const struct table *table, const char *key, const char *value,
	struct buf *why)
{
	const struct proxy *proxy = table->state;
	struct buf request = BUF(0);
	struct pool pool = {0};
	struct attrs reply;
	int status = PROXY_RETRY;

	begin_request(table, value ? "update" : "delete", &request);
	put_flags(table, &request);
	attr_text(&request, "key", key);
	if (value)
		attr_text(&request, "value", value);
	attr_end(&request);
	if (!ask_status(table, &request, &pool, &reply, &status))
		table_refuse(why, "no answer from the %s service", proxy->service);
	else if (status != PROXY_OK && status != PROXY_NO_KEY)
		table_refuse(why, "%s answers with status %d", proxy->service, status);
	pool_free(&pool);
	buf_close(&request);
	return status == PROXY_OK || (value == NULL && status == PROXY_NO_KEY);
}

const struct table_type table_proxy = {
	.name = "proxy",
	.members = true,
	.open = open_proxy,
	.find = find_proxy,
	.put = put_proxy,
};

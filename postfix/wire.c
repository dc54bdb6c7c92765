#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "postfix/request.h"
#include "postfix/version.h"
#include "postfix/wire.h"
#include "util/log.h"
#include "util/net.h"
#include "util/text.h"

/* A row: attribute, struct and its field, is it needed, and perhaps .since and .until. */
#define ROW(label, kind, noun, field, ...)                                                         \
	{                                                                                          \
		.name = label, .type = kind, .at = offsetof(struct noun, field),                   \
		.needed = __VA_ARGS__                                                              \
	}
#define TEXT(label, noun, field, ...) ROW(label, WIRE_TEXT, noun, field, __VA_ARGS__)
#define INT(label, noun, field, ...) ROW(label, WIRE_INT, noun, field, __VA_ARGS__)
#define LONG(label, noun, field, ...) ROW(label, WIRE_LONG, noun, field, __VA_ARGS__)
#define MESSAGE(rows)                                                                              \
	{                                                                                          \
		rows, COUNT(rows)                                                                  \
	}

static const struct wire_field request_fields[] = {
	INT("flags", request, flags, true),
	TEXT("queue_name", request, queue_name, true),
	TEXT("queue_id", request, queue_id, true),
	LONG("offset", request, data_offset, true),
	LONG("size", request, data_size, true),
	TEXT("nexthop", request, nexthop, true),
	TEXT("encoding", request, encoding, false),
	INT("smtputf8", request, sendopts, false, .until = POSTFIX(3, 10)),
	INT("sendopts", request, sendopts, false, .since = POSTFIX(3, 10)),
	TEXT("sender", request, sender, true),
	TEXT("envelope_id", request, envelope_id, false),
	INT("ret_flags", request, dsn_ret, false),
	TEXT("time", request, stats, false),
	TEXT("log_client_name", request, client_name, false),
	TEXT("log_client_address", request, client_address, false),
	TEXT("log_client_port", request, client_port, false),
	TEXT("log_protocol_name", request, client_proto, false),
	TEXT("log_helo_name", request, client_helo, false),
	TEXT("sasl_method", request, sasl_method, false),
	TEXT("sasl_username", request, sasl_username, false),
	TEXT("sasl_sender", request, sasl_sender, false),
	TEXT("log_ident", request, log_ident, false),
	TEXT("rewrite_context", request, rewrite_context, false),
	INT("recipient_count", request, announced, true),
};
const struct wire_message wire_request = MESSAGE(request_fields);

static const struct wire_field rcpt_fields[] = {
	TEXT("original_recipient", request_rcpt, original, false),
	TEXT("recipient", request_rcpt, address, true),
	LONG("offset", request_rcpt, offset, true),
	TEXT("dsn_orig_rcpt", request_rcpt, dsn_orcpt, false),
	INT("notify_flags", request_rcpt, dsn_notify, false),
};
const struct wire_message wire_request_rcpt = MESSAGE(rcpt_fields);

/* "status" is there twice, and that is right: first a code as text, then a number. */
static const struct wire_field verdict_fields[] = {
	TEXT("status", wire_verdict, dsn, true),
	TEXT("diag_type", wire_verdict, diag_type, true),
	TEXT("diag_text", wire_verdict, diag_text, true),
	TEXT("mta_type", wire_verdict, mta_type, true),
	TEXT("mta_mname", wire_verdict, mta, true),
	TEXT("action", wire_verdict, action, true),
	TEXT("reason", wire_verdict, reason, true),
	INT("status", wire_verdict, status, true),
};
const struct wire_message wire_verdict = MESSAGE(verdict_fields);

static const struct wire_field append_fields[] = {
	INT("nrequest", wire_append, command, true),
	INT("flags", wire_append, flags, true),
	TEXT("queue_id", wire_append, queue_id, true),
	TEXT("original_recipient", wire_append, original, true),
	TEXT("recipient", wire_append, address, true),
	LONG("offset", wire_append, offset, true),
	TEXT("dsn_orig_rcpt", wire_append, dsn_orcpt, true),
	INT("notify_flags", wire_append, dsn_notify, true),
	TEXT("status", wire_append, dsn, true),
	TEXT("diag_type", wire_append, diag_type, true),
	TEXT("diag_text", wire_append, diag_text, true),
	TEXT("mta_type", wire_append, mta_type, true),
	TEXT("mta_mname", wire_append, mta, true),
	TEXT("action", wire_append, action, true),
	TEXT("reason", wire_append, reason, true),
};
const struct wire_message wire_append = MESSAGE(append_fields);

static const struct wire_field verify_fields[] = {
	TEXT("request", wire_verify, command, true),
	TEXT("address", wire_verify, address, true),
	INT("recipient_status", wire_verify, status, true),
	TEXT("reason", wire_verify, reason, true),
};
const struct wire_message wire_verify = MESSAGE(verify_fields);

static const struct wire_field flush_fields[] = {
	TEXT("request", wire_flush, command, true),
	TEXT("site", wire_flush, site, true),
	TEXT("queue_id", wire_flush, queue_id, true),
};
const struct wire_message wire_flush = MESSAGE(flush_fields);

static bool has(int version, const struct wire_field *field)
{
	return version >= field->since && (field->until == 0 || version < field->until);
}

static void put_field(const struct wire_field *field, const char *from, struct buf *to)
{
	const char *text;
	long number;
	int small;

	switch (field->type) {
	case WIRE_TEXT:
		memcpy(&text, from + field->at, sizeof text);
		attr_text(to, field->name, text ? text : "");
		return;
	case WIRE_INT:
		memcpy(&small, from + field->at, sizeof small);
		attr_int(to, field->name, small);
		return;
	case WIRE_LONG:
		memcpy(&number, from + field->at, sizeof number);
		attr_long(to, field->name, number);
		return;
	}
}

void wire_put(const struct wire_message *message, int version, const void *from, struct buf *to)
{
	for (size_t i = 0; i < message->count; i++)
		if (has(version, &message->fields[i]))
			put_field(&message->fields[i], from, to);
	attr_end(to);
}

static bool get_field(const struct wire_field *field, const char *value, char *into)
{
	long number;
	int small;

	switch (field->type) {
	case WIRE_TEXT:
		memcpy(into + field->at, &value, sizeof value);
		return true;
	case WIRE_INT:
		if (attr_number_int(value, &small))
			memcpy(into + field->at, &small, sizeof small);
		else
			return false;
		return true;
	case WIRE_LONG:
		if (attr_number_long(value, &number))
			memcpy(into + field->at, &number, sizeof number);
		else
			return false;
		return true;
	}
	return false;
}

/*
 * The value of NAME at or behind *NEXT, which moves behind it; else the first one anywhere. So a
 * name that occurs twice is found twice, and messages in their usual order take one pass.
 */
static const char *value_of(const struct attrs *attrs, const char *name, size_t *next)
{
	for (size_t i = *next; i < attrs->count; i++)
		if (strcmp(attrs->items[i].name, name) == 0) {
			*next = i + 1;
			return attrs->items[i].value;
		}
	return attr_get(attrs, name);
}

const char *wire_get(const struct wire_message *message, const struct attrs *attrs, void *into)
{
	size_t next = 0;

	for (size_t i = 0; i < message->count; i++) {
		const struct wire_field *field = &message->fields[i];
		const char *value = value_of(attrs, field->name, &next);

		if (value ? !get_field(field, value, into) : field->needed)
			return field->name;
	}
	return NULL;
}

/* Postfix 3.6 and later announce a protocol by its name; before, an agent said that it can serve.
 */
#define NEW_GREETING "protocol\0" WIRE_REQUEST_PROTOCOL "\0"
#define OLD_GREETING                                                                               \
	"status\0"                                                                                 \
	"0\0"

const char *wire_greeting(int version, size_t *length)
{
	bool is_new = version >= POSTFIX(3, 6);

	*length = is_new ? sizeof NEW_GREETING : sizeof OLD_GREETING; /* with the last NUL */
	return is_new ? NEW_GREETING : OLD_GREETING;
}

static bool failed(struct pool *pool, const char *doing, const char *path, int error)
{
	log_warning("%s %s socket: %s", doing, path, text_errno(pool, error));
	return false;
}

/* HUNG_UP: the errno by which Postfix tells of a server that closes instead. */
static bool read_list(struct attr_source *source, struct pool *pool, const char *doing,
	const char *path, int hung_up, struct attrs *attrs)
{
	switch (attr_read(source, pool, attrs)) {
	case ATTR_LIST:
		return true;
	case ATTR_CLOSED:
		return failed(pool, "write/read", path, hung_up);
	case ATTR_BROKEN:
		return failed(pool, doing, path, errno);
	}
	return false;
}

/* Postfix notices only when it writes that nobody is there, so it's EPIPE. */
static bool check_announcement(struct attr_source *source, struct pool *pool, const char *path,
	const char *protocol)
{
	struct attrs attrs;
	const char *announced;

	if (!read_list(source, pool, "read", path, EPIPE, &attrs))
		return false;
	announced = attr_get(&attrs, "protocol");
	if (announced && strcmp(announced, protocol) == 0)
		return true;
	log_warning("unexpected protocol %s from %s socket (expected: %s)",
		announced ? announced : "(none)", path, protocol);
	return false;
}

static bool talk(const struct wire *wire, int fd, struct pool *pool, const char *path,
	const char *protocol, const struct buf *request, struct attrs *reply)
{
	struct attr_source source = {.fd = fd, .seconds = wire->ipc_timeout};

	if (wire->version >= POSTFIX(3, 6) && !check_announcement(&source, pool, path, protocol))
		return false;
	if (!attr_write(fd, wire->ipc_timeout, buf_text(request), request->length))
		return failed(pool, "write", path, errno);
	return read_list(&source, pool, "write/read", path, ECONNRESET, reply);
}

static bool command(const struct wire *wire, struct pool *pool, const char *path,
	const char *protocol, const struct buf *request, struct attrs *reply)
{
	int fd = net_connect_unix(path, wire->ipc_timeout);
	bool done;

	if (fd < 0) {
		log_warning("connect to %s: %s", path, text_errno(pool, errno));
		return false;
	}
	done = talk(wire, fd, pool, path, protocol, request, reply);
	close(fd);
	return done;
}

bool wire_ask(const struct wire *wire, struct pool *pool, const char *path, const char *protocol,
	const struct wire_message *message, const void *from, int *status)
{
	struct buf request = BUF(ATTR_MOST);
	struct attrs reply;
	bool answered;

	wire_put(message, wire->version, from, &request);
	answered = command(wire, pool, path, protocol, &request, &reply);
	buf_close(&request);
	if (!answered)
		return false;
	if (attr_get_int(&reply, "status", status))
		return true;
	log_warning("write/read %s socket: malformed reply", path);
	return false;
}

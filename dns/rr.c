#include "dns/rr.h"

#include <arpa/inet.h>
#include <string.h>
#include "util/buf.h"
#include "util/text.h"

enum {
	WIRE_NAME_MOST = 255,
	WIRE_LABEL_MOST = 63,
	NAME_TEXT_MOST = 4 * WIRE_NAME_MOST
}; /* RFC 1035 3.1 */

static unsigned number16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* One byte of a label as text: RFC 1035 5.1, escaping what libc's dn_expand() escapes. */
static void add_byte(struct buf *text, uint8_t byte)
{
	if (byte <= ' ' || byte >= 0x7f)
		buf_addf(text, "\\%03u", byte);
	else if (strchr(".\";\\()@$", byte))
		buf_addf(text, "\\%c", byte);
	else
		buf_addc(text, byte);
}

/*
 * domain = *(length *OCTET) %x00, each length 1 to 63, together at most 255 bytes. Anything else
 * in a length's upper two bits would be compression, which rdata in a record no longer has.
 */
size_t rr_name(struct pool *pool, const uint8_t *data, size_t length, const char **name)
{
	struct buf text = BUF(NAME_TEXT_MOST);
	size_t at = 0, label;

	if (length > WIRE_NAME_MOST)
		length = WIRE_NAME_MOST;
	while (at < length && (label = data[at]) != 0) {
		if (label > WIRE_LABEL_MOST || label > length - at - 1)
			break;
		if (at++)
			buf_addc(&text, '.');
		for (; label > 0; label--)
			add_byte(&text, data[at++]);
	}
	if (at < length && data[at] == 0)
		*name = pool_text(pool, buf_text(&text));
	else
		at = length;
	buf_close(&text);
	return at < length ? at + 1 : 0;
}

/* RFC 1035 3.3.1 and 3.3.11. */
bool rr_target(struct pool *pool, const struct dns_record *record, const char **name)
{
	const char *target;

	if (record->length == 0
		|| rr_name(pool, record->data, record->length, &target) != record->length)
		return false;
	*name = target;
	return true;
}

/* RFC 1035 3.3.9. */
bool rr_mx(struct pool *pool, const struct dns_record *record, struct rr_mx *mx)
{
	const char *host;

	if (record->length < 3
		|| rr_name(pool, record->data + 2, record->length - 2, &host) != record->length - 2)
		return false;
	*mx = (struct rr_mx){.preference = number16(record->data), .host = host};
	return true;
}

/* RFC 2782. */
bool rr_srv(struct pool *pool, const struct dns_record *record, struct rr_srv *srv)
{
	const uint8_t *data = record->data;
	const char *target;

	if (record->length < 7
		|| rr_name(pool, data + 6, record->length - 6, &target) != record->length - 6)
		return false;
	*srv = (struct rr_srv){.priority = number16(data),
		.weight = number16(data + 2),
		.port = number16(data + 4),
		.target = target};
	return true;
}

/* RFC 6698 2.1. What the numbers mean, and how long the data should be, is for tls to say. */
bool rr_tlsa(const struct dns_record *record, struct rr_tlsa *tlsa)
{
	const uint8_t *data = record->data;

	if (record->length < 3)
		return false;
	*tlsa = (struct rr_tlsa){.usage = data[0],
		.selector = data[1],
		.matching = data[2],
		.data = data + 3,
		.length = record->length - 3};
	return true;
}

/* RFC 1035 3.3.14: one or more character-strings. What does not print is a blank, as in Postfix. */
bool rr_txt(struct pool *pool, const struct dns_record *record, const char **text)
{
	const uint8_t *data = record->data;
	size_t at = 0, end, used = 0;
	char *joined;

	for (; at < record->length; at += 1u + data[at])
		if (data[at] > record->length - at - 1)
			return false;
	if (record->length == 0)
		return false;

	joined = pool_alloc(pool, record->length + 1);
	for (at = 0; at < record->length; at = end) {
		end = at + 1 + data[at];
		for (at++; at < end; at++)
			joined[used++] = data[at] < ' ' || data[at] >= 0x7f ? ' ' : (char)data[at];
	}
	*text = joined;
	return true;
}

const char *rr_type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_NS:
		return "NS";
	case DNS_CNAME:
		return "CNAME";
	case DNS_MX:
		return "MX";
	case DNS_TXT:
		return "TXT";
	case DNS_AAAA:
		return "AAAA";
	case DNS_SRV:
		return "SRV";
	case DNS_TLSA:
		return "TLSA";
	}
	return "unknown";
}

static const char *address_text(struct pool *pool, int family, const struct dns_record *record)
{
	char text[INET6_ADDRSTRLEN];

	if (record->length != (family == AF_INET ? 4 : 16))
		return NULL;
	return pool_text(pool, inet_ntop(family, record->data, text, sizeof(text)));
}

static const char *name_text(struct pool *pool, const struct dns_record *record)
{
	const char *name;

	if (!rr_target(pool, record, &name))
		return NULL;
	return pool_format(pool, "%s.", name);
}

static const char *mx_text(struct pool *pool, const struct dns_record *record)
{
	struct rr_mx mx;

	if (!rr_mx(pool, record, &mx))
		return NULL;
	return pool_format(pool, "%u %s.", mx.preference, mx.host);
}

static const char *srv_text(struct pool *pool, const struct dns_record *record)
{
	struct rr_srv srv;

	if (!rr_srv(pool, record, &srv))
		return NULL;
	return pool_format(pool, "%u %u %u %s.", srv.priority, srv.weight, srv.port, srv.target);
}

static const char *tlsa_text(struct pool *pool, const struct dns_record *record)
{
	struct buf hex = BUF(0);
	struct rr_tlsa tlsa;
	char *text;

	if (!rr_tlsa(record, &tlsa))
		return NULL;
	text_hex(&hex, tlsa.data, tlsa.length, 0);
	text = pool_format(pool, "%d %d %d %s", tlsa.usage, tlsa.selector, tlsa.matching,
		buf_text(&hex));
	buf_close(&hex);
	return text_lower(text);
}

static const char *value_text(struct pool *pool, enum dns_type type,
	const struct dns_record *record)
{
	const char *text;

	switch (type) {
	case DNS_A:
		return address_text(pool, AF_INET, record);
	case DNS_AAAA:
		return address_text(pool, AF_INET6, record);
	case DNS_NS:
	case DNS_CNAME:
		return name_text(pool, record);
	case DNS_MX:
		return mx_text(pool, record);
	case DNS_SRV:
		return srv_text(pool, record);
	case DNS_TLSA:
		return tlsa_text(pool, record);
	case DNS_TXT:
		return rr_txt(pool, record, &text) ? text : NULL;
	}
	return NULL;
}

const char *rr_text(struct pool *pool, enum dns_type type, const struct dns_record *record)
{
	const char *value = value_text(pool, type, record);

	return pool_format(pool, "%s. %u IN %s %s", record->owner, (unsigned)record->ttl,
		rr_type_name(type), value ? value : "(malformed)");
}

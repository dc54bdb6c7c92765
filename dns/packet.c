#include "dns/packet.h"

#include <arpa/nameser.h>
#include <string.h>
#include "dns/name.h"
#include "dns/rr.h"
#include "util/log.h"

enum { RECORD_FIXED = 10, NAME_WIRE_MOST = 255, SOA_NUMBERS = 20, TYPE_SOA = 6 };

/* Where we are in a packet. */
struct reader {
	struct pool *pool;
	const uint8_t *packet, *at, *end;
};

/* A record as it stands in the packet. */
struct raw {
	const char *owner;
	unsigned type, class;
	uint32_t ttl;
	const uint8_t *data; /* in the packet, so names in it may be compressed */
	size_t length;
};

static uint32_t number(const uint8_t *at, int size)
{
	uint32_t number = 0;

	while (size-- > 0)
		number = number << 8 | *at++;
	return number;
}

/* A name at *AT to its uncompressed wire form; its length, or 0. *AT moves behind it. */
static size_t unpack(const struct reader *reader, const uint8_t **at, const uint8_t *end,
	uint8_t *wire)
{
	size_t length = 0;
	int took = ns_name_unpack(reader->packet, reader->end, *at, wire, NAME_WIRE_MOST);

	if (took < 0 || took > end - *at)
		return 0;
	while (wire[length]) {
		length += 1u + wire[length];
		if (length >= NAME_WIRE_MOST)
			return 0;
	}
	*at += took;
	return length + 1;
}

static bool read_name(struct reader *reader, const char **name)
{
	uint8_t wire[NAME_WIRE_MOST];
	size_t length = unpack(reader, &reader->at, reader->end, wire);

	return length > 0 && rr_name(reader->pool, wire, length, name) > 0;
}

/* RFC 1035 4.1.3 */
static bool read_record(struct reader *reader, struct raw *raw)
{
	if (!read_name(reader, &raw->owner) || reader->end - reader->at < RECORD_FIXED)
		return false;
	raw->type = number(reader->at, 2);
	raw->class = number(reader->at + 2, 2);
	raw->ttl = number(reader->at + 4, 4);
	raw->length = number(reader->at + 8, 2);
	reader->at += RECORD_FIXED;
	if (raw->length > (size_t)(reader->end - reader->at))
		return false;
	raw->data = reader->at;
	reader->at += raw->length;
	if (raw->ttl > INT32_MAX) /* RFC 2181 8 */
		raw->ttl = 0;
	return true;
}

static bool skip_questions(struct reader *reader, unsigned count)
{
	const char *name;

	while (count-- > 0) {
		if (!read_name(reader, &name) || reader->end - reader->at < 4)
			return false;
		reader->at += 4;
	}
	return true;
}

/* Bytes before the name in rdata of TYPE; -1: there is no name in it. */
static int before_name(unsigned type)
{
	switch (type) {
	case DNS_CNAME:
	case DNS_NS:
		return 0;
	case DNS_MX:
		return 2;
	case DNS_SRV:
		return 6;
	default:
		return -1;
	}
}

/* Rdata with its name uncompressed. Where that fails the bytes stay: their reader refuses them. */
static struct dns_record record_from(const struct reader *reader, const struct raw *raw)
{
	uint8_t data[6 + NAME_WIRE_MOST];
	int before = before_name(raw->type);
	struct dns_record record = {.owner = raw->owner,
		.data = raw->data,
		.length = raw->length,
		.ttl = raw->ttl};

	if (before >= 0 && raw->length > (size_t)before) {
		const uint8_t *at = raw->data + before, *end = raw->data + raw->length;
		size_t length = unpack(reader, &at, end, data + before);

		if (length > 0 && at == end) {
			memcpy(data, raw->data, (size_t)before);
			record.data = data;
			record.length = (size_t)before + length;
		}
	}
	record.data = (const uint8_t *)pool_bytes(reader->pool, record.data, record.length);
	return record;
}

static void shorten(struct dns_answer *answer, uint32_t ttl)
{
	if (ttl < answer->ttl)
		answer->ttl = ttl;
}

/* An alias seen: its target is the name asked last, unless records are found. */
static bool follow(const struct reader *reader, const struct raw *raw, struct dns_answer *answer)
{
	struct dns_record record = record_from(reader, raw);
	const char *target;

	if (!rr_target(reader->pool, &record, &target))
		return false;
	answer->name = target;
	answer->aliased = true;
	shorten(answer, raw->ttl);
	return true;
}

/* A record of the wanted type. One of another class is kept as what nobody can read. */
static void add_record(const struct reader *reader, const struct raw *raw,
	struct dns_answer *answer)
{
	struct dns_record record = record_from(reader, raw);

	if (raw->class != ns_c_in) {
		log_warning("dns_get_fixed: bad class: %u", raw->class);
		record.length = 0;
		record.data = NULL;
	}
	answer->records[answer->count++] = record;
	shorten(answer, raw->ttl);
}

static bool read_answers(struct reader *reader, unsigned count, enum dns_type type,
	struct dns_answer *answer)
{
	struct raw raw;

	answer->ttl = UINT32_MAX;
	answer->records = POOL_ARRAY(reader->pool, struct dns_record,
		count < (size_t)(reader->end - reader->at) / RECORD_FIXED + 1
			? count
			: (size_t)(reader->end - reader->at) / RECORD_FIXED + 1);
	while (count-- > 0) {
		if (!read_record(reader, &raw))
			return false;
		if (raw.type == type)
			add_record(reader, &raw, answer);
		else if (raw.type == DNS_CNAME && raw.class == ns_c_in
			&& !follow(reader, &raw, answer))
			return false;
	}
	return true;
}

/* RFC 2308 5: the smaller of the SOA's own ttl and its last number. */
static uint32_t negative_ttl(struct reader *reader, unsigned count)
{
	struct raw raw;
	uint32_t minimum;

	while (count-- > 0 && read_record(reader, &raw))
		if (raw.type == TYPE_SOA && raw.length > SOA_NUMBERS) {
			minimum = number(raw.data + raw.length - 4, 4);
			return minimum < raw.ttl ? minimum : raw.ttl;
		}
	return 0;
}

static enum dns_rcode_class class_of(unsigned rcode, size_t records)
{
	switch (rcode) {
	case ns_r_noerror:
		return records ? DNS_ANSWERED : DNS_NO_DATA;
	case ns_r_nxdomain:
		return DNS_NO_NAME;
	case ns_r_servfail:
	case ns_r_refused:
		return DNS_TRY_AGAIN;
	default:
		return DNS_NO_RECOVERY;
	}
}

static void settle(struct reader *reader, const char *asked, unsigned authorities,
	struct dns_answer *answer)
{
	if (answer->class == DNS_ANSWERED) {
		answer->name = answer->records[0].owner;
		answer->aliased = !name_same(answer->name, asked);
		return;
	}
	answer->count = 0;
	if (answer->class == DNS_NO_NAME || answer->class == DNS_NO_DATA)
		shorten(answer, negative_ttl(reader, authorities));
	else
		answer->ttl = 0;
}

bool packet_read(struct pool *pool, const uint8_t *packet, size_t length, const char *name,
	enum dns_type type, struct dns_answer *answer)
{
	struct reader reader = {.pool = pool, .packet = packet, .end = packet + length};
	struct dns_answer read = {.reason = "", .name = name_bare(pool, name)};

	if (length < NS_HFIXEDSZ || (packet[2] & 0x80) == 0)
		return false;
	reader.at = packet + NS_HFIXEDSZ;
	if (!skip_questions(&reader, number(packet + 4, 2))
		|| !read_answers(&reader, number(packet + 6, 2), type, &read))
		return false;
	read.class = class_of(packet[3] & 0x0f, read.count);
	settle(&reader, name, number(packet + 8, 2), &read);
	*answer = read;
	return true;
}

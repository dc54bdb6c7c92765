#include "t/lib/fake_resolver.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "util/memory.h"

struct fake {
	const struct fake_record *records;
	size_t count;
	pthread_mutex_t lock;
	unsigned long asked;
	char last[320];
	struct fake *next;
};

static _Atomic(struct fake *) fakes; /* so that all stay reachable until the process ends */

struct bytes {
	uint8_t data[65536];
	size_t length;
};

static void add(struct bytes *to, const void *data, size_t length)
{
	if (length > sizeof(to->data) - to->length)
		abort();
	memcpy(to->data + to->length, data, length);
	to->length += length;
}

static void add_number(struct bytes *to, unsigned number, int size)
{
	while (size-- > 0)
		add(to, (uint8_t[]){(number >> (8 * size)) & 0xff}, 1);
}

/* "a.b", "a\.b", "a\032b" to wire form. */
static void add_name(struct bytes *to, const char *name)
{
	uint8_t label[256];
	size_t length = 0;

	while (*name && strcmp(name, ".") != 0) {
		for (length = 0; *name && *name != '.' && length < sizeof(label) - 1; name++) {
			if (*name == '\\' && name[1] >= '0' && name[1] <= '9') {
				label[length++] = (uint8_t)strtol(
					(char[]){name[1], name[2], name[3], 0}, NULL, 10);
				name += 3;
			} else {
				name += *name == '\\';
				label[length++] = (uint8_t)*name;
			}
		}
		add_number(to, (unsigned)length, 1);
		add(to, label, length);
		name += *name == '.';
	}
	add_number(to, 0, 1);
}

static void add_hex(struct bytes *to, const char *hex)
{
	for (; hex[0] && hex[1]; hex += hex[2] == ' ' ? 3 : 2)
		add_number(to, (unsigned)strtoul((char[]){hex[0], hex[1], 0}, NULL, 16), 1);
}

static void add_text(struct bytes *to, const char *text)
{
	size_t left = strlen(text), part;

	do {
		part = left < 255 ? left : 255;
		add_number(to, (unsigned)part, 1);
		add(to, text, part);
		text += part;
		left -= part;
	} while (left > 0);
}

static void add_address(struct bytes *to, int family, const char *text)
{
	uint8_t address[16];

	if (inet_pton(family, text, address) != 1) {
		fprintf(stderr, "fake_resolver: not an address: %s\n", text);
		abort();
	}
	add(to, address, family == AF_INET ? 4 : 16);
}

/* COUNT numbers of SIZE bytes; returns what follows them. */
static const char *add_numbers(struct bytes *to, const char *text, int count, int size)
{
	char *end = (char *)text;

	while (count-- > 0)
		add_number(to, (unsigned)strtoul(end, &end, 10), size);
	return end + strspn(end, " ");
}

static void add_rdata(struct bytes *to, const struct fake_record *record)
{
	const char *text = record->rdata;

	if (strncmp(text, "\\# ", 3) == 0) {
		add_hex(to, text + 3);
		return;
	}
	switch (record->type) {
	case DNS_A:
		add_address(to, AF_INET, text);
		break;
	case DNS_AAAA:
		add_address(to, AF_INET6, text);
		break;
	case DNS_MX:
		add_name(to, add_numbers(to, text, 1, 2));
		break;
	case DNS_SRV:
		add_name(to, add_numbers(to, text, 3, 2));
		break;
	case DNS_TLSA:
		add_hex(to, add_numbers(to, text, 3, 1));
		break;
	case DNS_TXT:
		add_text(to, text);
		break;
	case DNS_CNAME:
	case DNS_NS:
		add_name(to, text);
		break;
	}
}

static size_t bare_length(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && name[length - 1] == '.' ? length - 1 : length;
}

static bool same(const char *a, const char *b)
{
	return bare_length(a) == bare_length(b) && strncasecmp(a, b, bare_length(a)) == 0;
}

/* The lines of NAME: is there any, and which is the first of TYPE? */
static const struct fake_record *find(const struct fake *fake, const char *name, enum dns_type type,
	bool *exists)
{
	const struct fake_record *found = NULL;

	*exists = false;
	for (size_t i = 0; i < fake->count; i++)
		if (same(fake->records[i].name, name)) {
			*exists = true;
			if (found == NULL && fake->records[i].type == type)
				found = &fake->records[i];
		}
	return found;
}

static void weaken(struct dns_answer *answer, enum dns_security security)
{
	if (security == DNS_INSECURE)
		answer->security = DNS_INSECURE;
}

static const char *bare_name(struct pool *pool, const char *name)
{
	return pool_bytes(pool, name, bare_length(name));
}

static void collect(const struct fake *fake, struct pool *pool, const char *name,
	enum dns_type type, struct dns_answer *answer)
{
	answer->records = POOL_ARRAY(pool, struct dns_record, fake->count);
	answer->ttl = UINT32_MAX;
	for (size_t i = 0; i < fake->count; i++) {
		const struct fake_record *line = &fake->records[i];
		struct bytes rdata = {.length = 0};

		if (line->type != type || !same(line->name, name))
			continue;
		add_rdata(&rdata, line);
		weaken(answer, line->security);
		answer->records[answer->count++] = (struct dns_record){
			.owner = bare_name(pool, name),
			.data = (uint8_t *)pool_bytes(pool, rdata.data, rdata.length),
			.length = rdata.length,
			.ttl = line->ttl ? line->ttl : 300,
		};
		if (answer->records[answer->count - 1].ttl < answer->ttl)
			answer->ttl = answer->records[answer->count - 1].ttl;
	}
}

/* The answer is settled by one line that is no plain data: a failure, or bogus. */
static bool settled(const struct fake_record *line, struct pool *pool, enum dns_mode mode,
	struct dns_answer *answer)
{
	if (line->class != DNS_ANSWERED) {
		answer->class = line->class;
		weaken(answer, line->security);
		answer->reason = pool_text(pool, line->rdata);
		answer->ttl = line->ttl;
		return true;
	}
	if (line->security != DNS_BOGUS || mode == DNS_PLAIN)
		return false;
	answer->class = DNS_TRY_AGAIN;
	answer->security = DNS_BOGUS;
	answer->reason = pool_text(pool, line->rdata);
	return true;
}

static void absent(const struct fake *fake, bool exists, struct dns_answer *answer)
{
	const struct fake_record *any = NULL;

	for (size_t i = 0; i < fake->count && any == NULL; i++)
		if (strcmp(fake->records[i].name, "*") == 0)
			any = &fake->records[i];
	answer->class = exists ? DNS_NO_DATA : DNS_NO_NAME;
	weaken(answer, any ? any->security : DNS_INSECURE);
	answer->ttl = 60;
}

static void answer_it(const struct fake *fake, struct pool *pool, const char *name,
	enum dns_type type, enum dns_mode mode, struct dns_answer *answer)
{
	const struct fake_record *line, *alias;
	bool exists;

	for (int steps = 0; steps < 10; steps++) {
		answer->name = bare_name(pool, name);
		answer->aliased = steps > 0;
		line = find(fake, name, type, &exists);
		alias = line ? NULL : find(fake, name, DNS_CNAME, &exists);
		if ((line && settled(line, pool, mode, answer))
			|| (alias && settled(alias, pool, mode, answer)))
			return;
		if (line) {
			collect(fake, pool, name, type, answer);
			return;
		}
		if (alias == NULL) {
			absent(fake, exists, answer);
			return;
		}
		weaken(answer, alias->security);
		name = alias->rdata;
	}
	answer->name = bare_name(pool, name);
	answer->class = mode == DNS_PLAIN ? DNS_LOOP : DNS_TRY_AGAIN;
	answer->security = DNS_INSECURE;
}

static const char *type_name(enum dns_type type)
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
	return "?";
}

static void ask(void *self, struct pool *pool, const char *name, enum dns_type type,
	enum dns_mode mode, struct dns_answer *answer)
{
	struct fake *fake = self;

	pthread_mutex_lock(&fake->lock);
	fake->asked++;
	snprintf(fake->last, sizeof(fake->last), "%s %s%s", type_name(type), name,
		mode != DNS_PLAIN ? " validated" : "");
	pthread_mutex_unlock(&fake->lock);

	*answer = (struct dns_answer){.class = DNS_ANSWERED,
		.reason = "",
		.security = mode != DNS_PLAIN ? DNS_SECURE : DNS_INSECURE};
	answer_it(fake, pool, name, type, mode, answer);
}

struct resolver fake_resolver(const struct fake_record *records, size_t count)
{
	struct fake *fake = MEMORY_NEW(struct fake);

	fake->records = records;
	fake->count = count;
	pthread_mutex_init(&fake->lock, NULL);
	fake->next = atomic_exchange(&fakes, fake);
	return (struct resolver){.self = fake, .ask = ask};
}

unsigned long fake_asked(const struct resolver *resolver)
{
	struct fake *fake = resolver->self;
	unsigned long asked;

	pthread_mutex_lock(&fake->lock);
	asked = fake->asked;
	pthread_mutex_unlock(&fake->lock);
	return asked;
}

const char *fake_last(const struct resolver *resolver)
{
	return ((struct fake *)resolver->self)->last;
}

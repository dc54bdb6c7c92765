#include "dns/anchors.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "util/base64.h"
#include "util/list.h"
#include "util/text.h"

/* ICANN's, published at data.iana.org/root-anchors; RFC 7958. */
static const char *const compiled_in[] = {
	". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
	". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
};

/* RFC 4034 2.1.1 and RFC 5011 7: the key of a zone, a secure entry point, not revoked. */
enum { FLAG_ZONE = 0x0100, FLAG_SEP = 0x0001, FLAG_REVOKED = 0x0080, PROTOCOL_DNSSEC = 3 };
enum { NUMBERS = 4, KEY_MOST = 4096 };

/* The bytes that a DS's digest type asks for; 0: a type that nobody here knows. */
static size_t digest_length(long long type)
{
	switch (type) {
	case 1:
		return 20;
	case 2:
		return 32;
	case 4:
		return 48;
	default:
		return 0;
	}
}

static bool is_hex(const char *text, size_t length)
{
	return strlen(text) == length && strspn(text, "0123456789abcdefABCDEF") == length;
}

static bool numbers(const struct list *words, size_t count, long long *into)
{
	if (words->count <= count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!text_number(words->items[i], 0, 65535, &into[i]))
			return false;
	return true;
}

/* What is left of the words from AT on, without blanks: long data may be split. */
static const char *rest(struct pool *pool, const struct list *words, size_t at)
{
	struct list tail = {.pool = pool};

	for (; at < words->count; at++)
		list_add(&tail, words->items[at]);
	return list_join(&tail, "");
}

/* key-tag algorithm digest-type digest (RFC 4034 5.3) */
static bool parse_ds(struct pool *pool, const struct list *words, struct anchor *anchor)
{
	long long number[3];
	const char *digest;

	if (!numbers(words, 3, number))
		return false;
	digest = rest(pool, words, 3);
	if (digest_length(number[2]) == 0 || !is_hex(digest, 2 * digest_length(number[2])))
		return false;
	anchor->tag = (unsigned)number[0];
	anchor->text = pool_format(pool, ". IN DS %lld %lld %lld %s", number[0], number[1],
		number[2], digest);
	return true;
}

/* RFC 4034 B */
static unsigned key_tag(const uint8_t *rdata, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i & 1 ? rdata[i] : (uint32_t)rdata[i] << 8;
	return (sum + (sum >> 16)) & 0xffff;
}

/* flags protocol algorithm key (RFC 4034 2.2) */
static bool parse_dnskey(struct pool *pool, const struct list *words, struct anchor *anchor)
{
	struct buf rdata = BUF(KEY_MOST);
	long long number[3];
	const char *key;
	bool good;

	if (!numbers(words, 3, number) || number[1] != PROTOCOL_DNSSEC || number[2] > 255
		|| (number[0] & FLAG_ZONE) == 0 || (number[0] & FLAG_SEP) == 0
		|| (number[0] & FLAG_REVOKED) != 0)
		return false;
	key = rest(pool, words, 3);
	buf_addc(&rdata, (int)(number[0] >> 8));
	buf_addc(&rdata, (int)(number[0] & 0xff));
	buf_addc(&rdata, (int)number[1]);
	buf_addc(&rdata, (int)number[2]);
	good = base64_decode(&rdata, key, strlen(key)) && !rdata.cut && rdata.length > NUMBERS;
	if (good) {
		anchor->tag = key_tag((const uint8_t *)rdata.data, rdata.length);
		anchor->text = pool_format(pool, ". IN DNSKEY %lld %lld %lld %s", number[0],
			number[1], number[2], key);
	}
	buf_close(&rdata);
	return good;
}

/* "." [TTL] [class] type rdata, with either order of TTL and class (RFC 1035 5.1). */
bool anchor_parse(struct pool *pool, const char *line, struct anchor *anchor)
{
	struct list words = {.pool = pool}, rdata = {.pool = pool};
	const char *bare = pool_bytes(pool, line, strcspn(line, ";"));
	long long ttl;
	size_t at = 1;

	list_split(&words, bare, TEXT_SPACE, false);
	if (words.count < 2 || strcmp(words.items[0], ".") != 0)
		return false;
	while (at < words.count
		&& (text_same(words.items[at], "IN")
			|| text_number(words.items[at], 0, INT32_MAX, &ttl)))
		at++;
	for (size_t i = at + 1; i < words.count; i++)
		list_add(&rdata, words.items[i]);
	if (at >= words.count)
		return false;
	if (text_same(words.items[at], "DS"))
		return parse_ds(pool, &rdata, anchor);
	return text_same(words.items[at], "DNSKEY") && parse_dnskey(pool, &rdata, anchor);
}

static bool is_blank(const char *line)
{
	line += strspn(line, TEXT_SPACE);
	return *line == '\0' || *line == ';' || *line == '#';
}

static void read_file(struct pool *pool, FILE *file, struct anchors *anchors)
{
	char *line = NULL;
	size_t room = 0;

	while (anchors->count < ANCHORS_MOST && getline(&line, &room, file) >= 0) {
		if (is_blank(line))
			continue;
		if (anchor_parse(pool, line, &anchors->items[anchors->count]))
			anchors->count++;
		else
			anchors->skipped++;
	}
	free(line);
}

void root_anchors_read(struct pool *pool, const char *path, struct anchors *anchors)
{
	FILE *file = fopen(path, "re");

	*anchors = (struct anchors){.trouble = ""};
	if (file) {
		read_file(pool, file, anchors);
		fclose(file);
	} else {
		anchors->trouble =
			pool_format(pool, "cannot open %s: %s", path, text_errno(pool, errno));
	}
	if (anchors->count > 0)
		return;
	if (*anchors->trouble == '\0')
		anchors->trouble = pool_format(pool, "no trust anchor of the root in %s", path);
	for (size_t i = 0; i < COUNT(compiled_in); i++)
		if (anchor_parse(pool, compiled_in[i], &anchors->items[anchors->count]))
			anchors->count++;
}

bool root_anchors_have(const struct anchors *anchors, unsigned tag)
{
	for (size_t i = 0; i < anchors->count; i++)
		if (anchors->items[i].tag == tag)
			return true;
	return false;
}

const char *root_anchors_tags(struct pool *pool, const struct anchors *anchors)
{
	struct list tags = {.pool = pool};

	for (size_t i = 0; i < anchors->count; i++)
		list_add(&tags, pool_format(pool, "%u", anchors->items[i].tag));
	return list_join(&tags, ", ");
}

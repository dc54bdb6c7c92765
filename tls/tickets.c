/* tickets */
#include "tls/tickets.h"
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "util/cache.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

enum { TICKETS_MOST = 4096, DIGEST = 32 /* bytes, SHA-256 */ }; /* of some 2 kB each */

struct tickets {
	struct cache *cache;
	int64_t ms;
};

struct counted {
	struct ticket ticket; /* first: the caller's pointer is ours */
	atomic_size_t holders;
	unsigned char bytes[];
};

static void *hold(void *value)
{
	atomic_fetch_add(&((struct counted *)value)->holders, 1);
	return value;
}

static void drop(void *value)
{
	struct counted *counted = value;

	if (atomic_fetch_sub(&counted->holders, 1) > 1)
		return;
	gnutls_memset(counted->bytes, 0, counted->ticket.length);
	free(counted);
}

struct tickets *tickets_new(int seconds)
{
	struct tickets *tickets = MEMORY_NEW(struct tickets);

	tickets->cache = cache_new(TICKETS_MOST, drop);
	tickets->ms = seconds * INT64_C(1000);
	return tickets;
}

void tickets_free(struct tickets *tickets)
{
	if (tickets == NULL)
		return;
	cache_free(tickets->cache);
	free(tickets);
}

/* Each part with its length in front, so that no two expectations look the same. */
static void part(struct buf *to, const void *data, size_t length)
{
	buf_add(to, &length, sizeof length);
	buf_add(to, data, length);
}

static void part_text(struct buf *to, const char *text)
{
	part(to, text ? text : "", text ? strlen(text) : 0);
}

static void part_texts(struct buf *to, const char *const *texts, size_t count)
{
	buf_add(to, &count, sizeof count);
	for (size_t i = 0; i < count; i++)
		part_text(to, texts[i]);
}

static void part_expect(struct buf *to, const struct tls_expect *expect)
{
	int flags[] = {expect->level, expect->raw_keys};

	part(to, flags, sizeof flags);
	buf_add(to, &expect->name_count, sizeof expect->name_count);
	for (size_t i = 0; i < expect->name_count; i++)
		part_text(to, expect->names[i].name);
	part_texts(to, expect->fingerprints, expect->fingerprint_count);
	part_texts(to, expect->anchor_files, expect->anchor_file_count);
	buf_add(to, &expect->tlsa_count, sizeof expect->tlsa_count);
	for (size_t i = 0; i < expect->tlsa_count; i++) {
		const struct tls_tlsa *tlsa = &expect->tlsa[i];

		part(to, &(uint8_t[]){tlsa->usage, tlsa->selector, tlsa->matching}, 3);
		part(to, tlsa->data, tlsa->length);
	}
	part_text(to, expect->protocols);
	part_text(to, expect->grade);
	part_text(to, expect->exclude);
	part_text(to, expect->sni);
	part_text(to, expect->policy_failure);
}

const char *tickets_key(struct pool *pool, const char *session_key, const struct tls_expect *expect,
	const char *offer)
{
	struct buf all = BUF(0), key = BUF(0);
	unsigned char digest[DIGEST];
	const char *text;

	part_text(&all, session_key);
	part_text(&all, offer);
	part_expect(&all, expect);
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, all.data, all.length, digest) < 0)
		log_panic("no SHA-256");
	buf_addf(&key, "%s&", session_key);
	text_hex(&key, digest, sizeof digest, 0);
	text = pool_text(pool, buf_text(&key));
	buf_close(&all);
	buf_close(&key);
	return text;
}

const struct ticket *tickets_find(struct tickets *tickets, const char *key)
{
	struct counted *counted = cache_hold(tickets->cache, key, strlen(key), hold);

	return counted ? &counted->ticket : NULL;
}

void tickets_done(const struct ticket *ticket)
{
	if (ticket)
		drop((struct counted *)ticket);
}

void tickets_keep(struct tickets *tickets, const char *key, const struct ticket *ticket)
{
	struct counted *counted = memory_new(sizeof *counted + ticket->length);

	memcpy(counted->bytes, ticket->data, ticket->length);
	counted->ticket = (struct ticket){counted->bytes, ticket->length, ticket->old};
	atomic_init(&counted->holders, 1);
	cache_put(tickets->cache, key, strlen(key), counted, clock_ms() + tickets->ms);
}

void tickets_forget(struct tickets *tickets, const char *key)
{
	cache_remove(tickets->cache, key, strlen(key));
}

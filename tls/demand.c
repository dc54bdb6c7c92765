#include <string.h>
#include "tls/trust.h"
#include "tls/verify.h"
#include "util/addr.h"
#include "util/log.h"
#include "util/text.h"

enum { DIGEST_MOST = 64 }; /* bytes of a fingerprint */

struct preparing {
	const struct tls_verify_context *context;
	const struct tls_expect *expect;
	struct pool *pool;
	struct tls_demand *demand;
};

static bool tells(const struct preparing *p)
{
	return p->context->options->log & TLS_LOG_DANE;
}

static void give_up(struct preparing *p, const char *text)
{
	p->demand->unusable = true;
	p->demand->unusable_text = text;
}

/* --- fingerprints: TLSA records of usage 3 with a private matching type (TLS_README) --- */

static int nibble(int byte)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *at = byte ? strchr(digits, byte) : NULL;

	if (at == NULL)
		return -1;
	return (int)(at - digits) - (at - digits > 15 ? 6 : 0);
}

/* Hexadecimal with or without colons to bytes. False: it is not. */
static bool read_fingerprint(struct pool *pool, const char *text, struct tls_der *bytes)
{
	uint8_t *to = pool_alloc(pool, DIGEST_MOST);
	size_t length = 0;
	int high, low;

	while (*text) {
		if (length > 0 && *text == ':')
			text++;
		high = nibble((unsigned char)text[0]);
		low = high < 0 ? -1 : nibble((unsigned char)text[1]);
		if (low < 0 || length == DIGEST_MOST)
			return false;
		to[length++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	*bytes = (struct tls_der){to, length};
	return length > 0;
}

static void add_record(struct preparing *p, const struct dane_digests *digests,
	const struct tls_tlsa *record)
{
	struct tls_demand *demand = p->demand;

	if (dane_usable(digests, record))
		demand->tlsa[demand->tlsa_count++] = record;
	else
		log_warning("%s: unusable TLSA RR: %s", p->context->server,
			dane_text(p->pool, record));
}

static void tell_fingerprint(const struct preparing *p, const struct tls_tlsa *record)
{
	if (tells(p))
		log_info("fingerprint: digest as private-use TLSA record: %s",
			dane_text(p->pool, record));
}

/* Of the key or of the certificate, whichever it is. */
static void add_fingerprint(struct preparing *p, struct tls_der bytes)
{
	const struct dane_digests *digest = trust_fingerprint_digest(p->context->trust);
	struct tls_tlsa *records = POOL_ARRAY(p->pool, struct tls_tlsa, 2);

	records[0] = (struct tls_tlsa){DANE_EE, DANE_KEY, DANE_PRIVATE, bytes.data, bytes.length};
	records[1] = records[0];
	records[1].selector = DANE_CERTIFICATE;
	tell_fingerprint(p, &records[1]);
	if (p->context->options->version >= TLS_POSTFIX(3, 9)) /* a raw key has no certificate */
		tell_fingerprint(p, &records[0]);
	add_record(p, digest, &records[0]);
	add_record(p, digest, &records[1]);
}

static void prepare_fingerprints(struct preparing *p)
{
	const struct tls_expect *expect = p->expect;
	struct tls_der bytes;

	p->demand->tlsa =
		POOL_ARRAY(p->pool, const struct tls_tlsa *, 2 * expect->fingerprint_count);
	for (size_t i = 0; i < expect->fingerprint_count; i++) {
		if (read_fingerprint(p->pool, expect->fingerprints[i], &bytes))
			add_fingerprint(p, bytes);
		else
			log_warning("malformed fingerprint value: %s", expect->fingerprints[i]);
	}
	if (p->demand->tlsa_count == 0) {
		log_warning("%s: all fingerprints unusable", p->context->server);
		give_up(p, "all-fingerprints-unusable");
	}
}

/* --- TLSA records (TLS_README) --- */

static void no_record(struct preparing *p)
{
	if (p->expect->level == TLS_LEVEL_DANE_ONLY || p->expect->tlsa_count == 0) {
		log_warning("%s: all TLSA records unusable", p->context->server);
		give_up(p, "all-TLSA-records-unusable");
		return;
	}
	/* RFC 7672 2.2: encrypted all the same */
	log_warning("%s: all TLSA records unusable, fallback to unauthenticated TLS",
		p->context->server);
	p->demand->level = TLS_LEVEL_ENCRYPT;
	p->demand->unusable_text = "all-TLSA-records-unusable";
}

static void prepare_tlsa(struct preparing *p)
{
	const struct dane_digests *digests = trust_dane_digests(p->context->trust);
	const struct tls_expect *expect = p->expect;
	struct tls_demand *demand = p->demand;

	demand->tlsa = POOL_ARRAY(p->pool, const struct tls_tlsa *, expect->tlsa_count);
	for (size_t i = 0; i < expect->tlsa_count; i++) {
		if (tells(p) && expect->tlsa_owner)
			log_info("DNSSEC-signed TLSA record: %s: %s", expect->tlsa_owner,
				dane_text(p->pool, &expect->tlsa[i]));
		add_record(p, digests, &expect->tlsa[i]);
	}
	if (demand->tlsa_count == 0)
		no_record(p);
	demand->tlsa_count = dane_strongest(digests, demand->tlsa, demand->tlsa_count);
}

/* --- names and anchors --- */

static bool has_usage(const struct tls_demand *demand, uint8_t usage)
{
	for (size_t i = 0; i < demand->tlsa_count; i++)
		if (demand->tlsa[i]->usage == usage)
			return true;
	return false;
}

static bool address_is_new(const struct preparing *p, const char *name)
{
	if (!addr_is_numeric(name))
		return true;
	for (size_t i = 0; i < p->demand->name_count; i++)
		if (addr_is_numeric(p->demand->names[i].name))
			return false;
	return true;
}

static void prepare_names(struct preparing *p)
{
	struct tls_name *names = POOL_ARRAY(p->pool, struct tls_name, p->expect->name_count);
	const char *server = p->context->server;

	p->demand->names = names;
	for (size_t i = 0; i < p->expect->name_count; i++) {
		const struct tls_name *name = &p->expect->names[i];

		if (name->name[0] == '\0' || strcmp(name->name, ".") == 0)
			log_warning("%s: ignoring invalid match name: \"%s\"", server, name->name);
		else if (!address_is_new(p, name->name))
			log_warning("%s: error loading match name: \"%s\"", server, name->name);
		else
			names[p->demand->name_count++] = *name;
	}
	if (p->demand->name_count > 0)
		return;
	log_warning("%s: could not configure peer name checks", server);
	p->demand->unusable = !has_usage(p->demand, DANE_EE);
}

static void prepare_anchors(struct preparing *p)
{
	const struct tls_expect *expect = p->expect;

	if (expect->anchor_file_count == 0)
		return;
	p->demand->anchors =
		trust_set(p->context->trust, expect->anchor_files, expect->anchor_file_count);
	if (p->demand->anchors == NULL
		|| p->demand->anchors->count + p->demand->anchors->key_count == 0) {
		log_warning("%s: all trust anchors unusable", p->context->server);
		give_up(p, "all-trust-anchors-unusable");
	}
}

/* Then names count for nothing but the word in the log. */
static bool fell_back(const struct preparing *p)
{
	return p->demand->level != p->expect->level;
}

/* RFC 7250, RFC 7671 5.1: a bare key can satisfy nothing but 3 1 x; names and chains need more. */
static bool wants_raw_keys(const struct preparing *p)
{
	const struct tls_demand *demand = p->demand;

	if (p->context->options->version < TLS_POSTFIX(3, 9) || demand->unusable)
		return false;
	if (demand->level <= TLS_LEVEL_FINGERPRINT)
		return p->expect->raw_keys;
	if (demand->level > TLS_LEVEL_DANE_ONLY)
		return false;
	for (size_t i = 0; i < demand->tlsa_count; i++)
		if (demand->tlsa[i]->usage != DANE_EE || demand->tlsa[i]->selector != DANE_KEY)
			return false;
	return true;
}

void tls_verify_prepare(const struct tls_verify_context *context, const struct tls_expect *expect,
	struct pool *pool, struct tls_demand *demand)
{
	struct preparing p = {context, expect, pool, demand};

	*demand =
		(struct tls_demand){.expect = expect, .level = expect->level, .unusable_text = ""};
	switch (expect->level) {
	case TLS_LEVEL_FINGERPRINT:
		prepare_fingerprints(&p);
		break;
	case TLS_LEVEL_HALF_DANE:
	case TLS_LEVEL_DANE:
	case TLS_LEVEL_DANE_ONLY:
		prepare_tlsa(&p);
		if (has_usage(demand, DANE_TA) || (fell_back(&p) && expect->name_count > 0))
			prepare_names(&p);
		break;
	case TLS_LEVEL_VERIFY:
	case TLS_LEVEL_SECURE:
		prepare_names(&p);
		prepare_anchors(&p);
		break;
	case TLS_LEVEL_INVALID:
	case TLS_LEVEL_NOT_FOUND:
		demand->unusable = true; /* nobody should ask; nothing can match */
		break;
	case TLS_LEVEL_NONE:
	case TLS_LEVEL_MAY:
	case TLS_LEVEL_ENCRYPT:
		break;
	}
	demand->raw_keys = wants_raw_keys(&p);
}

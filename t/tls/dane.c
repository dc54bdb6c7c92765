#include <string.h>
#include <gnutls/crypto.h>
#include "t/lib/tap.h"
#include "t/tls/zoo.h"
#include "tls/dane.h"
#include "util/text.h"

/* tls_dane_digests as Postfix 3.7 takes it: which types are enabled, and what is said of the rest.
 */
static const struct words {
	const char *text, *enabled, *warning;
} words[] = {
	{"sha512 sha256", "1:sha256 2:sha512", ""},
	{"SHA512, SHA256", "1:sha256 2:sha512", ""},
	{"sha256=1", "1:sha256", ""},
	{"sha256=01", "1:sha256", ""},
	{"sha512=3 sha384=9", "3:sha512 9:sha384", ""},
	{"", "", ""},
	{"bogus sha256", "1:sha256",
		"warning: tls_dane_digests: digest algorithm bogus needs an explicit number"},
	{"sha384", "",
		"warning: tls_dane_digests: digest algorithm sha384 needs an explicit number"},
	{"bogus=9", "", "warning: tls_dane_digests: digest algorithm \"bogus\"(9) unknown"},
	{"sha384=1", "", "warning: tls_dane_digests: matching type 1 can only be sha256"},
	{"sha384=2 sha512", "2:sha512",
		"warning: tls_dane_digests: matching type 2 can only be sha512"},
	{"sha256 sha256", "1:sha256",
		"warning: tls_dane_digests: matching type 1 specified more than once"},
	{"sha256=x", "", "warning: Invalid matching type number in tls_dane_digests: sha256=x"},
	{"sha384=255", "", "warning: Invalid matching type number in tls_dane_digests: sha384=255"},
	{"sha256=-1", "", "warning: Invalid matching type number in tls_dane_digests: sha256=-1"},
	{"sha256=0", "", "warning: Reserved matching type number in tls_dane_digests: sha256=0"},
};

static const char *enabled(struct pool *pool, const struct dane_digests *digests)
{
	struct list list = {.pool = pool};

	for (int i = 0; i < 256; i++)
		if (digests->algorithm[i] != GNUTLS_DIG_UNKNOWN)
			list_add(&list,
				text_lower(pool_format(pool, "%d:%s", i,
					gnutls_digest_get_name(digests->algorithm[i]))));
	return list_join(&list, " ");
}

static void digests(void)
{
	struct pool pool = {0};
	struct dane_digests made;

	for (const struct words *w = words; w < words + COUNT(words); w++) {
		dane_digests_read(&made, w->text);
		is_text(enabled(&pool, &made), w->enabled, w->text);
		is_text(zoo_logged(&pool), w->warning, w->text);
	}
	pool_free(&pool);
}

static const uint8_t zeros[65536];

static void usable(void)
{
	struct pool pool = {0};
	struct tls_der leaf = zoo_der(&pool, "host", 0), key = zoo_der(&pool, "leaf.pub", 0);
	const struct {
		const char *name;
		struct tls_tlsa record;
		bool want;
	} rows[] = {
		{"3 1 1", {3, 1, 1, zeros, 32}, true},
		{"2 0 2", {2, 0, 2, zeros, 64}, true},
		{"no data", {3, 1, 1, zeros, 0}, false},
		{"too short", {3, 1, 1, zeros, 31}, false},
		{"too long", {3, 1, 1, zeros, 33}, false},
		{"64 kB", {3, 1, 1, zeros, 65535}, false},
		{"PKIX-EE", {1, 1, 1, zeros, 32}, false},
		{"usage 4", {4, 1, 1, zeros, 32}, false},
		{"usage 255", {255, 1, 1, zeros, 32}, false},
		{"selector 2", {3, 2, 1, zeros, 32}, false},
		{"matching type 3", {3, 1, 3, zeros, 32}, false},
		{"matching type 255", {3, 1, 255, zeros, 32}, false},
		{"a certificate", {3, 0, 0, leaf.data, leaf.length}, true},
		{"part of a certificate", {3, 0, 0, leaf.data, leaf.length - 1}, false},
		{"a key for a certificate", {3, 0, 0, key.data, key.length}, false},
		{"a key", {2, 1, 0, key.data, key.length}, true},
		{"a certificate for a key", {2, 1, 0, leaf.data, leaf.length}, false},
		{"nothing for a key", {2, 1, 0, zeros, 0}, false},
		{"64 kB for a certificate", {2, 0, 0, zeros, 65535}, false},
	};
	struct dane_digests made;

	dane_digests_read(&made, "sha512 sha256");
	for (size_t i = 0; i < COUNT(rows); i++)
		ok(dane_usable(&made, &rows[i].record) == rows[i].want, rows[i].name);
	pool_free(&pool);
}

/* RFC 7671 9 */
static void agility(void)
{
	static const struct tls_tlsa records[] = {
		{3, 1, 1, zeros, 32},
		{3, 1, 2, zeros, 64},
		{3, 1, 0, zeros, 1},
		{3, 0, 1, zeros, 32},
		{2, 1, 1, zeros, 32},
		{2, 1, 2, zeros, 64},
		{3, 1, 2, zeros + 1, 64},
	};
	const struct tls_tlsa *list[COUNT(records)];
	struct dane_digests made;
	size_t count;

	for (size_t i = 0; i < COUNT(records); i++)
		list[i] = &records[i];
	dane_digests_read(&made, "sha512 sha256");
	count = dane_strongest(&made, list, COUNT(records));
	ok(count == 5 && list[0] == &records[1] && list[1] == &records[2] && list[2] == &records[3]
			&& list[3] == &records[5] && list[4] == &records[6],
		"for each usage and selector the strongest digest; full data always");
	for (size_t i = 0; i < COUNT(records); i++)
		list[i] = &records[i];
	dane_digests_read(&made, "sha256 sha512");
	count = dane_strongest(&made, list, COUNT(records));
	ok(count == 4 && list[0] == &records[0] && list[1] == &records[2] && list[2] == &records[3]
			&& list[3] == &records[4],
		"the order is the administrator's");
	ok(dane_strongest(&made, list, 0) == 0, "of none");
}

static struct tls_tlsa record(struct pool *pool, uint8_t selector, uint8_t matching,
	struct tls_der of)
{
	uint8_t *digest = pool_alloc(pool, 64);
	gnutls_digest_algorithm_t algorithm = matching == 1 ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA512;

	if (matching == 0)
		return (struct tls_tlsa){3, selector, 0, of.data, of.length};
	gnutls_hash_fast(algorithm, of.data, of.length, digest);
	return (struct tls_tlsa){3, selector, matching, digest, gnutls_hash_get_len(algorithm)};
}

static void matching(void)
{
	struct pool pool = {0};
	struct tls_der leaf = zoo_der(&pool, "host", 0), key = zoo_der(&pool, "leaf.pub", 0);
	struct tls_der other = zoo_der(&pool, "wild", 0), none = {NULL, 0};
	struct dane_digests made;

	dane_digests_read(&made, "sha512 sha256");
	for (uint8_t m = 0; m < 3; m++) {
		struct tls_tlsa of_leaf = record(&pool, 0, m, leaf),
				of_key = record(&pool, 1, m, key);

		okf(dane_matches(&made, &of_leaf, leaf, key), "certificate, type %d", m);
		okf(!dane_matches(&made, &of_leaf, other, key), "another certificate, type %d", m);
		okf(!dane_matches(&made, &of_leaf, none, key), "no certificate, type %d", m);
		okf(dane_matches(&made, &of_key, none, key), "key, type %d", m);
		okf(!dane_matches(&made, &of_key, leaf, none), "no key, type %d", m);
		of_key.selector = 2;
		okf(!dane_matches(&made, &of_key, leaf, key), "unknown selector, type %d", m);
	}
	ok(!dane_matches(&made, &(struct tls_tlsa){3, 1, 7, zeros, 0}, leaf, key), "unknown type");
	ok(!dane_matches(&made, &(struct tls_tlsa){3, 1, 1, zeros, 0}, leaf, key), "no digest");
	ok(!dane_matches(&made, &(struct tls_tlsa){3, 1, 0, zeros, 0}, none, none), "nothing");
	pool_free(&pool);
}

static void texts(void)
{
	struct pool pool = {0};
	uint8_t bytes[65];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	is_text(dane_text(&pool, &(struct tls_tlsa){3, 1, 1, bytes + 9, 3}), "3 1 1 090A0B",
		"short");
	is_text(dane_text(&pool, &(struct tls_tlsa){2, 0, 255, bytes, 0}), "2 0 255 ", "empty");
	is_text(dane_text(&pool, &(struct tls_tlsa){2, 0, 0, bytes, 65}),
		"2 0 0 "
		"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F..."
		"2122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F40",
		"long");
	pool_free(&pool);
}

int main(void)
{
	zoo_start();
	digests();
	usable();
	agility();
	matching();
	texts();
	return done();
}

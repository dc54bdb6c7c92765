#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/crypto.h>
#include "tls/dane.h"
#include "tls/pem.h"
#include "tls/tafile.h"
#include "util/log.h"
#include "util/map.h"
#include "util/memory.h"
#include "util/text.h"

enum { SHA256_SIZE = 32 };

struct tafiles {
	pthread_mutex_t lock;
	struct map *sets; /* of struct anchors, by digest of what is in the files */
};

struct tafiles *tafiles_new(void)
{
	struct tafiles *tafiles = MEMORY_NEW(struct tafiles);

	pthread_mutex_init(&tafiles->lock, NULL);
	tafiles->sets = map_new();
	return tafiles;
}

static void drop_set(void *value)
{
	anchors_close(value);
	free(value);
}

void tafiles_free(struct tafiles *tafiles)
{
	if (tafiles == NULL)
		return;
	map_free(tafiles->sets, drop_set);
	pthread_mutex_destroy(&tafiles->lock);
	free(tafiles);
}

static bool is_readable_key(struct tls_der key)
{
	gnutls_pubkey_t pubkey = certificate_key(key);

	if (pubkey == NULL)
		return false;
	gnutls_pubkey_deinit(pubkey);
	return true;
}

static void log_anchor(const char *what, const char *file, uint8_t selector, struct tls_der der)
{
	struct tls_tlsa record = {DANE_TA, selector, DANE_FULL, der.data, der.length};
	struct pool pool = {0};

	log_info("TA %s as TLSA record: %s: %s", what, file, dane_text(&pool, &record));
	pool_free(&pool);
}

/* A block of a tafile; other labels than these are ignored. False: malformed. */
static bool add_anchor(struct anchors *set, const char *label, struct tls_der der, const char *file,
	bool tell)
{
	struct certificate certificate;
	struct der_certificate parts;

	if (anchors_is_certificate(label)) {
		if (tell)
			log_anchor("cert", file, DANE_CERTIFICATE, der);
		if (!der_certificate(der, &parts))
			return false;
		if (certificate_open(&certificate, der))
			anchors_add(set, &certificate);
		else
			log_warning("%s: skipping a certificate that cannot be read", file);
	} else if (strcmp(label, "PUBLIC KEY") == 0) {
		if (tell)
			log_anchor("pkey", file, DANE_KEY, der);
		if (!der_is_key(der))
			return false;
		if (is_readable_key(der))
			anchors_add_key(set, der);
		else
			log_warning("%s: skipping a public key that cannot be read", file);
	}
	return true;
}

static bool add_anchors(struct anchors *set, const char *text, const char *file, bool tell)
{
	size_t before = set->count + set->key_count;
	struct tls_der der;
	const char *label;
	enum pem pem;

	while ((pem = pem_next(&set->pool, &text, &label, &der)) == PEM_BLOCK) {
		if (!add_anchor(set, label, der, file, tell)) {
			log_warning("error reading: %s: malformed trust-anchor %s", file,
				anchors_is_certificate(label) ? "certificate" : "public-key");
			return false;
		}
	}
	if (pem == PEM_BAD) {
		log_warning("error reading: %s: malformed PEM data", file);
		return false;
	}
	if (set->count + set->key_count == before)
		log_warning("error reading: %s: no trust-anchor certificate or public-key", file);
	return set->count + set->key_count > before;
}

/* The files' texts; false: one cannot be read. */
static bool read_files(struct pool *pool, const char *const *files, size_t count,
	const char **texts)
{
	struct buf content = BUF(ANCHOR_FILE_MOST);
	bool good = true;

	for (size_t i = 0; i < count && good; i++) {
		buf_clear(&content);
		good = anchors_read_file(files[i], &content);
		if (good)
			texts[i] = pool_text(pool, buf_text(&content));
		else
			log_warning("error opening trust anchor file: %s: %s", files[i],
				text_errno(pool, errno));
	}
	buf_close(&content);
	return good;
}

/* What tells one set from another: a digest of all texts with their ends, in hexadecimal. */
static const char *key_of(struct pool *pool, const char **texts, size_t count)
{
	uint8_t digest[SHA256_SIZE];
	struct buf hex = BUF(0);
	gnutls_hash_hd_t hash;
	const char *key;

	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		log_fatal("no SHA-256 in the TLS library");
	for (size_t i = 0; i < count; i++)
		gnutls_hash(hash, texts[i], strlen(texts[i]) + 1);
	gnutls_hash_deinit(hash, digest);
	text_hex(&hex, digest, sizeof digest, 0);
	key = pool_text(pool, buf_text(&hex));
	buf_close(&hex);
	return key;
}

static struct anchors *find_set(struct tafiles *tafiles, const char *key)
{
	struct anchors *set;

	pthread_mutex_lock(&tafiles->lock);
	set = map_get(tafiles->sets, key);
	pthread_mutex_unlock(&tafiles->lock);
	return set;
}

/* Another thread may have been quicker: then its set stays. */
static struct anchors *keep_set(struct tafiles *tafiles, const char *key, struct anchors *made)
{
	struct anchors *known;

	pthread_mutex_lock(&tafiles->lock);
	known = map_get(tafiles->sets, key);
	if (known == NULL)
		map_put(tafiles->sets, key, made);
	pthread_mutex_unlock(&tafiles->lock);
	if (known == NULL)
		return made;
	drop_set(made);
	return known;
}

static struct anchors *make_set(const char *const *files, const char **texts, size_t count,
	bool tell)
{
	struct anchors *set = MEMORY_NEW(struct anchors);

	for (size_t i = 0; i < count; i++) {
		if (!add_anchors(set, texts[i], files[i], tell)) {
			drop_set(set);
			return NULL;
		}
	}
	return set;
}

const struct anchors *tafiles_read(struct tafiles *tafiles, const char *const *files, size_t count,
	bool tell)
{
	struct pool pool = {0};
	const char **texts = POOL_ARRAY(&pool, const char *, count), *key;
	struct anchors *set = NULL;

	if (count > 0 && read_files(&pool, files, count, texts)) {
		key = key_of(&pool, texts, count);
		set = find_set(tafiles, key);
		if (set == NULL && (set = make_set(files, texts, count, tell)) != NULL)
			set = keep_set(tafiles, key, set);
	}
	pool_free(&pool);
	return set;
}

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/crypto.h>
#include "t/tls/zoo.h"
#include "tls/pem.h"
#include "util/buf.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

static struct buf logged;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void catch (void *context UNUSED, enum log_severity severity UNUSED, const char *line,
	size_t length)
{
	pthread_mutex_lock(&lock);
	if (logged.length > 0)
		buf_addc(&logged, '|');
	buf_add(&logged, line, length);
	pthread_mutex_unlock(&lock);
}

void zoo_start(void)
{
	static const struct log_sink sink = {catch, NULL};

	log_open(&sink);
	clock_freeze(1000, (struct timeval){ZOO_NOW, 0});
}

/* TEXT with each ZOO_SERVER as "SERVER". */
static const char *anonymous(struct pool *pool, const char *text)
{
	struct buf out = BUF(0);
	const char *at, *copy;

	while ((at = strstr(text, ZOO_SERVER)) != NULL) {
		buf_add(&out, text, (size_t)(at - text));
		buf_adds(&out, "SERVER");
		text = at + strlen(ZOO_SERVER);
	}
	buf_adds(&out, text);
	copy = pool_text(pool, buf_text(&out));
	buf_close(&out);
	return copy;
}

const char *zoo_logged(struct pool *pool)
{
	const char *text;

	pthread_mutex_lock(&lock);
	text = anonymous(pool, buf_text(&logged));
	buf_close(&logged);
	pthread_mutex_unlock(&lock);
	return text;
}

const char *zoo_file(struct pool *pool, const char *name)
{
	const char *top = getenv("srcdir");

	return pool_format(pool, "%s/t/data/certs/%s%s", top ? top : ".", name,
		strchr(name, '.') ? "" : ".pem");
}

static const char *read_text(struct pool *pool, const char *name)
{
	const char *path = zoo_file(pool, name), *text;
	FILE *file = fopen(path, "r");
	struct buf content = BUF(0);
	char part[4096];
	size_t size;

	if (file == NULL) {
		fprintf(stderr, "%s is missing\n", path);
		exit(99);
	}
	while ((size = fread(part, 1, sizeof part, file)) > 0)
		buf_add(&content, part, size);
	fclose(file);
	text = pool_text(pool, buf_text(&content));
	buf_close(&content);
	return text;
}

struct tls_der zoo_der(struct pool *pool, const char *file, size_t number)
{
	const char *text = read_text(pool, file), *label;
	struct tls_der der;

	while (pem_next(pool, &text, &label, &der) == PEM_BLOCK)
		if (number-- == 0)
			return der;
	return (struct tls_der){NULL, 0};
}

struct tls_peer zoo_peer(struct pool *pool, const char *chain)
{
	const char *text = read_text(pool, chain), *label;
	struct tls_peer peer = {.kind = TLS_PEER_X509};

	while (peer.count < TLS_PEER_MOST
		&& pem_next(pool, &text, &label, &peer.chain[peer.count]) == PEM_BLOCK)
		peer.count++;
	return peer;
}

struct tls_options zoo_options(struct pool *pool)
{
	return (struct tls_options){
		.version = TLS_POSTFIX(3, 7),
		.ca_file = zoo_file(pool, "root"),
		.ca_path = "",
		.verify_depth = 9,
		.fingerprint_digest = "sha256",
		.dane_digests = "sha512 sha256",
		.wildcards_many_labels = true,
		.utf8 = true,
		.log = TLS_LOG_SUMMARY,
	};
}

void zoo_names(struct pool *pool, struct tls_expect *expect, const char *names, const char *rule)
{
	struct list list = {.pool = pool};
	struct tls_name *made;

	list_split(&list, names, " ", false);
	made = POOL_ARRAY(pool, struct tls_name, list.count);
	for (size_t i = 0; i < list.count; i++)
		made[i] = (struct tls_name){list.items[i], rule, false};
	expect->names = made;
	expect->name_count = list.count;
}

struct zoo_result zoo_verify_peer(struct pool *pool, struct tls_trust *trust,
	const struct tls_options *options, const struct tls_expect *expect,
	const struct tls_peer *peer, bool reused)
{
	struct tls_verify_context context = {options, trust, ZOO_SERVER, NULL};
	struct zoo_result result = {.verdict = {.reused = reused}};
	struct list lines = {.pool = pool};

	tls_verify_prepare(&context, expect, pool, &result.demand);
	tls_verify(&context, &result.demand, peer, pool, &result.verdict, &lines);
	result.lines = anonymous(pool, list_join(&lines, "|"));
	result.warnings = zoo_logged(pool);
	return result;
}

struct zoo_result zoo_verify(struct pool *pool, struct tls_trust *trust,
	const struct tls_options *options, const struct tls_expect *expect, const char *chain)
{
	struct tls_peer peer = zoo_peer(pool, chain);

	return zoo_verify_peer(pool, trust, options, expect, &peer, false);
}

struct zoo_ask *zoo_ask(struct zoo_ask *ask, enum tls_level level, const char *names)
{
	*ask = (struct zoo_ask){.expect = {.level = level, .why_not = ""}};
	ask->options = zoo_options(&ask->pool);
	zoo_names(&ask->pool, &ask->expect, names, "match");
	return ask;
}

struct zoo_result zoo_answer(struct zoo_ask *ask, const char *chain)
{
	struct tls_trust *trust = tls_trust_load(&ask->options);
	struct zoo_result result =
		zoo_verify(&ask->pool, trust, &ask->options, &ask->expect, chain);

	tls_trust_free(trust);
	return result;
}

void zoo_done(struct zoo_ask *ask)
{
	pool_free(&ask->pool);
}

const char *zoo_print(struct pool *pool, const char *file, gnutls_digest_algorithm_t algorithm)
{
	struct tls_der der = zoo_der(pool, file, 0);
	struct buf text = BUF(0);
	uint8_t digest[64];
	const char *copy;

	gnutls_hash_fast(algorithm, der.data, der.length, digest);
	text_hex(&text, digest, gnutls_hash_get_len(algorithm), ':');
	copy = pool_text(pool, buf_text(&text));
	buf_close(&text);
	return copy;
}

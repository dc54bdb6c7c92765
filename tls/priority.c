/* priority - see GnuTLS manual: what is exact, and where a product offers more than the list. */
#include "tls/priority.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "tls/ciphers.h"
#include "tls/groups.h"
#include "tls/protocols.h"
#include "util/buf.h"
#include "util/cache.h"
#include "util/log.h"
#include "util/macros.h"
#include "util/memory.h"
#include "util/text.h"

enum { WISHES_MOST = 1000 }; /* distinct ones; policy tables may hold many */

struct priorities {
	const struct tls_options *options;
	struct cache *found;
	char *groups; /* ":+GROUP-..." */
};

struct counted {
	struct priority priority; /* first: the caller's pointer is ours */
	atomic_size_t holders;
	struct pool pool;
};

/* ---- the OpenSSL list (TLS_README) ---- */

static const char *grade_list(const struct tls_options *options, const char *grade)
{
	bool merged = options->version >= TLS_POSTFIX(3, 8);
	const struct {
		const char *grade, *list;
	} grades[] = {
		{"high", options->high_list},
		{"medium", options->medium_list},
		{"low", merged ? options->medium_list : options->low_list},
		{"export", merged ? options->medium_list : options->export_list},
		{"null", options->null_list},
	};

	for (size_t i = 0; i < COUNT(grades); i++)
		if (text_same(grade, grades[i].grade))
			return grades[i].list;
	return NULL;
}

static const char *built_in(enum tls_level level)
{
	return tls_level_must_match(level) ? "aNULL" : level == TLS_LEVEL_ENCRYPT ? "eNULL" : "";
}

static bool exclude(struct buf *list, struct pool *pool, const char *words, const char *server)
{
	const char *word;

	while ((word = text_token(pool, &words, TEXT_SPACE ",:", false)) != NULL) {
		if (strchr("!+-@", *word)) {
			log_warning("%s: invalid unary '!+-@' in cipher exclusion: %s", server, word);
			return false;
		}
		if (!ciphers_known(word))
			log_info("%s: cipher exclusion has no effect, no cipher is called: %s", server,
				word);
		buf_addf(list, ":!%s", word);
	}
	return true;
}

/* The list as text, in the pool; NULL: it was warned about. */
static const char *cipher_text(const struct tls_options *options, struct pool *pool,
	const struct tls_expect *expect, const char *server)
{
	const char *grade = grade_list(options, expect->grade), *text = NULL;
	struct buf list = BUF(0);

	if (grade == NULL) {
		log_warning("%s: invalid cipher grade: \"%s\"", server, expect->grade);
		return NULL;
	}
	buf_adds(&list, grade);
	if (exclude(&list, pool, expect->exclude, server)
		&& exclude(&list, pool, built_in(expect->level), server))
		text = pool_text(pool, buf_text(&list));
	buf_close(&list);
	return text;
}

/* ---- GnuTLS's words ---- */

/* Adds PREFIX and NAME unless they are there. A prefix begins with what no name contains. */
static void once(struct buf *to, const char *prefix, const char *name)
{
	struct buf word = BUF(0);
	size_t length;
	const char *at;

	buf_addf(&word, "%s%s", prefix, name);
	length = word.length;
	for (at = buf_text(to); (at = strstr(at, buf_text(&word))) != NULL; at += length)
		if (at[length] == *prefix || at[length] == '\0')
			break;
	if (at == NULL)
		buf_adds(to, buf_text(&word));
	buf_close(&word);
}

struct product {
	struct buf ciphers, macs, exchanges; /* ":+AES-256-GCM", ... in order of first occurrence */
};

static void multiply(struct product *product, const struct suite *suite)
{
	once(&product->ciphers, ":+", gnutls_cipher_get_name(suite->gnutls_cipher));
	once(&product->macs, ":+", gnutls_mac_get_name(suite->gnutls_mac));
	if (suite->gnutls_kx != GNUTLS_KX_UNKNOWN)
		once(&product->exchanges, ":+", gnutls_kx_get_name(suite->gnutls_kx));
}

/*
 * Key exchanges come first in GnuTLS's order of preference, so the anonymous ones stand last: in
 * front they would win over every cipher with a certificate, where OpenSSL's list prefers them only
 * among ciphers of equal strength.
 */
static void multiply_list(struct product *product, const struct cipher_list *list,
	struct priority *priority, bool anonymous)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct suite *suite = suites + list->order[i];

		if (suite->gnutls_kx == GNUTLS_KX_UNKNOWN || (suite->au == AU_NONE) != anonymous)
			continue;
		multiply(product, suite);
		suite_set_add(&priority->allowed, list->order[i]);
		priority->anonymous |= anonymous;
	}
}

/* No list touches TLS 1.3 (TLS_README), where GnuTLS uses the same words for ciphers. */
static void multiply_13(struct product *product)
{
	enum { OPENSSL_HAS = 3 };

	for (size_t i = 0; i < OPENSSL_HAS; i++)
		multiply(product, suites + SUITES_LISTED + i);
}

static void add_protocols(struct buf *to, unsigned protocols)
{
	static const char *const words[] = {"TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3"};

	for (size_t i = COUNT(words); i-- > 0;)
		if (protocols >> i & 1)
			buf_addf(to, ":+VERS-%s", words[i]);
}

static const char *words(struct pool *pool, const struct priority_wish *wish,
	struct product *product, unsigned protocols, const char *group)
{
	struct buf text = BUF(0);
	const char *all;

	buf_adds(&text, "NONE");
	add_protocols(&text, protocols);
	buf_adds(&text, buf_text(&product->ciphers));
	buf_adds(&text, buf_text(&product->macs));
	buf_adds(&text, buf_text(&product->exchanges));
	buf_adds(&text, ":+COMP-NULL:+SIGN-ALL");
	if (wish->must_match)
		buf_adds(&text, ":-SIGN-RSA-SHA1:-SIGN-DSA-SHA1:-SIGN-ECDSA-SHA1");
	buf_adds(&text, wish->raw_keys ? ":+CTYPE-SRV-RAWPK:+CTYPE-SRV-X509:+CTYPE-CLI-X509"
			: ":+CTYPE-X509");
	if (!wish->unsafe) /* as OpenSSL 3 insists, and GnuTLS doesn't */
		buf_adds(&text, ":%SAFE_RENEGOTIATION");
	buf_adds(&text, group);
	if (wish->lenient)
		buf_adds(&text, ":%COMPAT");
	all = pool_text(pool, buf_text(&text));
	buf_close(&text);
	return all;
}

/* ---- a wish come true ---- */

static bool refused(const char *server, const char *grade, const char *problem)
{
	log_warning("%s: error setting cipher grade: \"%s\"", server, grade);
	log_warning("TLS library problem: error:cipher list::%s:", problem);
	return false;
}

static bool no_protocols(const char *server)
{
	log_info("SSL_connect error to %s: -1", server);
	log_warning("TLS library problem: error:protocols::no protocols available:");
	return false;
}

/* The protocols that are left; 0: it was warned about. */
static unsigned protocols_of(const struct tls_options *options, const struct priority_wish *wish,
	const char *server)
{
	unsigned protocols;

	if (!protocols_parse(wish->expect->protocols, options->version, &protocols)) {
		log_warning("%s: Invalid TLS protocol list \"%s\": aborting TLS session", server,
			wish->expect->protocols);
		return 0;
	}
	if (wish->must_match)
		protocols &= PROTOCOL_TLS1_2 | PROTOCOL_TLS1_3;
	if (wish->old)
		protocols &= ~(unsigned)PROTOCOL_TLS1_3;
	if (protocols == 0)
		no_protocols(server);
	return protocols;
}

static bool has(const unsigned *list, int count, unsigned algorithm)
{
	for (int i = 0; i < count; i++)
		if (list[i] == algorithm)
			return true;
	return false;
}

/* The system's configuration rules over explicit words too (GnuTLS manual), without a word. */
static void tell_withheld(const struct priority *priority)
{
	const unsigned *ciphers, *exchanges;
	int cipher_count = gnutls_priority_cipher_list(priority->offer, &ciphers);
	int exchange_count = gnutls_priority_kx_list(priority->offer, &exchanges);
	struct buf names = BUF(0);

	for (size_t i = 0; i < SUITES_LISTED; i++) {
		const struct suite *suite = suites + i;

		if (!suite_set_has(&priority->allowed, i))
			continue;
		if (!has(ciphers, cipher_count, suite->gnutls_cipher))
			once(&names, " ", gnutls_cipher_get_name(suite->gnutls_cipher));
		if (!has(exchanges, exchange_count, suite->gnutls_kx))
			once(&names, " ", gnutls_kx_get_name(suite->gnutls_kx));
	}
	if (names.length > 0)
		log_info("the system's GnuTLS configuration withholds:%s", buf_text(&names));
	buf_close(&names);
}

static void tell_open(const struct priority *priority)
{
	for (size_t i = 0; i < SUITES_LISTED; i++)
		if (suite_set_has(&priority->allowed, i) && suites[i].bits == 0) {
			log_warning("these ciphers do not encrypt: %s", priority->list);
			return;
		}
}

static bool offer(struct priorities *all, struct counted *made, const struct priority_wish *wish,
	unsigned protocols, const struct cipher_list *list)
{
	struct priority *priority = &made->priority;
	struct product product = {BUF(0), BUF(0), BUF(0)};

	multiply_list(&product, list, priority, false);
	multiply_list(&product, list, priority, true);
	if (product.ciphers.length == 0)
		protocols &= PROTOCOL_TLS1_3; /* a list of nothing but what GnuTLS lacks */
	priority->with_13 = protocols & PROTOCOL_TLS1_3;
	if (priority->with_13)
		multiply_13(&product);
	priority->text = words(&made->pool, wish, &product, protocols, all->groups);
	buf_close(&product.ciphers);
	buf_close(&product.macs);
	buf_close(&product.exchanges);
	return protocols != 0
		&& gnutls_priority_init2(&priority->offer, priority->text, NULL, 0) == GNUTLS_E_SUCCESS;
}

static bool grant(struct priorities *all, struct counted *made, const struct priority_wish *wish,
	const char *server)
{
	const struct tls_expect *expect = wish->expect;
	struct cipher_list list;
	unsigned protocols = protocols_of(all->options, wish, server);

	if (protocols == 0)
		return false;
	made->priority.list = cipher_text(all->options, &made->pool, expect, server);
	if (made->priority.list == NULL)
		return false;
	if (!ciphers_evaluate(made->priority.list, &list))
		return refused(server, expect->grade, "invalid command");
	if (list.count == 0 || !offer(all, made, wish, protocols, &list))
		return refused(server, expect->grade, "no cipher match");
	if (protocols & ~(unsigned)PROTOCOL_TLS1_3)
		tell_withheld(&made->priority);
	tell_open(&made->priority);
	return true;
}

static void *hold(void *value)
{
	atomic_fetch_add(&((struct counted *)value)->holders, 1);
	return value;
}

static void drop(void *value)
{
	struct counted *made = value;

	if (atomic_fetch_sub(&made->holders, 1) > 1)
		return;
	if (made->priority.offer)
		gnutls_priority_deinit(made->priority.offer);
	pool_free(&made->pool);
	free(made);
}

const struct priority *priority_find(struct priorities *all, const struct priority_wish *wish,
	const char *server)
{
	const struct tls_expect *expect = wish->expect;
	struct pool pool = {0};
	const char *key = pool_format(&pool, "%s\n%s\n%s\n%s%d%d%d%d%d", expect->protocols, expect->grade,
		expect->exclude, built_in(expect->level), wish->must_match, wish->raw_keys,
		wish->lenient, wish->unsafe, wish->old);
	struct counted *made = cache_hold(all->found, key, strlen(key), hold);

	if (made == NULL) {
		made = MEMORY_NEW(struct counted);
		atomic_init(&made->holders, 1);
		if (grant(all, made, wish, server)) {
			cache_put(all->found, key, strlen(key), hold(made), INT64_MAX);
		} else {
			drop(made);
			made = NULL;
		}
	}
	pool_free(&pool);
	return made ? &made->priority : NULL;
}

void priority_done(const struct priority *priority)
{
	if (priority)
		drop((struct counted *)priority);
}

bool priority_allows(const struct priority *priority, size_t suite)
{
	return suite < SUITES && (suite >= SUITES_LISTED || suite_set_has(&priority->allowed, suite));
}

bool priority_only_for_13(const struct priority *priority, size_t suite)
{
	if (!priority->with_13 || suite >= SUITES_LISTED)
		return false;
	for (size_t i = 0; i < SUITES_LISTED; i++)
		if (suite_set_has(&priority->allowed, i)
			&& suites[i].gnutls_cipher == suites[suite].gnutls_cipher)
			return false;
	return true;
}

struct priorities *priorities_new(const struct tls_options *options)
{
	struct priorities *all = MEMORY_NEW(struct priorities);

	all->options = options;
	all->found = cache_new(WISHES_MOST, drop);
	all->groups = groups_words(options);
	return all;
}

void priorities_free(struct priorities *all)
{
	if (all == NULL)
		return;
	cache_free(all->found);
	free(all->groups);
	free(all);
}

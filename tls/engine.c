/* engine */
#include "tls/engine.h"
#include <stdarg.h>
#include <stdlib.h>
#include "tls/parts.h"
#include "util/log.h"
#include "util/macros.h"
#include "util/memory.h"
#include "util/text.h"

enum { LENIENT_MOST = 1000 }; /* servers remembered */

enum {
	VERBOSE = TLS_LOG_VERBOSE | TLS_LOG_PEERCERT | TLS_LOG_CERTMATCH | TLS_LOG_DANE,
	LEVEL_1 = TLS_LOG_SUMMARY,
	LEVEL_2 = LEVEL_1 | VERBOSE | TLS_LOG_CACHE | TLS_LOG_DEBUG,
	LEVEL_3 = LEVEL_2 | TLS_LOG_TLS_PACKETS,
	LEVEL_4 = LEVEL_3 | TLS_LOG_ALL_PACKETS,
};

static const struct {
	const char *word;
	unsigned log;
} words[] = {
	{"0", 0},
	{"none", 0},
	{"1", LEVEL_1},
	{"routine", LEVEL_1},
	{"2", LEVEL_2},
	{"debug", LEVEL_2},
	{"3", LEVEL_3},
	{"ssl-expert", LEVEL_3},
	{"4", LEVEL_4},
	{"5", LEVEL_4},
	{"6", LEVEL_4},
	{"7", LEVEL_4},
	{"8", LEVEL_4},
	{"9", LEVEL_4},
	{"ssl-developer", LEVEL_4},
	{"summary", TLS_LOG_SUMMARY},
	{"untrusted", TLS_LOG_UNTRUSTED},
	{"peercert", TLS_LOG_PEERCERT},
	{"certmatch", TLS_LOG_CERTMATCH},
	{"verbose", VERBOSE},
	{"cache", TLS_LOG_CACHE},
	{"ssl-debug", TLS_LOG_DEBUG},
	{"ssl-handshake-packet-dump", TLS_LOG_TLS_PACKETS},
	{"ssl-session-packet-dump", TLS_LOG_TLS_PACKETS | TLS_LOG_ALL_PACKETS},
	{"dane", TLS_LOG_DANE}, /* the last: since 3.6 */
};

static bool add(const char *word, int version, unsigned *log)
{
	bool old = version < TLS_POSTFIX(3, 6); /* told of no TLSA records in these words */

	for (size_t i = 0; i < COUNT(words) - old; i++)
		if (text_same(word, words[i].word)) {
			*log |= words[i].log & ~(old ? (unsigned)TLS_LOG_DANE : 0);
			return true;
		}
	return false;
}

unsigned tls_log_parse(const char *param, const char *value, int version)
{
	const char *rest = value, *word;
	struct pool pool = {0};
	unsigned log = 0;

	while ((word = text_token(&pool, &rest, TEXT_LIST_SEPARATORS, false)) != NULL)
		if (!add(word, version, &log)) {
			log_warning("unknown %s value \"%s\" in \"%s\"", param, word, value);
			log = 0;
			break;
		}
	pool_free(&pool);
	return log;
}

static void nothing(void *value)
{
	(void)value;
}

bool engine_off(const struct tls_options *options, const char *format, ...)
{
	struct why *off = options->off;
	va_list args;

	if (off == NULL)
		return false;
	va_start(args, format);
	off->text = pool_vformat(off->pool, format, args);
	va_end(args);
	return false;
}

struct tls_engine *tls_engine_open(const struct tls_options *options)
{
	struct tls_engine *engine = MEMORY_NEW(struct tls_engine);

	if (options->log & TLS_LOG_VERBOSE)
		log_info("initializing the client-side TLS engine");
	engine->options = options;
	engine->lenient = cache_new(LENIENT_MOST, nothing);
	if (options->session_timeout > 0)
		engine->tickets = tickets_new(options->session_timeout);
	quirks_options(options->ssl_options, &engine->quirks);
	quirks_workarounds(options->disable_workarounds);
	if ((engine->trust = tls_trust_load(options)) != NULL
		&& (engine->credentials = credentials_load(options, session_retrieve)) != NULL) {
		engine->priorities = priorities_new(options);
		return engine;
	}
	tls_engine_close(engine);
	return NULL;
}

bool tls_engine_anchors(struct tls_engine *engine, const char *const *files, size_t count)
{
	return tls_trust_anchors(engine->trust, files, count);
}

void tls_engine_close(struct tls_engine *engine)
{
	if (engine == NULL)
		return;
	priorities_free(engine->priorities);
	credentials_free(engine->credentials);
	tls_trust_free(engine->trust);
	tickets_free(engine->tickets);
	cache_free(engine->lenient);
	free(engine);
}

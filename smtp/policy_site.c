#include "smtp/policy_site.h"
#include "util/log.h"
#include "util/text.h"

/* Which of two entries wins: verify, encrypt, none, may, in this order. */
static int rank(enum tls_level level)
{
	switch (level) {
	case TLS_LEVEL_VERIFY:
		return 4;
	case TLS_LEVEL_ENCRYPT:
		return 3;
	case TLS_LEVEL_NONE:
		return 2;
	case TLS_LEVEL_MAY:
		return 1;
	default:
		return 0; /* not found */
	}
}

static enum tls_level parse(const char *word)
{
	static const struct {
		const char *word;
		enum tls_level level;
	} words[] = {{"NONE", TLS_LEVEL_NONE}, {"MAY", TLS_LEVEL_MAY},
		{"MUST_NOPEERMATCH", TLS_LEVEL_ENCRYPT}, {"MUST", TLS_LEVEL_VERIFY}};

	for (size_t i = 0; i < COUNT(words); i++)
		if (text_same(words[i].word, word))
			return words[i].level;
	return TLS_LEVEL_INVALID;
}

static bool look_up(const struct agent *agent, const char *kind, const char *key,
	enum tls_level *level, const char **detail, struct why *why)
{
	struct buf result = BUF(0);
	enum table_answer answer = tables_find(agent->per_site, key, &result);
	enum tls_level found = answer == TABLE_FOUND ? parse(buf_text(&result)) : TLS_LEVEL_NOT_FOUND;
	bool well = false;

	if (answer == TABLE_ERROR) {
		log_warning("%s_tls_per_site: %s \"%s\": per-site table lookup error", agent->program,
			kind, key);
		*detail = pool_format(why->pool, "%s_tls_per_site, %s \"%s\": %s", agent->program, kind,
			key, buf_text(&result));
		why_site(why, "4.3.0", "Temporary lookup error");
	} else if (found == TLS_LEVEL_INVALID) {
		log_warning("%s_tls_per_site: unknown TLS policy '%s' for %s %s", agent->program,
			buf_text(&result), kind, key);
		*detail = pool_format(why->pool, "%s_tls_per_site, %s \"%s\" has \"%s\"",
			agent->program, kind, key, buf_text(&result));
		why_site(why, "4.7.5", "client TLS configuration problem");
	} else {
		well = true;
		if (rank(found) > rank(*level))
			*level = found;
	}
	buf_close(&result);
	return well;
}

bool policy_site(const struct agent *agent, const char *key, const struct server *server,
	enum tls_level *level, const char **detail, struct why *why)
{
	enum tls_level site = TLS_LEVEL_NOT_FOUND;

	if (!look_up(agent, "next-hop destination", key, &site, detail, why))
		return false;
	if (!text_same(key, server->host)
		&& !look_up(agent, "server hostname", server->host, &site, detail, why))
		return false;
	if (site == TLS_LEVEL_NOT_FOUND || (site == TLS_LEVEL_MAY && *level > TLS_LEVEL_MAY))
		return true;
	*level = site;
	return true;
}

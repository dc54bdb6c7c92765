#include "config.h"
#include <string.h>
#include "postfix/version.h"
#include "smtp/pix.h"
#include "util/clock.h"
#include "util/list.h"
#include "util/log.h"
#include "util/text.h"

static const struct {
	const char *word;
	unsigned bit;
} workarounds[] = {{"disable_esmtp", PIX_DISABLE_ESMTP}, {"delay_dotcrlf", PIX_DELAY_DOTCRLF}};

bool pix_greeting(const char *text)
{
	return text[strspn(text, "20 *\t\n")] == '\0';
}

static unsigned parse(const char *words)
{
	struct pool pool = {0};
	const char *word;
	unsigned bits = 0;

	while ((word = text_token(&pool, &words, TEXT_LIST_SEPARATORS, false)) != NULL)
		for (size_t i = 0; i < COUNT(workarounds); i++)
			if (text_same(word, workarounds[i].word))
				bits |= workarounds[i].bit;
	pool_free(&pool);
	return bits;
}

static const char *names(struct pool *pool, unsigned bits, int version)
{
	struct list words = {.pool = pool};

	for (size_t i = 0; i < COUNT(workarounds); i++)
		if (bits & workarounds[i].bit)
			list_add(&words, workarounds[i].word);
	return list_join(&words, version >= POSTFIX(3, 11) ? ", " : " ");
}

/* Fresh mail may go out without the delay: the bug then costs a retry, not the mail. */
static bool is_fresh(const struct agent *agent, const struct delivery *d)
{
	return clock_wall().tv_sec - d->request->arrived.tv_sec
		< agent->config->pix_workaround_threshold_time;
}

bool pix_workarounds(const struct agent *agent, const struct delivery *d,
	const struct server *server, unsigned *bits, const char **trouble)
{
	const char *param = pool_format(d->pool, "%s_pix_workaround_maps", agent->program);
	struct buf found = BUF(0);
	enum table_answer answer = tables_find(agent->pix_maps, server->address, &found);
	const char *words =
		answer == TABLE_FOUND ? buf_text(&found) : agent->config->pix_workarounds;
	unsigned all = parse(words);
	bool any = words[0] != '\0';

	if (answer == TABLE_ERROR)
		*trouble = pool_format(d->pool, "%s: %s", param, buf_text(&found));
	buf_close(&found);
	if (answer == TABLE_ERROR) {
		log_tagged(LOG_SEVERITY_WARNING, "%s map lookup error for %s", param, server->address);
		return false;
	}
	if (is_fresh(agent, d))
		all &= ~(unsigned)PIX_DELAY_DOTCRLF;
	if (any)
		log_tagged(LOG_SEVERITY_INFO, "enabling PIX workarounds: %s for %s",
			names(d->pool, all, agent->config->version), server->namaddrport);
	*bits = all;
	return true;
}

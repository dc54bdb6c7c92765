#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "smtp/connections.h"
#include "t/lib/heard.h"
#include "t/lib/mailing.h"
#include "util/clock.h"
#include "util/log.h"

void mailing_open(struct mailing *m, bool lmtp, int version, const char *settings)
{
	*m = (struct mailing){.mx = NULL};
	clock_freeze(1000000, (struct timeval){.tv_sec = 1700000000});
	heard_start();
	test_agent_open(&m->test, lmtp, version, settings);
	fake_postfix_open(&m->postfix);
	heard();
}

void mailing_close(struct mailing *m)
{
	queuefile_close(m->file);
	fake_postfix_close(&m->postfix);
	test_agent_close(&m->test);
	pool_free(&m->message);
	pool_free(&m->pool);
	log_tag(NULL);
	heard_stop();
	clock_thaw();
}

void mailing_reopen(struct mailing *m, bool lmtp, int version, const char *settings)
{
	mailing_close(m);
	mailing_open(m, lmtp, version, settings);
}

void mailing_again(struct mailing *m, const char *nexthop, const char *rcpts)
{
	const char *percent = strstr(nexthop, "%u"), *rest = nexthop, *whole = "";

	for (; percent; percent = strstr(rest, "%u")) {
		whole = pool_format(&m->pool, "%s%.*s%u", whole, (int)(percent - rest), rest, m->port);
		rest = percent + 2;
	}
	queuefile_close(m->file);
	pool_free(&m->message);
	m->request = fake_postfix_request(&m->postfix, &m->message,
		pool_format(&m->message, "%s%s", whole, rest), rcpts,
		m->content ? m->content : "Subject: x\n\nhello\n");
	m->file = queuefile_open(&m->message, &m->test.agent.queue, "active", m->request->queue_id);
	delivery_begin(&m->d, m->request, m->file);
	log_tag(m->request->queue_id);
}

void mailing_begin(struct mailing *m, const char *script, const char *nexthop, const char *rcpts)
{
	m->mx = fake_mx(NULL, script);
	m->port = fake_mx_port(m->mx);
	mailing_again(m, nexthop, rcpts);
}

const char *mailing_heard(struct mailing *m)
{
	char *heard_it;
	const char *text;

	connections_free(m->test.agent.connections); /* a kept one would never end */
	m->test.agent.connections = connections_new();
	heard_it = fake_mx_end(m->mx);
	text = pool_text(&m->pool, heard_it);
	free(heard_it);
	m->mx = NULL;
	return text;
}

/* TEXT with NEW in place of OLD. */
static const char *replaced(struct mailing *m, const char *text, const char *old, const char *new)
{
	struct buf to = BUF(0);
	const char *at;

	while ((at = strstr(text, old)) != NULL) {
		buf_add(&to, text, (size_t)(at - text));
		buf_adds(&to, new);
		text = at + strlen(old);
	}
	buf_adds(&to, text);
	text = pool_text(&m->pool, buf_text(&to));
	buf_close(&to);
	return text;
}

static const char *without_port(struct mailing *m, const char *text)
{
	return replaced(m, text, pool_format(&m->pool, ":%u", m->port), ":PORT");
}

const char *mailing_log(struct mailing *m)
{
	const char *text = replaced(m, without_port(m, heard()), ", delay=0, delays=0/0/0/0", "");

	return m->request ? replaced(m, text, pool_format(&m->pool, "%s: ", m->request->queue_id), "ID: ")
		: text;
}

const char *mailing_told(struct mailing *m)
{
	return without_port(m, fake_postfix_told(&m->postfix, &m->pool));
}

const char *mailing_fates(struct mailing *m)
{
	char *fates = pool_alloc(&m->pool, m->d.rcpt_count + 1);

	for (size_t i = 0; i < m->d.rcpt_count; i++)
		fates[i] = "ONSDBP"[m->d.rcpts[i].fate];
	return fates;
}

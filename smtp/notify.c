#include "config.h"
#include <errno.h>
#include <string.h>
#include "postfix/submit.h"
#include "postfix/version.h"
#include "smtp/notify.h"
#include "util/list.h"
#include "util/log.h"
#include "util/text.h"

enum { WIDTH = 79, INDENT = 5 }; /* characters of a line; before a wrapped line's rest */

unsigned notify_word(const char *word)
{
	static const struct {
		const char *word;
		unsigned bit;
	} words[] = {{"protocol", NOTIFY_PROTOCOL}, {"data", NOTIFY_DATA}, {"bounce", NOTIFY_OTHERS},
		{"2bounce", NOTIFY_OTHERS}, {"policy", NOTIFY_OTHERS}, {"resource", NOTIFY_OTHERS},
		{"software", NOTIFY_OTHERS}, {"delay", NOTIFY_OTHERS}};

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].bit;
	return 0;
}

/* Where to break a line: at the last blank that lets it fit, or behind a word that can't. */
static size_t break_at(const char *item, size_t length, size_t fits)
{
	size_t at = fits;

	while (at > 0 && item[at] != ' ')
		at--;
	if (at == 0)
		for (at = fits; at < length && item[at] != ' '; at++)
			;
	return at;
}

/* A line of the transcript, without blanks at its end. */
static void put_line(struct buf *to, size_t indent, const char *text, size_t length)
{
	while (length > 0 && text[length - 1] == ' ')
		length--;
	buf_addf(to, "%*s%.*s\n", (int)indent, "", (int)length, text);
}

/* One item of the transcript, wrapped at white space. */
static void wrap(struct buf *to, const char *item, size_t length)
{
	size_t indent = 1;

	while (indent + length > WIDTH) {
		size_t at = break_at(item, length, WIDTH - indent);

		put_line(to, indent, item, at);
		if (at == length)
			return;
		while (at < length && item[at] == ' ')
			at++;
		item += at;
		length -= at;
		indent = INDENT;
	}
	put_line(to, indent, item, length);
}

static void transcript(struct buf *to, const struct chat *chat)
{
	const char *at = buf_text(&chat->transcript);

	while (*at) {
		size_t length = strcspn(at, "\n");

		wrap(to, at, length);
		at += length + (at[length] != '\0');
	}
}

static void mailbox(const struct config *config, struct buf *to, const char *header,
	const char *name, const char *address)
{
	bool old = config->version < POSTFIX(3, 6) || text_same(config->header_from_format, "obsolete");

	if (old)
		buf_addf(to, "%s: %s (%s)\n", header, address, name);
	else
		buf_addf(to, "%s: %s <%s>\n", header, name, address);
}

static void compose(const struct agent *agent, const struct connection *conn, struct buf *to)
{
	const struct config *config = agent->config;
	const char *server = conn->server->namaddrport;
	struct buf daemon = BUF(0);

	buf_addf(&daemon, "MAILER-DAEMON@%s", config->myhostname);
	mailbox(config, to, "From", "Mail Delivery System", buf_text(&daemon));
	mailbox(config, to, "To", "Postmaster", config->error_notice_recipient);
	buf_addf(to, "Subject: %s %s client: errors from %s\n\n", config->mail_name,
		agent->lmtp ? "LMTP" : "SMTP", server);
	buf_addf(to, "Unexpected response from %s.\n\nTranscript of session follows.\n\n", server);
	transcript(to, &conn->chat);
	buf_adds(to, "\nFor other details, see the local mail logfile\n");
	buf_close(&daemon);
}

/* Nobody is told about mail that itself tells of trouble: that could go round. */
static bool is_about_trouble(const struct agent *agent, const struct delivery *d)
{
	const char *sender = d->request->sender;
	size_t length = strlen(agent->config->double_bounce_sender);

	return sender[0] == '\0'
		|| (strncmp(sender, agent->config->double_bounce_sender, length) == 0
			&& (sender[length] == '\0' || sender[length] == '@'));
}

static int cleanup_flags(const struct agent *agent)
{
	struct pool pool = {0};
	struct list classes = {.pool = &pool};
	int flags = SUBMIT_MAP | (agent->notify_autodetect ? SUBMIT_AUTO_UTF8 : 0);

	list_split(&classes, agent->config->internal_mail_filter_classes, TEXT_LIST_SEPARATORS, false);
	if (list_has_any_case(&classes, "notify"))
		flags |= SUBMIT_FILTER | SUBMIT_MILTER;
	pool_free(&pool);
	return flags;
}

void notify_session(const struct agent *agent, const struct delivery *d, struct connection *conn)
{
	struct chat *chat = &conn->chat;
	unsigned marks = (chat->protocol_error ? NOTIFY_PROTOCOL : 0)
		| (chat->local_error ? NOTIFY_DATA : 0);
	struct buf message = BUF(0);

	if ((marks & agent->notify) && chat->transcript.length > 0 && !is_about_trouble(agent, d)) {
		compose(agent, conn, &message);
		if (!submit_message(&agent->wire, cleanup_flags(agent),
			agent->config->double_bounce_sender, agent->config->error_notice_recipient,
			pool_format(d->pool, "%s (%s)", agent->config->myhostname, agent->config->mail_name),
			&message))
			log_warning("postmaster notify: %s", text_errno(d->pool, errno));
	}
	buf_close(&message);
	buf_clear(&chat->transcript);
}

#include "config.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "smtp/chat.h"
#include "tls/session.h"
#include "util/log.h"
#include "util/text.h"

enum { SHOWN = 30, SHOWN_GARBAGE = 100 }; /* bytes of a reply in a warning */

void chat_open(struct chat *chat, const struct agent *agent, struct stream *stream)
{
	chat->agent = agent;
	chat->stream = stream;
	chat->line = BUF((size_t)agent->config->stored_line_length_limit);
	chat->transcript = BUF(CHAT_TRANSCRIPT_MOST);
	chat->text = BUF(2 * CHAT_REPLY_MOST + (size_t)agent->config->stored_line_length_limit);
}

void chat_close(struct chat *chat)
{
	buf_close(&chat->line);
	buf_close(&chat->text);
	buf_close(&chat->transcript);
}

void chat_limit(struct chat *chat, int seconds)
{
	if (chat->agent->config->per_request_deadline)
		stream_deadline(chat->stream, seconds, 0);
	else
		stream_limit(chat->stream, seconds);
}

/* Only kept when somebody may want to see it. */
static void note(struct chat *chat, const char *what, const char *text)
{
	if (chat->agent->notify)
		buf_addf(&chat->transcript, "%s%s\n", what, text);
}

static void queue(struct chat *chat, struct buf *command, const char *shown)
{
	for (size_t i = 0; i < command->length; i++)
		if ((unsigned char)command->data[i] < ' ' || command->data[i] == 0x7f)
			command->data[i] = '?';
	log_debug("> %s: %s", chat->namaddrport, shown ? shown : buf_text(command));
	note(chat, "Out: ", shown ? shown : buf_text(command));
	buf_add(command, "\r\n", 2);
	stream_put(chat->stream, command->data, command->length); /* a failure shows at the reply */
}

void chat_command(struct chat *chat, const char *format, ...)
{
	struct buf command = BUF(0);
	va_list args;

	va_start(args, format);
	buf_vaddf(&command, format, args);
	va_end(args);
	queue(chat, &command, NULL);
	buf_close(&command);
}

void chat_secret(struct chat *chat, const char *text, const char *shown)
{
	struct buf command = BUF(0);

	buf_adds(&command, text);
	queue(chat, &command, *shown ? shown : "(secret)");
	explicit_bzero(command.data, command.length);
	buf_close(&command);
}

bool chat_lost(const struct chat *chat, enum io io, const char *doing, struct why *why)
{
	const char *alert;

	if (io == IO_LATE)
		return why_site(why, "4.4.2", "conversation with %s timed out while %s", chat->namaddr,
			doing);
	alert = tls_alert(chat->stream, why->pool);
	return why_site(why, "4.4.2", "lost connection with %s while %s%s%s", chat->namaddr, doing,
		*alert ? ": " : "", alert);
}

/* What a reply has no room for is not shown, either. */
static void note_heard(struct chat *chat, const char *direction, const char *text)
{
	if (chat->text.length < CHAT_REPLY_MOST)
		note(chat, direction, text);
}

/* smtp_reply_filter: a result replaces the line. False: the table failed, and *why says so. */
static bool filter(struct chat *chat, struct why *why)
{
	struct buf result = BUF(CHAT_REPLY_MOST);
	enum table_answer answer =
		table_find(chat->agent->reply_filter, buf_text(&chat->line), &result);

	if (answer == TABLE_FOUND) {
		log_info("%s: replacing server reply \"%s\" with \"%s\"", chat->namaddrport,
			buf_text(&chat->line), buf_text(&result));
		buf_clear(&chat->line);
		buf_add(&chat->line, result.data, result.length);
		note_heard(chat, "Replaced-by:", "");
		note_heard(chat, "     ", buf_text(&chat->line));
	} else if (answer == TABLE_ERROR) {
		log_tagged(LOG_SEVERITY_WARNING, "table %s lookup error for %s",
			table_name(chat->agent->reply_filter), buf_text(&chat->line));
		chat_local_error(chat, pool_format(why->pool, "%s_reply_filter: %s",
			chat->agent->program, buf_text(&result)), why);
	}
	buf_close(&result);
	return answer != TABLE_ERROR;
}

/* Makes the line that was read one that people may see; a NUL ends its text. */
static void clean(struct chat *chat)
{
	struct buf *line = &chat->line;

	if (line->cut)
		log_warning("%s: response longer than %d: %.*s...", chat->namaddrport,
			chat->agent->config->stored_line_length_limit, SHOWN, buf_text(line));
	buf_truncate(line, strlen(buf_text(line)));
	if (line->length > 0)
		text_printable(line->data, line->length, chat->agent->config->smtputf8_enable);
	log_debug("< %s: %s", chat->namaddrport, buf_text(line));
	note_heard(chat, "In:  ", buf_text(line));
}

/* Adds the line to the reply's text; what begins beyond the limit is dropped. */
static void keep(struct chat *chat, bool first, bool *warned)
{
	if (chat->text.length < CHAT_REPLY_MOST) {
		if (!first)
			buf_addc(&chat->text, '\n');
		buf_adds(&chat->text, buf_text(&chat->line));
		return;
	}
	if (!*warned)
		log_warning("%s: multi-line response longer than %d %.*s...", chat->namaddrport,
			CHAT_REPLY_MOST, SHOWN, buf_text(&chat->text));
	*warned = true;
}

/* A line that is no reply: the server and we may be out of step. */
static void note_garbage(struct chat *chat, struct reply *reply)
{
	bool lmtp = chat->agent->lmtp;

	reply->garbage = chat->protocol_error = true;
	if (!chat->pipelining)
		return;
	log_tagged(LOG_SEVERITY_WARNING, "non-%s response from %s: %.*s", lmtp ? "LMTP" : "ESMTP",
		chat->namaddrport, SHOWN_GARBAGE, buf_text(&chat->line));
	if (chat->agent->config->helpful_warnings)
		log_warning("to prevent loss of mail, turn off command pipelining for %s with the %s parameter",
			chat->address, lmtp ? "lmtp_discard_lhlo_keyword_address_maps"
			: "smtp_discard_ehlo_keyword_address_maps");
}

bool chat_local_error(struct chat *chat, const char *detail, struct why *why)
{
	chat->local_error = true;
	return why_site(why, "4.3.0", "local data error while talking to %s%s%s", chat->namaddr,
		*detail ? ": " : "", detail);
}

bool chat_reply(struct chat *chat, const char *doing, struct reply *reply, struct why *why)
{
	struct reply heard = {0};
	enum reply_line is = REPLY_MORE;
	bool warned = false;
	int lines = 0;
	enum io io;

	buf_clear(&chat->text);
	if ((io = stream_flush(chat->stream)) != IO_OK)
		return chat_lost(chat, io, doing, why);
	while (is != REPLY_LAST) {
		if (lines++ >= CHAT_LINES_MOST)
			return chat_lost(chat, IO_LOST, doing, why);
		if ((io = stream_line(chat->stream, &chat->line)) != IO_OK)
			return chat_lost(chat, io, doing, why);
		clean(chat);
		if (chat->agent->reply_filter && !filter(chat, why))
			return false;
		keep(chat, lines == 1, &warned);
		is = reply_line(buf_text(&chat->line), &heard.code);
		if (is == REPLY_GARBAGE)
			note_garbage(chat, &heard);
	}
	reply_status(buf_text(&chat->line), heard.code, heard.status);
	heard.text = buf_text(&chat->text);
	*reply = heard;
	return true;
}

const char *reply_flat(struct pool *pool, const struct reply *reply)
{
	char *flat = pool_text(pool, reply->text);

	for (char *at = flat; *at; at++)
		if (*at == '\n')
			*at = ' ';
	return flat;
}

bool chat_refused(struct chat *chat, const char *host, const struct reply *reply, struct why *why,
	const char *format, ...)
{
	bool absurd = reply->status[0] != '4' && reply->status[0] != '5';
	const char *text;
	va_list args;

	va_start(args, format);
	text = pool_vformat(why->pool, format, args);
	va_end(args);
	if (absurd || reply->code < 400 || reply->code > 599 || reply->code == 555
		|| (reply->code >= 500 && reply->code < 510))
		chat->protocol_error = true;
	why_set(why, absurd ? "5.5.0" : pool_text(why->pool, reply->status), "%s%s",
		absurd ? "Protocol error: " : "", text);
	return why_said(why, host, "smtp", reply_flat(why->pool, reply));
}

#include "config.h"
#include <string.h>
#include "postfix/version.h"
#include "smtp/content.h"
#include "smtp/headers.h"
#include "smtp/outside.h"
#include "util/log.h"
#include "util/stream.h"

/* Once for a delivery. */
static void note_broken_line(const struct content *content)
{
	const struct config *config = content->agent->config;

	if (!content->body.broke || content->d->line_broken)
		return;
	content->d->line_broken = true;
	if (config->version >= POSTFIX(3, 7))
		log_tagged(LOG_SEVERITY_INFO, "breaking line > %d bytes with <CR><LF>SPACE",
			config->line_length_limit);
}

static void put(struct content *content, const char *data, size_t length, bool more)
{
	body_record(&content->body, content->lines, data, length, more);
	note_broken_line(content);
}

/* A logical header as the lines that it is. */
static void put_header(struct content *content, const struct buf *header)
{
	const char *at = buf_text(header), *end = at + header->length;

	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((line ? line : end) - at);

		put(content, at, length, false);
		at += length + (line != NULL);
	}
}

static const struct checks *checks_for(const struct agent *agent, enum mime_class class)
{
	switch (class) {
	case MIME_PRIMARY:
		return &agent->header_checks;
	case MIME_CONTENT:
		return &agent->mime_header_checks;
	case MIME_NESTED:
		return &agent->nested_header_checks;
	}
	return NULL;
}

/* What checks make of a header or line: false, a table failed; *keep: there is something left. */
static bool checked(struct content *content, const struct checks *checks, struct buf *text,
	bool *keep)
{
	struct buf with = BUF(0);
	enum checks_verdict verdict = checks_ask(checks, buf_text(text), &with);

	*keep = verdict != CHECKS_DROP;
	if (verdict == CHECKS_PREPEND)
		put(content, with.data, with.length, false);
	if (verdict == CHECKS_REPLACE) {
		buf_clear(text);
		buf_add(text, with.data, with.length);
	}
	if (verdict == CHECKS_FAILED) /* the warning has the key, which may be long */
		content->trouble = pool_format(content->d->pool, "%s: table lookup problem",
			checks->param);
	buf_close(&with);
	return verdict != CHECKS_FAILED;
}

/* Checks see the addresses of the queue file; what they put in place of a header is mapped, too. */
static bool header(void *context, enum mime_class class, struct buf *text)
{
	struct content *content = context;
	const struct agent *agent = content->agent;
	const struct checks *checks = checks_for(agent, class);
	bool mapped = class == MIME_PRIMARY && agent->generic.maps && outside_applies(buf_text(text));
	bool keep = true;

	if (checks->tables && !checked(content, checks, text, &keep))
		return false;
	if (keep && mapped && outside_applies(buf_text(text))
		&& !outside_header(agent, content->d->pool, text, &content->trouble))
		return false;
	if (keep)
		put_header(content, text);
	return true;
}

static bool body(void *context, const char *data, size_t length, bool more)
{
	struct content *content = context;
	const struct checks *checks = &content->agent->body_checks;
	struct buf text = BUF(0);
	bool keep = true, good = true;

	if (checks->tables) {
		buf_add(&text, data, length);
		good = checked(content, checks, &text, &keep);
		data = buf_text(&text);
		length = text.length;
	}
	if (good && keep)
		put(content, data, length, more);
	buf_close(&text);
	return good;
}

static void blank(void *context)
{
	put(context, "", 0, false);
}

static void record(struct content *content, const char *data, size_t length, bool more,
	enum mime_result *result)
{
	if (content->mime)
		*result = mime_record(content->mime, data, length, more);
	else
		put(content, data, length, more);
}

/* Must headers be told from the body, even if nothing is converted? */
static bool looks_inside(const struct agent *agent)
{
	return agent->generic.maps || agent->header_checks.tables || agent->mime_header_checks.tables
		|| agent->nested_header_checks.tables || agent->body_checks.tables;
}

void content_begin(struct content *content, const struct agent *agent, struct delivery *d,
	const struct envelope *envelope)
{
	const struct config *config = agent->config;
	const struct mime_options options = {
		.downgrade = envelope_downgrades(envelope),
		.nesting_limit = config->mime_nesting_limit,
		.boundary_limit = config->mime_boundary_length_limit,
		.header_limit = config->header_size_limit,
	};
	const struct mime_handlers handlers = {content, header, body, blank};

	*content = (struct content){.agent = agent, .d = d};
	if (options.downgrade || looks_inside(agent))
		content->mime = mime_begin(&options, &handlers);
	body_begin(&content->body, (size_t)config->line_length_limit);
	queuefile_rewind(d->file, d->request->data_offset);
	content->prepended = headers_prepend(agent, d);
}

/* What flags=DOR puts in front takes the way of all lines. */
static enum mime_result prepend(struct content *content)
{
	enum mime_result result = MIME_GOES_ON;

	for (size_t i = 0; i < content->prepended.count && result == MIME_GOES_ON; i++)
		record(content, content->prepended.items[i], strlen(content->prepended.items[i]), false,
			&result);
	content->prepended.count = 0;
	return result;
}

static enum content_is failed(enum mime_result result, struct why *why)
{
	if (result == MIME_TOO_DEEP)
		why_set(why, "5.6.0", "MIME nesting exceeds safety limit");
	return CONTENT_FAILED;
}

/* smtp(8) dies of it, so the message is tried again; it must not be taken for a bad queue file. */
static enum content_is read_error(struct why *why)
{
	why_set(why, "4.3.0", "queue file read error");
	return CONTENT_FAILED;
}

static enum content_is over(struct content *content, struct why *why)
{
	enum mime_result result = content->mime ? mime_end(content->mime) : MIME_GOES_ON;

	if (result != MIME_GOES_ON)
		return failed(result, why);
	body_end(&content->body, content->lines);
	return CONTENT_WHOLE;
}

enum content_is content_read(struct content *content, struct buf *lines, struct why *why)
{
	enum mime_result result;
	enum record is;
	const char *data;
	size_t length;

	content->lines = lines;
	result = prepend(content);
	while (result == MIME_GOES_ON && lines->length < STREAM_CHUNK) {
		is = queuefile_next(content->d->file, &data, &length);
		if (is == RECORD_END)
			return over(content, why);
		if (is == RECORD_ERROR)
			return read_error(why);
		if (is == RECORD_BAD)
			return CONTENT_BAD;
		record(content, data, length, is == RECORD_PART, &result);
	}
	return result == MIME_GOES_ON ? CONTENT_MORE : failed(result, why);
}

void content_end(struct content *content)
{
	mime_free(content->mime);
}

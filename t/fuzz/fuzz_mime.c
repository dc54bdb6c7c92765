/*
 * Records: LF ends a line, \001 a part of one. Untouched, a message comes out as it went in (but
 * for what follows a NUL in a header); made
 * 7-bit, it is what making it 7-bit once more leaves alone.
 */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "smtp/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NESTING = 5, BOUNDARY = 100, HEADER = 1000 /* beyond it lines of a header go */ };

static void check(bool right)
{
	if (!right)
		abort();
}

struct output {
	struct buf text; /* lines with LF; parts with \001 */
	bool in_headers, ragged; /* headers that end without an empty line: quoted text may look like one */
};

static bool take_header(void *context, enum mime_class class, struct buf *header)
{
	struct output *output = context;

	check(class == MIME_PRIMARY || class == MIME_CONTENT || class == MIME_NESTED);
	check(header->length > 0);
	output->in_headers = true;
	buf_add(&output->text, header->data, header->length);
	buf_addc(&output->text, '\n');
	return true;
}

static bool take_body(void *context, const char *data, size_t length, bool more)
{
	struct output *output = context;

	output->ragged = output->ragged || output->in_headers;
	buf_add(&output->text, data, length);
	if (!more)
		buf_addc(&output->text, '\n');
	return true;
}

static void take_blank(void *context)
{
	struct output *output = context;

	output->in_headers = false;
	buf_addc(&output->text, '\n');
}

/* IN's records to OUTPUT, and how it ended. */
static enum mime_result pass(const char *at, const char *end, bool downgrade, struct output *output)
{
	const struct mime_options options = {.downgrade = downgrade, .nesting_limit = NESTING,
		.boundary_limit = BOUNDARY, .header_limit = HEADER};
	const struct mime_handlers handlers = {output, take_header, take_body, take_blank};
	struct mime *mime = mime_begin(&options, &handlers);
	enum mime_result result = MIME_GOES_ON;

	while (at < end && result == MIME_GOES_ON) {
		size_t length = 0;

		while (at + length < end && at[length] != '\n' && at[length] != '\001')
			length++;
		result = mime_record(mime, at, length, at + length < end && at[length] == '\001');
		at += length + (at + length < end);
	}
	if (result == MIME_GOES_ON)
		result = mime_end(mime);
	mime_free(mime);
	return result;
}

/*
 * The lines that went in, without blanks between the name of a header and its colon, and perhaps with
 * an empty line where a header block ended without.
 */
static bool same_lines(const char *in, size_t length, const struct buf *out)
{
	const char *at = out->length ? out->data : "", *end = at + out->length;

	for (size_t i = 0; i < length; i++) {
		if (in[i] == '\001')
			continue;
		if (at < end && *at == '\n' && in[i] != '\n')
			at++;
		if (at < end && *at != in[i] && strchr(" \t", in[i]) && in[i])
			continue; /* in front of the colon */
		if (at == end || *at++ != in[i])
			return false;
	}
	while (at < end && *at == '\n')
		at++;
	return at == end;
}

/* message/global is looked into though it is encoded, as smtp(8) does: then twice is not once. */
static bool mentions_global(const char *text, size_t size)
{
	for (size_t i = 0; i + 6 <= size; i++)
		if (strncasecmp(text + i, "global", 6) == 0)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct output plain = {.text = BUF(0)}, once = {.text = BUF(0)}, twice = {.text = BUF(0)};
	enum mime_result result = pass(text, text + size, false, &plain);

	check(result != MIME_STOPPED);
	if (result == MIME_GOES_ON && size < HEADER && memchr(text, '\0', size) == NULL)
		check(same_lines(text, size, &plain.text));
	if (pass(text, text + size, true, &once) == MIME_GOES_ON && size < HEADER && !once.ragged
		&& memchr(text, '\001', size) == NULL && !mentions_global(text, size)) {
		const char *first = buf_text(&once.text);

		check(pass(first, first + once.text.length, true, &twice) == MIME_GOES_ON);
		check(twice.text.length == once.text.length
			&& memcmp(buf_text(&twice.text), first, once.text.length) == 0);
	}
	buf_close(&plain.text);
	buf_close(&once.text);
	buf_close(&twice.text);
	return 0;
}

#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "postfix/field.h"
#include "smtp/mime.h"
#include "util/memory.h"
#include "util/text.h"

enum { QP_COLUMN = 72 }; /* a soft line break is due behind so many characters */

enum encoding { ENCODING_7BIT, ENCODING_8BIT /* and binary */, ENCODING_DONE /* base64, QP */ };
enum type { TYPE_LEAF, TYPE_MULTIPART, TYPE_MESSAGE, TYPE_GLOBAL /* message/global */ };

struct level { /* a multipart that we are in */
	struct level *outer;
	char *boundary;
	size_t length;
	bool digest; /* its parts are messages by default (RFC 2046 5.1.5) */
};

enum state { IN_HEADER, IN_BODY };

struct mime {
	struct mime_options options;
	struct mime_handlers handlers;
	enum state state;
	enum mime_class class;   /* of the header block in hand */
	bool in_line;            /* the next record goes on with a line */
	bool in_header_line;     /* and that line is part of mime->header */
	struct buf header;       /* the logical header in hand */
	struct level *innermost;
	int depth;
	enum type type;          /* of the part in hand */
	bool message;            /* it is a message/SOMETHING */
	enum encoding encoding;
	bool digest;             /* it is a multipart/digest */
	struct buf boundary;     /* of the multipart in hand */
	bool encoding_held;      /* its Content-Transfer-Encoding was taken out */
	bool quoting;            /* body lines become quoted-printable */
	struct buf quoted;       /* the output line in hand */
};

/* --- one part --- */

static void begin_part(struct mime *mime, enum mime_class class)
{
	mime->state = IN_HEADER;
	mime->class = class;
	mime->type = mime->innermost && mime->innermost->digest && class == MIME_CONTENT
		? TYPE_MESSAGE : TYPE_LEAF;
	mime->encoding = ENCODING_7BIT;
	mime->encoding_held = mime->digest = mime->quoting = mime->message = false;
	buf_clear(&mime->boundary);
}

struct mime *mime_begin(const struct mime_options *options, const struct mime_handlers *handlers)
{
	struct mime *mime = MEMORY_NEW(struct mime);

	mime->options = *options;
	mime->handlers = *handlers;
	mime->header = BUF(0); /* the limit and one record at most */
	mime->boundary = BUF((size_t)options->boundary_limit);
	begin_part(mime, MIME_PRIMARY);
	return mime;
}

static void leave_level(struct mime *mime)
{
	struct level *level = mime->innermost;

	mime->innermost = level->outer;
	mime->depth--;
	free(level->boundary);
	free(level);
}

/* Postfix counts from the third multipart on (observed with limits 1, 2 and 5). */
static bool enter_level(struct mime *mime)
{
	struct level *level;

	if (mime->options.nesting_limit > 0 && mime->depth >= mime->options.nesting_limit + 2)
		return false;
	level = MEMORY_NEW(struct level);
	level->length = mime->boundary.length;
	level->boundary = memory_new(level->length + 1);
	memcpy(level->boundary, buf_text(&mime->boundary), level->length);
	level->digest = mime->digest;
	level->outer = mime->innermost;
	mime->innermost = level;
	mime->depth++;
	return true;
}

/* --- what headers say (RFC 2045 5, 6; RFC 822 lexical rules) --- */

/* Skips white space and comments. */
static const char *skip_space(const char *at)
{
	int nested = 0;

	for (; *at; at++) {
		if (nested && *at == '\\' && at[1])
			at++;
		else if (*at == '(')
			nested++;
		else if (nested && *at == ')')
			nested--;
		else if (!nested && !text_is_space((unsigned char)*at))
			break;
	}
	return at;
}

/* A token or quoted string into WORD; what follows it. */
static const char *word(const char *at, struct buf *to)
{
	buf_clear(to);
	at = skip_space(at);
	if (*at == '"') {
		for (at++; *at && *at != '"'; at++) {
			if (*at == '\\' && at[1])
				at++;
			if (*at != '\n')
				buf_addc(to, (unsigned char)*at);
		}
		return *at ? at + 1 : at;
	}
	while (*at && strchr("()<>@,;:\\\"/[]?= \t\n", *at) == NULL)
		buf_addc(to, (unsigned char)*at++);
	return at;
}

/* ";" attribute "=" value, until the boundary is found. */
static void find_boundary(struct mime *mime, const char *at)
{
	struct buf name = BUF(64), value = BUF((size_t)mime->options.boundary_limit);

	while (*(at = skip_space(at))) {
		if (*at != ';') {
			at++;
			continue;
		}
		at = skip_space(word(at + 1, &name));
		if (*at != '=')
			continue;
		at = word(at + 1, &value);
		if (mime->boundary.length == 0 && text_same(buf_text(&name), "boundary"))
			buf_add(&mime->boundary, value.data, value.length);
	}
	buf_close(&name);
	buf_close(&value);
}

static void content_type(struct mime *mime, const char *at)
{
	struct buf major = BUF(64), minor = BUF(64);

	at = skip_space(word(at, &major));
	if (*at == '/')
		at = word(at + 1, &minor);
	mime->digest = false;
	if (text_same(buf_text(&major), "multipart")) {
		mime->type = TYPE_MULTIPART;
		mime->digest = text_same(buf_text(&minor), "digest");
		find_boundary(mime, at);
	} else if (text_same(buf_text(&major), "message")) {
		mime->type = text_same(buf_text(&minor), "rfc822") ? TYPE_MESSAGE
			: text_same(buf_text(&minor), "global") ? TYPE_GLOBAL : TYPE_LEAF;
		mime->message = true;
	} else {
		mime->type = TYPE_LEAF;
	}
	buf_close(&major);
	buf_close(&minor);
}

static void transfer_encoding(struct mime *mime, const char *at)
{
	struct buf name = BUF(64);

	word(at, &name);
	if (text_same(buf_text(&name), "8bit") || text_same(buf_text(&name), "binary"))
		mime->encoding = ENCODING_8BIT;
	else if (text_same(buf_text(&name), "base64") || text_same(buf_text(&name), "quoted-printable"))
		mime->encoding = ENCODING_DONE;
	else
		mime->encoding = ENCODING_7BIT;
	buf_close(&name);
}

static bool is_content_header(const struct buf *header, size_t name)
{
	return field_is(buf_text(header), name, "MIME-Version")
		|| (name > 8 && strncasecmp(header->data, "Content-", 8) == 0);
}

/* "Name  : value" is reprinted as "Name: value" */
static void close_gap(struct buf *header, size_t name)
{
	size_t colon = name + strcspn(buf_text(header) + name, ":");

	if (colon == name)
		return;
	memmove(header->data + name, header->data + colon, header->length - colon);
	buf_truncate(header, header->length - (colon - name));
}

/* The logical header in hand is whole. */
static bool end_header(struct mime *mime)
{
	struct buf *header = &mime->header;
	size_t name = field_name(buf_text(header), header->length);
	enum mime_class class = mime->class;
	bool goes_on = true;

	if (header->length == 0)
		return true;
	close_gap(header, name);
	if (is_content_header(header, name))
		class = MIME_CONTENT;
	if (field_is(buf_text(header), name, "Content-Type"))
		content_type(mime, header->data + name + 1);
	else if (field_is(buf_text(header), name, "Content-Transfer-Encoding"))
		transfer_encoding(mime, header->data + name + 1);
	if (mime->options.downgrade && mime->encoding == ENCODING_8BIT
		&& field_is(buf_text(header), name, "Content-Transfer-Encoding"))
		mime->encoding_held = true; /* another comes last */
	else
		goes_on = mime->handlers.header(mime->handlers.context, class, header);
	buf_clear(header);
	return goes_on;
}

/* --- the end of a header block --- */

/* What a converted part says of itself. */
static bool say_encoding(struct mime *mime)
{
	bool composite = mime->type == TYPE_MULTIPART || mime->type == TYPE_MESSAGE
		|| (mime->message && mime->type != TYPE_GLOBAL);

	if (!mime->encoding_held)
		return true;
	mime->encoding_held = false;
	mime->quoting = !composite;
	buf_adds(&mime->header, composite ? "Content-Transfer-Encoding: 7bit"
		: "Content-Transfer-Encoding: quoted-printable");
	if (!mime->handlers.header(mime->handlers.context, MIME_ADDED, &mime->header))
		return false;
	buf_clear(&mime->header);
	return true;
}

static enum mime_result end_block(struct mime *mime, bool blank)
{
	if (!end_header(mime) || !say_encoding(mime))
		return MIME_STOPPED;
	if (blank)
		mime->handlers.blank(mime->handlers.context);
	mime->state = IN_BODY;
	if (mime->type == TYPE_MULTIPART && mime->boundary.length > 0)
		return enter_level(mime) ? MIME_GOES_ON : MIME_TOO_DEEP;
	if ((mime->type == TYPE_MESSAGE || (mime->type == TYPE_GLOBAL && !mime->quoting))
		&& mime->encoding != ENCODING_DONE)
		begin_part(mime, MIME_NESTED);
	return MIME_GOES_ON;
}

/* --- body lines --- */

/* The multipart that this line is a boundary of, or NULL; *last: the closing one. */
static struct level *boundary_of(const struct mime *mime, const char *line, size_t length,
	bool *last)
{
	if (length < 2 || line[0] != '-' || line[1] != '-')
		return NULL;
	for (struct level *level = mime->innermost; level; level = level->outer) {
		if (length - 2 < level->length || memcmp(line + 2, level->boundary, level->length) != 0)
			continue;
		*last = length - 2 >= level->length + 2
			&& memcmp(line + 2 + level->length, "--", 2) == 0;
		return level;
	}
	return NULL;
}

static bool put_quoted(struct mime *mime, bool more)
{
	bool goes_on = mime->handlers.body(mime->handlers.context, buf_text(&mime->quoted),
		mime->quoted.length, more);

	buf_clear(&mime->quoted);
	return goes_on;
}

/* One byte as RFC 2045 6.7 wants it; LAST of its line: white space must not end a line. */
static bool quote_byte(struct mime *mime, unsigned char byte, bool last)
{
	bool blank = byte == ' ' || byte == '\t';

	if (mime->quoted.length > QP_COLUMN) {
		buf_addc(&mime->quoted, '=');
		if (!put_quoted(mime, false))
			return false;
	}
	if ((blank && !last) || (byte > ' ' && byte < 0x7f && byte != '='))
		buf_addc(&mime->quoted, byte);
	else
		buf_addf(&mime->quoted, "=%02X", byte);
	return true;
}

static bool quote(struct mime *mime, const char *data, size_t length, bool more)
{
	for (size_t i = 0; i < length; i++)
		if (!quote_byte(mime, (unsigned char)data[i], !more && i + 1 == length))
			return false;
	return more || put_quoted(mime, false);
}

static enum mime_result body_line(struct mime *mime, const char *data, size_t length, bool more)
{
	struct level *level = NULL;
	bool last = false, goes_on;

	if (!mime->in_line)
		level = boundary_of(mime, data, length, &last);
	if (level) {
		while (mime->innermost != level)
			leave_level(mime);
		if (last)
			leave_level(mime);
		mime->quoting = false;
	}
	goes_on = mime->quoting ? quote(mime, data, length, more)
		: mime->handlers.body(mime->handlers.context, data, length, more);
	if (level && !last)
		begin_part(mime, MIME_CONTENT);
	return goes_on ? MIME_GOES_ON : MIME_STOPPED;
}

/* --- header lines --- */

/* header_size_limit: a record that begins below it is added whole, one that doesn't is dropped. */
static void add_to_header(struct mime *mime, bool folded, const char *data, size_t length)
{
	if (mime->header.length >= (size_t)mime->options.header_limit)
		return;
	if (folded)
		buf_addc(&mime->header, '\n');
	buf_add(&mime->header, data, length);
}

static enum mime_result header_line(struct mime *mime, const char *data, size_t length, bool more)
{
	bool folded = length > 0 && mime->header.length > 0 && (data[0] == ' ' || data[0] == '\t');
	enum mime_result result;

	if (length == 0 && !more)
		return end_block(mime, true);
	if (!folded && field_name(data, length) > 0) {
		if (!end_header(mime))
			return MIME_STOPPED;
	} else if (!folded) { /* no header: the body begins here, with an empty line that was missing */
		result = end_block(mime, mime->class == MIME_PRIMARY);
		if (result != MIME_GOES_ON)
			return result;
		return mime->state == IN_HEADER ? header_line(mime, data, length, more)
			: body_line(mime, data, length, more);
	}
	add_to_header(mime, folded, data, length);
	mime->in_header_line = more;
	return MIME_GOES_ON;
}

enum mime_result mime_record(struct mime *mime, const char *data, size_t length, bool more)
{
	enum mime_result result = MIME_GOES_ON;

	if (mime->in_header_line) {
		add_to_header(mime, false, data, length);
		mime->in_header_line = more;
	} else if (mime->state == IN_HEADER && !mime->in_line) {
		result = header_line(mime, data, length, more);
	} else {
		result = body_line(mime, data, length, more);
	}
	mime->in_line = more && !mime->in_header_line;
	return result;
}

enum mime_result mime_end(struct mime *mime)
{
	if (mime->state == IN_HEADER && (!end_header(mime) || !say_encoding(mime)))
		return MIME_STOPPED;
	if (mime->quoted.length > 0 && !put_quoted(mime, false))
		return MIME_STOPPED;
	return MIME_GOES_ON;
}

void mime_free(struct mime *mime)
{
	if (mime == NULL)
		return;
	while (mime->innermost)
		leave_level(mime);
	buf_close(&mime->header);
	buf_close(&mime->boundary);
	buf_close(&mime->quoted);
	free(mime);
}

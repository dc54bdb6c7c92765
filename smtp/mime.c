#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "postfix/field.h"
#include "smtp/mime.h"
#include "util/memory.h"
#include "util/text.h"

enum { QP_COLUMN = 72 }; /* a soft line break is due behind so many characters */

enum encoding { ENCODING_7BIT, ENCODING_8BIT /* and binary */, ENCODING_DONE /* base64, QP */ };
enum type { TYPE_LEAF, TYPE_MULTIPART, TYPE_MESSAGE, TYPE_GLOBAL /* message/global */,
	TYPE_OTHER_MESSAGE };

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
	enum encoding encoding;
	bool digest;             /* it is a multipart/digest */
	bool too_deep;           /* there are more multiparts in each other than may be */
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
	mime->digest = mime->quoting = false;
}

struct mime *mime_begin(const struct mime_options *options, const struct mime_handlers *handlers)
{
	struct mime *mime = MEMORY_NEW(struct mime);

	mime->options = *options;
	mime->handlers = *handlers;
	mime->header = BUF(0); /* the limit and one record at most */
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
static void enter_level(struct mime *mime, const struct buf *boundary)
{
	struct level *level;

	if (mime->options.nesting_limit > 0 && mime->depth >= mime->options.nesting_limit + 2) {
		mime->too_deep = mime->options.downgrade;
		return;
	}
	level = MEMORY_NEW(struct level);
	level->length = boundary->length;
	level->boundary = memory_new(level->length + 1);
	memcpy(level->boundary, buf_text(boundary), level->length);
	level->digest = mime->digest;
	level->outer = mime->innermost;
	mime->innermost = level;
	mime->depth++;
}

/* --- what headers say (RFC 2045 5, 6; RFC 822 lexical rules) --- */

static const char rfc2045_specials[] = "()<>@,;:\\\"/[]?="; /* RFC 2045 5.1 */
static const char rfc822_specials[] = "()<>@,;:\\\".[]";    /* RFC 822 3.3 */

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

/* Up to a blank, a control character or one of SPECIALS. TO; what follows. */
static const char *token(const char *at, const char *specials, struct buf *to)
{
	buf_clear(to);
	at = skip_space(at);
	while ((unsigned char)*at > ' ' && *at != 127 && strchr(specials, *at) == NULL)
		buf_addc(to, (unsigned char)*at++);
	return at;
}

/*
 * A quoted string, or a token, too. A special character that RFC 2045 wants to be quoted is all of a
 * value that begins with it.
 */
static const char *value(const char *at, struct buf *to)
{
	at = skip_space(at);
	if (*at != '"') {
		at = token(at, rfc2045_specials, to);
		if (to->length == 0 && *at && *at != ';')
			buf_addc(to, (unsigned char)*at++);
		return at;
	}
	buf_clear(to);
	for (at++; *at && *at != '"'; at++) {
		if (*at == '\\' && at[1])
			at++;
		if (*at != '\n')
			buf_addc(to, (unsigned char)*at);
	}
	return *at ? at + 1 : at;
}

/* ";" attribute "=" value. Each boundary makes a level of its own, as in Postfix. */
static void find_boundaries(struct mime *mime, const char *at)
{
	struct buf name = BUF(64), boundary = BUF((size_t)mime->options.boundary_limit);

	while (*(at = skip_space(at))) {
		if (*at != ';') {
			at++;
			continue;
		}
		at = skip_space(token(at + 1, rfc2045_specials, &name));
		if (*at != '=')
			continue;
		at = value(at + 1, &boundary);
		if (text_same(buf_text(&name), "boundary") && boundary.length > 0)
			enter_level(mime, &boundary);
	}
	buf_close(&name);
	buf_close(&boundary);
}

/*
 * Postfix knows three types; another leaves what the multipart around it, or a Content-Type before,
 * has said.
 */
static enum type type_of(const char *major, const char *minor, enum type now)
{
	if (text_same(major, "text"))
		return TYPE_LEAF;
	if (text_same(major, "multipart"))
		return TYPE_MULTIPART;
	if (!text_same(major, "message"))
		return now;
	return text_same(minor, "rfc822") ? TYPE_MESSAGE
		: text_same(minor, "global") ? TYPE_GLOBAL : TYPE_OTHER_MESSAGE;
}

/* type "/" subtype *(";" parameter) */
static void content_type(struct mime *mime, const char *at)
{
	struct buf major = BUF(64), minor = BUF(64);
	bool nothing = *skip_space(at) == '\0';

	at = skip_space(token(at, rfc2045_specials, &major));
	if (*at == '/')
		at = token(at + 1, rfc2045_specials, &minor);
	if (nothing)
		mime->type = TYPE_LEAF;
	else
		mime->type = type_of(buf_text(&major), buf_text(&minor), mime->type);
	mime->digest = text_same(buf_text(&minor), "digest");
	if (text_same(buf_text(&major), "multipart"))
		find_boundaries(mime, at);
	buf_close(&major);
	buf_close(&minor);
}

static void transfer_encoding(struct mime *mime, const char *at)
{
	struct buf name = BUF(64);

	token(at, rfc822_specials, &name);
	if (text_same(buf_text(&name), "8bit") || text_same(buf_text(&name), "binary"))
		mime->encoding = ENCODING_8BIT;
	else if (text_same(buf_text(&name), "base64") || text_same(buf_text(&name), "quoted-printable"))
		mime->encoding = ENCODING_DONE;
	else if (text_same(buf_text(&name), "7bit"))
		mime->encoding = ENCODING_7BIT;
	buf_close(&name);
}

/* RFC 2045 3, RFC 2183; no other "Content-" is one for Postfix. */
static bool is_content_header(const struct buf *header, size_t name)
{
	static const char *const names[] = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding",
		"Content-ID", "Content-Description", "Content-Disposition"};

	for (size_t i = 0; i < COUNT(names); i++)
		if (field_is(header->data, name, names[i]))
			return true;
	return false;
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

static bool is_converted(const struct mime *mime)
{
	return mime->options.downgrade && mime->encoding == ENCODING_8BIT;
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
	if (field_is(header->data, name, "Content-Type"))
		content_type(mime, header->data + name + 1);
	else if (field_is(header->data, name, "Content-Transfer-Encoding"))
		transfer_encoding(mime, header->data + name + 1);
	/* that of a part to be converted makes room for another, which comes last */
	if (!is_converted(mime) || !field_is(header->data, name, "Content-Transfer-Encoding"))
		goes_on = mime->handlers.header(mime->handlers.context, class, header);
	buf_clear(header);
	return goes_on;
}

/* --- the end of a header block --- */

/* Multiparts and most messages may not be encoded (RFC 2045 6.4): their parts are, or nothing. */
static bool is_encoded(const struct mime *mime)
{
	return is_converted(mime) && (mime->type == TYPE_LEAF || mime->type == TYPE_GLOBAL);
}

/* What a converted part says of itself. */
static bool say_encoding(struct mime *mime)
{
	if (!is_converted(mime))
		return true;
	buf_adds(&mime->header, is_encoded(mime) ? "Content-Transfer-Encoding: quoted-printable"
		: "Content-Transfer-Encoding: 7bit");
	if (!mime->handlers.header(mime->handlers.context, mime->class, &mime->header))
		return false;
	buf_clear(&mime->header);
	return true;
}

/* The block ends with an EMPTY line; or with none, and then what follows is not looked into. */
static enum mime_result end_block(struct mime *mime, bool empty)
{
	if (!end_header(mime) || !say_encoding(mime))
		return MIME_STOPPED;
	if (empty || mime->class == MIME_PRIMARY)
		mime->handlers.blank(mime->handlers.context);
	mime->state = IN_BODY;
	mime->quoting = is_encoded(mime);
	if (mime->too_deep)
		return MIME_TOO_DEEP;
	if (empty && (mime->type == TYPE_MESSAGE || (mime->type == TYPE_GLOBAL && !mime->quoting)))
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

/*
 * header_size_limit: a record that begins below it is added whole, one that doesn't is dropped. What
 * follows a NUL in a record is lost, as in Postfix.
 */
static void add_to_header(struct mime *mime, bool folded, const char *data, size_t length, bool more)
{
	mime->in_header_line = more;
	if (mime->header.length >= (size_t)mime->options.header_limit)
		return;
	if (folded)
		buf_addc(&mime->header, '\n');
	buf_add(&mime->header, data, strnlen(data, length));
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
		result = end_block(mime, false);
		return result == MIME_GOES_ON ? body_line(mime, data, length, more) : result;
	}
	add_to_header(mime, folded, data, length, more);
	return MIME_GOES_ON;
}

enum mime_result mime_record(struct mime *mime, const char *data, size_t length, bool more)
{
	enum mime_result result = MIME_GOES_ON;

	if (mime->in_header_line) {
		add_to_header(mime, false, data, length, more);
	} else if (mime->state == IN_HEADER && !mime->in_line) {
		result = header_line(mime, data, length, more);
	} else {
		result = body_line(mime, data, length, more);
	}
	/* what is left of a long boundary may be a header (observed) */
	mime->in_line = more && mime->state == IN_BODY;
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
	buf_close(&mime->quoted);
	free(mime);
}

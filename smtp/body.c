#include "config.h"
#include <string.h>
#include "smtp/body.h"

void body_begin(struct body *body, size_t limit)
{
	if (limit == 1) /* the blank alone would fill a line */
		limit = 2;
	*body = (struct body){.limit = limit, .left = limit, .start = true};
}

/*
 * A stray CR or LF must never reach a receiver that takes it for a line end, where what follows
 * could pass for a command (CVE-2023-51764): it becomes a blank, as cleanup(8) makes it.
 */
static void add(struct buf *to, const char *data, size_t length)
{
	size_t from = to->length;

	buf_add(to, data, length);
	if (memchr(data, '\r', length) == NULL && memchr(data, '\n', length) == NULL)
		return;
	for (; from < to->length; from++)
		if (to->data[from] == '\r' || to->data[from] == '\n')
			to->data[from] = ' ';
}

/* RFC 5321 4.5.2 */
static void stuff(struct body *body, struct buf *to, const char *data, size_t length)
{
	if (body->start && length > 0 && data[0] == '.')
		buf_addc(to, '.');
}

/* RFC 5321 4.5.3.1.6: what is too long goes on in another line, behind a blank. */
static void break_line(struct body *body, struct buf *to, bool goes_on)
{
	buf_add(to, "\r\n", 2);
	body->left = body->limit;
	body->start = !goes_on;
	if (goes_on) {
		buf_addc(to, ' ');
		body->left--;
		body->broke = true;
	}
}

void body_record(struct body *body, struct buf *to, const char *data, size_t length, bool more)
{
	body->part = more;
	while (body->limit > 0 && length >= body->left) {
		size_t fits = body->left;

		stuff(body, to, data, length);
		add(to, data, fits);
		data += fits;
		length -= fits;
		break_line(body, to, length > 0 || more);
		if (length == 0)
			return;
	}
	stuff(body, to, data, length);
	add(to, data, length);
	if (more) {
		body->left -= body->limit > 0 ? length : 0;
		body->start = body->start && length == 0;
	} else {
		buf_add(to, "\r\n", 2);
		body->left = body->limit;
		body->start = true;
	}
}

void body_end(struct body *body, struct buf *to)
{
	if (body->part)
		buf_add(to, "\r\n", 2);
	body->part = false;
	body->start = true;
}

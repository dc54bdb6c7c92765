#include <string.h>
#include "tls/pem.h"
#include "util/base64.h"
#include "util/buf.h"
#include "util/text.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

static const char *next_line(const char *at)
{
	const char *end = strchr(at, '\n');

	return end ? end + 1 : at + strlen(at);
}

static size_t line_length(const char *at)
{
	size_t length = (size_t)(next_line(at) - at);

	while (length > 0 && text_is_space((unsigned char)at[length - 1]))
		length--;
	return length;
}

/* The label of a line "-----BEGIN LABEL-----", or NULL. */
static const char *label_of(struct pool *pool, const char *line, const char *word)
{
	size_t length = line_length(line), around = strlen(word) + strlen(DASHES);

	if (!text_starts(line, word) || length < around
		|| memcmp(line + length - strlen(DASHES), DASHES, strlen(DASHES)) != 0)
		return NULL;
	return pool_bytes(pool, line + strlen(word), length - around);
}

/* Gathers the base64 from *AT up to the line that ends LABEL; *AT moves behind that. */
static bool gather(struct pool *pool, const char **at, const char *label, struct buf *base64)
{
	const char *line, *end;

	for (line = *at; *line; line = next_line(line)) {
		if ((end = label_of(pool, line, END)) != NULL) {
			*at = next_line(line);
			return strcmp(end, label) == 0;
		}
		if (memchr(line, ':', line_length(line)) == NULL)
			buf_add(base64, line, line_length(line));
	}
	return false;
}

enum pem pem_next(struct pool *pool, const char **text, const char **label, struct tls_der *der)
{
	struct buf base64 = BUF(0), bytes = BUF(0);
	const char *line = *text, *begun = NULL;
	bool good;

	for (; *line && begun == NULL; line = next_line(line))
		begun = label_of(pool, line, BEGIN);
	if (begun == NULL)
		return PEM_END;

	good = gather(pool, &line, begun, &base64)
		&& base64_decode(&bytes, buf_text(&base64), base64.length);
	if (good) {
		*text = line;
		*label = begun;
		der->data = (const uint8_t *)pool_bytes(pool, buf_text(&bytes), bytes.length);
		der->length = bytes.length;
	}
	buf_close(&base64);
	buf_close(&bytes);
	return good ? PEM_BLOCK : PEM_BAD;
}

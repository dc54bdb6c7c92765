/* keyfile - only the lines of RFC 7468 3 are looked at; GnuTLS decodes what is between them. */
#include "tls/keyfile.h"
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL = 4096 }; /* for what does not know its size */

#define BEGIN "-----BEGIN "
#define DASHES "-----"

bool keyfile_next(struct pool *pool, const char **rest, struct keyfile_object *object)
{
	const char *begin, *type, *end;

	while ((begin = strstr(*rest, BEGIN)) != NULL) {
		type = begin + strlen(BEGIN);
		*rest = type;
		if ((end = strstr(type, DASHES)) == NULL || memchr(type, '\n', (size_t)(end - type)))
			continue;
		object->type = pool_bytes(pool, type, (size_t)(end - type));
		end = strstr(end, pool_format(pool, "-----END %s-----", object->type));
		if (end == NULL)
			continue;
		end += strlen("-----END -----") + strlen(object->type);
		object->text = begin;
		object->length = (size_t)(end - begin);
		*rest = end;
		return true;
	}
	return false;
}

/* Allocated once: growing would leave copies of a key behind. */
static bool fill(int fd, struct buf *text)
{
	struct stat status;
	size_t room;
	ssize_t count = 1;
	char *to;

	if (fstat(fd, &status) < 0)
		return false;
	if (status.st_size > KEYFILE_MOST) {
		errno = EFBIG;
		return false;
	}
	room = (size_t)status.st_size > SMALL ? (size_t)status.st_size : SMALL;
	to = buf_reserve(text, room);
	while (count > 0 && text->length < room) {
		if ((count = read(fd, to + text->length, room - text->length)) > 0)
			text->length += (size_t)count;
	}
	return count >= 0;
}

bool keyfile_read(const char *path, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;
	bool fine;

	buf_clear(text);
	if (fd < 0)
		return false;
	fine = fill(fd, text);
	error = errno;
	close(fd);
	errno = error;
	return fine;
}

void keyfile_wipe(struct buf *text)
{
	if (text->room > 0)
		gnutls_memset(text->data, 0, text->room);
	buf_close(text);
}

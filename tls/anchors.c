#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tls/anchors.h"
#include "util/memory.h"

void anchors_add(struct anchors *anchors, const struct certificate *certificate)
{
	if (anchors->count == anchors->room) {
		anchors->room = anchors->room ? 2 * anchors->room : 8;
		anchors->certificates = memory_resize(anchors->certificates, anchors->room,
			sizeof *anchors->certificates);
	}
	anchors->certificates[anchors->count++] = *certificate;
}

void anchors_add_key(struct anchors *anchors, struct tls_der key)
{
	if (anchors->key_count == anchors->key_room) {
		anchors->key_room = anchors->key_room ? 2 * anchors->key_room : 4;
		anchors->keys =
			memory_resize(anchors->keys, anchors->key_room, sizeof *anchors->keys);
	}
	anchors->keys[anchors->key_count++] = key;
}

bool anchors_have(const struct anchors *anchors, struct tls_der certificate)
{
	for (size_t i = 0; i < anchors->count; i++)
		if (der_same(anchors->certificates[i].der, certificate))
			return true;
	return false;
}

void anchors_close(struct anchors *anchors)
{
	for (size_t i = 0; i < anchors->count; i++)
		certificate_close(&anchors->certificates[i]);
	free(anchors->certificates);
	free(anchors->keys);
	pool_free(&anchors->pool);
	*anchors = (struct anchors){.count = 0};
}

bool anchors_is_certificate(const char *label)
{
	return strcmp(label, "CERTIFICATE") == 0 || strcmp(label, "X509 CERTIFICATE") == 0;
}

bool anchors_read_file(const char *path, struct buf *content)
{
	char part[8192];
	FILE *file = fopen(path, "re");
	size_t size;
	bool good;

	if (file == NULL)
		return false;
	while ((size = fread(part, 1, sizeof part, file)) > 0 && !content->cut)
		buf_add(content, part, size);
	good = !ferror(file) && !content->cut;
	if (content->cut)
		errno = EFBIG;
	fclose(file);
	return good;
}

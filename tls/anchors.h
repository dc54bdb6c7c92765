#ifndef TLS_ANCHORS_H
#define TLS_ANCHORS_H
/*
 * anchors - certificates and bare keys that someone trusts, parsed. They grow under one thread,
 * then any number may read. Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include "tls/certificate.h"
#include "util/buf.h"
#include "util/pool.h"

enum { ANCHOR_FILE_MOST = 16 << 20 }; /* bytes */

struct anchors {
	struct certificate *certificates;
	size_t count;
	struct tls_der *keys; /* SubjectPublicKeyInfos */
	size_t key_count;
	struct pool pool; /* for the bytes of all of them */
	size_t room, key_room;
};

/* The bytes must be in the pool, or live as long. Takes over the certificate. */
void anchors_add(struct anchors *anchors, const struct certificate *certificate);
void anchors_add_key(struct anchors *anchors, struct tls_der key);
bool anchors_have(const struct anchors *anchors, struct tls_der certificate);
void anchors_close(struct anchors *anchors);

/* Is this PEM label one of those for a plain certificate? */
bool anchors_is_certificate(const char *label);

/* Appends the file to CONTENT, which has a ceiling. False: errno says why. */
bool anchors_read_file(const char *path, struct buf *content);

#endif

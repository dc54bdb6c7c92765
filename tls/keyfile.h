#ifndef TLS_KEYFILE_H
#define TLS_KEYFILE_H
/*
 * keyfile - a PEM file (RFC 7468) that may hold a private key: read in one piece, its objects only
 * pointed at, wiped at the end, so that no copy of a key stays behind. Text around the objects is
 * skipped, and so is one that does not end. Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"
#include "util/pool.h"

enum { KEYFILE_MOST = 4 << 20 }; /* bytes; Debian's CA bundle has 220,000 */

struct keyfile_object {
	const char *type; /* "CERTIFICATE", "PRIVATE KEY"; in the pool */
	const char *text; /* from "-----BEGIN" on, inside the file's text */
	size_t length;    /* to behind "-----END TYPE-----" */
};

/* False: no more objects. *REST moves behind what was found. */
bool keyfile_next(struct pool *pool, const char **rest, struct keyfile_object *object);

/* Reads a file into TEXT (cleared first), in one piece. False: errno says why. */
bool keyfile_read(const char *path, struct buf *text);

/* Overwrites it, and frees it. */
void keyfile_wipe(struct buf *text);

#endif

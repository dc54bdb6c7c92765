#ifndef TLS_PEM_H
#define TLS_PEM_H
/*
 * pem - the objects of a PEM file (RFC 7468), one after the other. Text around them is skipped, and
 * so is one that does not end. Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/buf.h"
#include "util/pool.h"

enum { PEM_FILE_MOST = 4 << 20 }; /* bytes; Debian's CA bundle has 220,000 */

struct pem {
	const char *type; /* "CERTIFICATE", "PRIVATE KEY"; in the pool */
	const char *text; /* from "-----BEGIN" on, inside the file's text */
	size_t length;    /* to behind "-----END TYPE-----" */
};

/* False: no more objects. *REST moves behind what was found. */
bool pem_next(struct pool *pool, const char **rest, struct pem *object);

/* Reads a file into TEXT (cleared first), in one piece. False: errno says why. */
bool pem_read(const char *path, struct buf *text);

/* Overwrites it before it is freed: it may hold a private key. */
void pem_wipe(struct buf *text);

#endif

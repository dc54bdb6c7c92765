#ifndef TLS_TAFILE_H
#define TLS_TAFILE_H
/*
 * tafile - the tafile attribute and smtp_tls_trust_anchor_file (TLS_README): files of certificates
 * and bare keys that are anchors whatever they are. Read while messages are delivered, by many
 * threads; parsed once for each content. Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include "tls/anchors.h"

struct tafiles;

struct tafiles *tafiles_new(void);
void tafiles_free(struct tafiles *tafiles); /* NULL is fine */

/*
 * What is in these files now, together; TELL logs it when it is new. It stays until tafiles_free():
 * how many there are is the administrator's doing, not a peer's. NULL: one of them cannot be read,
 * is malformed, or has neither certificate nor key; a warning was logged (TLS_README).
 */
const struct anchors *tafiles_read(struct tafiles *tafiles, const char *const *files, size_t count,
	bool tell);

#endif

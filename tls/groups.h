#ifndef TLS_GROUPS_H
#define TLS_GROUPS_H
/*
 * groups - tls_eecdh_auto_curves and tls_ffdhe_auto_groups to GnuTLS's words (TLS_README). Inside
 * this room only.
 */
#include "tls/engine.h"

/*
 * ":+GROUP-X25519:+GROUP-..." of what the options name, to be freed; what is not known is skipped,
 * and told. If nothing is left of the curves: a warning, and the usual ones.
 */
char *groups_words(const struct tls_options *options);

#endif

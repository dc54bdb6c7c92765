#ifndef TLS_PARTS_H
#define TLS_PARTS_H
/*
 * parts - what an engine is made of. Const after start, but for what is locked. Inside this room
 * only.
 */
#include "tls/credentials.h"
#include "tls/engine.h"
#include "tls/priority.h"
#include "tls/quirks.h"
#include "tls/tickets.h"
#include "tls/verify.h"
#include "util/cache.h"

struct tls_engine {
	const struct tls_options *options;
	struct quirks quirks;
	struct tls_trust *trust;
	struct credentials *credentials;
	struct priorities *priorities;
	struct tickets *tickets; /* NULL: sessions are not kept */
	struct cache *lenient;   /* servers whose key usage we overlook, by "host[address]:port" */
};

/* session's answer to a server that asks for a certificate, for credentials_load(). */
gnutls_certificate_retrieve_function2 session_retrieve;

/* Sets the text of options->off, if somebody asks; returns false. */
bool engine_off(const struct tls_options *options, const char *format, ...) PRINTF_LIKE(2, 3);

#endif

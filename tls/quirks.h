#ifndef TLS_QUIRKS_H
#define TLS_QUIRKS_H
/*
 * quirks - words of tls_ssl_options and tls_disable_workarounds, which are for OpenSSL. Most ask for
 * what is always so here: no renegotiation, no compression, no workaround for what others did wrong.
 * Who is asked for something else says so.
 */
#include <stdbool.h>

struct quirks {
	bool no_tickets;    /* NO_TICKET: sessions are not kept by tickets */
	bool unsafe_peers;  /* LEGACY_SERVER_CONNECT: servers without RFC 5746 will do, too */
};

/* Warns of words that nobody knows, in Postfix's words, and of those that have no effect here. NULL is
   nothing. */
void quirks_options(const char *value, struct quirks *quirks);
void quirks_workarounds(const char *value);

#endif

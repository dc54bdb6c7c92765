#ifndef SMTP_DESTINATION_H
#define SMTP_DESTINATION_H
/*
 * destination - next-hop syntax: a list of host, host:port, [host], [host]:port;
 * for LMTP also unix:path and inet:. In the order to try, fallback relays last.
 */
#include <stdbool.h>
#include <stdint.h>
#include "util/pool.h"

struct destination {
	struct destination *next;
	const char *text;      /* the element as written: key of the TLS policy table */
	const char *host;      /* without brackets and port; for a UNIX socket $myhostname */
	const char *ascii;     /* the same in A-labels; NULL: it can't be converted */
	const char *service;   /* the port as written, or the default's text */
	uint16_t port;         /* host order */
	bool literal;          /* in brackets, or a numeric address: no MX or SRV lookup */
	const char *path;      /* UNIX-domain socket; NULL: TCP */
	bool fallback;         /* from smtp_fallback_relay */
	bool relayhost;        /* it is textually $relayhost */
	const char *error;     /* not NULL: it makes no sense. smtp(8) dies of it, with this text, when
	                          its turn comes; those before it are tried all the same */
};

struct destination_options {
	bool lmtp;
	bool utf8;                    /* smtputf8_enable */
	bool idna_2003;               /* enable_idna2003_compatibility */
	const char *default_port;     /* smtp_tcp_port or lmtp_tcp_port */
	const char *fallback_relay;   /* list */
	const char *relayhost, *myhostname;
	const char *known_tcp_ports;  /* "lmtp=24, smtp=25, ..." (3.7+), or NULL */
	int version;
};

/* At least one, if only to say what is wrong. */
struct destination *destination_parse(struct pool *pool, const struct destination_options *options,
	const char *nexthop);

#endif

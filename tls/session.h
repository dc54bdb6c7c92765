#ifndef TLS_SESSION_H
#define TLS_SESSION_H
/*
 * session - from an expectation and a stream to a verified channel: handshake, verdict, log lines,
 * and the transport that the stream then uses (TLS_README; GnuTLS manual). One thread at a time.
 */
#include <stdbool.h>
#include "tls/engine.h"
#include "tls/expect.h"
#include "util/stream.h"
#include "util/why.h"

struct tls_start {
	const struct tls_expect *expect;
	const char *server;     /* "mx.example[192.0.2.1]:25", for the log; lives as long as the session */
	const char *session_key; /* all that made an earlier session acceptable but what is in expect:
	                           service, next hop, host, address, EHLO name; "" sessions not kept */
	bool old;               /* TLS 1.2 at most: TLS_RECONNECT_OLD was the answer before */
	bool summary;           /* log the summary line at any loglevel, as Postfix does for
	                           connections that may be reused */
};

enum tls_fault {            /* why the peer did not match, as TLSRPT sorts it (TLS_README) */
	TLS_FAULT_NONE,
	TLS_FAULT_NAME,     /* the chain is good, no name is acceptable */
	TLS_FAULT_EXPIRED,
	TLS_FAULT_CHAIN,    /* fault_text says what OpenSSL would: "self-signed certificate" */
	TLS_FAULT_UNUSABLE, /* nothing usable to verify with; fault_text "all-TLSA-records-unusable" */
	TLS_FAULT_POLICY,   /* fault_text is the policy's failure: "sts-webpki-invalid" */
	TLS_FAULT_OTHER,    /* TLSA, fingerprint, anonymous, num=... */
};

struct tls_verdict {        /* how it ended, for policy and for the log; strings in the pool */
	bool present;           /* the peer showed a certificate or a raw key */
	bool trusted;           /* chain leads to an anchor */
	enum tls_level level;   /* that was held to: expect's, or ENCRYPT when no TLSA record was usable */
	bool matched;           /* and what the level demands matched; true for may and encrypt */
	bool reused;            /* resumed session */
	const char *protocol;   /* "TLSv1.3" */
	const char *cipher;     /* OpenSSL's name */
	const char *name;       /* the acceptable name that matched, "" none */
	const char *rule;       /* its rule: "hostname", ...; "fingerprint", "" */
	const char *peer_names; /* names in the certificate, for a refusal: "*.a.example, a.example" */
	const char *reason;     /* not matched: why, for people, after "Server certificate not verified: ";
	                           no handshake: the same after "Cannot start TLS: handshake failure: " */
	enum tls_fault fault;   /* no handshake: OTHER, or NONE if it is our settings that don't allow one */
	const char *fault_text; /* "" none */
};

enum tls_result {
	TLS_DONE,      /* a channel; look at the verdict */
	TLS_HANDSHAKE, /* no channel: handshake failure, logged; close the connection */
	/*
	 * No channel, nothing logged: the library would not talk to this certificate as its key usage
	 * stands, where Postfix does. The engine has made a note of the server and will be lenient:
	 * connect to the same address again at once, once (GnuTLS manual).
	 */
	TLS_RECONNECT,
	/*
	 * The same, and with OLD: the server has no TLS 1.3 and chose an excluded cipher, that only was
	 * offered because TLS 1.3 has one of the same name (GnuTLS manual).
	 */
	TLS_RECONNECT_OLD,
};

/*
 * Handshake within the stream's limit (each read and write), then verification. On TLS_DONE the
 * stream goes through TLS, also when the verdict is not matched: the caller says QUIT in it.
 */
enum tls_result tls_start(struct tls_engine *engine, struct stream *stream,
	const struct tls_start *start, struct pool *pool, struct tls_verdict *verdict);

/* Is this stream inside TLS? */
bool tls_active(const struct stream *stream);

/*
 * Once reading has failed: did the server end the session by an alert, and which? "" if not. TLS 1.3
 * tells a client only afterwards that its certificate was missing (RFC 8446 4.4.2.4).
 */
const char *tls_alert(const struct stream *stream, struct pool *pool);

/* Takes the ticket if one has come: after the first reply inside TLS. Nothing happens otherwise. */
void tls_keep_session(struct tls_engine *engine, struct stream *stream);

/* When a kept connection is used again: "... TLS connection reused to ...", if summaries are logged. */
void tls_log_reused(const struct stream *stream);

#endif

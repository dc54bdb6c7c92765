#ifndef SMTP_TLSRPT_H
#define SMTP_TLSRPT_H
/*
 * tlsrpt - what became of TLS at each server, for the domain's own eyes (RFC 8460): one datagram for
 * each attempt to the collector behind smtp_tlsrpt_socket_name, in the form of libtlsrpt. Nobody
 * waits for it, and mail never depends on it.
 */
#include <stdbool.h>
#include "smtp/delivery.h"
#include "smtp/destination.h"
#include "smtp/policy_table.h"

/* One destination whose domain wants reports. */
struct tlsrpt {
	const char *domain;        /* A-labels */
	const char *record;        /* its TXT record */
	const char *policy_domain; /* of the policy below; TLSA records are a policy of their own */
	bool sts;                  /* an MTA-STS policy, told by a plug-in: */
	struct list policy_strings, mx_patterns;
};

/* RFC 8460 4.3, numbered as in libtlsrpt. */
enum tlsrpt_type {
	TLSRPT_SUCCESS = 0,
	TLSRPT_STARTTLS_NOT_SUPPORTED = 201,
	TLSRPT_CERTIFICATE_HOST_MISMATCH = 202,
	TLSRPT_CERTIFICATE_NOT_TRUSTED = 203,
	TLSRPT_CERTIFICATE_EXPIRED = 204,
	TLSRPT_VALIDATION_FAILURE = 205,
	TLSRPT_STS_POLICY_FETCH_ERROR = 301,
	TLSRPT_STS_POLICY_INVALID = 302,
	TLSRPT_STS_WEBPKI_INVALID = 303,
	TLSRPT_TLSA_INVALID = 304,
};

struct tlsrpt_event {
	const struct tlsrpt *report;
	const struct tls_expect *expect; /* its TLSA records are the policy, if there are some */
	enum tlsrpt_type type;
	const char *reason;              /* "" none */
	const char *own_address, *host, *ehlo, *address; /* "" unknown */
};

/* At start: is it switched on, and possible? Warns as Postfix does. */
bool tlsrpt_setup(const struct agent *agent);

/* Asks the domain. ENTRY is what smtp_tls_policy_maps says. NULL: no reports. */
const struct tlsrpt *tlsrpt_for(const struct agent *agent, struct pool *pool,
	const struct destination *to, const struct policy_entry *entry);

/* The datagram, JSON in one line (RFC 8259). Pure. */
void tlsrpt_text(const struct tlsrpt_event *event, struct buf *to);

struct connection;

/* Tells what happened with CONN, if its policy wants it told. */
void tlsrpt_tell(const struct agent *agent, const struct connection *conn, enum tlsrpt_type type,
	const char *reason);

/* What the handshake of CONN has shown: a success, or the fault of its verdict. */
void tlsrpt_tell_verdict(const struct agent *agent, const struct connection *conn);

#endif

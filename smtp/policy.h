#ifndef SMTP_POLICY_H
#define SMTP_POLICY_H
/*
 * policy - the TLS level for one server, and what its certificate must show (TLS_README).
 * Decided from the tables, the request and the route; never weakened afterwards.
 */
#include <stdbool.h>
#include "smtp/delivery.h"
#include "smtp/requiretls.h"
#include "smtp/route.h"
#include "tls/expect.h"
#include "util/why.h"

struct tlsrpt;

struct tls_policy {
	struct tls_expect expect;  /* expect.level is the level in force */
	const char *source;        /* where the level came from: a parameter or table, for people */
	bool reuse;                /* connection_reuse: TLS connections may be kept */
	const struct tlsrpt *report; /* who wants to hear of the handshake; NULL: nobody */
	enum requiretls requiretls; /* what the sender's REQUIRETLS comes to; never ERROR */
};

/*
 * What smtp_tls_policy_maps, or the parameters, say about a destination: looked up once, before its
 * servers are known. A failure is kept in it, and comes out for each server.
 */
struct policy_base;
struct policy_base *policy_for(const struct agent *agent, const struct delivery *d,
	const struct destination *destination);

/* How the MX lookup wants the validator: for DANE, for other good (secure with hostname, dnssec), not. */
enum dns_mode policy_dns_mode(const struct agent *agent, const struct policy_base *base);

/*
 * NULL: the server is skipped, *why is the reason (site), and a warning was logged. For a server
 * marked plaintext the answer is level none where the policy says may, and nothing else.
 * d->features begin here.
 */
const struct tls_policy *policy_decide(const struct agent *agent, struct delivery *d,
	const struct policy_base *base, const struct server *server, struct why *why);

#endif

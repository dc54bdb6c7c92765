#ifndef SMTP_ROUTE_H
#define SMTP_ROUTE_H
/*
 * route - from a destination to the servers to try, in order, each with its DNSSEC status
 * (RFC 5321 5.1).
 */
#include <stdbool.h>
#include "smtp/agent.h"
#include "smtp/destination.h"
#include "util/why.h"

enum mx_security { MX_NONE /* no MX data used */, MX_UNCHECKED, MX_UNSIGNED, MX_SIGNED };

struct server {
	struct server *next;
	const struct destination *destination;
	const char *host;       /* name for logs and certificates: as in the MX record, A-labels */
	struct addr addr;       /* with port; length 0: a UNIX socket, destination->path */
	const char *address;    /* printable address, or path */
	const char *namaddr;    /* "host[address]" */
	const char *namaddrport; /* "host[address]:port"; a UNIX socket: "host[path]" */
	unsigned preference;
	bool best_preference;   /* of its destination */
	bool loop_detection;    /* port 25, SMTP */
	bool tried;             /* in this delivery */
	bool met;               /* a session with it got through the handshakes */
	bool plaintext;         /* another try without TLS after opportunistic TLS failed */
	struct decision *decision; /* smtp/deliver.c: how it may be talked to; NULL: not decided yet */
	/* May a certificate carry the host's name at level secure? */
	bool vouched;           /* host was written by the administrator, or signed MX data names it */
	const char *not_vouched; /* why not: "the MX record of customer.example is not signed" */
	/* smtp_cname_overrides_servername gave it this host, over an alias that is not signed: which */
	const char *unsigned_alias;
	enum mx_security mx;
	const char *mx_owner;   /* owner of the MX set after aliases; NULL: no MX */
	const struct lookup_addrs *found; /* the lookup that gave the address; NULL: none was made */
};

const char *mx_security_name(enum mx_security mx); /* for the log */

struct route {
	struct server *servers; /* NULL: why says the reason */
	bool last;              /* a mail loop was found: no other destination may be tried */
};

/* False: no server, and *why (site). MODE: what DNSSEC decides here; REQUIRED for DANE. */
bool route(const struct agent *agent, struct pool *pool, const struct destination *destination,
	enum dns_mode mode, struct route *result, struct why *why);

#endif

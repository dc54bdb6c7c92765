#ifndef DNS_UNBOUND_H
#define DNS_UNBOUND_H
/*
 * unbound - libunbound behind the resolver interface: one asynchronous context for each nameserver
 * in use, one pump thread, waiting deliveries with a deadline each. AD bits are never
 * trusted.
 *
 * Nameservers are asked in the order of resolv.conf: the next one when one failed (not: found an
 * answer bogus), or has not answered within 5 s, as libc does. An answer that comes late is still
 * taken. One that failed for 30 s gets a new context, and if it then does not even answer for the
 * root, it comes last for 60 s. At most 100 questions are in flight; others wait, inside their own
 * time.
 */
#include <stdbool.h>
#include "dns/resolver.h"

enum dns_upstream { DNS_UPSTREAM_AUTO, DNS_UPSTREAM_FORWARD, DNS_UPSTREAM_RECURSION };

struct unbound_options {
	enum dns_upstream upstream; /* AUTO forwards, and recurses if the nameserver loses DNSSEC */
	const char *anchor_file;    /* read by unbound_new(), before chroot */
	const char *exceptions;     /* domains without DNSSEC, list */
	const char *probe;          /* "ns:."; "": none, and answers are validated strictly */
	bool ipv6;                  /* inet_protocols has it */
	int seconds;                /* deadline of each lookup; 0: 30 */
	const char *resolv_conf;    /* NULL: /etc/resolv.conf; read after chroot, watched */
	struct resolver plain;  /* asked instead where nothing can be validated; NULL ask: libc */
	unsigned port;          /* of the nameservers; 0: 53 (tests) */
	const char *root_hints; /* for recursion; NULL: compiled in (tests) */
};

struct unbound;

/*
 * Reads the anchors and checks the settings, so that libunbound will take them: it is not asked
 * yet, since that takes 4 ms of every process, and few may need it. NULL: *error (in POOL) names
 * the culprit. No thread is started yet. Nothing of OPTIONS is needed afterwards.
 */
struct unbound *unbound_new(struct pool *pool, const struct unbound_options *options,
	const char **error);

/*
 * Answers validated questions, whatever mode is asked for; the first call starts the pump and
 * probes the root, as below. While that fails answers are TRY_AGAIN; where nothing can be validated
 * they are the plain resolver's, INSECURE, and the reason says why; but TRY_AGAIN for DNS_REQUIRED
 * where unbound_misfits().
 */
struct resolver unbound_resolver(struct unbound *unbound);

/*
 * Can answers be validated here? Asks the configured probe and, unless that is validated, the root
 * at the first call: only the root decides, the probe is warned of. What is found is logged once,
 * in plain words. False: nothing is vouched for, and *reason (constant or long-lived) says why. It
 * may become true: after a failure the next call probes again, and where the probe was bogus (the
 * nameserver loses DNSSEC records, the anchor or the clock is out of date) the next call after a
 * new resolv.conf, or after ten minutes. Once true it stays so.
 */
bool unbound_validates(struct unbound *unbound, const char **reason);

/*
 * After unbound_validates() was false: would Postfix, which takes a nameserver's word for it, have
 * validated answers? So it is when the trust anchors or the clock are at fault, which is only ours;
 * and when a nameserver that withholds signatures sets AD.
 */
bool unbound_misfits(struct unbound *unbound);

struct unbound_numbers {
	unsigned long asked, secure, insecure, bogus, failed, late; /* questions */
	unsigned long contexts;                                     /* made so far */
};

struct unbound_numbers unbound_numbers(const struct unbound *unbound);

/* When nobody asks any more. NULL is fine. */
void unbound_free(struct unbound *unbound);

#endif

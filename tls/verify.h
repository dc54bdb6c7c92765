#ifndef TLS_VERIFY_H
#define TLS_VERIFY_H
/*
 * verify - an expectation and what the peer showed to a verdict (TLS_README). A function of its
 * arguments, the anchors and the wall clock; no I/O but reading anchor files. Inside this room
 * only: session asks it, twice for a session: before the handshake what can be demanded at all,
 * after it whether that was met.
 */
#include <stdbool.h>
#include "tls/engine.h"
#include "tls/expect.h"
#include "tls/peer.h"
#include "tls/session.h"
#include "util/list.h"
#include "util/pool.h"

/*
 * What the process trusts: the anchors of CAfile and CApath, sets of tafile anchors by content, and
 * verdicts on chains that were seen before. Shared by all threads; what changes in it is locked.
 */
struct tls_trust;
struct anchors;

/*
 * Reads CA file and directory; looks up fingerprint digest and DANE digests. Before chroot. NULL:
 * TLS is off, and the texts of TLS_README were logged, "disabling TLS support" included.
 */
struct tls_trust *tls_trust_load(const struct tls_options *options);
void tls_trust_free(struct tls_trust *trust); /* NULL is fine */

/*
 * Reads these tafiles if they are not known yet. False: not to be used; the warning of TLS_README
 * was logged (a file without a certificate or a key is refused too, TLS_README).
 */
bool tls_trust_anchors(struct tls_trust *trust, const char *const *files, size_t count);

struct tls_verify_context {
	const struct tls_options *options; /* version, log, verify_depth, ... */
	struct tls_trust *trust;
	const char *server;                /* "mx.example[192.0.2.1]:25", for the lines; in small
					      letters, as Postfix has it there */
	const char *spelled;               /* as it is written, where Postfix has it so; NULL: as above */
};

/*
 * What is left of an expectation when that which no one can use was set aside. Lives as long as the
 * pool; the fields after the first three are verify's own.
 */
struct tls_demand {
	const struct tls_expect *expect;
	enum tls_level level; /* expect's; ENCRYPT when dane has no usable TLSA record (TLS_README) */
	bool raw_keys;        /* offer RFC 7250 (TLS_README; only where the installed Postfix has it) */
	const struct tls_tlsa **tlsa; /* the usable records (digest agility done); fingerprints too */
	size_t tlsa_count;
	bool unusable;        /* must match, and nothing usable to match with: fails with num=1 */
	const char *unusable_text; /* "all-TLSA-records-unusable" ..., also when that made it ENCRYPT; "" */
	const struct tls_name *names; /* the acceptable names that can be used */
	size_t name_count;
	const struct anchors *anchors; /* of the tafiles; NULL: those of the process */
};

/*
 * Before the handshake. Logs by itself: "unusable TLSA RR", "all fingerprints unusable" and so on,
 * and the lines of TLS_LOG_DANE.
 */
void tls_verify_prepare(const struct tls_verify_context *context, const struct tls_expect *expect,
	struct pool *pool, struct tls_demand *demand);

/*
 * After the handshake, also a resumed one (verdict->reused, set by the caller: names and dates are
 * looked at again, the verdict on the chain may be remembered). Sets in *verdict: present, trusted,
 * matched, name, rule, peer_names, reason, fault, fault_text; protocol, cipher and reused are the
 * session's. Where no name decided, rule says what did: "fingerprint", "dane-ee", "anchor" (the leaf
 * itself is in a tafile). LINES gets what is to be logged at info, in Postfix's order and words, without
 * severity: the reason of a refusal (TLS_README), then the details (10.4). Resumed and not trusted
 * at may and encrypt: the line "re-using session with untrusted certificate" stands for the reason.
 * Odd content of names (NUL, too long) is warned about at once.
 */
void tls_verify(const struct tls_verify_context *context, const struct tls_demand *demand,
	const struct tls_peer *peer, struct pool *pool, struct tls_verdict *verdict,
	struct list *lines);

#endif

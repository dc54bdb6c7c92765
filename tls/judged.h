#ifndef TLS_JUDGED_H
#define TLS_JUDGED_H
/*
 * judged - what verify found out about a peer, and the words for it: log lines as Postfix has them
 * (TLS_README), and a reason for people. Inside this room only.
 */
#include <stdbool.h>
#include "tls/match.h"
#include "tls/path.h"
#include "tls/verify.h"

struct judged {
	const struct tls_verify_context *context;
	const struct tls_demand *demand;
	const struct tls_peer *peer;
	struct pool *pool;
	time_t now;
	struct tls_der certificate, key; /* what TLSA records and fingerprints are compared with;
					    empty: there is none */
	const struct certificate *sent;  /* those that parse; the leaf first */
	size_t sent_count;               /* 0: the leaf does not parse, or there is none */
	const struct match_name *names;  /* the leaf's */
	size_t name_count;
	struct path path;           /* count 0: none was looked for */
	const struct tls_tlsa *by;  /* the record that the leaf matched, or the path's anchor */
	bool leaf;                  /* it was the leaf */
	bool names_asked;           /* the level wants a name to match */
	struct match match;         /* is the answer, if so */
	struct finding chain, name; /* what is wrong with either */
	struct finding shown;       /* what is said of it */
	bool trusted, matched;
};

/* Everything but warnings about odd names, which are logged at once. */
void judged_lines(const struct judged *j, const struct tls_verdict *verdict, struct list *lines);

/* "certificate names a, b; acceptable: c"; "" if it matched. */
const char *judged_reason(const struct judged *j);

/* "*.a.example, a.example"; "" none. */
const char *judged_peer_names(const struct judged *j);

#endif

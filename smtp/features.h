#ifndef SMTP_FEATURES_H
#define SMTP_FEATURES_H
/*
 * features - what became of TLS and REQUIRETLS with the server in hand: tls= of the delivery line
 * (smtp_log_tls_feature_status in postconf(5)).
 *
 *	status  = feature ["/" feature]             ; the TLS level, and requiretls if it was asked for
 *	feature = ["!"] wanted [":" final] ["?"]    ; violated; where it ended otherwise; not decided
 */
#include <stdbool.h>
#include "tls/expect.h"
#include "util/pool.h"

struct feature {
	const char *wanted;  /* NULL: it plays no part */
	const char *final;   /* what it ended as; NULL: as what was wanted */
	bool decided;
	bool violated;       /* that is why the server was given up */
};

struct features {
	struct feature level;      /* "may", "verify", ...; "unknown" where the policy makes no sense */
	struct feature requiretls;
};

/* The level's word: "may", ..., "halfdane"; "unknown" where there is none. */
const char *features_level(enum tls_level level);

/* A server is about to be tried; LEVEL is what the policy comes to, REQUIRETLS that it plays a part. */
void features_begin(struct features *features, const char *level, bool requiretls);

void feature_ends(struct feature *feature, const char *final);     /* permitted; final may be wanted */
void feature_violated(struct feature *feature, const char *final); /* not permitted; NULL: as wanted */

/* In POOL; "" when no server came as far. */
const char *features_text(struct pool *pool, const struct features *features);

#endif

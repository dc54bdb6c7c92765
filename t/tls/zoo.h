#ifndef T_TLS_ZOO_H
#define T_TLS_ZOO_H
/*
 * zoo - the certificates of t/data/certs, and a verification of one of its chains in a few words.
 * The clock stands at ZOO_NOW.
 */
#include <stdbool.h>
#include <stddef.h>
#include "tls/verify.h"
#include "util/list.h"
#include "util/pool.h"

enum { ZOO_NOW = 1767225600 }; /* 2026-01-01 */

#define ZOO_HOST "mx.a.test"
#define ZOO_SERVER "mx[192.0.2.1]:25" /* in the log lines */

void zoo_start(void); /* stops the clock, catches the log */

/* The file of that name without ".pem", or with its own ending if it has one. */
const char *zoo_file(struct pool *pool, const char *name);

/* The Nth certificate or key in the file; empty if there is none. */
struct tls_der zoo_der(struct pool *pool, const char *file, size_t number);

/* What a server shows that sends this chain. Close it. */
struct tls_peer zoo_peer(struct pool *pool, const char *chain);

/* Defaults of Postfix 3.7, with the zoo's root as CAfile. */
struct tls_options zoo_options(struct pool *pool);

/* The names, separated by blanks, all with this rule. */
void zoo_names(struct pool *pool, struct tls_expect *expect, const char *names, const char *rule);

struct zoo_result {
	struct tls_demand demand;
	struct tls_verdict verdict;
	const char *lines;    /* joined by "|", the server's name as "SERVER" */
	const char *warnings; /* what was logged meanwhile, likewise */
};

/* Prepares and verifies. */
struct zoo_result zoo_verify(struct pool *pool, struct tls_trust *trust,
	const struct tls_options *options, const struct tls_expect *expect, const char *chain);

/* The same for a peer made by hand. */
struct zoo_result zoo_verify_peer(struct pool *pool, struct tls_trust *trust,
	const struct tls_options *options, const struct tls_expect *expect,
	const struct tls_peer *peer, bool reused);

/* One question at a time. */
struct zoo_ask {
	struct pool pool;
	struct tls_options options;
	struct tls_expect expect;
};

/* Begins one, with names as zoo_names() has them; returns ASK. */
struct zoo_ask *zoo_ask(struct zoo_ask *ask, enum tls_level level, const char *names);
/* Loads the trust and verifies; the question may be changed and asked again. */
struct zoo_result zoo_answer(struct zoo_ask *ask, const char *chain);
void zoo_done(struct zoo_ask *ask);

/* "AA:BB:...", the digest of what is first in a file. */
const char *zoo_print(struct pool *pool, const char *file, gnutls_digest_algorithm_t algorithm);

/* What was logged since this was last asked, joined by "|". */
const char *zoo_logged(struct pool *pool);

#endif

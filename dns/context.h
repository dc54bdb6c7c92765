#ifndef DNS_CONTEXT_H
#define DNS_CONTEXT_H
/*
 * context - one libunbound context for each upstream, all served by one pump thread.
 * A request is started, waited for through its batch, and ended by the same thread; a batch is what
 * one caller waits for. libunbound's worker and the pump block all signals. A context is deleted by
 * the pump when nobody holds it any more: a request does.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <unbound.h>
#include "util/pool.h"

/* The error of requests to a context whose worker is gone: UB_PIPE, for which 1.13 has no name yet. */
enum { CONTEXT_GONE = -8 };

struct pump;
struct context;
struct request;

/* No thread yet. */
struct pump *pump_new(void);
/* All requests must have ended. Contexts still held go too. NULL is fine. */
void pump_free(struct pump *pump);

struct context_settings {
	const char *forwarder;       /* "127.0.0.1@53"; NULL: full recursion */
	const char *const *anchors;  /* DS or DNSKEY of the root as text; ends with NULL */
	const char *const *insecure; /* domains without DNSSEC; ends with NULL */
	const char *root_hints;      /* file; NULL: compiled in */
	bool ipv6;
};

/*
 * NULL: *error (constant, or in POOL) says what libunbound did not
 * take. A setting that only tunes and that this libunbound does not know is left out, and
 * *unknown, unless it is NULL, names one of them.
 */
struct context *context_new(struct pump *pump, struct pool *pool,
	const struct context_settings *settings, const char **unknown, const char **error);
void context_hold(struct context *context);
void context_let_go(struct context *context); /* NULL is fine */

struct batch {
	struct pump *pump;
	pthread_cond_t changed;
	unsigned landed, seen; /* requests that landed; those that batch_wait() has told of */
};

void batch_open(struct batch *batch, struct pump *pump);
/* Waits until a request has landed since the last call (true), or clock_ms() is UNTIL (false). */
bool batch_wait(struct batch *batch, int64_t until);
void batch_close(struct batch *batch);

/*
 * Asks for NAME and TYPE (a number of the DNS) in class IN. Starts the pump if it must. Whatever
 * goes wrong comes as the result.
 */
struct request *request_start(struct context *context, const char *name, int type,
	struct batch *batch);
/* True: *error and, when that is 0, *result, which is the request's. */
bool request_landed(struct request *request, int *error, const struct ub_result **result);
/* Gives up if it has not landed, and frees. NULL is fine. */
void request_end(struct request *request);

#endif

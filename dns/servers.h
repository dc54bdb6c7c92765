#ifndef DNS_SERVERS_H
#define DNS_SERVERS_H
/*
 * servers - which nameserver is asked, and in which order: those of resolv.conf, watched, each with
 * a libunbound context of its own (one context with several would ask any of them), or
 * full recursion. Locked.
 */
#include "dns/context.h"
#include "dns/nameservers.h"

struct servers;

struct servers_options {
	const char *resolv_conf;
	unsigned port;
	const char *const *anchors; /* as in context_settings */
	const char *const *insecure;
	const char *root_hints;
	bool ipv6; /* for recursion; else the nameserver's family decides, too */
};

/* Who is asked, in this order; of one reading of resolv.conf. */
struct order {
	size_t at[NAMESERVERS_MOST];
	size_t count;
	unsigned generation;
};

/* The strings of OPTIONS must stay. Nothing is read yet. */
struct servers *servers_new(struct pump *pump, const struct servers_options *options);
void servers_free(struct servers *servers);

/* Reads resolv.conf if that is a second ago and it changed. True: there are other nameservers. */
bool servers_refresh(struct servers *servers);
/* Full recursion from now on, or no more. */
void servers_recurse(struct servers *servers, bool recurse);

struct order servers_order(struct servers *servers);
/* Asks the I-th of ORDER. NULL: it is gone, or cannot be asked. */
struct request *servers_ask(struct servers *servers, const struct order *order, size_t i,
	const char *name, int type, struct batch *batch);
/* What became of that: an answer (bogus is one too), or ERROR of libunbound, or 0 and no answer. */
void servers_note(struct servers *servers, const struct order *order, size_t i, bool answered,
	int error);
/* The I-th had no answer to a question that another one answered. */
void servers_outdone(struct servers *servers, const struct order *order, size_t i);

/* "forwarding to 127.0.0.1", "full recursion". */
const char *servers_text(struct servers *servers, struct pool *pool);
/* "nameserver 127.0.0.1", the first. */
const char *servers_first(struct servers *servers, struct pool *pool);
unsigned long servers_contexts(struct servers *servers); /* made so far */

#endif

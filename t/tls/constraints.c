/* Name constraints by themselves: GnuTLS's own look at them does not help here, nor hide anything. */
#include "t/lib/tap.h"
#include "t/tls/zoo.h"
#include "tls/constraints.h"

enum { CHAIN_MOST = 8 };

static const struct row {
	const char *chain;
	enum problem want;
} rows[] = {
	{"host", PROBLEM_NONE},
	{"ncok", PROBLEM_NONE},
	{"nccase", PROBLEM_NONE},   /* "A.Test" */
	{"ncexact", PROBLEM_NONE},
	{"ncdot", PROBLEM_NONE},    /* ".a.test": anything below */
	{"ncdotself", PROBLEM_NOT_PERMITTED}, /* but not itself */
	{"ncpart", PROBLEM_NOT_PERMITTED},    /* "x.a.test" is no end of "mx.a.test" */
	{"ncempty", PROBLEM_NONE},  /* "": every name */
	{"ncnothing", PROBLEM_EXCLUDED},
	{"ncbad", PROBLEM_NOT_PERMITTED},
	{"ncboth", PROBLEM_EXCLUDED}, /* permitted, and then excluded */
	{"ncexcluded", PROBLEM_EXCLUDED},
	{"ncexcludedcase", PROBLEM_EXCLUDED},
	{"ncexcludedpart", PROBLEM_NONE},
	{"ncip", PROBLEM_NONE},
	{"ncipbad", PROBLEM_NOT_PERMITTED},
	{"ncipexcluded", PROBLEM_EXCLUDED},
	{"ncipother", PROBLEM_NONE}, /* there is no name of that kind */
	{"ncwild", PROBLEM_NONE},
	{"ncwildbad", PROBLEM_NOT_PERMITTED},
	{"ncsecond", PROBLEM_NOT_PERMITTED}, /* one bad name spoils all */
	{"ncdirectory", PROBLEM_NONE},
	{"ncdirectorybad", PROBLEM_NOT_PERMITTED},
	{"ncmixed", PROBLEM_NOT_PERMITTED},
	{"ncdisjoint", PROBLEM_NOT_PERMITTED}, /* what one permits the other does not */
	{"ncnarrow", PROBLEM_NONE},
	{"nccommon", PROBLEM_NOT_PERMITTED},
	{"ncwildcn", PROBLEM_NOT_PERMITTED},
	{"ncoddcn", PROBLEM_NONE},
	{"nchuge", PROBLEM_CONSTRAINTS},
};

static enum problem check(struct pool *pool, const char *chain)
{
	struct tls_peer peer = zoo_peer(pool, chain);
	struct certificate certificates[CHAIN_MOST];
	const struct certificate *path[CHAIN_MOST];
	enum problem problem;
	size_t count = 0;

	while (count < peer.count && count < CHAIN_MOST
		&& certificate_open(&certificates[count], peer.chain[count])) {
		path[count] = &certificates[count];
		count++;
	}
	problem = constraints_check(path, count);
	while (count > 0)
		certificate_close(&certificates[--count]);
	return problem;
}

/* The anchor's own constraints count. */
static void anchor(void)
{
	struct pool pool = {0};
	struct certificate leaf, root;
	const struct certificate *path[] = {&leaf, &root};

	ok(certificate_open(&leaf, zoo_der(&pool, "belowncroot", 0))
			&& certificate_open(&root, zoo_der(&pool, "ncroot", 0)),
		"a root with constraints");
	is_number(constraints_check(path, 2), PROBLEM_NOT_PERMITTED, "which hold");
	is_number(constraints_check(path, 1), PROBLEM_NONE, "and nothing holds for a leaf alone");
	certificate_close(&leaf);
	certificate_close(&root);
	pool_free(&pool);
}

int main(void)
{
	zoo_start();
	for (const struct row *r = rows; r < rows + COUNT(rows); r++) {
		struct pool pool = {0};

		is_number(check(&pool, r->chain), r->want, r->chain);
		pool_free(&pool);
	}
	anchor();
	return done();
}

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
	/* authorities between; where: t/tls/verify.c */
	{"nciname", PROBLEM_NOT_PERMITTED},
	{"ncisan", PROBLEM_NOT_PERMITTED},
	{"ncimail", PROBLEM_NOT_PERMITTED},
	{"ncihost", PROBLEM_NONE}, /* only a leaf's commonName can be a host's */
	{"nciok", PROBLEM_NONE},
	{"nciself", PROBLEM_NONE},
	{"nciselfleaf", PROBLEM_NOT_PERMITTED},
	/* addresses in the web */
	{"ncuriok", PROBLEM_NONE},
	{"ncuribad", PROBLEM_NOT_PERMITTED},
	{"ncuriexact", PROBLEM_NONE},
	{"ncuripart", PROBLEM_NOT_PERMITTED}, /* without a dot: that host only */
	{"ncurinone", PROBLEM_LIMITED_NAME}, /* no host in it */
	{"ncuriuser", PROBLEM_LIMITED_NAME}, /* what looks like one is a user */
	{"ncuripath", PROBLEM_LIMITED_NAME},
	{"ncuriexcluded", PROBLEM_EXCLUDED},
	{"ncuriother", PROBLEM_NONE},
	/* mailboxes, in subjects as well */
	{"ncmailok", PROBLEM_NONE},
	{"ncmailboth", PROBLEM_NOT_PERMITTED},
	{"ncmaildn", PROBLEM_NOT_PERMITTED},
	{"ncmailutf8", PROBLEM_LIMITED_NAME}, /* no IA5String */
	{"ncmailodd", PROBLEM_LIMITED_NAME},  /* though there is no limit of mailboxes */
	{"ncmailbox", PROBLEM_NONE},
	{"ncmailboxcase", PROBLEM_NOT_PERMITTED}, /* "Me@" is not "me@" */
	{"ncmaildot", PROBLEM_NONE},
	{"ncmaildotself", PROBLEM_NOT_PERMITTED},
	{"ncmailnone", PROBLEM_LIMITED_NAME}, /* no "@" */
	{"ncmailexcluded", PROBLEM_EXCLUDED},
	{"ncmailother", PROBLEM_NONE},
	{"ncsmtputf8", PROBLEM_LIMITED_NAME},
	/* kinds that nobody compares */
	{"ncregistered", PROBLEM_LIMIT_KIND},
	{"ncregisteredsame", PROBLEM_LIMIT_KIND},
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
	problem = constraints_check(path, count).problem;
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
	is_number(constraints_check(path, 2).problem, PROBLEM_NOT_PERMITTED, "which hold");
	is_number(constraints_check(path, 1).problem, PROBLEM_NONE, "and nothing holds for a leaf alone");
	certificate_close(&leaf);
	certificate_close(&root);
	pool_free(&pool);
}

/* Extensions as no tool would make them. */
static const struct odd {
	const char *name, *bytes;
	size_t length;
	enum problem want;
} odds[] = {
#define ODD(name, bytes, want) {name, bytes, sizeof(bytes) - 1, want}
	ODD("a minimum of 0, written out",
		"\x30\x18\6\3\x55\x1d\x1e\4\x11\x30\x0f\xa0\x0d\x30\x0b\x82\6" "a.test\x80\1\0",
		PROBLEM_NONE),
	ODD("a minimum of 1",
		"\x30\x18\6\3\x55\x1d\x1e\4\x11\x30\x0f\xa0\x0d\x30\x0b\x82\6" "a.test\x80\1\1",
		PROBLEM_CONSTRAINTS),
	ODD("a maximum",
		"\x30\x18\6\3\x55\x1d\x1e\4\x11\x30\x0f\xa0\x0d\x30\x0b\x82\6" "a.test\x81\1\0",
		PROBLEM_CONSTRAINTS),
	ODD("cut short", "\x30\x0b\6\3\x55\x1d\x1e\4\4\x30\x0f\xa0\x0d", PROBLEM_CONSTRAINTS),
	ODD("nothing in it", "\x30\x09\6\3\x55\x1d\x1e\4\2\x30\0", PROBLEM_NONE),
	ODD("an address without a mask",
		"\x30\x13\6\3\x55\x1d\x1e\4\x0c\x30\x0a\xa1\x08\x30\6\x87\4\x7f\0\0\1", PROBLEM_EXCLUDED),
	ODD("another, which can't be told from it",
		"\x30\x13\6\3\x55\x1d\x1e\4\x0c\x30\x0a\xa1\x08\x30\6\x87\4\x0a\0\0\1", PROBLEM_EXCLUDED),
};

static void oddly(void)
{
	struct pool pool = {0};
	struct certificate leaf;

	ok(certificate_open(&leaf, zoo_der(&pool, "ncip", 0)), "a name and an address");
	for (const struct odd *o = odds; o < odds + COUNT(odds); o++) {
		struct certificate authority = {
			.parts.extensions = {(const uint8_t *)o->bytes, o->length}};
		const struct certificate *path[] = {&leaf, &authority};

		is_number(constraints_check(path, 2).problem, o->want, o->name);
	}
	certificate_close(&leaf);
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
	oddly();
	return done();
}

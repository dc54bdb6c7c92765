/* From the zoo's leaves to its anchors: which path is chosen, and what is wrong with it. */
#include "tls/path.h"
#include <stdlib.h>
#include "t/lib/tap.h"
#include "t/tls/zoo.h"
#include "tls/anchors.h"
#include "util/list.h"

enum { PINNED = 1, WEAK = 2, SENT_ROOT = 4 /* the last one sent is an anchor */ };

static const struct search_case {
	const char *name, *chain, *anchors, *helpers, *keys; /* files, separated by blanks */
	int depth_most, flags;
	const char *want; /* "COUNT", " anchored", " by key", ": PROBLEM at DEPTH" */
} cases[] = {
	{"to a root", "host", "root", "", "", 9, 0, "3 anchored"},
	{"the root is not known", "host", "rogue", "", "", 9, 0,
		"2: unable to get local issuer certificate at 1"},
	{"nothing is known", "host", "", "", "", 9, 0,
		"2: unable to get local issuer certificate at 1"},
	{"an intermediate was not sent", "noint", "root", "", "", 9, 0,
		"1: unable to get local issuer certificate at 0"},
	{"a helper takes its place", "noint", "root", "int", "", 9, 0, "3 anchored"},
	{"a helper is no anchor", "noint", "", "int", "", 9, 0,
		"2: unable to get issuer certificate at 1"},
	{"an intermediate may be the anchor", "host", "int", "", "", 9, 0, "2 anchored"},
	{"what does not belong is passed over", "extra", "root", "", "", 9, 0, "3 anchored"},
	{"sent twice", "twice", "root", "", "", 9, 0, "3 anchored"},
	{"in any order", "deepshuffled", "root", "", "", 9, 0, "7 anchored"},

	{"a root that was sent", "sentroot", "", "", "", 9, 0,
		"3: self-signed certificate in certificate chain at 2"},
	{"and that a record names", "sentroot", "", "", "", 9, SENT_ROOT | PINNED, "3 anchored"},
	{"a self-signed leaf", "selfsig", "root", "", "", 9, 0, "1: self-signed certificate at 0"},
	{"that is trusted", "selfsig", "selfsig", "", "", 9, 0, "1 anchored"},
	{"a leaf is no pinned issuer", "selfsig", "selfsig", "", "", 9, PINNED,
		"1: no matching DANE TLSA records at 0"},
	{"pinned, without an anchor", "host", "rogue", "", "", 9, PINNED,
		"2: no matching DANE TLSA records at 1"},

	{"a leaf out of date", "expired", "root", "", "", 9, 0,
		"3 anchored: certificate has expired at 0"},
	{"one of the future", "notyet", "root", "", "", 9, 0,
		"3 anchored: certificate is not yet valid at 0"},
	{"an issuer out of date", "oldint", "root", "", "", 9, 0,
		"3 anchored: certificate has expired at 1"},
	{"a fresh one is found beside it", "oldfresh", "root", "", "", 9, 0, "3 anchored"},
	{"a root out of date", "belowoldroot", "oldroot", "", "", 9, 0,
		"3 anchored: certificate has expired at 2"},
	{"and pinned, but self-signed", "belowoldroot", "oldroot", "", "", 9, PINNED,
		"3 anchored: certificate has expired at 2"},
	{"the way round it", "crossed", "oldroot root", "", "", 9, 0, "4 anchored"},
	{"an anchor out of date", "oldint", "old", "", "", 9, 0,
		"2 anchored: certificate has expired at 1"},
	{"and pinned", "oldint", "old", "", "", 9, PINNED, "2 anchored"},

	{"a forged leaf", "badsig", "root", "", "", 9, 0,
		"3 anchored: certificate signature failure at 0"},
	{"a forged issuer", "badsigint", "root", "", "", 9, 0,
		"3 anchored: certificate signature failure at 1"},
	{"forged, and nowhere to go", "badsig", "", "", "", 9, 0,
		"2: certificate signature failure at 0"},
	{"a rogue's own root", "pasted", "root", "", "", 9, 0,
		"2: self-signed certificate in certificate chain at 1"},
	{"an issuer that is no CA", "noca", "root", "", "", 9, 0,
		"3 anchored: invalid CA certificate at 1"},
	{"for clients", "clienteku", "root", "", "", 9, 0,
		"3 anchored: unsuitable certificate purpose at 0"},
	{"an unknown critical extension", "critext", "root", "", "", 9, 0,
		"3 anchored: unhandled critical extension at 0"},
	{"the same without an anchor", "critext", "", "", "", 9, 0,
		"2: unhandled critical extension at 0"},
	{"for clients, without an anchor", "clienteku", "", "", "", 9, 0,
		"2: unsuitable certificate purpose at 0"},
	{"too many below", "pathlen", "root", "", "", 9, 0,
		"4 anchored: path length constraint exceeded at 2"},
	{"as many as may be", "pathlenok", "root", "", "", 9, 0, "3 anchored"},
	{"a self-issued one counts: the library is strict", "selfissued", "root", "", "", 9, 0,
		"4 anchored: path length constraint exceeded at 2"},
	{"a name that is not permitted", "ncbad", "root", "", "", 9, 0,
		"3 anchored: permitted subtree violation at 0"},
	{"one that is excluded", "ncexcluded", "root", "", "", 9, 0,
		"3 anchored: excluded subtree violation at 0"},

	{"SHA-1", "sha1", "rsaroot", "", "", 9, 0,
		"2 anchored: CA signature digest algorithm too weak at 0"},
	{"SHA-1 where it will do", "sha1", "rsaroot", "", "", 9, WEAK, "2 anchored"},
	{"MD5", "md5", "rsaroot", "", "", 9, 0,
		"2 anchored: CA signature digest algorithm too weak at 0"},
	{"MD5 where it will do", "md5", "rsaroot", "", "", 9, WEAK, "2 anchored"},
	{"a small key", "rsa512", "rsaroot", "", "", 9, 0, "2 anchored: EE certificate key too weak at 0"},
	{"a small key above", "rsa512int", "rsaroot", "", "", 9, 0,
		"3 anchored: CA certificate key too weak at 1"},

	{"one intermediate may be", "host", "root", "", "", 1, 0, "3 anchored"},
	{"none may be", "host", "root", "", "", 0, 0, "1: certificate chain too long at 0"},
	{"nine of nine", "deep9", "root", "", "", 9, 0, "11 anchored"},
	{"ten of nine", "deep10", "root", "", "", 9, 0, "10: certificate chain too long at 9"},
	{"deeper than we ever go", "deep30", "root", "", "", 100, 0, NULL},

	{"a bare key", "host", "", "", "root.pub", 9, PINNED, "2 anchored by key"},
	{"of the issuer, which was not sent", "noint", "", "", "int.pub", 9, PINNED,
		"1 anchored by key"},
	{"of somebody else", "host", "", "", "rogue.pub", 9, PINNED,
		"2: no matching DANE TLSA records at 1"},
	{"one of two", "host", "", "", "rogue.pub root.pub", 9, PINNED, "2 anchored by key"},
	{"a leaf is not signed by itself", "selfsig", "", "", "leaf.pub", 9, PINNED,
		"1: no matching DANE TLSA records at 0"},
	{"below a key dates matter", "oldint", "", "", "root.pub", 9, PINNED,
		"2 anchored by key: certificate has expired at 1"},

	{"in circles", "loop", "root", "", "", 9, 0, NULL},
	{"with decoys", "decoys", "root", "", "", 9, 0, "3 anchored"},
	{"a maze", "maze", "root", "", "", 9, 0, NULL},
};

/* All the certificates, or keys, of some files. */
static void open_files(struct anchors *to, const char *files)
{
	struct list list = {.pool = &to->pool};
	struct certificate certificate;
	struct tls_der der;

	list_split(&list, files, " ", false);
	for (size_t i = 0; i < list.count; i++)
		for (size_t k = 0; (der = zoo_der(&to->pool, list.items[i], k)).length > 0; k++)
			if (certificate_open(&certificate, der))
				anchors_add(to, &certificate);
			else
				anchors_add_key(to, der);
}

static const char *in_words(struct pool *pool, const struct path *path)
{
	const char *wrong = "";

	if (path->finding.problem != PROBLEM_NONE)
		wrong = pool_format(pool, ": %s at %zu", problem_text(path->finding.problem),
			path->finding.depth);
	return pool_format(pool, "%zu%s%s%s", path->count, path->anchored ? " anchored" : "",
		path->key ? " by key" : "", wrong);
}

/* Does each one name the next? */
static bool is_linked(const struct path *path)
{
	for (size_t i = 0; i + 1 < path->count; i++)
		if (!certificate_could_be_from(path->certificates[i], path->certificates[i + 1]))
			return false;
	return path->count > 0;
}

/* What is found, in words; all of it is checked to hang together. */
static const char *find(struct pool *pool, const struct search_case *x, int flags,
	struct cache *statuses)
{
	struct anchors sent = {.count = 0}, anchors = {.count = 0}, helpers = {.count = 0};
	struct path path;
	const char *words;
	bool *sent_anchor;

	open_files(&sent, x->chain);
	open_files(&anchors, x->anchors);
	open_files(&helpers, x->helpers);
	open_files(&anchors, x->keys);
	sent_anchor = POOL_ARRAY(pool, bool, sent.count);
	sent_anchor[sent.count - 1] = flags & SENT_ROOT;
	path_find(&(struct path_from){
			.sent = sent.certificates, .sent_count = sent.count,
			.sent_anchor = flags & SENT_ROOT ? sent_anchor : NULL,
			.anchors = anchors.certificates, .anchor_count = anchors.count,
			.helpers = helpers.certificates, .helper_count = helpers.count,
			.keys = anchors.keys, .key_count = anchors.key_count,
			.pinned = flags & PINNED, .weak = flags & WEAK,
			.depth_most = x->depth_most, .now = ZOO_NOW, .statuses = statuses,
		}, &path);
	okf(is_linked(&path) && path.certificates[0] == &sent.certificates[0],
		"%s: a path from the leaf on", x->name);
	okf(path.anchored || path.finding.problem != PROBLEM_NONE,
		"%s: not well without an anchor", x->name);
	words = in_words(pool, &path);
	anchors_close(&sent);
	anchors_close(&anchors);
	anchors_close(&helpers);
	return words;
}

static void drop_nothing(void *value UNUSED)
{
}

/* All once more, with one memory for the library's answers: first to fill it, then from it. */
static void remembered(void)
{
	struct cache *statuses = cache_new(1000, drop_nothing);

	for (int round = 0; round < 2; round++)
		for (const struct search_case *x = cases; x < cases + COUNT(cases); x++) {
			struct pool pool = {0};
			const char *fresh = find(&pool, x, x->flags, NULL);

			is_text(find(&pool, x, x->flags, statuses), fresh, x->name);
			pool_free(&pool);
		}
	cache_free(statuses);
}

/* What may be weak for one message must not be remembered for another. */
static void weak_apart(void)
{
	static const struct search_case x = {"SHA-1, remembered", "sha1", "rsaroot", "", "", 9, 0, ""};
	struct cache *statuses = cache_new(1000, drop_nothing);
	struct pool pool = {0};

	is_text(find(&pool, &x, WEAK, statuses), "2 anchored", "weak will do");
	is_text(find(&pool, &x, 0, statuses),
		"2 anchored: CA signature digest algorithm too weak at 0", "then it won't");
	cache_free(statuses);
	pool_free(&pool);
}

int main(void)
{
	for (const struct search_case *x = cases; x < cases + COUNT(cases); x++) {
		struct pool pool = {0};
		const char *found = find(&pool, x, x->flags, NULL);

		if (x->want)
			is_text(found, x->want, x->name);
		pool_free(&pool);
	}
	remembered();
	weak_apart();
	return done();
}

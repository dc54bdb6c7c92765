/* Files of anchors, as a policy names them: what counts, what is said, what is read once. */
#include "tls/tafile.h"
#include <string.h>
#include "t/lib/tap.h"
#include "t/tls/forge.h"
#include "t/tls/zoo.h"
#include "util/buf.h"

#define GARBAGE(LABEL) "-----BEGIN " LABEL "-----\nAAAA\n-----END " LABEL "-----\n"

static struct pool pool;
static struct tafiles *tafiles;

static const char *content(const char *name)
{
	struct buf text = BUF(ANCHOR_FILE_MOST);
	const char *copy;

	ok(anchors_read_file(zoo_file(&pool, name), &text), name);
	copy = pool_text(&pool, buf_text(&text));
	buf_close(&text);
	return copy;
}

static const struct anchors *read_one(const char *file)
{
	return tafiles_read(tafiles, &file, 1, false);
}

static bool holds(const struct anchors *set, size_t certificates, size_t keys)
{
	return set && set->count == certificates && set->key_count == keys;
}

/* A file of two parts, and its path. */
static const char *make(const char *name, const char *one, const char *two)
{
	return forge_file(&pool, name, pool_format(&pool, "%s%s", one, two));
}

static void what_counts(void)
{
	const char *inter = content("int"), *root = content("root"), *key = content("root.pub");
	const char *private_key = content("leaf.key");

	ok(holds(read_one(zoo_file(&pool, "int")), 1, 0), "an anchor need not be self-signed");
	ok(holds(read_one(zoo_file(&pool, "host")), 2, 0), "nor a CA");
	ok(holds(read_one(zoo_file(&pool, "root.pub")), 0, 1), "a bare key");
	ok(holds(read_one(make("both", inter, key)), 1, 1), "both");
	ok(holds(read_one(make("many", root, inter)), 2, 0), "two");
	ok(holds(read_one(make("private", inter, private_key)), 1, 0), "a private key is passed over");
	ok(holds(read_one(make("other", GARBAGE("OTHER"), inter)), 1, 0), "so is what else there is");
	ok(holds(read_one(make("text", "of mine:\n", inter)), 1, 0), "and text");
	is_text(zoo_logged(&pool), "", "all without a word");
}

/* A new file of the same name is a new set; the old one stays, for those who use it. */
static void once(void)
{
	const char *files[] = {zoo_file(&pool, "int"), zoo_file(&pool, "root.pub")}, *path;
	const char *turned[] = {files[1], files[0]};
	const struct anchors *one = read_one(files[0]), *both, *changed;

	ok(one && read_one(files[0]) == one, "read again, parsed once");
	both = tafiles_read(tafiles, files, 2, false);
	ok(holds(both, 1, 1) && both != one, "two files together are another set");
	ok(tafiles_read(tafiles, files, 2, false) == both, "known as well");
	ok(holds(tafiles_read(tafiles, turned, 2, false), 1, 1), "in another order");
	path = make("changes", content("int"), "");
	ok(read_one(path) == one, "the same content in another file");
	make("changes", content("root.pub"), "");
	changed = read_one(path);
	ok(holds(changed, 0, 1) && changed != one, "a change is noticed");
	ok(holds(one, 1, 0), "and what was known stays");
	ok(der_same(one->certificates[0].der, zoo_der(&pool, "int", 0)), "byte by byte");
	ok(der_same(changed->keys[0], zoo_der(&pool, "root.pub", 0)), "a key, too");
}

/* Where one file ends and another begins is part of what is known. */
static void ends(void)
{
	const char *inter = content("int"), *root = content("root");
	const char *apart[] = {make("first", inter, ""), make("second", root, "")};
	const char *moved[] = {make("whole", inter, root), make("empty", "", "")};

	ok(holds(tafiles_read(tafiles, apart, 2, false), 2, 0), "one in each");
	ok(tafiles_read(tafiles, moved, 2, false) == NULL, "both in the first, none in the second");
	is_text(zoo_logged(&pool),
		pool_format(&pool,
			"warning: error reading: %s: no trust-anchor certificate or public-key",
			moved[1]),
		"which is told");
}

static void refused(void)
{
	const char *inter = content("int");
	const struct {
		const char *name, *path, *logged;
	} rows[] = {
		{"absent", "/nonexistent/ta",
			"error opening trust anchor file: %: No such file or directory"},
		{"a folder", forge_directory(), "error opening trust anchor file: %: Is a directory"},
		{"empty", make("bad1", "", ""),
			"error reading: %: no trust-anchor certificate or public-key"},
		{"only a private key", zoo_file(&pool, "leaf.key"),
			"error reading: %: no trust-anchor certificate or public-key"},
		{"garbage behind a certificate", make("bad2", inter, GARBAGE("CERTIFICATE")),
			"error reading: %: malformed trust-anchor certificate"},
		{"garbage of the older name", make("bad3", inter, GARBAGE("X509 CERTIFICATE")),
			"error reading: %: malformed trust-anchor certificate"},
		{"a garbage key", make("bad4", inter, GARBAGE("PUBLIC KEY")),
			"error reading: %: malformed trust-anchor public-key"},
		{"cut short", make("bad5", inter, "-----BEGIN CERTIFICATE-----\nAAAA\n"),
			"error reading: %: malformed PEM data"},
		{"a key that cannot be read", make("bad6",
			"-----BEGIN PUBLIC KEY-----\nMAgwAgYAAwIAAA==\n-----END PUBLIC KEY-----\n", ""),
			"%: skipping a public key that cannot be read|warning: "
			"error reading: %: no trust-anchor certificate or public-key"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *files[] = {zoo_file(&pool, "root"), rows[i].path}, *want = "warning: ";

		for (const char *at = rows[i].logged; *at; at++)
			want = *at == '%' ? pool_format(&pool, "%s%s", want, rows[i].path)
					  : pool_format(&pool, "%s%c", want, *at);
		ok(read_one(rows[i].path) == NULL, rows[i].name);
		is_text(zoo_logged(&pool), want, rows[i].name);
		okf(tafiles_read(tafiles, files, 2, false) == NULL, "%s, behind a good one",
			rows[i].name);
		is_text(zoo_logged(&pool), want, rows[i].name);
	}
	ok(tafiles_read(tafiles, NULL, 0, false) == NULL, "no file at all");
}

/* As TLSA records, when they are new. */
static void told(void)
{
	const char *file = make("told", content("leaf.pub"), content("rogue"));
	struct tafiles *fresh = tafiles_new();
	const char *logged;

	ok(holds(tafiles_read(fresh, &file, 1, true), 1, 1), "a key and a certificate");
	logged = zoo_logged(&pool);
	ok(strstr(logged, pool_format(&pool, "TA pkey as TLSA record: %s: 2 1 0 3059", file)) == logged,
		"a key is told");
	ok(strstr(logged, pool_format(&pool, "|TA cert as TLSA record: %s: 2 0 0 3082", file)),
		"a certificate is told");
	tafiles_read(fresh, &file, 1, true);
	is_text(zoo_logged(&pool), "", "not again");
	tafiles_free(fresh);
}

int main(void)
{
	zoo_start();
	tafiles = tafiles_new();
	what_counts();
	once();
	ends();
	refused();
	told();
	tafiles_free(tafiles);
	tafiles_free(NULL);
	pool_free(&pool);
	return done();
}

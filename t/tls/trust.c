#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "t/lib/tap.h"
#include "t/tls/zoo.h"
#include "tls/trust.h"

static char folder[] = "/tmp/trust.XXXXXX";

static const char *in_folder(struct pool *pool, const char *name)
{
	return pool_format(pool, "%s/%s", folder, name);
}

static const char *read_all(struct pool *pool, const char *path)
{
	struct buf content = BUF(ANCHOR_FILE_MOST);
	const char *text;

	anchors_read_file(path, &content);
	text = pool_text(pool, buf_text(&content));
	buf_close(&content);
	return text;
}

/* Makes a file of these texts. */
static const char *make(struct pool *pool, const char *name, const char *one, const char *two)
{
	const char *path = in_folder(pool, name);
	FILE *file = fopen(path, "w");

	fprintf(file, "%s%s", one, two);
	fclose(file);
	return path;
}

/* --- CAfile and CApath --- */

static void is_loaded(const struct tls_options *options, size_t roots, size_t helpers,
	const char *warnings, const char *name)
{
	struct pool pool = {0};
	struct tls_trust *trust = tls_trust_load(options);

	ok(trust != NULL, name);
	if (trust) {
		is_number((long long)trust_roots(trust)->count, (long long)roots, name);
		is_number((long long)trust_helpers(trust)->count, (long long)helpers, name);
	}
	is_text(zoo_logged(&pool), warnings, name);
	tls_trust_free(trust);
	pool_free(&pool);
}

static void is_off(const struct tls_options *options, const char *logged, const char *name)
{
	struct pool pool = {0};
	struct tls_trust *trust = tls_trust_load(options);

	ok(trust == NULL, name);
	is_text(zoo_logged(&pool), logged, name);
	tls_trust_free(trust);
	pool_free(&pool);
}

static void files(void)
{
	struct pool pool = {0};
	struct tls_options options = zoo_options(&pool);
	const char *root = read_all(&pool, zoo_file(&pool, "root")), *path;
	const char *inter = read_all(&pool, zoo_file(&pool, "int"));

	is_loaded(&options, 1, 0, "", "a root");
	options.ca_file = make(&pool, "both", root, inter);
	is_loaded(&options, 1, 1, "", "what is not self-signed is no root");
	options.ca_file = make(&pool, "twice", root, root);
	is_loaded(&options, 1, 0, "", "a root twice");
	options.ca_file =
		make(&pool, "other", "-----BEGIN OTHER-----\nAAAA\n-----END OTHER-----\n", root);
	is_loaded(&options, 1, 0, "", "something else beside it");
	options.ca_file = "";
	is_loaded(&options, 0, 0, "", "no file");

	options.ca_file = path = in_folder(&pool, "absent");
	is_off(&options,
		pool_format(&pool,
			"warning: TLS library problem: %s: No such file or directory|"
			"cannot load Certification Authority data, CAfile=\"%s\": disabling TLS "
			"support",
			path, path),
		"an absent file");
	options.ca_path = "/nowhere";
	is_off(&options,
		pool_format(&pool,
			"warning: TLS library problem: %s: No such file or directory|"
			"cannot load Certification Authority data, CAfile=\"%s\", "
			"CApath=\"/nowhere\": "
			"disabling TLS support",
			path, path),
		"an absent file, with a folder");
	options.ca_path = "";
	options.ca_file = path = make(&pool, "empty", "", "");
	is_off(&options,
		pool_format(&pool,
			"warning: TLS library problem: %s: no certificate found|"
			"cannot load Certification Authority data, CAfile=\"%s\": disabling TLS "
			"support",
			path, path),
		"an empty file");
	options.ca_file = path = make(&pool, "garbage", root,
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	is_off(&options,
		pool_format(&pool,
			"warning: TLS library problem: %s: malformed certificate|"
			"cannot load Certification Authority data, CAfile=\"%s\": disabling TLS "
			"support",
			path, path),
		"garbage behind a root");
	options.ca_file = path = make(&pool, "cut", root, "-----BEGIN CERTIFICATE-----\nAAAA\n");
	is_off(&options,
		pool_format(&pool,
			"warning: TLS library problem: %s: malformed PEM data|"
			"cannot load Certification Authority data, CAfile=\"%s\": disabling TLS "
			"support",
			path, path),
		"a file cut short");
	pool_free(&pool);
}

/* Only names that OpenSSL would look for count: 8 hexadecimal digits, a dot, a number. */
static void folders(void)
{
	struct pool pool = {0};
	struct tls_options options = zoo_options(&pool);
	const char *root = read_all(&pool, zoo_file(&pool, "root"));
	const char *rogue = read_all(&pool, zoo_file(&pool, "rogue")), *path;

	options.ca_file = "";
	options.ca_path = path = in_folder(&pool, "capath");
	is_loaded(&options, 0, 0,
		pool_format(&pool, "warning: CApath \"%s\": No such file or directory", path),
		"an absent folder is no error");
	mkdir(path, 0700);
	make(&pool, "capath/rogue.pem", rogue, "");
	make(&pool, "capath/0123456.0", rogue, "");
	make(&pool, "capath/0123456x.0", rogue, "");
	make(&pool, "capath/01234567.r0", rogue, "");
	is_loaded(&options, 0, 0,
		pool_format(&pool,
			"warning: CApath \"%s\": no certificates named by"
			" their hash (see openssl-rehash(1))",
			path),
		"other names do not count");
	make(&pool, "capath/01234567.0", root, "");
	is_loaded(&options, 1, 0, "", "a name that does");
	make(&pool, "capath/01234567.1", "", "");
	is_loaded(&options, 1, 0,
		pool_format(&pool,
			"warning: TLS library problem: %s/01234567.1: "
			"no certificate found",
			path),
		"a bad file is left out");
	options.ca_file = zoo_file(&pool, "rogue");
	is_loaded(&options, 2, 0,
		pool_format(&pool,
			"warning: TLS library problem: %s/01234567.1: "
			"no certificate found",
			path),
		"a file and a folder");
	pool_free(&pool);
}

static void digests(void)
{
	struct pool pool = {0};
	struct tls_options options = zoo_options(&pool);

	options.fingerprint_digest = "bogus";
	is_off(&options,
		"warning: Digest algorithm \"bogus\" not found|warning: disabling TLS support",
		"an unknown fingerprint digest");
	options.fingerprint_digest = "md5";
	is_loaded(&options, 1, 0, "", "md5, the old default");
	options.fingerprint_digest = "SHA1";
	is_loaded(&options, 1, 0, "", "in capitals");
	pool_free(&pool);
}

/* --- tafiles --- */

static void tafiles(void)
{
	struct pool pool = {0};
	struct tls_options options = zoo_options(&pool);
	struct tls_trust *trust = tls_trust_load(&options);
	const char *inter = zoo_file(&pool, "int"), *key = zoo_file(&pool, "root.pub");
	const char *list[3] = {inter, key, in_folder(&pool, "copy")};
	const struct anchors *one, *both;

	one = trust_set(trust, list, 1);
	ok(one && one->count == 1 && one->key_count == 0, "a certificate, not self-signed");
	ok(trust_set(trust, list, 1) == one, "known the second time");
	both = trust_set(trust, list, 2);
	ok(both && both->count == 1 && both->key_count == 1, "a certificate and a key");
	ok(both != one, "another set");
	make(&pool, "copy", read_all(&pool, inter), "");
	ok(trust_set(trust, list + 2, 1) == one, "the same content in another file");
	make(&pool, "copy", read_all(&pool, key), "");
	both = trust_set(trust, list + 2, 1);
	ok(both && both->count == 0 && both->key_count == 1, "new content is noticed");
	ok(tls_trust_anchors(trust, list, 2), "asked from outside");
	is_text(zoo_logged(&pool), "", "without a word");
	tls_trust_free(trust);
	pool_free(&pool);
}

static void bad_tafiles(void)
{
	struct pool pool = {0};
	struct tls_options options = zoo_options(&pool);
	struct tls_trust *trust = tls_trust_load(&options);
	const char *inter = read_all(&pool, zoo_file(&pool, "int"));
	const struct {
		const char *name, *path, *logged;
	} rows[] = {
		{"absent", in_folder(&pool, "none"),
			"warning: error opening trust anchor file: %s: No such file or directory"},
		{"a folder", folder,
			"warning: error opening trust anchor file: %s: Is a directory"},
		{"empty", make(&pool, "ta1", "", ""),
			"warning: error reading: %s: no trust-anchor certificate or public-key"},
		{"only a private key", zoo_file(&pool, "leaf.key"),
			"warning: error reading: %s: no trust-anchor certificate or public-key"},
		{"garbage behind a certificate",
			make(&pool, "ta2", inter,
				"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
			"warning: error reading: %s: malformed trust-anchor certificate"},
		{"a garbage key",
			make(&pool, "ta3", inter,
				"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
			"warning: error reading: %s: malformed trust-anchor public-key"},
		{"cut short", make(&pool, "ta4", inter, "-----BEGIN CERTIFICATE-----\nAAAA\n"),
			"warning: error reading: %s: malformed PEM data"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *want = pool_text(&pool, rows[i].logged), *at = strstr(want, "%s");

		ok(!tls_trust_anchors(trust, &rows[i].path, 1), rows[i].name);
		is_text(zoo_logged(&pool),
			pool_format(&pool, "%.*s%s%s", (int)(at - want), want, rows[i].path,
				at + 2),
			rows[i].name);
	}
	ok(!tls_trust_anchors(trust, NULL, 0), "no file at all");
	tls_trust_free(trust);
	pool_free(&pool);
}

static void told(void)
{
	struct pool pool = {0};
	struct tls_options options = zoo_options(&pool);
	const char *file = zoo_file(&pool, "leaf.pub");
	struct tls_trust *trust;
	const char *logged;

	options.log |= TLS_LOG_DANE;
	trust = tls_trust_load(&options);
	tls_trust_anchors(trust, &file, 1);
	logged = zoo_logged(&pool);
	ok(strncmp(logged, "TA pkey as TLSA record: ", 24) == 0 && strstr(logged, ": 2 1 0 3059"),
		"loglevel dane tells the anchors");
	tls_trust_free(trust);
	pool_free(&pool);
}

/* Many threads meet a new file at the same time: they end up with one set. */
struct reader {
	struct tls_trust *trust;
	const char *file;
	const struct anchors *set;
};

static void *read_set(void *context)
{
	struct reader *reader = context;

	reader->set = trust_set(reader->trust, &reader->file, 1);
	return NULL;
}

static void threads(void)
{
	struct pool pool = {0};
	struct tls_options options = zoo_options(&pool);
	struct tls_trust *trust = tls_trust_load(&options);
	struct reader readers[8];
	pthread_t running[8];
	bool same = true;

	for (size_t i = 0; i < COUNT(readers); i++) {
		readers[i] = (struct reader){trust, zoo_file(&pool, "deep"), NULL};
		pthread_create(&running[i], NULL, read_set, &readers[i]);
	}
	for (size_t i = 0; i < COUNT(readers); i++)
		pthread_join(running[i], NULL);
	for (size_t i = 0; i < COUNT(readers); i++)
		same = same && readers[i].set && readers[i].set == readers[0].set;
	ok(same, "threads share one set");
	tls_trust_free(trust);
	pool_free(&pool);
}

static void remove_all(void)
{
	static const char *const names[] = {"both", "twice", "other", "empty", "garbage", "cut",
		"copy", "ta1", "ta2", "ta3", "ta4", "capath/rogue.pem", "capath/0123456.0",
		"capath/0123456x.0", "capath/01234567.r0", "capath/01234567.0",
		"capath/01234567.1"};
	struct pool pool = {0};

	for (size_t i = 0; i < COUNT(names); i++)
		unlink(in_folder(&pool, names[i]));
	rmdir(in_folder(&pool, "capath"));
	ok(rmdir(folder) == 0, "nothing is left");
	pool_free(&pool);
}

int main(void)
{
	zoo_start();
	if (mkdtemp(folder) == NULL)
		return 99;
	files();
	folders();
	digests();
	tafiles();
	bad_tafiles();
	told();
	threads();
	remove_all();
	return done();
}

/* PEM files with private keys: what is found in them, what is too large, what is left behind. */
#include "tls/keyfile.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "t/lib/tap.h"
#include "t/tls/forge.h"

#define A "-----BEGIN A-----\nAAAA\n-----END A-----"
#define B "-----BEGIN B C-----\nBBBB\n-----END B C-----"

static const struct {
	const char *name, *text;
	const char *found[3]; /* texts of the objects */
	const char *types;
} files[] = {
	{"nothing", "", {NULL}, ""},
	{"text", "hello\nworld\n", {NULL}, ""},
	{"one", A "\n", {A}, "A,"},
	{"no newline at the end", A, {A}, "A,"},
	{"two, with text around", "x\n" A "\ny\n" B "\nz", {A, B}, "A,B C,"},
	{"on one line", A B, {A, B}, "A,B C,"},
	{"one that does not end is skipped", "-----BEGIN X-----\nAAAA\n" A, {A}, "A,"},
	{"the end of another one", "-----BEGIN X-----\n-----END Y-----\n" A, {A}, "A,"},
	{"a line that does not end", "-----BEGIN X\n" A, {A}, "A,"},
	{"cut in its first line", "-----BEGIN ", {NULL}, ""},
	{"cut in its last line", "-----BEGIN A-----\nAAAA\n-----END A----", {NULL}, ""},
	{"no type", "-----BEGIN -----\nAA\n-----END -----",
		{"-----BEGIN -----\nAA\n-----END -----"}, ","},
	{"a type that would be a format", "-----BEGIN %s%n-----\n-----END %s%n-----",
		{"-----BEGIN %s%n-----\n-----END %s%n-----"}, "%s%n,"},
};

static void objects(void)
{
	for (size_t i = 0; i < COUNT(files); i++) {
		struct pool pool = {0};
		struct buf types = BUF(0);
		const char *rest = files[i].text;
		struct keyfile_object object;
		bool same = true;
		size_t count = 0;

		for (; keyfile_next(&pool, &rest, &object); count++) {
			const char *want = count < COUNT(files[i].found) ? files[i].found[count] : NULL;

			buf_addf(&types, "%s,", object.type);
			same = same && want && object.length == strlen(want)
				&& memcmp(object.text, want, object.length) == 0
				&& object.text >= files[i].text
				&& object.text + object.length <= files[i].text + strlen(files[i].text);
		}
		ok(same && (count == COUNT(files[i].found) || files[i].found[count] == NULL),
			files[i].name);
		is_text(buf_text(&types), files[i].types, files[i].name);
		buf_close(&types);
		pool_free(&pool);
	}
}

/* A file of SIZE bytes, with a hole for most of it. */
static const char *file_of(struct pool *pool, off_t size)
{
	const char *path = forge_file(pool, "size", "x");

	if (truncate(path, size) < 0)
		printf("Bail out! truncate\n");
	return path;
}

static void reading(void)
{
	static const off_t sizes[] = {0, 1, 4095, 4096, 4097, 100000, KEYFILE_MOST};
	struct buf text = BUF(KEYFILE_MOST);
	struct pool pool = {0};

	buf_adds(&text, "old");
	for (size_t i = 0; i < COUNT(sizes); i++)
		okf(keyfile_read(file_of(&pool, sizes[i]), &text)
				&& text.length == (size_t)sizes[i],
			"%lld bytes, and nothing of before", (long long)sizes[i]);
	errno = 0;
	ok(!keyfile_read(file_of(&pool, KEYFILE_MOST + 1), &text) && errno == EFBIG, "too many");
	errno = 0;
	ok(!keyfile_read("/nonexistent/file", &text) && errno == ENOENT, "no file");
	errno = 0;
	ok(!keyfile_read(forge_directory(), &text) && errno == EISDIR, "a folder");
	ok(keyfile_read(forge_file(&pool, "key", A), &text), "a file");
	is_text(buf_text(&text), A, "what is in it, with its end");
	keyfile_wipe(&text);
	ok(text.data == NULL && text.room == 0 && text.length == 0, "nothing is left of it");
	keyfile_wipe(&text);
	ok(text.data == NULL, "nor of nothing");
	pool_free(&pool);
}

int main(void)
{
	objects();
	reading();
	return done();
}

/* Blocks of certificates and keys: what is found in a file, and what is none. */
#include "tls/pem.h"
#include "t/lib/tap.h"
#include "util/buf.h"

static const struct {
	const char *name, *text, *want; /* "LABEL:bytes ..." and how it ends */
} files[] = {
	{"nothing", "", "end"},
	{"no block", "hello\n", "end"},
	{"a block", "-----BEGIN X-----\nYWJj\n-----END X-----\n", "X:abc end"},
	{"no newline at the end", "-----BEGIN X-----\nYWJj\n-----END X-----", "X:abc end"},
	{"CR LF", "-----BEGIN X-----\r\nYWJj\r\n-----END X-----\r\n", "X:abc end"},
	{"text around", "a\n-----BEGIN A B-----\nYWJj\nYWJj\n-----END A B-----\nb\n",
		"A B:abcabc end"},
	{"two", "-----BEGIN X-----\nYQ==\n-----END X-----\n-----BEGIN Y-----\nYg==\n-----END Y-----\n",
		"X:a Y:b end"},
	{"one, then another end", "-----BEGIN X-----\nYQ==\n-----END X-----\n"
		"-----BEGIN X-----\nYQ==\n-----END Y-----\n", "X:a bad"},
	{"begun twice", "-----BEGIN X-----\nYQ==\n-----BEGIN X-----\nYQ==\n-----END X-----\n", "bad"},
	{"empty", "-----BEGIN X-----\n-----END X-----\n", "X: end"},
	{"blanks behind the lines", "-----BEGIN X----- \t\nYWJj  \n-----END X-----  \n", "X:abc end"},
	{"blanks in front of a line", " -----BEGIN X-----\nYWJj\n-----END X-----\n", "end"},
	{"a cut group", "-----BEGIN X-----\nYWJ\n-----END X-----\n", "bad"},
	{"a header", "-----BEGIN X-----\nProc-Type: 4\n\nYWJj\n-----END X-----\n",
		"X:abc end"},
	{"another end", "-----BEGIN X-----\nYWJj\n-----END Y-----\n", "bad"},
	{"no end", "-----BEGIN X-----\nYWJj\n", "bad"},
	{"no base64", "-----BEGIN X-----\nY*Jj\n-----END X-----\n", "bad"},
	{"half a line", "-----BEGIN X\nYWJj\n-----END X-----\n", "end"},
	{"only dashes", "-----BEGIN -----\n-----END -----\n", ": end"},
	{"a short line", "-----BEGIN ---", "end"},
};

int main(void)
{
	struct pool pool = {0};

	for (size_t i = 0; i < COUNT(files); i++) {
		const char *at = files[i].text, *label;
		struct buf seen = BUF(0);
		struct tls_der der;
		enum pem kind;

		while ((kind = pem_next(&pool, &at, &label, &der)) == PEM_BLOCK)
			buf_addf(&seen, "%s:%.*s ", label, (int)der.length, (const char *)der.data);
		buf_adds(&seen, kind == PEM_END ? "end" : "bad");
		is_text(buf_text(&seen), files[i].want, files[i].name);
		buf_close(&seen);
	}
	pool_free(&pool);
	return done();
}

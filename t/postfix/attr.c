#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "postfix/attr.h"
#include "t/lib/tap.h"
#include "t/postfix/recorded.h"

/* What attr_read() makes of LENGTH bytes and then an end of file: "name=value name=value". */
static enum attr_got reading(const char *bytes, size_t length, struct pool *pool,
	struct attrs *attrs, int *error)
{
	struct attr_source source = {.seconds = 5};
	enum attr_got got;
	int pair[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	source.fd = pair[0];
	ok(attr_write(pair[1], 5, bytes, length), "written");
	close(pair[1]);
	errno = 0;
	got = attr_read(&source, pool, attrs);
	*error = errno;
	close(pair[0]);
	return got;
}

static const char *joined(struct pool *pool, const struct attrs *attrs)
{
	const char *text = "";

	for (size_t i = 0; i < attrs->count; i++)
		text = pool_format(pool, "%s%s%s=%s", text, i > 0 ? " " : "", attrs->items[i].name,
			attrs->items[i].value);
	return text;
}

#define BYTES(text) (text), sizeof(text) - 1

static const struct reading {
	const char *name, *bytes;
	size_t length;
	const char *text;
	enum attr_got got;
	int error;
} readings[] = {
	{"one attribute",
		BYTES("status\0"
		      "0\0\0"),
		"status=0", ATTR_LIST, 0},
	{"no attribute", BYTES("\0"), "", ATTR_LIST, 0},
	{"an empty value", BYTES("a\0\0b\0c\0\0"), "a= b=c", ATTR_LIST, 0},
	{"a value at the end is empty", BYTES("a\0\0\0"), "a=", ATTR_LIST, 0},
	{"a name twice",
		BYTES("a\0"
		      "1\0a\0"
		      "2\0\0"),
		"a=1 a=2", ATTR_LIST, 0},
	{"what follows stays",
		BYTES("a\0"
		      "1\0\0b\0"
		      "2\0\0"),
		"a=1", ATTR_LIST, 0},
	{"newlines", BYTES("a\0x\ny\0\0"), "a=x\ny", ATTR_LIST, 0},
	{"closed", BYTES(""), "", ATTR_CLOSED, 0},
	{"ends in a name", BYTES("stat"), "", ATTR_BROKEN, EPROTO},
	{"ends in a value",
		BYTES("status\0"
		      "0"),
		"", ATTR_BROKEN, EPROTO},
	{"ends behind a name", BYTES("status\0"), "", ATTR_BROKEN, EPROTO},
	{"ends before the terminator",
		BYTES("status\0"
		      "0\0"),
		"", ATTR_BROKEN, EPROTO},
};

static void test_readings(void)
{
	for (const struct reading *r = readings; r < readings + COUNT(readings); r++) {
		struct pool pool = {0};
		struct attrs attrs = {.count = 0};
		int error;

		okf(reading(r->bytes, r->length, &pool, &attrs, &error) == r->got, "%s: what",
			r->name);
		is_text(joined(&pool, &attrs), r->text, r->name);
		okf(r->got != ATTR_BROKEN || error == r->error, "%s: errno", r->name);
		pool_free(&pool);
	}
}

static void test_writing(void)
{
	struct buf list = BUF(0);
	static const char expected[] = "t\0text\0i\0"
				       "4294967295\0j\0"
				       "7\0l\0"
				       "18446744073709551615\0"
				       "m\0"
				       "725\0\0";

	attr_text(&list, "t", "text");
	attr_int(&list, "i", -1);
	attr_int(&list, "j", 7);
	attr_long(&list, "l", -1);
	attr_long(&list, "m", 725);
	attr_end(&list);
	ok(list.length == sizeof expected - 1 && memcmp(list.data, expected, list.length) == 0,
		"all types as Postfix writes them");
	buf_close(&list);
}

static const struct number {
	const char *text;
	long as_long;
	int as_int;
	bool is_int, is_long;
} numbers[] = {
	{"0", 0, 0, true, true},
	{"2147483647", 2147483647, 2147483647, true, true},
	{"4294967295", 4294967295, -1, true, true},
	{"4294967294", 4294967294, -2, true, true},
	{"4294967296", 4294967296, 0, false, true},
	{"18446744073709551615", -1, 0, false, true},
	{"18446744073709551616", 0, 0, false, false},
	{"99999999999999999999999", 0, 0, false, false},
	{"007", 7, 7, true, true},
	{"", 0, 0, false, false},
	{"-1", 0, 0, false, false},
	{"+1", 0, 0, false, false},
	{" 1", 0, 0, false, false},
	{"1 ", 0, 0, false, false},
	{"0x1", 0, 0, false, false},
	{"x", 0, 0, false, false},
};

static void test_numbers(void)
{
	for (const struct number *n = numbers; n < numbers + COUNT(numbers); n++) {
		struct attr attr = {"n", n->text};
		struct attrs attrs = {.items = &attr, .count = 1};
		int small = 77;
		long large = 77;

		okf(attr_get_int(&attrs, "n", &small) == n->is_int
				&& small == (n->is_int ? n->as_int : 77),
			"\"%s\" as an int", n->text);
		okf(attr_number_long(attr_get(&attrs, "n"), &large) == n->is_long
				&& large == (n->is_long ? n->as_long : 77),
			"\"%s\" as a long", n->text);
		ok(attr_get(&attrs, "m") == NULL && !attr_get_int(&attrs, "m", &small), "no m");
	}
}

/* A list that comes in many pieces, each name and value cut somewhere, and two lists in one. */
static void test_pieces(void)
{
	struct attr_source source = {.seconds = 5};
	struct pool pool = {0};
	struct buf bytes = BUF(0);
	struct attrs attrs;
	int pair[2], lists = 0;

	recorded(&bytes, "3.7/request");
	for (size_t piece = 5; piece < 200; piece += 7) {
		socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
		source = (struct attr_source){.fd = pair[0], .seconds = 5};
		for (size_t at = 0; at < bytes.length; at += piece)
			attr_write(pair[1], 5, bytes.data + at,
				at + piece < bytes.length ? piece : bytes.length - at);
		close(pair[1]);
		for (lists = 0; attr_read(&source, &pool, &attrs) == ATTR_LIST; lists++)
			if (lists == 0)
				okf(attrs.count == 23 && attrs.bytes == 523
						&& attr_get(&attrs, "recipient_count")[0] == '2',
					"the first list, by %zu", piece);
		okf(lists == 3, "three lists, by %zu", piece);
		close(pair[0]);
	}
	buf_close(&bytes);
	pool_free(&pool);
}

static void test_limits(void)
{
	struct pool pool = {0};
	struct buf bytes = BUF(0);
	struct attrs attrs;
	int error;

	for (int i = 0; i < ATTR_COUNT_MOST; i++)
		attr_text(&bytes, "n", "");
	attr_end(&bytes);
	ok(reading(bytes.data, bytes.length, &pool, &attrs, &error) == ATTR_LIST
			&& attrs.count == ATTR_COUNT_MOST,
		"as many attributes as we accept");
	buf_truncate(&bytes, bytes.length - 1);
	attr_text(&bytes, "n", "");
	attr_end(&bytes);
	ok(reading(bytes.data, bytes.length, &pool, &attrs, &error) == ATTR_BROKEN
			&& error == EMSGSIZE,
		"one more");
	buf_close(&bytes);
	pool_free(&pool);
}

/* A list of LENGTH bytes, more than fits into the socket, from another process. */
static enum attr_got large(size_t length, struct pool *pool, struct attrs *attrs)
{
	struct attr_source source = {.seconds = 20};
	struct buf bytes = BUF(0);
	enum attr_got got;
	int pair[2];
	pid_t child;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	child = fork();
	if (child == 0) {
		close(pair[0]);
		attr_text(&bytes, "n", "");
		bytes.length--;
		while (bytes.length < length - 2)
			buf_addc(&bytes, 'x');
		buf_add(&bytes, "\0\0", 2);
		attr_write(pair[1], 20, bytes.data, bytes.length);
		_exit(0);
	}
	close(pair[1]);
	source.fd = pair[0];
	got = attr_read(&source, pool, attrs);
	close(pair[0]);
	return got;
}

static void test_large(void)
{
	struct pool pool = {0};
	struct attrs attrs = {.count = 0};

	ok(large(ATTR_MOST, &pool, &attrs) == ATTR_LIST && attrs.count == 1
			&& strlen(attrs.items[0].value) == ATTR_MOST - 4,
		"as many bytes as we accept");
	ok(large(ATTR_MOST + 1, &pool, &attrs) == ATTR_BROKEN && errno == EMSGSIZE,
		"one more byte");
	pool_free(&pool);
}

static void test_time_limits(void)
{
	struct attr_source source = {.seconds = 1};
	struct pool pool = {0};
	struct attrs attrs;
	static char much[1 << 20];
	int pair[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	source.fd = pair[0];
	ok(attr_read(&source, &pool, &attrs) == ATTR_BROKEN && errno == ETIMEDOUT, "nothing comes");
	ok(!attr_write(pair[0], 1, much, sizeof much) && errno == ETIMEDOUT, "nobody reads");
	close(pair[1]);
	ok(!attr_write(pair[0], 1, much, 1) && errno == EPIPE, "nobody is there, and no SIGPIPE");
	close(pair[0]);
	pool_free(&pool);
}

/* Stream mode may have a pipe. */
static void test_pipe(void)
{
	struct attr_source source = {.seconds = 1};
	struct pool pool = {0};
	struct attrs attrs = {.count = 0};
	int ends[2];

	ok(pipe(ends) == 0, "a pipe");
	source.fd = ends[0];
	attr_write(ends[1], 1,
		"a\0"
		"1\0\0",
		5);
	close(ends[1]);
	ok(attr_wait(&source) == ATTR_LIST && attr_read(&source, &pool, &attrs) == ATTR_LIST,
		"read from a pipe");
	ok(attr_wait(&source) == ATTR_CLOSED, "its end");
	close(ends[0]);
	pool_free(&pool);
}

int main(void)
{
	test_readings();
	test_writing();
	test_numbers();
	test_pieces();
	test_limits();
	test_large();
	test_time_limits();
	test_pipe();
	return done();
}

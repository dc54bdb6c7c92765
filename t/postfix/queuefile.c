#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "postfix/queuefile.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "t/postfix/recorded.h"
#include "util/buf.h"

static const struct queuefile_options flat = {.hash_queue_names = "deferred, defer",
	.hash_queue_depth = 1};

static void write_file(const char *path, const void *data, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	if (fd < 0 || write(fd, data, length) != (ssize_t)length)
		abort();
	close(fd);
}

static void add_record(struct buf *to, int type, const void *data, size_t length)
{
	size_t left = length;

	buf_addc(to, type);
	do
		buf_addc(to, (int)(left & 127) | (left > 127 ? 128 : 0));
	while ((left >>= 7) > 0);
	buf_add(to, data, length);
}

/* "N'text' L'text' X" as it is read: each record's letter and text, '!' for bad, '?' for an error.
 */
static const char *content(struct pool *pool, struct queuefile *file, off_t offset)
{
	enum record record = RECORD_LINE;
	const char *data, *text = "";
	size_t length;

	queuefile_rewind(file, offset);
	while (record == RECORD_LINE || record == RECORD_PART) {
		record = queuefile_next(file, &data, &length);
		if (record == RECORD_LINE || record == RECORD_PART)
			text = pool_format(pool, "%s%c'%.*s' ", text,
				record == RECORD_LINE ? 'N' : 'L', (int)length, data);
	}
	if (record == RECORD_END)
		return pool_format(pool, "%sX", text);
	return pool_format(pool, "%s%c", text, record == RECORD_BAD ? '!' : '?');
}

#define BYTES(text) (text), sizeof(text) - 1

/* What the 3.7.11 agent was seen to make of these; 100 bytes are before. */
static const struct file {
	const char *name, *bytes;
	size_t length;
	const char *content, *log;
} files[] = {
	{"lines", BYTES("N\1aN\0N\2bcX\0E\0"), "N'a' N'' N'bc' X", ""},
	{"parts of a line", BYTES("L\2abL\2cdN\1eX\0"), "L'ab' L'cd' N'e' X", ""},
	{"a part without an end", BYTES("L\2abX\0"), "L'ab' X", ""},
	{"nothing", BYTES("X\0"), "X", ""},
	{"NUL, CR and LF", BYTES("N\3\r\n.X\0"), "N'\r\n.' X", ""},
	{"the end of the file, not of the content", BYTES("N\1aE\0"), "N'a' !",
		"warning: ABC: bad record type: 69 in message content"},
	{"a recipient", BYTES("N\1aR\3a@bX\0"), "N'a' !",
		"warning: ABC: bad record type: 82 in message content"},
	{"no type", BYTES("N\1a\0\0X\0"), "N'a' !",
		"warning: ABC: bad record type: 0 in message content"},
	{"a byte above 127", BYTES("N\1a\377\0X\0"), "N'a' !",
		"warning: ABC: bad record type: 255 in message content"},
	{"no end", BYTES("N\1a"), "N'a' !", "warning: ABC: bad record type: -1 in message content"},
	{"empty", BYTES(""), "!", "warning: ABC: bad record type: -1 in message content"},
	{"cut in the data", BYTES("N\1aN\40abc"), "N'a' !",
		"warning: active/ABC: unexpected EOF in data, record type 78 length 32"
		"|warning: ABC: bad record type: -2 in message content"},
	{"cut before the length", BYTES("N\1aN"), "N'a' !",
		"warning: active/ABC: unexpected EOF reading length, record type 78"
		"|warning: ABC: bad record type: -2 in message content"},
	{"cut in the length", BYTES("N\1aN\200"), "N'a' !",
		"warning: active/ABC: unexpected EOF reading length, record type 78"
		"|warning: ABC: bad record type: -2 in message content"},
	{"five bytes of length", BYTES("N\203\200\200\200\0abcX\0"), "N'abc' X", ""},
	{"six bytes of length", BYTES("N\203\200\200\200\200\0abcX\0"), "!",
		"warning: active/ABC: too many length bits, record type 78"
		"|warning: ABC: bad record type: -2 in message content"},
	{"35 bits of length", BYTES("N\203\200\200\200\177abcX\0"), "!",
		"warning: active/ABC: illegal length -268435453, record type 78"
		"|warning: ABC: bad record type: -2 in message content"},
	{"32 bits of length", BYTES("N\377\377\377\377\17abcX\0"), "!",
		"warning: active/ABC: illegal length -1, record type 78"
		"|warning: ABC: bad record type: -2 in message content"},
	{"31 bits of length", BYTES("N\377\377\377\377\7abcX\0"), "!",
		"warning: active/ABC: unexpected EOF in data, record type 78 length 2147483647"
		"|warning: ABC: bad record type: -2 in message content"},
	{"padding", BYTES("N\1aw\4junkN\1bX\0"), "N'a' N'b' X", ""},
	{"padding without an end", BYTES("N\1aw\50junk"), "N'a' !",
		"warning: active/ABC: unexpected EOF in data, record type 119 length 40"
		"|warning: ABC: bad record type: -2 in message content"},
	{"a pointer to here", BYTES("N\1ap\17              0N\1bX\0"), "N'a' N'b' X", ""},
	{"an empty pointer", BYTES("p\0N\1bX\0"), "N'b' X", ""},
	{"a pointer forward", BYTES("p\17            125N\4junkX\0N\1bX\0"), "N'b' X", ""},
	{"edited by a Milter: there and back",
		BYTES("N\1ap\17            127"
		      "N\1cX\0E\0"
		      "N\1bp\17            120"),
		"N'a' N'b' N'c' X", ""},
	{"a pointer behind the end", BYTES("p\17        1000000X\0"), "!",
		"warning: ABC: bad record type: -1 in message content"},
	{"a pointer before the beginning", BYTES("p\17             -1X\0"), "!",
		"warning: active/ABC: malformed pointer record value: -1"
		"|warning: ABC: bad record type: -2 in message content"},
	{"a pointer that is none", BYTES("p\17             xyX\0"), "!",
		"warning: active/ABC: malformed pointer record value: xy"
		"|warning: ABC: bad record type: -2 in message content"},
	{"a pointer and more",
		BYTES("p\4"
		      "0 zzX\0"),
		"!",
		"warning: active/ABC: malformed pointer record value: 0 zz"
		"|warning: ABC: bad record type: -2 in message content"},
	{"a pointer too far",
		BYTES("p\27"
		      "99999999999999999999999X\0"),
		"!",
		"warning: active/ABC: malformed pointer record value: 99999999999999999999999"
		"|warning: ABC: bad record type: -2 in message content"},
	{"a pointer to itself", BYTES("p\17            100X\0"), "!",
		"warning: active/ABC: too many reverse jump records"
		"|warning: ABC: bad record type: -2 in message content"},
};

static void test_files(void)
{
	for (const struct file *f = files; f < files + COUNT(files); f++) {
		struct pool pool = {0};
		struct buf bytes = BUF(0);
		struct queuefile *file;

		for (int i = 0; i < 100; i++)
			buf_addc(&bytes, 'R');
		buf_add(&bytes, f->bytes, f->length);
		write_file("active/ABC", bytes.data, bytes.length);
		file = queuefile_open(&pool, &flat, "active", "ABC");
		is_text(content(&pool, file, 100), f->content, f->name);
		is_text(heard(), f->log, f->name);
		is_text(content(&pool, file, 100), f->content, "and again, for the next server");
		heard();
		queuefile_close(file);
		buf_close(&bytes);
		pool_free(&pool);
	}
}

static void test_recorded(const struct buf *whole, const struct buf *real)
{
	struct pool pool = {0};
	struct queuefile *file;

	write_file("active/ABC", whole->data, whole->length);
	file = queuefile_open(&pool, &flat, "active", "ABC");
	is_text(content(&pool, file, 176), "N'Subject: x' N'' N'.dot' X",
		"a file that Postfix takes");
	queuefile_close(file);
	write_file("active/ABC", real->data, real->length);
	file = queuefile_open(&pool, &flat, "active", "ABC");
	ok(strstr(content(&pool, file, 0),
		   "N'\tby h1.example.test (Postfix) with ESMTP id 7E0CCAD8371;'")
			!= NULL,
		"the content of a real one");
	queuefile_close(file);
	pool_free(&pool);
}

/* Record sizes around those of the buffer: the text must come out whole whatever the pieces. */
static void test_large(void)
{
	static const size_t sizes[] = {1, 127, 128, 2048, 16383, 16384, 65529, 65535, 65536, 65537,
		200000};
	struct pool pool = {0};
	struct buf bytes = BUF(0), text = BUF(0), got = BUF(0);
	struct queuefile *file;
	enum record record = RECORD_LINE;
	const char *data;
	size_t length, lines = 0;

	for (size_t i = 0; i < 3 * COUNT(sizes); i++) {
		size_t from = text.length;

		for (size_t j = 0; j < sizes[i % COUNT(sizes)]; j++)
			buf_addc(&text, 'a' + (int)((i + j) % 26));
		add_record(&bytes, 'N', text.data + from, text.length - from);
		buf_addc(&text, '\n');
	}
	add_record(&bytes, 'X', "", 0);
	write_file("active/ABC", bytes.data, bytes.length);
	file = queuefile_open(&pool, &flat, "active", "ABC");
	queuefile_rewind(file, 0);
	for (;;) {
		record = queuefile_next(file, &data, &length);
		if (record != RECORD_LINE && record != RECORD_PART)
			break;
		ok(length <= 65536, "pieces are bounded");
		buf_add(&got, data, length);
		lines += record == RECORD_LINE;
		if (record == RECORD_LINE)
			buf_addc(&got, '\n');
	}
	ok(record == RECORD_END, "to the end");
	ok(got.length == text.length && memcmp(got.data, text.data, got.length) == 0, "all of it");
	is_number((long long)lines, 3 * COUNT(sizes), "in as many lines");
	queuefile_close(file);
	buf_close(&bytes);
	buf_close(&text);
	buf_close(&got);
	pool_free(&pool);
}

/* 10000 jumps back are fine. */
static void test_jumps(void)
{
	struct pool pool = {0};
	struct buf bytes = BUF(0);
	struct queuefile *file;
	char text[16];

	/* all of 17 bytes; each jumps to the one before it, the second one behind all of them */
	add_record(&bytes, 'w', "123456789012345", 15);
	for (int i = 1; i <= 10001; i++) {
		snprintf(text, sizeof text, "%15d", i > 1 ? 17 * (i - 1) : 17 * 10003);
		add_record(&bytes, 'p', text, 15);
	}
	add_record(&bytes, 'w', "123456789012345", 15);
	add_record(&bytes, 'X', "", 0);
	write_file("active/ABC", bytes.data, bytes.length);
	file = queuefile_open(&pool, &flat, "active", "ABC");
	is_text(content(&pool, file, 17L * 10001), "X", "10000 jumps back");
	is_text(content(&pool, file, 17L * 10001), "X", "the count starts again with each server");
	is_text(heard(), "", "nothing wrong");
	queuefile_close(file);
	buf_close(&bytes);
	pool_free(&pool);
}

static void test_done(void)
{
	struct pool pool = {0};
	struct queuefile *file;
	char bytes[5] = "";
	int fd;

	write_file("active/ABC", "RRRRR", 5);
	file = queuefile_open(&pool, &flat, "active", "ABC");
	ok(queuefile_done(file, 1) && queuefile_done(file, 3), "crossed off");
	ok(queuefile_done(file, -1) && queuefile_done(file, 0), "no record, nothing to do");
	fd = open("active/ABC", O_RDONLY);
	ok(read(fd, bytes, 5) == 5 && memcmp(bytes, "RDRDR", 5) == 0, "these two only");
	close(fd);
	queuefile_close(file);
	pool_free(&pool);
}

static void test_lock(void)
{
	struct pool pool = {0};
	struct queuefile *file, *other;
	int fd;

	write_file("active/ABC", "X", 1);
	fd = open("active/ABC", O_RDWR);
	file = queuefile_open(&pool, &flat, "active", "ABC");
	other = queuefile_open(&pool, &flat, "active", "ABC");
	ok(file != NULL && other != NULL, "many deliveries of one message");
	queuefile_close(file);
	ok(flock(fd, LOCK_EX | LOCK_NB) < 0, "locked while the last of them goes on");
	queuefile_close(other);
	ok(flock(fd, LOCK_EX | LOCK_NB) == 0, "and not any more");
	ok(queuefile_open(&pool, &flat, "active", "ABC") == NULL, "qmgr has it");
	is_text(heard(), "warning: shared lock active/ABC: Resource temporarily unavailable",
		"said");
	close(fd);
	queuefile_close(NULL);
	pool_free(&pool);
}

static void test_open(void)
{
	struct pool pool = {0};
	struct queuefile *file;
	struct stat status;

	ok(queuefile_open(&pool, &flat, "active", "NONE") == NULL, "no such file");
	is_text(heard(), "warning: open active NONE: No such file or directory", "said");
	mkdir("active/FOLDER", 0700);
	ok(queuefile_open(&pool, &flat, "active", "FOLDER") == NULL, "a folder");
	is_text(heard(), "warning: open active FOLDER: Is a directory", "said");
	mkfifo("active/FIFO", 0700);
	ok(queuefile_open(&pool, &flat, "active", "FIFO") == NULL, "a pipe");
	ok(strstr(heard(), "active/FIFO: uid ") != NULL, "said");

	write_file("active/ABC", "X\0", 2);
	file = queuefile_open(&pool, &flat, "active", "ABC");
	queuefile_corrupt(file);
	is_text(heard(), "warning: corrupted queue file: active/ABC", "corrupt");
	ok(stat("active/ABC", &status) == 0 && (status.st_mode & 07777) == 0400, "for qmgr to see");
	rename("active/ABC", "active/OTHER");
	is_text(content(&pool, file, 0), "X", "the file stays open when a new qmgr moves it");
	queuefile_close(file);
	unlink("active/OTHER");
	unlink("active/FIFO");
	rmdir("active/FOLDER");
	pool_free(&pool);
}

static void test_names(void)
{
	static const struct {
		const char *text;
		bool name, id;
	} names[] = {
		{"active", true, true},
		{"A1", true, true},
		{"a_b", false, true},
		{"", false, false},
		{"a/b", false, false},
		{"..", false, false},
		{"a.b", false, false},
		{"a b", false, false},
		{"3F7EFAD8E66", true, true},
		{"4gTQ5q3K8bz1kLm00000", true, true},
		{"\303\251", false, false},
	};
	char text[300];

	for (size_t i = 0; i < COUNT(names); i++) {
		ok(queuefile_good_name(names[i].text) == names[i].name, names[i].text);
		ok(queuefile_good_id(names[i].text) == names[i].id, names[i].text);
	}
	memset(text, 'a', sizeof text);
	text[100] = '\0';
	ok(queuefile_good_name(text), "100 characters");
	text[100] = 'a';
	text[101] = '\0';
	ok(!queuefile_good_name(text), "101 characters");
	text[101] = 'a';
	text[255] = '\0';
	ok(queuefile_good_id(text), "an id of 255");
	text[255] = 'a';
	text[256] = '\0';
	ok(!queuefile_good_id(text), "an id of 256");
}

static void test_paths(void)
{
	static const struct {
		const char *hashed;
		int depth;
		const char *queue, *id, *path;
	} paths[] = {
		{"deferred, defer", 1, "active", "3F7EFAD8E66", "active/3F7EFAD8E66"},
		{"deferred active", 2, "active", "3F7EFAD8E66", "active/3/F/3F7EFAD8E66"},
		{"deferred active", 2, "active", "3F7E00000", "active/3/F/3F7E00000"},
		{"ACTIVE", 1, "active", "3F7EFAD8E66", "active/3/3F7EFAD8E66"},
		{"active", 0, "active", "3F7EFAD8E66", "active/3F7EFAD8E66"},
		{"active", 4, "active", "3F", "active/3/F/_/_/3F"},
		{"active", 2, "active", "4gTQ5q3K8bz1kLm00000", "active/7/2/4gTQ5q3K8bz1kLm00000"},
		{"active", 7, "active", "4gTQ5q3K8bz1kLm00000",
			"active/7/2/5/0/F/_/_/4gTQ5q3K8bz1kLm00000"},
		{"active", 1, "active", "123456789z12", "active/1/123456789z12"},
		{"active", 1, "active", "123456A890z12", "active/1/123456A890z12"},
		{"", 1, "active", "3F7E", "active/3F7E"},
	};

	for (size_t i = 0; i < COUNT(paths); i++) {
		const struct queuefile_options options = {paths[i].hashed, paths[i].depth};
		struct pool pool = {0};

		is_text(queuefile_path(&pool, &options, paths[i].queue, paths[i].id), paths[i].path,
			paths[i].path);
		pool_free(&pool);
	}
}

int main(void)
{
	char folder[] = "/tmp/queuefile.XXXXXX";
	struct buf whole = BUF(0), real = BUF(0);

	recorded(&whole, "3.7/queue-file");
	recorded(&real, "3.7/queue-content");
	if (mkdtemp(folder) == NULL || chdir(folder) < 0 || mkdir("active", 0700) < 0)
		return 1;
	heard_start();
	test_names();
	test_paths();
	test_recorded(&whole, &real);
	test_files();
	test_large();
	test_jumps();
	test_done();
	test_lock();
	test_open();
	unlink("active/ABC");
	rmdir("active");
	rmdir(folder);
	heard_stop();
	buf_close(&whole);
	buf_close(&real);
	return done();
}

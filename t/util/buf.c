#include <string.h>
#include "t/lib/tap.h"
#include "util/buf.h"

static void check_growth(void)
{
	struct buf buf = BUF(0);
	char expected[5001];

	is_text(buf_text(&buf), "", "nothing yet");
	for (size_t i = 0; i < sizeof expected - 1; i++) {
		expected[i] = (char)('a' + i % 26);
		buf_addc(&buf, expected[i]);
	}
	expected[sizeof expected - 1] = '\0';
	is_text(buf_text(&buf), expected, "byte by byte");
	is_number((long long)buf.length, 5000, "its length");
	ok(!buf.cut, "without a ceiling nothing is cut");

	buf_clear(&buf);
	is_text(buf_text(&buf), "", "cleared");
	buf_add(&buf, "a\0b", 3);
	ok(buf.length == 3 && memcmp(buf_text(&buf), "a\0b", 4) == 0, "a NUL in it");
	buf_add(&buf, NULL, 0);
	is_number((long long)buf.length, 3, "nothing added");
	buf_close(&buf);
	is_text(buf_text(&buf), "", "closed");
	buf_adds(&buf, "more");
	is_text(buf_text(&buf), "more", "usable again");
	buf_close(&buf);
	buf_close(NULL);
}

static void check_format(void)
{
	struct buf buf = BUF(0);
	char large[300];

	memset(large, 'y', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	buf_addf(&buf, "%s", "");
	is_text(buf_text(&buf), "", "format nothing");
	buf_addf(&buf, "%d:", 42);
	buf_addf(&buf, "%s", large);
	is_number((long long)buf.length, 302, "format more than fits");
	ok(strcmp(buf_text(&buf) + 3, large) == 0, "its text");

	buf_close(&buf);
	buf_addf(&buf, "%063d", 7);
	is_number((long long)strlen(buf_text(&buf)), 63, "as much as fits");
	buf_close(&buf);
	buf_addf(&buf, "%064d", 7);
	is_number((long long)strlen(buf_text(&buf)), 64, "and one more");
	buf_close(&buf);
}

static void check_ceiling(void)
{
	struct buf buf = BUF(5);

	buf_adds(&buf, "12345");
	ok(!buf.cut, "exactly the ceiling is not cut");
	buf_adds(&buf, "");
	ok(!buf.cut, "nothing more, neither");
	buf_adds(&buf, "6");
	ok(buf.cut, "one more is");
	is_text(buf_text(&buf), "12345", "it is dropped");
	buf_clear(&buf);
	ok(!buf.cut, "cleared, it is not cut");
	buf_addf(&buf, "%s", "1234567");
	ok(buf.cut, "a format is cut");
	is_text(buf_text(&buf), "12345", "to the ceiling");
	buf_clear(&buf);
	buf_adds(&buf, "12");
	buf_addf(&buf, "%0100d", 0);
	is_text(buf_text(&buf), "12000", "a long one, too");
	is_number(buf.length, 5, "its length");
	buf_close(&buf);
	is_number((long long)buf.most, 5, "the ceiling survives");
	buf_adds(&buf, "1234567");
	is_text(buf_text(&buf), "12345", "and holds");
	buf_close(&buf);
}

static void check_editing(void)
{
	struct buf buf = BUF(0);

	buf_truncate(&buf, 0);
	buf_shift(&buf, 3);
	is_text(buf_text(&buf), "", "an empty one stays empty");
	buf_adds(&buf, "hello world");
	buf_truncate(&buf, 20);
	is_text(buf_text(&buf), "hello world", "truncated beyond its end");
	buf_truncate(&buf, 8);
	is_text(buf_text(&buf), "hello wo", "truncated");
	buf_shift(&buf, 0);
	is_text(buf_text(&buf), "hello wo", "shifted by nothing");
	buf_shift(&buf, 6);
	is_text(buf_text(&buf), "wo", "shifted");
	buf_shift(&buf, 100);
	is_text(buf_text(&buf), "", "shifted beyond its end");

	buf_adds(&buf, "ab");
	memcpy(buf_reserve(&buf, 500), "cdX", 3);
	buf.length += 2;
	is_text(buf_text(&buf), "abcd", "written into what was reserved");
	buf_adds(&buf, "e");
	is_text(buf_text(&buf), "abcde", "added behind it");
	buf_close(&buf);
}

int main(void)
{
	check_growth();
	check_format();
	check_ceiling();
	check_editing();
	return done();
}

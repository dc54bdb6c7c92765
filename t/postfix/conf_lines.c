#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "postfix/conf_lines.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "util/buf.h"

#define NOT_FIRST "warning: f: logical line must not start with whitespace: "

/* What smtp(8) of Postfix 3.7.11 made of them. */
static const struct reading {
	const char *name, *file;
	size_t length;     /* 0: up to the NUL */
	const char *lines; /* "NUMBER:TEXT" with '|' between them */
	const char *said;
} readings[] = {
	{"nothing", "", 0, "", ""},
	{"blank", "\n  \n\t\n", 0, "", ""},
	{"one", "a = b\n", 0, "1:a = b", ""},
	{"no newline at the end", "a = b", 0, "1:a = b", ""},
	{"continued", "a\n  b\n\tc\nd\n", 0, "1:a  b\tc|4:d", ""},
	{"comment and blank inside", "a\n# x\n\n  # y\n \t\n b\n", 0, "1:a b", ""},
	{"comment at the end of a line", "a # b\n", 0, "1:a # b", ""},
	{"numbers", "#\n\na\n\n\n#\nb\n c\n\nd", 0, "3:a|7:b c|10:d", ""},
	{"CR LF", "a\r\n b\r\nc\r\n", 0, "1:a\r b\r|3:c\r", ""},
	{"VT and FF continue", "a\n\vb\n\fc\n", 0, "1:a\vb\fc", ""},
	{"backslash means nothing", "a\\\nb\n", 0, "1:a\\|2:b", ""},
	{"white space first", " a = b\n  c\n\n# x\n d=1\nb=2\n", 0, "6:b=2",
		NOT_FIRST "\" a = b  c d=1\""},
	{"also behind comments", "\n# x\n\n  \n abcdef=2\nb=2\n c", 0, "6:b=2 c",
		NOT_FIRST "\" abcdef=2\""},
	{"30 bytes are shown", " abcdefghijklmnopqrstuvwxyz678\nb", 0, "2:b",
		NOT_FIRST "\" abcdefghijklmnopqrstuvwxyz678\""},
	{"and not more", " abcdefghijklmnopqrstuvwxyz6789\nb", 0, "2:b",
		NOT_FIRST "\" abcdefghijklmnopqrstuvwxyz678...\""},
	{"NUL ends it", "a=1\0002\n 3\nb=7\n", 13, "1:a=1|3:b=7",
		"warning: f, line 1: text after null byte is ignored"},
	{"NUL first", "a\n\0b\nc\n", 7, "1:a|2:|3:c",
		"warning: f, line 2: text after null byte is ignored"},
	{"NUL before a comment sign", "a\n \0#\n b\nc\n", 11, "1:a |4:c",
		"warning: f, line 1: text after null byte is ignored"},
};

static void gather(struct conf_lines *lines, struct buf *to)
{
	const char *text;
	int number;

	while ((text = conf_lines_next(lines, &number)))
		buf_addf(to, "%s%d:%s", to->length ? "|" : "", number, text);
	conf_lines_close(lines);
}

static void check_text(const struct reading *reading)
{
	size_t length = reading->length ? reading->length : strlen(reading->file);
	struct buf found = BUF(0);

	gather(conf_lines_text("f", reading->file, length), &found);
	is_text(buf_text(&found), reading->lines, reading->name);
	is_text(heard(), reading->said, reading->name);
	buf_close(&found);
}

static void check_file(void)
{
	char directory[] = "/tmp/safemx-test-XXXXXX", path[64];
	struct buf found = BUF(0);
	int error = 0;
	FILE *file;

	if (mkdtemp(directory) == NULL)
		return (void)ok(false, "no directory for files");
	snprintf(path, sizeof path, "%s/file", directory);
	ok(conf_lines_open(path, &error) == NULL && error == ENOENT, "no file");
	ok(conf_lines_open(directory, &error) == NULL && error == EISDIR, "a directory");

	if ((file = fopen(path, "w"))) {
		for (int i = 0; i < 10000; i++)
			fprintf(file, "%d\n", i);
		fclose(file);
	}
	gather(conf_lines_open(path, &error), &found);
	ok(strncmp(buf_text(&found), "1:0|2:1|", 8) == 0, "the start of a large file");
	if (found.length < 11)
		return (void)ok(false, "too little was read");
	is_text(buf_text(&found) + found.length - 11, "|10000:9999", "and its end");
	buf_close(&found);
	unlink(path);
	rmdir(directory);
}

int main(void)
{
	heard_start();
	for (const struct reading *r = readings; r < readings + COUNT(readings); r++)
		check_text(r);
	check_file();
	conf_lines_close(NULL);
	heard_stop();
	return done();
}

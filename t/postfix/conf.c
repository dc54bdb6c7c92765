#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "postfix/conf.h"
#include "postfix/version.h"
#include "t/lib/child.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"

static char directory[] = "/tmp/safemx-test-XXXXXX";

/* Files of main.cf, and what smtp(8) of Postfix 3.7.11 made of [$a][$b], or its fatal text. */
static const struct parsing {
	const char *name, *file, *values, *error, *said;
} parsings[] = {
	{"simple", "a=1\nb = 2\n", "[1][2]", NULL, ""},
	{"white space around all", "a\t=   1  2\t \nb\n =\n  4 \r\n", "[1  2][4]", NULL, ""},
	{"empty value", "a=\nb = \n", "[][]", NULL, ""},
	{"no quotes, no comments", "a=\"x\" # y\nb=\\\n", "[\"x\" # y][\\]", NULL, ""},
	{"order does not matter", "a=$b\nb=1$c\nc=2\n", "[12][12]", NULL, ""},
	{"the last one wins", "a=1\nb=$a\na=2\n", "[2][2]", NULL,
		"warning: main.cf, line 3: overriding earlier entry: a=1"},
	{"no warning when they are the same", "a=1\na =\n 1\n", "[1][]", NULL, ""},
	{"any name goes", "foo-bar.x = 1\na=x$foo-bar.x\n", "[x-bar.x][]", NULL, ""},
	{"names have a case", "A=1\na=2\n", "[2][]", NULL, ""},
	{"more than one =", "a=b=c\n", "[b=c][]", NULL, ""},
	{"no =", "b=2\n\n\nx y z\n", NULL,
		"main.cf, line 4: missing '=' after attribute name: \"x y z\"", ""},
	{"no name", "b=2\n\n\n  # foo\n=x\n z\n", NULL,
		"main.cf, line 5: missing attribute name: \"=x z\"", ""},
	{"no name but a blank", "b=2\n= x\n z\n", NULL,
		"main.cf, line 2: missing attribute name: \"= x z\"", ""},
	{"not even a name", "a\nb=7\n", NULL,
		"main.cf, line 1: missing '=' after attribute name: \"a\"", ""},
	{"a broken value", "a=$-\n", NULL, "dictionary mail_dict: macro processing error",
		"warning: empty macro name: \"$-\""},
};

static void check_parsing(const struct parsing *parsing)
{
	struct conf conf = {.version = POSTFIX(3, 7)};
	const char *error, *values = NULL;

	error = conf_try_parse(&conf, "main.cf", parsing->file, strlen(parsing->file));
	if (error == NULL)
		error = conf_try_expand(&conf, "[$a][$b]", &values);
	is_text(values, parsing->values, parsing->name);
	is_text(error, parsing->error, parsing->name);
	is_text(heard(), parsing->said, parsing->name);
	conf_free(&conf);
}

static void check_options(void)
{
	static const struct {
		const char *text, *error;
	} wrong[] = {
		{"c", "invalid \"-o c\" option value: missing '=' after attribute name"},
		{"=b", "invalid \"-o =b\" option value: missing attribute name"},
		{"", "invalid \"-o \" option value: missing attribute name"},
		{" = b", "invalid \"-o  = b\" option value: missing attribute name"},
		{"{ a = b }",
			"invalid \"-o { a = b }\" option value: missing '=' after attribute name"},
	};
	struct conf conf = {.version = 0};

	for (size_t i = 0; i < COUNT(wrong); i++)
		is_text(conf_try_option(&conf, wrong[i].text), wrong[i].error, wrong[i].text);
	conf_set(&conf, "a", "old");
	ok(conf_try_option(&conf, " a = new value ") == NULL, "an option");
	is_text(conf_raw(&conf, "a"), "new value", "its value");
	ok(conf_try_option(&conf, "b={ y z }") == NULL && conf_try_option(&conf, "b={ $a }") == NULL,
		"options in braces");
	is_text(conf_expand(&conf, "$b"), "{ new value }", "the last one wins, braces stay");
	is_text(heard(), "", "nothing was said");
	ok(conf_raw(&conf, "c") == NULL, "not set");
	conf_free(&conf);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

/* A file of the test's directory that was changed SECONDS ago. */
static void put(const char *name, const char *text, int seconds)
{
	struct timeval changed[] = {{.tv_sec = time(NULL) - seconds},
		{.tv_sec = time(NULL) - seconds}};
	FILE *file = fopen(path_of(name), "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		okf(false, "cannot write %s", name);
	utimes(path_of(name), changed);
}

static const char *read_error(const char *name)
{
	static char text[256];
	struct conf conf = {.version = 0};
	const char *error = conf_try_read(&conf, name, NULL);

	snprintf(text, sizeof text, "%s", error ? error : "");
	conf_free(&conf);
	return text;
}

static void check_reading(void)
{
	struct conf conf = {.version = 0};
	char want[256];

	snprintf(want, sizeof want, "open %s/main.cf: No such file or directory", directory);
	is_text(read_error(directory), want, "no main.cf");
	mkdir(path_of("main.cf"), 0700);
	snprintf(want, sizeof want, "read %s/main.cf: Is a directory", directory);
	is_text(read_error(directory), want, "main.cf is a directory");
	rmdir(path_of("main.cf"));

	put("main.cf", "a=$config_directory\nconfig_directory=/else\n", 60);
	setenv("MAIL_CONFIG", directory, 1);
	conf_set(&conf, "z", "stays");
	ok(conf_try_read(&conf, NULL, "/nowhere") == NULL, "main.cf");
	is_text(conf.directory, directory, "MAIL_CONFIG");
	is_text(conf_expand(&conf, "$a $z"), "/else stays", "what was set, and what is overridden");
	snprintf(want, sizeof want,
		"warning: %s/main.cf, line 2: overriding earlier entry: config_directory=%s",
		directory, directory);
	is_text(heard(), want, "and a warning");
	conf_free(&conf);

	put("main.cf", "=\n", 60);
	snprintf(want, sizeof want, "%s/main.cf, line 1: missing attribute name: \"=\"", directory);
	is_text(read_error(NULL), want, "an error in main.cf");

	setenv("MAIL_CONFIG", "", 1);
	is_text(read_error(NULL), "open /main.cf: No such file or directory", "MAIL_CONFIG=");
	unsetenv("MAIL_CONFIG");
	conf_try_read(&conf, NULL, "/nowhere");
	is_text(conf.directory, "/nowhere", "no MAIL_CONFIG");
	conf_free(&conf);
}

/* A file that may still be changing is read until it is two seconds old, or in the future. */
static void check_changing(void)
{
	struct conf conf = {.version = 0};
	time_t until;

	put("main.cf", "a=1\na=2\n", -60);
	ok(conf_try_read(&conf, directory, NULL) == NULL, "main.cf");
	ok(strstr(heard(), "a=2") == NULL, "from the future: read once");

	put("main.cf", "a=1\na=2\n", 1);
	until = time(NULL) + 1;
	ok(conf_try_read(&conf, directory, NULL) == NULL, "main.cf");
	ok(time(NULL) >= until, "until it is old enough");
	ok(strstr(heard(), "a=1|") != NULL, "from a moment ago: read again");
	is_text(conf_raw(&conf, "a"), "2", "and right in the end");
	conf_free(&conf);
}

static void expand_nothing(void)
{
	struct conf conf = {.version = 0};

	conf_expand(&conf, "$");
}

static void check_fatal(void)
{
	struct child child = child_run(expand_nothing);

	is_number(child_exit(&child), 1, "a wrong value: exit status");
	ok(strstr(child.said, "fatal: dictionary mail_dict: macro processing error") != NULL,
		"a wrong value: fatal");
}

static const char master_cf[] = "# service type\n"
				"smtp inet n - y - - smtpd\n"
				"smtp unix - - y - - smtp\n"
				"relay unix\n"
				"   # inside\n"
				"   - - y - 20 smtp\n"
				"        -o syslog_name=postfix/$service_name\n"
				"free unix - - y - 0 smtp\n"
				"twice unix - - y - 1 smtp\n"
				"odd unix - - y - x smtp\n"
				"huge unix - - y - 99999999999 smtp\n"
				"short unix - - y -\n"
				"twice unix - - y - 2 smtp\n";

static void check_limit(void)
{
	put("master.cf", master_cf, 60);
	is_number(conf_process_limit(directory, "smtp", "unix"), -1, "limit: default");
	is_number(conf_process_limit(directory, "relay", "unix"), 20, "limit: a number");
	is_number(conf_process_limit(directory, "free", "unix"), 0, "limit: none");
	is_number(conf_process_limit(directory, "twice", "unix"), 2, "limit: the last line counts");
	is_number(conf_process_limit(directory, "relay", "inet"), -2, "limit: another type");
	is_number(conf_process_limit(directory, "rela", "unix"), -2, "limit: another name");
	is_number(conf_process_limit(directory, "odd", "unix"), -2, "limit: no number");
	is_number(conf_process_limit(directory, "huge", "unix"), -2, "limit: too large");
	is_number(conf_process_limit(directory, "short", "unix"), -2, "limit: no such column");
	is_number(conf_process_limit("/nowhere", "smtp", "unix"), -2, "limit: no file");
}

static void check_asking(void)
{
	struct conf defaults = {.version = 0};
	const char *error = NULL;
	char want[256];

	put("postconf",
		"#!/bin/sh\n[ \"$*\" = -d ] || exit 1\necho noise >&2\n"
		"echo 'mail_version = 3.7.11'\necho 'empty ='\necho 'b = x $c  y'\n",
		60);
	snprintf(want, sizeof want, "%s/postconf: Permission denied", directory);
	ok(!conf_ask_defaults(&defaults, path_of("postconf"), &error), "not executable");
	is_text(error, want, "why");
	chmod(path_of("postconf"), 0700);
	ok(conf_ask_defaults(&defaults, path_of("postconf"), &error), "asked");
	is_text(conf_raw(&defaults, "mail_version"), "3.7.11", "a version");
	is_text(conf_raw(&defaults, "empty"), "", "nothing");
	is_text(conf_raw(&defaults, "b"), "x $c  y", "raw");

	put("failing", "#!/bin/sh\necho 'mail_version = 4'; exit 1\n", 60);
	chmod(path_of("failing"), 0700);
	snprintf(want, sizeof want, "%s/failing: it failed", directory);
	ok(!conf_ask_defaults(&defaults, path_of("failing"), &error), "a failure");
	is_text(error, want, "why");
	is_text(conf_raw(&defaults, "mail_version"), "3.7.11", "as it was before");
	is_text(heard(), "", "nothing was said");
	conf_free(&defaults);
}

int main(void)
{
	check_fatal();
	heard_start();
	if (mkdtemp(directory) == NULL)
		return 99;
	for (const struct parsing *p = parsings; p < parsings + COUNT(parsings); p++)
		check_parsing(p);
	check_options();
	check_reading();
	check_changing();
	check_limit();
	check_asking();
	heard_stop();
	for (const char *const *name =
			(const char *[]){"main.cf", "master.cf", "postconf", "failing", NULL};
		*name; name++)
		unlink(path_of(*name));
	rmdir(directory);
	return done();
}

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "postfix/postlog.h"
#include "t/lib/child.h"
#include "t/lib/tap.h"
#include "util/clock.h"
#include "util/log.h"

static char folder[] = "/tmp/postlog.XXXXXX", path[64];
static struct postlog_options options = {
	.program = "smtp",
	.syslog_name = "postfix",
	.syslog_facility = "mail",
	.queue_directory = folder,
	.hostname = "h1.example.test",
	.maillog_file = "/var/log/mail.log",
	.maillog_file_prefixes = "/var, /dev/stdout",
	.service = "postlog",
	.main_cf = "/etc/postfix/main.cf",
};

/* postlogd(8) */
static int listen_at(const char *at)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const struct timeval limit = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	unlink(at);
	snprintf(name.sun_path, sizeof name.sun_path, "%s", at);
	if (bind(fd, (struct sockaddr *)&name, sizeof name) < 0)
		abort();
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	return fd;
}

/* The next datagram, with "[PID]" for this process's id. */
static const char *received(int fd)
{
	static char datagram[4096], text[4096];
	ssize_t length = recv(fd, datagram, sizeof datagram - 1, 0);
	const char *rest;
	char pid[32];

	datagram[length > 0 ? length : 0] = '\0';
	snprintf(pid, sizeof pid, "[%ld]", (long)getpid());
	rest = strstr(datagram, pid);
	if (rest == NULL)
		return datagram;
	snprintf(text, sizeof text, "%.*s[PID]%s", (int)(rest - datagram), datagram,
		rest + strlen(pid));
	return text;
}

static void log_a_line(void)
{
	log_info("nobody hears this");
}

static void test_datagrams(void)
{
	int fd = listen_at(path);
	struct child child;
	char line[3000];

	postlog_open(&options);
	log_info("300A0AD82AE: to=<x@y.test>");
	is_text(received(fd), "Nov 24 04:16:50 h1 postfix/smtp[PID]: 300A0AD82AE: to=<x@y.test>",
		"info");
	log_warning("w");
	is_text(received(fd), "Nov 24 04:16:50 h1 postfix/smtp[PID]: warning: w", "warning");
	log_error("e\n");
	is_text(received(fd), "Nov 24 04:16:50 h1 postfix/smtp[PID]: error: e?",
		"error, printable");
	clock_advance(1000);
	log_info("%s", "");
	is_text(received(fd), "Nov 24 04:16:51 h1 postfix/smtp[PID]: ", "a second later");
	clock_advance(8L * 86400 * 1000);
	log_info("x");
	is_text(received(fd), "Dec 02 04:16:51 h1 postfix/smtp[PID]: x", "a day of one digit");
	memset(line, 'y', sizeof line);
	log_info("%.*s", (int)sizeof line, line);
	is_number((long long)strlen(strchr(received(fd), ']') + 3), LOG_MOST, "cut");
	close(fd);
	child = child_run(log_a_line);
	is_number(child_exit(&child), 0, "postlogd is gone: the process goes on");
	is_text(child.said, "", "and says nothing elsewhere");
}

static void test_names(void)
{
	int fd = listen_at(path);
	struct postlog_options other = options;

	other.program = "lmtp";
	other.syslog_name = "postfix/relay";
	other.hostname = "alone";
	postlog_open(&other);
	log_info("x");
	is_text(received(fd), "Dec 02 04:16:51 alone postfix/relay/lmtp[PID]: x", "other names");
	close(fd);
}

static void test_environment(void)
{
	int fd = listen_at(path);

	setenv("POSTLOG_SERVICE", path, 1);
	setenv("POSTLOG_HOSTNAME", "h2.example.test", 1);
	setenv("MAIL_LOGTAG", "postfix-out", 1);
	postlog_start("smtp");
	log_info("x");
	is_text(received(fd), "Dec 02 04:16:51 h2 postfix-out/smtp[PID]: x", "what master says");
	unsetenv("POSTLOG_HOSTNAME");
	unsetenv("MAIL_LOGTAG");
	postlog_start("smtp");
	log_info("x");
	is_text(received(fd), "Dec 02 04:16:51 amnesiac postfix/smtp[PID]: x",
		"what it doesn't say");
	close(fd);
}

static void *write_many(void *fd UNUSED)
{
	for (int i = 0; i < 100; i++)
		log_info("line");
	return NULL;
}

/* Whole lines, whoever writes; and the second changes meanwhile. */
static void test_threads(void)
{
	int fd = listen_at(path), whole = 0;
	pthread_t threads[4];

	postlog_open(&options);
	clock_thaw();
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, write_many, NULL);
	for (int i = 0; i < 400; i++) {
		const char *line = received(fd);

		whole += strlen(line) > 20 && strstr(line, "]: line") && line[15] == ' ';
	}
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	is_number(whole, 400, "400 lines of 4 threads");
	close(fd);
}

static void open_options(void)
{
	postlog_open(&options);
	log_info("went on");
}

static const struct fatal {
	const char *name, *facility, *file, *prefixes, *says;
} fatals[] = {
	{"facility", "nosuch", "/var/x", "/var",
		"fatal: file /etc/postfix/main.cf: parameter syslog_facility: unrecognized value: "
		"nosuch"},
	{"facility in capitals", "MAIL", "", "/var",
		"fatal: file /etc/postfix/main.cf: parameter syslog_facility: unrecognized value: "
		"MAIL"},
	{"folder", "mail", "/etc/x", "/var, /dev/stdout",
		"fatal: maillog_file value '/etc/x' does not match any prefix in "
		"maillog_file_prefixes"},
	{"relative", "mail", "x", "/var",
		"fatal: maillog_file value 'x' does not match any prefix in maillog_file_prefixes"},
	{"no prefix", "mail", "/var/x", "",
		"fatal: maillog_file value '/var/x' does not match any prefix in "
		"maillog_file_prefixes"},
	{"the second prefix", "local3", "/tmp/x", "/var,/tmp", NULL},
};

static void test_fatal(void)
{
	const struct postlog_options before = options;
	int fd = listen_at(path);

	postlog_open(&options);
	for (const struct fatal *f = fatals; f < fatals + COUNT(fatals); f++) {
		struct child child;
		const char *line;

		options.syslog_facility = f->facility;
		options.maillog_file = f->file;
		options.maillog_file_prefixes = f->prefixes;
		child = child_run(open_options);
		line = strstr(received(fd), "]: ");
		is_number(child_exit(&child), f->says ? 1 : 0, f->name);
		is_text(line ? line + 3 : "", f->says ? f->says : "went on", f->name);
	}
	options = before;
	close(fd);
}

int main(void)
{
	setenv("TZ", "UTC0", 1);
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/public", folder);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/public/postlog", folder);
	clock_freeze(0, (struct timeval){.tv_sec = 1795493810});
	test_datagrams();
	test_names();
	test_environment();
	test_fatal();
	test_threads();
	unlink(path);
	snprintf(path, sizeof path, "%s/public", folder);
	rmdir(path);
	rmdir(folder);
	return done();
}

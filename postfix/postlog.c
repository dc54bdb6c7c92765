#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include "postfix/postlog.h"
#include "util/clock.h"
#include "util/list.h"
#include "util/log.h"
#include "util/net.h"
#include "util/text.h"

enum { STAMP_LENGTH = 15, ORIGIN_MOST = 512, PATH_LENGTH_MOST = 4096 }; /* bytes */

/* The log's sink, and so one of its statics. Only the time stamp changes once threads run. */
static struct {
	int fd;
	char origin[ORIGIN_MOST]; /* " host postfix/smtp[123]: " */
	pthread_mutex_t lock;     /* for what follows */
	time_t second;
	char stamp[32]; /* of this second: "Nov 24 04:16:50" */
} postlog = {.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER, .second = -1};

/* Local time is worked out once a second. */
static void stamp(char *to)
{
	time_t now = clock_wall().tv_sec;
	struct tm local;

	pthread_mutex_lock(&postlog.lock);
	if (now != postlog.second) {
		postlog.second = now;
		localtime_r(&now, &local);
		strftime(postlog.stamp, sizeof postlog.stamp, "%b %d %H:%M:%S", &local);
	}
	memcpy(to, postlog.stamp, STAMP_LENGTH);
	pthread_mutex_unlock(&postlog.lock);
}

/* One datagram, no newline. When postlogd(8) is not there the line is lost, as with Postfix. */
static void write_postlog(void *context UNUSED, enum log_severity severity UNUSED, const char *line,
	size_t length)
{
	char time[STAMP_LENGTH];
	struct iovec parts[] = {
		{.iov_base = time, .iov_len = sizeof time},
		{.iov_base = postlog.origin, .iov_len = strlen(postlog.origin)},
		{.iov_base = (void *)(uintptr_t)line, .iov_len = length},
	};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = COUNT(parts)};
	ssize_t sent;

	stamp(time);
	sent = sendmsg(postlog.fd, &message, MSG_NOSIGNAL);
	(void)sent; /* there is nobody to tell */
}

static void open_socket(const char *path, const char *hostname, const char *tag)
{
	if (postlog.fd >= 0)
		close(postlog.fd);
	postlog.fd = net_datagram_unix(path);
	snprintf(postlog.origin, sizeof postlog.origin,
		" %.*s %s[%ld]: ", (int)strcspn(hostname, "."), hostname, tag, (long)getpid());
	tzset(); /* before a chroot hides the time zones */
	log_open(&(struct log_sink){.write = write_postlog});
}

static const char *from_environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */

	return value && value[0] ? value : otherwise;
}

void postlog_start(const char *program)
{
	const char *service = from_environment("POSTLOG_SERVICE", NULL);
	char tag[ORIGIN_MOST];

	snprintf(tag, sizeof tag, "%s/%s", from_environment("MAIL_LOGTAG", "postfix"), program);
	if (service)
		open_socket(service, from_environment("POSTLOG_HOSTNAME", "amnesiac"), tag);
	else
		log_open_syslog(tag, LOG_MAIL);
}

/* syslog_facility, in lower case only. */
static int facility(const struct postlog_options *options)
{
	static const struct {
		const char *name;
		int facility;
	} facilities[] = {
		{"mail", LOG_MAIL},
		{"auth", LOG_AUTH},
		{"authpriv", LOG_AUTHPRIV},
		{"cron", LOG_CRON},
		{"daemon", LOG_DAEMON},
		{"ftp", LOG_FTP},
		{"kern", LOG_KERN},
		{"lpr", LOG_LPR},
		{"news", LOG_NEWS},
		{"syslog", LOG_SYSLOG},
		{"user", LOG_USER},
		{"uucp", LOG_UUCP},
		{"local0", LOG_LOCAL0},
		{"local1", LOG_LOCAL1},
		{"local2", LOG_LOCAL2},
		{"local3", LOG_LOCAL3},
		{"local4", LOG_LOCAL4},
		{"local5", LOG_LOCAL5},
		{"local6", LOG_LOCAL6},
		{"local7", LOG_LOCAL7},
	};

	for (size_t i = 0; i < COUNT(facilities); i++)
		if (strcmp(facilities[i].name, options->syslog_facility) == 0)
			return facilities[i].facility;
	log_fatal("file %s: parameter syslog_facility: unrecognized value: %s", options->main_cf,
		options->syslog_facility);
}

static void check_prefix(const struct postlog_options *options)
{
	struct pool pool = {0};
	struct list prefixes = {.pool = &pool};
	bool matches = false;

	list_split(&prefixes, options->maillog_file_prefixes, TEXT_LIST_SEPARATORS, false);
	for (size_t i = 0; i < prefixes.count; i++)
		matches = matches || text_starts(options->maillog_file, prefixes.items[i]);
	if (!matches)
		log_fatal("maillog_file value '%s' does not match any prefix in"
			  " maillog_file_prefixes",
			options->maillog_file);
	pool_free(&pool);
}

void postlog_open(const struct postlog_options *options)
{
	int syslog_facility = facility(options);
	char tag[ORIGIN_MOST], path[PATH_LENGTH_MOST];

	snprintf(tag, sizeof tag, "%s/%s", options->syslog_name, options->program);
	if (options->maillog_file[0] == '\0') {
		log_open_syslog(tag, syslog_facility);
		return;
	}
	check_prefix(options);
	snprintf(path, sizeof path, "%s/public/%s", options->queue_directory, options->service);
	open_socket(path, options->hostname, tag);
}

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include "util/log.h"
#include "util/text.h"

enum { WORD_MOST = 16, TAG_MOST = 255, NAME_MOST = 255 }; /* bytes */

static const struct {
	const char *word;
	int priority; /* Postfix has fatal and panic at LOG_CRIT */
} severities[] = {
	[LOG_SEVERITY_INFO] = {"", LOG_INFO},
	[LOG_SEVERITY_WARNING] = {"warning: ", LOG_WARNING},
	[LOG_SEVERITY_ERROR] = {"error: ", LOG_ERR},
	[LOG_SEVERITY_FATAL] = {"fatal: ", LOG_CRIT},
	[LOG_SEVERITY_PANIC] = {"panic: ", LOG_CRIT},
};

static void write_stderr(void *context UNUSED, enum log_severity severity UNUSED, const char *line,
	size_t length)
{
	struct iovec parts[] = {
		{.iov_base = (void *)(uintptr_t)line, .iov_len = length},
		{.iov_base = (char[]){'\n'}, .iov_len = 1},
	};
	ssize_t written = writev(STDERR_FILENO, parts, COUNT(parts));

	(void)written; /* there is nobody left to tell */
}

static void write_syslog(void *context UNUSED, enum log_severity severity, const char *line,
	size_t length UNUSED)
{
	syslog(severities[severity].priority, "%s", line);
}

/*
 * The log's state, the one exception from "no mutable statics": a line must be possible anywhere,
 * without passing a log to every function. Set at start, before the second thread.
 */
static struct log_sink sink = {.write = write_stderr};
static char syslog_name[NAME_MOST + 1]; /* openlog(3) keeps a pointer to it */
static atomic_bool allow_utf8, also_stderr;
static atomic_int verbose;
static _Thread_local char tag[TAG_MOST + 1];
static _Thread_local int verbose_here;

void log_open(const struct log_sink *new)
{
	sink = *new;
}

void log_open_syslog(const char *name, int facility)
{
	snprintf(syslog_name, sizeof syslog_name, "%s", name);
	openlog(syslog_name, LOG_PID | LOG_NDELAY, facility); /* now: a chroot may follow */
	sink = (struct log_sink){.write = write_syslog};
}

void log_allow_utf8(bool allow)
{
	allow_utf8 = allow;
}

void log_verbose(int level)
{
	verbose = level;
}

void log_verbose_here(int more)
{
	verbose_here += more;
}

bool log_is_verbose(void)
{
	return atomic_load_explicit(&verbose, memory_order_relaxed) + verbose_here > 0;
}

void log_also_stderr(bool also)
{
	also_stderr = also;
}

void log_tag(const char *new)
{
	snprintf(tag, sizeof tag, "%s", new ? new : "");
}

/* No allocation: it also reports that there is no memory. errno stays (%m works, too). */
PRINTF_LIKE(3, 0)
static void write_line(enum log_severity severity, const char *prefix, const char *format,
	va_list args)
{
	char line[WORD_MOST + LOG_MOST + 1], *text;
	int error = errno;
	size_t length, start;

	start = (size_t)snprintf(line, WORD_MOST, "%s", severities[severity].word);
	text = line + start;
	length = (size_t)snprintf(text, LOG_MOST + 1, "%s%s", prefix, *prefix ? ": " : "");
	errno = error;
	vsnprintf(text + length, LOG_MOST + 1 - length, format, args);
	length = strlen(text);
	text_printable(text, length, atomic_load_explicit(&allow_utf8, memory_order_relaxed));

	sink.write(sink.context, severity, line, start + length);
	if (atomic_load_explicit(&also_stderr, memory_order_relaxed) && sink.write != write_stderr)
		write_stderr(NULL, severity, line, start + length);
	errno = error;
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(LOG_SEVERITY_INFO, "", format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(LOG_SEVERITY_WARNING, "", format, args);
	va_end(args);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(LOG_SEVERITY_ERROR, "", format, args);
	va_end(args);
}

void log_tagged(enum log_severity severity, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(severity, tag, format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	if (!log_is_verbose())
		return;
	va_start(args, format);
	write_line(LOG_SEVERITY_INFO, tag, format, args);
	va_end(args);
}

/* Not exit(3): other threads may be using what its handlers would tear down. */
void log_fatal(const char *format, ...)
{
	const struct timespec second = {.tv_sec = 1};
	va_list args;

	va_start(args, format);
	write_line(LOG_SEVERITY_FATAL, "", format, args);
	va_end(args);
	nanosleep(&second, NULL);
	_exit(1);
}

void log_panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(LOG_SEVERITY_PANIC, "", format, args);
	va_end(args);
	abort();
}

#ifndef UTIL_LOG_H
#define UTIL_LOG_H
/*
 * log - one line to the sink, from any thread. Lines are made printable and cut at LOG_MOST bytes.
 * The tag is set once for a thread: the queue id of its delivery. log_tagged() puts it in front
 * ("QUEUEID: text"), as does log_debug(); log_info() and the others don't, as in Postfix.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/macros.h"

enum { LOG_MOST = 2000 }; /* bytes of text, severity words not counted */

enum log_severity {
	LOG_SEVERITY_INFO,
	LOG_SEVERITY_WARNING, /* "warning: " */
	LOG_SEVERITY_ERROR,   /* "error: " */
	LOG_SEVERITY_FATAL,   /* "fatal: " */
	LOG_SEVERITY_PANIC,   /* "panic: " */
};

/* Takes whole, printable, terminated lines with the severity words; must be thread-safe. */
struct log_sink {
	void (*write)(void *context, enum log_severity severity, const char *line, size_t length);
	void *context;
};

/* Where lines go from now on; before the first call: stderr. Not while other threads log. */
void log_open(const struct log_sink *sink);

/* syslog(3) with NAME ("postfix/smtp") and FACILITY (a LOG_ constant of syslog.h). */
void log_open_syslog(const char *name, int facility);

void log_allow_utf8(bool allow); /* keep well-formed UTF-8; default no */
void log_verbose(int level);     /* 0: log_debug() is silent; atomically */
void log_verbose_here(int more); /* in this thread, so much more (or less) than that */
bool log_is_verbose(void);
void log_also_stderr(bool also); /* -V */

/* This thread's tag; NULL or "" none. Copied (at most 255 bytes). */
void log_tag(const char *tag);

void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *format, ...) PRINTF_LIKE(1, 2);
void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
void log_tagged(enum log_severity severity, const char *format, ...) PRINTF_LIKE(2, 3);
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);

/* Logs, waits a second (so that a restart loop is slow), exits with status 1. */
void log_fatal(const char *format, ...) PRINTF_LIKE(1, 2) NORETURN;

/* Our own bug: logs, and aborts. */
void log_panic(const char *format, ...) PRINTF_LIKE(1, 2) NORETURN;

#endif

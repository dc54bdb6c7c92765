#ifndef POSTFIX_POSTLOG_H
#define POSTFIX_POSTLOG_H
/* postlog - the log sinks of Postfix: syslog or postlogd(8) (MAILLOG_README). */
#include <stdbool.h>

/* Before main.cf is read: by MAIL_LOGTAG, POSTLOG_SERVICE, POSTLOG_HOSTNAME. PROGRAM: "smtp". */
void postlog_start(const char *program);

struct postlog_options {
	const char *program; /* "smtp" or "lmtp": the log tag is always one of these */
	const char *syslog_name, *syslog_facility, *queue_directory, *hostname;
	const char *maillog_file;                    /* not empty: postlogd */
	const char *maillog_file_prefixes, *service; /* postlog_service_name */
	const char *main_cf; /* path, for the fatal text about the facility */
};

/* Once main.cf is known; before chroot. Fatal as Postfix words it. */
void postlog_open(const struct postlog_options *options);

#endif

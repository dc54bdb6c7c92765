/*
 * table_query - asks tables as smtp(8) does. Reads lines "TYPE:NAME TAB KEY" and writes one line
 * for each: "=VALUE", "-" for none, "!" for an error; what is logged goes to stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "util/log.h"
#include "postfix/table.h"
#include "postfix/version.h"

static void to_stderr(void *context, enum log_severity severity, const char *line, size_t length)
{
	(void)context;
	(void)severity;
	fprintf(stderr, "%.*s\n", (int)length, line);
}

static void answer(struct table_set *set, char *line)
{
	char *key = strchr(line, '\t');
	struct buf result = BUF(1 << 20);

	line[strcspn(line, "\n")] = '\0';
	if (key == NULL)
		return;
	*key++ = '\0';
	switch (table_find(table_open(set, line, TABLE_FOLD | TABLE_UTF8 | TABLE_LOCK), key,
		&result)) {
	case TABLE_FOUND:
		printf("=%s\n", buf_text(&result));
		break;
	case TABLE_NONE:
		puts("-");
		break;
	case TABLE_ERROR:
		puts("!");
		break;
	}
	buf_close(&result);
}

int main(void)
{
	const struct table_options options = {
		.utf8 = true,
		.version = POSTFIX(3, 7),
		.queue_directory = "/var/spool/postfix",
		.default_database_type = "hash",
		.proxymap_service = "proxymap",
		.ipc_timeout = 3600,
		.bdb_read_buffer = 131072,
		.socketmap_reply_most = 100000,
	};
	struct table_set *set;
	char *line = NULL;
	size_t room = 0;

	log_open(&(struct log_sink){.write = to_stderr});
	log_allow_utf8(true);
	set = table_set_new(&options);
	while (getline(&line, &room, stdin) >= 0)
		answer(set, line);
	free(line);
	table_set_free(set);
	return 0;
}

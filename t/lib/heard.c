#include "t/lib/heard.h"
#include "util/buf.h"
#include "util/log.h"

static struct buf lines, given;

static void hear(void *context UNUSED, enum log_severity severity UNUSED, const char *line,
	size_t length)
{
	if (lines.length > 0)
		buf_addc(&lines, '|');
	buf_add(&lines, line, length);
}

void heard_start(void)
{
	log_open(&(struct log_sink){.write = hear});
}

const char *heard(void)
{
	buf_clear(&given);
	buf_add(&given, buf_text(&lines), lines.length);
	buf_clear(&lines);
	return buf_text(&given);
}

void heard_stop(void)
{
	buf_close(&lines);
	buf_close(&given);
}

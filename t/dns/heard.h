#ifndef T_DNS_HEARD_H
#define T_DNS_HEARD_H
/* heard - log lines kept for a test to look at. */
#include <pthread.h>
#include "util/buf.h"
#include "util/log.h"
#include "util/macros.h"

struct heard {
	pthread_mutex_t lock;
	struct buf lines; /* each with LF */
};

static void heard_write(void *context, enum log_severity severity UNUSED, const char *line,
	size_t length)
{
	struct heard *heard = context;

	pthread_mutex_lock(&heard->lock);
	buf_add(&heard->lines, line, length);
	buf_addc(&heard->lines, '\n');
	pthread_mutex_unlock(&heard->lock);
}

static inline void heard_open(struct heard *heard)
{
	struct log_sink sink = {.write = heard_write, .context = heard};

	pthread_mutex_init(&heard->lock, NULL);
	log_open(&sink);
}

#endif

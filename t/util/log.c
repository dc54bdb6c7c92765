#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "t/lib/child.h"
#include "t/lib/tap.h"
#include "util/log.h"

/* What was logged last. */
struct seen {
	enum log_severity severity;
	char line[LOG_MOST + 100];
	size_t length;
	int count;
};

static void see(void *context, enum log_severity severity, const char *line, size_t length)
{
	struct seen *seen = context;

	seen->severity = severity;
	snprintf(seen->line, sizeof seen->line, "%s", line);
	seen->length = length;
	seen->count++;
}

static void check_words(struct seen *seen)
{
	log_info("%d recipients", 3);
	is_text(seen->line, "3 recipients", "info has no word");
	ok(seen->severity == LOG_SEVERITY_INFO, "its severity");
	is_number((long long)seen->length, 12, "its length");
	log_warning("w");
	is_text(seen->line, "warning: w", "a warning");
	ok(seen->severity == LOG_SEVERITY_WARNING, "its severity");
	log_error("e");
	is_text(seen->line, "error: e", "an error");
	ok(seen->severity == LOG_SEVERITY_ERROR, "its severity");
	log_info("%s", "");
	is_text(seen->line, "", "nothing");

	errno = ENOENT;
	log_info("%m");
	is_text(seen->line, strerror(ENOENT), "errno in a format");
	is_number(errno, ENOENT, "and afterwards");
}

static void check_tags(struct seen *seen)
{
	char large[400];

	log_tagged(LOG_SEVERITY_INFO, "x");
	is_text(seen->line, "x", "no tag yet");
	log_tag("4B1");
	log_tagged(LOG_SEVERITY_INFO, "x");
	is_text(seen->line, "4B1: x", "the tag");
	log_tagged(LOG_SEVERITY_WARNING, "x");
	is_text(seen->line, "warning: 4B1: x", "behind the word");
	log_info("x");
	is_text(seen->line, "x", "info has no tag");

	memset(large, 't', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	log_tag(large);
	log_tagged(LOG_SEVERITY_INFO, "x");
	is_number((long long)seen->length, 255 + 3, "a long tag is cut");
	log_tag("");
	log_tagged(LOG_SEVERITY_INFO, "x");
	is_text(seen->line, "x", "no tag");
	log_tag("A");
	log_tag(NULL);
	log_tagged(LOG_SEVERITY_INFO, "x");
	is_text(seen->line, "x", "no tag, neither");
}

static void check_debug(struct seen *seen)
{
	int before = seen->count;

	log_tag("A");
	log_debug("x");
	ok(seen->count == before && !log_is_verbose(), "debug is silent");
	log_verbose(1);
	log_debug("x");
	is_text(seen->line, "A: x", "verbose, it is not");
	ok(log_is_verbose(), "verbose");
	log_verbose(0);
	log_debug("y");
	is_text(seen->line, "A: x", "silent again");
	log_verbose_here(2);
	log_debug("z");
	is_text(seen->line, "A: z", "verbose in this thread");
	log_verbose_here(-2);
	ok(!log_is_verbose(), "and silent again");
	log_tag(NULL);
}

static void check_content(struct seen *seen)
{
	char large[LOG_MOST + 50];

	log_info("a\r\nb\033[2J\xE2\x82\xAC");
	is_text(seen->line, "a??b?[2J???", "printable");
	log_allow_utf8(true);
	log_info("a\n\xE2\x82\xAC\xE2\x82");
	is_text(seen->line, "a?\xE2\x82\xAC??", "with UTF-8");

	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	log_info("%s", large);
	is_number((long long)seen->length, LOG_MOST, "cut");
	log_warning("%s", large);
	is_number((long long)seen->length, LOG_MOST + 9, "its word is not counted");
	memcpy(large + LOG_MOST - 2, "\xE2\x82\xAC", 3);
	log_info("%s", large);
	is_text(seen->line + LOG_MOST - 3, "x??", "cut inside of UTF-8");
	log_allow_utf8(false);
}

/* A thread's tag is its own. */
static void *tagged(void *context)
{
	pthread_barrier_t *barrier = context;

	log_tag("THREAD");
	pthread_barrier_wait(barrier);
	pthread_barrier_wait(barrier);
	return NULL;
}

static void check_threads(struct seen *seen)
{
	pthread_barrier_t barrier;
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	log_tag("MAIN");
	pthread_create(&thread, NULL, tagged, &barrier);
	pthread_barrier_wait(&barrier);
	log_tagged(LOG_SEVERITY_INFO, "x");
	is_text(seen->line, "MAIN: x", "another thread has another tag");
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
	log_tag(NULL);
}

static void fatal(void)
{
	log_fatal("no %s", "way");
}

static void panic(void)
{
	log_panic("a bug");
}

static void also_stderr(void)
{
	struct seen seen = {.count = 0};
	struct log_sink sink = {see, &seen};

	log_open(&sink);
	log_info("once");
	log_also_stderr(true);
	log_warning("twice");
}

int main(void)
{
	struct seen seen = {.count = 0};
	struct log_sink sink = {see, &seen};
	struct timespec start, end;
	struct child child;

	clock_gettime(CLOCK_MONOTONIC, &start);
	child = child_run(fatal);
	is_number(child_exit(&child), 1, "fatal exits");
	clock_gettime(CLOCK_MONOTONIC, &end);
	ok(end.tv_sec > start.tv_sec, "not at once");
	is_text(child.said, "fatal: no way\n", "it says why");
	child = child_run(panic);
	is_number(child_exit(&child), -SIGABRT, "panic aborts");
	is_text(child.said, "panic: a bug\n", "it says why");
	child = child_run(also_stderr);
	child_exit(&child);
	is_text(child.said, "warning: twice\n", "standard error, too");

	log_open(&sink);
	check_words(&seen);
	check_tags(&seen);
	check_debug(&seen);
	check_content(&seen);
	check_threads(&seen);
	return done();
}

#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "postfix/conf.h"
#include "postfix/expand.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/text.h"

void conf_set(struct conf *conf, const char *name, const char *value)
{
	if (conf->values == NULL)
		conf->values = map_new();
	map_put(conf->values, name, pool_text(&conf->pool, value));
}

const char *conf_raw(const struct conf *conf, const char *name)
{
	return conf->values ? map_get(conf->values, name) : NULL;
}

void conf_free(struct conf *conf)
{
	map_free(conf->values, NULL);
	pool_free(&conf->pool);
	*conf = (struct conf){.values = NULL};
}

/* Splits "name = value". NULL, or what is missing. */
static const char *split(struct pool *pool, const char *text, const char **name, const char **value)
{
	size_t length;

	text += strspn(text, TEXT_SPACE);
	length = strcspn(text, "=" TEXT_SPACE);
	if (length == 0)
		return "missing attribute name";
	*name = pool_bytes(pool, text, length);
	text += length + strspn(text + length, TEXT_SPACE);
	if (*text != '=')
		return "missing '=' after attribute name";
	*value = text_trim(pool, text + 1);
	return NULL;
}

static const char *entry(struct conf *conf, const char *path, int line_number, const char *text)
{
	const char *name, *value, *old;
	const char *missing = split(&conf->pool, text, &name, &value);

	if (missing)
		return pool_format(&conf->pool, "%s, line %d: %s: \"%s\"", path, line_number,
			missing, text);
	old = conf_raw(conf, name);
	if (old && strcmp(old, value) != 0)
		log_warning("%s, line %d: overriding earlier entry: %s=%s", path, line_number, name,
			old);
	conf_set(conf, name, value);
	return NULL;
}

/* Closes LINES. */
static const char *entries(struct conf *conf, const char *path, struct conf_lines *lines)
{
	const char *text, *error = NULL;
	int number;

	while (error == NULL && (text = conf_lines_next(lines, &number)))
		error = entry(conf, path, number, text);
	conf_lines_close(lines);
	return error;
}

const char *conf_try_parse(struct conf *conf, const char *path, const char *data, size_t length)
{
	return entries(conf, path, conf_lines_text(path, data, length));
}

const char *conf_try_file(struct conf *conf, const char *path)
{
	int error;
	struct conf_lines *lines = conf_lines_open(path, &error);

	if (lines)
		return entries(conf, path, lines);
	return pool_format(&conf->pool, "open %s: %s", path, text_errno(&conf->pool, error));
}

const char *conf_try_option(struct conf *conf, const char *text)
{
	const char *name, *value;
	const char *missing = split(&conf->pool, text, &name, &value);

	if (missing)
		return pool_format(&conf->pool, "invalid \"-o %s\" option value: %s", text,
			missing);
	conf_set(conf, name, value);
	return NULL;
}

static const char *trouble(struct conf *conf, const char *doing, const char *path)
{
	return pool_format(&conf->pool, "%s %s: %s", doing, path, text_errno(&conf->pool, errno));
}

/* Reads PATH into TO, and when it was changed. NULL, or the fatal text. */
static const char *load(struct conf *conf, const char *path, struct buf *to, time_t *changed)
{
	enum { PIECE = 16384 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *error = NULL;
	struct stat status = {.st_mtime = 0};
	ssize_t got;

	if (fd < 0)
		return trouble(conf, "open", path);
	buf_clear(to);
	while ((got = read(fd, buf_reserve(to, PIECE), PIECE)) > 0)
		to->length += (size_t)got;
	if (got < 0 || fstat(fd, &status) < 0)
		error = trouble(conf, "read", path);
	*changed = status.st_mtime;
	close(fd);
	return error;
}

/*
 * A file that was changed a moment ago may still be changing, so it is read again until that is
 * past, each time into the same dictionary, as Postfix does.
 */
static const char *load_settled(struct conf *conf, const char *path)
{
	enum { PAUSE = 300 }; /* ms */
	struct buf file = BUF(0);
	time_t started, changed = 0;
	const char *error;
	bool settled;

	do {
		started = time(NULL);
		error = load(conf, path, &file, &changed);
		if (error == NULL)
			error = conf_try_parse(conf, path, buf_text(&file), file.length);
		settled = error || changed < started - 1 || changed > time(NULL);
		if (!settled)
			poll(NULL, 0, PAUSE);
	} while (!settled);
	buf_close(&file);
	return error;
}

const char *conf_try_read(struct conf *conf, const char *directory, const char *fallback)
{
	if (directory == NULL)
		directory = getenv("MAIL_CONFIG"); /* NOLINT(concurrency-mt-unsafe): one thread */
	conf->directory = pool_text(&conf->pool, directory ? directory : fallback);
	conf_set(conf, "config_directory", conf->directory);
	return load_settled(conf, pool_format(&conf->pool, "%s/main.cf", conf->directory));
}

static const char *value_of(const void *context, const char *name)
{
	return conf_raw(context, name);
}

const char *conf_try_expand(struct conf *conf, const char *text, const char **value)
{
	const struct expander expander = {
		.value = value_of,
		.context = conf,
		.version = conf->version,
		.pool = &conf->pool,
	};
	const char *error = NULL, *expanded = expand(&expander, text, &error);

	if (expanded)
		*value = expanded;
	return error;
}

const char *conf_expand(struct conf *conf, const char *text)
{
	const char *value = "", *error = conf_try_expand(conf, text, &value);

	if (error)
		log_fatal("%s", error);
	return value;
}

enum { LIMIT_DEFAULT = -1, LIMIT_NONE = -2 }; /* what conf_process_limit() says without a number */

/* Column 7 of a line of master.cf that is for NAME and TYPE; otherwise FOUND. */
static int column(const char *line, const char *name, const char *type, int found)
{
	enum { NAME, TYPE, PRIVATE, UNPRIVILEGED, CHROOT, WAKEUP, LIMIT, COLUMNS };
	struct pool pool = {0};
	const char *columns[COLUMNS];
	long long number;
	size_t count = 0;

	while (count < COLUMNS
		&& (columns[count] = text_token(&pool, &line, TEXT_SPACE, false)) != NULL)
		count++;
	if (count == COLUMNS && strcmp(columns[NAME], name) == 0
		&& strcmp(columns[TYPE], type) == 0) {
		if (strcmp(columns[LIMIT], "-") == 0)
			found = LIMIT_DEFAULT;
		else if (text_number(columns[LIMIT], 0, 0x7fffffff, &number))
			found = (int)number;
	}
	pool_free(&pool);
	return found;
}

int conf_process_limit(const char *directory, const char *name, const char *type)
{
	struct pool pool = {0};
	const char *line, *path = pool_format(&pool, "%s/master.cf", directory);
	int error, found = LIMIT_NONE;
	struct conf_lines *lines = conf_lines_open(path, &error);

	while (lines && (line = conf_lines_next(lines, NULL)))
		found = column(line, name, type, found); /* the last one counts */
	conf_lines_close(lines);
	pool_free(&pool);
	return found;
}

/* Runs "PROGRAM -d" with its output into TO. False: errno, or 0 when it failed by itself. */
static bool run_postconf(const char *program, struct buf *to)
{
	enum { PIECE = 16384 };
	char *const arguments[] = {(char[]){"postconf"}, (char[]){"-d"}, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], status = -1;
	ssize_t got;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	errno = posix_spawn(&child, program, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (errno == 0) {
		while ((got = read(ends[0], buf_reserve(to, PIECE), PIECE)) > 0
			|| (got < 0 && errno == EINTR))
			to->length += got > 0 ? (size_t)got : 0;
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			continue;
		errno = 0;
	}
	close(ends[0]);
	return status == 0;
}

bool conf_ask_defaults(struct conf *defaults, const char *postconf, const char **error)
{
	struct buf output = BUF(0);
	bool ran = run_postconf(postconf, &output);

	if (!ran)
		*error = pool_format(&defaults->pool, "%s: %s", postconf,
			errno ? text_errno(&defaults->pool, errno) : "it failed");
	else
		*error = conf_try_parse(defaults, postconf, buf_text(&output), output.length);
	buf_close(&output);
	return ran && *error == NULL;
}

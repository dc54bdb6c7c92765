#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"
#include "postfix/table_file.h"
#include "postfix/version.h"

/* Locks of the process would end for all threads when one unlocks. */
#ifdef F_OFD_SETLK
#define SET_LOCK F_OFD_SETLK
#else
#define SET_LOCK F_SETLK
#endif

enum {
	RECENT = 100,  /* seconds: a source that is being edited is not complained about */
	RETRY_MS = 20, /* between two tries for a lock */
};

static bool set_lock(const struct table_file *file, bool on)
{
	struct flock range = {.l_type = on ? F_RDLCK : F_UNLCK, .l_whence = SEEK_SET};

	if (file->lock == TABLE_FILE_FREE)
		return true;
	if (file->lock == TABLE_FILE_FLOCK)
		return flock(file->fd, on ? LOCK_SH | LOCK_NB : LOCK_UN) == 0;
	return fcntl(file->fd, SET_LOCK, &range) == 0;
}

static bool is_taken(int error)
{
	return error == EWOULDBLOCK || error == EAGAIN || error == EACCES || error == EINTR;
}

bool table_file_lock(const struct table_file *file)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
	int64_t end = clock_ms() + (int64_t)file->patience * 1000;

	while (!set_lock(file, true)) {
		if (!is_taken(errno))
			return false;
		if (file->patience > 0 && clock_ms() >= end) {
			errno = ETIMEDOUT;
			return false;
		}
		nanosleep(&pause, NULL);
	}
	return true;
}

void table_file_unlock(const struct table_file *file)
{
	set_lock(file, false);
}

static void compare_with_source(const struct table_file *file, const char *source)
{
	struct stat status;

	if (stat(source, &status) == 0 && status.st_mtime > file->opened.st_mtime
		&& status.st_mtime < clock_wall().tv_sec - RECENT)
		log_warning("database %s is older than source file %s", file->path, source);
}

bool table_file_open(struct table_file *file, const struct table *table, const char *name,
	const char *suffix, enum table_file_lock lock, struct buf *why)
{
	struct pool *pool = table_pool(table);

	*file = (struct table_file){
		.path = pool_format(pool, "%s%s", name, suffix),
		.lock = lock,
		.patience = table->options->ipc_timeout,
		.timed = lock != TABLE_FILE_FCNTL,
	};
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return table_refuse(why, "open database %s: %s", file->path,
			text_errno(pool, errno));
	if (!table_file_lock(file) || fstat(file->fd, &file->opened) < 0) {
		table_refuse(why, "lock database %s: %s", file->path, text_errno(pool, errno));
		table_file_close(file);
		return false;
	}
	if (table->options->version >= POSTFIX(3, 9) && file->opened.st_mtime <= 0)
		file->timed = false;
	compare_with_source(file, name);
	return true;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool table_file_changed(const struct table_file *file)
{
	struct stat now;

	if (fstat(file->fd, &now) < 0)
		return false;
	return now.st_nlink == 0
		|| (file->timed && !same_time(&now.st_mtim, &file->opened.st_mtim));
}

void table_file_close(struct table_file *file)
{
	close(file->fd);
}

enum { NUL_EITHER, NUL_WITH, NUL_WITHOUT };

enum table_answer table_nul_find(struct table_nul *nul, const char *key, struct buf *answer,
	enum table_answer (*get)(void *context, const void *key, size_t length, struct buf *answer),
	void *context)
{
	int is = atomic_load(&nul->is);
	enum table_answer found = TABLE_NONE;

	if (is != NUL_WITHOUT) {
		found = get(context, key, strlen(key) + 1, answer);
		if (found == TABLE_FOUND && is == NUL_EITHER)
			atomic_store(&nul->is, NUL_WITH);
	}
	if (is != NUL_WITH && found == TABLE_NONE) {
		found = get(context, key, strlen(key), answer);
		if (found == TABLE_FOUND && is == NUL_EITHER)
			atomic_store(&nul->is, NUL_WITHOUT);
	}
	return found;
}

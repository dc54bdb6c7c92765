#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "postfix/queuefile.h"
#include "util/list.h"
#include "util/log.h"
#include "util/text.h"

enum {
	NAME_LENGTH_MOST = 100, /* of a queue */
	ID_LENGTH_MOST = 255,
	BUFFER_LEAST = 512,
	BUFFER_MOST = 65536,
	LENGTH_BYTES = 5, /* of a record's length field, at most */
	HEADER_MOST = 1 + LENGTH_BYTES,
	POINTER_MOST = 100, /* bytes of a pointer record; they are 15 */
	BACK_JUMPS_MOST = 10000,
};

/* What Postfix calls the record types of no byte, in its warnings. */
enum { TYPE_EOF = -1, TYPE_ERROR = -2, TYPE_IO_ERROR = -3 };

struct queuefile {
	int fd;
	const char *path, *id;
	struct pool *pool;
	off_t size;  /* nothing is appended while a message is active */
	char *bytes; /* what was read last: HAVE bytes of the file from START on */
	size_t room, have;
	off_t start;
	size_t at;        /* the next byte to look at */
	size_t left;      /* of a record that is given in pieces */
	enum record kind; /* its */
	int back_jumps;
};

static const char alphanumerics[] =
	"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

bool queuefile_good_name(const char *queue_name)
{
	size_t length = strspn(queue_name, alphanumerics);

	return length > 0 && length <= NAME_LENGTH_MOST && queue_name[length] == '\0'
		&& strchr(queue_name, '_') == NULL;
}

bool queuefile_good_id(const char *queue_id)
{
	size_t length = strspn(queue_id, alphanumerics);

	return length > 0 && length <= ID_LENGTH_MOST && queue_id[length] == '\0';
}

/*
 * Long queue ids (enable_long_queue_ids): seconds in base 52, four digits of microseconds, 'z', the
 * inode number in base 51. Files are hashed by the microseconds in hexadecimal, which spread well.
 * False: a short id.
 */
static bool microseconds(const char *id, unsigned *number)
{
	static const char digits[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
	const char *z = strrchr(id, 'z');
	unsigned value = 0;

	if (z == NULL || z - id < 10)
		return false;
	for (const char *c = z - 4; c < z; c++) {
		const char *digit = strchr(digits, *c);

		if (digit == NULL)
			return false;
		value = value * 52 + (unsigned)(digit - digits);
	}
	*number = value;
	return true;
}

/* "3/F/" for DEPTH 2: the first characters of ID, or '_' where it has no more. */
static const char *hash_directories(struct pool *pool, const char *id, size_t depth)
{
	char *path = pool_alloc(pool, 2 * depth + 1);
	unsigned number;

	if (microseconds(id, &number))
		id = pool_format(pool, "%05X", number);
	for (size_t i = 0; i < depth; i++) {
		path[2 * i] = *id ? *id++ : '_';
		path[2 * i + 1] = '/';
	}
	return path;
}

const char *queuefile_path(struct pool *pool, const struct queuefile_options *options,
	const char *queue_name, const char *queue_id)
{
	struct list hashed = {.pool = pool};
	const char *directories = "";

	list_split(&hashed, options->hash_queue_names, TEXT_LIST_SEPARATORS, false);
	if (list_has_any_case(&hashed, queue_name) && options->hash_queue_depth > 0)
		directories = hash_directories(pool, queue_id, (size_t)options->hash_queue_depth);
	return pool_format(pool, "%s/%s%s", queue_name, directories, queue_id);
}

/* Is it a file, and ours? The lock tells qmgr(8) that the message is still being delivered. */
static bool take(struct queuefile *file)
{
	struct stat status;

	if (fstat(file->fd, &status) < 0)
		log_warning("fstat %s: %s", file->path, text_errno(file->pool, errno));
	else if (!S_ISREG(status.st_mode))
		log_warning("%s: uid %lu: not a regular file", file->path,
			(unsigned long)status.st_uid);
	else if (flock(file->fd, LOCK_SH | LOCK_NB) < 0)
		log_warning("shared lock %s: %s", file->path, text_errno(file->pool, errno));
	else {
		file->size = status.st_size;
		return true;
	}
	return false;
}

struct queuefile *queuefile_open(struct pool *pool, const struct queuefile_options *options,
	const char *queue_name, const char *queue_id)
{
	struct queuefile *file = POOL_NEW(pool, struct queuefile);

	file->pool = pool;
	file->path = queuefile_path(pool, options, queue_name, queue_id);
	file->id = pool_text(pool, queue_id);
	file->fd = open(file->path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (file->fd < 0) {
		log_warning("open %s %s: %s", queue_name, queue_id, text_errno(pool, errno));
		return NULL;
	}
	if (take(file))
		return file;
	close(file->fd);
	return NULL;
}

/* The next byte to look at is the one at OFFSET of the file. */
static void seek(struct queuefile *file, off_t offset)
{
	if (offset >= file->start && offset <= file->start + (off_t)file->have) {
		file->at = (size_t)(offset - file->start);
		return;
	}
	file->start = offset;
	file->have = file->at = 0;
}

static off_t position(const struct queuefile *file)
{
	return file->start + (off_t)file->at;
}

/*
 * A message smaller than the buffer is read at once, and takes only the memory it needs; a large
 * one goes in pieces of 64 kB.
 */
static void make_buffer(struct queuefile *file)
{
	off_t left = file->size - file->start;

	file->room = left < BUFFER_LEAST ? BUFFER_LEAST
		: left > BUFFER_MOST     ? BUFFER_MOST
					 : (size_t)left;
	file->bytes = pool_alloc(file->pool, file->room);
}

/* Reads what the buffer has room for. -1: errno. */
static ssize_t fill(struct queuefile *file)
{
	ssize_t got;

	if (file->bytes == NULL)
		make_buffer(file);
	if (file->at > 0)
		memmove(file->bytes, file->bytes + file->at, file->have - file->at);
	file->have -= file->at;
	file->start += (off_t)file->at;
	file->at = 0;
	do
		got = pread(file->fd, file->bytes + file->have, file->room - file->have,
			file->start + (off_t)file->have);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		file->have += (size_t)got;
	return got;
}

/* How many of the next LENGTH bytes (at most the buffer's room) are there. -1: errno. */
static ssize_t look(struct queuefile *file, size_t length)
{
	while (file->have - file->at < length && file->start + (off_t)file->have < file->size) {
		ssize_t got = fill(file);

		if (got < 0)
			return -1;
		if (got == 0) /* shorter than it was */
			break;
	}
	return file->have - file->at < length ? (ssize_t)(file->have - file->at) : (ssize_t)length;
}

static int broken(const struct queuefile *file, const char *what, int type)
{
	log_warning("%s: %s, record type %d", file->path, what, type);
	return TYPE_ERROR;
}

/*
 *   length = *4( %x80-FF ) %x00-7F    ; 7 bits in each, the least significant first
 *
 * From AT on, of which THERE bytes are there. Returns how many it takes; 0: *what is wrong.
 */
static size_t parse_length(const char *at, size_t there, uint64_t *length, const char **what)
{
	*length = 0;
	for (size_t i = 0; i < LENGTH_BYTES; i++) {
		if (i == there) {
			*what = "unexpected EOF reading length";
			return 0;
		}
		*length |= (uint64_t)(at[i] & 0x7f) << (7 * i);
		if ((at[i] & 0x80) == 0)
			return i + 1;
	}
	*what = "too many length bits";
	return 0;
}

/*
 *   record = type length data
 *
 * The type, and the LENGTH of the data, which is next; or TYPE_EOF and so on.
 */
static int read_header(struct queuefile *file, size_t *length)
{
	ssize_t there = look(file, HEADER_MOST);
	const char *at, *what;
	uint64_t number;
	size_t used;
	int type;

	if (there <= 0)
		return there < 0 ? TYPE_IO_ERROR : TYPE_EOF;
	at = file->bytes + file->at;
	type = (unsigned char)*at;
	used = parse_length(at + 1, (size_t)there - 1, &number, &what);
	if (used == 0)
		return broken(file, what, type);
	file->at += 1 + used;
	if (number > INT_MAX) {
		log_warning("%s: illegal length %d, record type %d", file->path,
			(int)(uint32_t)number, type);
		return TYPE_ERROR;
	}
	if ((off_t)number > file->size - position(file)) {
		log_warning("%s: unexpected EOF in data, record type %d length %d", file->path,
			type, (int)number);
		return TYPE_ERROR;
	}
	*length = (size_t)number;
	return type;
}

/* As Postfix reads numbers: spaces may come first, and nothing at all is 0. */
static bool pointer_value(const char *text, off_t *target)
{
	long long number;

	if (*text == '\0')
		number = 0;
	else if (!text_number(text, 0, LLONG_MAX, &number))
		return false;
	*target = (off_t)number;
	return true;
}

/*
 * A pointer record (p) is a jump: Milters have edited the message, and the text goes on elsewhere;
 * 0 is "here". The number of jumps back is limited, so that no message is endless. TYPE_ERROR: it
 * was warned about.
 */
static int follow(struct queuefile *file, size_t length)
{
	ssize_t there = look(file, length <= POINTER_MOST ? length : POINTER_MOST);
	char value[POINTER_MOST + 1] = "";
	const char *text = value;
	off_t target, here;

	if (there < 0)
		return TYPE_IO_ERROR;
	memcpy(value, file->bytes + file->at, (size_t)there);
	text += strspn(text, " ");
	if ((size_t)there < length || !pointer_value(text, &target)) {
		log_warning("%s: malformed pointer record value: %s", file->path, text);
		return TYPE_ERROR;
	}
	file->at += length;
	here = position(file);
	if (target > 0 && target < here && ++file->back_jumps > BACK_JUMPS_MOST) {
		log_warning("%s: too many reverse jump records", file->path);
		return TYPE_ERROR;
	}
	if (target > 0)
		seek(file, target);
	return 'p';
}

static enum record bad(struct queuefile *file, int type)
{
	if (type == TYPE_IO_ERROR) {
		log_warning("%s: queue file read error: %s", file->id,
			text_errno(file->pool, errno));
		return RECORD_ERROR;
	}
	log_warning("%s: bad record type: %d in message content", file->id, type);
	return RECORD_BAD;
}

/*
 * As much of the record that is being read as the buffer holds. A record that is larger is given as
 * several parts of a line, which come to the same thing.
 */
static enum record give(struct queuefile *file, const char **data, size_t *length)
{
	size_t wanted = file->left < file->room ? file->left : file->room;
	ssize_t there = look(file, wanted);

	if (there < 0 || (size_t)there < wanted)
		return bad(file, there < 0 ? TYPE_IO_ERROR : TYPE_EOF);
	*data = file->bytes + file->at;
	*length = wanted;
	file->at += wanted;
	file->left -= wanted;
	return file->left > 0 ? RECORD_PART : file->kind;
}

void queuefile_rewind(struct queuefile *file, off_t offset)
{
	seek(file, offset);
	file->left = 0;
	file->back_jumps = 0;
}

enum record queuefile_next(struct queuefile *file, const char **data, size_t *length)
{
	size_t size = 0;
	int type;

	while (file->left == 0) {
		type = read_header(file, &size);
		if (type == 'p')
			type = follow(file, size);
		if (type == 'X')
			return RECORD_END;
		if (type == 'N' || type == 'L') {
			file->kind = type == 'N' ? RECORD_LINE : RECORD_PART;
			file->left = size;
			break;
		}
		if (type == 'w')
			seek(file, position(file) + (off_t)size);
		else if (type != 'p')
			return bad(file, type);
	}
	return give(file, data, length);
}

bool queuefile_done(struct queuefile *file, off_t offset)
{
	ssize_t written;

	if (offset <= 0)
		return true;
	do
		written = pwrite(file->fd, "D", 1, offset);
	while (written < 0 && errno == EINTR);
	return written == 1;
}

void queuefile_corrupt(struct queuefile *file)
{
	log_warning("corrupted queue file: %s", file->path);
	if (fchmod(file->fd, S_IRUSR) < 0)
		log_warning("chmod %s: %s", file->path, text_errno(file->pool, errno));
}

void queuefile_close(struct queuefile *file)
{
	if (file)
		close(file->fd);
}

#include "config.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "postfix/master.h"
#include "postfix/slots.h"
#include "util/log.h"
#include "util/text.h"

enum { PASSWD_ROOM = 16384 };

/* Options, as getopt(3) takes them: letters in one word, values behind their letter or next. */
struct cursor {
	char **words;
	int count, index;
	const char *letters; /* the rest of an option word */
};

/* The next letter, 0 if there are no more options. *value: NULL unless it is a letter of VALUED. */
static int next_option(struct cursor *cursor, const char *valued, const char **value)
{
	const char *word = cursor->index < cursor->count ? cursor->words[cursor->index] : "";
	int letter;

	if (cursor->letters == NULL || *cursor->letters == '\0') {
		if (word[0] != '-' || word[1] == '\0')
			return 0;
		cursor->index++;
		if (strcmp(word, "--") == 0)
			return 0;
		cursor->letters = word + 1;
	}
	letter = (unsigned char)*cursor->letters++;
	*value = NULL;
	if (strchr(valued, letter) == NULL)
		return letter;
	if (*cursor->letters)
		*value = cursor->letters;
	else if (cursor->index < cursor->count)
		*value = cursor->words[cursor->index++];
	else
		log_fatal("invalid option: %c", letter);
	cursor->letters = NULL;
	return letter;
}

static int number(const char *text, const char *what)
{
	long long value;

	if (!text_number(text, 1, 1000000, &value))
		log_fatal("invalid %s: %s", what, text);
	return (int)value;
}

static void set(struct master_args *args, struct pool *pool, const char *name, const char *value)
{
	list_add(&args->settings, pool_format(pool, "%s=%s", name, value));
}

static void flag(struct master_args *args, int letter)
{
	static const struct {
		char letter;
		size_t at;
	} flags[] = {
		{'c', offsetof(struct master_args, chroot)},
		{'d', offsetof(struct master_args, foreground)},
		{'D', offsetof(struct master_args, debugger)},
		{'l', offsetof(struct master_args, single)},
		{'S', offsetof(struct master_args, stream)},
		{'u', offsetof(struct master_args, unprivileged)},
		{'V', offsetof(struct master_args, also_stderr)},
		{'z', offsetof(struct master_args, unlimited)},
	};

	if (letter == 'v') {
		args->verbose++;
		return;
	}
	for (size_t i = 0; i < COUNT(flags); i++)
		if (flags[i].letter == letter) {
			*(bool *)((char *)args + flags[i].at) = true;
			return;
		}
	log_fatal("invalid option: %c", letter);
}

static void option(struct master_args *args, struct pool *pool, int letter, const char *value)
{
	switch (letter) {
	case 'i':
		set(args, pool, "max_idle", value);
		return;
	case 'm':
		set(args, pool, "max_use", value);
		return;
	case 'n':
		args->service = value;
		return;
	case 'o':
		list_add(&args->settings, value);
		return;
	case 'r':
		number(value, "retirement time");
		return; /* has no effect in this program */
	case 's':
		args->sockets = number(value, "socket_count");
		return;
	case 't':
		args->transport = value;
		return;
	}
	flag(args, letter);
}

/* All below is done under one thread. NOLINTBEGIN(concurrency-mt-unsafe) */

/* Octal, and nothing else. */
static bool generation(unsigned *number)
{
	const char *text = getenv("GENERATION");
	unsigned value = 0;

	for (const char *c = text ? text : "0"; *c; c++) {
		if (*c < '0' || *c > '7')
			return false;
		value = value * 8 + (unsigned)(*c - '0');
	}
	*number = value;
	return text == NULL || *text;
}

void master_arguments(struct master_args *args, struct pool *pool, int argc, char **argv)
{
	struct cursor cursor = {.words = argv, .count = argc, .index = 1};
	const char *slash = strrchr(argv[0], '/'), *value;
	int letter;

	*args = (struct master_args){.sockets = 1, .settings.pool = pool, .words.pool = pool};
	args->program = args->service = slash ? slash + 1 : argv[0];
	args->verbose = getenv("MAIL_VERBOSE") != NULL;
	args->debugger = getenv("MAIL_DEBUG") != NULL;
	generation(&args->generation);
	while ((letter = next_option(&cursor, "imnorst", &value)))
		option(args, pool, letter, value);
	for (; cursor.index < argc; cursor.index++)
		list_add(&args->words, argv[cursor.index]);
}

void master_check_start(const struct master_args *args)
{
	static const char *const transports[] = {"unix", "inet", "pass"};
	unsigned number;
	bool known = args->transport == NULL;

	if (!args->foreground && !args->stream && isatty(STDIN_FILENO))
		log_fatal("do not run this command by hand");
	if (args->transport == NULL && !args->stream)
		log_fatal("no transport type specified");
	for (size_t i = 0; !known && i < COUNT(transports); i++)
		known = strcmp(args->transport, transports[i]) == 0;
	if (!known)
		log_fatal("unsupported transport type: %s", args->transport);
	if (!generation(&number))
		log_fatal("bad generation: %s", getenv("GENERATION"));
}

/* NOLINTEND(concurrency-mt-unsafe) */

void master_enter_queue(const struct master_jail *jail)
{
	if (chdir(jail->queue_directory) < 0)
		log_fatal("chdir(\"%s\"): %m", jail->queue_directory);
}

int master_open_slots(const struct master_args *args)
{
	return args->stream ? 0 : slots_open(args->transport, args->service);
}

static void find_owner(const char *name, uid_t *user, gid_t *group)
{
	char room[PASSWD_ROOM];
	struct passwd entry, *found = NULL;

	errno = getpwnam_r(name, &entry, room, sizeof room, &found);
	if (found == NULL)
		log_fatal("unknown user name: %s: %m", name);
	*user = entry.pw_uid;
	*group = entry.pw_gid;
}

void master_drop_privileges(const struct master_args *args, const struct master_jail *jail)
{
	uid_t user = 0;
	gid_t group = 0;

	if (args->unprivileged) {
		find_owner(jail->owner, &user, &group);
		if (setgid(group) < 0)
			log_fatal("setgid(%ld): %m", (long)group);
		if (initgroups(jail->owner, group) < 0)
			log_fatal("initgroups(%s, %ld): %m", jail->owner, (long)group);
	}
	if (args->chroot) {
		if (chroot(jail->queue_directory) < 0)
			log_fatal("chroot(%s): %m", jail->queue_directory);
		if (chdir("/") < 0)
			log_fatal("chdir(/): %m");
	}
	if (args->unprivileged && setuid(user) < 0)
		log_fatal("setuid(%ld): %m", (long)user);
}

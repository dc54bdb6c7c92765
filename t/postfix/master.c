/* The test plays master(8) and qmgr(8); each server is a process of its own, forked from here. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "postfix/master.h"
#include "t/lib/child.h"
#include "t/lib/tap.h"
#include "util/log.h"

enum { PATIENCE = 20000, A_MOMENT = 200 }; /* milliseconds: until it must, while it must not */

/* ---- arguments ---- */

static const struct arguments {
	const char *name, *words[20];
	const char *service, *transport, *settings, *rest, *flags;
	int sockets;
} arguments[] = {
	{"usual", {"smtp", "-t", "unix", "-u"}, "smtp", "unix", "", "", "u", 1},
	{"another service", {"smtp", "-n", "relay", "-t", "unix", "-u", "-o", "a=b"}, "relay",
		"unix", "a=b", "", "u", 1},
	{"all that master gives",
		{"/usr/lib/safemx", "-l", "-n", "jail", "-t", "unix", "-d", "-v", "-u", "-c", "-o",
			"smtp_helo_name = jailed.test", "-v"},
		"jail", "unix", "smtp_helo_name = jailed.test", "", "ldvvuc", 1},
	{"in one word", {"smtp", "-zuctunix", "-oa=b", "-s2"}, "smtp", "unix", "a=b", "", "zuc", 2},
	{"settings in order", {"smtp", "-t", "unix", "-i", "5s", "-o", "max_idle=6", "-m", "7"},
		"smtp", "unix", "max_idle=5s|max_idle=6|max_use=7", "", "", 1},
	{"words behind", {"smtp", "-t", "unix", "flags=DRX", "-o", "x=y"}, "smtp", "unix", "",
		"flags=DRX|-o|x=y", "", 1},
	{"end of options", {"smtp", "-t", "unix", "--", "-S"}, "smtp", "unix", "", "-S", "", 1},
	{"a dash is no option", {"smtp", "-S", "-", "-v"}, "smtp", NULL, "", "-|-v", "S", 1},
	{"stream", {"smtp", "-S", "-V", "-D", "-r", "5"}, "smtp", NULL, "", "", "SVD", 1},
};

static const char *flags_of(const struct master_args *args)
{
	static char text[32];

	snprintf(text, sizeof text, "%s%s%s%.*s%s%s%s%s%s", args->single ? "l" : "",
		args->unlimited ? "z" : "", args->foreground ? "d" : "", args->verbose, "vvvv",
		args->unprivileged ? "u" : "", args->chroot ? "c" : "", args->stream ? "S" : "",
		args->also_stderr ? "V" : "", args->debugger ? "D" : "");
	return text;
}

static int count_words(char **words)
{
	int count = 0;

	while (words[count])
		count++;
	return count;
}

static void test_arguments(void)
{
	for (const struct arguments *a = arguments; a < arguments + COUNT(arguments); a++) {
		struct pool pool = {0};
		struct master_args args;
		char *words[21] = {NULL};

		for (int i = 0; a->words[i]; i++)
			words[i] = pool_text(&pool, a->words[i]);
		master_arguments(&args, &pool, count_words(words), words);
		is_text(args.service, a->service, a->name);
		is_text(args.transport, a->transport, a->name);
		is_text(list_join(&args.settings, "|"), a->settings, a->name);
		is_text(list_join(&args.words, "|"), a->rest, a->name);
		is_text(flags_of(&args), a->flags, a->name);
		is_number(args.sockets, a->sockets, a->name);
		pool_free(&pool);
	}
}

static void test_environment(void)
{
	static const struct {
		const char *text;
		unsigned number;
	} generations[] = {{"1", 1}, {"7", 7}, {"144", 100}, {"37777777777", 4294967295U}};
	char program[] = "/usr/lib/postfix/sbin/lmtp", *words[] = {program, NULL};
	struct pool pool = {0};
	struct master_args args;

	for (size_t i = 0; i < COUNT(generations); i++) {
		setenv("GENERATION", generations[i].text, 1);
		master_arguments(&args, &pool, 1, words);
		is_number(args.generation, generations[i].number, generations[i].text);
	}
	is_text(args.program, "lmtp", "program");
	ok(args.verbose == 0 && !args.debugger, "quiet");
	setenv("MAIL_VERBOSE", "", 1);
	setenv("MAIL_DEBUG", "", 1);
	master_arguments(&args, &pool, 1, words);
	ok(args.verbose == 1 && args.debugger, "as master was told");
	unsetenv("MAIL_VERBOSE");
	unsetenv("MAIL_DEBUG");
	setenv("GENERATION", "1", 1);
	pool_free(&pool);
}

static const struct fatal {
	const char *words[6], *generation, *says; /* as 3.7.11 says it; NULL: it starts */
} fatals[] = {
	{{"smtp", "-t", "unix"}, "1", NULL},
	{{"smtp", "-t", "inet"}, "", "fatal: bad generation: \n"},
	{{"smtp", "-S"}, "1", NULL},
	{{"smtp"}, "1", "fatal: no transport type specified\n"},
	{{"smtp", "-t", "foo"}, "1", "fatal: unsupported transport type: foo\n"},
	{{"smtp", "-t", "unix"}, "x", "fatal: bad generation: x\n"},
	{{"smtp", "-t", "unix"}, "-1", "fatal: bad generation: -1\n"},
	{{"smtp", "-t", "unix"}, "8", "fatal: bad generation: 8\n"},
	{{"smtp", "-Q"}, "1", "fatal: invalid option: Q\n"},
	{{"smtp", "-uQ"}, "1", "fatal: invalid option: Q\n"},
	{{"smtp", "-o"}, "1", "fatal: invalid option: o\n"},
	{{"smtp", "-n"}, "1", "fatal: invalid option: n\n"},
	{{"smtp", "-s", "0"}, "1", "fatal: invalid socket_count: 0\n"},
	{{"smtp", "-s", ""}, "1", "fatal: invalid socket_count: \n"},
	{{"smtp", "-r", "0"}, "1", "fatal: invalid retirement time: 0\n"},
	{{"smtp", "-r", "x"}, "1", "fatal: invalid retirement time: x\n"},
};

static const struct fatal *starting;

static void start(void)
{
	struct pool pool = {0};
	struct master_args args;
	char *words[7] = {NULL};

	for (int i = 0; starting->words[i]; i++)
		words[i] = pool_text(&pool, starting->words[i]);
	setenv("GENERATION", starting->generation, 1);
	master_arguments(&args, &pool, count_words(words), words);
	master_check_start(&args);
	pool_free(&pool);
}

static void test_fatals(void)
{
	struct child children[COUNT(fatals)];
	int null = open("/dev/null", O_RDWR);

	dup2(null, STDIN_FILENO);
	for (size_t i = 0; i < COUNT(fatals); i++) {
		starting = &fatals[i];
		children[i] = child_run(start);
	}
	for (size_t i = 0; i < COUNT(fatals); i++) {
		is_number(child_exit(&children[i]), fatals[i].says ? 1 : 0, "exit status");
		is_text(children[i].said, fatals[i].says ? fatals[i].says : "", "what it says");
	}
	close(null);
}

static void start_by_hand(void)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	const struct master_args args = {.transport = "unix"};

	if (terminal < 0)
		log_fatal("do not run this command by hand");
	dup2(terminal, STDIN_FILENO);
	master_check_start(&args);
}

static void enter_nowhere(void)
{
	master_enter_queue(&(struct master_jail){"/nonexistent", "nobody"});
}

static void drop_to_nobody(void)
{
	const struct master_args args = {.unprivileged = true};

	master_drop_privileges(&args, &(struct master_jail){"/", "no-such-user"});
}

static void serve_nothing(void)
{
	const struct master_args args = {.sockets = 1};
	const struct master_service settings = {.args = &args, .limit = 1};

	for (int fd = 3; fd < 20; fd++)
		close(fd);
	master_serve(&settings);
}

static void test_refusals(void)
{
	static const struct {
		void (*body)(void);
		const char *name, *says; /* how it begins */
	} refusals[] = {
		{start_by_hand, "a terminal", "fatal: do not run this command by hand\n"},
		{enter_nowhere, "no queue directory",
			"fatal: chdir(\"/nonexistent\"): No such file or directory\n"},
		{drop_to_nobody, "no such user", "fatal: unknown user name: no-such-user"},
		{serve_nothing, "no status channel",
			"fatal: descriptor 5 of master: Bad file descriptor\n"},
	};
	struct child children[COUNT(refusals)];

	for (size_t i = 0; i < COUNT(refusals); i++)
		children[i] = child_run(refusals[i].body);
	for (size_t i = 0; i < COUNT(refusals); i++) {
		is_number(child_exit(&children[i]), 1, refusals[i].name);
		ok(strncmp(children[i].said, refusals[i].says, strlen(refusals[i].says)) == 0,
			"said");
	}
}

/* ---- serving ---- */

/* What all processes of a test see. */
static struct shared {
	atomic_int busy, peak, served;
	atomic_bool stale, hang;
} * shared;

static char folder[] = "/tmp/master.XXXXXX";

/* master(8): one service */
struct service {
	int listening;
	int status[2]; /* ours, the processes' */
	struct sockaddr_un name;
};

/* A delivery: greets, waits for a word, takes leave. 'f': works; EOF: qmgr had nothing. */
static bool deliver(void *context UNUSED, int fd)
{
	int busy = ++shared->busy, peak = shared->peak;
	char word = 0;

	while (busy > peak && !atomic_compare_exchange_weak(&shared->peak, &peak, busy))
		;
	if (write(fd, "g", 1) != 1 || read(fd, &word, 1) != 1) {
		shared->busy--;
		return false;
	}
	if (word == 'k')
		_exit(3);
	shared->served++;
	shared->busy--;
	if (write(fd, "d", 1) != 1)
		return true; /* it may have gone */
	return true;
}

static bool is_stale(void *context UNUSED)
{
	while (shared->hang)
		pause();
	return shared->stale;
}

static const struct master_args server_args = {
	.program = "smtp",
	.service = "smtp",
	.transport = "unix",
	.sockets = 1,
	.generation = 9,
};

static void open_status(struct service *service)
{
	socketpair(AF_UNIX, SOCK_STREAM, 0, service->status);
	fcntl(service->status[0], F_SETFL, O_NONBLOCK);
}

static struct service open_service(void)
{
	struct service service = {.name = {.sun_family = AF_UNIX}};

	snprintf(service.name.sun_path, sizeof service.name.sun_path, "%s/smtp", folder);
	unlink(service.name.sun_path);
	service.listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(service.listening, (struct sockaddr *)&service.name, sizeof service.name) < 0
		|| listen(service.listening, 1000) < 0)
		abort();
	open_status(&service);
	memset(shared, 0, sizeof *shared);
	return service;
}

static void close_service(struct service *service)
{
	close(service->listening);
	close(service->status[0]);
	close(service->status[1]);
	unlink(service->name.sun_path);
}

/* postfix reload: the processes of before see the end of their status channel. */
static void reload(struct service *service)
{
	close(service->status[0]);
	close(service->status[1]);
	open_status(service);
}

static void be_server(const struct service *service, const struct master_service *settings)
{
	struct master_service own = *settings;
	int listening = fcntl(service->listening, F_DUPFD, 20), status;

	status = fcntl(service->status[1], F_DUPFD, 20);
	close(service->status[0]);
	close(service->status[1]);
	close(service->listening);
	dup2(status, MASTER_STATUS_FD);
	dup2(listening, MASTER_LISTEN_FD);
	close(status);
	close(listening);
	own.args = &server_args;
	own.slots = master_open_slots(&server_args);
	own.serve = deliver;
	own.stale = is_stale;
	exit(master_serve(&own));
}

/* fork(2) as master does it */
static pid_t spawn(const struct service *service, const struct master_service *settings)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		be_server(service, settings);
	return child;
}

/* The exit status, or minus the signal. */
static int ended(pid_t child)
{
	int status = 0;

	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static bool still_runs(pid_t child)
{
	return waitpid(child, NULL, WNOHANG) == 0;
}

static int connect_to(const struct service *service)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (connect(fd, (const struct sockaddr *)&service->name, sizeof service->name) < 0)
		abort();
	return fd;
}

/* Does WORD come on FD within MS? */
static bool hears(int fd, char word, int ms)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	char got = 0;

	return poll(&polled, 1, ms) == 1 && read(fd, &got, 1) == 1 && got == word;
}

/* The delivery is over, and its connection closed. */
static bool finishes(int fd)
{
	bool good = write(fd, "f", 1) == 1 && hears(fd, 'd', PATIENCE);
	char rest;

	good = good && read(fd, &rest, 1) == 0;
	close(fd);
	return good;
}

/* How many of COUNT connections are greeted; they are closed in FDS when they are. */
static int greeted(const int *fds, int count, int ms)
{
	int greetings = 0;

	for (int i = 0; i < count; i++)
		greetings += hears(fds[i], 'g', ms);
	return greetings;
}

/* What the processes told master, "TA" for taken and available; LENGTH words come. */
static const char *told(struct service *service, int length)
{
	static char words[64];
	struct pollfd polled = {.fd = service->status[0], .events = POLLIN};
	int32_t message[3];
	int count = 0;

	while (poll(&polled, 1, count < length ? PATIENCE : 0) == 1 && count < 63
		&& read(service->status[0], message, sizeof message) == sizeof message)
		words[count++] = message[1] != 9 ? '?' : message[2] == 0 ? 'T' : 'A';
	words[count] = '\0';
	return words;
}

static void test_one(void)
{
	const struct master_service settings = {.limit = 5,
		.max_use = 100,
		.max_idle = 100,
		.daemon_timeout = 100};
	struct service service = open_service();
	pid_t server = spawn(&service, &settings);
	int fd = connect_to(&service), none = connect_to(&service);

	ok(hears(fd, 'g', PATIENCE), "greeted at once");
	ok(hears(none, 'g', PATIENCE), "and another");
	close(none);
	ok(finishes(fd), "served");
	fd = connect_to(&service);
	ok(hears(fd, 'g', PATIENCE) && finishes(fd), "served again");
	is_text(told(&service, 2), "TA", "then master knows that it works, once");
	fd = connect_to(&service);
	ok(hears(fd, 'g', PATIENCE) && finishes(fd), "and again");
	reload(&service);
	is_number(ended(server), 0, "gone after a reload");
	is_number(shared->served, 3, "three requests");
	close_service(&service);
}

static void test_message(void)
{
	const struct master_service settings = {.limit = 5, .daemon_timeout = 100};
	struct service service = open_service();
	pid_t server = spawn(&service, &settings);
	struct pollfd polled = {.fd = service.status[0], .events = POLLIN};
	int fd = connect_to(&service);
	int32_t message[3] = {0};

	hears(fd, 'g', PATIENCE);
	finishes(fd);
	ok(poll(&polled, 1, PATIENCE) == 1
			&& read(service.status[0], message, sizeof message) == 12,
		"12 bytes");
	ok(message[0] == server && message[1] == 9 && message[2] == 0, "pid, generation, taken");
	reload(&service);
	is_number(ended(server), 0, "gone");
	close_service(&service);
}

static void test_many(void)
{
	enum { MANY = 300 };
	const struct master_service settings = {.max_idle = 100, .daemon_timeout = 100};
	struct service service = open_service();
	pid_t server = spawn(&service, &settings);
	int fds[MANY], finished = 0;

	for (int i = 0; i < MANY; i++)
		fds[i] = connect_to(&service);
	is_number(greeted(fds, MANY, PATIENCE), MANY, "300 at once, without a limit");
	is_number(shared->peak, MANY, "in progress");
	for (int i = 0; i < MANY; i++)
		finished += finishes(fds[i]);
	is_number(finished, MANY, "all served");
	is_text(told(&service, 2), "TA", "by one process");
	reload(&service);
	is_number(ended(server), 0, "gone");
	close_service(&service);
}

static void test_limit(void)
{
	enum { LIMIT = 3, CLIENTS = 12 };
	const struct master_service settings = {.limit = LIMIT, .daemon_timeout = 100};
	struct service service = open_service();
	pid_t server = spawn(&service, &settings);
	int fds[CLIENTS], finished = 0;

	for (int i = 0; i < CLIENTS; i++)
		fds[i] = connect_to(&service);
	is_number(greeted(fds, LIMIT, PATIENCE), LIMIT, "as many as may be");
	ok(!hears(fds[LIMIT], 'g', A_MOMENT), "not one more");
	for (int i = 0; i < CLIENTS; i++)
		finished += (i < LIMIT || hears(fds[i], 'g', PATIENCE)) && finishes(fds[i]);
	is_number(finished, CLIENTS, "all in the end");
	is_number(shared->peak, LIMIT, "never more at once");
	is_text(told(&service, 2), "TA", "master has no reason to fork");
	reload(&service);
	is_number(ended(server), 0, "gone");
	close_service(&service);
}

/* More connections, one after the other, than it may have descriptors. */
static void test_leak(void)
{
	const struct master_service settings = {.limit = 2, .daemon_timeout = 100};
	struct service service = open_service();
	pid_t server = spawn(&service, &settings);
	int served = 0;

	for (int i = 0; i < 5000; i++) {
		int fd = connect_to(&service);

		served += hears(fd, 'g', PATIENCE) && finishes(fd);
	}
	is_number(served, 5000, "no descriptor is left open");
	reload(&service);
	is_number(ended(server), 0, "gone");
	close_service(&service);
}

/* The old process drains while the new one works: the limit holds for both together. */
static void test_reload(void)
{
	enum { LIMIT = 4 };
	const struct master_service settings = {.limit = LIMIT, .daemon_timeout = 100};
	struct service service = open_service();
	pid_t old = spawn(&service, &settings), new;
	int fds[2 * LIMIT];

	for (int i = 0; i < LIMIT; i++)
		fds[i] = connect_to(&service);
	is_number(greeted(fds, LIMIT, PATIENCE), LIMIT, "all slots are in use");
	reload(&service);
	for (int i = LIMIT; i < 2 * LIMIT; i++)
		fds[i] = connect_to(&service);
	new = spawn(&service, &settings);
	ok(!hears(fds[LIMIT], 'g', A_MOMENT), "the new process has none");
	ok(still_runs(old), "the old one goes on");
	for (int i = 0; i < LIMIT; i++) {
		ok(finishes(fds[i]), "the old one finishes a delivery");
		ok(hears(fds[LIMIT + i], 'g', PATIENCE), "the new one takes over its slot");
	}
	is_number(ended(old), 0, "the old one has done all");
	for (int i = LIMIT; i < 2 * LIMIT; i++)
		ok(finishes(fds[i]), "and the new one, too");
	is_number(shared->peak, LIMIT, "never more at once");
	reload(&service);
	is_number(ended(new), 0, "gone");
	close_service(&service);
}

/* safemx_process_deliveries = 2 with a process limit of 5 */
static void test_siblings(void)
{
	const struct master_service settings = {.limit = 5,
		.per_process = 2,
		.daemon_timeout = 100};
	struct service service = open_service();
	pid_t servers[3];
	int fds[7];

	for (int i = 0; i < 7; i++)
		fds[i] = connect_to(&service);
	servers[0] = spawn(&service, &settings);
	is_number(greeted(fds, 2, PATIENCE), 2, "two for the first process");
	is_text(told(&service, 1), "T", "which is taken now");
	ok(!hears(fds[2], 'g', A_MOMENT), "really");
	servers[1] = spawn(&service, &settings);
	is_number(greeted(fds + 2, 2, PATIENCE), 2, "two for the second");
	is_text(told(&service, 1), "T", "taken");
	servers[2] = spawn(&service, &settings);
	ok(hears(fds[4], 'g', PATIENCE), "one for the third");
	ok(!hears(fds[5], 'g', A_MOMENT), "that is the limit");
	is_text(told(&service, 0), "", "but it could do more by itself");
	ok(finishes(fds[0]), "the first one finishes a delivery");
	ok(hears(fds[5], 'g', PATIENCE), "somebody takes the next");
	for (int i = 1; i < 6; i++)
		ok(finishes(fds[i]), "finished");
	ok(hears(fds[6], 'g', PATIENCE) && finishes(fds[6]), "the last");
	is_number(shared->peak, 5, "never more at once");
	reload(&service);
	for (int i = 0; i < 3; i++)
		is_number(ended(servers[i]), 0, "gone");
	close_service(&service);
}

/* As Postfix's own agent: one delivery a process, taken while it lasts. */
static void test_classic(void)
{
	const struct master_service settings = {.limit = 5,
		.per_process = 1,
		.daemon_timeout = 100};
	struct service service = open_service();
	pid_t server = spawn(&service, &settings);
	int fd;

	for (int i = 0; i < 3; i++) {
		fd = connect_to(&service);
		ok(hears(fd, 'g', PATIENCE), "greeted");
		is_text(told(&service, 1), "T", "taken");
		ok(finishes(fd), "served");
		is_text(told(&service, 1), "A", "available");
	}
	reload(&service);
	is_number(ended(server), 0, "gone");
	close_service(&service);
}

static void test_use(void)
{
	const struct master_service settings = {.limit = 2, .max_use = 3, .daemon_timeout = 100};
	struct service service = open_service();
	pid_t server = spawn(&service, &settings), next;
	int fds[2];

	fds[0] = connect_to(&service);
	ok(hears(fds[0], 'g', PATIENCE), "a long one");
	for (int i = 0; i < 5; i++) {
		fds[1] = connect_to(&service);
		ok(hears(fds[1], 'g', PATIENCE) && finishes(fds[1]), "served");
	}
	ok(strchr(told(&service, 3), 'T') != NULL, "told master to fork");
	fds[1] = connect_to(&service);
	ok(!hears(fds[1], 'g', A_MOMENT), "six are in progress or done: no more");
	next = spawn(&service, &settings);
	ok(hears(fds[1], 'g', PATIENCE) && finishes(fds[1]), "the successor has the free slot");
	ok(still_runs(server), "while the first one goes on");
	ok(finishes(fds[0]), "and finishes");
	is_number(ended(server), 0, "recycled");
	reload(&service);
	is_number(ended(next), 0, "gone");
	close_service(&service);
}

static void test_idle(void)
{
	const struct master_service settings = {.limit = 2, .max_idle = 1, .daemon_timeout = 100};
	struct service service = open_service();
	pid_t server = spawn(&service, &settings);
	int fd = connect_to(&service);

	ok(hears(fd, 'g', PATIENCE), "busy");
	ok(!hears(fd, 'd', 1500), "for longer than it may be idle");
	ok(still_runs(server), "that is not idle");
	ok(finishes(fd), "and now it is");
	is_number(ended(server), 0, "gone by itself");
	close_service(&service);
}

static void test_stale(void)
{
	const struct master_service settings = {.limit = 2, .daemon_timeout = 100};
	struct service service = open_service();
	pid_t server = spawn(&service, &settings);
	int fd = connect_to(&service);

	ok(hears(fd, 'g', PATIENCE) && finishes(fd), "served");
	shared->stale = true;
	fd = connect_to(&service);
	is_number(ended(server), 0, "a table has changed");
	shared->stale = false;
	server = spawn(&service, &settings);
	ok(hears(fd, 'g', PATIENCE) && finishes(fd), "the successor serves who waits");
	reload(&service);
	is_number(ended(server), 0, "gone");
	close_service(&service);
}

static void test_crash(void)
{
	const struct master_service settings = {.limit = 2, .daemon_timeout = 100};
	struct service service = open_service();
	pid_t server = spawn(&service, &settings);
	int fds[4];

	for (int i = 0; i < 4; i++)
		fds[i] = connect_to(&service);
	is_number(greeted(fds, 2, PATIENCE), 2, "two in progress");
	ok(write(fds[0], "k", 1) == 1, "one of them kills the process");
	is_number(ended(server), 3, "dead");
	server = spawn(&service, &settings);
	is_number(greeted(fds + 2, 2, PATIENCE), 2, "the next process has both slots");
	kill(server, SIGTERM);
	is_number(ended(server), -SIGTERM, "postfix stop");
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	close_service(&service);
}

static void serve_hanging(void)
{
	const struct master_service settings = {.limit = 2, .daemon_timeout = 1};
	struct service service = open_service();

	shared->hang = true;
	fcntl(service.status[0], F_DUPFD, 20); /* master lives */
	connect_to(&service);
	be_server(&service, &settings);
}

static void test_watchdog(void)
{
	struct child child = child_run(serve_hanging);

	is_number(child_exit(&child), 1, "a leader that hangs");
	is_text(child.said, "fatal: watchdog timeout\n", "said");
	shared->hang = false;
}

/* An idle process with a short daemon_timeout is not hanging. */
static void test_no_watchdog(void)
{
	const struct master_service settings = {.limit = 2, .daemon_timeout = 1};
	struct service service = open_service();
	pid_t server = spawn(&service, &settings);
	int fd = connect_to(&service);

	ok(hears(fd, 'g', PATIENCE) && !hears(fd, 'd', 2500), "one that only waits");
	ok(finishes(fd), "lives on");
	reload(&service);
	is_number(ended(server), 0, "gone");
	close_service(&service);
}

static void test_stream(void)
{
	const struct master_service settings = {.args = &server_args, .serve = deliver};
	int pair[2];
	pid_t server;

	memset(shared, 0, sizeof *shared);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	fflush(stdout);
	server = fork();
	if (server == 0) {
		dup2(pair[1], STDIN_FILENO);
		dup2(pair[1], STDOUT_FILENO);
		close(pair[0]);
		close(pair[1]);
		_exit(master_serve_stream(&settings));
	}
	close(pair[1]);
	ok(hears(pair[0], 'g', PATIENCE) && finishes(pair[0]), "one request");
	is_number(ended(server), 0, "and that was it");
}

int main(void)
{
	const struct rlimit files = {.rlim_cur = 1024, .rlim_max = 4096};

	if (mkdtemp(folder) == NULL || chdir(folder) < 0 || mkdir("pid", 0700) < 0)
		return 1;
	setrlimit(RLIMIT_NOFILE, &files);
	alarm(300); /* no test waits for ever */
	signal(SIGPIPE, SIG_IGN);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		0);
	test_arguments();
	test_environment();
	test_fatals();
	test_refusals();
	test_one();
	test_message();
	test_many();
	test_limit();
	test_leak();
	test_reload();
	test_siblings();
	test_classic();
	test_use();
	test_idle();
	test_stale();
	test_crash();
	test_watchdog();
	test_no_watchdog();
	test_stream();
	unlink("smtp");
	unlink("pid/unix.smtp.slots");
	rmdir("pid");
	rmdir(folder);
	return done();
}

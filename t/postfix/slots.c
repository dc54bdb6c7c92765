#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "postfix/slots.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"

/* As many as there are, at most COUNT; into TAKEN. */
static size_t take_many(struct slots *slots, size_t *taken, size_t count)
{
	size_t i = 0;

	for (; i < count; i++)
		if ((taken[i] = slots_take(slots)) == SLOTS_NONE)
			break;
	return i;
}

static void test_alone(void)
{
	struct slots *slots = slots_new(0, 3, 0);
	size_t taken[5];

	is_number((long long)take_many(slots, taken, 5), 3, "three");
	ok(taken[0] == 0 && taken[1] == 1 && taken[2] == 2, "the lowest first");
	ok(!slots_full(slots), "not full by itself: others might count");
	slots_give(slots, 1);
	is_number((long long)slots_take(slots), 1, "one came back");
	slots_free(slots);

	slots = slots_new(0, 0, 0);
	is_number((long long)take_many(slots, taken, 5), 5, "no limit");
	slots_free(slots);

	slots = slots_new(0, 0, 2);
	is_number((long long)take_many(slots, taken, 5), 2, "no limit but its own");
	ok(slots_full(slots), "full");
	slots_give(slots, taken[0]);
	ok(!slots_full(slots) && slots_take(slots) != SLOTS_NONE, "not any more");
	slots_drain(slots);
	slots_free(slots);
	slots_free(NULL);
}

/* Two open files are two processes to the kernel. */
static void test_two(void)
{
	int one = slots_open("unix", "smtp"), two = slots_open("unix", "smtp");
	struct slots *old = slots_new(one, 5, 0), *new = slots_new(two, 5, 0);
	size_t a[10] = {0}, b[10] = {0};

	ok(one > 0 && two > 0 && access("pid/unix.smtp.slots", F_OK) == 0, "the file");
	is_number((long long)take_many(old, a, 3), 3, "the old one has three");
	ok(slots_take(new) == SLOTS_NONE, "and keeps two");
	slots_drain(old);
	is_number((long long)take_many(new, b, 10), 2, "until it drains");
	ok(b[0] == 3 && b[1] == 4, "those that it had not used");
	slots_give(old, a[1]);
	is_number((long long)slots_take(new), (long long)a[1], "one delivery ended");
	ok(slots_take(new) == SLOTS_NONE, "one only");
	slots_give(old, a[0]);
	slots_give(old, a[2]);
	is_number((long long)take_many(new, b, 10), 2, "all of them");
	slots_give(new, 4);
	is_number((long long)slots_take(new), 4, "what came back is still there");
	ok(slots_take(old) == SLOTS_NONE, "nothing is left");
	slots_free(old);
	slots_free(new);
	close(one);
	close(two);
}

/* safemx_process_deliveries: several processes, each with some. */
static void test_siblings(void)
{
	int fds[3] = {slots_open("unix", "a/b"), slots_open("unix", "a/b"),
		slots_open("unix", "a/b")};
	struct slots *s[3];
	size_t a[10] = {0};

	ok(access("pid/unix.a_b.slots", F_OK) == 0, "a file for another service");
	for (int i = 0; i < 3; i++)
		s[i] = slots_new(fds[i], 5, 2);
	is_number((long long)take_many(s[0], a, 10), 2, "two for the first");
	ok(slots_full(s[0]), "which is full");
	is_number((long long)take_many(s[1], a, 10), 2, "two for the second");
	is_number((long long)take_many(s[2], a, 10), 1, "one is left for the third");
	ok(!slots_full(s[2]), "which is not");
	close(fds[0]);
	is_number((long long)take_many(s[2], a, 10), 1, "the first one died");
	for (int i = 0; i < 3; i++)
		slots_free(s[i]);
	close(fds[1]);
	close(fds[2]);
}

/* The administrator lowers the limit: 4 in progress, then 2. */
static void test_lowered(void)
{
	int one = slots_open("unix", "smtp"), two = slots_open("unix", "smtp");
	struct slots *old = slots_new(one, 4, 0), *new = slots_new(two, 2, 0);
	size_t a[10] = {0};

	take_many(old, a, 4);
	slots_drain(old);
	slots_give(old, 0);
	slots_give(old, 1);
	ok(slots_take(new) == SLOTS_NONE, "two are in progress still");
	slots_give(old, 2);
	ok(slots_take(new) == SLOTS_NONE, "one, beyond the new limit");
	slots_give(old, 3);
	is_number((long long)take_many(new, a, 4), 2, "none");
	slots_free(old);
	slots_free(new);
	close(one);
	close(two);
}

/* However a process ends, its slots are free. */
static void test_killed(void)
{
	int fd, ends[2], status;
	struct slots *slots;
	size_t a[3];
	pid_t child;
	char byte;

	if (pipe(ends) < 0)
		return;
	child = fork();
	if (child == 0) {
		slots = slots_new(slots_open("unix", "smtp"), 3, 0);
		if (take_many(slots, a, 3) == 3 && write(ends[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ok(read(ends[0], &byte, 1) == 1, "another process");
	fd = slots_open("unix", "smtp");
	slots = slots_new(fd, 3, 0);
	ok(slots_take(slots) == SLOTS_NONE, "has them all");
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	is_number((long long)take_many(slots, a, 3), 3, "and had");
	slots_free(slots);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

static void test_no_file(void)
{
	struct slots *slots;
	size_t a[3];
	int fd;

	close(slots_open("unix", "x/../../y"));
	ok(access("pid/unix.x_.._.._y.slots", F_OK) == 0, "a name is no path");

	fd = open("pid/unix.smtp.slots", O_RDONLY); /* it can't be locked so */
	slots = slots_new(fd, 2, 0);
	is_number((long long)take_many(slots, a, 3), 2, "without locks it counts its own");
	is_text(heard(), "warning: no lock for the process limit: Bad file descriptor", "said");
	slots_free(slots);
	close(fd);

	rename("pid", "dip");
	is_number(slots_open("unix", "smtp"), 0, "no folder");
	is_text(heard(),
		"warning: open pid/unix.smtp.slots: No such file or directory:"
		" the process limit can't count deliveries of other processes",
		"said");
	rename("dip", "pid");
}

static void *use(void *slots)
{
	for (int i = 0; i < 2000; i++) {
		size_t slot = slots_take(slots);

		if (slot != SLOTS_NONE)
			slots_give(slots, slot);
	}
	return NULL;
}

static void test_threads(void)
{
	int fd = slots_open("unix", "smtp");
	struct slots *slots = slots_new(fd, 3, 0);
	pthread_t threads[4];
	size_t a[4];

	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, use, slots);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	is_number((long long)take_many(slots, a, 4), 3, "all are there after many threads");
	slots_free(slots);
	close(fd);
}

int main(void)
{
	char folder[] = "/tmp/slots.XXXXXX";

	if (mkdtemp(folder) == NULL || chdir(folder) < 0 || mkdir("pid", 0700) < 0)
		return 1;
	heard_start();
	test_alone();
	test_two();
	test_siblings();
	test_lowered();
	test_killed();
	test_no_file();
	test_threads();
	unlink("pid/unix.smtp.slots");
	unlink("pid/unix.a_b.slots");
	unlink("pid/unix.x_.._.._y.slots");
	rmdir("pid");
	rmdir(folder);
	heard_stop();
	return done();
}

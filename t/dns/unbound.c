#include "dns/unbound.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "t/dns/heard.h"
#include "t/dns/nameserver.h"
#include "t/lib/fake_resolver.h"
#include "t/lib/tap.h"
#include "util/clock.h"
#include "util/text.h"

/*
 * Names below "test" are an exception here, so that a small nameserver without signatures will do.
 * Real DNSSEC is t/dns/lab.c's.
 */
struct rig {
	struct heard *heard;
	struct pool pool;
	char resolv_conf[32];
	struct unbound_options options;
	struct nameserver first, second; /* on one port of 127.0.0.1 and 127.0.0.2 */
};

static bool good(void *context UNUSED, struct query *query)
{
	reply_begin(query, strcmp(query->name, "nosuch.test") == 0 ? 3 : 0);
	if (strcmp(query->name, "nosuch.test") == 0)
		return true;
	if (strcmp(query->name, "alias.test") == 0)
		reply_add_name(query, DNS_CNAME, "\4host\4test");
	else if (query->type == DNS_A)
		reply_add(query, DNS_A, "\300\0\2\1", 4);
	else if (query->type == DNS_NS)
		reply_add_name(query, DNS_NS, "\2ns\4test");
	return true;
}

static bool failing(void *context UNUSED, struct query *query)
{
	reply_begin(query, 2);
	return true;
}

static bool silent(void *context UNUSED, struct query *query UNUSED)
{
	return false;
}

static bool point_at(struct rig *rig, const char *lines)
{
	FILE *file = fopen(rig->resolv_conf, "we");

	return file && fputs(lines, file) >= 0 && fclose(file) == 0;
}

static bool set_up(struct rig *rig, bool (*first)(void *, struct query *),
	bool (*second)(void *, struct query *))
{
	int fd;

	snprintf(rig->resolv_conf, sizeof(rig->resolv_conf), "/tmp/resolv-XXXXXX");
	fd = mkstemp(rig->resolv_conf);
	close(fd);
	buf_clear(&rig->heard->lines);
	rig->first = (struct nameserver){.answer = first};
	rig->second = (struct nameserver){.answer = second};
	if (!ok(fd >= 0 && nameserver_start(&rig->first, "127.0.0.1", 0)
			    && nameserver_start(&rig->second, "127.0.0.2",
				    nameserver_port(&rig->first))
			    && point_at(rig, "nameserver 127.0.0.1\nnameserver 127.0.0.2\n"),
		    "two nameservers"))
		return false;
	rig->options = (struct unbound_options){.upstream = DNS_UPSTREAM_FORWARD,
		.anchor_file = "/nonexistent",
		.exceptions = "test",
		.probe = "",
		.seconds = 2,
		.resolv_conf = rig->resolv_conf,
		.port = nameserver_port(&rig->first)};
	return true;
}

static void tear_down(struct rig *rig)
{
	nameserver_stop(&rig->first);
	nameserver_stop(&rig->second);
	unlink(rig->resolv_conf);
	pool_free(&rig->pool);
}

static struct unbound *start(struct rig *rig)
{
	const char *error = NULL;
	struct unbound *unbound = unbound_new(&rig->pool, &rig->options, &error);

	is_text(error, NULL, "the settings are good");
	return unbound;
}

static struct dns_answer ask(struct rig *rig, struct unbound *unbound, const char *name,
	enum dns_type type)
{
	struct resolver resolver = unbound_resolver(unbound);
	struct dns_answer answer;

	resolver_ask(&resolver, &rig->pool, name, type, DNS_VALIDATED, &answer);
	return answer;
}

static void test_settings(struct rig *rig)
{
	static const struct {
		const char *exceptions, *probe, *error;
	} bad[] = {
		{"", "ns", "malformed DNSSEC probe"},
		{"", "xx:.", "malformed DNSSEC probe"},
		{"", "ns:a..b", "malformed DNSSEC probe"},
		{".", "", "bad domain without DNSSEC: ."},
		{"lan, a..b", "", "bad domain without DNSSEC: a..b"},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct unbound_options options = {.anchor_file = "/nonexistent",
			.exceptions = bad[i].exceptions,
			.probe = bad[i].probe};
		const char *error = NULL;

		ok(unbound_new(&rig->pool, &options, &error) == NULL, "bad settings");
		is_text(error, bad[i].error, "are named");
	}
	unbound_free(NULL);
}

static void test_answers(struct rig *rig)
{
	struct unbound *unbound;
	struct dns_answer answer;
	const char *why;

	if (!set_up(rig, good, silent))
		return;
	unbound = start(rig);
	answer = ask(rig, unbound, "Host.test", DNS_A);
	ok(answer.class == DNS_ANSWERED && answer.count == 1 && answer.records[0].length == 4
			&& memcmp(answer.records[0].data, "\300\0\2\1", 4) == 0,
		"an address");
	ok(answer.security == DNS_INSECURE, "of a domain without DNSSEC");
	is_text(answer.name, "Host.test", "name");
	ok(!answer.aliased && answer.ttl > 0 && answer.ttl <= 60, "ttl");
	ok(ask(rig, unbound, "nosuch.test", DNS_A).class == DNS_NO_NAME, "no such name");
	ok(ask(rig, unbound, "host.test", DNS_MX).class == DNS_NO_DATA, "no such record");
	answer = ask(rig, unbound, "alias.test", DNS_A);
	ok(answer.aliased && answer.count == 1, "through an alias");
	is_text(answer.name, "host.test", "to its target");
	ok(ask(rig, unbound, "secure.example", DNS_A).security == DNS_BOGUS,
		"what should be signed and isn't is bogus");
	is_number(rig->second.asked, 0, "the second nameserver was not needed");

	buf_clear(&rig->heard->lines);
	ask(rig, unbound, "secure.example", DNS_A);
	is_text(buf_text(&rig->heard->lines), "", "one warning for the same bogus answer");

	rig->first.asked = 0;
	ok(ask(rig, unbound, "a..test", DNS_A).class == DNS_NO_NAME, "no name");
	ok(ask(rig, unbound, "192.0.2.1", DNS_A).class == DNS_NO_NAME, "an address");
	ok(ask(rig, unbound, "a\\.b.test", DNS_A).class == DNS_NO_NAME, "an escape");
	is_number(rig->first.asked, 0, "these are never asked");
	ok(unbound_validates(unbound, &why), "without a probe it is strict");
	is_number((long long)unbound_numbers(unbound).asked, 9, "questions are counted");
	unbound_free(unbound);
	tear_down(rig);
}

/* What is said once, at the first need. */
static void test_words(struct rig *rig)
{
	struct unbound *unbound;
	const char *lines;

	if (!set_up(rig, good, silent))
		return;
	unbound = start(rig);
	is_text(buf_text(&rig->heard->lines), "", "nothing is said before the first question");
	ask(rig, unbound, "host.test", DNS_A);
	ask(rig, unbound, "host.test", DNS_A);
	lines = buf_text(&rig->heard->lines);
	ok(text_starts(lines, "DNSSEC validation by libunbound ")
			&& strstr(lines,
				", forwarding to 127.0.0.1, 127.0.0.2, trust anchors 20326, 38696\n"
				"warning: DNSSEC: cannot open /nonexistent: No such file or "
				"directory; using "
				"the trust anchors of the root that are compiled in\n"),
		"then all that matters");
	ok(strstr(lines, "\n") && strchr(strchr(lines, '\n') + 1, '\n')[1] == '\0', "once");
	unbound_free(unbound);
	tear_down(rig);
}

static void test_old_anchor(struct rig *rig)
{
	char path[] = "/tmp/anchor-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct unbound *unbound;

	fputs("rubbish\n. IN DS 20326 8 2 "
	      "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n",
		file);
	fclose(file);
	if (!set_up(rig, good, silent))
		return;
	rig->options.anchor_file = path;
	unbound = start(rig);
	ask(rig, unbound, "host.test", DNS_A);
	ok(strstr(buf_text(&rig->heard->lines),
		   pool_format(&rig->pool,
			   "trust anchors 20326\nwarning: DNSSEC: 1 lines of %s are no trust "
			   "anchors of the root\nwarning: DNSSEC: %s lacks the root's key 38696, "
			   "which signs from 11 October 2026 on\n",
			   path, path)),
		"an old anchor file is warned of");
	unbound_free(unbound);
	unlink(path);
	tear_down(rig);
}

static void test_next(struct rig *rig)
{
	struct unbound *unbound;
	int64_t began;

	if (!set_up(rig, failing, good))
		return;
	unbound = start(rig);
	began = clock_ms();
	ok(ask(rig, unbound, "host.test", DNS_A).class == DNS_ANSWERED,
		"the next nameserver answers");
	ok(clock_ms() - began < 2000, "at once, when the first failed");
	ok(rig->first.asked > 0 && rig->second.asked > 0, "both were asked, in order");
	unbound_free(unbound);
	tear_down(rig);

	if (!set_up(rig, silent, good))
		return;
	rig->options.seconds = 20;
	unbound = start(rig);
	began = clock_ms();
	ok(ask(rig, unbound, "host.test", DNS_A).class == DNS_ANSWERED, "it answers");
	ok(clock_ms() - began >= 5000 && clock_ms() - began < 9000, "after 5 s of silence");
	unbound_free(unbound);
	tear_down(rig);
}

static void test_late(struct rig *rig)
{
	struct unbound *unbound;
	struct dns_answer answer;
	int64_t began;

	if (!set_up(rig, silent, silent))
		return;
	rig->options.seconds = 1;
	unbound = start(rig);
	began = clock_ms();
	answer = ask(rig, unbound, "host.test", DNS_A);
	ok(answer.class == DNS_TRY_AGAIN && answer.count == 0, "nobody answers");
	is_text(answer.reason, "no answer within 1 s", "and that is said");
	ok(clock_ms() - began >= 1000 && clock_ms() - began < 3000, "in time");
	is_number((long long)unbound_numbers(unbound).late, 1, "and counted");
	unbound_free(unbound); /* with the question still open inside libunbound */
	tear_down(rig);
}

/* Which of "x0.test" to "x149.test" were asked for. */
static atomic_bool seen[150];

static bool note_name(void *context UNUSED, struct query *query)
{
	long number = strtol(query->name + 1, NULL, 10);

	if (query->name[0] == 'x' && number >= 0 && number < (long)COUNT(seen))
		seen[number] = true;
	return false;
}

static void test_flying(struct rig *rig)
{
	struct dns_question questions[COUNT(seen)];
	struct unbound *unbound;
	struct resolver resolver;
	int count = 0, failed = 0;

	if (!set_up(rig, note_name, silent))
		return;
	rig->options.seconds = 1;
	unbound = start(rig);
	resolver = unbound_resolver(unbound);
	for (size_t i = 0; i < COUNT(questions); i++)
		questions[i] =
			(struct dns_question){.name = pool_format(&rig->pool, "x%zu.test", i),
				.type = DNS_A};
	resolver_ask_all(&resolver, &rig->pool, questions, COUNT(questions), DNS_VALIDATED);
	for (size_t i = 0; i < COUNT(questions); i++) {
		count += seen[i];
		failed += questions[i].answer.class == DNS_TRY_AGAIN;
	}
	is_number(count, 100, "100 questions were in flight, no more");
	is_number(failed, 150, "all came to nothing in their time");
	unbound_free(unbound);
	tear_down(rig);
}

static void test_reload(struct rig *rig)
{
	struct unbound *unbound;
	int64_t end;

	if (!set_up(rig, good, good))
		return;
	point_at(rig, "nameserver 127.0.0.1\n");
	unbound = start(rig);
	point_at(rig, "nameserver 127.0.0.2\n");
	ask(rig, unbound, "a.test", DNS_A);
	is_number(rig->first.asked, 0, "resolv.conf is read at the first question, not before");
	ok(rig->second.asked > 0, "so the second was asked");

	point_at(rig, "# changed\nnameserver 127.0.0.1\n");
	ask(rig, unbound, "b.test", DNS_A);
	is_number(rig->first.asked, 0, "it is not looked at again within a second");
	for (end = clock_ms() + 1100; clock_ms() < end;)
		usleep(20000);
	ok(ask(rig, unbound, "c.test", DNS_A).class == DNS_ANSWERED, "a changed file");
	ok(rig->first.asked > 0, "leads to another nameserver");
	is_number((long long)unbound_numbers(unbound).contexts, 2, "by a new context");

	point_at(rig, "# touched\n\nnameserver 127.0.0.1\n");
	for (end = clock_ms() + 1100; clock_ms() < end;)
		usleep(20000);
	ask(rig, unbound, "d.test", DNS_A);
	is_number((long long)unbound_numbers(unbound).contexts, 2,
		"the same names: the same context");
	unbound_free(unbound);
	tear_down(rig);
}

static const struct fake_record plain_lines[] = {
	{"mx.example", DNS_A, .rdata = "192.0.2.77"},
};

/* The root's NS comes without signatures: what a nameserver does that loses DNSSEC records. */
static void test_untrusted(struct rig *rig)
{
	static const char why[] = "nameserver 127.0.0.1 loses DNSSEC records";
	struct unbound *unbound;
	struct resolver resolver;
	struct dns_answer answer;
	const char *reason = "";

	if (!set_up(rig, good, silent))
		return;
	rig->options.probe = "ns:.";
	rig->options.plain = fake_resolver(plain_lines, COUNT(plain_lines));
	unbound = start(rig);
	ok(!unbound_validates(unbound, &reason), "nothing can be validated");
	is_text(reason, why, "the reason");
	answer = ask(rig, unbound, "mx.example", DNS_A);
	ok(answer.class == DNS_ANSWERED && answer.security == DNS_INSECURE,
		"plain answers are used");
	is_text(answer.reason, why, "and say why they are not secure");
	ok(!unbound_misfits(unbound), "which other validators would say as well");
	resolver = unbound_resolver(unbound);
	resolver_ask(&resolver, &rig->pool, "mx.example", DNS_A, DNS_REQUIRED, &answer);
	ok(answer.class == DNS_ANSWERED, "so they are for DANE, too");
	is_number((long long)fake_asked(&rig->options.plain), 3,
		"from the plain resolver, which was asked for its opinion of itself before");
	ok(strstr(buf_text(&rig->heard->lines),
		   "warning: DNSSEC validation may be unavailable\n"
		   "warning: reason: dnssec_probe 'ns:.' received a response that is not DNSSEC "
		   "validated: nameserver 127.0.0.1 loses DNSSEC records\n"),
		"Postfix's warning");
	buf_clear(&rig->heard->lines);
	unbound_validates(unbound, &reason);
	ask(rig, unbound, "mx.example", DNS_A);
	is_text(buf_text(&rig->heard->lines), "", "is given once");
	unbound_free(unbound);
	tear_down(rig);
}

/* No answer for the root; below "test" nothing is signed. */
static bool rootless(void *context, struct query *query)
{
	if (query->name[0] == '\0' || strcmp(query->name, ".") == 0)
		return failing(context, query);
	return good(context, query);
}

/* What dnssec_probe finds unsigned says nothing of the rest: the root decides. */
static void test_other_probe(struct rig *rig)
{
	struct unbound *unbound;
	struct dns_answer answer;
	const char *reason = "";

	if (!set_up(rig, rootless, rootless))
		return;
	rig->options.probe = "a:host.test";
	rig->options.plain = fake_resolver(plain_lines, COUNT(plain_lines));
	unbound = start(rig);
	answer = ask(rig, unbound, "mx.example", DNS_A);
	ok(answer.class == DNS_TRY_AGAIN, "the root does not answer: try again");
	is_number((long long)fake_asked(&rig->options.plain), 0, "nothing is taken for unsigned");
	unbound_free(unbound);
	tear_down(rig);

	if (!set_up(rig, good, silent))
		return;
	rig->options.probe = "a:host.test";
	rig->options.plain = fake_resolver(plain_lines, COUNT(plain_lines));
	unbound = start(rig);
	ok(!unbound_validates(unbound, &reason), "the root comes without signatures");
	is_text(reason, "nameserver 127.0.0.1 loses DNSSEC records", "and that is the reason");
	ok(!unbound_misfits(unbound), "which is not ours alone");
	unbound_free(unbound);
	tear_down(rig);
}

/* An anchor of an algorithm that nobody knows: the root looks unsigned, with this anchor only. */
static void test_misfit(struct rig *rig)
{
	static const char why[] = "the trust anchors 1 of /tmp/anchor-XXXXXX do not fit the root; see"
				  " safemx_dnssec_anchor_file";
	char path[] = "/tmp/anchor-XXXXXX", *expected;
	FILE *file = fdopen(mkstemp(path), "w");
	struct unbound *unbound;
	struct resolver resolver;
	struct dns_answer answer;
	const char *reason = "";

	fputs(". IN DS 1 200 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n",
		file);
	fclose(file);
	if (!set_up(rig, good, silent))
		return;
	rig->options.anchor_file = path;
	rig->options.probe = "ns:.";
	rig->options.plain = fake_resolver(plain_lines, COUNT(plain_lines));
	unbound = start(rig);
	ok(!unbound_validates(unbound, &reason), "nothing can be validated");
	expected = pool_text(&rig->pool, why);
	memcpy(strstr(expected, "/tmp/anchor-XXXXXX"), path, strlen(path));
	is_text(reason, expected, "the reason");
	ok(unbound_misfits(unbound), "is ours");
	answer = ask(rig, unbound, "mx.example", DNS_A);
	ok(answer.class == DNS_ANSWERED && answer.security == DNS_INSECURE, "plain answers");
	resolver = unbound_resolver(unbound);
	resolver_ask(&resolver, &rig->pool, "mx.example", DNS_A, DNS_REQUIRED, &answer);
	ok(answer.class == DNS_TRY_AGAIN, "but not where validation is required");
	is_text(answer.reason, expected, "for this reason");
	is_number((long long)fake_asked(&rig->options.plain), 1, "then nobody was asked");
	unbound_free(unbound);
	unlink(path);
	tear_down(rig);
}

static void *validate(void *context)
{
	const char *why;

	return unbound_validates(context, &why) ? context : NULL;
}

/* Nobody answers the probe: what needs validation waits for better times, and is not insecure. */
static void test_no_answer(struct rig *rig)
{
	struct unbound *unbound;
	struct dns_answer answer;
	pthread_t threads[8];
	void *validates;
	int count = 0;

	if (!set_up(rig, failing, failing))
		return;
	rig->options.probe = "ns:.";
	rig->options.plain = fake_resolver(plain_lines, COUNT(plain_lines));
	unbound = start(rig);
	answer = ask(rig, unbound, "mx.example", DNS_A);
	ok(answer.class == DNS_TRY_AGAIN, "try again");
	ok(*answer.reason != '\0', "with a reason");
	is_number((long long)fake_asked(&rig->options.plain), 0, "no plain answer takes its place");
	ok(strstr(buf_text(&rig->heard->lines),
		   "warning: reason: dnssec_probe 'ns:.' received no "
		   "response: ")
			!= NULL,
		"Postfix's warning");
	buf_clear(&rig->heard->lines);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, validate, unbound);
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], &validates);
		count += validates != NULL;
	}
	is_number(count, 0, "for all threads");
	is_text(buf_text(&rig->heard->lines), "", "without saying it again");
	unbound_free(unbound);
	tear_down(rig);
}

/* Threads of this process, and those that block SIGTERM. */
static void count_threads(int *threads, int *blocking)
{
	DIR *tasks = opendir("/proc/self/task");
	char line[320];
	unsigned long long blocked;

	*threads = *blocking = 0;
	for (struct dirent *task; tasks && (task = readdir(tasks));) {
		FILE *file;

		snprintf(line, sizeof(line), "/proc/self/task/%s/status", task->d_name);
		file = task->d_name[0] == '.' ? NULL : fopen(line, "re");
		while (file && fgets(line, sizeof(line), file))
			if (text_starts(line, "SigBlk:")) {
				blocked = strtoull(line + strlen("SigBlk:"), NULL, 16);
				++*threads;
				*blocking += (blocked >> (SIGTERM - 1)) & 1;
			}
		if (file)
			fclose(file);
	}
	if (tasks)
		closedir(tasks);
}

/* A signal for the process must find a thread of ours, not the pump or libunbound's worker. */
static void test_signals(struct rig *rig)
{
	struct unbound *unbound;
	sigset_t mask;
	enum { OURS = 3 }; /* this one and the two nameservers' */
	int64_t end = clock_ms() + 5000;
	int threads, blocking;

	if (!set_up(rig, good, silent))
		return;
	unbound = start(rig);
	ask(rig, unbound, "host.test", DNS_A);
	do /* threads of earlier tests may be listed for a moment after they were joined */
		count_threads(&threads, &blocking);
	while (threads - blocking > OURS && clock_ms() < end);
	if (threads > 0)
		okf(threads - blocking == OURS && blocking >= 2,
			"the pump and libunbound's worker block signals: %d of %d", blocking,
			threads);
	else
		skip("the threads' signal masks", "no /proc here");
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	ok(!sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGALRM), "we don't");
	unbound_free(unbound);
	tear_down(rig);
}

int main(void)
{
	struct heard heard = {.lines = BUF(0)};
	struct rig rig = {.heard = &heard};

	heard_open(&heard);
	test_settings(&rig);
	test_answers(&rig);
	test_words(&rig);
	test_old_anchor(&rig);
	test_next(&rig);
	test_late(&rig);
	test_flying(&rig);
	test_reload(&rig);
	test_untrusted(&rig);
	test_other_probe(&rig);
	test_misfit(&rig);
	test_no_answer(&rig);
	test_signals(&rig);
	pool_free(&rig.pool);
	buf_close(&heard.lines);
	return done();
}

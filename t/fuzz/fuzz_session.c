/*
 * A byte of options, then all that a server says, at once and whatever it is asked: a whole delivery
 * with it. Each recipient is settled once, recorded as it was logged, and "sent" only if the server
 * asked for the content and took it.
 */
#include "config.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "smtp/connections.h"
#include "smtp/deliver.h"
#include "t/lib/heard.h"
#include "t/lib/mailing.h"
#include "util/net.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum option { LMTP = 1, PROBE = 2, EIGHT_BITS = 4, UTF8 = 8, KEEP = 16, BY_HAND = 32,
	SECRET = 64 /* there is a password */ };

static struct mailing mail;
static int listening = -1;
static int here, there; /* the fuzzer's directory, and the queue's */
static const struct tables *passwords;
static char nexthop[64];

/* What the server says next. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t script[60000];
static size_t script_length;

static void check(bool right)
{
	if (!right)
		abort();
}

static void *serve(void *context UNUSED)
{
	static uint8_t words[sizeof script], unheard[65536];
	size_t length;
	int fd;

	while ((fd = accept(listening, NULL, NULL)) >= 0) {
		pthread_mutex_lock(&lock);
		length = script_length;
		memcpy(words, script, length);
		pthread_mutex_unlock(&lock);
		send(fd, words, length, MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		while (recv(fd, unheard, sizeof unheard, 0) > 0)
			continue;
		close(fd);
	}
	return NULL;
}

static void finish(void)
{
	mail.test.agent.passwords = passwords;
	check(fchdir(there) == 0);
	mailing_close(&mail);
}

static void begin(void)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof name;
	pthread_t thread;

	here = open(".", O_RDONLY | O_DIRECTORY);
	mailing_open(&mail, false, 0, "smtp_send_xforward_command=yes; smtp_skip_quit_response=no;"
		"smtp_sasl_auth_enable=yes; smtp_sasl_security_options=noanonymous;"
		"smtp_sasl_password_maps=inline:{127.0.0.1=me:secret}");
	passwords = mail.test.agent.passwords;
	listening = socket(AF_INET, SOCK_STREAM, 0);
	check(bind(listening, (struct sockaddr *)&name, sizeof name) == 0 && listen(listening, 5) == 0
		&& getsockname(listening, (struct sockaddr *)&name, &length) == 0
		&& pthread_create(&thread, NULL, serve, NULL) == 0);
	there = open(".", O_RDONLY | O_DIRECTORY);
	mail.port = ntohs(name.sin_port);
	atexit(finish);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
		count++;
	return count;
}

/* Could the server have said 3xx, and 2xx behind that? */
static bool may_have_taken_it(const uint8_t *said, size_t length)
{
	bool asked = false;

	for (size_t i = 0; i < length; i++) {
		if (asked && said[i] == '2')
			return true;
		asked = asked || said[i] == '3';
	}
	return false;
}

static void check_outcome(bool probe)
{
	const char *log = mailing_log(&mail), *told = mailing_told(&mail);
	const char *marks = fake_postfix_marks(mail.request);

	check(!rcpts_open(&mail.d));
	for (size_t i = 0; i < mail.d.rcpt_count; i++) {
		const struct rcpt *rcpt = &mail.d.rcpts[i];
		const char *address = rcpt->request->address;
		size_t records = count_of(told, pool_format(&mail.pool, "%s ", address));

		check(count_of(log, pool_format(&mail.pool, "to=<%s>, ", address)) == 1);
		if (probe)
			continue;
		check(records == (rcpt->fate != RCPT_SENT));
		check(marks[i] == (rcpt->fate == RCPT_DEFERRED ? 'R' : 'D'));
		check(rcpt->fate != RCPT_SENT || may_have_taken_it(script, script_length));
	}
}

static void ask_for(unsigned options)
{
	static const char eight_bits[] = "Content-Transfer-Encoding: 8bit\n\n\xc3\xa9\n.\n";

	mail.content = options & EIGHT_BITS ? eight_bits : NULL;
	mail.test.agent.lmtp = mail.test.config.lmtp = options & LMTP;
	mail.test.agent.program = options & LMTP ? "lmtp" : "smtp";
	mail.test.config.always_send_ehlo = !(options & BY_HAND);
	mail.test.agent.passwords = options & SECRET ? passwords : NULL;
	snprintf(nexthop, sizeof nexthop, "%s[127.0.0.1]:%u", options & LMTP ? "inet:" : "", mail.port);
	mailing_again(&mail, nexthop, "a@x.test b@x.test c@x.test");
	mail.request->encoding = options & EIGHT_BITS ? "8bit" : "7bit";
	mail.request->flags |= (options & PROBE ? REQUEST_USER_TRACE : 0)
		| (options & KEEP ? REQUEST_CONN_STORE : 0);
	mail.request->sendopts = options & UTF8 ? SENDOPT_SMTPUTF8 | SENDOPT_UTF8_RCPT : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > sizeof script || memchr(data, '@', size)) /* addresses are looked for below */
		return 0;
	if (listening < 0)
		begin();
	check(fchdir(there) == 0);
	pthread_mutex_lock(&lock);
	script_length = size - 1;
	memcpy(script, data + 1, script_length);
	pthread_mutex_unlock(&lock);
	ask_for(data[0]);
	deliver(&mail.test.agent, &mail.d);
	connections_free(mail.test.agent.connections); /* the server waits for a kept one to end */
	mail.test.agent.connections = connections_new();
	check_outcome(data[0] & PROBE);
	unlink(pool_format(&mail.pool, "active/%s", mail.request->queue_id));
	pool_free(&mail.pool);
	check(fchdir(here) == 0);
	return 0;
}

/* Many handshakes at once that share one engine: priorities, credentials, anchors, tickets. */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/tls/forge.h"
#include "t/tls/server.h"
#include "tls/session.h"
#include "util/log.h"
#include "util/macros.h"

enum { THREADS = 32, HANDSHAKES = 8 };

static const struct tls_options options = {
	.version = TLS_POSTFIX(3, 7),
	.ca_file = "", .ca_path = "", .verify_depth = 9,
	.cert_file = "", .key_file = "", .dcert_file = "", .dkey_file = "", .eccert_file = "",
	.eckey_file = "", .chain_files = "",
	.fingerprint_digest = "sha256", .dane_digests = "sha512 sha256",
	.high_list = "HIGH", .medium_list = "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH",
	.low_list = "", .export_list = "", .null_list = "eNULL:!aNULL",
	.curves = "X25519 prime256v1", .groups = "",
	.log = TLS_LOG_SUMMARY | TLS_LOG_CACHE, .session_timeout = 3600, .fast_shutdown = true,
};

struct worker {
	pthread_t thread;
	int number;
	struct tls_engine *engine;
	const struct forged *identity;
	const gnutls_datum_t *ticket_key;
};

static atomic_int done_well, resumed, lines;

static void count_line(void *context, enum log_severity severity, const char *line, size_t length)
{
	(void)context, (void)severity, (void)line, (void)length;
	atomic_fetch_add(&lines, 1);
}

static bool talk(struct stream *stream, const struct worker *worker)
{
	struct buf line = BUF(100);
	bool fine;

	fine = stream_put(stream, "EHLO\r\n", 6) == IO_OK && stream_flush(stream) == IO_OK
		&& stream_line(stream, &line) == IO_OK && strcmp(buf_text(&line), "250 EHLO") == 0;
	tls_keep_session(worker->engine, stream);
	buf_close(&line);
	return fine;
}

static void one(struct worker *worker, int turn)
{
	static const char *const exclusions[] = {"", "aNULL", "kRSA", "SHA1", "CAMELLIA"};
	struct server server = {.priority = turn % 3 ? "NORMAL" : "NORMAL:-VERS-TLS1.3",
		.identity = worker->identity, .ticket_key = worker->ticket_key};
	struct tls_expect expect = {.level = TLS_LEVEL_ENCRYPT, .protocols = ">=TLSv1",
		.grade = "medium", .exclude = exclusions[turn % 5], .sni = "mx.example"};
	struct tls_start start = {.expect = &expect, .server = "mx.example[192.0.2.1]:25",
		.session_key = worker->number % 2 ? "odd" : "even"};
	struct stream *stream = stream_open(server_start(&server));
	struct tls_verdict verdict;
	struct pool pool = {0};

	stream_limit(stream, 60);
	if (tls_start(worker->engine, stream, &start, &pool, &verdict) == TLS_DONE
		&& talk(stream, worker)) {
		atomic_fetch_add(&done_well, 1);
		atomic_fetch_add(&resumed, verdict.reused);
	}
	stream_close(stream);
	server_wait(&server);
	pool_free(&pool);
}

static void *work(void *pointer)
{
	struct worker *worker = pointer;

	for (int turn = 0; turn < HANDSHAKES; turn++)
		one(worker, worker->number + turn);
	return NULL;
}

/* ---- each session has its own end: an error of one is never told of another ---- */

static const struct ending {
	enum server_does does;
	const char *exclude, *reason; /* NULL: it ends well */
} endings[] = {
	{SERVER_ECHOES, "", NULL},
	{SERVER_CLOSES, "", "the server closed the connection"},
	{SERVER_ECHOES, "aNULL", NULL},
	{SERVER_ALERTS, "", "the server's alert is \"handshake failure\"; it was offered TLSv1, TLSv1.1,"
		" TLSv1.2, TLSv1.3 with ciphers medium"},
	{SERVER_ECHOES, "", NULL},
	{SERVER_SPEAKS_PLAIN, "", "what the server sends is not TLS"},
};

static atomic_int told_right, ended_right;

static void end_one(const struct worker *worker, const struct ending *ending)
{
	struct server server = {.does = ending->does, .priority = "NORMAL",
		.identity = worker->identity};
	struct tls_expect expect = {.level = TLS_LEVEL_ENCRYPT, .protocols = ">=TLSv1",
		.grade = "medium", .exclude = ending->exclude, .sni = ""};
	struct tls_start start = {.expect = &expect, .server = "mx.example[192.0.2.1]:25",
		.session_key = "same"};
	struct stream *stream = stream_open(server_start(&server));
	struct tls_verdict verdict;
	struct pool pool = {0};
	bool done;

	stream_limit(stream, 60);
	done = tls_start(worker->engine, stream, &start, &pool, &verdict) == TLS_DONE;
	atomic_fetch_add(&ended_right,
		done == (ending->reason == NULL) && (!done || talk(stream, worker)));
	atomic_fetch_add(&told_right,
		strcmp(verdict.reason, ending->reason ? ending->reason : "") == 0
			&& *tls_alert(stream, &pool) == '\0');
	stream_close(stream);
	server_wait(&server);
	pool_free(&pool);
}

static void *end_all(void *pointer)
{
	const struct worker *worker = pointer;

	for (size_t turn = 0; turn < COUNT(endings); turn++)
		end_one(worker, &endings[(turn + (size_t)worker->number) % COUNT(endings)]);
	return NULL;
}

static int descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

static void apart(struct worker workers[THREADS])
{
	int before = descriptors();

	for (int i = 0; i < THREADS; i++)
		pthread_create(&workers[i].thread, NULL, end_all, &workers[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	is_number(atomic_load(&ended_right), THREADS * (int)COUNT(endings),
		"good and bad sessions side by side end as they should");
	is_number(atomic_load(&told_right), THREADS * (int)COUNT(endings),
		"and each is told its own reason");
	is_number(descriptors(), before, "no descriptor is left open");
}

int main(void)
{
	struct worker workers[THREADS];
	struct forged identity = forge("mx.example", GNUTLS_PK_ECDSA, NULL, 0);
	struct tls_engine *engine = tls_engine_open(&options);
	gnutls_datum_t ticket_key;

	log_open(&(struct log_sink){count_line, NULL});
	gnutls_session_ticket_key_generate(&ticket_key);
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.number = i, .engine = engine, .identity = &identity,
			.ticket_key = &ticket_key};
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);

	is_number(atomic_load(&done_well), THREADS * HANDSHAKES, "every handshake and answer");
	ok(atomic_load(&resumed) > 0, "some were resumed");
	ok(atomic_load(&lines) >= THREADS * HANDSHAKES, "and all were logged");
	apart(workers);
	gnutls_free(ticket_key.data);
	forge_free(&identity);
	tls_engine_close(engine);
	return done();
}

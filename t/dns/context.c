/* The .c: its worker's end of the pipe can only be broken from inside. */
#include "dns/context.c" /* NOLINT(bugprone-suspicious-include) */

#include "t/dns/heard.h"
#include "t/dns/nameserver.h"
#include "t/lib/tap.h"

static const char *const anchors[] = {
	". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16", NULL};
static const char *const insecure[] = {"test.", NULL};

static bool answer_a(void *context UNUSED, struct query *query)
{
	reply_begin(query, 0);
	reply_add(query, 1, "\300\0\2\1", 4);
	return true;
}

static bool silent(void *context UNUSED, struct query *query UNUSED)
{
	return false;
}

static struct context *make_for(struct pump *pump, struct pool *pool,
	const struct nameserver *server)
{
	struct context_settings settings = {
		.forwarder = pool_format(pool, "127.0.0.1@%u", nameserver_port(server)),
		.anchors = anchors,
		.insecure = insecure,
	};
	const char *error = NULL, *unknown = NULL;
	struct context *context = context_new(pump, pool, &settings, &unknown, &error);

	is_text(error, NULL, "a context");
	is_text(unknown, NULL, "libunbound knows all options");
	return context;
}

static void test_errors(void)
{
	static const char *const bad_anchors[] = {"rubbish", NULL};
	static const char *const none[] = {NULL};
	struct context_settings settings = {.anchors = bad_anchors, .insecure = none};
	struct pump *pump = pump_new();
	struct pool pool = {0};
	const char *error = NULL;

	ok(context_new(pump, &pool, &settings, NULL, &error) == NULL, "a bad anchor");
	is_text(error, "libunbound: settings, at zone home.arpa.: initialization failure",
		"is found out at once");
	settings.anchors = anchors;
	settings.forwarder = "nobody";
	ok(context_new(pump, &pool, &settings, NULL, &error) == NULL, "a bad nameserver");
	is_text(error, "libunbound: nameserver nobody: syntax error", "its words");
	context_let_go(NULL);
	pump_free(pump);
	pump_free(NULL);
	pool_free(&pool);
}

static void test_answer(void)
{
	struct nameserver server = {.answer = answer_a};
	struct pump *pump = pump_new();
	struct pool pool = {0};
	struct context *context;
	struct request *one, *other;
	const struct ub_result *result = NULL;
	struct batch batch;
	int error = 1;

	nameserver_start(&server, "127.0.0.1", 0);
	context = make_for(pump, &pool, &server);
	batch_open(&batch, pump);
	ok(!batch_wait(&batch, clock_ms() + 10), "nothing lands by itself");
	one = request_start(context, "a.test", 1, &batch);
	other = request_start(context, "b.test", 1, &batch);
	context_let_go(context); /* the requests hold it */
	while (!request_landed(one, &error, &result))
		ok(batch_wait(&batch, clock_ms() + 10000), "it lands");
	ok(error == 0 && result->havedata && result->len[0] == 4, "with an answer");
	request_end(other); /* landed or not */
	request_end(one);
	batch_close(&batch);
	pump_free(pump);
	nameserver_stop(&server);
	pool_free(&pool);
}

/* libunbound's worker is gone: what waits fails, what comes fails, and nothing hangs. */
static void test_broken(void)
{
	struct heard heard = {.lines = BUF(0)};
	struct nameserver server = {.answer = silent};
	struct pump *pump = pump_new();
	struct pool pool = {0};
	struct context *context;
	struct request *waiting, *late, *given_up;
	const struct ub_result *result;
	struct batch batch;
	int error = 0, ends[2] = {-1, -1}, worker;

	heard_open(&heard);
	nameserver_start(&server, "127.0.0.1", 0);
	context = make_for(pump, &pool, &server);
	batch_open(&batch, pump);
	given_up = request_start(context, "a.test", 1, &batch);
	waiting = request_start(context, "b.test", 1, &batch);
	request_end(given_up);

	worker = dup(ub_fd(context->ub)); /* so that the worker itself notices nothing */
	ok(worker >= 0 && pipe(ends) == 0 && close(ends[1]) == 0
			&& dup2(ends[0], ub_fd(context->ub)) >= 0,
		"a broken pipe");
	pthread_mutex_lock(&pump->lock);
	wake(pump);
	pthread_mutex_unlock(&pump->lock);
	ok(batch_wait(&batch, clock_ms() + 10000), "what waits is told");
	ok(request_landed(waiting, &error, &result) && error != 0, "that it failed");
	request_end(waiting);
	ok(strncmp(buf_text(&heard.lines), "warning: DNS: libunbound failed: ", 33) == 0,
		"which is logged");
	late = request_start(context, "c.test", 1, &batch);
	ok(request_landed(late, &error, &result) && error == CONTEXT_GONE, "what comes fails at once");
	request_end(late);

	dup2(worker, ub_fd(context->ub)); /* for libunbound to end in order */
	close(worker);
	close(ends[0]);
	context_let_go(context);
	batch_close(&batch);
	pump_free(pump);
	nameserver_stop(&server);
	buf_close(&heard.lines);
	pool_free(&pool);
}

int main(void)
{
	test_errors();
	test_answer();
	test_broken();
	return done();
}

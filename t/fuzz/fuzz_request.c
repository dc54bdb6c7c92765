#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "postfix/queuefile.h"
#include "postfix/request.h"
#include "postfix/version.h"
#include "util/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MOST = 100000 }; /* fits into the socket */

static void check(bool right)
{
	if (!right)
		abort();
}

static void silent(void *context UNUSED, enum log_severity severity UNUSED, const char *line UNUSED,
	size_t length UNUSED)
{
}

static void check_request(const struct request *request)
{
	check(queuefile_good_name(request->queue_name) && queuefile_good_id(request->queue_id));
	check(request->data_offset >= 0 && request->data_size >= 0 && request->nexthop[0]);
	check(request->rcpt_count > 0 && request->rcpt_count == (size_t)request->announced);
	check(request->sender && request->encoding && request->log_ident && request->sasl_sender);
	for (size_t i = 0; i < request->rcpt_count; i++)
		check(request->rcpts[i].address && request->rcpts[i].original
			&& request->rcpts[i].dsn_orcpt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct wire wire = {.version = POSTFIX(3, 7), .ipc_timeout = 1};
	struct pool pool = {0};
	struct request request = {.pool = &pool};
	int pair[2];

	log_open(&(struct log_sink){.write = silent});
	if (size > SIZE_MOST || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 0;
	attr_write(pair[1], 1, data, size);
	shutdown(pair[1], SHUT_WR);
	if (request_receive(&wire, pair[0], &request) == REQUEST_READY)
		check_request(&request);
	close(pair[0]);
	close(pair[1]);
	pool_free(&pool);
	return 0;
}

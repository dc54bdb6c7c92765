/* Lines: options (any of "l8u": LMTP, 3.8, UTF-8), fallback relays, the next hop. */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "postfix/version.h"
#include "smtp/destination.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static void check_one(const struct destination *to, const struct destination_options *options)
{
	check(to->text != NULL);
	if (to->error) {
		check(to->error[0] != '\0');
		return;
	}
	check(to->host != NULL && to->service != NULL);
	check(to->path ? options->lmtp && to->path[0] : to->host[0] != '\0' && to->port != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = {0};
	struct destination_options options = {.default_port = "smtp", .relayhost = "[relay.example]",
		.myhostname = "client.example", .known_tcp_ports = "lmtp=24, smtp=25, submission=587"};
	const char *text = pool_format(&pool, "%.*s", (int)size, (const char *)data), *word;

	if (size > 10000)
		return 0;
	word = text_token(&pool, &text, "\n", true);
	options.lmtp = word && strchr(word, 'l');
	options.version = word && strchr(word, '8') ? POSTFIX(3, 8) : POSTFIX(3, 5);
	options.utf8 = word && strchr(word, 'u');
	word = text_token(&pool, &text, "\n", true);
	options.fallback_relay = word ? word : "";
	if (options.version == POSTFIX(3, 5))
		options.known_tcp_ports = NULL;
	for (const struct destination *to = destination_parse(&pool, &options, text); ; to = to->next) {
		check(to != NULL);
		check_one(to, &options);
		if (to->next == NULL)
			break;
	}
	pool_free(&pool);
	return 0;
}

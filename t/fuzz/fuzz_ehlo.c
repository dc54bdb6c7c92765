/* A byte that says whether we are in TLS and what is discarded, then the reply's lines. */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "postfix/version.h"
#include "smtp/ehlo.h"
#include "util/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

static void check_offer(const struct ehlo *ehlo, unsigned discard, bool in_tls, const char *bad_size)
{
	check((ehlo->features & discard) == 0);
	check(!in_tls || !(ehlo->features & EHLO_STARTTLS));
	check(in_tls || !(ehlo->features & EHLO_REQUIRETLS));
	check(ehlo->size_limit >= 0);
	check(ehlo->xforward == 0 || (ehlo->features & EHLO_XFORWARD));
	check(bad_size == NULL || *bad_size);
	check(ehlo->auth && ehlo->name);
	check(ehlo->auth[0] == '\0' || (ehlo->features & EHLO_AUTH) || (discard & EHLO_AUTH));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool = {0};
	struct ehlo ehlo = {.auth = "", .name = ""};
	const char *text, *bad_size = NULL;
	unsigned discard;
	bool in_tls;

	if (size == 0)
		return 0;
	in_tls = data[0] & 1;
	discard = (unsigned)(data[0] >> 1) * 0x101 & (EHLO_SILENT_DISCARD - 1);
	text = pool_format(&pool, "%.*s", (int)size - 1, (const char *)data + 1);
	ehlo_parse(&pool, text, discard, in_tls, &ehlo, &bad_size);
	check_offer(&ehlo, discard, in_tls, bad_size);
	check(strlen(ehlo_names(&pool, ehlo.features, POSTFIX(3, 7))) < 1000);
	ehlo_parse(&pool, text, discard, true, &ehlo, &bad_size); /* once more, inside TLS */
	check_offer(&ehlo, discard, true, bad_size);
	ehlo_words(text, POSTFIX(3, 7));
	pool_free(&pool);
	return 0;
}

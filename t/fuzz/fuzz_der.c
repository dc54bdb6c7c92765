/* Whatever is taken out of a certificate lies in it. */
#include <stdint.h>
#include <stdlib.h>
#include "tls/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct tls_der part, struct tls_der whole)
{
	if (part.length > 0
		&& (part.data < whole.data || part.data + part.length > whole.data + whole.length))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t oid[] = {0x55, 0x1d, 0x11}; /* subjectAltName */
	struct tls_der whole = {data, size}, rest = whole, value = {NULL, 0};
	struct der_certificate parts;
	struct der_item item;

	while (der_next(&rest, &item)) {
		within(item.whole, whole);
		within(item.inside, item.whole);
	}
	der_is_key(whole);
	if (!der_certificate(whole, &parts))
		return 0;
	within(parts.tbs, whole);
	within(parts.issuer, parts.tbs);
	within(parts.subject, parts.tbs);
	within(parts.key, parts.tbs);
	within(parts.extensions, parts.tbs);
	within(parts.signature, whole);
	if (der_extension(&parts, (struct tls_der){oid, sizeof oid}, &value) == DER_FOUND)
		within(value, parts.extensions);
	return 0;
}

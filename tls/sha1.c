#include "config.h"
#include <gnutls/crypto.h>
#include "tls/sha1.h"

bool sha1(const void *data, size_t length, unsigned char digest[SHA1_SIZE])
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA1, data, length, digest) == 0;
}

#include "t/tls/forge.h"
#include <dirent.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char directory[64];

static void must(int rc)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "forge: %s\n", gnutls_strerror(rc));
	exit(99);
}

/* As if it had come from a file: GnuTLS does not know all of what it has just made. */
static void read_again(struct forged *forged)
{
	gnutls_datum_t der;

	must(gnutls_x509_crt_export2(forged->crt, GNUTLS_X509_FMT_DER, &der));
	gnutls_x509_crt_deinit(forged->crt);
	must(gnutls_x509_crt_init(&forged->crt));
	must(gnutls_x509_crt_import(forged->crt, &der, GNUTLS_X509_FMT_DER));
	gnutls_free(der.data);
}

struct forged forge(const char *name, gnutls_pk_algorithm_t kind, const struct forged *issuer,
	unsigned usage)
{
	unsigned bits = kind == GNUTLS_PK_ECDSA ? GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)
		: kind == GNUTLS_PK_RSA ? 2048 : 0;
	struct forged new;
	unsigned char serial[8];

	must(gnutls_x509_privkey_init(&new.key));
	must(gnutls_x509_privkey_generate(new.key, kind, bits, 0));
	must(gnutls_x509_crt_init(&new.crt));
	must(gnutls_x509_crt_set_key(new.crt, new.key));
	must(gnutls_x509_crt_set_version(new.crt, 3));
	must(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial));
	serial[0] &= 0x7f;
	must(gnutls_x509_crt_set_serial(new.crt, serial, sizeof serial));
	must(gnutls_x509_crt_set_activation_time(new.crt, time(NULL) - 86400));
	must(gnutls_x509_crt_set_expiration_time(new.crt, time(NULL) + 864000));
	must(gnutls_x509_crt_set_dn_by_oid(new.crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
		(unsigned)strlen(name)));
	must(gnutls_x509_crt_set_subject_alt_name(new.crt, GNUTLS_SAN_DNSNAME, name,
		(unsigned)strlen(name), GNUTLS_FSAN_SET));
	must(gnutls_x509_crt_set_basic_constraints(new.crt, issuer == NULL, -1));
	if (usage)
		must(gnutls_x509_crt_set_key_usage(new.crt, usage));
	if (issuer == NULL)
		issuer = &new;
	must(gnutls_x509_crt_sign2(new.crt, issuer->crt, issuer->key,
		gnutls_x509_privkey_get_pk_algorithm(issuer->key) == GNUTLS_PK_EDDSA_ED25519
			? GNUTLS_DIG_SHA512 : GNUTLS_DIG_SHA256, 0));
	read_again(&new);
	return new;
}

void forge_free(struct forged *forged)
{
	gnutls_x509_crt_deinit(forged->crt);
	gnutls_x509_privkey_deinit(forged->key);
}

static const char *text(struct pool *pool, gnutls_datum_t pem)
{
	const char *copy = pool_bytes(pool, pem.data, pem.size);

	gnutls_free(pem.data);
	return copy;
}

const char *forge_key(struct pool *pool, const struct forged *forged)
{
	gnutls_datum_t pem;

	must(gnutls_x509_privkey_export2_pkcs8(forged->key, GNUTLS_X509_FMT_PEM, NULL,
		GNUTLS_PKCS_PLAIN, &pem));
	return text(pool, pem);
}

const char *forge_certificate(struct pool *pool, const struct forged *forged)
{
	gnutls_datum_t pem;

	must(gnutls_x509_crt_export2(forged->crt, GNUTLS_X509_FMT_PEM, &pem));
	return text(pool, pem);
}

static void sweep(void)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char path[sizeof directory + sizeof entry->d_name + 1];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	rmdir(directory);
}

const char *forge_directory(void)
{
	if (*directory == '\0') {
		snprintf(directory, sizeof directory, "/tmp/safemx-tls-XXXXXX");
		if (mkdtemp(directory) == NULL)
			exit(99);
		atexit(sweep);
	}
	return directory;
}

const char *forge_file(struct pool *pool, const char *name, const char *content)
{
	const char *path = pool_format(pool, "%s/%s", forge_directory(), name);
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(content, file) == EOF || fclose(file) == EOF)
		exit(99);
	return path;
}

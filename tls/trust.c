#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tls/parts.h"
#include "tls/pem.h"
#include "tls/trust.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

enum { STATUSES_MOST = 2000 };

struct tls_trust {
	const struct tls_options *options;
	struct anchors roots, helpers;
	struct dane_digests dane, fingerprint;
	struct cache *statuses;
	struct tafiles *tafiles;
};

/*
 * One certificate that the administrator trusts. Only what is self-signed may end a chain: OpenSSL
 * does not take partial chains. False: it is malformed. What the library cannot read is left out.
 */
static bool add_authority(struct tls_trust *trust, struct tls_der der, const char *from)
{
	struct certificate certificate;
	struct der_certificate parts;

	if (!der_certificate(der, &parts))
		return false;
	if (anchors_have(&trust->roots, der) || anchors_have(&trust->helpers, der))
		return true;
	if (!certificate_open(&certificate, der))
		log_warning("%s: skipping a certificate that cannot be read", from);
	else if (certificate_self_issued(&certificate)
		&& certificate_could_be_from(&certificate, &certificate))
		anchors_add(&trust->roots, &certificate);
	else
		anchors_add(&trust->helpers, &certificate);
	return true;
}

/* NULL, or what is wrong with the content of FILE. */
static const char *add_authorities(struct tls_trust *trust, const char *text, const char *file)
{
	struct pool *pool = &trust->roots.pool;
	size_t count = 0;
	const char *label;
	struct tls_der der;
	enum pem pem;

	while ((pem = pem_next(pool, &text, &label, &der)) == PEM_BLOCK) {
		if (strcmp(label, "TRUSTED CERTIFICATE") == 0)
			log_warning("%s: skipping a certificate with OpenSSL trust settings", file);
		if (!anchors_is_certificate(label))
			continue;
		if (!add_authority(trust, der, file))
			return "malformed certificate";
		count++;
	}
	if (pem == PEM_BAD)
		return "malformed PEM data";
	return count > 0 ? NULL : "no certificate found";
}

static bool load_authorities(struct tls_trust *trust, const char *file)
{
	struct pool pool = {0};
	struct buf content = BUF(ANCHOR_FILE_MOST);
	const char *wrong;

	if (anchors_read_file(file, &content))
		wrong = add_authorities(trust, buf_text(&content), file);
	else
		wrong = text_errno(&pool, errno);
	if (wrong)
		log_warning("TLS library problem: %s: %s", file, wrong);
	buf_close(&content);
	pool_free(&pool);
	return wrong == NULL;
}

/* "01234567.0", a certificate by the hash of its subject: OpenSSL looks for no other names. */
static int is_hash_name(const struct dirent *entry)
{
	const char *name = entry->d_name;

	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && text_all_digits(name + 9);
}

/*
 * Postfix reads this folder at each handshake; we do it once, before chroot. A folder that is not
 * there is no error to OpenSSL: nothing is found in it.
 */
static void load_folder(struct tls_trust *trust, const char *folder)
{
	struct pool pool = {0};
	struct dirent **entries;
	int count = scandir(folder, &entries, is_hash_name, alphasort);

	if (count < 0)
		log_warning("CApath \"%s\": %s", folder, text_errno(&pool, errno));
	if (count == 0)
		log_warning("CApath \"%s\": no certificates named by their hash (see "
			    "openssl-rehash(1))",
			folder);
	for (int i = 0; i < count; i++) {
		load_authorities(trust, pool_format(&pool, "%s/%s", folder, entries[i]->d_name));
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	pool_free(&pool);
}

/* tls_append_default_CA: what GnuTLS was built to take for the system's. */
static bool load_default(struct tls_trust *trust)
{
	gnutls_x509_trust_list_iter_t at = NULL;
	gnutls_x509_trust_list_t system;
	gnutls_x509_crt_t crt;
	gnutls_datum_t bytes;
	struct tls_der der;

	if (gnutls_x509_trust_list_init(&system, 0) < 0)
		return false;
	if (gnutls_x509_trust_list_add_system_trust(system, 0, 0) <= 0) {
		gnutls_x509_trust_list_deinit(system, 1);
		return false;
	}
	while (gnutls_x509_trust_list_iter_get_ca(system, &at, &crt) >= 0) {
		if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &bytes) >= 0) {
			der.data =
				(uint8_t *)pool_bytes(&trust->roots.pool, bytes.data, bytes.size);
			der.length = bytes.size;
			add_authority(trust, der, "tls_append_default_CA");
			gnutls_free(bytes.data);
		}
		gnutls_x509_crt_deinit(crt);
	}
	gnutls_x509_trust_list_deinit(system, 1);
	return true;
}

static bool no_authorities(const struct tls_options *options, struct pool *pool)
{
	bool file = options->ca_file[0], folder = options->ca_path[0];

	const char *what = pool_format(pool, "cannot load Certification Authority data, %s%s%s%s%s%s%s",
		file ? "CAfile=\"" : "", options->ca_file, file ? "\"" : "",
		file && folder ? ", " : "", folder ? "CApath=\"" : "", options->ca_path,
		folder ? "\"" : "");

	log_info("%s: disabling TLS support", what);
	return engine_off(options, "%s", what);
}

static bool load_all(struct tls_trust *trust)
{
	const struct tls_options *options = trust->options;

	if (options->ca_file[0] && !load_authorities(trust, options->ca_file))
		return no_authorities(options, &trust->roots.pool);
	if (options->ca_path[0])
		load_folder(trust, options->ca_path);
	if (options->append_default_ca && !load_default(trust)) {
		log_info("cannot set default OpenSSL certificate verification paths: "
			 "disabling TLS support");
		return engine_off(options, "cannot load the system's certification authorities");
	}
	return true;
}

static bool find_digests(struct tls_trust *trust)
{
	const char *name = trust->options->fingerprint_digest;
	gnutls_digest_algorithm_t algorithm = gnutls_digest_get_id(name);

	if (algorithm == GNUTLS_DIG_UNKNOWN) {
		log_warning("Digest algorithm \"%s\" not found", name);
		log_warning("disabling TLS support");
		return engine_off(trust->options, "Digest algorithm \"%s\" not found", name);
	}
	trust->fingerprint.algorithm[DANE_PRIVATE] = algorithm;
	trust->fingerprint.strength[DANE_PRIVATE] = 1;
	dane_digests_read(&trust->dane, trust->options->dane_digests);
	return true;
}

static void drop_status(void *value UNUSED)
{
}

struct tls_trust *tls_trust_load(const struct tls_options *options)
{
	struct tls_trust *trust = MEMORY_NEW(struct tls_trust);

	trust->options = options;
	trust->statuses = cache_new(STATUSES_MOST, drop_status);
	trust->tafiles = tafiles_new();
	if (find_digests(trust) && load_all(trust))
		return trust;
	tls_trust_free(trust);
	return NULL;
}

void tls_trust_free(struct tls_trust *trust)
{
	if (trust == NULL)
		return;
	anchors_close(&trust->helpers);
	anchors_close(&trust->roots);
	tafiles_free(trust->tafiles);
	cache_free(trust->statuses);
	free(trust);
}

const struct anchors *trust_roots(const struct tls_trust *trust)
{
	return &trust->roots;
}

const struct anchors *trust_helpers(const struct tls_trust *trust)
{
	return &trust->helpers;
}

const struct dane_digests *trust_dane_digests(const struct tls_trust *trust)
{
	return &trust->dane;
}

const struct dane_digests *trust_fingerprint_digest(const struct tls_trust *trust)
{
	return &trust->fingerprint;
}

struct cache *trust_statuses(const struct tls_trust *trust)
{
	return trust->statuses;
}

const struct anchors *trust_set(struct tls_trust *trust, const char *const *files, size_t count)
{
	return tafiles_read(trust->tafiles, files, count, trust->options->log & TLS_LOG_DANE);
}

bool tls_trust_anchors(struct tls_trust *trust, const char *const *files, size_t count)
{
	return trust_set(trust, files, count) != NULL;
}

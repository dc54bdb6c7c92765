/*
 * identity - a pair of files for RSA and one for ECDSA, or smtp_tls_chain_files. Postfix reads a
 * key that is in its certificate's file as a chain file in which the key may stand anywhere.
 * Messages are Postfix's.
 */
#include "tls/identity.h"
#include <errno.h>
#include <gnutls/x509.h>
#include <string.h>
#include "tls/alert.h"
#include "tls/anchors.h"
#include "tls/keyfile.h"
#include "tls/parts.h"
#include "util/log.h"
#include "util/text.h"

/* Where we are in files of PEM objects, and the key that waits for its certificate. */
struct reading {
	const struct tls_options *options;
	struct identities *to;
	struct pool pool;
	const char *file;
	size_t index;             /* of the object in FILE, from 1 */
	const char *key_file;
	size_t key_index;         /* 0: no key was read yet */
	struct identity *current; /* NULL: no key was read yet */
};

/* ---- objects ---- */

static bool problem(int code)
{
	alert_problem(NULL, code);
	return false;
}

static bool is_key(const char *type)
{
	return strcmp(type, "PRIVATE KEY") == 0 || strcmp(type, "RSA PRIVATE KEY") == 0
		|| strcmp(type, "EC PRIVATE KEY") == 0;
}

static gnutls_datum_t datum(const struct keyfile_object *object)
{
	return (gnutls_datum_t){(unsigned char *)object->text, (unsigned)object->length};
}

static struct identity *identity_new(struct identities *to)
{
	return to->count < IDENTITIES_MOST ? &to->identity[to->count++] : NULL;
}

static int take_key(struct identity *identity, const struct keyfile_object *object)
{
	gnutls_datum_t pem = datum(object);
	gnutls_x509_privkey_t key;
	size_t size = IDENTITY_ID;
	int rc;

	if ((rc = gnutls_x509_privkey_init(&key)) < 0)
		return rc;
	if ((rc = gnutls_x509_privkey_import(key, &pem, GNUTLS_X509_FMT_PEM)) < 0
		|| (rc = gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256,
			identity->key_id, &size)) < 0
		|| (rc = gnutls_privkey_init(&identity->key)) < 0) {
		gnutls_x509_privkey_deinit(key);
		return rc;
	}
	identity->kind = (gnutls_pk_algorithm_t)gnutls_x509_privkey_get_pk_algorithm(key);
	return gnutls_privkey_import_x509(identity->key, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
}

/* Is this the certificate of the identity's key? */
static bool matches(const struct identity *identity, const gnutls_pcert_st *certificate)
{
	unsigned char id[IDENTITY_ID];
	size_t size = sizeof id;

	return gnutls_pubkey_get_key_id(certificate->pubkey, GNUTLS_KEYID_USE_SHA256, id, &size) >= 0
		&& size == IDENTITY_ID && memcmp(id, identity->key_id, IDENTITY_ID) == 0;
}

/* Adds it to the chain. */
static int take_certificate(struct identity *identity, const struct keyfile_object *object)
{
	gnutls_datum_t pem = datum(object);
	int rc;

	if (identity->length == IDENTITY_CHAIN_MOST)
		return GNUTLS_E_CERTIFICATE_LIST_UNSORTED;
	rc = gnutls_pcert_import_x509_raw(&identity->chain[identity->length], &pem,
		GNUTLS_X509_FMT_PEM, 0);
	identity->length += rc >= 0;
	return rc;
}

static bool has_kind(const struct identities *identities, const struct identity *but)
{
	for (size_t i = 0; i < identities->count; i++)
		if (&identities->identity[i] != but && identities->identity[i].kind == but->kind)
			return true;
	return false;
}

/* ---- chain files: a key, its certificate, issuers; and again ---- */

static bool chain_key(struct reading *reading, const struct keyfile_object *object)
{
	int rc;

	if (reading->current && reading->current->length == 0) {
		log_warning("error loading certificate chain: key at index %zu in %s not followed by "
			"a certificate", reading->key_index, reading->key_file);
		return false;
	}
	reading->key_file = reading->file;
	reading->key_index = reading->index;
	reading->current = identity_new(reading->to);
	rc = reading->current ? take_key(reading->current, object) : GNUTLS_E_INTERNAL_ERROR;
	if (rc >= 0)
		return true;
	log_warning("error loading private key (PEM object number %zu) from %s", reading->index,
		reading->file);
	return problem(rc);
}

static bool chain_certificate(struct reading *reading, const struct keyfile_object *object)
{
	struct identity *identity = reading->current;
	int rc;

	if (identity == NULL) {
		log_warning("error loading chain from %s: key not first", reading->file);
		return false;
	}
	if ((rc = take_certificate(identity, object)) < 0) {
		log_warning("error loading certificate (PEM object number %zu) from %s",
			reading->index, reading->file);
		return problem(rc);
	}
	if (identity->length > 1
		|| (matches(identity, &identity->chain[0]) && !has_kind(reading->to, identity)))
		return true;
	log_warning("key at index %zu in %s does not match next certificate", reading->key_index,
		reading->key_file);
	return problem(GNUTLS_E_CERTIFICATE_KEY_MISMATCH);
}

static bool chain_object(struct reading *reading, const struct keyfile_object *object)
{
	reading->index++;
	if (is_key(object->type))
		return chain_key(reading, object);
	if (anchors_is_certificate(object->type))
		return chain_certificate(reading, object);
	log_warning("loading %s: ignoring PEM type: %s", reading->file, object->type);
	return true;
}

static bool chain_end(struct reading *reading)
{
	if (reading->current == NULL)
		log_warning("No PEM data in %s", reading->file);
	else if (reading->current->length == 0)
		log_warning("No certs for key at index %zu in %s", reading->key_index,
			reading->key_file);
	return reading->current && reading->current->length > 0;
}

static bool chain_open(struct reading *reading, struct buf *text)
{
	if (keyfile_read(reading->file, text))
		return true;
	log_warning("error opening chain file: %s: %s", reading->file,
		text_errno(&reading->pool, errno));
	return false;
}

static bool chain_files(struct reading *reading, const char *files, struct buf *text)
{
	const char *rest, *file;
	struct keyfile_object object;

	while ((file = text_token(&reading->pool, &files, TEXT_LIST_SEPARATORS, false)) != NULL) {
		reading->file = file;
		if (!chain_open(reading, text)) /* as Postfix: without this and those after it */
			return reading->current == NULL || chain_end(reading);
		reading->index = 0;
		rest = buf_text(text);
		while (keyfile_next(&reading->pool, &rest, &object))
			if (!chain_object(reading, &object))
				return false;
	}
	return chain_end(reading);
}

/* ---- one file for certificate and key: the key may stand anywhere ---- */

static bool mixed_key(struct reading *reading, const char *rest)
{
	struct keyfile_object object;
	bool fine = true;

	for (size_t at = 1; fine && keyfile_next(&reading->pool, &rest, &object); at++) {
		if (!is_key(object.type))
			continue;
		if (reading->current) {
			log_warning("ignoring 2nd key at index %zu in %s after 1st at %zu", at,
				reading->file, reading->key_index);
			break;
		}
		reading->index = at;
		fine = chain_key(reading, &object);
	}
	if (reading->current == NULL)
		log_warning("No private key found in %s", reading->file);
	return fine && reading->current;
}

static bool mixed_chain(struct reading *reading, const struct buf *text)
{
	const char *rest = buf_text(text);
	struct keyfile_object object;

	if (!keyfile_next(&reading->pool, &rest, &object))
		return chain_end(reading);
	if (!mixed_key(reading, buf_text(text)))
		return false;
	rest = buf_text(text);
	for (reading->index = 1; keyfile_next(&reading->pool, &rest, &object); reading->index++)
		if (anchors_is_certificate(object.type) && !chain_certificate(reading, &object))
			return false;
	return chain_end(reading);
}

static bool loading(struct reading *reading, bool done, const char *files)
{
	pool_free(&reading->pool);
	if (done)
		return true;
	log_warning("error loading private keys and certificates from: %s: disabling TLS support",
		files);
	return engine_off(reading->options,
		"error loading private keys and certificates from: %s", files);
}

/* ---- certificate and key in files of their own ---- */

struct pairing {
	const struct tls_options *options;
	struct pool *pool;
};

/* Below zero: GnuTLS's code. Above: errno. */
static int pair_certificates(struct identity *identity, struct pool *pool, const char *file,
	struct buf *text)
{
	const char *rest;
	struct keyfile_object object;
	int rc = GNUTLS_E_NO_CERTIFICATE_FOUND;

	if (!keyfile_read(file, text))
		return errno;
	rest = buf_text(text);
	while (keyfile_next(pool, &rest, &object))
		if (anchors_is_certificate(object.type)
			&& (rc = take_certificate(identity, &object)) < 0)
			break;
	return rc;
}

static int pair_key(struct identity *identity, struct pool *pool, const char *file,
	struct buf *text)
{
	const char *rest;
	struct keyfile_object object;

	if (!keyfile_read(file, text))
		return errno;
	rest = buf_text(text);
	while (keyfile_next(pool, &rest, &object))
		if (is_key(object.type))
			return take_key(identity, &object);
	return GNUTLS_E_BASE64_DECODING_ERROR;
}

static bool useless(const struct pairing *p, const char *what, const char *file, int rc)
{
	log_warning("cannot get %s from file \"%s\": disabling TLS support", what, file);
	engine_off(p->options, "cannot get %s from file \"%s\"", what, file);
	if (rc < 0)
		return problem(rc);
	log_warning("TLS library problem: error:system library::%s:calling fopen(%s, r):",
		text_errno(p->pool, rc), file);
	return false;
}

/* A key of another kind is told from the wrong key of the right kind, as OpenSSL has it. */
static bool pair(struct identity *identity, const struct pairing *p, const char *kind,
	const char *cert_file, const char *key_file, struct buf *text)
{
	const char *certificate = pool_format(p->pool, "%s certificate", kind);
	const char *key = pool_format(p->pool, "%s private key", kind);
	int rc;

	if ((rc = pair_certificates(identity, p->pool, cert_file, text)) != 0)
		return useless(p, certificate, cert_file, rc);
	if ((rc = pair_key(identity, p->pool, key_file, text)) != 0)
		return useless(p, key, key_file, rc);
	if (matches(identity, &identity->chain[0]))
		return true;
	if (gnutls_pubkey_get_pk_algorithm(identity->chain[0].pubkey, NULL) == (int)identity->kind)
		return useless(p, key, key_file, GNUTLS_E_CERTIFICATE_KEY_MISMATCH);
	log_warning("%s in %s does not match public key in %s: disabling TLS support", key, key_file,
		cert_file);
	return engine_off(p->options, "%s in %s does not match public key in %s", key, key_file,
		cert_file);
}

/* ---- all that is configured ---- */

static bool load_chains(struct identities *to, const struct tls_options *options)
{
	struct reading reading = {.to = to, .options = options};
	const char *files = options->chain_files;
	struct buf text = BUF(KEYFILE_MOST);
	bool done = chain_files(&reading, files, &text);

	keyfile_wipe(&text);
	return loading(&reading, done, files);
}

static bool load_mixed(struct identities *to, const struct tls_options *options, const char *file)
{
	struct reading reading = {.to = to, .options = options};
	struct buf text = BUF(KEYFILE_MOST);
	bool done;

	reading.file = file;
	if (!chain_open(&reading, &text)) { /* Postfix says no more, but has no engine */
		pool_free(&reading.pool);
		keyfile_wipe(&text);
		return engine_off(options, "error opening chain file: %s", file);
	}
	done = mixed_chain(&reading, &text);
	keyfile_wipe(&text);
	return loading(&reading, done, file);
}

static bool load_pair(struct identities *to, const struct tls_options *options, const char *kind,
	const char *cert_file, const char *key_file)
{
	struct buf text = BUF(KEYFILE_MOST);
	struct pool pool = {0};
	struct pairing p = {options, &pool};
	bool done;

	if (*cert_file == '\0')
		return true;
	if (*key_file == '\0' || strcmp(cert_file, key_file) == 0)
		return load_mixed(to, options, cert_file);
	done = pair(identity_new(to), &p, kind, cert_file, key_file, &text);
	keyfile_wipe(&text);
	pool_free(&pool);
	return done;
}

bool identities_load(struct identities *to, const struct tls_options *options)
{
	if (*options->chain_files != '\0')
		return load_chains(to, options);
	if (*options->dcert_file != '\0')
		log_warning("%s_tls_dcert_file: DSA certificates are not supported and not sent",
			options->lmtp ? "lmtp" : "smtp");
	return load_pair(to, options, "RSA", options->cert_file, options->key_file)
		&& load_pair(to, options, "ECDSA", options->eccert_file, options->eckey_file);
}

void identities_free(struct identities *identities)
{
	for (size_t i = 0; i < identities->count; i++) {
		struct identity *identity = &identities->identity[i];

		for (unsigned j = 0; j < identity->length; j++)
			gnutls_pcert_deinit(&identity->chain[j]);
		if (identity->key)
			gnutls_privkey_deinit(identity->key);
	}
	identities->count = 0;
}

/* Why a server was refused, in words that tell an administrator what to do. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <gnutls/crypto.h>
#include "tls/dn.h"
#include "tls/judged.h"
#include "tls/trust.h"
#include "util/addr.h"
#include "util/text.h"

enum { NAMES_MOST = 12, RECORDS_MOST = 6, NAME_MOST = 255, DIGEST_MOST = 64 };

static const char *finish(const struct judged *j, struct buf *text)
{
	const char *copy = pool_text(j->pool, buf_text(text));

	buf_close(text);
	return copy;
}

/* "a, b, and 3 more" */
static void add_item(struct buf *to, const char *item)
{
	buf_addf(to, "%s%s", to->length > 0 ? ", " : "", item);
}

static void add_rest(struct buf *to, size_t count, size_t most)
{
	if (count > most)
		buf_addf(to, ", and %zu more", count - most);
}

/* --- names --- */

static const char *name_text(const struct judged *j, const struct match_name *name)
{
	struct tls_der bytes = name->bytes;
	char address[ADDR_TEXT], *text;
	struct addr addr;

	if (name->kind == MATCH_ADDRESS)
		return addr_from_bytes(&addr, bytes.data, bytes.length, 0)
			? pool_text(j->pool, addr_text(&addr, address))
			: "?";
	if (bytes.length > NAME_MOST)
		bytes.length = NAME_MOST;
	text = pool_bytes(j->pool, bytes.data, bytes.length);
	for (size_t i = 0; i < bytes.length; i++)
		if (text[i] == '\0')
			text[i] = '?';
	text_printable(text, bytes.length, j->context->options->utf8);
	return text;
}

static bool has(const struct judged *j, enum match_kind kind)
{
	for (size_t i = 0; i < j->name_count; i++)
		if (j->names[i].kind == kind)
			return true;
	return false;
}

const char *judged_peer_names(const struct judged *j)
{
	enum match_kind unheard = has(j, MATCH_DNS) ? MATCH_COMMON : MATCH_DNS;
	struct buf text = BUF(0);
	size_t count = 0;

	for (size_t i = 0; i < j->name_count; i++)
		if (j->names[i].kind != unheard && count++ < NAMES_MOST)
			add_item(&text, name_text(j, &j->names[i]));
	add_rest(&text, count, NAMES_MOST);
	return finish(j, &text);
}

static const char *acceptable(const struct judged *j)
{
	struct buf text = BUF(0);

	for (size_t i = 0; i < j->demand->name_count && i < NAMES_MOST; i++)
		add_item(&text, j->demand->names[i].name);
	add_rest(&text, j->demand->name_count, NAMES_MOST);
	return finish(j, &text);
}

static const char *wrong_name(const struct judged *j)
{
	const char *names = judged_peer_names(j), *why_not = j->demand->expect->why_not;
	bool more = why_not && why_not[0];

	return pool_format(j->pool, "certificate %s%s; acceptable: %s%s%s",
		names[0] ? "names " : "has no names", names, acceptable(j), more ? "; " : "",
		more ? why_not : "");
}

/* --- chains --- */

static const struct certificate *culprit(const struct judged *j)
{
	size_t depth = j->shown.depth;

	if (j->path.count == 0)
		return NULL;
	return j->path.certificates[depth < j->path.count ? depth : j->path.count - 1];
}

/* "certificate", or "CA certificate /O=...". */
static const char *which(const struct judged *j)
{
	const struct certificate *certificate = culprit(j);

	if (certificate == NULL || j->shown.depth == 0)
		return "certificate";
	return pool_format(j->pool, "CA certificate %s",
		dn_line(j->pool, certificate->parts.subject));
}

static const char *date(const struct judged *j, time_t when)
{
	char text[64];
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL
		|| strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		return "an unknown date";
	return pool_text(j->pool, text);
}

static const char *no_authorities(const struct judged *j)
{
	const struct tls_options *options = j->context->options;
	const char *program = options->lmtp ? "lmtp" : "smtp";

	if (trust_roots(j->context->trust)->count > 0)
		return "";
	return pool_format(j->pool,
		"; no certification authority is trusted: see %s_tls_CAfile and"
		" %s_tls_CApath",
		program, program);
}

/* Was the issuer there, but such as nobody takes? */
static bool sent_broken(const struct judged *j, struct tls_der name)
{
	for (size_t i = 0; i < j->sent_count; i++)
		if (j->sent[i].broken && der_same(j->sent[i].parts.subject, name))
			return true;
	return false;
}

static const char *wrong_end(const struct judged *j)
{
	const struct path *path = &j->path;
	const struct certificate *last = path->certificates[path->count - 1];

	if (j->shown.problem == PROBLEM_SELF_SIGNED)
		return pool_format(j->pool, "self-signed certificate %s",
			dn_line(j->pool, last->parts.subject));
	if (last->broken)
		return pool_format(j->pool, "%s has an extension that cannot be read", which(j));
	return pool_format(j->pool, "untrusted issuer %s%s", dn_line(j->pool, last->parts.issuer),
		sent_broken(j, last->parts.issuer)
			? ", whose certificate has an extension that cannot be read"
			: no_authorities(j));
}

/* --- TLSA records, fingerprints, tafiles --- */

static const char *colons(const struct judged *j, struct tls_der of)
{
	gnutls_digest_algorithm_t algorithm =
		trust_fingerprint_digest(j->context->trust)->algorithm[DANE_PRIVATE];
	uint8_t digest[DIGEST_MOST];
	struct buf text = BUF(0);

	if (of.length == 0 || gnutls_hash_get_len(algorithm) > sizeof digest
		|| gnutls_hash_fast(algorithm, of.data, of.length, digest) < 0)
		return "none";
	text_hex(&text, digest, gnutls_hash_get_len(algorithm), ':');
	return finish(j, &text);
}

static const char *wrong_fingerprint(const struct judged *j)
{
	if (j->peer->kind == TLS_PEER_RAW)
		return pool_format(j->pool,
			"no fingerprint matches; the server's is %s (public key)",
			colons(j, j->key));
	return pool_format(j->pool,
		"no fingerprint matches; the server's are %s (certificate) and %s"
		" (public key)",
		colons(j, j->certificate), colons(j, j->key));
}

/* What the record of the server's key would be. */
static const char *wanted_record(const struct judged *j)
{
	uint8_t digest[32];
	struct tls_tlsa record = {DANE_EE, DANE_KEY, 1, digest, sizeof digest};

	if (j->key.length == 0
		|| gnutls_hash_fast(GNUTLS_DIG_SHA256, j->key.data, j->key.length, digest) < 0)
		return "";
	return pool_format(j->pool, "; the server's key is %s", dane_text(j->pool, &record));
}

/* A digest cannot stand in for a certificate that is not there. */
static const char *hint_at_anchor(const struct judged *j)
{
	for (size_t i = 0; i < j->demand->tlsa_count; i++)
		if (j->demand->tlsa[i]->usage == DANE_TA
			&& j->demand->tlsa[i]->matching != DANE_FULL)
			return "; a trust anchor given as a digest must be among the certificates"
			       " that the server sends";
	return "";
}

static const char *no_record(const struct judged *j)
{
	struct buf records = BUF(0);

	for (size_t i = 0; i < j->demand->tlsa_count && i < RECORDS_MOST; i++)
		add_item(&records, dane_text(j->pool, j->demand->tlsa[i]));
	add_rest(&records, j->demand->tlsa_count, RECORDS_MOST);
	return pool_format(j->pool, "no TLSA record matches: %s%s%s", finish(j, &records),
		wanted_record(j), hint_at_anchor(j));
}

/* All that there are, as they came. */
static const char *unusable_records(const struct judged *j)
{
	const struct tls_expect *expect = j->demand->expect;
	struct buf records = BUF(0);

	for (size_t i = 0; i < expect->tlsa_count && i < RECORDS_MOST; i++)
		add_item(&records, dane_text(j->pool, &expect->tlsa[i]));
	add_rest(&records, expect->tlsa_count, RECORDS_MOST);
	return finish(j, &records);
}

static const char *issuer_at_end(const struct judged *j)
{
	const struct path *path = &j->path;

	if (path->count == 0)
		return "?";
	return dn_line(j->pool, path->certificates[path->count - 1]->parts.issuer);
}

static const char *no_anchor(const struct judged *j)
{
	const struct tls_expect *expect = j->demand->expect;
	struct buf files = BUF(0);

	for (size_t i = 0; i < expect->anchor_file_count && i < RECORDS_MOST; i++)
		add_item(&files, expect->anchor_files[i]);
	return pool_format(j->pool,
		"no trust anchor in %s leads to the certificate; its chain ends at issuer %s",
		finish(j, &files), issuer_at_end(j));
}

static const char *nothing_matches(const struct judged *j)
{
	if (j->demand->level == TLS_LEVEL_FINGERPRINT)
		return wrong_fingerprint(j);
	return j->demand->anchors ? no_anchor(j) : no_record(j);
}

/* --- */

/* As they were written. */
static const char *unusable_fingerprints(const struct judged *j)
{
	const struct tls_expect *expect = j->demand->expect;
	struct buf list = BUF(0);

	for (size_t i = 0; i < expect->fingerprint_count && i < RECORDS_MOST; i++)
		add_item(&list, expect->fingerprints[i]);
	add_rest(&list, expect->fingerprint_count, RECORDS_MOST);
	return finish(j, &list);
}

static const char *nothing_usable(const struct judged *j)
{
	char *text = pool_text(j->pool, j->demand->unusable_text);

	for (char *at = text; *at; at++)
		if (*at == '-')
			*at = ' ';
	if (text[0] && j->demand->expect->tlsa_count > 0)
		return pool_format(j->pool, "%s: %s", text, unusable_records(j));
	if (text[0] && j->demand->expect->fingerprint_count > 0)
		return pool_format(j->pool, "%s: %s", text, unusable_fingerprints(j));
	return text[0] ? text : "no acceptable name is left to check";
}

static const char *weak_key(const struct judged *j)
{
	unsigned bits = 0;

	if (j->shown.depth == 0)
		certificate_is_weak_key(j->key, &bits);
	else
		gnutls_x509_crt_get_pk_algorithm(culprit(j)->crt, &bits);
	if (j->peer->kind == TLS_PEER_RAW)
		return pool_format(j->pool, "the server's key has %u bits, which is too short", bits);
	return pool_format(j->pool, "%s has a key of %u bits, which is too short", which(j), bits);
}

static const char *weak_digest(const struct judged *j)
{
	int algorithm = gnutls_x509_crt_get_signature_algorithm(culprit(j)->crt);
	const char *name = algorithm > 0 ? gnutls_sign_get_name(algorithm) : NULL;

	return pool_format(j->pool, "%s is signed by %s, which is too weak", which(j),
		name ? name : "an unknown algorithm");
}

static const char *constrained(const struct judged *j, const char *what)
{
	if (j->shown.depth > 0)
		return pool_format(j->pool, "%s has a name that name constraints of a certification"
			" authority above %s", which(j), what);
	return pool_format(j->pool, "certificate names %s, which name constraints of a certification"
		" authority above %s", judged_peer_names(j), what);
}

static const char *wrong_certificate(const struct judged *j)
{
	switch (j->shown.problem) {
	case PROBLEM_NAME:
	case PROBLEM_ADDRESS:
		return wrong_name(j);
	case PROBLEM_SELF_SIGNED:
	case PROBLEM_UNKNOWN_ROOT:
	case PROBLEM_UNKNOWN_ISSUER:
	case PROBLEM_NO_ISSUER:
		return wrong_end(j);
	case PROBLEM_EXPIRED:
		return pool_format(j->pool, "%s expired on %s", which(j),
			date(j, culprit(j)->until));
	case PROBLEM_NOT_YET_VALID:
		return pool_format(j->pool, "%s is not valid before %s", which(j),
			date(j, culprit(j)->from));
	case PROBLEM_NOT_BEFORE:
	case PROBLEM_NOT_AFTER:
		return pool_format(j->pool, "%s has a date that cannot be read", which(j));
	case PROBLEM_PURPOSE:
		return pool_format(j->pool, "%s is not designated for use %s", which(j),
			j->shown.depth == 0 ? "as a server certificate"
					    : "with server certificates");
	case PROBLEM_TOO_LONG:
		return pool_format(j->pool, "more than %d intermediate certificates"
			" (%s_tls_scert_verifydepth = %d)", j->context->options->verify_depth + 1,
			j->context->options->lmtp ? "lmtp" : "smtp",
			j->context->options->verify_depth);
	case PROBLEM_NO_TLSA:
		return nothing_matches(j);
	case PROBLEM_LEAF_KEY:
	case PROBLEM_CA_KEY:
		return weak_key(j);
	case PROBLEM_DIGEST:
		return weak_digest(j);
	case PROBLEM_NOT_PERMITTED:
		return constrained(j, "do not permit");
	case PROBLEM_EXCLUDED:
		return constrained(j, "exclude");
	case PROBLEM_CONSTRAINTS:
		return "name constraints of a certification authority cannot be read, or are too many";
	case PROBLEM_LIMIT_KIND:
	case PROBLEM_LIMITED_NAME:
		return pool_format(j->pool, "%s has a name that cannot be held against the name"
			" constraints of a certification authority", which(j));
	case PROBLEM_NONE:
	case PROBLEM_UNSPECIFIED:
	case PROBLEM_SIGNATURE:
	case PROBLEM_PATH_LENGTH:
	case PROBLEM_CRITICAL:
	case PROBLEM_PROXY:
	case PROBLEM_RESOURCES:
	case PROBLEM_NOT_CA:
		break;
	}
	return pool_format(j->pool, "%s: %s", which(j), problem_text(j->shown.problem));
}

const char *judged_reason(const struct judged *j)
{
	if (j->matched)
		return "";
	if (j->demand->expect->policy_failure)
		return pool_format(j->pool, "external policy failure (%s)",
			j->demand->expect->policy_failure);
	if (j->demand->unusable)
		return nothing_usable(j);
	if (j->peer->kind == TLS_PEER_NONE)
		return "the server has shown no certificate";
	if (j->peer->kind == TLS_PEER_X509 && j->sent_count == 0
		&& j->shown.problem == PROBLEM_UNSPECIFIED)
		return "the server's certificate cannot be read";
	return wrong_certificate(j);
}

/* The log lines of TLS_README. */
#include <string.h>
#include <gnutls/crypto.h>
#include "tls/dn.h"
#include "tls/judged.h"
#include "tls/trust.h"
#include "util/log.h"
#include "util/text.h"

enum { NAME_MOST = 255, DIGEST_MOST = 64 }; /* bytes */

struct telling {
	const struct judged *j;
	const char *server;
	int version;
	unsigned log; /* TLS_LOG_ bits */
	struct list *lines;
};

static void PRINTF_LIKE(2, 3) add(const struct telling *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	list_add(t->lines, pool_vformat(t->j->pool, format, args));
	va_end(args);
}

/* --- names of the peer as text --- */

/* A value fit to be logged, or "" after a warning. */
static const char *fit(const struct telling *t, struct tls_der value, const char *what)
{
	char *text;

	if (value.length > 0 && memchr(value.data, '\0', value.length)) {
		log_warning("tls_text_name: %s: NULL character in peer %s", t->server, what);
		return "";
	}
	if (value.length > NAME_MOST) {
		log_warning("tls_text_name: %s: peer %s too long: %d", t->server, what,
			(int)value.length);
		return "";
	}
	for (size_t i = 0; i < value.length; i++) {
		if (value.data[i] < ' ' || value.data[i] == 0x7f) {
			log_warning("tls_text_name: %s: non-printable content in peer %s",
				t->server, what);
			return "";
		}
	}
	text = pool_bytes(t->j->pool, value.data, value.length);
	text_printable(text, value.length, t->j->context->options->utf8);
	return text;
}

static const char *first(const struct telling *t, struct tls_der name, enum dn_type type,
	const char *what)
{
	struct tls_der value;

	return dn_values(t->j->pool, name, type, &value, 1) > 0 ? fit(t, value, what) : "";
}

static const char *matched_name(const struct telling *t)
{
	const struct match *match = &t->j->match;
	char *text;

	if (match->by == NULL || match->by->kind == MATCH_ADDRESS)
		return "";
	text = pool_bytes(t->j->pool, match->by->bytes.data, match->by->bytes.length);
	text_printable(text, match->by->bytes.length, t->j->context->options->utf8);
	return text;
}

static const char *subject(const struct telling *t)
{
	const char *name = first(t, t->j->sent[0].parts.subject, DN_COMMON_NAME, "subject CN");

	return name[0] ? name : matched_name(t);
}

static const char *issuer(const struct telling *t)
{
	struct tls_der name = t->j->sent[0].parts.issuer;
	const char *text = first(t, name, DN_COMMON_NAME, "issuer CN");

	return text[0] ? text : first(t, name, DN_ORGANIZATION, "issuer Organization");
}

/* "AA:BB:...", or "" if there is nothing to compute it of. */
static const char *fingerprint(const struct telling *t, struct tls_der of)
{
	const struct dane_digests *digests = trust_fingerprint_digest(t->j->context->trust);
	gnutls_digest_algorithm_t algorithm = digests->algorithm[DANE_PRIVATE];
	uint8_t digest[DIGEST_MOST];
	struct buf text = BUF(0);
	const char *copy;

	if (of.length == 0 || gnutls_hash_get_len(algorithm) > sizeof digest
		|| gnutls_hash_fast(algorithm, of.data, of.length, digest) < 0)
		return "";
	text_hex(&text, digest, gnutls_hash_get_len(algorithm), ':');
	copy = pool_text(t->j->pool, buf_text(&text));
	buf_close(&text);
	return copy;
}

/* --- what went wrong --- */

static const char *issuer_line(const struct judged *j)
{
	const struct path *path = &j->path;

	return path->count == 0
		? ""
		: dn_line(j->pool, path->certificates[path->count - 1]->parts.issuer);
}

static void add_problem(const struct telling *t)
{
	struct finding shown = t->j->shown;
	const char *whose = shown.depth == 0 ? "server" : "CA", *server = t->server;

	switch (shown.problem) {
	case PROBLEM_SELF_SIGNED:
		add(t, "certificate verification failed for %s: self-signed certificate", server);
		break;
	case PROBLEM_UNKNOWN_ROOT:
	case PROBLEM_UNKNOWN_ISSUER:
		add(t, "certificate verification failed for %s: untrusted issuer %s", server,
			issuer_line(t->j));
		break;
	case PROBLEM_EXPIRED:
	case PROBLEM_NOT_AFTER:
		add(t, "%s certificate verification failed for %s: certificate has expired", whose,
			server);
		break;
	case PROBLEM_NOT_YET_VALID:
	case PROBLEM_NOT_BEFORE:
		add(t, "%s certificate verification failed for %s: certificate not yet valid",
			whose, server);
		break;
	case PROBLEM_PURPOSE:
		add(t,
			"certificate verification failed for %s: not designated for use as a %s"
			" certificate",
			server, whose);
		break;
	case PROBLEM_TOO_LONG:
		add(t,
			"certificate verification failed for %s: certificate chain longer than "
			"limit(%d)",
			server, t->j->context->options->verify_depth + 1);
		break;
	case PROBLEM_NONE:
	case PROBLEM_UNSPECIFIED:
	case PROBLEM_NO_ISSUER:
	case PROBLEM_SIGNATURE:
	case PROBLEM_PATH_LENGTH:
	case PROBLEM_CRITICAL:
	case PROBLEM_PROXY:
	case PROBLEM_RESOURCES:
	case PROBLEM_NOT_PERMITTED:
	case PROBLEM_EXCLUDED:
	case PROBLEM_CONSTRAINTS:
	case PROBLEM_LIMIT_KIND:
	case PROBLEM_LIMITED_NAME:
	case PROBLEM_NAME:
	case PROBLEM_ADDRESS:
	case PROBLEM_NO_TLSA:
	case PROBLEM_LEAF_KEY:
	case PROBLEM_CA_KEY:
	case PROBLEM_DIGEST:
	case PROBLEM_NOT_CA:
		add(t, "%s certificate verification failed for %s: num=%d:%s", whose, server,
			(int)shown.problem, problem_text(shown.problem));
		break;
	}
}

static void add_refusal(const struct telling *t, bool reused)
{
	const struct tls_demand *demand = t->j->demand;
	bool must = tls_level_must_match(demand->level);
	bool asked = (t->log & TLS_LOG_UNTRUSTED) || tls_level_must_match(demand->expect->level);

	if (!must && (!asked || t->j->peer->kind != TLS_PEER_X509))
		return;
	if (must && demand->expect->policy_failure)
		add(t, "certificate verification failed for %s: external policy failure (%s)",
			t->server, demand->expect->policy_failure);
	else if (!must && reused && t->j->shown.problem != PROBLEM_NONE)
		add(t,
			"%s: re-using session with untrusted %s, look for details earlier in the "
			"log",
			t->server,
			t->version >= TLS_POSTFIX(3, 9) ? "peer credential" : "certificate");
	else if (t->j->shown.problem != PROBLEM_NONE)
		add_problem(t);
}

static void add_depth(const struct telling *t, size_t depth, bool good)
{
	const struct certificate *at = depth == 0 ? t->j->sent : t->j->path.certificates[depth];

	add(t, "%s: depth=%zu verify=%d subject=%s", t->server, depth, good,
		dn_line(t->j->pool, at->parts.subject));
}

/* OpenSSL asks for dates last, when it goes down the path. */
static bool is_date(enum problem problem)
{
	return problem == PROBLEM_EXPIRED || problem == PROBLEM_NOT_YET_VALID;
}

/* OpenSSL looks at the leaf's key first, and goes on to the record or fingerprint. */
static bool is_weak_leaf(const struct judged *j)
{
	return j->chain.problem == PROBLEM_LEAF_KEY;
}

static void add_raw(const struct telling *t)
{
	if (is_weak_leaf(t->j))
		add(t, "%s: verify=0 raw public key", t->server);
	add(t, "%s: verify=%d raw public key", t->server, t->j->by != NULL);
}

/* There is no path, or none was asked for: a record, a fingerprint or a tafile has the leaf. */
static void add_leaf(const struct telling *t)
{
	if (is_weak_leaf(t->j))
		add_depth(t, 0, false);
	if (t->j->name.problem != PROBLEM_NONE)
		add_depth(t, 0, false);
	add_depth(t, 0, t->j->leaf);
}

/*
 * In the order of OpenSSL's checks: what breaks the path, the name, then the path from its top
 * down.
 */
static void add_path(const struct telling *t)
{
	const struct path *path = &t->j->path;
	enum problem problem = path->finding.problem;
	size_t depth = path->finding.depth;

	if (problem != PROBLEM_NONE && !is_date(problem) && depth < path->count)
		add_depth(t, depth, false);
	if (t->j->name.problem != PROBLEM_NONE)
		add_depth(t, 0, false);
	for (size_t i = path->count; i > 0; i--) {
		if (is_date(problem) && depth == i - 1)
			add_depth(t, depth, false);
		add_depth(t, i - 1, true);
	}
}

static void add_depths(const struct telling *t)
{
	if (t->j->peer->kind == TLS_PEER_RAW)
		add_raw(t);
	else if (t->j->path.count == 0)
		add_leaf(t);
	else
		add_path(t);
}

/* --- what matched --- */

static const char *digest_name(const struct telling *t, const struct tls_tlsa *record)
{
	const struct dane_digests *digests = trust_dane_digests(t->j->context->trust);
	const char *name = gnutls_digest_get_name(digests->algorithm[record->matching]);

	return name ? text_lower(pool_text(t->j->pool, name)) : "full";
}

/* Until 3.5 Postfix looked itself. */
static void add_record_old(const struct telling *t)
{
	const struct tls_tlsa *by = t->j->by;
	const struct path *path = &t->j->path;
	struct buf hex = BUF(0);

	text_hex(&hex, by->data, by->length, 0);
	if (t->j->leaf)
		add(t, "%s: depth=0 matched end entity %s %s digest=%s", t->server,
			by->selector == DANE_KEY ? "public-key" : "certificate", digest_name(t, by),
			buf_text(&hex));
	else if (path->key)
		add(t, "%s: depth=%zu chain is trust-anchor signed", t->server, path->count - 1);
	else if (by->matching == DANE_FULL)
		add(t, "%s: depth=%zu trust-anchor %s", t->server, path->count - 1,
			by->selector == DANE_KEY ? "public-key" : "certificate");
	else
		add(t, "%s: depth=%zu matched trust anchor %s %s digest %s", t->server,
			path->count - 1, by->selector == DANE_KEY ? "public-key" : "certificate",
			digest_name(t, by), buf_text(&hex));
	buf_close(&hex);
}

static void add_record(const struct telling *t)
{
	const struct judged *j = t->j;
	const char *text = dane_text(j->pool, j->by);

	if (j->demand->level == TLS_LEVEL_FINGERPRINT)
		add(t, "%s: Matched fingerprint: %s", t->server, text + strlen("3 1 255 "));
	else if (t->version < TLS_POSTFIX(3, 6))
		add_record_old(t);
	else if (j->peer->kind == TLS_PEER_RAW)
		add(t, "%s: Matched DANE raw public key: %s", t->server, text);
	else if (j->leaf)
		add(t, "%s: Matched DANE EE certificate at depth 0: %s", t->server, text);
	else
		add(t, "%s: Matched DANE TA %s at depth %zu: %s", t->server,
			j->path.key ? "public key verified certificate" : "certificate",
			j->path.count - 1, text);
}

/* Until 3.5 each name that was looked at was told. */
static void add_names_old(const struct telling *t)
{
	const struct judged *j = t->j;
	bool common = j->match.by && j->match.by->kind == MATCH_COMMON;
	enum match_kind kind = common ? MATCH_COMMON : MATCH_DNS;
	const char *matched = matched_name(t);

	for (size_t i = 0; i < j->name_count && &j->names[i] != j->match.by; i++)
		if (!common && j->names[i].kind == kind)
			add(t, "%s: subjectAltName: %s", t->server,
				fit(t, j->names[i].bytes, "subjectAltName"));
	if (matched[0])
		add(t, common ? "%s Matched CommonName %s" : "%s: Matched subjectAltName: %s",
			t->server, matched);
}

static void add_match(const struct telling *t)
{
	const struct judged *j = t->j;
	const char *name = matched_name(t);

	if (t->version < TLS_POSTFIX(3, 6))
		add_names_old(t);
	else if (name[0] && j->matched)
		add(t, "%s: matched peername: %s", t->server, name);
	if (!j->matched)
		return;
	if (j->by)
		add_record(t);
	else if (j->demand->anchors)
		add(t, "%s: Matched trust anchor at depth %zu", t->server,
			j->leaf ? 0 : j->path.count - 1);
}

/* --- who it is --- */

/* From 3.9 on a digest that could not be computed is left out. */
static void add_digest(struct buf *line, const char *name, const char *value)
{
	if (value[0])
		buf_addf(line, ", %s fingerprint=%s", name, value);
}

static void add_peer(const struct telling *t, const char *subject_cn, const char *issuer_cn)
{
	const struct judged *j = t->j;
	const char *certificate = fingerprint(t, j->certificate), *key = fingerprint(t, j->key);
	const char *server = j->context->spelled ? j->context->spelled : t->server;
	struct buf line = BUF(0);

	if (t->version >= TLS_POSTFIX(3, 9)) {
		buf_addf(&line, "%s: subject_CN=%s, issuer=%s", server, subject_cn, issuer_cn);
		add_digest(&line, "cert", certificate);
		add_digest(&line, "pkey", key);
		add(t, "%s", buf_text(&line));
	} else {
		add(t, "%s: subject_CN=%s, issuer_CN=%s, fingerprint=%s, pkey_fingerprint=%s",
			server, subject_cn, issuer_cn, certificate, key);
	}
	buf_close(&line);
}

static bool tells_peer(const struct telling *t)
{
	return t->j->peer->kind != TLS_PEER_NONE
		&& (t->log & (TLS_LOG_CERTMATCH | TLS_LOG_PEERCERT | TLS_LOG_VERBOSE));
}

void judged_lines(const struct judged *j, const struct tls_verdict *verdict, struct list *lines)
{
	const struct tls_options *options = j->context->options;
	struct telling t = {j, j->context->server, options->version, options->log, lines};
	const char *subject_cn = "", *issuer_cn = "";

	if (j->sent_count > 0) { /* Postfix looks at these names in any case, and warns */
		subject_cn = subject(&t);
		issuer_cn = issuer(&t);
	}
	if ((t.log & TLS_LOG_VERBOSE) && !verdict->reused && !j->demand->unusable
		&& (j->sent_count > 0 || j->peer->kind == TLS_PEER_RAW))
		add_depths(&t); /* OpenSSL tells them as it verifies */
	if (tells_peer(&t) && j->peer->kind == TLS_PEER_RAW)
		add(&t, "%s: raw public key fingerprint=%s", t.server, fingerprint(&t, j->key));
	add_refusal(&t, verdict->reused);
	if (tells_peer(&t) && tls_level_must_match(j->demand->level))
		add_match(&t);
	if (tells_peer(&t) && j->peer->kind == TLS_PEER_X509)
		add_peer(&t, subject_cn, issuer_cn);
}

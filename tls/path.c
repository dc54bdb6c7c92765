#include <string.h>
#include <gnutls/crypto.h>
#include "tls/constraints.h"
#include "tls/path.h"

enum { CANDIDATES_MOST = 32, DIGEST = 32 };

/* A depth-first search: path is where it is, best what it found. */
struct search {
	const struct path_from *from;
	struct path path, *best;
	int steps, tries;
};

struct candidate {
	const struct certificate *certificate;
	bool anchor;
};

static const struct certificate *top(const struct path *path)
{
	return path->certificates[path->count - 1];
}

/* --- what is wrong with a complete path --- */

/* RFC 5280 4.2.1.9: intermediates below that count; self-issued ones do not. */
static bool is_too_deep(const struct path *path, size_t depth)
{
	int most = certificate_path_length(path->certificates[depth]), below = 0;

	for (size_t i = 1; i < depth; i++)
		below += !certificate_self_issued(path->certificates[i]);
	return most >= 0 && below > most;
}

/*
 * Of an anchor that a TLSA record or a tafile names they don't, unless it is self-signed: OpenSSL
 * begins to look below what it cannot verify.
 */
static bool dates_matter(const struct path_from *from, const struct path *path, size_t depth)
{
	return !from->pinned || path->key || depth + 1 < path->count
		|| certificate_self_issued(path->certificates[depth]);
}

static enum problem look_at_dates(const struct certificate *certificate, time_t now)
{
	if (certificate->from == (time_t)-1)
		return PROBLEM_NOT_BEFORE;
	if (now < certificate->from)
		return PROBLEM_NOT_YET_VALID;
	if (certificate->until == (time_t)-1)
		return PROBLEM_NOT_AFTER;
	return certificate_valid(certificate, now) ? PROBLEM_NONE : PROBLEM_EXPIRED;
}

/*
 * Addresses and systems that a leaf claims would have to be its authority's, and so on up. OpenSSL
 * looks at that, we don't: a leaf that claims some is refused, and the one above told for it.
 */
static bool has_foreign_resources(const struct path *path, size_t depth)
{
	return depth == (path->count > 1) && certificate_has_resources(path->certificates[0]);
}

/* In the order of problem.c. */
static enum problem look_at(const struct path_from *from, const struct path *path, size_t depth)
{
	const struct certificate *certificate = path->certificates[depth];

	if (certificate_has_unknown(certificate))
		return PROBLEM_CRITICAL;
	if (certificate_is_proxy(certificate))
		return PROBLEM_PROXY;
	if (depth > 0 && !certificate_is_ca(certificate))
		return PROBLEM_NOT_CA;
	if (!certificate_for_servers(certificate, depth == 0))
		return PROBLEM_PURPOSE;
	if (depth > 0 && is_too_deep(path, depth))
		return PROBLEM_PATH_LENGTH;
	if (!from->weak && certificate_has_weak_key(certificate))
		return depth > 0 ? PROBLEM_CA_KEY : PROBLEM_LEAF_KEY;
	if (has_foreign_resources(path, depth))
		return PROBLEM_RESOURCES;
	return dates_matter(from, path, depth) ? look_at_dates(certificate, from->now) : PROBLEM_NONE;
}

static unsigned flags_of(const struct path_from *from)
{
	unsigned flags =
		GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DO_NOT_ALLOW_UNSORTED_CHAIN;

	if (from->weak)
		flags |= GNUTLS_VERIFY_ALLOW_BROKEN | GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1;
	return flags;
}

/* Verifies the first COUNT certificates with the next one as the only thing that is trusted. */
static unsigned ask_library(const struct path *path, size_t count, unsigned flags)
{
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER};
	gnutls_x509_crt_t list[PATH_MOST], anchor = path->certificates[count]->crt;
	unsigned status = GNUTLS_CERT_INVALID;
	gnutls_x509_trust_list_t trusted;
	int result = -1;

	for (size_t i = 0; i < count; i++)
		list[i] = path->certificates[i]->crt;
	if (gnutls_x509_trust_list_init(&trusted, 1) < 0)
		return status;
	if (gnutls_x509_trust_list_add_cas(trusted, &anchor, 1, 0) == 1)
		result = gnutls_x509_trust_list_verify_crt2(trusted, list, (unsigned)count,
			&purpose, 1, flags, &status, NULL);
	if (result < 0)
		status = GNUTLS_CERT_INVALID;
	gnutls_x509_trust_list_deinit(trusted, 0);
	return status;
}

/* All that the library's answer depends on; dates do not count. False: no digest. */
static bool question(const struct path *path, size_t count, unsigned flags, uint8_t digest[DIGEST])
{
	gnutls_hash_hd_t hash;

	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		return false;
	gnutls_hash(hash, &flags, sizeof flags);
	for (size_t i = 0; i <= count; i++) /* each says its own length */
		gnutls_hash(hash, path->certificates[i]->der.data,
			path->certificates[i]->der.length);
	gnutls_hash_deinit(hash, digest);
	return true;
}

/* The remembered value is the status itself, plus one. */
static void *hold(void *value)
{
	return value;
}

static unsigned library_status(const struct path_from *from, const struct path *path, size_t count)
{
	unsigned status, flags = flags_of(from);
	uint8_t digest[DIGEST];
	void *known;

	if (from->statuses == NULL || !question(path, count, flags, digest))
		return ask_library(path, count, flags);
	known = cache_hold(from->statuses, digest, sizeof digest, hold);
	if (known)
		return (unsigned)((uintptr_t)known - 1);
	status = ask_library(path, count, flags);
	cache_put(from->statuses, digest, sizeof digest, (void *)((uintptr_t)status + 1),
		INT64_MAX);
	return status;
}

static bool signed_by(const struct certificate *certificate, struct tls_der key, unsigned flags)
{
	gnutls_datum_t tbs = certificate_datum(certificate->parts.tbs);
	gnutls_datum_t signature = certificate_datum(certificate->parts.signature);
	int algorithm = gnutls_x509_crt_get_signature_algorithm(certificate->crt);
	gnutls_pubkey_t pubkey = algorithm > 0 ? certificate_key(key) : NULL;
	bool good;

	if (pubkey == NULL)
		return false;
	good = gnutls_pubkey_verify_data2(pubkey, algorithm, flags, &tbs, &signature) >= 0;
	gnutls_pubkey_deinit(pubkey);
	return good;
}

/* The first certificate whose signature the library thought too weak. */
static struct finding weakness(const struct path *path, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int algorithm = gnutls_x509_crt_get_signature_algorithm(path->certificates[i]->crt);

		if (!gnutls_sign_is_secure2(algorithm, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS))
			return (struct finding){PROBLEM_DIGEST, i};
	}
	return (struct finding){PROBLEM_LEAF_KEY, 0};
}

/* Path length or names? The library counts self-issued certificates, too (RFC 5280 6.1.4 l). */
static struct finding constraint(const struct path *path, size_t count)
{
	for (size_t i = 1; i <= count; i++) {
		int most = certificate_path_length(path->certificates[i]);

		if (most >= 0 && i - 1 > (size_t)most)
			return (struct finding){PROBLEM_PATH_LENGTH, i};
	}
	for (size_t i = 1; i <= count; i++)
		if (constraints_permit(path->certificates[i]))
			return (struct finding){PROBLEM_NOT_PERMITTED, 0};
	return (struct finding){PROBLEM_EXCLUDED, 0};
}

/* What the library says of signatures counts always, the rest only if we had no better words. */
static struct finding explain(const struct path *path, size_t count, unsigned status, bool known)
{
	if (status & GNUTLS_CERT_SIGNATURE_FAILURE)
		return (struct finding){PROBLEM_SIGNATURE, 0}; /* or above: see path_find() */
	if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
		return weakness(path, count);
	if (status == 0 || known)
		return (struct finding){PROBLEM_NONE, 0};
	if (status & GNUTLS_CERT_SIGNER_NOT_CA)
		return (struct finding){PROBLEM_NOT_CA, 1};
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
		return (struct finding){PROBLEM_PURPOSE, 0};
	if (status & GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE)
		return constraint(path, count);
	if (status & GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS)
		return (struct finding){PROBLEM_CRITICAL, 0};
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		return (struct finding){PROBLEM_UNKNOWN_ISSUER, count - 1};
	return (struct finding){PROBLEM_UNSPECIFIED, 0};
}

static bool is_structural(enum problem problem)
{
	return problem == PROBLEM_CRITICAL || problem == PROBLEM_PROXY || problem == PROBLEM_NOT_CA
		|| problem == PROBLEM_PURPOSE || problem == PROBLEM_PATH_LENGTH;
}

static struct finding judge(const struct path_from *from, const struct path *path)
{
	struct finding shown = {PROBLEM_NONE, 0}, here;
	size_t below = path->count - 1;
	struct finding limits = constraints_check(path->certificates, path->count);
	bool known = limits.problem != PROBLEM_NONE;

	for (size_t i = 0; i < path->count; i++) {
		here = (struct finding){look_at(from, path, i), i};
		known = known || is_structural(here.problem);
		shown = finding_shown(shown, here);
	}
	shown = finding_shown(shown, limits);
	if (below == 0 || limits.problem == PROBLEM_CONSTRAINTS) /* too many for the library, too */
		return shown;
	here = explain(path, below, library_status(from, path, below), known);
	return finding_shown(shown, here);
}

/* --- the search --- */

static bool complete(struct search *search)
{
	struct path *path = &search->path;

	search->tries++;
	path->anchored = true;
	path->finding = judge(search->from, path);
	if (path->finding.problem == PROBLEM_NONE || !search->best->anchored)
		*search->best = *path;
	path->anchored = false;
	return path->finding.problem == PROBLEM_NONE;
}

/* Nothing leads on from here. The first such place is told, if no path is complete. */
static void dead_end(struct search *search, enum problem problem)
{
	struct path *path = &search->path;

	if (search->best->count > 0)
		return;
	path->finding = (struct finding){problem, path->count - 1};
	*search->best = *path;
}

/* The server may have sent it as well. */
static bool is_helper(const struct path_from *from, const struct certificate *certificate)
{
	for (size_t i = 0; i < from->helper_count; i++)
		if (der_same(from->helpers[i].der, certificate->der))
			return true;
	return false;
}

static enum problem why_dead(const struct path_from *from, const struct path *path)
{
	if (from->pinned)
		return PROBLEM_NO_TLSA;
	if (certificate_self_issued(top(path)) && !top(path)->broken)
		return path->count == 1 ? PROBLEM_SELF_SIGNED : PROBLEM_UNKNOWN_ROOT;
	return is_helper(from, top(path)) && !top(path)->broken ? PROBLEM_NO_ISSUER : PROBLEM_UNKNOWN_ISSUER;
}

/* The same name and key again would lead nowhere new. */
static bool in_path(const struct path *path, const struct certificate *certificate)
{
	for (size_t i = 0; i < path->count; i++)
		if (der_same(path->certificates[i]->parts.subject, certificate->parts.subject)
			&& der_same(path->certificates[i]->parts.key, certificate->parts.key))
			return true;
	return false;
}

static void offer(const struct path *path, const struct certificate *certificate, bool anchor,
	struct candidate *found, size_t *count)
{
	if (*count < CANDIDATES_MOST && certificate_could_be_from(top(path), certificate)
		&& !in_path(path, certificate))
		found[(*count)++] = (struct candidate){certificate, anchor};
}

static size_t gather(const struct path_from *from, const struct path *path, struct candidate *found)
{
	size_t count = 0;

	for (size_t i = 0; i < from->anchor_count; i++)
		offer(path, &from->anchors[i], true, found, &count);
	for (size_t i = 1; i < from->sent_count; i++)
		offer(path, &from->sent[i], from->sent_anchor && from->sent_anchor[i], found,
			&count);
	for (size_t i = 0; i < from->helper_count; i++)
		offer(path, &from->helpers[i], false, found, &count);
	return count;
}

/* Has one of the bare keys signed what is on top? */
static bool complete_by_key(struct search *search)
{
	const struct path_from *from = search->from;
	bool good = false;

	for (size_t i = 0; i < from->key_count && search->tries < PATH_TRIES_MOST && !good; i++) {
		if (der_same(top(&search->path)->parts.key, from->keys[i])) /* not by itself */
			continue;
		if (!signed_by(top(&search->path), from->keys[i], flags_of(from))) {
			search->tries++;
			continue;
		}
		search->path.key = &from->keys[i];
		good = complete(search);
		search->path.key = NULL;
	}
	return good;
}

static bool extend(struct search *search);

static bool step(struct search *search, const struct candidate *next)
{
	struct path *path = &search->path;
	size_t most = (size_t)search->from->depth_most + (next->anchor ? 2 : 1);
	bool good;

	if (search->steps >= PATH_STEPS_MOST || search->tries >= PATH_TRIES_MOST)
		return false;
	search->steps++;
	if (path->count >= most || path->count == PATH_MOST) {
		dead_end(search, PROBLEM_TOO_LONG);
		return false;
	}
	path->certificates[path->count++] = next->certificate;
	good = next->anchor ? complete(search) : extend(search);
	path->count--;
	return good;
}

/* Looks for what may have issued the one on top, valid ones first. True: a good path is found. */
static bool extend(struct search *search)
{
	const struct path_from *from = search->from;
	struct candidate found[CANDIDATES_MOST];
	size_t count = gather(from, &search->path, found);

	for (int late = 0; late < 2; late++) {
		for (size_t i = 0; i < count; i++) {
			bool valid = certificate_valid(found[i].certificate, from->now)
				|| (found[i].anchor && from->pinned);

			if (valid == !late && step(search, &found[i]))
				return true;
		}
	}
	/* A certificate with the key, if there is one, is not passed over: it may have limits. */
	if (count == 0 && complete_by_key(search))
		return true;
	dead_end(search, why_dead(from, &search->path));
	return false;
}

/* A self-signed server certificate may be in CAfile. Never so for TLSA usage 2 (RFC 7671 5.2.1). */
static bool leaf_is_anchor(const struct path_from *from)
{
	if (from->pinned || from->sent[0].broken)
		return false;
	for (size_t i = 0; i < from->anchor_count; i++)
		if (der_same(from->anchors[i].der, from->sent[0].der))
			return true;
	return false;
}

/* The first certificate whose signature the next one's key did not make. */
static struct finding forgery(const struct path *path, unsigned flags)
{
	for (size_t i = 0; i + 1 < path->count; i++)
		if (!signed_by(path->certificates[i], path->certificates[i + 1]->parts.key, flags))
			return (struct finding){PROBLEM_SIGNATURE, i};
	return (struct finding){PROBLEM_NONE, 0};
}

/* A path that leads nowhere is told for what is wrong nearer to the leaf, if anything is. */
static struct finding below_dead_end(const struct path_from *from, const struct path *path)
{
	struct finding shown = finding_shown(path->finding, forgery(path, flags_of(from)));

	for (size_t i = 0; i < path->count; i++)
		shown = finding_shown(shown, (struct finding){look_at(from, path, i), i});
	return finding_shown(shown, constraints_check(path->certificates, path->count));
}

void path_find(const struct path_from *from, struct path *best)
{
	struct search search = {.from = from, .best = best};

	*best = (struct path){.count = 0};
	search.path.certificates[0] = &from->sent[0];
	search.path.count = 1;
	if (leaf_is_anchor(from))
		complete(&search);
	else
		extend(&search);
	/* slow, so only of the path that is told */
	if (!best->anchored)
		best->finding = below_dead_end(from, best);
	else if (best->finding.problem == PROBLEM_SIGNATURE)
		best->finding.depth = forgery(best, flags_of(from)).depth;
}

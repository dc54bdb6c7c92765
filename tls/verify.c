#include "tls/judged.h"
#include "tls/trust.h"
#include "util/clock.h"

/* --- chains --- */

static const struct tls_options *options(const struct judged *j)
{
	return j->context->options;
}

/* TLS_README: one intermediate more than smtp_tls_scert_verifydepth. */
static int most_intermediates(const struct judged *j)
{
	int depth = options(j)->verify_depth;

	if (depth < 0)
		return 1;
	return depth < PATH_MOST ? depth + 1 : PATH_MOST;
}

static struct path_from from_here(const struct judged *j)
{
	return (struct path_from){
		.sent = j->sent,
		.sent_count = j->sent_count,
		.depth_most = most_intermediates(j),
		.now = j->now,
		.statuses = trust_statuses(j->context->trust),
	};
}

static void find(struct judged *j, const struct path_from *from)
{
	if (j->sent_count == 0) {
		j->chain = (struct finding){PROBLEM_UNSPECIFIED, 0};
		return;
	}
	path_find(from, &j->path);
	j->chain = j->path.finding;
}

/* CAfile and CApath. */
static void by_roots(struct judged *j)
{
	const struct anchors *roots = trust_roots(j->context->trust);
	const struct anchors *helpers = trust_helpers(j->context->trust);
	struct path_from from = from_here(j);

	from.anchors = roots->certificates;
	from.anchor_count = roots->count;
	from.helpers = helpers->certificates;
	from.helper_count = helpers->count;
	from.weak = j->demand->level <= TLS_LEVEL_ENCRYPT;
	find(j, &from);
}

static bool is_key_of(const struct anchors *anchors, struct tls_der key)
{
	for (size_t i = 0; i < anchors->key_count; i++)
		if (der_same(anchors->keys[i], key))
			return true;
	return false;
}

/* tafile: whatever is in it is an anchor, the leaf too; then only its name matters. */
static void by_tafile(struct judged *j)
{
	const struct anchors *anchors = j->demand->anchors;
	bool anchor[TLS_PEER_MOST];
	struct path_from from = from_here(j);

	if (anchors_have(anchors, j->certificate) || is_key_of(anchors, j->key)) {
		j->leaf = true;
		return;
	}
	for (size_t i = 0; i < j->sent_count; i++)
		anchor[i] = anchors_have(anchors, j->sent[i].der)
			|| is_key_of(anchors, j->sent[i].parts.key);
	from.sent_anchor = anchor;
	from.anchors = anchors->certificates;
	from.anchor_count = anchors->count;
	from.keys = anchors->keys;
	from.key_count = anchors->key_count;
	from.pinned = true;
	find(j, &from);
}

/* --- TLSA records --- */

static const struct dane_digests *digests(const struct judged *j)
{
	const struct tls_trust *trust = j->context->trust;

	if (j->demand->level == TLS_LEVEL_FINGERPRINT)
		return trust_fingerprint_digest(trust);
	return trust_dane_digests(trust);
}

static const struct tls_tlsa *find_record(const struct judged *j, uint8_t usage,
	struct tls_der certificate, struct tls_der key)
{
	for (size_t i = 0; i < j->demand->tlsa_count; i++)
		if (j->demand->tlsa[i]->usage == usage
			&& dane_matches(digests(j), j->demand->tlsa[i], certificate, key))
			return j->demand->tlsa[i];
	return NULL;
}

/* RFC 7671 5.1: the leaf, whatever else is wrong with it. */
static bool by_leaf(struct judged *j)
{
	j->by = find_record(j, DANE_EE, j->certificate, j->key);
	j->leaf = j->by != NULL;
	if (!j->leaf)
		j->chain = (struct finding){PROBLEM_NO_TLSA, 0};
	return j->leaf;
}

/* Full certificates and keys in the records are anchors without being sent (RFC 7671 5.2.2). */
static void add_full(const struct judged *j, struct anchors *anchors)
{
	struct certificate certificate;

	for (size_t i = 0; i < j->demand->tlsa_count; i++) {
		const struct tls_tlsa *record = j->demand->tlsa[i];
		struct tls_der data = {record->data, record->length};

		if (record->usage != DANE_TA || record->matching != DANE_FULL)
			continue;
		if (record->selector == DANE_KEY)
			anchors_add_key(anchors, data);
		else if (certificate_open(&certificate, data))
			anchors_add(anchors, &certificate);
	}
}

/* Those of the sent certificates, above the leaf, that a record of usage 2 names. */
static void mark_sent(const struct judged *j, bool *anchor)
{
	anchor[0] = false;
	for (size_t i = 1; i < j->sent_count; i++)
		anchor[i] = find_record(j, DANE_TA, j->sent[i].der, j->sent[i].parts.key) != NULL;
}

/* Which record made the end of the path an anchor. */
static const struct tls_tlsa *record_of_anchor(const struct judged *j)
{
	static const struct tls_der none = {NULL, 0};
	const struct certificate *last;

	if (!j->path.anchored)
		return NULL;
	if (j->path.key)
		return find_record(j, DANE_TA, none, *j->path.key);
	last = j->path.certificates[j->path.count - 1];
	return find_record(j, DANE_TA, last->der, last->parts.key);
}

/* RFC 7671 5.2: a chain to what a record names. */
static void by_anchor(struct judged *j, struct anchors *full)
{
	struct path_from from = from_here(j);
	bool anchor[TLS_PEER_MOST];

	add_full(j, full);
	mark_sent(j, anchor);
	from.sent_anchor = anchor;
	from.anchors = full->certificates;
	from.anchor_count = full->count;
	from.keys = full->keys;
	from.key_count = full->key_count;
	from.pinned = true;
	find(j, &from);
	j->by = record_of_anchor(j);
}

static bool has_anchors(const struct tls_demand *demand)
{
	for (size_t i = 0; i < demand->tlsa_count; i++)
		if (demand->tlsa[i]->usage == DANE_TA)
			return true;
	return false;
}

/* --- names --- */

static void check_names(struct judged *j)
{
	struct match_rules rules = {
		.many_labels = options(j)->version < TLS_POSTFIX(3, 6)
			&& options(j)->wildcards_many_labels,
		.addresses = options(j)->version >= TLS_POSTFIX(3, 6),
	};

	j->names_asked = tls_level_must_match(j->demand->level);
	j->match = match_names(j->demand->names, j->demand->name_count, j->names, j->name_count,
		rules);
	switch (j->match.is) {
	case MATCH_OK:
		break;
	case MATCH_NO_HOST:
		j->name = (struct finding){PROBLEM_NAME, 0};
		break;
	case MATCH_NO_ADDRESS:
		j->name = (struct finding){PROBLEM_ADDRESS, 0};
		break;
	}
}

/* --- the verdict --- */

/* Level may and encrypt: is anybody going to be told how much the chain is worth? */
static bool wants_word(const struct judged *j)
{
	return tls_level_must_match(j->demand->expect->level)
		|| options(j)->log & (TLS_LOG_SUMMARY | TLS_LOG_UNTRUSTED | TLS_LOG_VERBOSE);
}

/* It must not match; but where TLSA records were unusable Postfix tells of the names, too. */
static void look_only(struct judged *j)
{
	if (!wants_word(j)) {
		j->chain = (struct finding){PROBLEM_UNSPECIFIED, 0};
		return;
	}
	by_roots(j);
	if (j->demand->name_count > 0)
		check_names(j);
}

static void look(struct judged *j, struct anchors *full)
{
	switch (j->demand->level) {
	case TLS_LEVEL_FINGERPRINT:
		by_leaf(j);
		break;
	case TLS_LEVEL_HALF_DANE:
	case TLS_LEVEL_DANE:
	case TLS_LEVEL_DANE_ONLY:
		if (by_leaf(j) || !has_anchors(j->demand))
			break;
		j->chain = (struct finding){PROBLEM_NONE, 0};
		by_anchor(j, full);
		check_names(j);
		break;
	case TLS_LEVEL_VERIFY:
	case TLS_LEVEL_SECURE:
		if (j->demand->anchors)
			by_tafile(j);
		else
			by_roots(j);
		check_names(j);
		break;
	case TLS_LEVEL_NONE:
	case TLS_LEVEL_MAY:
	case TLS_LEVEL_ENCRYPT:
		look_only(j);
		break;
	case TLS_LEVEL_INVALID:
	case TLS_LEVEL_NOT_FOUND:
		j->chain = (struct finding){PROBLEM_UNSPECIFIED, 0};
		break;
	}
}

/* A good chain with a wrong name: until 3.5, and again since 3.10 where it is all that is wrong. */
static bool trusted_anyway(const struct judged *j)
{
	int version = options(j)->version;

	return version < TLS_POSTFIX(3, 6)
		|| (version >= TLS_POSTFIX(3, 10) && j->name.problem == PROBLEM_NAME
			&& tls_level_must_match(j->demand->level));
}

static void weigh(struct judged *j)
{
	bool name_is_wrong = j->name.problem != PROBLEM_NONE;
	bool chain_is_good = j->chain.problem == PROBLEM_NONE;
	int version = options(j)->version;

	if (version >= TLS_POSTFIX(3, 10) && !chain_is_good)
		j->shown = j->chain;
	else
		j->shown = finding_shown(j->chain, j->name);
	j->trusted = chain_is_good && (!name_is_wrong || trusted_anyway(j));
	j->matched = chain_is_good && !name_is_wrong;
}

/* Whatever else vouches for it: OpenSSL, at its level 1, looks at the leaf's key before the rest. */
static void look_at_key(struct judged *j)
{
	unsigned bits;

	if (j->key.length > 0 && tls_level_must_match(j->demand->level)
		&& certificate_is_weak_key(j->key, &bits))
		j->chain = finding_shown((struct finding){PROBLEM_LEAF_KEY, 0}, j->chain);
}

static void judge(struct judged *j, struct anchors *full)
{
	const char *failure = j->demand->expect->policy_failure;

	if (j->demand->unusable)
		j->chain = (struct finding){PROBLEM_UNSPECIFIED, 0};
	else {
		look(j, full);
		look_at_key(j);
	}
	weigh(j);
	if (failure)
		j->trusted = j->matched = false;
	if (j->demand->level >= TLS_LEVEL_NONE && !tls_level_must_match(j->demand->level))
		j->matched = true;
}

/* TLS_README: those that TLSRPT tells in OpenSSL's words. */
static bool is_told_in_words(enum problem problem)
{
	return problem == PROBLEM_SELF_SIGNED || problem == PROBLEM_UNKNOWN_ROOT
		|| problem == PROBLEM_UNKNOWN_ISSUER || problem == PROBLEM_TOO_LONG
		|| problem == PROBLEM_NOT_YET_VALID || problem == PROBLEM_PURPOSE;
}

static enum tls_fault fault_of(const struct judged *j)
{
	enum problem problem = j->shown.problem;

	if (j->demand->expect->policy_failure)
		return TLS_FAULT_POLICY;
	if (j->demand->unusable_text[0])
		return TLS_FAULT_UNUSABLE;
	if (j->matched)
		return TLS_FAULT_NONE;
	if (problem == PROBLEM_NAME || problem == PROBLEM_ADDRESS)
		return TLS_FAULT_NAME;
	if (problem == PROBLEM_EXPIRED)
		return TLS_FAULT_EXPIRED;
	return is_told_in_words(problem) ? TLS_FAULT_CHAIN : TLS_FAULT_OTHER;
}

static const char *fault_text(const struct judged *j, enum tls_fault fault)
{
	switch (fault) {
	case TLS_FAULT_POLICY:
		return j->demand->expect->policy_failure;
	case TLS_FAULT_UNUSABLE:
		return j->demand->unusable_text;
	case TLS_FAULT_CHAIN:
		return problem_text(j->shown.problem);
	case TLS_FAULT_NONE:
	case TLS_FAULT_NAME:
	case TLS_FAULT_EXPIRED:
	case TLS_FAULT_OTHER:
		break;
	}
	return "";
}

static const char *rule_of(const struct judged *j)
{
	if (j->names_asked)
		return j->match.name && j->matched ? j->match.name->rule : "";
	if (!j->leaf || !j->matched)
		return "";
	return j->demand->level == TLS_LEVEL_FINGERPRINT ? "fingerprint" : "dane-ee";
}

static void tell(const struct judged *j, struct tls_verdict *verdict, struct list *lines)
{
	verdict->present = j->peer->kind != TLS_PEER_NONE;
	verdict->trusted = j->trusted;
	verdict->matched = j->matched;
	verdict->name = pool_text(j->pool,
		j->names_asked && j->matched && j->match.name ? j->match.name->name : "");
	verdict->rule = pool_text(j->pool, rule_of(j)); /* may outlive what was expected */
	verdict->peer_names = judged_peer_names(j);
	verdict->reason = judged_reason(j);
	verdict->fault = fault_of(j);
	verdict->fault_text = fault_text(j, verdict->fault);
	judged_lines(j, verdict, lines);
}

/* Certificates that do not parse are as if they had not been sent; but not the leaf. */
static void open_sent(struct judged *j, struct certificate *sent)
{
	const struct tls_peer *peer = j->peer;

	for (size_t i = 0; i < peer->count; i++) {
		if (certificate_open(&sent[j->sent_count], peer->chain[i]))
			j->sent_count++;
		else if (i == 0)
			break;
	}
	j->sent = sent;
}

static void read_leaf(struct judged *j)
{
	struct der_certificate parts;
	struct match_name *names;

	j->certificate = j->peer->chain[0];
	if (der_certificate(j->certificate, &parts))
		j->key = parts.key;
	if (j->sent_count > 0) {
		j->name_count = certificate_names(&j->sent[0], j->pool, &names);
		j->names = names;
	}
}

void tls_verify(const struct tls_verify_context *context, const struct tls_demand *demand,
	const struct tls_peer *peer, struct pool *pool, struct tls_verdict *verdict,
	struct list *lines)
{
	struct judged j = {.context = context,
		.demand = demand,
		.peer = peer,
		.pool = pool,
		.now = clock_wall().tv_sec};
	struct certificate sent[TLS_PEER_MOST];
	struct anchors full = {.count = 0};

	switch (peer->kind) {
	case TLS_PEER_NONE:
		break;
	case TLS_PEER_X509:
		open_sent(&j, sent);
		read_leaf(&j);
		break;
	case TLS_PEER_RAW:
		j.key = peer->chain[0];
		break;
	}
	judge(&j, &full);
	tell(&j, verdict, lines);
	for (size_t i = 0; i < j.sent_count; i++)
		certificate_close(&sent[i]);
	anchors_close(&full);
}

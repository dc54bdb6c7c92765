#include "dns/judge.h"

#include <string.h>
#include "dns/name.h"
#include "dns/rr.h"
#include "util/log.h"
#include "util/text.h"

enum verdict {
	KEEP,
	BAD_NAME,  /* dropped; an answer of nothing else is INVALID */
	MALFORMED, /* dropped; an answer of nothing better is RETRY */
	REFUSED,   /* a null MX or null SRV */
};

/* What all verdicts of one answer need. */
struct bench {
	struct pool *pool;
	const struct lookup_options *options;
	const struct dns_question *question;
	enum dns_mode mode;
};

const char *judge_name(struct pool *pool, const struct lookup_options *options, const char *name,
	struct judged *judged)
{
	const char *ascii = NULL;

	if (options->idna)
		ascii = name_to_ascii(pool, name, options->idna_2003);
	ascii = name_bare(pool, ascii ? ascii : name);
	if (strcmp(name, ".") == 0)
		return ".";
	if (!addr_is_numeric(ascii) && name_is_owner(ascii, NULL))
		return ascii;
	*judged = (struct judged){
		.status = LOOKUP_NOT_FOUND,
		.text = pool_format(pool, "Name service error for %s: invalid host or domain name",
			name),
		.reason = "",
		.unvalidated = "",
		.name = ascii,
	};
	return NULL;
}

static const char *words(enum dns_rcode_class class)
{
	switch (class) {
	case DNS_NO_NAME:
		return "Host not found";
	case DNS_NO_DATA:
		return "Host found but no data record of requested type";
	case DNS_TRY_AGAIN:
		return "Host not found, try again";
	case DNS_NO_RECOVERY:
		return "Non-recoverable error";
	case DNS_ANSWERED:
	case DNS_LOOP:
		break;
	}
	return "";
}

static enum lookup_status status_of(enum dns_rcode_class class)
{
	switch (class) {
	case DNS_ANSWERED:
		return LOOKUP_OK;
	case DNS_NO_NAME:
	case DNS_NO_DATA:
	case DNS_LOOP:
		return LOOKUP_NOT_FOUND;
	case DNS_TRY_AGAIN:
		return LOOKUP_RETRY;
	case DNS_NO_RECOVERY:
		return LOOKUP_FAIL;
	}
	return LOOKUP_RETRY;
}

static void unreadable(const struct bench *bench, enum lookup_status status, struct judged *judged)
{
	const char *name = bench->question->name;

	judged->status = status;
	judged->count = 0;
	judged->text = pool_format(bench->pool,
		"Name service error for name=%s type=%s: "
		"Malformed or unexpected name server reply",
		name, rr_type_name(bench->question->type));
}

static void malformed_name(const struct bench *bench, enum dns_type type, const char *owner,
	const char *name)
{
	log_warning("valid_hostname: %s", name_complaint(bench->pool, name));
	log_warning("malformed domain name in resource data of %s record for %s: %s",
		rr_type_name(type), owner, name);
}

/*
 * Postfix names the question that failed. It follows an alias only to ask for data that the answer
 * did not have, so it knows the target then; a name error is said of the name it asked.
 */
static const char *failed_name(const struct bench *bench)
{
	const struct dns_answer *answer = &bench->question->answer;

	if (answer->aliased && (answer->class == DNS_NO_DATA || bench->mode == DNS_PLAIN))
		return answer->name;
	return bench->question->name;
}

static void failed(const struct bench *bench, struct judged *judged)
{
	const struct dns_answer *answer = &bench->question->answer;
	const char *name = failed_name(bench);

	if (answer->aliased && answer->class == DNS_NO_DATA && !addr_is_numeric(name)
		&& !name_is_owner(name, NULL)) {
		malformed_name(bench, DNS_CNAME, bench->question->name, name);
		unreadable(bench, LOOKUP_INVALID, judged);
		return;
	}

	judged->status = status_of(answer->class);
	if (answer->class == DNS_LOOP) {
		judged->text = pool_format(bench->pool, "Name server loop for %s", name);
		log_warning("dns_lookup: %s", judged->text);
		return;
	}
	if (judged->bogus)
		judged->reason = pool_format(bench->pool, "DNSSEC: %s", answer->reason);
	else if (answer->class == DNS_TRY_AGAIN)
		judged->reason = answer->reason;
	judged->text = pool_format(bench->pool,
		"Host or domain name not found. "
		"Name service error for name=%s type=%s: %s%s%s%s",
		*name ? name : ".", rr_type_name(bench->question->type), words(answer->class),
		*judged->reason ? " (" : "", judged->reason, *judged->reason ? ")" : "");
}

/* RFC 7505, and the same for RFC 2782's "the service is decidedly not available". */
static enum verdict refused(const struct bench *bench, struct judged *judged)
{
	judged->status = LOOKUP_NULL_MX;
	judged->text = pool_format(bench->pool,
		bench->question->type == DNS_SRV ? "Domain %s does not support SRV requests"
						 : "Domain %s does not accept mail (nullMX)",
		bench->question->name);
	return REFUSED;
}

/* A name in rdata: a host name, or, with a warning, an address. */
static enum verdict target(const struct bench *bench, const struct dns_record *record,
	const char *name)
{
	if (addr_is_numeric(name)) {
		log_warning("numeric domain name in resource data of %s record for %s: %s",
			rr_type_name(bench->question->type), record->owner, name);
		return KEEP;
	}
	if (name_is_owner(name, NULL))
		return KEEP;
	malformed_name(bench, bench->question->type, record->owner, name);
	return BAD_NAME;
}

static enum verdict address(const struct dns_record *record, size_t wanted)
{
	if (record->length == wanted)
		return KEEP;
	if (record->data) /* else the class was logged */
		log_warning("extract_answer: bad address length: %zu", record->length);
	return MALFORMED;
}

static enum verdict mx(const struct bench *bench, const struct dns_record *record,
	struct judged *judged)
{
	struct rr_mx it;

	if (!rr_mx(bench->pool, record, &it))
		return MALFORMED;
	return *it.host ? target(bench, record, it.host) : refused(bench, judged);
}

static enum verdict srv(const struct bench *bench, const struct dns_record *record,
	struct judged *judged)
{
	struct rr_srv it;

	if (!rr_srv(bench->pool, record, &it))
		return MALFORMED;
	return *it.target ? target(bench, record, it.target) : refused(bench, judged);
}

static enum verdict alias(const struct bench *bench, const struct dns_record *record)
{
	const char *name;

	if (!rr_target(bench->pool, record, &name))
		return MALFORMED;
	return *name ? target(bench, record, name) : KEEP;
}

static enum verdict judge_rdata(const struct bench *bench, const struct dns_record *record,
	struct judged *judged)
{
	const char *text;

	switch (bench->question->type) {
	case DNS_A:
		return address(record, 4);
	case DNS_AAAA:
		return address(record, 16);
	case DNS_MX:
		return mx(bench, record, judged);
	case DNS_SRV:
		return srv(bench, record, judged);
	case DNS_CNAME:
	case DNS_NS:
		return alias(bench, record);
	case DNS_TXT:
		return rr_txt(bench->pool, record, &text) ? KEEP : MALFORMED;
	case DNS_TLSA:
		return KEEP; /* of any length: the reader says what is wrong with it */
	}
	return KEEP;
}

/* The owner of a record, which an alias may have led to: the same rules. */
static enum verdict owner(const struct bench *bench, const struct dns_record *record)
{
	const char *type = rr_type_name(bench->question->type), *name = record->owner;

	if (addr_is_numeric(name)) {
		log_warning("numeric domain name in resource name of %s record for %s: %s", type,
			name, name);
		return KEEP;
	}
	if (*name == '\0' || name_is_owner(name, NULL))
		return KEEP;
	log_warning("valid_hostname: %s", name_complaint(bench->pool, name));
	log_warning("malformed domain name in resource name of %s record for %s: %s", type, name,
		name);
	return BAD_NAME;
}

static enum verdict judge_record(const struct bench *bench, const struct dns_record *record,
	struct judged *judged)
{
	enum verdict verdict = owner(bench, record);

	return verdict == KEEP ? judge_rdata(bench, record, judged) : verdict;
}

static void keep_record(const struct bench *bench, const struct dns_record *record,
	struct judged *judged)
{
	if (judged->count < JUDGE_RECORDS_MOST)
		judged->records[judged->count] = *record;
	else if (judged->count == JUDGE_RECORDS_MOST)
		log_warning("DNS record count limit (%d) exceeded -- dropping excess record(s) "
			    "after qname=%s qtype=%s",
			JUDGE_RECORDS_MOST, bench->question->name,
			rr_type_name(bench->question->type));
	judged->count++;
}

/* Fills judged->records. False: the answer is settled, and its status and text are set. */
static bool collect(const struct bench *bench, struct judged *judged)
{
	const struct dns_answer *answer = &bench->question->answer;
	enum lookup_status otherwise = LOOKUP_INVALID;

	judged->records = POOL_ARRAY(bench->pool, struct dns_record,
		answer->count < JUDGE_RECORDS_MOST ? answer->count : JUDGE_RECORDS_MOST);
	for (size_t i = 0; i < answer->count; i++)
		switch (judge_record(bench, &answer->records[i], judged)) {
		case KEEP:
			keep_record(bench, &answer->records[i], judged);
			break;
		case BAD_NAME:
			break;
		case MALFORMED:
			otherwise = LOOKUP_RETRY;
			break;
		case REFUSED:
			judged->count = 0;
			return false;
		}
	if (judged->count == 0)
		unreadable(bench, otherwise, judged);
	else if (judged->count > JUDGE_RECORDS_MOST)
		judged->count = JUDGE_RECORDS_MOST;
	return judged->count > 0;
}

static void filtered_out(const struct bench *bench, enum lookup_status status, const char *why,
	struct judged *judged)
{
	judged->status = status;
	judged->count = 0;
	judged->text = pool_format(bench->pool, "Error looking up name=%s type=%s: %s",
		bench->question->name, rr_type_name(bench->question->type), why);
}

/* smtp_dns_reply_filter. */
static void filter(const struct bench *bench, struct judged *judged)
{
	const struct lookup_options *options = bench->options;
	size_t left = 0;

	for (size_t i = 0; i < judged->count; i++) {
		const char *text = rr_text(bench->pool, bench->question->type, &judged->records[i]);
		int keep = options->filter(options->filter_context, text);

		if (keep < 0) {
			filtered_out(bench, LOOKUP_RETRY, "Invalid DNS reply filter syntax",
				judged);
			return;
		}
		if (keep)
			judged->records[left++] = judged->records[i];
		else
			log_info("ignoring DNS RR: %s", text);
	}
	judged->count = left;
	if (left == 0)
		filtered_out(bench, LOOKUP_POLICY, "DNS reply filter drops all results", judged);
}

void judge_answer(struct pool *pool, const struct lookup_options *options,
	const struct dns_question *question, enum dns_mode mode, struct judged *judged)
{
	const struct dns_answer *answer = &question->answer;
	struct bench bench = {pool, options, question, mode};

	*judged = (struct judged){
		.status = LOOKUP_OK,
		.security = answer->security,
		.bogus = answer->security == DNS_BOGUS,
		.aliased = answer->aliased,
		.text = "",
		.reason = "",
		.unvalidated = "",
		.name = answer->name,
	};
	if (mode != DNS_PLAIN && answer->class == DNS_ANSWERED
		&& answer->security == DNS_INSECURE)
		judged->unvalidated = answer->reason;
	if (answer->class != DNS_ANSWERED || judged->bogus)
		failed(&bench, judged);
	else if (collect(&bench, judged) && options->filter)
		filter(&bench, judged);
}

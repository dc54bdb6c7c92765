#include <errno.h>
#include <string.h>
#include "postfix/address.h"
#include "postfix/report.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

/* One report on its way. STATUS and TEXT are WHAT's at first, then what the rules below make of it.
 */
struct outcome {
	const struct reporter *reporter;
	const struct request *request;
	const struct request_rcpt *rcpt;
	const struct why *what;
	const struct report_session *session;
	struct pool *pool;
	struct timeval done;
	const char *status, *text;
	int notify; /* the recipient's, without what the next server does */
};

static const char *service(const struct outcome *o, const char *class, const char *name)
{
	return pool_format(o->pool, "%s/%s", class, name);
}

static void warn_failure(const struct outcome *o, const char *name)
{
	log_warning("%s: %s service failure", o->request->queue_id, name);
}

/* One more recipient for the message's log that bounce(8), defer(8) or trace(8) keeps. */
static bool append(const struct outcome *o, const char *name, const char *action,
	const char *reason)
{
	const struct wire_append record = {
		.command = WIRE_APPEND,
		.flags = o->request->flags & REQUEST_TRACE_FLAGS,
		.queue_id = o->request->queue_id,
		.original = o->rcpt->original,
		.address = o->rcpt->address,
		.offset = o->rcpt->offset,
		.dsn_orcpt = o->rcpt->dsn_orcpt,
		.dsn_notify = o->notify,
		.dsn = o->status,
		.diag_type = o->what->said ? o->what->said_type : NULL,
		.diag_text = o->what->said,
		.mta_type = o->what->mta && o->what->mta[0] ? "dns" : NULL,
		.mta = o->what->mta,
		.action = action,
		.reason = reason,
	};
	int status;

	return wire_ask(o->reporter->wire, o->pool, service(o, "private", name),
		       WIRE_STATUS_PROTOCOL, &wire_append, &record, &status)
		&& status == 0;
}

static bool trace(const struct outcome *o, const char *action)
{
	const char *relay = o->session->relay, *reason = o->text;

	if (strcmp(relay, "none") != 0)
		reason = pool_format(o->pool, "delivery via %s: %s", relay, reason);
	if (append(o, o->reporter->trace_name, action, reason))
		return true;
	warn_failure(o, o->reporter->trace_name);
	return false;
}

/* Microseconds; what is negative because the clock was set back counts as none. */
static long long elapsed(const struct timeval *from, const struct timeval *until)
{
	long long us = ((long long)until->tv_sec - from->tv_sec) * 1000000 + until->tv_usec
		- from->tv_usec;

	return us > 0 ? us : 0;
}

/* How many decimals are shown: two significant digits, so none from 10 s on. */
static int decimals(long long us, int resolution)
{
	int places = us >= 10000000 ? 0 : us >= 1000000 ? 1 : 2;

	if (resolution <= 0)
		return 0;
	if (us >= 1000000)
		return places;
	for (long long unit = 100000; us < unit && unit > 1; unit /= 10)
		places++;
	if (places > resolution)
		places = resolution;
	return places > 6 ? 6 : places;
}

const char *report_delay(struct pool *pool, const struct timeval *from, const struct timeval *until,
	int resolution)
{
	long long us = elapsed(from, until), unit = 1000000;
	int places = decimals(us, resolution);
	long long fraction;

	for (int i = 0; i < places; i++)
		unit /= 10;
	us += unit / 2; /* half up; a carry is not looked at again: 9.96 is 10 */
	us -= us % unit;
	fraction = us % 1000000 / unit;
	for (; places > 0 && fraction % 10 == 0; places--)
		fraction /= 10;
	if (places == 0)
		return pool_format(pool, "%lld", us / 1000000);
	return pool_format(pool, "%lld.%0*lld", us / 1000000, places, fraction);
}

static bool is_set(const struct timeval *time)
{
	return time->tv_sec != 0 || time->tv_usec != 0;
}

/* "delay=0.11, delays=0.06/0/0.05/0": until we got it, queued, set up, delivered. */
static const char *delays(const struct outcome *o)
{
	const struct request *request = o->request;
	const struct timeval *handed = &request->handed;
	const struct timeval *ready = is_set(&o->session->ready) ? &o->session->ready : handed;
	int resolution = o->reporter->delay_resolution;

	return pool_format(o->pool, "delay=%s, delays=%s/%s/%s/%s",
		report_delay(o->pool, &request->arrived, &o->done, resolution),
		report_delay(o->pool, &request->arrived, &request->activated, resolution),
		report_delay(o->pool, &request->activated, handed, resolution),
		report_delay(o->pool, handed, ready, resolution),
		report_delay(o->pool, ready, &o->done, resolution));
}

const char *report_address(const struct reporter *reporter, struct pool *pool, const char *address)
{
	return reporter->external_addresses ? address_quote_5322(pool, address) : address;
}

static const char *shown(const struct outcome *o, const char *address)
{
	return report_address(o->reporter, o->pool, address);
}

/* The one line per recipient. Analysers read it: nothing in it may change. */
static void log_outcome(const struct outcome *o, const char *word)
{
	const struct report_session *session = o->session;
	const char *original = o->rcpt->original, *orig_to = "", *use = "", *tls = "";

	if (original[0] && !text_same(original, o->rcpt->address))
		orig_to = pool_format(o->pool, ", orig_to=<%s>", shown(o, original));
	if (session->reuse_count > 0)
		use = pool_format(o->pool, ", conn_use=%d", session->reuse_count + 1);
	if (session->tls_status && session->tls_status[0])
		tls = pool_format(o->pool, ", tls=%s", session->tls_status);
	log_info("%s: to=<%s>%s, relay=%s%s, %s%s, dsn=%s, status=%s (%s)", o->request->queue_id,
		shown(o, o->rcpt->address), orig_to, session->relay, use, delays(o), tls, o->status,
		word, o->text);
}

static bool update(const struct outcome *o, const char *address, enum wire_verify_status status)
{
	const struct wire_verify record = {"update", address, (int)status, o->text};
	int answer;

	return wire_ask(o->reporter->wire, o->pool, service(o, "private", o->reporter->verify_name),
		       WIRE_VERIFY_PROTOCOL, &wire_verify, &record, &answer)
		&& answer == 0;
}

/* The probe was for the original recipient, if there is one; both addresses are cached. */
static bool update_both(const struct outcome *o, enum wire_verify_status status)
{
	const char *original = o->rcpt->original, *address = o->rcpt->address;

	if (original[0] && !update(o, original, status))
		return false;
	return strcmp(original, address) == 0 || update(o, address, status);
}

/* A probe for verify(8). */
static bool verified(const struct outcome *o, enum wire_verify_status status)
{
	const char *word = status == WIRE_VERIFY_OK ? "deliverable" : "undeliverable";

	if (status != WIRE_VERIFY_OK && !o->reporter->negative_cache)
		word = "undeliverable-but-not-cached";
	else if (!update_both(o, status)) {
		warn_failure(o, o->reporter->verify_name);
		return false;
	}
	log_outcome(o, word);
	return true;
}

/* A probe for a person, sendmail -bv. */
static bool traced(const struct outcome *o, const char *word)
{
	if (!trace(o, word))
		return false;
	log_outcome(o, word);
	return true;
}

/* Does flush(8) keep a log for this domain? It answers "deny" if not, and that is fine. */
static void flush(const struct outcome *o)
{
	const char *domain = address_domain(o->rcpt->address);
	const struct wire_flush record = {"add", domain, o->request->queue_id};
	enum match_answer match = MATCH_NO;
	int answer = WIRE_FLUSH_BAD;

	if (domain[0])
		match = match_find(o->reporter->fast_flush, domain, NULL);
	if (match == MATCH_NO)
		return;
	if (match == MATCH_YES && o->reporter->old_relay_domains)
		log_info("using backwards-compatible default setting relay_domains=$mydestination"
			" to update fast-flush logfile for domain \"%s\"", domain);
	if (match == MATCH_YES
		&& wire_ask(o->reporter->wire, o->pool,
			service(o, "public", o->reporter->flush_name), WIRE_FLUSH_PROTOCOL,
			&wire_flush, &record, &answer)
		&& (answer == WIRE_FLUSH_OK || answer == WIRE_FLUSH_DENY))
		return;
	warn_failure(o, o->reporter->flush_name);
}

static bool deferred(const struct outcome *o)
{
	if (o->request->flags & REQUEST_VERIFY)
		return verified(o, WIRE_VERIFY_DEFER);
	if (o->request->flags & REQUEST_USER_TRACE)
		return traced(o, "undeliverable");
	if (!append(o, o->reporter->defer_name, "delayed", o->text))
		warn_failure(o, o->reporter->defer_name);
	log_outcome(o, "deferred");
	if ((o->request->flags & REQUEST_RECORD) && !trace(o, "delayed"))
		warn_failure(o, o->reporter->trace_name);
	flush(o);
	return false;
}

/* Something that must be recorded could not be: it stays, and we say why. */
static bool defer_instead(struct outcome *o, const char *text)
{
	o->status = "4.3.0";
	o->text = text;
	return deferred(o);
}

static bool bounced(struct outcome *o)
{
	const struct reporter *reporter = o->reporter;
	bool soft = reporter->soft_bounce;
	const char *name = soft ? reporter->defer_name : reporter->bounce_name;
	const char *action = soft ? "delayed" : "failed";

	if (o->request->flags & REQUEST_VERIFY)
		return verified(o, WIRE_VERIFY_BOUNCE);
	if (o->request->flags & REQUEST_USER_TRACE)
		return traced(o, "undeliverable");
	if (soft)
		o->status = pool_format(o->pool, "4%s", o->status + 1);
	if (!append(o, name, action, o->text)
		|| ((o->request->flags & REQUEST_RECORD) && !trace(o, action)))
		return defer_instead(o,
			pool_format(o->pool, "%s or %s service failure", reporter->bounce_name,
				reporter->trace_name));
	log_outcome(o, soft ? "SOFTBOUNCE" : "bounced");
	return !soft;
}

/* sendmail -v; or the sender was told of a delay, and wants to hear of its end (DSN NOTIFY=DELAY).
 */
static bool wants_trace(const struct outcome *o)
{
	return (o->request->flags & REQUEST_RECORD)
		|| ((o->request->flags & REQUEST_DELAY_SENT)
			&& (o->notify == 0 || (o->notify & DSN_NOTIFY_DELAY)));
}

static bool sent(struct outcome *o)
{
	const struct report_session *session = o->session;
	const char *action = session->final && !session->server_did_dsn ? "delivered" : "relayed";

	if (session->server_did_dsn)
		o->notify &= ~DSN_NOTIFY_SUCCESS;
	if (o->request->flags & REQUEST_VERIFY)
		return verified(o, WIRE_VERIFY_OK);
	if (o->request->flags & REQUEST_USER_TRACE)
		return traced(o, "deliverable");
	if ((wants_trace(o) && !trace(o, action))
		|| ((o->notify & DSN_NOTIFY_SUCCESS) && !trace(o, action)))
		return defer_instead(o,
			pool_format(o->pool, "%s: %s service failed", o->request->queue_id,
				o->reporter->trace_name));
	log_outcome(o, "sent");
	return true;
}

/* How long the digits at TEXT are; 0: none, or more than three. */
static size_t number(const char *text)
{
	size_t length = strspn(text, "0123456789");

	return length <= 3 ? length : 0;
}

/*
 * The length of the status code at TEXT; 0: there is none. RFC 3463 2:
 *
 *   status-code = ("2" / "4" / "5") "." 1*3digit "." 1*3digit
 */
static size_t code_length(const char *text)
{
	size_t subject, detail;

	if ((text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.')
		return 0;
	subject = number(text + 2);
	if (subject == 0 || text[2 + subject] != '.')
		return 0;
	detail = number(text + 3 + subject);
	return detail ? 3 + subject + detail : 0;
}

/* A status that contradicts the fate is a bug of ours, which must not lose mail. */
static void repair(struct outcome *o, enum report_fate fate)
{
	static const struct {
		char class;
		const char *who, *status;
	} fates[] = {
		[REPORT_SENT] = {'2', "sent", "2.0.0"},
		[REPORT_DEFERRED] = {'4', "defer_append", "4.0.0"},
		[REPORT_BOUNCED] = {'5', "bounce_append", "5.0.0"},
	};
	size_t length = o->status ? code_length(o->status) : 0;

	if (length > 0 && o->status[length] == '\0' && o->status[0] == fates[fate].class)
		return;
	log_warning("%s: ignoring dsn code \"%s\"", fates[fate].who, o->status ? o->status : "");
	o->status = fates[fate].status;
}

/* RESULT is "5.1.1 text", or "5.1.1": the text stays. Success and failure can't be exchanged. */
static bool replace(struct outcome *o, const char *result)
{
	size_t length = code_length(result);
	const char *text = result + length;

	if (length == 0 || (*text != '\0' && !text_is_space(*text))
		|| (result[0] == '2') != (o->status[0] == '2'))
		return false;
	text += strspn(text, TEXT_SPACE);
	o->status = pool_bytes(o->pool, result, length);
	if (*text)
		o->text = pool_text(o->pool, text);
	return true;
}

/* smtp_delivery_status_filter; a lookup that fails changes nothing. */
static void filter(struct outcome *o)
{
	const struct reporter *reporter = o->reporter;
	struct buf result = BUF(LOG_MOST);
	const char *key;

	if (reporter->status_filter == NULL)
		return;
	key = pool_format(o->pool, "%s %s", o->status, o->text);
	if (tables_find(reporter->status_filter, key, &result) == TABLE_FOUND
		&& !replace(o, buf_text(&result)))
		log_warning("%s: bad status code: %s", reporter->status_filter_name,
			buf_text(&result));
	buf_close(&result);
}

/* The mail is where it belongs: a mark that can't be made is a duplicate later, at worst. */
static void cross_off(const struct outcome *o, struct queuefile *file)
{
	if (file && !queuefile_done(file, o->rcpt->offset))
		log_warning("update queue file %s/%s: %s", o->request->queue_name,
			o->request->queue_id, text_errno(o->pool, errno));
}

bool report(const struct reporter *reporter, const struct request *request, struct queuefile *file,
	const struct request_rcpt *rcpt, enum report_fate fate, const struct why *what,
	const struct report_session *session)
{
	struct outcome o = {
		.reporter = reporter,
		.request = request,
		.rcpt = rcpt,
		.what = what,
		.session = session,
		.pool = request->pool,
		.done = is_set(&session->done) ? session->done : clock_wall(),
		.status = what->status,
		.text = what->text ? what->text : "",
		.notify = rcpt->dsn_notify,
	};
	bool finished;

	repair(&o, fate);
	filter(&o);
	if (fate == REPORT_SENT)
		finished = sent(&o);
	else
		finished = o.status[0] == '4' ? deferred(&o) : bounced(&o);
	if (finished && (fate != REPORT_SENT || (request->flags & REQUEST_SUCCESS)))
		cross_off(&o, file);
	return finished;
}

/* The datagram of a report: JSON in one line (RFC 8259 7), as libtlsrpt writes it. */
#include <string.h>
#include "smtp/tlsrpt.h"
#include "util/text.h"

enum { POLICY_TLSA = 1, POLICY_STS = 2, POLICY_NONE_FOUND = 9 }; /* libtlsrpt's numbers */

static void add_char(struct buf *to, unsigned char c)
{
	static const char plain[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	const char *at = c ? strchr(plain, c) : NULL;

	if (at)
		buf_addf(to, "\\%c", letters[at - plain]);
	else if (c < ' ')
		buf_addf(to, "\\u%04x", c);
	else
		buf_addc(to, c);
}

static void add_string(struct buf *to, const char *text)
{
	buf_addc(to, '"');
	for (; *text; text++)
		add_char(to, (unsigned char)*text);
	buf_addc(to, '"');
}

/* What has no value is left out. */
static void add_member(struct buf *to, const char *comma, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	buf_addf(to, "%s\"%s\": ", comma, name);
	add_string(to, value);
}

static void add_list(struct buf *to, const char *name, const struct list *list)
{
	if (list->count == 0)
		return;
	buf_addf(to, ",\"%s\":[", name);
	for (size_t i = 0; i < list->count; i++) {
		buf_adds(to, i ? "," : "");
		add_string(to, list->items[i]);
	}
	buf_addc(to, ']');
}

/* "3 1 1 00ff..." (RFC 8460 4.4) */
static void add_records(struct buf *to, const struct tls_expect *expect)
{
	buf_adds(to, ",\"policy-string\":[");
	for (size_t i = 0; i < expect->tlsa_count; i++) {
		const struct tls_tlsa *record = &expect->tlsa[i];

		buf_addf(to, "%s\"%u %u %u ", i ? "," : "", record->usage, record->selector,
			record->matching);
		text_hex(to, record->data, record->length, 0);
		buf_addc(to, '"');
	}
	buf_addc(to, ']');
}

/* The records' name without "_25._tcp.". */
static const char *tlsa_base(const struct tls_expect *expect)
{
	const char *base = expect->tlsa_owner ? expect->tlsa_owner : "";

	for (int labels = 0; labels < 2 && *base == '_'; labels++) {
		base += strcspn(base, ".");
		base += *base == '.';
	}
	return base;
}

static void add_policy(struct buf *to, const struct tlsrpt_event *event)
{
	const struct tlsrpt *report = event->report;
	bool tlsa = event->expect->tlsa_count > 0;

	buf_addf(to, "\"policy-type\":%d", tlsa ? POLICY_TLSA : report->sts ? POLICY_STS
		: POLICY_NONE_FOUND);
	add_member(to, ",", "policy-domain", tlsa ? tlsa_base(event->expect)
		: report->policy_domain);
	if (tlsa) {
		add_records(to, event->expect);
	} else {
		add_list(to, "policy-string", &report->policy_strings);
		add_list(to, "mx-host", &report->mx_patterns);
	}
}

static void add_failure(struct buf *to, const struct tlsrpt_event *event)
{
	buf_addf(to, ",\"failure-details\":[{\"c\":%d", (int)event->type);
	add_member(to, ",", "s", event->own_address);
	add_member(to, ",", "n", event->host);
	add_member(to, ",", "h", event->ehlo);
	add_member(to, ",", "r", event->address);
	add_member(to, ",", "f", event->reason);
	buf_adds(to, "}]");
}

void tlsrpt_text(const struct tlsrpt_event *event, struct buf *to)
{
	bool failed = event->type != TLSRPT_SUCCESS;

	buf_addc(to, '{');
	add_member(to, "", "dpv", "1");
	add_member(to, ",", "d", event->report->domain);
	add_member(to, ",", "pr", event->report->record);
	buf_adds(to, ",\"policies\":[{");
	add_policy(to, event);
	if (failed)
		add_failure(to, event);
	buf_addf(to, ",\"t\":%d,\"f\":%d}]}", failed, failed);
}

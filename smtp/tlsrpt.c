#include "config.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "smtp/connection.h"
#include "smtp/tlsrpt.h"
#include "util/log.h"
#include "util/net.h"
#include "util/text.h"

/* --- start --- */

static bool is_possible(const struct agent *agent)
{
	const struct config *config = agent->config;

	if (!config->tlsrpt_enable)
		return false;
	if (agent->lmtp)
		log_warning("TLSRPT support is not implemented for LMTP");
	else if (!agent->dns_enabled)
		log_warning("Cannot enable TLSRPT: DNS is disabled");
	else if (config->tlsrpt_socket_name[0] == '\0')
		log_warning("TLSRPT: parameter smtp_tlsrpt_socket_name has empty value -- TLSRPT will"
			" be disabled");
	else
		return true;
	return false;
}

/* "using using" is Postfix's. */
bool tlsrpt_setup(const struct agent *agent)
{
	bool on = is_possible(agent);

	if (on && agent->config->old_skip_reused)
		log_info("using using backwards-compatible default setting"
			" smtp_tlsrpt_skip_reused_handshakes=yes");
	return on;
}

/* --- the domain's wish (RFC 8460 3) --- */

/* The one record that is a policy; NULL: none, or nobody knows which. */
static const char *find_record(const struct agent *agent, struct pool *pool, const char *domain)
{
	struct lookup_texts texts;
	const char *record = NULL;

	lookup_txt(&agent->resolver, pool, &agent->lookup, "_smtp._tls", domain, DNS_PLAIN, &texts);
	if (texts.status == LOOKUP_RETRY || texts.status == LOOKUP_FAIL
		|| texts.status == LOOKUP_POLICY)
		log_warning("TLSRPT: policy lookup for %s: %s", domain, texts.text);
	for (size_t i = 0; i < texts.count; i++) {
		if (!text_starts(texts.items[i], "v=TLSRPTv1"))
			continue;
		if (record) {
			log_warning("TLSRPT: Too many TLSRPT policies for %s", domain);
			return NULL;
		}
		record = texts.items[i];
	}
	return record;
}

const struct tlsrpt *tlsrpt_for(const struct agent *agent, struct pool *pool,
	const struct destination *to, const struct policy_entry *entry)
{
	struct tlsrpt *report;
	const char *domain = to->ascii, *record;

	if (!agent->tlsrpt || agent->tls_level <= TLS_LEVEL_NONE || addr_is_numeric(to->host))
		return NULL;
	if (domain == NULL || (record = find_record(agent, pool, domain)) == NULL)
		return NULL;
	report = POOL_NEW(pool, struct tlsrpt);
	*report = (struct tlsrpt){.domain = domain, .record = record, .policy_domain = domain};
	report->sts = entry->policy_type && text_same(entry->policy_type, "sts");
	if (report->sts) {
		report->policy_strings = entry->policy_strings;
		report->mx_patterns = entry->mx_host_patterns;
		if (entry->policy_domain)
			report->policy_domain = entry->policy_domain;
	}
	return report;
}

/* --- events --- */

static const char *type_name(enum tlsrpt_type type)
{
	switch (type) {
	case TLSRPT_SUCCESS:
		break;
	case TLSRPT_STARTTLS_NOT_SUPPORTED:
		return "starttls_not_supported";
	case TLSRPT_CERTIFICATE_HOST_MISMATCH:
		return "certificate_host_mismatch";
	case TLSRPT_CERTIFICATE_NOT_TRUSTED:
		return "certificate_not_trusted";
	case TLSRPT_CERTIFICATE_EXPIRED:
		return "certificate_expired";
	case TLSRPT_VALIDATION_FAILURE:
		return "validation_failure";
	case TLSRPT_STS_POLICY_FETCH_ERROR:
		return "sts_policy_fetch_error";
	case TLSRPT_STS_POLICY_INVALID:
		return "sts_policy_invalid";
	case TLSRPT_STS_WEBPKI_INVALID:
		return "sts_webpki_invalid";
	case TLSRPT_TLSA_INVALID:
		return "tlsa_invalid";
	}
	return "";
}

static void log_event(const struct tlsrpt_event *event)
{
	if (event->type == TLSRPT_SUCCESS)
		log_info("TLSRPT: status=success, domain=%s, receiving_mx=%s[%s]",
			event->report->domain, event->host, event->address);
	else
		log_info("TLSRPT: status=failure, domain=%s, receiving_mx=%s[%s], failure_type=%s%s%s",
			event->report->domain, event->host, event->address, type_name(event->type),
			event->reason[0] ? ", failure_reason=" : "", event->reason);
}

static void send_event(const struct agent *agent, struct pool *pool,
	const struct tlsrpt_event *event)
{
	const char *path = agent->config->tlsrpt_socket_name;
	struct buf text = BUF(0);
	int fd;

	tlsrpt_text(event, &text);
	fd = net_datagram_unix(path);
	if (fd < 0 || send(fd, text.data, text.length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_warning("TLSRPT: cannot report to %s: %s", path, text_errno(pool, errno));
	if (fd >= 0)
		close(fd);
	buf_close(&text);
}

/* "" when nobody knows. */
static const char *own_address(struct pool *pool, const struct connection *conn)
{
	struct addr addr = {.length = sizeof addr.sa};
	char text[ADDR_TEXT];

	if (getsockname(stream_fd(conn->stream), &addr.sa.any, &addr.length) < 0)
		return "";
	return pool_text(pool, addr_text(&addr, text));
}

void tlsrpt_tell(const struct agent *agent, const struct connection *conn, enum tlsrpt_type type,
	const char *reason)
{
	struct pool pool = {0};
	struct tlsrpt_event event = {.report = conn->policy->report,
		.expect = &conn->policy->expect, .type = type, .reason = reason,
		.host = conn->server->host, .address = conn->server->address};

	if (event.report) {
		event.own_address = own_address(&pool, conn);
		event.ehlo = conn->ehlo.name ? conn->ehlo.name : "";
		log_event(&event);
		send_event(agent, &pool, &event);
	}
	pool_free(&pool);
}

static enum tlsrpt_type of_policy_failure(const char *failure)
{
	static const struct {
		const char *failure;
		enum tlsrpt_type type;
	} types[] = {{"sts-policy-fetch-error", TLSRPT_STS_POLICY_FETCH_ERROR},
		{"sts-policy-invalid", TLSRPT_STS_POLICY_INVALID},
		{"sts-webpki-invalid", TLSRPT_STS_WEBPKI_INVALID}};

	for (size_t i = 0; i < COUNT(types); i++)
		if (text_same(types[i].failure, failure))
			return types[i].type;
	return TLSRPT_VALIDATION_FAILURE;
}

/* *reason has what the type does not say. */
static enum tlsrpt_type of_fault(struct pool *pool, const struct connection *conn,
	const char **reason)
{
	const struct tls_verdict *tls = &conn->tls;
	char *words;

	*reason = "";
	switch (tls->fault) {
	case TLS_FAULT_NONE:
		return TLSRPT_SUCCESS;
	case TLS_FAULT_NAME:
		return TLSRPT_CERTIFICATE_HOST_MISMATCH;
	case TLS_FAULT_EXPIRED:
		return TLSRPT_CERTIFICATE_EXPIRED;
	case TLS_FAULT_CHAIN:
		words = pool_text(pool, tls->fault_text);
		for (char *at = words; (at = strchr(at, ' ')) != NULL;)
			*at = '_';
		*reason = words;
		return TLSRPT_VALIDATION_FAILURE;
	case TLS_FAULT_UNUSABLE:
		*reason = tls->fault_text;
		return conn->policy->expect.tlsa_count ? TLSRPT_TLSA_INVALID
			: TLSRPT_VALIDATION_FAILURE;
	case TLS_FAULT_POLICY:
		return of_policy_failure(tls->fault_text);
	case TLS_FAULT_OTHER:
		break;
	}
	return TLSRPT_CERTIFICATE_NOT_TRUSTED;
}

void tlsrpt_tell_verdict(const struct agent *agent, const struct connection *conn)
{
	struct pool pool = {0};
	const char *reason;
	enum tlsrpt_type type;

	if (conn->policy->report == NULL
		|| (conn->tls.reused && agent->config->tlsrpt_skip_reused_handshakes))
		return;
	type = of_fault(&pool, conn, &reason);
	tlsrpt_tell(agent, conn, type, reason);
	pool_free(&pool);
}

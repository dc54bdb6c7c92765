#include "config.h"
#include <string.h>
#include "postfix/address.h"
#include "postfix/version.h"
#include "smtp/envelope.h"
#include "util/log.h"
#include "util/text.h"

static bool offers(const struct envelope *envelope, unsigned feature)
{
	return envelope->ehlo->features & feature;
}

bool envelope_downgrades(const struct envelope *envelope)
{
	return !envelope->config->disable_mime_output_conversion && !offers(envelope, EHLO_8BITMIME)
		&& !text_same(envelope->request->encoding, "7bit");
}

/*
 * What is between < and >. Quoting takes care of the local part; a domain that would end the path
 * early could pass parameters of its own to the server (RFC 5321 4.1.2 allows it no such byte).
 */
static const char *path(const struct envelope *envelope, struct pool *pool, const char *address)
{
	char *text = pool_text(pool, envelope->config->quote_rfc821_envelope
		? address_quote_5321(pool, address) : address);
	char *at = strrchr(text, '@');

	for (; at && *at; at++)
		if (strchr(" <>", *at))
			*at = '?';
	return text;
}

static void body_type(const struct envelope *envelope, struct buf *to)
{
	const char *encoding = envelope->request->encoding;

	if (!offers(envelope, EHLO_8BITMIME))
		return;
	if (strcmp(encoding, "8bit") == 0)
		buf_adds(to, " BODY=8BITMIME");
	else if (strcmp(encoding, "7bit") == 0)
		buf_adds(to, " BODY=7BIT");
	else if (encoding[0])
		log_tagged(LOG_SEVERITY_WARNING, "unknown content encoding: %s", encoding);
}

/* RFC 8689 5: a bounce of such a message must not carry its content where it is not protected. */
static bool unprotected(const struct envelope *envelope)
{
	return envelope->requiretls && !offers(envelope, EHLO_REQUIRETLS);
}

/* RFC 3461 4.3, 4.4 */
static void mail_dsn(const struct envelope *envelope, struct buf *to)
{
	const struct request *request = envelope->request;

	if (!offers(envelope, EHLO_DSN))
		return;
	if (request->envelope_id[0]) {
		buf_adds(to, " ENVID=");
		text_xtext(to, request->envelope_id, "+=");
	}
	if (request->dsn_ret == DSN_RET_HDRS || unprotected(envelope))
		buf_adds(to, " RET=HDRS");
	else if (request->dsn_ret == DSN_RET_FULL)
		buf_adds(to, " RET=FULL");
}

const char *envelope_mail(const struct envelope *envelope, struct pool *pool, const char *sender)
{
	const struct request *request = envelope->request;
	struct buf line = BUF(0);
	const char *text;

	buf_addf(&line, "MAIL FROM:<%s>", *sender ? path(envelope, pool, sender) : "");
	if (offers(envelope, EHLO_SIZE) && !envelope_downgrades(envelope))
		buf_addf(&line, " SIZE=%ld", request->data_size);
	body_type(envelope, &line);
	mail_dsn(envelope, &line);
	if (offers(envelope, EHLO_SMTPUTF8) && (request->sendopts & SENDOPT_SMTPUTF8))
		buf_adds(&line, " SMTPUTF8");
	if (envelope->requiretls && offers(envelope, EHLO_REQUIRETLS))
		buf_adds(&line, " REQUIRETLS");
	if (envelope->authenticated && envelope->config->send_dummy_mail_auth) /* RFC 4954 5 */
		buf_adds(&line, " AUTH=<>");
	text = pool_text(pool, buf_text(&line));
	buf_close(&line);
	return text;
}

/* One UTF-8 character; *length is its bytes. Bad bytes stand for themselves. */
static unsigned character(const char *text, size_t *length)
{
	unsigned char lead = (unsigned char)text[0];
	size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	unsigned value = bytes == 1 ? lead : lead & (0x7fu >> bytes);

	if (bytes > 1 && (strlen(text) < bytes || !text_is_utf8(text, bytes)))
		bytes = 1, value = lead;
	for (size_t i = 1; i < bytes; i++)
		value = value << 6 | ((unsigned char)text[i] & 0x3f);
	*length = bytes;
	return value;
}

/* utf-8-addr-xtext of RFC 6533 3: also "\x{HEX}" for what is no plain printable ASCII. */
static void utf8_xtext(struct buf *to, const char *text)
{
	size_t length;

	for (; *text; text += length) {
		unsigned value = character(text, &length);

		if (value >= 33 && value <= 126 && strchr("\\+=", (int)value) == NULL)
			buf_addc(to, (int)value);
		else
			buf_addf(to, "\\x{%02X}", value);
	}
}

/* The original recipient with its type, where the client gave none. */
static const char *made_orcpt(const struct envelope *envelope, struct pool *pool,
	const char *address)
{
	bool utf8 = !text_is_ascii(address) && (envelope->request->sendopts & SENDOPT_SMTPUTF8)
		&& (envelope->config->version < POSTFIX(3, 10)
			|| text_is_utf8(address, strlen(address)));

	if (address[0] == '\0')
		return "";
	return pool_format(pool, "%s;%s", utf8 ? "utf-8" : "rfc822",
		address_quote_5322(pool, address));
}

/* RFC 3461 4.2: type ";" address; all of it is encoded, so that it stays one parameter. */
static void orcpt(const struct envelope *envelope, struct pool *pool,
	const struct request_rcpt *rcpt, struct buf *to)
{
	static const char utf8[] = "utf-8;";
	const char *text = rcpt->dsn_orcpt[0] ? rcpt->dsn_orcpt
		: made_orcpt(envelope, pool, rcpt->original);

	if (text[0] == '\0')
		return;
	buf_adds(to, " ORCPT=");
	if (text_starts_any_case(text, utf8)) {
		buf_add(to, text, sizeof utf8 - 1);
		utf8_xtext(to, text + sizeof utf8 - 1);
	} else {
		text_xtext(to, text, "+=");
	}
}

static void notify(int bits, struct buf *to)
{
	static const struct {
		int bit;
		const char *word;
	} words[] = {{DSN_NOTIFY_SUCCESS, "SUCCESS"}, {DSN_NOTIFY_FAILURE, "FAILURE"},
		{DSN_NOTIFY_DELAY, "DELAY"}};
	const char *before = " NOTIFY=";

	if (bits & DSN_NOTIFY_NEVER) {
		buf_adds(to, " NOTIFY=NEVER");
		return;
	}
	for (size_t i = 0; i < COUNT(words); i++)
		if (bits & words[i].bit) {
			buf_addf(to, "%s%s", before, words[i].word);
			before = ",";
		}
}

const char *envelope_rcpt(const struct envelope *envelope, struct pool *pool,
	const struct request_rcpt *rcpt, const char *address)
{
	struct buf line = BUF(0);
	const char *text;

	buf_addf(&line, "RCPT TO:<%s>", path(envelope, pool, address));
	if (offers(envelope, EHLO_DSN)) {
		orcpt(envelope, pool, rcpt, &line);
		notify(rcpt->dsn_notify, &line);
	}
	text = pool_text(pool, buf_text(&line));
	buf_close(&line);
	return text;
}

struct forwarded {
	unsigned bit;
	const char *name, *value;
	bool unknown_too; /* "unknown" is worth saying */
};

const char *envelope_xforward(const struct envelope *envelope, struct pool *pool, bool second)
{
	const struct request *r = envelope->request;
	const struct forwarded first_set[] = {{XFORWARD_NAME, "NAME", r->client_name, false},
		{XFORWARD_ADDR, "ADDR", r->client_address, false},
		{XFORWARD_PORT, "PORT", r->client_port, false}, {0, "", "", false}};
	const struct forwarded second_set[] = {{XFORWARD_PROTO, "PROTO", r->client_proto, false},
		{XFORWARD_HELO, "HELO", r->client_helo, true}, {XFORWARD_IDENT, "IDENT", r->log_ident, true},
		{XFORWARD_SOURCE, "SOURCE",
			text_same(r->rewrite_context, "local") ? "LOCAL" : "REMOTE", true}};
	const struct forwarded *set = second ? second_set : first_set;
	struct buf line = BUF(0);
	const char *text = NULL;

	for (size_t i = 0; i < COUNT(second_set); i++) {
		if (!(envelope->ehlo->xforward & set[i].bit) || set[i].value[0] == '\0'
			|| (!set[i].unknown_too && text_same(set[i].value, "unknown")))
			continue;
		buf_addf(&line, "%s %s=", line.length ? "" : "XFORWARD", set[i].name);
		text_xtext(&line, set[i].value, "");
	}
	if (line.length)
		text = pool_text(pool, buf_text(&line));
	buf_close(&line);
	return text;
}

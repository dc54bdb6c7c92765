#include "config.h"
#include <stddef.h>
#include <string.h>
#include "smtp/mime.h"
#include "t/lib/tap.h"

/* Lines ended by LF; what comes out, converted, likewise. */
static const struct message {
	const char *name, *in, *out;
	enum mime_result result;
	int limit;
} messages[] = {
	{"plain 7-bit text stays", "Subject: x\n\nhello\n", "Subject: x\n\nhello\n", MIME_GOES_ON, 100},
	{"8-bit bytes without a header stay", "Subject: x\n\n\xe9\n", "Subject: x\n\n\xe9\n", MIME_GOES_ON,
		100},
	{"8bit text is quoted, its header comes last",
		"Content-Transfer-Encoding: 8bit\nSubject: x\n\nna\xc3\xafve = ok \n",
		"Subject: x\nContent-Transfer-Encoding: quoted-printable\n\nna=C3=AFve =3D ok=20\n",
		MIME_GOES_ON, 100},
	{"binary too", "Content-Transfer-Encoding: BINARY\n\n\x01\n",
		"Content-Transfer-Encoding: quoted-printable\n\n=01\n", MIME_GOES_ON, 100},
	{"base64 stays", "Content-Transfer-Encoding: base64\n\nAAAA\n",
		"Content-Transfer-Encoding: base64\n\nAAAA\n", MIME_GOES_ON, 100},
	{"multipart: the parts that say so",
		"Content-Type: multipart/mixed;\n boundary=\"a b\"\nContent-Transfer-Encoding: 8bit\n\n"
		"\xe9\n--a b\nContent-Transfer-Encoding: 8bit\n\n\xe9\n--a b\n\n\xe9\n--a b--\n\xe9\n",
		"Content-Type: multipart/mixed;\n boundary=\"a b\"\nContent-Transfer-Encoding: 7bit\n\n"
		"\xe9\n--a b\nContent-Transfer-Encoding: quoted-printable\n\n=E9\n--a b\n\n\xe9\n--a b--\n"
		"\xe9\n", MIME_GOES_ON, 100},
	{"an attached message is entered",
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n"
		"Subject: y\nContent-Transfer-Encoding: 8bit\n\n\xe9\n",
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: 7bit\n\n"
		"Subject: y\nContent-Transfer-Encoding: quoted-printable\n\n=E9\n", MIME_GOES_ON, 100},
	{"a missing empty line is put in", "Subject: x\nno header\n", "Subject: x\n\nno header\n",
		MIME_GOES_ON, 100},
	{"no body", "Subject: x\nContent-Transfer-Encoding: 8bit\n",
		"Subject: x\nContent-Transfer-Encoding: quoted-printable\n", MIME_GOES_ON, 100},
	{"blanks before the colon go", "Subject  : x\n\n", "Subject: x\n\n", MIME_GOES_ON, 100},
	{"continuation lines stay", "Subject: x\n\ty\n z\n\n", "Subject: x\n\ty\n z\n\n", MIME_GOES_ON,
		100},
	{"long lines are broken softly",
		"Content-Transfer-Encoding: 8bit\n\n"
		"0123456789012345678901234567890123456789012345678901234567890123456789012345\n",
		"Content-Transfer-Encoding: quoted-printable\n\n"
		"0123456789012345678901234567890123456789012345678901234567890123456789012=\n345\n",
		MIME_GOES_ON, 100},
	{"four multiparts at limit 1",
		"Content-Type: multipart/x; boundary=a\n\n--a\nContent-Type: multipart/x; boundary=b\n\n"
		"--b\nContent-Type: multipart/x; boundary=c\n\n--c\nContent-Type: multipart/x; boundary=d\n\n"
		"--d\n",
		"Content-Type: multipart/x; boundary=a\n\n--a\nContent-Type: multipart/x; boundary=b\n\n"
		"--b\nContent-Type: multipart/x; boundary=c\n\n--c\nContent-Type: multipart/x; boundary=d\n\n",
		MIME_TOO_DEEP, 1},
	{"an outer boundary ends inner parts",
		"Content-Type: multipart/x; boundary=a\n\n--a\nContent-Type: multipart/x; boundary=b\n\n"
		"--b\nContent-Transfer-Encoding: 8bit\n\n\xe9\n--a--\n\xe9\n",
		"Content-Type: multipart/x; boundary=a\n\n--a\nContent-Type: multipart/x; boundary=b\n\n"
		"--b\nContent-Transfer-Encoding: quoted-printable\n\n=E9\n--a--\n\xe9\n", MIME_GOES_ON, 100},
	/* oddities that smtp(8) was seen to have */
	{"a special character is all of an unquoted boundary",
		"Content-Type: multipart/x; boundary==_1\n\n--=\nContent-Transfer-Encoding: 8bit\n\n\xe9\n",
		"Content-Type: multipart/x; boundary==_1\n\n--=\nContent-Transfer-Encoding: quoted-printable\n\n"
		"=E9\n", MIME_GOES_ON, 100},
	{"two boundaries are two levels",
		"Content-Type: multipart/x; boundary=a; boundary=c\n\n--c\nContent-Transfer-Encoding: 8bit\n\n"
		"\xe9\n--a\nContent-Transfer-Encoding: 8bit\n\n\xe9\n",
		"Content-Type: multipart/x; boundary=a; boundary=c\n\n--c\n"
		"Content-Transfer-Encoding: quoted-printable\n\n=E9\n--a\n"
		"Content-Transfer-Encoding: quoted-printable\n\n=E9\n", MIME_GOES_ON, 100},
	{"an unknown encoding leaves the one before",
		"Content-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: x\n\n\xe9\n",
		"Content-Transfer-Encoding: quoted-printable\n\n=E9\n", MIME_GOES_ON, 100},
	{"the last encoding counts",
		"Content-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: base64\n\n\xe9\n",
		"Content-Transfer-Encoding: base64\n\n\xe9\n", MIME_GOES_ON, 100},
	{"an unknown type leaves the one before",
		"Content-Type: multipart/digest; boundary=a\n\n--a\nContent-Type: image/x\n\n"
		"Content-Transfer-Encoding: 8bit\n\n\xe9\n",
		"Content-Type: multipart/digest; boundary=a\n\n--a\nContent-Type: image/x\n\n"
		"Content-Transfer-Encoding: quoted-printable\n\n=E9\n", MIME_GOES_ON, 100},
	{"without an empty line nothing is looked into",
		"Content-Type: message/rfc822\nno header\nContent-Transfer-Encoding: 8bit\n\n\xe9\n",
		"Content-Type: message/rfc822\n\nno header\nContent-Transfer-Encoding: 8bit\n\n\xe9\n",
		MIME_GOES_ON, 100},
	/* not as smtp(8), which encodes what it calls 7bit */
	{"another message is not encoded",
		"Content-Type: message/x\nContent-Transfer-Encoding: 8bit\n\n\xe9\n",
		"Content-Type: message/x\nContent-Transfer-Encoding: 7bit\n\n\xe9\n", MIME_GOES_ON, 100},
	{"nor one without an empty line",
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\nno header \xe9\nA: \xe9\n",
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: 7bit\n\nno header \xe9\nA: \xe9\n",
		MIME_GOES_ON, 100},
	{"a quoted type is none",
		"Content-Type: \"multipart\"/x; boundary=a\n\n--a\nContent-Transfer-Encoding: 8bit\n\n\xe9\n",
		"Content-Type: \"multipart\"/x; boundary=a\n\n--a\nContent-Transfer-Encoding: 8bit\n\n\xe9\n",
		MIME_GOES_ON, 100},
	{"a boundary in a comment is none",
		"Content-Type: multipart/x (; boundary=z); boundary=a\n\n--z\n--a\n\n",
		"Content-Type: multipart/x (; boundary=z); boundary=a\n\n--z\n--a\n\n", MIME_GOES_ON, 100},
};

static bool header(void *context, enum mime_class class UNUSED, struct buf *text)
{
	buf_add(context, text->data, text->length);
	buf_addc(context, '\n');
	return true;
}

static bool body(void *context, const char *data, size_t length, bool more)
{
	buf_add(context, data, length);
	if (!more)
		buf_addc(context, '\n');
	return true;
}

static void blank(void *context)
{
	buf_addc(context, '\n');
}

/* Feeds the lines in pieces of PIECE bytes at most, as long lines come from a queue file. */
static enum mime_result run(const struct message *m, size_t piece, int header_limit, struct buf *out)
{
	const struct mime_options options = {true, m->limit, 2048, header_limit};
	const struct mime_handlers handlers = {out, header, body, blank};
	struct mime *mime = mime_begin(&options, &handlers);
	enum mime_result result = MIME_GOES_ON;
	const char *at = m->in;

	while (*at && result == MIME_GOES_ON) {
		size_t length = strcspn(at, "\n");
		bool more = length > piece;

		if (more)
			length = piece;
		result = mime_record(mime, at, length, more);
		at += length + !more;
	}
	if (result == MIME_GOES_ON)
		result = mime_end(mime);
	mime_free(mime);
	return result;
}

/* Which checks get to see what: seen from the log of smtp(8). */
static const struct {
	const char *name, *in, *classes; /* a letter for each header: primary, content, nested */
} classified[] = {
	{"only RFC 2045's are MIME headers",
		"Subject: x\nMIME-Version: 1\ncontent-id: x\nContent-Length: 3\nContent-MD5: x\n\n", "pccpp"},
	{"parts, and messages inside",
		"Content-Type: multipart/x; boundary=a\n\nA: b\n--a\nA: b\nContent-Type: message/rfc822\n\nA: b\n"
		"Content-ID: x\n\nA: b\n", "cccnc"},
	{"a message in base64 is looked into",
		"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nA: b\n\n", "ccn"},
	{"the encoding that is put last belongs to its block",
		"Content-Transfer-Encoding: 8bit\nContent-Type: multipart/x; boundary=a\n\n--a\n"
		"Content-Transfer-Encoding: 8bit\n\nx\n", "cpc"},
};

static bool note_class(void *context, enum mime_class class, struct buf *text UNUSED)
{
	buf_addc(context, class == MIME_PRIMARY ? 'p' : class == MIME_CONTENT ? 'c' : 'n');
	return true;
}

static bool no_body(void *context UNUSED, const char *data UNUSED, size_t length UNUSED, bool more UNUSED)
{
	return true;
}

static void no_blank(void *context UNUSED)
{
}

static void classifies(void)
{
	const struct mime_options options = {true, 100, 2048, 102400};

	for (size_t i = 0; i < COUNT(classified); i++) {
		struct buf classes = BUF(0);
		const struct mime_handlers handlers = {&classes, note_class, no_body, no_blank};
		struct mime *mime = mime_begin(&options, &handlers);

		for (const char *at = classified[i].in; *at; at += strcspn(at, "\n") + 1)
			mime_record(mime, at, strcspn(at, "\n"), false);
		mime_end(mime);
		mime_free(mime);
		is_text(buf_text(&classes), classified[i].classes, classified[i].name);
		buf_close(&classes);
	}
}

/* Lines that begin beyond the limit are dropped. */
static void cuts_headers(void)
{
	static const struct {
		struct message message;
		int limit;
	} cut[] = {
		{{"a header that is too long", "Subject: xyz\n a\n b\n\n", "Subject: xyz\n a\n\n",
			MIME_GOES_ON, 100}, 13},
		{{"a header of the limit", "Subject: xyz\n a\n\nbody\n", "Subject: xyz\n\nbody\n",
			MIME_GOES_ON, 100}, 12},
	};

	for (size_t i = 0; i < COUNT(cut); i++) {
		struct buf out = BUF(0);

		run(&cut[i].message, 2048, cut[i].limit, &out);
		is_text(buf_text(&out), cut[i].message.out, cut[i].message.name);
		buf_close(&out);
	}
}

int main(void)
{
	for (const struct message *m = messages; m < messages + COUNT(messages); m++) {
		struct buf out = BUF(0), pieces = BUF(0);

		okf(run(m, 2048, 102400, &out) == m->result, "%s: result", m->name);
		is_text(buf_text(&out), m->out, m->name);
		run(m, 50, 102400, &pieces);
		is_text(buf_text(&pieces), m->out, "the same in pieces");
		buf_close(&out);
		buf_close(&pieces);
	}
	cuts_headers();
	classifies();
	return done();
}

#include <string.h>
#include "t/lib/tap.h"
#include "t/tls/zoo.h"
#include "tls/certificate.h"
#include "tls/dn.h"

static struct certificate opened(struct pool *pool, const char *file, size_t number)
{
	struct certificate certificate = {.crt = NULL};

	okf(certificate_open(&certificate, zoo_der(pool, file, number)), "%s %zu opens", file,
		number);
	return certificate;
}

/* All names as text: "dns:a dns:b cn:c"; a NUL shows as "?", an address as its length. */
static const char *names_of(struct pool *pool, const char *file)
{
	struct certificate certificate = opened(pool, file, 0);
	struct buf text = BUF(0);
	struct match_name *names;
	size_t count = certificate_names(&certificate, pool, &names);
	const char *copy;

	for (size_t i = 0; i < count; i++) {
		static const char *const kinds[] = {"dns", "ip", "cn"};

		buf_addf(&text, "%s%s:", i ? " " : "", kinds[names[i].kind]);
		if (names[i].kind == MATCH_ADDRESS)
			buf_addf(&text, "%zu", names[i].bytes.length);
		else
			for (size_t k = 0; k < names[i].bytes.length && k < 20; k++)
				buf_addc(&text,
					names[i].bytes.data[k] ? names[i].bytes.data[k] : '?');
	}
	certificate_close(&certificate);
	copy = pool_text(pool, buf_text(&text));
	buf_close(&text);
	return copy;
}

static void names(void)
{
	static const struct {
		const char *file, *want;
	} rows[] = {
		{"host", "dns:mx.a.test cn:mx.a.test"},
		{"wild", "dns:*.a.test dns:a.test cn:*.a.test"},
		{"cnonly", "cn:mx.a.test"},
		{"noname", ""},
		{"ip", "ip:4 ip:16 cn:127.0.0.1"},
		{"cnemail", "cn:mx.a.test"},
		{"nul", "dns:mx.a.test?.evil.exam"},
		{"sanempty", "cn:mx.a.test"},
		{"sanlong", "dns:xxxxxxxxxxxxxxxxxxxx cn:mx.a.test"},
		{"cn-two", "cn:mx.a.test cn:second.a.test"},
		{"cn-bmp", "cn:mx.a.test"},
		{"cn-t61", "cn:m\xc3\xbcx.a.test"},
		{"cn-utf8", "cn:m\xc3\xbcx.a.test"},
		{"cn-nul", "cn:mx.a.test?.evil.exam"},
		{"cn-badutf8", "cn:"},
		{"cn-oddbmp", "cn:"},
		{"cn-empty", "cn:"},
	};
	struct pool pool = {0};

	for (size_t i = 0; i < COUNT(rows); i++)
		is_text(names_of(&pool, rows[i].file), rows[i].want, rows[i].file);
	pool_free(&pool);
}

/* A name that cannot be read must not let commonName in. */
static void unreadable_names(void)
{
	static const struct tls_der broken[] = {
		{(const uint8_t *)"\x30\x0a\6\3\x55\x1d\x11\4\3\x30\5\x82", 12}, /* cut short */
		{(const uint8_t *)"\x30\x0b\6\3\x55\x1d\x11\4\4\x30\0\5\0",
			13},                                                 /* something behind */
		{(const uint8_t *)"\x30\x09\6\3\x55\x1d\x11\4\2\x05\0", 11}, /* no sequence */
	};
	struct pool pool = {0};
	struct certificate certificate = opened(&pool, "cnonly", 0);
	struct match_name *found;

	for (size_t i = 0; i < COUNT(broken); i++) {
		certificate.parts.extensions = broken[i];
		certificate_names(&certificate, &pool, &found);
		okf(found[0].kind == MATCH_DNS && found[0].bytes.length == 0, "unreadable %zu", i);
	}
	certificate_close(&certificate);
	pool_free(&pool);
}

static void lines(void)
{
	struct pool pool = {0};
	struct certificate strange = opened(&pool, "strangeissuer", 0);
	struct certificate org = opened(&pool, "orgissuer", 1),
			   long_name = opened(&pool, "cn-long", 0);
	struct certificate empty = opened(&pool, "cn-empty", 0);
	struct tls_der values[3];

	is_text(dn_line(&pool, strange.parts.issuer),
		"/C=XX/O=R\\xC3\\xBC\\/dig+1.2.3.4=x\\x0Ay/emailAddress=a@b",
		"joined, escaped, unknown");
	is_text(dn_line(&pool, org.parts.subject), "/C=XX/O=Zoo Organisation Only", "plain");
	is_text(dn_line(&pool, long_name.parts.subject), "", "a component that does not fit");
	is_text(dn_line(&pool, empty.parts.subject), "/CN=", "an empty one");
	is_text(dn_line(&pool, (struct tls_der){(const uint8_t *)"\x31\0", 2}), "",
		"no name at all");
	ok(dn_values(&pool, org.parts.subject, DN_COMMON_NAME, values, 3) == 0, "no common name");
	ok(dn_values(&pool, org.parts.subject, DN_ORGANIZATION, values, 3) == 1, "an organization");
	is_text((const char *)values[0].data, "Zoo Organisation Only", "its text");
	certificate_close(&strange);
	certificate_close(&org);
	certificate_close(&long_name);
	certificate_close(&empty);
	pool_free(&pool);
}

static const struct row {
	const char *file;
	size_t number;
	bool ca, servers, unknown;
	int length;
} rows[] = {
	{"root", 0, true, true, false, -1},
	{"host", 0, false, true, false, -1},
	{"noca", 1, false, true, false, -1},
	{"nobc", 1, false, true, false, -1},
	{"nosign", 1, false, true, false, -1},
	{"v1int", 1, false, true, false, -1},
	{"v1root", 0, true, true, false, -1},
	{"nobcroot", 0, false, true, false, -1},
	{"pathlenok", 1, true, true, false, 0},
	{"clientint", 1, true, false, false, -1},
	{"clienteku", 0, false, false, false, -1},
	{"bothekus", 0, false, true, false, -1},
	{"anyeku", 0, false, false, false, -1},
	{"noeku", 0, false, true, false, -1},
	{"caleaf", 0, true, true, false, -1},
	{"critext", 0, false, true, true, -1},
	{"critint", 1, true, true, true, -1},
	{"ncok", 1, true, true, false, -1},
};

static void questions(void)
{
	struct pool pool = {0};
	struct certificate certificate;

	for (const struct row *r = rows; r < rows + COUNT(rows); r++) {
		certificate = opened(&pool, r->file, r->number);
		ok(certificate_is_ca(&certificate) == r->ca, "an authority?");
		ok(certificate_for_servers(&certificate, false) == r->servers, "for servers?");
		ok(certificate_has_unknown(&certificate) == r->unknown, "anything unknown?");
		is_number(certificate_path_length(&certificate), r->length, "path length");
		certificate_close(&certificate);
	}
	certificate = opened(&pool, "badusage", 0);
	ok(certificate_for_servers(&certificate, false),
		"key usage of an authority is another matter");
	ok(!certificate_for_servers(&certificate, true), "key usage of a leaf must allow TLS");
	certificate_close(&certificate);
	certificate = opened(&pool, "rsa512", 0);
	ok(certificate_has_weak_key(&certificate), "RSA 512 is weak");
	certificate_close(&certificate);
	certificate = opened(&pool, "rsa1024", 0);
	ok(!certificate_has_weak_key(&certificate), "RSA 1024 is not");
	certificate_close(&certificate);
	pool_free(&pool);
}

static void relations(void)
{
	struct pool pool = {0};
	struct certificate leaf = opened(&pool, "host", 0), issuer = opened(&pool, "host", 1),
			   root = opened(&pool, "root", 0), other = opened(&pool, "akid", 0);

	ok(certificate_could_be_from(&leaf, &issuer), "the issuer");
	ok(!certificate_could_be_from(&leaf, &root), "another name");
	ok(!certificate_could_be_from(&other, &issuer), "the name, but another key identifier");
	ok(certificate_self_issued(&root) && !certificate_self_issued(&leaf), "self-issued");
	ok(certificate_valid(&leaf, ZOO_NOW), "valid now");
	ok(certificate_valid(&leaf, leaf.from) && !certificate_valid(&leaf, leaf.from - 1),
		"begins");
	ok(certificate_valid(&leaf, leaf.until - 1) && !certificate_valid(&leaf, leaf.until),
		"ends");
	certificate_close(&leaf);
	certificate_close(&issuer);
	certificate_close(&root);
	certificate_close(&other);
	ok(!certificate_open(&leaf, (struct tls_der){(const uint8_t *)"\x30\0", 2}),
		"no certificate");
	pool_free(&pool);
}

int main(void)
{
	zoo_start();
	names();
	unreadable_names();
	lines();
	questions();
	relations();
	return done();
}

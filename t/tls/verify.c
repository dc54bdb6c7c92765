#include <pthread.h>
#include <string.h>
#include <gnutls/crypto.h>
#include "t/lib/tap.h"
#include "t/tls/zoo.h"
#include "tls/trust.h"
#include "util/clock.h"
#include "util/text.h"

#define FAILED "certificate verification failed for SERVER: "

#define UNREADABLE "num=1:unspecified certificate verification error" /* by GnuTLS */
#define WEAK_LEAF                                                                                  \
	"SERVER: depth=0 verify=0 subject=/O=Zoo/CN=mx.a.test|SERVER: depth=0 verify="
#define BROKEN_LEAF "untrusted issuer /O=Zoo/CN=Zoo Broken Intermediate"

/* Chains at level secure: what is logged of each, as Postfix 3.7 does. */
static const struct row {
	const char *chain, *ca, *names, *line; /* "": the zoo's root; ZOO_HOST; it matches */
} table[] = {
	/* shapes */
	{"host", "", "", ""},
	{"sentroot", "", "", ""},
	{"extra", "", "", ""},
	{"twice", "", "", ""},
	{"deep", "", "", ""},
	{"deepshuffled", "", "", ""},
	{"deep20", "", "", FAILED "certificate chain longer than limit(10)"},
	{"noint", "", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo Intermediate"},
	{"host", "rogue", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo Root"},
	{"roguehost", "", "", FAILED "untrusted issuer /O=Rogue/CN=Rogue Root"},
	{"rogueroot", "", "", FAILED "untrusted issuer /O=Rogue/CN=Rogue Root"},
	{"pasted", "", "", FAILED "untrusted issuer /O=Rogue/CN=Rogue Root"},
	{"leafabove", "", "", FAILED "untrusted issuer /O=Rogue/CN=Rogue Root"},
	{"loop", "", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo Loop A"},
	{"decoys", "", "", ""},
	{"maze", "", "", "server " FAILED "num=7:certificate signature failure"},
	{"strangeissuer", "", "",
		FAILED "untrusted issuer "
		       "/C=XX/O=R\\xC3\\xBC\\/dig+1.2.3.4=x\\x0Ay/emailAddress=a@b"},
	/* CAfile: no partial chains */
	{"host", "int", "", "CA " FAILED "num=2:unable to get issuer certificate"},
	{"noint", "int", "", "CA " FAILED "num=2:unable to get issuer certificate"},
	{"selfsig", "", "", FAILED "self-signed certificate"},
	{"selfsig", "selfsig", "", ""},
	{"selfbare", "selfbare", "", ""},
	{"selfexpired", "", "", FAILED "self-signed certificate"},
	{"selfexpired", "selfexpired", "", "server " FAILED "certificate has expired"},
	{"selfclient", "selfclient", "", FAILED "not designated for use as a server certificate"},
	/* dates */
	{"expired", "", "", "server " FAILED "certificate has expired"},
	{"notyet", "", "", "server " FAILED "certificate not yet valid"},
	{"oldint", "", "", "CA " FAILED "certificate has expired"},
	{"oldfresh", "", "", ""},
	{"belowoldroot", "oldroot", "", "CA " FAILED "certificate has expired"},
	{"crossed", "", "", ""},
	{"crossed", "oldroot", "", "CA " FAILED "certificate has expired"},
	/* authorities */
	{"noca", "", "", "CA " FAILED "num=79:invalid CA certificate"},
	{"nobc", "", "", "CA " FAILED "num=79:invalid CA certificate"},
	{"nosign", "", "", "CA " FAILED "num=79:invalid CA certificate"},
	{"v1int", "", "", "CA " FAILED "num=79:invalid CA certificate"},
	{"pathlen", "", "", "CA " FAILED "num=25:path length constraint exceeded"},
	{"pathlenok", "", "", ""},
	{"selfissued", "", "", "CA " FAILED "num=25:path length constraint exceeded"},
	{"ncok", "", "", ""},
	{"ncbad", "", "", "server " FAILED "num=47:permitted subtree violation"},
	{"ncexcluded", "", "", "server " FAILED "num=48:excluded subtree violation"},
	{"nccommon", "", "", "server " FAILED "num=47:permitted subtree violation"},
	{"ncexcludedcase", "", "", "server " FAILED "num=48:excluded subtree violation"},
	{"ncdirectorybad", "", "", "server " FAILED "num=47:permitted subtree violation"},
	{"ncdisjoint", "", "", "server " FAILED "num=47:permitted subtree violation"},
	{"ncipbad", "", "", "server " FAILED "num=47:permitted subtree violation"},
	{"nchuge", "", "",
		"server " FAILED "num=52:unsupported or invalid name constraint syntax"},
	{"belowncroot", "ncroot", "", "server " FAILED "num=47:permitted subtree violation"},
	{"critint", "", "", "CA " FAILED "num=34:unhandled critical extension"},
	{"clientint", "", "", FAILED "not designated for use as a CA certificate"},
	{"belowv1root", "v1root", "", ""},
	{"belownobcroot", "nobcroot", "", "CA " FAILED "num=79:invalid CA certificate"},
	{"belowclientroot", "clientroot", "", FAILED "not designated for use as a CA certificate"},
	{"belowsha1root", "sha1root", "", ""},
	/* the leaf */
	{"clienteku", "", "", FAILED "not designated for use as a server certificate"},
	{"bothekus", "", "", ""},
	{"anyeku", "", "", FAILED "not designated for use as a server certificate"},
	{"noeku", "", "", ""},
	{"badusage", "", "", FAILED "not designated for use as a server certificate"},
	{"keyenc", "", "", ""},
	{"caleaf", "", "", ""},
	{"bareleaf", "", "", ""},
	{"critext", "", "", "server " FAILED "num=34:unhandled critical extension"},
	/* limits of names, and what limits a leaf */
	{"nciname", "limitsroot", "", "CA " FAILED "num=47:permitted subtree violation"},
	{"ncisan", "limitsroot", "", "CA " FAILED "num=47:permitted subtree violation"},
	{"ncimail", "limitsroot", "", "CA " FAILED "num=47:permitted subtree violation"},
	{"ncihost", "limitsroot", "", ""},
	{"nciok", "limitsroot", "", ""},
	{"nciself", "limitsroot", "", ""},
	{"nciselfleaf", "limitsroot", "", "server " FAILED "num=47:permitted subtree violation"},
	{"belownciroot", "nciroot", "", "CA " FAILED "num=47:permitted subtree violation"},
	{"ncuriok", "limitsroot", "", ""},
	{"ncuribad", "limitsroot", "", "server " FAILED "num=47:permitted subtree violation"},
	{"ncuriexcluded", "limitsroot", "", "server " FAILED "num=48:excluded subtree violation"},
	{"ncmailok", "limitsroot", "", ""},
	{"ncmailboth", "limitsroot", "", "server " FAILED "num=47:permitted subtree violation"},
	{"ncmailexcluded", "limitsroot", "", "server " FAILED "num=48:excluded subtree violation"},
	{"limitsnone", "limitsroot", "", ""},
	{"nsclient", "limitsroot", "", FAILED "not designated for use as a server certificate"},
	{"nsempty", "limitsroot", "", FAILED "not designated for use as a server certificate"},
	{"nsserver", "limitsroot", "", ""},
	{"nsclientint", "limitsroot", "", ""},
	{"emptyeku", "limitsroot", "", FAILED "not designated for use as a server certificate"},
	{"emptyekuint", "limitsroot", "", FAILED "not designated for use as a CA certificate"},
	{"proxy", "limitsroot", "",
		"server " FAILED "num=40:proxy certificates not allowed, please set the appropriate flag"},
	{"proxysan", "limitsroot", "",
		"server " FAILED "num=40:proxy certificates not allowed, please set the appropriate flag"},
	{"proxyint", "limitsroot", "",
		"CA " FAILED "num=40:proxy certificates not allowed, please set the appropriate flag"},
	{"addresses", "limitsroot", "",
		"CA " FAILED "num=46:RFC 3779 resource not subset of parent's resources"},
	{"systems", "limitsroot", "",
		"CA " FAILED "num=46:RFC 3779 resource not subset of parent's resources"},
	{"addressesint", "limitsroot", "", ""},
	/* keys and signatures */
	{"rsa", "rsaroot", "", ""},
	{"rsa1024", "rsaroot", "", ""},
	{"rsa512", "rsaroot", "", "server " FAILED "num=66:EE certificate key too weak"},
	{"p384", "", "", ""},
	{"ed25519", "", "", ""},
	{"sha1", "rsaroot", "", "server " FAILED "num=68:CA signature digest algorithm too weak"},
	{"md5", "rsaroot", "", "server " FAILED "num=68:CA signature digest algorithm too weak"},
	{"rsa1024int", "rsaroot", "", ""},
	{"rsa512int", "rsaroot", "", "CA " FAILED "num=67:CA certificate key too weak"},
	{"sha1int", "rsaroot", "", "CA " FAILED "num=68:CA signature digest algorithm too weak"},
	{"badsig", "", "", "server " FAILED "num=7:certificate signature failure"},
	{"badsigint", "", "", "CA " FAILED "num=7:certificate signature failure"},
	{"akid", "", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo Intermediate"},
	/* what cannot be read is neither taken for absent nor for something else */
	{"brokennone", "brokenroot", "", ""},
	{"brokenbasic", "brokenroot", "", FAILED BROKEN_LEAF},
	{"brokenbasicint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokenbasic"},
	{"brokenlength", "brokenroot", "", FAILED BROKEN_LEAF},
	{"brokenlengthint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokenlength"},
	{"brokenusage", "brokenroot", "", FAILED BROKEN_LEAF},
	{"brokenusageint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokenusage"},
	{"brokennousage", "brokenroot", "", FAILED BROKEN_LEAF},
	{"brokennousageint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokennousage"},
	{"brokenpurpose", "brokenroot", "", FAILED BROKEN_LEAF},
	{"brokenpurposeint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokenpurpose"},
	{"brokenskid", "brokenroot", "", FAILED BROKEN_LEAF},
	{"brokenskidint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokenskid"},
	{"brokenakid", "brokenroot", "", FAILED BROKEN_LEAF},
	{"brokenakidint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokenakid"},
	{"brokenakidname", "brokenroot", "", FAILED BROKEN_LEAF},
	{"brokenakidnameint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokenakidname"},
	{"brokenpoints", "brokenroot", "", FAILED BROKEN_LEAF},
	{"brokenpointsint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokenpoints"},
	{"brokenpointname", "brokenroot", "", FAILED BROKEN_LEAF},
	{"brokenpointnameint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokenpointname"},
	{"brokenlimits", "brokenroot", "", FAILED BROKEN_LEAF},
	{"brokenlimitsint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokenlimits"},
	{"brokensan", "brokenroot", "",
		"server " FAILED "num=1:unspecified certificate verification error"}, /* GnuTLS */
	{"brokensanint", "brokenroot", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo brokensan"},
	{"brokenself", "brokenself", "", FAILED "untrusted issuer /O=Zoo/CN=mx.a.test"},
	{"akidfull", "brokenroot", "", ""},
	{"akidserial", "brokenroot", "", FAILED BROKEN_LEAF},
	{"akidissuer", "brokenroot", "", FAILED BROKEN_LEAF},
	{"beginsnow", "brokenroot", "", ""},
	{"endsnow", "brokenroot", "", "server " FAILED "certificate has expired"},
	{"noseconds", "brokenroot", "",
		"server " FAILED "certificate has expired"},
	{"nosecondsbegin", "brokenroot", "",
		"server " FAILED "certificate not yet valid"},
	{"nosecondsint", "brokenroot", "",
		"CA " FAILED "certificate has expired"},
	{"rsa768", "brokenroot", "", "server " FAILED "num=66:EE certificate key too weak"},
	{"rsa768", "rogue", "", "server " FAILED "num=66:EE certificate key too weak"},
	{"nosuchday", "oddroot", "", "server " FAILED "certificate has expired"},
	{"nosuchdaybegin", "oddroot", "", "server " FAILED "certificate not yet valid"},
	{"nosuchdayint", "oddroot", "", "CA " FAILED "certificate has expired"},
	{"noleapday", "oddroot", "", "server " FAILED "certificate has expired"},
	{"nosuchsecond", "oddroot", "", "server " FAILED "certificate has expired"},
	{"rsa1016", "oddroot", "", "server " FAILED "num=66:EE certificate key too weak"},
	{"sanx400", "oddroot", "", "server " FAILED UNREADABLE},
	{"sanparty", "oddroot", "", "server " FAILED UNREADABLE},
	{"sanblank", "oddroot", "", "server " FAILED UNREADABLE},
	{"sanbehind", "oddroot", "", "server " FAILED UNREADABLE},
	{"oddtwice", "oddroot", "", "server " FAILED UNREADABLE},
	{"v1extensions", "oddroot", "", "server " FAILED UNREADABLE},
	/* names */
	{"host", "", "other.example", "server " FAILED "num=62:hostname mismatch"},
	{"host", "", "other.example " ZOO_HOST, ""},
	{"host", "", ".a.test", ""},
	{"host", "", "a.test", "server " FAILED "num=62:hostname mismatch"},
	{"wild", "", "", ""},
	{"wild", "", "a.test", ""},
	{"other", "", "", "server " FAILED "num=62:hostname mismatch"},
	{"cnonly", "", "", ""},
	{"cnsan", "", "", "server " FAILED "num=62:hostname mismatch"},
	{"cnip", "", "", ""},
	{"cnip", "", "127.0.0.1", ""},
	{"cnip", "", "127.0.0.2", "server " FAILED "num=64:IP address mismatch"},
	{"cnemail", "", "", ""},
	{"nocn", "", "", ""},
	{"noname", "", "", "server " FAILED "num=62:hostname mismatch"},
	{"ip", "", "2001:db8::1", ""},
	{"ip", "", "127.0.0.1 .127.0.0.1", "server " FAILED "num=62:hostname mismatch"},
	{"many", "", "", ""},
	{"nul", "", "", "server " FAILED "num=62:hostname mismatch"},
	{"nulcn", "", "", "server " FAILED "num=62:hostname mismatch"},
	{"sanempty", "", "", ""},
	{"sanlong", "", "", "server " FAILED "num=62:hostname mismatch"},
	{"cn-nul", "", "", "server " FAILED "num=62:hostname mismatch"},
	{"cn-two", "", "", ""},
	{"cn-two", "", "second.a.test", ""},
	{"cn-bmp", "", "", ""},
	{"cn-t61", "", "", "server " FAILED "num=62:hostname mismatch"},
	/* of two problems the one nearer to the leaf is told, or what OpenSSL finds first */
	{"expired", "", "other.example", "server " FAILED "num=62:hostname mismatch"},
	{"oldint", "", "other.example", "server " FAILED "num=62:hostname mismatch"},
	{"rogueroot", "", "other.example", "server " FAILED "num=62:hostname mismatch"},
	{"noca", "", "other.example", "server " FAILED "num=62:hostname mismatch"},
	{"ncbad", "", "other.example", "server " FAILED "num=62:hostname mismatch"},
	{"host", "rogue", "other.example", "server " FAILED "num=62:hostname mismatch"},
	{"noint", "", "other.example", FAILED "untrusted issuer /O=Zoo/CN=Zoo Intermediate"},
	{"roguehost", "", "other.example", FAILED "untrusted issuer /O=Rogue/CN=Rogue Root"},
	{"selfsig", "", "other.example", FAILED "self-signed certificate"},
	{"clienteku", "", "other.example", FAILED "not designated for use as a server certificate"},
	{"critext", "", "other.example", "server " FAILED "num=34:unhandled critical extension"},
	{"expired", "rogue", "", "server " FAILED "certificate has expired"},
	{"clienteku", "rogue", "", FAILED "not designated for use as a server certificate"},
	{"ncbad", "rogue", "", "server " FAILED "num=47:permitted subtree violation"},
	{"badsig", "rogue", "", "server " FAILED "num=7:certificate signature failure"},
	{"oldint", "rogue", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo Root"},
	{"sha1", "rsaroot", "other.example",
		"server " FAILED "num=68:CA signature digest algorithm too weak"},
};

static void chains(void)
{
	for (const struct row *r = table; r < table + COUNT(table); r++) {
		struct pool pool = {0};
		struct tls_options options = zoo_options(&pool);
		struct tls_expect expect = {.level = TLS_LEVEL_SECURE};
		struct tls_trust *trust;
		struct zoo_result result;
		const char *what = pool_format(&pool, "%s, %s, CAfile %s", r->chain,
			r->names[0] ? r->names : ZOO_HOST, r->ca[0] ? r->ca : "root");

		if (r->ca[0])
			options.ca_file = zoo_file(&pool, r->ca);
		zoo_names(&pool, &expect, r->names[0] ? r->names : ZOO_HOST, "match");
		trust = tls_trust_load(&options);
		result = zoo_verify(&pool, trust, &options, &expect, r->chain);
		is_text(result.lines, r->line, what);
		ok(result.verdict.matched == (r->line[0] == '\0'), what);
		ok(result.verdict.trusted == result.verdict.matched, what);
		ok((result.verdict.reason[0] == '\0') == result.verdict.matched, what);
		tls_trust_free(trust);
		pool_free(&pool);
	}
}

/* --- levels below --- */

static void opportunistic(void)
{
	struct zoo_ask ask;
	struct zoo_result result;

	zoo_ask(&ask, TLS_LEVEL_MAY, "");
	result = zoo_answer(&ask, "other");
	ok(result.verdict.matched && result.verdict.trusted, "trusted, whatever the name");
	is_text(result.lines, "", "no line");
	result = zoo_answer(&ask, "roguehost");
	ok(result.verdict.matched && !result.verdict.trusted, "untrusted will do, too");
	is_text(result.lines, "", "silently");
	is_text(result.verdict.reason, "", "no reason");
	result = zoo_answer(&ask, "sha1int");
	ok(!result.verdict.trusted, "another root");
	ask.options.ca_file = zoo_file(&ask.pool, "rsaroot");
	ok(zoo_answer(&ask, "sha1int").verdict.trusted, "SHA-1 is good enough here");
	ok(zoo_answer(&ask, "md5").verdict.trusted, "and MD5");
	ok(zoo_answer(&ask, "rsa512").verdict.trusted, "and a short key");
	ask.options.ca_file = zoo_file(&ask.pool, "root");
	ask.options.log = TLS_LOG_UNTRUSTED;
	is_text(zoo_answer(&ask, "roguehost").lines,
		FAILED "untrusted issuer /O=Rogue/CN=Rogue Root", "a line if asked for");
	ask.options.log = 0;
	result = zoo_answer(&ask, "host");
	ok(result.verdict.matched && !result.verdict.trusted, "nobody is told, nobody looks");
	ask.expect.level = TLS_LEVEL_ENCRYPT;
	ask.options.log = TLS_LOG_SUMMARY;
	ok(zoo_answer(&ask, "expired").verdict.matched, "encrypt does not look at dates");
	ask.expect.level = TLS_LEVEL_INVALID;
	ok(!zoo_answer(&ask, "host").verdict.matched, "an invalid level matches nothing");
	zoo_done(&ask);
}

static void resumed(void)
{
	struct zoo_ask ask;
	struct tls_trust *trust;
	struct tls_peer peer;
	struct zoo_result result;

	zoo_ask(&ask, TLS_LEVEL_MAY, "mx.a.test")->options.log = TLS_LOG_UNTRUSTED;
	trust = tls_trust_load(&ask.options);
	peer = zoo_peer(&ask.pool, "roguehost");
	result = zoo_verify_peer(&ask.pool, trust, &ask.options, &ask.expect, &peer, true);
	is_text(result.lines,
		"SERVER: re-using session with untrusted certificate, look for details "
		"earlier in the log",
		"resumed and untrusted");
	ask.options.version = TLS_POSTFIX(3, 9);
	result = zoo_verify_peer(&ask.pool, trust, &ask.options, &ask.expect, &peer, true);
	is_text(result.lines,
		"SERVER: re-using session with untrusted peer credential, look for details "
		"earlier in the log",
		"the same in 3.9");
	ask.expect.level = TLS_LEVEL_SECURE;
	result = zoo_verify_peer(&ask.pool, trust, &ask.options, &ask.expect, &peer, true);
	is_text(result.lines, FAILED "untrusted issuer /O=Rogue/CN=Rogue Root",
		"judged anew at secure");
	tls_trust_free(trust);
	zoo_done(&ask);
}

static void no_certificate(void)
{
	static const struct tls_peer none = {.kind = TLS_PEER_NONE};
	static const enum tls_level levels[] = {TLS_LEVEL_FINGERPRINT, TLS_LEVEL_DANE_ONLY,
		TLS_LEVEL_VERIFY, TLS_LEVEL_SECURE};
	static const char *const prints[] = {"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"
					     "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"};
	static const uint8_t digest[32];
	static const struct tls_tlsa records[] = {{3, 1, 1, digest, sizeof digest}};
	struct zoo_ask ask;
	struct zoo_result result;

	for (size_t i = 0; i < COUNT(levels); i++) {
		struct tls_trust *trust;

		zoo_ask(&ask, levels[i], "mx.a.test");
		ask.expect.fingerprints = prints;
		ask.expect.fingerprint_count = 1;
		ask.expect.tlsa = records;
		ask.expect.tlsa_count = 1;
		trust = tls_trust_load(&ask.options);
		result = zoo_verify_peer(&ask.pool, trust, &ask.options, &ask.expect, &none, false);
		okf(!result.verdict.matched && !result.verdict.trusted && !result.verdict.present,
			"anonymous at %s", tls_level_name(levels[i]));
		is_text(result.verdict.reason, "the server has shown no certificate", "why");
		tls_trust_free(trust);
		zoo_done(&ask);
	}
	zoo_ask(&ask, TLS_LEVEL_MAY, "")->options.log = ~0u;
	{
		struct tls_trust *trust = tls_trust_load(&ask.options);

		result = zoo_verify_peer(&ask.pool, trust, &ask.options, &ask.expect, &none, false);
		ok(result.verdict.matched && !result.verdict.present, "anonymous at may");
		is_text(result.lines, "", "no word about it");
		tls_trust_free(trust);
	}
	zoo_done(&ask);
}

/* --- fingerprints --- */

static const char *without_colons(struct pool *pool, const char *text)
{
	struct buf out = BUF(0);
	const char *copy;

	for (; *text; text++)
		if (*text != ':')
			buf_addc(&out, *text);
	copy = pool_text(pool, buf_text(&out));
	buf_close(&out);
	return copy;
}

static void fingerprints(void)
{
	struct zoo_ask ask;
	struct pool *pool = &ask.pool;
	const char *list[2], *leaf, *key;
	struct zoo_result result;

	zoo_ask(&ask, TLS_LEVEL_FINGERPRINT, "")->options.log = TLS_LOG_CERTMATCH | TLS_LOG_DANE;
	leaf = zoo_print(pool, "expired", GNUTLS_DIG_SHA256);
	key = zoo_print(pool, "leaf.pub", GNUTLS_DIG_SHA256);
	ask.expect.fingerprints = list;
	ask.expect.fingerprint_count = 1;
	list[0] = leaf;
	result = zoo_answer(&ask, "expired");
	ok(result.verdict.matched && result.verdict.trusted,
		"of a certificate, dates do not matter");
	is_text(result.verdict.rule, "fingerprint", "its rule");
	is_text(result.warnings,
		pool_format(pool,
			"fingerprint: digest as private-use TLSA record: "
			"3 0 255 %s",
			without_colons(pool, leaf)),
		"loglevel dane");
	ask.options.version = TLS_POSTFIX(3, 9);
	is_text(zoo_answer(&ask, "expired").warnings, pool_format(pool,
		"fingerprint: digest as private-use TLSA record: 3 0 255 %s|"
		"fingerprint: digest as private-use TLSA record: 3 1 255 %s",
		without_colons(pool, leaf), without_colons(pool, leaf)), "and since 3.9");
	ask.options.version = TLS_POSTFIX(3, 7);
	ok(strncmp(result.lines, "SERVER: Matched fingerprint: ", 29) == 0
			&& strncmp(result.lines + 29, without_colons(pool, leaf), 64) == 0,
		"certmatch");
	list[0] = without_colons(pool, key);
	ok(zoo_answer(&ask, "roguehost").verdict.matched, "of a key, without colons");
	list[0] = text_lower(pool_text(pool, key));
	ok(zoo_answer(&ask, "roguehost").verdict.matched, "in small letters");
	ask.options.log = TLS_LOG_SUMMARY;
	list[0] = leaf;
	result = zoo_answer(&ask, "host");
	ok(!result.verdict.matched && !result.verdict.trusted, "another certificate");
	is_text(result.lines, "server " FAILED "num=65:no matching DANE TLSA records", "its line");
	is_text(result.verdict.reason,
		pool_format(pool,
			"no fingerprint matches; the server's are %s "
			"(certificate) and %s (public key)",
			zoo_print(pool, "host", GNUTLS_DIG_SHA256), key),
		"why");
	list[1] = zoo_print(pool, "host", GNUTLS_DIG_SHA256);
	ask.expect.fingerprint_count = 2;
	ok(zoo_answer(&ask, "host").verdict.matched, "one of two");
	ask.options.fingerprint_digest = "sha1";
	list[1] = zoo_print(pool, "host", GNUTLS_DIG_SHA1);
	ok(zoo_answer(&ask, "host").verdict.matched, "another digest");
	zoo_done(&ask);
}

/* RSA with 768 bits: nothing that vouches for the leaf makes up for its key. */
static void weak_keys(void)
{
	static const struct {
		enum tls_level level;
		bool matched;
		const char *verbose; /* as seen with 3.7: weak, but the one that was asked for */
	} rows[] = {{TLS_LEVEL_FINGERPRINT, false, WEAK_LEAF "1"}, {TLS_LEVEL_DANE, false, WEAK_LEAF "1"},
		{TLS_LEVEL_DANE_ONLY, false, WEAK_LEAF "1"}, {TLS_LEVEL_SECURE, false, WEAK_LEAF "1"},
		{TLS_LEVEL_ENCRYPT, true, "SERVER: depth=1 verify=0 "}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zoo_ask ask;
		struct zoo_result result;
		struct tls_der leaf;
		struct tls_tlsa record = {.usage = 3};
		const char *file, *print;

		zoo_ask(&ask, rows[i].level, "mx.a.test");
		file = zoo_file(&ask.pool, "rsa768");
		print = zoo_print(&ask.pool, "rsa768", GNUTLS_DIG_SHA256);
		leaf = zoo_der(&ask.pool, "rsa768", 0);
		record.data = leaf.data;
		record.length = leaf.length;
		ask.expect.fingerprints = &print;
		ask.expect.fingerprint_count = rows[i].level == TLS_LEVEL_FINGERPRINT;
		ask.expect.tlsa = &record;
		ask.expect.tlsa_count = rows[i].level == TLS_LEVEL_DANE || rows[i].level == TLS_LEVEL_DANE_ONLY;
		ask.expect.anchor_files = &file;
		ask.expect.anchor_file_count = rows[i].level == TLS_LEVEL_SECURE;
		result = zoo_answer(&ask, "rsa768");
		okf(result.verdict.matched == rows[i].matched, "a weak key at level %s",
			tls_level_name(rows[i].level));
		ok(!result.verdict.trusted && result.verdict.rule[0] == '\0', "is not to be trusted");
		is_text(result.lines, rows[i].matched ? "" : "server " FAILED "num=66:EE certificate key too weak",
			"its line");
		is_text(result.verdict.reason, rows[i].matched ? ""
			: "certificate has a key of 768 bits, which is too short", "for people");
		ask.options.log = TLS_LOG_VERBOSE;
		ok(text_starts(zoo_answer(&ask, "rsa768").lines, rows[i].verbose), "in every detail");
		zoo_done(&ask);
	}
}

/* A fingerprint vouches for a certificate whatever its extensions are. */
static void broken_extensions(void)
{
	struct zoo_ask ask;
	const char *print;

	zoo_ask(&ask, TLS_LEVEL_FINGERPRINT, "");
	print = zoo_print(&ask.pool, "brokenpoints", GNUTLS_DIG_SHA256);
	ask.expect.fingerprints = &print;
	ask.expect.fingerprint_count = 1;
	ok(zoo_answer(&ask, "brokenpoints").verdict.matched, "a fingerprint of something broken");
	zoo_done(&ask);
}

static void bad_fingerprints(void)
{
	struct zoo_ask ask;
	static const char *const list[] = {"04:D1", "zz", "", ":", "1", "12:", "12::34", "12:3"};
	struct zoo_result result;

	zoo_ask(&ask, TLS_LEVEL_FINGERPRINT, "");
	ask.expect.fingerprints = list;
	ask.expect.fingerprint_count = COUNT(list);
	result = zoo_answer(&ask, "host");
	ok(!result.verdict.matched, "none is usable");
	is_text(result.warnings,
		"warning: SERVER: unusable TLSA RR: 3 1 255 04D1|"
		"warning: SERVER: unusable TLSA RR: 3 0 255 04D1|"
		"warning: malformed fingerprint value: zz|warning: malformed fingerprint value: |"
		"warning: malformed fingerprint value: :|warning: malformed fingerprint value: 1|"
		"warning: malformed fingerprint value: 12:|warning: malformed fingerprint value: "
		"12::34|"
		"warning: malformed fingerprint value: 12:3|"
		"warning: SERVER: all fingerprints unusable",
		"each is told");
	is_text(result.lines, "server " FAILED "num=1:unspecified certificate verification error",
		"the line");
	is_text(result.verdict.fault_text, "all-fingerprints-unusable", "for the report");
	is_text(result.verdict.reason, "all fingerprints unusable: 04:D1, zz, , :, 1, 12:, and 2 more", "for people");
	zoo_done(&ask);
}

/* --- tafiles --- */

static void tafiles(void)
{
	static const struct {
		const char *chain, *file, *names;
		int depth; /* of the anchor that matches; -1: want is what is logged */
		const char *want;
	} rows[] = {
		{"host", "root", "mx.a.test", 2, ""},
		{"host", "int", "mx.a.test", 1, ""},
		{"host", "host", "mx.a.test", 0, ""},
		{"host", "leaf.pub", "mx.a.test", 0, ""},
		{"host", "int.pub", "mx.a.test", 1, ""},
		{"host", "root.pub", "mx.a.test", 1, ""},
		{"noint", "int.pub", "mx.a.test", 0, ""},
		{"noint", "int", "mx.a.test", 1, ""},
		{"sentroot", "root.pub", "mx.a.test", 2, ""},
		{"selfsig", "selfsig", "mx.a.test", 0, ""},
		{"expired", "expired", "mx.a.test", 0, ""},
		{"clienteku", "clienteku", "mx.a.test", 0, ""},
		{"sha1", "sha1", "mx.a.test", 0, ""},
		{"belowoldroot", "oldroot", "mx.a.test", -1,
			"CA " FAILED "certificate has expired"},
		{"oldint", "old", "mx.a.test", 1, ""},
		{"host", "int", "other.example", -1, "server " FAILED "num=62:hostname mismatch"},
		{"host", "host", "other.example", -1, "server " FAILED "num=62:hostname mismatch"},
		{"host", "rogue", "mx.a.test", -1,
			"CA " FAILED "num=65:no matching DANE TLSA records"},
		{"host", "rogue.pub", "mx.a.test", -1,
			"CA " FAILED "num=65:no matching DANE TLSA records"},
		{"host", "rogue", "other.example", -1, "server " FAILED "num=62:hostname mismatch"},
		{"roguehost", "root", "mx.a.test", -1,
			"server " FAILED "num=65:no matching DANE TLSA records"},
		{"rogueroot", "root", "mx.a.test", -1,
			"CA " FAILED "num=65:no matching DANE TLSA records"},
		{"selfsig", "root", "mx.a.test", -1,
			"server " FAILED "num=65:no matching DANE TLSA records"},
		{"pasted", "root", "mx.a.test", -1,
			"CA " FAILED "num=65:no matching DANE TLSA records"},
		{"expired", "int", "mx.a.test", -1, "server " FAILED "certificate has expired"},
		{"clientint", "clientint", "mx.a.test", 0, ""}, /* both are in the file */
		{"deep20", "root", "mx.a.test", -1,
			FAILED "certificate chain longer than limit(10)"},
		{"badsig", "int.pub", "mx.a.test", 1, NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zoo_ask ask;
		const char *file;
		struct zoo_result result;

		if (rows[i].want == NULL)
			continue;
		zoo_ask(&ask, TLS_LEVEL_SECURE, rows[i].names)->options.log = TLS_LOG_CERTMATCH;
		file = zoo_file(&ask.pool, rows[i].file);
		ask.expect.anchor_files = &file;
		ask.expect.anchor_file_count = 1;
		result = zoo_answer(&ask, rows[i].chain);
		ok(result.verdict.matched == (rows[i].depth >= 0), rows[i].chain);
		if (rows[i].depth >= 0)
			ok(strstr(result.lines,
				   pool_format(&ask.pool,
					   "SERVER: Matched trust anchor at depth %d|",
					   rows[i].depth))
					!= NULL,
				rows[i].file);
		else
			ok(strncmp(result.lines, rows[i].want, strlen(rows[i].want)) == 0,
				rows[i].want);
		zoo_done(&ask);
	}
}

static void bad_tafiles(void)
{
	struct zoo_ask ask;
	const char *file;
	struct zoo_result result;

	zoo_ask(&ask, TLS_LEVEL_SECURE, "mx.a.test");
	file = zoo_file(&ask.pool, "leaf.key");
	ask.expect.anchor_files = &file;
	ask.expect.anchor_file_count = 1;
	result = zoo_answer(&ask, "host");
	ok(!result.verdict.matched, "a file without anchors is not CAfile");
	is_text(result.lines, "server " FAILED "num=1:unspecified certificate verification error",
		"the line");
	is_text(result.verdict.fault_text, "all-trust-anchors-unusable", "for the report");
	file = zoo_file(&ask.pool, "rogue");
	result = zoo_answer(&ask, "host");
	is_text(result.verdict.reason,
		pool_format(&ask.pool,
			"no trust anchor in %s leads to the "
			"certificate; its chain ends at issuer /O=Zoo/CN=Zoo Root",
			file),
		"for people");
	zoo_done(&ask);
}

/* --- the rest --- */

static void policy_failure(void)
{
	struct zoo_ask ask;
	struct zoo_result result;

	zoo_ask(&ask, TLS_LEVEL_SECURE, "mx.a.test")->options.version = TLS_POSTFIX(3, 10);
	ask.expect.policy_failure = "sts-webpki-invalid";
	result = zoo_answer(&ask, "host");
	ok(!result.verdict.matched, "a policy that failed matches nothing");
	is_text(result.lines, FAILED "external policy failure (sts-webpki-invalid)", "the line");
	is_text(result.verdict.reason, "external policy failure (sts-webpki-invalid)", "why");
	is_number(result.verdict.fault, TLS_FAULT_POLICY, "fault");
	is_text(result.verdict.fault_text, "sts-webpki-invalid", "its text");
	ok(!result.verdict.trusted, "and is not to be trusted");
	zoo_done(&ask);
	zoo_ask(&ask, TLS_LEVEL_ENCRYPT, "mx.a.test")->options.version = TLS_POSTFIX(3, 10);
	ask.expect.policy_failure = "sts-webpki-invalid";
	result = zoo_answer(&ask, "host");
	ok(result.verdict.matched && !result.verdict.trusted, "where nothing must match, it shows in the word");
	zoo_done(&ask);
}

/* The name alone makes nobody untrusted from 3.10 on; an address does. */
static void wrong_name_or_address(void)
{
	static const struct {
		const char *certificate, *name;
		int minor;
		bool trusted;
	} rows[] = {{"host", "other.example", 7, false}, {"host", "other.example", 10, true},
		{"cnip", "127.0.0.2", 10, false}, {"cnip", "127.0.0.2", 11, false},
		{"host", "other.example", 5, true}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zoo_ask ask;
		struct zoo_result result;

		zoo_ask(&ask, TLS_LEVEL_SECURE, rows[i].name)->options.version =
			TLS_POSTFIX(3, rows[i].minor);
		result = zoo_answer(&ask, rows[i].certificate);
		okf(!result.verdict.matched && result.verdict.trusted == rows[i].trusted,
			"3.%d: %s is not for %s", rows[i].minor, rows[i].certificate, rows[i].name);
		zoo_done(&ask);
	}
}

static void bad_match_names(void)
{
	struct zoo_ask ask;
	struct zoo_result result;

	zoo_ask(&ask, TLS_LEVEL_SECURE, ". mx.a.test");
	result = zoo_answer(&ask, "host");
	ok(result.verdict.matched, "a name that means nothing is left out");
	is_text(result.warnings, "warning: SERVER: ignoring invalid match name: \".\"", "and told");
	zoo_done(&ask);
	zoo_ask(&ask, TLS_LEVEL_SECURE, ".");
	result = zoo_answer(&ask, "host");
	ok(!result.verdict.matched, "nothing left");
	is_text(result.warnings,
		"warning: SERVER: ignoring invalid match name: \".\"|"
		"warning: SERVER: could not configure peer name checks",
		"both told");
	is_text(result.lines, "server " FAILED "num=1:unspecified certificate verification error",
		"the line");
	zoo_done(&ask);
	zoo_ask(&ask, TLS_LEVEL_SECURE, "127.0.0.1 10.0.0.1");
	result = zoo_answer(&ask, "ip");
	ok(result.verdict.matched, "there can be only one address");
	is_text(result.warnings, "warning: SERVER: error loading match name: \"10.0.0.1\"", "told");
	zoo_done(&ask);
}

/* Dates are looked at again each time, also when the signatures are remembered. */
static void remembered(void)
{
	struct zoo_ask ask;
	struct tls_trust *trust;

	zoo_ask(&ask, TLS_LEVEL_SECURE, "mx.a.test");
	trust = tls_trust_load(&ask.options);
	ok(zoo_verify(&ask.pool, trust, &ask.options, &ask.expect, "host").verdict.matched,
		"first");
	is_number((long long)cache_count(trust_statuses(trust)), 1, "one path is remembered");
	ok(zoo_verify(&ask.pool, trust, &ask.options, &ask.expect, "host").verdict.matched,
		"again");
	is_number((long long)cache_count(trust_statuses(trust)), 1, "it is the same");
	ask.expect.level = TLS_LEVEL_MAY;
	ok(zoo_verify(&ask.pool, trust, &ask.options, &ask.expect, "host").verdict.trusted,
		"weaker");
	is_number((long long)cache_count(trust_statuses(trust)), 2,
		"what is allowed is in the key");
	ask.expect.level = TLS_LEVEL_SECURE;
	ok(!zoo_verify(&ask.pool, trust, &ask.options, &ask.expect, "badsig").verdict.matched,
		"bad");
	ok(!zoo_verify(&ask.pool, trust, &ask.options, &ask.expect, "badsig").verdict.matched,
		"still bad");
	is_number((long long)cache_count(trust_statuses(trust)), 3, "a bad one is remembered, too");
	clock_advance((int64_t)30 * 365 * 86400 * 1000);
	is_text(zoo_verify(&ask.pool, trust, &ask.options, &ask.expect, "host").lines,
		"server " FAILED "certificate has expired", "after thirty years");
	clock_freeze(1000, (struct timeval){ZOO_NOW, 0});
	tls_trust_free(trust);
	zoo_done(&ask);
}

/* Many sessions at once share a trust. */
struct worker {
	struct tls_trust *trust;
	const struct tls_options *options;
	bool right;
};

static void *work(void *context)
{
	struct worker *worker = context;
	struct pool pool = {0};
	struct tls_expect expect = {.level = TLS_LEVEL_SECURE};

	worker->right = true;
	zoo_names(&pool, &expect, "mx.a.test", "match");
	for (int i = 0; i < 20; i++) {
		const char *chain = i % 3 == 0 ? "host" : i % 3 == 1 ? "deepshuffled" : "expired";

		worker->right = worker->right
			&& zoo_verify(&pool, worker->trust, worker->options, &expect, chain)
					.verdict.matched
				== (i % 3 != 2);
	}
	pool_free(&pool);
	return NULL;
}

static void threads(void)
{
	struct zoo_ask ask;
	struct worker workers[6];
	pthread_t running[6];
	struct tls_trust *trust;

	zoo_ask(&ask, TLS_LEVEL_SECURE, "");
	trust = tls_trust_load(&ask.options);
	for (size_t i = 0; i < COUNT(workers); i++) {
		workers[i] = (struct worker){trust, &ask.options, false};
		pthread_create(&running[i], NULL, work, &workers[i]);
	}
	for (size_t i = 0; i < COUNT(workers); i++) {
		pthread_join(running[i], NULL);
		ok(workers[i].right, "one of several threads");
	}
	tls_trust_free(trust);
	zoo_done(&ask);
}

int main(void)
{
	zoo_start();
	chains();
	opportunistic();
	resumed();
	no_certificate();
	fingerprints();
	weak_keys();
	broken_extensions();
	bad_fingerprints();
	tafiles();
	bad_tafiles();
	policy_failure();
	wrong_name_or_address();
	bad_match_names();
	remembered();
	threads();
	return done();
}

#include <string.h>
#include "t/lib/tap.h"
#include "t/tls/zoo.h"
#include "util/buf.h"
#include "util/clock.h"

#define FAILED "certificate verification failed for SERVER: "

/* Chains at level secure: what is logged of each, as Postfix 3.7 does. */
static const struct row {
	const char *chain, *ca, *names, *line; /* "": the zoo's root; ZOO_HOST; it matches */
} rows[] = {
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
	{"maze", "", "", FAILED "certificate chain longer than limit(10)"},
	{"strangeissuer", "", "",
		FAILED "untrusted issuer " "/C=XX/O=R\\xC3\\xBC\\/dig+1.2.3.4=x\\x0Ay/emailAddress=a@b"},
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
	/* keys and signatures */
	{"rsa", "rsaroot", "", ""},
	{"rsa1024", "rsaroot", "", ""},
	{"rsa512", "rsaroot", "", "server " FAILED "num=66:EE certificate key too weak"},
	{"p384", "", "", ""},
	{"ed25519", "", "", ""},
	{"sha1", "rsaroot", "", "server " FAILED "num=68:CA signature digest algorithm too weak"},
	{"md5", "rsaroot", "", "server " FAILED "num=68:CA signature digest algorithm too weak"},
	{"sha1int", "rsaroot", "", "CA " FAILED "num=68:CA signature digest algorithm too weak"},
	{"badsig", "", "", "server " FAILED "num=7:certificate signature failure"},
	{"badsigint", "", "", "CA " FAILED "num=7:certificate signature failure"},
	{"akid", "", "", FAILED "untrusted issuer /O=Zoo/CN=Zoo Intermediate"},
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
	{"sha1", "rsaroot", "other.example",
		"server " FAILED "num=68:CA signature digest algorithm too weak"},
};

static void chains(void)
{
	for (const struct row *r = rows; r < rows + COUNT(rows); r++) {
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

int main(void)
{
	zoo_start();
	chains();
	return done();
}

#include "dns/bogus.h"

#include "t/lib/tap.h"

#define CHAIN " while building chain of trust"
#define PARAMETER                                                                                  \
	" may be unsigned; if only your own resolver knows it, see safemx_dnssec_exceptions"

/* What libunbound 1.17.1 said of the names of t/dnslab, and of others. */
static const struct bogus_case {
	const char *why, *reason;
	enum bogus_cause cause;
} cases[] = {
	{"validation failure <bogusmx.test. MX IN>: ECDSA signature verification failed from "
	 "127.53.9.53",
		"signature verification failed", BOGUS_OTHER},
	{"validation failure <bad.alias.test. MX IN>: ECDSA signature verification failed for "
	 "CNAME "
	 "from 127.53.9.53 and 127.53.9.53",
		"signature verification failed", BOGUS_OTHER},
	{"validation failure <expired.test. MX IN>: signature expired from 127.53.9.53 for key "
	 "expired.test." CHAIN,
		"signature expired, zone expired.test", BOGUS_OTHER},
	{"validation failure <mx.expired.test. A IN>: key for validation expired.test. is marked "
	 "as "
	 "invalid because of a previous validation failure <expired.test. MX IN>: "
	 "signature expired from 127.53.9.53 for key expired.test." CHAIN,
		"signature expired, zone expired.test", BOGUS_OTHER},
	{"validation failure <stripped.test. MX IN>: No DNSKEY record from 127.53.9.53 for key "
	 "stripped.test." CHAIN,
		"No DNSKEY record, zone stripped.test", BOGUS_OTHER},
	{"validation failure <nosigmx.test. MX IN>: no signatures from 127.53.9.53",
		"no signatures", BOGUS_OTHER},
	{"validation failure <corp.lan. MX IN>: no NSEC3 records from 127.53.9.99 for DS "
	 "lan." CHAIN,
		"no proof that lan" PARAMETER, BOGUS_OTHER},
	{"validation failure <intern.signed.example. MX IN>: covering NSEC3 was not opt-out in an "
	 "opt-out DS NOERROR/NODATA case from 127.53.9.99 for DS intern.signed.example." CHAIN,
		"no proof that intern.signed.example" PARAMETER, BOGUS_OTHER},
	{"validation failure <. NS IN>: no signatures from 127.53.9.55 for trust anchor ." CHAIN,
		"no signatures, at the trust anchor", BOGUS_STRIPPED},
	{"validation failure <. NS IN>: signature missing from 127.53.9.53 for trust anchor "
	 "." CHAIN,
		"signature missing, at the trust anchor", BOGUS_ANCHOR},
	{"validation failure <. NS IN>: no keys have a DS with algorithm RSASHA256 from "
	 "127.53.9.53 "
	 "for trust anchor ." CHAIN,
		"no keys have a DS with algorithm RSASHA256, at the trust anchor", BOGUS_ANCHOR},
	{"validation failure <. NS IN>: DS hash mismatches key from 127.53.9.53 for trust anchor "
	 "." CHAIN,
		"DS hash mismatches key, at the trust anchor", BOGUS_ANCHOR},
	{"validation failure <. NS IN>: signature expired from 127.53.9.53 for trust anchor "
	 "." CHAIN,
		"signature expired, at the trust anchor", BOGUS_CLOCK},
	{"validation failure <. NS IN>: signature before inception date from 127.53.9.53 for trust "
	 "anchor ." CHAIN,
		"signature before inception date, at the trust anchor", BOGUS_CLOCK},
	{"validation failure <. NS IN>: ECDSA signature verification failed from 127.53.9.53 for "
	 "trust anchor ." CHAIN,
		"signature verification failed, at the trust anchor", BOGUS_OTHER},
	{"validation failure <. NS IN>: no DNSKEY rrset from 127.53.9.98 for trust anchor ." CHAIN,
		"no DNSKEY rrset, at the trust anchor", BOGUS_STRIPPED},
	{"validation failure <. NS IN>: no DNSKEY rrset for trust anchor ." CHAIN,
		"no DNSKEY rrset, at the trust anchor", BOGUS_OTHER},
	{"", "validation failed", BOGUS_OTHER},
	{"something new", "something new", BOGUS_OTHER},
	{"validation failure <x. MX IN>: \033[2J\n from 1", "?[2J?", BOGUS_OTHER},
	{"validation failure <x. MX IN>: key for validation y", "key for validation y",
		BOGUS_OTHER},
};

int main(void)
{
	for (const struct bogus_case *x = cases; x < cases + COUNT(cases); x++) {
		struct pool pool = {0};

		is_text(bogus_reason(&pool, x->why), x->reason, "in a few words");
		is_number(bogus_cause(x->why), x->cause, "cause");
		pool_free(&pool);
	}
	return done();
}

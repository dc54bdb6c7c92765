/* What is wrong with a certificate: OpenSSL's words, and which of several is shown. */
#include "tls/problem.h"
#include "t/lib/tap.h"

/* As in X509_verify_cert_error_string() of OpenSSL 3.0, by number. */
static const struct {
	int number;
	const char *text;
} texts[] = {
	{0, ""},
	{1, "unspecified certificate verification error"},
	{2, "unable to get issuer certificate"},
	{7, "certificate signature failure"},
	{9, "certificate is not yet valid"},
	{10, "certificate has expired"},
	{13, "format error in certificate's notBefore field"},
	{14, "format error in certificate's notAfter field"},
	{18, "self-signed certificate"},
	{19, "self-signed certificate in certificate chain"},
	{20, "unable to get local issuer certificate"},
	{22, "certificate chain too long"},
	{25, "path length constraint exceeded"},
	{26, "unsuitable certificate purpose"},
	{34, "unhandled critical extension"},
	{47, "permitted subtree violation"},
	{48, "excluded subtree violation"},
	{51, "unsupported name constraint type"},
	{52, "unsupported or invalid name constraint syntax"},
	{53, "unsupported or invalid name syntax"},
	{62, "hostname mismatch"},
	{64, "IP address mismatch"},
	{65, "no matching DANE TLSA records"},
	{66, "EE certificate key too weak"},
	{67, "CA certificate key too weak"},
	{68, "CA signature digest algorithm too weak"},
	{79, "invalid CA certificate"},
	{9999, ""},
};

static const struct {
	const char *name;
	struct finding one, other, shown;
} pairs[] = {
	{"nothing", {PROBLEM_NONE, 0}, {PROBLEM_NONE, 0}, {PROBLEM_NONE, 0}},
	{"nothing is no problem, however low", {PROBLEM_NONE, 0}, {PROBLEM_EXPIRED, 3},
		{PROBLEM_EXPIRED, 3}},
	{"the lowest", {PROBLEM_EXPIRED, 0}, {PROBLEM_UNKNOWN_ISSUER, 1}, {PROBLEM_EXPIRED, 0}},
	{"the lowest of two alike", {PROBLEM_EXPIRED, 2}, {PROBLEM_EXPIRED, 1},
		{PROBLEM_EXPIRED, 1}},
	{"no issuer before dates", {PROBLEM_EXPIRED, 1}, {PROBLEM_UNKNOWN_ISSUER, 1},
		{PROBLEM_UNKNOWN_ISSUER, 1}},
	{"a name before a signature", {PROBLEM_SIGNATURE, 0}, {PROBLEM_NAME, 0}, {PROBLEM_NAME, 0}},
	{"a signature before dates", {PROBLEM_SIGNATURE, 0}, {PROBLEM_EXPIRED, 0},
		{PROBLEM_SIGNATURE, 0}},
	{"a weak key before a weak digest", {PROBLEM_DIGEST, 0}, {PROBLEM_LEAF_KEY, 0},
		{PROBLEM_LEAF_KEY, 0}},
	{"a weak key before all else", {PROBLEM_NO_TLSA, 0}, {PROBLEM_LEAF_KEY, 0}, {PROBLEM_LEAF_KEY, 0}},
	{"no record before self-signed", {PROBLEM_SELF_SIGNED, 0}, {PROBLEM_NO_TLSA, 0},
		{PROBLEM_NO_TLSA, 0}},
};

static bool is(struct finding got, struct finding want)
{
	return got.problem == want.problem && got.depth == want.depth;
}

int main(void)
{
	for (size_t i = 0; i < COUNT(texts); i++)
		is_text(problem_text((enum problem)texts[i].number), texts[i].text, "OpenSSL's words");
	for (size_t i = 0; i < COUNT(pairs); i++) {
		ok(is(finding_shown(pairs[i].one, pairs[i].other), pairs[i].shown), pairs[i].name);
		okf(is(finding_shown(pairs[i].other, pairs[i].one), pairs[i].shown),
			"%s, the other way round", pairs[i].name);
	}
	return done();
}

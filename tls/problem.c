#include "tls/problem.h"
#include "util/macros.h"

/* In the order in which OpenSSL looks for them. */
static const struct entry {
	enum problem problem;
	const char *text;
} entries[] = {
	{PROBLEM_UNSPECIFIED, "unspecified certificate verification error"},
	{PROBLEM_LEAF_KEY, "EE certificate key too weak"},
	{PROBLEM_NO_TLSA, "no matching DANE TLSA records"},
	{PROBLEM_SELF_SIGNED, "self-signed certificate"},
	{PROBLEM_UNKNOWN_ROOT, "self-signed certificate in certificate chain"},
	{PROBLEM_NO_ISSUER, "unable to get issuer certificate"},
	{PROBLEM_UNKNOWN_ISSUER, "unable to get local issuer certificate"},
	{PROBLEM_TOO_LONG, "certificate chain too long"},
	{PROBLEM_CRITICAL, "unhandled critical extension"},
	{PROBLEM_PROXY, "proxy certificates not allowed, please set the appropriate flag"},
	{PROBLEM_NOT_CA, "invalid CA certificate"},
	{PROBLEM_PURPOSE, "unsuitable certificate purpose"},
	{PROBLEM_PATH_LENGTH, "path length constraint exceeded"},
	{PROBLEM_CA_KEY, "CA certificate key too weak"},
	{PROBLEM_DIGEST, "CA signature digest algorithm too weak"},
	{PROBLEM_NAME, "hostname mismatch"},
	{PROBLEM_ADDRESS, "IP address mismatch"},
	{PROBLEM_NOT_PERMITTED, "permitted subtree violation"},
	{PROBLEM_EXCLUDED, "excluded subtree violation"},
	{PROBLEM_LIMIT_KIND, "unsupported name constraint type"},
	{PROBLEM_LIMITED_NAME, "unsupported or invalid name syntax"},
	{PROBLEM_CONSTRAINTS, "unsupported or invalid name constraint syntax"},
	{PROBLEM_RESOURCES, "RFC 3779 resource not subset of parent's resources"},
	{PROBLEM_SIGNATURE, "certificate signature failure"},
	{PROBLEM_NOT_BEFORE, "format error in certificate's notBefore field"},
	{PROBLEM_NOT_YET_VALID, "certificate is not yet valid"},
	{PROBLEM_NOT_AFTER, "format error in certificate's notAfter field"},
	{PROBLEM_EXPIRED, "certificate has expired"},
};

static size_t rank(enum problem problem)
{
	size_t i = 0;

	while (i < COUNT(entries) && entries[i].problem != problem)
		i++;
	return i;
}

const char *problem_text(enum problem problem)
{
	size_t i = rank(problem);

	return i < COUNT(entries) ? entries[i].text : "";
}

struct finding finding_shown(struct finding one, struct finding other)
{
	if (one.problem == PROBLEM_NONE)
		return other;
	if (other.problem == PROBLEM_NONE || one.depth < other.depth)
		return one;
	if (one.depth > other.depth)
		return other;
	return rank(one.problem) <= rank(other.problem) ? one : other;
}

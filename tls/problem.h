#ifndef TLS_PROBLEM_H
#define TLS_PROBLEM_H
/*
 * problem - what can be wrong with a certificate, numbered as in OpenSSL, since Postfix logs those
 * numbers and log analysers read them (TLS_README). Inside this room only.
 */
#include <stddef.h>

enum problem {
	PROBLEM_NONE = 0,
	PROBLEM_UNSPECIFIED = 1,
	PROBLEM_NO_ISSUER = 2, /* a helper's issuer is not known */
	PROBLEM_SIGNATURE = 7,
	PROBLEM_NOT_YET_VALID = 9,
	PROBLEM_EXPIRED = 10,
	PROBLEM_NOT_BEFORE = 13, /* not a date */
	PROBLEM_NOT_AFTER = 14,
	PROBLEM_SELF_SIGNED = 18,  /* the leaf */
	PROBLEM_UNKNOWN_ROOT = 19, /* self-signed, above the leaf */
	PROBLEM_UNKNOWN_ISSUER = 20,
	PROBLEM_TOO_LONG = 22,
	PROBLEM_PATH_LENGTH = 25,
	PROBLEM_PURPOSE = 26,
	PROBLEM_CRITICAL = 34,
	PROBLEM_PROXY = 40,     /* RFC 3820 */
	PROBLEM_RESOURCES = 46, /* RFC 3779 */
	PROBLEM_NOT_PERMITTED = 47, /* name constraints */
	PROBLEM_EXCLUDED = 48,
	PROBLEM_LIMIT_KIND = 51,   /* name constraints of a kind that nobody compares */
	PROBLEM_CONSTRAINTS = 52,  /* that can't be read, or are too many */
	PROBLEM_LIMITED_NAME = 53, /* a name that can't be compared */
	PROBLEM_NAME = 62,
	PROBLEM_ADDRESS = 64,
	PROBLEM_NO_TLSA = 65, /* fingerprints and tafiles too */
	PROBLEM_LEAF_KEY = 66,
	PROBLEM_CA_KEY = 67,
	PROBLEM_DIGEST = 68,
	PROBLEM_NOT_CA = 79,
};

struct finding {
	enum problem problem;
	size_t depth; /* of the certificate it is about; the leaf is 0 */
};

/* OpenSSL's words: "certificate has expired". */
const char *problem_text(enum problem problem);

/*
 * The one Postfix shows: at the lowest depth; of several there, the one OpenSSL looks for first.
 */
struct finding finding_shown(struct finding one, struct finding other);

#endif

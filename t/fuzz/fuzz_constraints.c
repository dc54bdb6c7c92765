/*
 * A server's certificate and its authority's, one behind the other: names against name constraints.
 * Whatever they hold, there is an answer, the same each time, and none without an authority.
 */
#include <stdint.h>
#include <stdlib.h>
#include "tls/constraints.h"
#include "tls/dn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct certificate *leaf, const struct certificate *authority)
{
	const struct certificate *path[] = {leaf, authority, authority};
	enum problem problem = constraints_check(path, 2).problem;
	struct finding more = constraints_check(path, 3);

	if (problem != PROBLEM_NONE && problem != PROBLEM_NOT_PERMITTED && problem != PROBLEM_EXCLUDED
		&& problem != PROBLEM_CONSTRAINTS && problem != PROBLEM_LIMIT_KIND
		&& problem != PROBLEM_LIMITED_NAME)
		abort();
	if (constraints_check(path, 1).problem != PROBLEM_NONE)
		abort();
	/* the same limits once more change nothing for the leaf, unless they are then too many */
	if (more.problem != PROBLEM_CONSTRAINTS && more.depth == 0 && more.problem != problem)
		abort();
	if (more.problem != PROBLEM_CONSTRAINTS && more.depth > 0 && problem != PROBLEM_NONE)
		abort();
	dn_readable(leaf->parts.subject);
	dn_readable(authority->parts.issuer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_der rest = {data, size};
	struct certificate leaf, authority;
	struct der_item first;

	if (!der_next(&rest, &first) || !certificate_open(&leaf, first.whole))
		return 0;
	if (certificate_open(&authority, rest)) {
		check(&leaf, &authority);
		certificate_close(&authority);
	}
	certificate_close(&leaf);
	return 0;
}

/* The first line is what is acceptable, the rest a name in a certificate: bytes, NULs too. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tls/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LABELS_MOST = 128 };

struct labels {
	char *label[LABELS_MOST];
	size_t count;
};

static char *lower(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);

	for (size_t i = 0; i < size; i++)
		text[i] = (char)(data[i] < 0x80 ? tolower(data[i]) : data[i]);
	return text;
}

/* Cuts TEXT at its dots; false: more labels than a name has. */
static bool split(char *text, struct labels *labels)
{
	labels->count = 0;
	for (char *at = text; at; labels->count++) {
		if (labels->count == LABELS_MOST)
			return false;
		labels->label[labels->count] = at;
		at = strchr(at, '.');
		if (at)
			*at++ = '\0';
	}
	return true;
}

static bool ldh(const char *label)
{
	return *label && label[strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* The rules once more, by labels and after lowering. */
static bool wildcard(const struct labels *want, const struct labels *have)
{
	if (have->count < 3 || want->count != have->count || strcmp(have->label[0], "*") != 0)
		return false;
	for (size_t i = 1; i < have->count; i++)
		if (!ldh(have->label[i]) || have->label[i][0] == '-'
			|| have->label[i][strlen(have->label[i]) - 1] == '-'
			|| strcmp(have->label[i], want->label[i]) != 0)
			return false;
	return ldh(want->label[0]) || strcmp(want->label[0], "*") == 0;
}

static bool oracle(char *want, char *have, size_t length)
{
	struct labels wanted, had;
	size_t end = strlen(want);

	if (length == 0 || strlen(have) != length)
		return false;
	if (want[0] == '.')
		return end > 1 && length > end && strcmp(have + length - end, want) == 0
			&& have[length - end - 1] != '.';
	if (strcmp(want, have) == 0)
		return true;
	return split(want, &wanted) && split(have, &had) && wildcard(&wanted, &had);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	size_t first = line ? (size_t)(line - data) : 0;
	struct tls_der name;
	char *want, *have, *reference;

	if (line == NULL || memchr(data, '\0', first) || size - first > 400)
		return 0;
	name = (struct tls_der){line + 1, size - first - 1};
	reference = calloc(1, first + 1);
	if (reference == NULL)
		abort();
	memcpy(reference, data, first);
	want = lower(data, first);
	have = lower(name.data, name.length);
	if (match_host(reference, name, false) && !match_host(reference, name, true))
		abort();
	if (match_host(reference, name, false) != oracle(want, have, name.length))
		abort();
	match_address(reference, name);
	free(reference);
	free(want);
	free(have);
	return 0;
}

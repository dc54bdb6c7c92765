#include "dns/name.h"

#include <idn2.h>
#include <string.h>
#include <strings.h>
#include "util/text.h"

static const char bad_character[] = "invalid character";
static const char bad_length[] = "bad length";

static bool is_digit(int byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_label_byte(int byte)
{
	return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')
		|| byte == '_' || byte == '-';
}

/* The first thing wrong with the byte at AT, or NULL. FROM is where its label begins. */
static const char *byte_fault(const char *from, const char *at)
{
	if (*at == '.')
		return at == from || at[1] == '\0' ? "misplaced delimiter" : NULL;
	if (!is_label_byte((unsigned char)*at))
		return bad_character;
	if (at - from >= NAME_LABEL_MOST)
		return "hostname label too long";
	if (*at == '-' && (at == from || at[1] == '\0' || at[1] == '.'))
		return "misplaced hyphen";
	return NULL;
}

/* Reads a name from left to right, as Postfix does, and stops at the first fault: *at. */
static const char *fault(const char *name, bool wildcard, const char **at)
{
	const char *from = name, *wrong;
	bool numeric = true;

	*at = name;
	if (*name == '\0')
		return "empty hostname";
	if (strlen(name) > NAME_MOST)
		return bad_length;
	if (wildcard && name[0] == '*' && (name[1] == '.' || name[1] == '\0')) {
		numeric = false;
		*at = name + 1;
	}

	for (; **at; (*at)++) {
		if ((wrong = byte_fault(from, *at)))
			return wrong;
		if (**at == '.')
			from = *at + 1;
		else if (!is_digit(**at))
			numeric = false;
	}
	return numeric ? "numeric hostname" : NULL;
}

bool name_is_host(const char *name, const char **reason)
{
	const char *at, *wrong = fault(name, false, &at);

	if (wrong && reason)
		*reason = wrong;
	return wrong == NULL;
}

bool name_is_owner(const char *name, const char **reason)
{
	const char *at, *wrong = fault(name, true, &at);

	if (wrong && reason)
		*reason = wrong;
	return wrong == NULL;
}

const char *name_complaint(struct pool *pool, const char *name)
{
	const char *at, *wrong = fault(name, true, &at);

	if (*name == '\0')
		return wrong;
	if (wrong == bad_character)
		return pool_format(pool, "%s %d(decimal): %.100s", wrong, (unsigned char)*at, name);
	if (wrong == bad_length)
		return pool_format(pool, "%s %zu for %.100s...", wrong, strlen(name), name);
	return pool_format(pool, "%s: %s", wrong ? wrong : "valid hostname", name);
}

/* Bytes of NAME that count: all but one final dot. */
static size_t bare_length(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && name[length - 1] == '.' ? length - 1 : length;
}

bool name_same(const char *a, const char *b)
{
	size_t length = bare_length(a);

	return length == bare_length(b) && strncasecmp(a, b, length) == 0;
}

const char *name_bare(struct pool *pool, const char *name)
{
	return pool_bytes(pool, name, bare_length(name));
}

const char *name_plain(struct pool *pool, const char *name)
{
	return text_lower(pool_bytes(pool, name, bare_length(name)));
}

/* A copy of what libidn2 made, whose memory is freed. */
static const char *kept(struct pool *pool, char *made)
{
	const char *copy = pool_text(pool, made);

	idn2_free(made);
	return copy;
}

const char *name_to_ascii(struct pool *pool, const char *name, bool idna_2003)
{
	int flags = idna_2003 ? IDN2_TRANSITIONAL : IDN2_NONTRANSITIONAL;
	char *made = NULL;

	if (text_is_ascii(name))
		return name;
	if (!text_is_utf8(name, strlen(name)) || idn2_to_ascii_8z(name, &made, flags) != IDN2_OK)
		return NULL;
	return kept(pool, made);
}

const char *name_to_utf8(struct pool *pool, const char *name)
{
	char *made = NULL;

	if (!text_is_ascii(name) || idn2_to_unicode_8z8z(name, &made, 0) != IDN2_OK)
		return name;
	return kept(pool, made);
}

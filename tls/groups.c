/* groups */
#include "tls/groups.h"
#include <gnutls/gnutls.h>
#include <string.h>
#include "util/buf.h"
#include "util/log.h"
#include "util/macros.h"
#include "util/text.h"

static const struct {
	const char *openssl, *gnutls;
} names[] = {
	{"X25519", "X25519"}, /* from here in OpenSSL's own order */
	{"prime256v1", "SECP256R1"},
	{"X448", "X448"},
	{"secp521r1", "SECP521R1"},
	{"secp384r1", "SECP384R1"},
	{"P-256", "SECP256R1"}, /* and from here other names, other groups */
	{"P-384", "SECP384R1"},
	{"P-521", "SECP521R1"},
	{"secp256r1", "SECP256R1"},
	{"ffdhe2048", "FFDHE2048"},
	{"ffdhe3072", "FFDHE3072"},
	{"ffdhe4096", "FFDHE4096"},
	{"ffdhe6144", "FFDHE6144"},
	{"ffdhe8192", "FFDHE8192"},
};
enum { USUAL = 5, CHOSEN_MOST = 16 };

static const char large[] = "X25519MLKEM768", large_gnutls[] = "X25519-MLKEM768";

struct chosen {
	gnutls_group_t group[CHOSEN_MOST];
	size_t count;
	bool late; /* the group with the large key share */
};

/* False: GnuTLS hasn't got it, or not in this build. */
static bool add(struct chosen *chosen, const char *gnutls)
{
	gnutls_group_t group = gnutls_group_get_id(gnutls);

	for (size_t i = 0; i < chosen->count; i++)
		if (chosen->group[i] == group)
			return true;
	if (group != GNUTLS_GROUP_INVALID)
		chosen->group[chosen->count++] = group;
	return group != GNUTLS_GROUP_INVALID;
}

static void add_usual(struct chosen *chosen)
{
	for (size_t i = 0; i < USUAL; i++)
		add(chosen, names[i].gnutls);
}

static bool add_named(struct chosen *chosen, const char *name)
{
	if (text_same(name, large) && gnutls_group_get_id(large_gnutls) != GNUTLS_GROUP_INVALID)
		return chosen->late = true;
	for (size_t i = 0; i < COUNT(names); i++)
		if (text_same(name, names[i].openssl))
			return add(chosen, names[i].gnutls);
	return false;
}

/*
 * OpenSSL 3.5's syntax too: '?' in front (may be unknown), '*' (send a key share), DEFAULT, and '/'
 * between groups of equal rank. Postfix skips what is not known silently.
 */
static void add_all(struct chosen *chosen, const char *param, const char *list)
{
	struct pool pool = {0};
	const char *name;
	bool optional;

	while ((name = text_token(&pool, &list, TEXT_SPACE ",:/", false)) != NULL) {
		optional = strchr(name, '?') != NULL;
		name += strspn(name, "?*");
		if (text_same(name, "DEFAULT"))
			add_usual(chosen);
		else if (!add_named(chosen, name) && !optional)
			log_info("%s: %s is not supported, and skipped", param, name);
	}
	pool_free(&pool);
}

char *groups_words(const struct tls_options *options)
{
	struct chosen chosen = {.count = 0};
	struct buf words = BUF(0);

	add_all(&chosen, "tls_eecdh_auto_curves", options->curves);
	if (chosen.count == 0) {
		if (options->curves[strspn(options->curves, TEXT_SPACE ",:")] != '\0')
			log_warning("none of the configured ECDHE curves are supported");
		add_usual(&chosen);
	}
	if (options->version >= TLS_POSTFIX(3, 8))
		add_all(&chosen, "tls_ffdhe_auto_groups", options->groups);
	for (size_t i = 0; i < chosen.count; i++)
		buf_addf(&words, ":+GROUP-%s", gnutls_group_get_name(chosen.group[i]));
	if (chosen.late) /* behind the others, so that its share is not sent unasked */
		buf_addf(&words, ":+GROUP-%s", large_gnutls);
	return words.data;
}

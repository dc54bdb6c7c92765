#include <stddef.h>
#include "smtp/features.h"
#include "t/lib/tap.h"
#include "util/macros.h"

/* The examples of smtp_log_tls_feature_status in postconf(5), and some that were observed. */
static const struct status {
	const char *level, *level_final, *final;
	bool level_open, level_bad, asked, open, bad;
	const char *want;
} statuses[] = {
	{"none", .want = "none"},
	{"none", "none", .want = "none"},
	{"may", .want = "may"},
	{"may", .level_open = true, .want = "may?"},
	{"may", "none", .want = "may:none"},
	{"dane", "dane", .want = "dane"},
	{"dane", "halfdane", .want = "dane:halfdane"},
	{"dane", "encrypt", .want = "dane:encrypt"},
	{"dane", .level_open = true, .want = "dane?"},
	{"verify", .level_bad = true, .want = "!verify"},
	{"verify", .asked = true, .want = "verify/requiretls"},
	{"verify", .level_bad = true, .asked = true, .bad = true, .final = "nocertmatch",
		.want = "!verify/!requiretls:nocertmatch"},
	{"may", .level_open = true, .asked = true, .bad = true, .final = "nocertmatch",
		.want = "may?/!requiretls:nocertmatch"},
	{"may", .asked = true, .final = "nocertmatch", .want = "may/requiretls:nocertmatch"},
	{"may", .level_open = true, .asked = true, .bad = true, .final = "nostarttls",
		.want = "may?/!requiretls:nostarttls"},
	{"none", .level_open = true, .asked = true, .bad = true, .final = "noencryption",
		.want = "none?/!requiretls:noencryption"},
	{"verify", .asked = true, .bad = true, .final = "none", .want = "verify/!requiretls:none"},
	{"may", "none", .asked = true, .final = "none", .want = "may:none/requiretls:none"},
	{"encrypt", .level_open = true, .asked = true, .open = true, .want = "encrypt?/requiretls?"},
	{"unknown", .level_open = true, .want = "unknown?"},
};

static void play(struct feature *feature, bool open, bool bad, const char *final)
{
	if (!open)
		(bad ? feature_violated : feature_ends)(feature, final);
}

int main(void)
{
	struct pool pool = {0};
	struct features features = {.level.wanted = NULL};

	is_text(features_text(&pool, &features), "", "no server came as far");
	for (const struct status *s = statuses; s < statuses + COUNT(statuses); s++) {
		features_begin(&features, s->level, s->asked);
		play(&features.level, s->level_open, s->level_bad, s->level_final);
		play(&features.requiretls, s->open, s->bad, s->final);
		is_text(features_text(&pool, &features), s->want, s->want);
	}
	pool_free(&pool);
	return done();
}

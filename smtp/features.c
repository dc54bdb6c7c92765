#include "config.h"
#include <string.h>
#include "smtp/features.h"

const char *features_level(enum tls_level level)
{
	return level == TLS_LEVEL_HALF_DANE ? "halfdane" : tls_level_name(level);
}

void features_begin(struct features *features, const char *level, bool requiretls)
{
	*features = (struct features){.level.wanted = level,
		.requiretls.wanted = requiretls ? "requiretls" : NULL};
}

static void end(struct feature *feature, const char *final, bool violated)
{
	feature->final = final;
	feature->decided = true;
	feature->violated = violated;
}

void feature_ends(struct feature *feature, const char *final)
{
	end(feature, final, false);
}

void feature_violated(struct feature *feature, const char *final)
{
	end(feature, final, true);
}

static const char *text(struct pool *pool, const struct feature *feature)
{
	const char *final = feature->final;
	bool other = final && strcmp(final, feature->wanted) != 0;

	return pool_format(pool, "%s%s%s%s%s", feature->violated ? "!" : "", feature->wanted,
		other ? ":" : "", other ? final : "", feature->decided ? "" : "?");
}

const char *features_text(struct pool *pool, const struct features *features)
{
	if (features->level.wanted == NULL)
		return "";
	if (features->requiretls.wanted == NULL)
		return text(pool, &features->level);
	return pool_format(pool, "%s/%s", text(pool, &features->level),
		text(pool, &features->requiretls));
}

#include <string.h>
#include <strings.h>
#include "util/log.h"
#include "util/pool.h"
#include "util/text.h"
#include "postfix/checks.h"
#include "postfix/field.h"

struct action {
	const char *word;
	enum checks_verdict verdict;
	const char *label; /* in the log; NULL: says nothing */
	bool needs_text;   /* which takes the place of a header or line, or comes before it */
};

static const struct action actions[] = {
	{"DUNNO", CHECKS_KEEP, NULL, false},
	{"OK", CHECKS_KEEP, NULL, false},
	{"INFO", CHECKS_KEEP, "info", false},
	{"WARN", CHECKS_KEEP, "warning", false},
	{"IGNORE", CHECKS_DROP, NULL, false},
	{"STRIP", CHECKS_DROP, "strip", false},
	{"REPLACE", CHECKS_REPLACE, "replace", true},
	{"PREPEND", CHECKS_PREPEND, "prepend", true},
};

/* The action that RESULT begins with; *text is what follows. NULL: none that we know. */
static const struct action *action_of(const char *result, const char **text)
{
	size_t length = strcspn(result, TEXT_SPACE);

	*text = result + length + strspn(result + length, TEXT_SPACE);
	for (const struct action *a = actions; a < actions + COUNT(actions); a++)
		if (strlen(a->word) == length && strncasecmp(result, a->word, length) == 0)
			return a;
	return NULL;
}

static void tell(const struct checks *checks, const char *label, const char *text, const char *more)
{
	log_tagged(LOG_SEVERITY_INFO, "%s: %s %.*s%s%s", label, checks->header ? "header" : "body",
		checks->shown, text, *more ? ": " : "", more);
}

/* Can MORE stand where ACTION puts it? */
static bool fits(const struct checks *checks, const struct action *action, const char *more)
{
	if (*more == '\0') {
		log_warning("%s action without text in %s map", action->word, checks->param);
		return false;
	}
	if (checks->header && field_name(more, strlen(more)) == 0) {
		log_warning("bad %s header text \"%s\" in %s map"
			" -- need \"headername: headervalue\"",
			action->word, more, checks->param);
		return false;
	}
	return true;
}

static enum checks_verdict act(const struct checks *checks, const char *text, const char *result,
	struct buf *with)
{
	const char *more;
	const struct action *action = action_of(result, &more);

	if (action == NULL) {
		log_warning("unsupported command in %s map: %s", checks->param, result);
		return CHECKS_KEEP;
	}
	if (action->needs_text && !fits(checks, action, more))
		return CHECKS_KEEP;
	if (action->label)
		tell(checks, action->label, text, more);
	if (action->needs_text)
		buf_adds(with, more);
	return action->verdict;
}

enum checks_verdict checks_ask(const struct checks *checks, const char *text, struct buf *with)
{
	struct buf result = BUF(0);
	enum checks_verdict verdict = CHECKS_KEEP;
	enum table_answer answer = TABLE_NONE;

	if (*text) /* an empty line matches nothing (header_checks(5), BUGS) */
		answer = tables_find(checks->tables, text, &result);
	if (answer == TABLE_FOUND) {
		verdict = act(checks, text, buf_text(&result), with);
	} else if (answer == TABLE_ERROR) {
		log_tagged(LOG_SEVERITY_WARNING, "smtp %s checks lookup error",
			checks->header ? "header" : "body");
		verdict = CHECKS_FAILED;
	}
	buf_close(&result);
	return verdict;
}

#include <stddef.h>
#include <string.h>
#include "postfix/param.h"
#include "postfix/version.h"
#include "t/lib/heard.h"
#include "t/lib/tap.h"

struct fields {
	const char *text, *word, *late, *newer;
	int number, delay, days;
	long large;
	bool yes, only;
	const char *mine, *found;
};

static const char *find(struct conf *conf)
{
	return conf_raw(conf, "setting") ? "$setting" : "nothing";
}

#define FIELD(NAME) .field = offsetof(struct fields, NAME)

static const struct param rows[] = {
	{"smtp_text", "lmtp_text", PARAM_TEXT, "$word!", .lmtp_value = "$word?",
		.load_step = "A02.1", FIELD(text)},
	{"word", NULL, PARAM_TEXT, "w", .least = 1, .most = 3, .load_step = "A01.1", FIELD(word)},
	{"late", NULL, PARAM_TEXT, "<$smtp_text>", .load_step = "A01.2", FIELD(late)},
	{"number", NULL, PARAM_INT, "5", .least = 2, .most = 9, .load_step = "A03.1",
		FIELD(number)},
	{"free", NULL, PARAM_INT, "0", .load_step = "A03.2", .field = PARAM_UNKEPT},
	{"large", NULL, PARAM_LONG, "16777216", .least = 1, .load_step = "A03.3", FIELD(large)},
	{"yes", NULL, PARAM_BOOL, "${setting?no}${setting:yes}", .load_step = "A03.4", FIELD(yes),
		.effect = PARAM_NOT_YET},
	{"delay", NULL, PARAM_TIME, "30s", .least = 1, .most = 90000, .load_step = "A03.5",
		FIELD(delay), .effect = PARAM_NOT_YET},
	{"days", NULL, PARAM_TIME, "90d", .load_step = "A03.6", FIELD(days)},
	{"smtp_only", NULL, PARAM_BOOL, "yes", .only_smtp = true, .load_step = "A03.7",
		FIELD(only)},
	{"newer", NULL, PARAM_TEXT, "new", .since = POSTFIX(3, 10), .load_step = "A03.8",
		FIELD(newer)},
	{"gone", NULL, PARAM_INT, "1", .until = POSTFIX(3, 6), .load_step = "A03.9",
		.field = PARAM_UNKEPT},
	{"shape", NULL, PARAM_TEXT, "", .effect = PARAM_NEVER, .load_step = "B01.1",
		.field = PARAM_UNKEPT},
	{"setting", NULL, PARAM_PRESENCE, "", .effect = PARAM_NOT_YET, .load_step = "B01.2"},
	{"our_own", NULL, PARAM_TEXT, "ours", .ours = true, .load_step = "B01.3", FIELD(mine)},
	{"found", NULL, PARAM_TEXT, "", .compute = find, .load_step = "B01.4", FIELD(found)},
};

static const struct param_change changes[] = {
	{"word", POSTFIX(3, 8), 0, "v8", .may_be_empty = true},
	{"smtp_text", POSTFIX(3, 8), 0, "text8", .only_smtp = true},
	{"number", .until = POSTFIX(3, 6), .value = "6"},
};

static const struct param_table table = {rows, COUNT(rows), changes, COUNT(changes)};

static struct conf conf;
static struct fields fields;

/* Loads with SETTINGS, lines of main.cf; returns the fatal text or NULL. */
static const char *load(int version, bool lmtp, const char *settings, const struct conf *defaults)
{
	conf_free(&conf);
	conf.version = version;
	conf_try_parse(&conf, "main.cf", settings, strlen(settings));
	memset(&fields, 0, sizeof fields);
	return param_try_load(&table, "AB", &conf, defaults, lmtp, &fields);
}

static void check_defaults(void)
{
	ok(load(POSTFIX(3, 7), false, "", NULL) == NULL, "defaults");
	is_text(fields.text, "w!", "made of an earlier one");
	is_text(fields.late, "<>", "made of a later one: not there yet");
	ok(fields.number == 5 && fields.large == 16777216 && fields.yes && fields.only, "values");
	ok(fields.delay == 30 && fields.days == 90 * 24 * 60 * 60, "times");
	is_text(fields.found, "nothing", "computed");
	is_text(conf_raw(&conf, "smtp_text"), "w!", "kept expanded");
	ok(conf_raw(&conf, "newer") == NULL && conf_raw(&conf, "gone") == NULL, "not there");
	is_text(fields.newer, "new", "a field has its default nevertheless");
	is_text(heard(), "", "nothing was said");
}

static void check_values(void)
{
	ok(load(POSTFIX(3, 7), false,
		   "smtp_text=set\nnumber= 7\nyes=YES\nlarge=+1\nnewer=x\ndelay=2m\n"
		   "days=1\nsmtp_only=No\nlmtp_text=other\ngone=x\nsetting=\nfound=f\n",
		   NULL) == NULL,
		"values");
	is_text(fields.text, "set", "text");
	is_text(fields.late, "<set>", "a set one is there from the start");
	ok(fields.number == 7 && fields.yes && fields.large == 1 && !fields.only, "numbers");
	ok(fields.delay == 120 && fields.days == 24 * 60 * 60,
		"times, and the unit of the default");
	is_text(fields.newer, "new", "unknown to this version");
	is_text(fields.found, "f", "not computed");
	is_text(heard(),
		"warning: delay = 2m: this is not supported yet and has no effect|"
		"warning: setting = : this is not supported yet and has no effect",
		"warnings");

	load(POSTFIX(3, 7), false, "yes=no\n", NULL);
	is_text(heard(), "warning: yes = no: this is not supported yet and has no effect",
		"a bool");
	load(POSTFIX(3, 7), false, "delay=30\nyes=Yes\nshape= \n", NULL);
	is_text(heard(), "", "set to what they are by default");
	load(POSTFIX(3, 7), false, "shape=$word\n", NULL);
	is_text(heard(), "warning: shape = w: this is for OpenSSL and has no effect", "never");
}

static void check_modes(void)
{
	ok(load(POSTFIX(3, 7), true, "smtp_text=s\nsmtp_only=no\n", NULL) == NULL, "LMTP");
	is_text(fields.text, "w?", "its own default");
	ok(fields.only, "not read");
	load(POSTFIX(3, 7), true, "lmtp_text=l\nsmtp_only=nonsense\n", NULL);
	is_text(fields.text, "l", "its own name");
	load(POSTFIX(3, 8), true, "", NULL);
	is_text(fields.text, "v8?", "a change for SMTP only");
}

static void check_versions(void)
{
	struct conf defaults = {.version = 0};

	load(POSTFIX(3, 8), false, "", NULL);
	is_text(fields.text, "text8", "another default since 3.8");
	is_text(fields.word, "v8", "and of this");
	is_text(load(POSTFIX(3, 8), false, "word=\n", NULL), NULL, "which may be empty");
	load(POSTFIX(3, 5), false, "", NULL);
	is_number(fields.number, 6, "another default until 3.5");
	is_text(load(POSTFIX(3, 5), false, "gone=x", NULL), "bad numerical configuration: gone = x",
		"still there");
	load(POSTFIX(3, 10), false, "newer=x", NULL);
	is_text(fields.newer, "x", "there since 3.10");

	conf_set(&defaults, "word", "$$");
	conf_set(&defaults, "number", "8");
	conf_set(&defaults, "our_own", "not");
	conf_set(&defaults, "found", "not");
	load(POSTFIX(3, 10), false, "newer=x", &defaults);
	is_text(fields.word, "$", "the installed default");
	is_number(fields.number, 8, "and another");
	is_text(fields.newer, "new", "postconf does not know it");
	ok(strcmp(fields.mine, "ours") == 0 && strcmp(fields.found, "nothing") == 0,
		"not Postfix's");
	conf_set(&defaults, "newer", "dist");
	load(POSTFIX(3, 9), false, "newer=x", &defaults);
	is_text(fields.newer, "x", "postconf knows it: a stable update brought it");
	load(POSTFIX(3, 9), false, "", &defaults);
	is_text(fields.newer, "dist", "with its default");
	conf_free(&defaults);
}

/* As smtp(8) of Postfix 3.7.11 took them, for parameters of the same type and bounds. */
static const struct {
	const char *setting, *error;
} judged[] = {
	{"word=", "bad string length 0 < 1: word = "},
	{"word=abc", NULL},
	{"word=abcd", "bad string length 4 > 3: word = abcd"},
	{"word=$-", "dictionary mail_dict: macro processing error"},
	{"number=1", "invalid number parameter value 1 < 2"},
	{"number=10", "invalid number parameter value 10 > 9"},
	{"number=-1", "invalid number parameter value -1 < 2"},
	{"number=", "bad numerical configuration: number = "},
	{"number=0x5", "bad numerical configuration: number = 0x5"},
	{"number=5x", "bad numerical configuration: number = 5x"},
	{"number=${word?{5 }}", "bad numerical configuration: number = 5 "},
	{"number=${nix?a} 5", NULL},
	{"number=05", NULL},
	{"number=2147483648", "bad numerical configuration: number = 2147483648"},
	{"free=-2147483648", NULL},
	{"free=-2147483649", "bad numerical configuration: free = -2147483649"},
	{"free=$unset", "bad numerical configuration: free = "},
	{"large=0", "invalid large parameter value 0 < 1"},
	{"large=9223372036854775807", NULL},
	{"large=9223372036854775808", "bad numerical configuration: large = 9223372036854775808"},
	{"yes=true", "bad boolean configuration: yes = true"},
	{"yes=1", "bad boolean configuration: yes = 1"},
	{"yes=", "bad boolean configuration: yes = "},
	{"delay=0", "invalid delay: 0 (min 1)"},
	{"delay=s", "invalid delay: 0 (min 1)"},
	{"delay=-0", "invalid delay: 0 (min 1)"},
	{"delay=2d", "invalid delay: 172800 (max 90000)"},
	{"delay=1d", NULL},
	{"delay=1h30m", NULL},
	{"delay=5mfoo", NULL},
	{"delay=+5s", NULL},
	{"delay=${nix?a} 5s", NULL},
	{"delay=", "parameter delay: bad time value or unit: "},
	{"delay=-5s", "parameter delay: bad time value or unit: -5s"},
	{"delay=5S", "parameter delay: bad time value or unit: 5S"},
	{"delay=5x", "parameter delay: bad time value or unit: 5x"},
	{"delay=1.5m", "parameter delay: bad time value or unit: 1.5m"},
	{"delay=30 s", "parameter delay: bad time value or unit: 30 s"},
	{"delay=0x5", "parameter delay: bad time value or unit: 0x5"},
	{"days=24854d", NULL},
	{"days=24855d", "parameter days: bad time value or unit: 24855d"},
	{"days=24855", "parameter days: bad time value or unit: 24855"},
	{"days=3550w", "parameter days: bad time value or unit: 3550w"},
	{"days=596523h", "parameter days: bad time value or unit: 596523h"},
	{"days=35791394m", "parameter days: bad time value or unit: 35791394m"},
	{"days=2147483647s", NULL},
	{"days=2147483648s", "parameter days: bad time value or unit: 2147483648s"},
};

static void check_blind(void)
{
	conf_free(&conf);
	conf.version = POSTFIX(3, 7);
	conf_set(&conf, "word", "set");
	conf_set(&conf, "number", "nonsense");
	ok(param_default(&table, "A", &conf, NULL, false, &fields) == NULL, "only defaults");
	is_text(fields.word, "w", "not what was set");
	is_text(fields.text, "", "made of others: nothing");
	is_number(fields.number, 5, "and no check");
}

int main(void)
{
	heard_start();
	check_defaults();
	check_values();
	check_modes();
	check_versions();
	for (size_t i = 0; i < COUNT(judged); i++)
		is_text(load(POSTFIX(3, 7), false, judged[i].setting, NULL), judged[i].error,
			judged[i].setting);
	check_blind();
	conf_free(&conf);
	heard_stop();
	return done();
}

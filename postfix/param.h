#ifndef POSTFIX_PARAM_H
#define POSTFIX_PARAM_H
/*
 * param - parameters as rows: text of main.cf to typed fields of a struct. Everything is fetched,
 * converted and range-checked once, in the order in which Postfix does it, which decides what $name
 * finds (postconf(5)); a bad value is told in the words of its fatal message.
 */
#include <stdbool.h>
#include <stddef.h>
#include "postfix/conf.h"

enum param_type {
	PARAM_TEXT,     /* const char *, expanded */
	PARAM_INT,      /* int */
	PARAM_LONG,     /* long */
	PARAM_BOOL,     /* bool */
	PARAM_TIME,     /* int, seconds; a number without a unit has that of the default */
	PARAM_PRESENCE, /* nothing: it is only asked whether it is set, or referred to by others */
};

enum param_effect {
	PARAM_ACTS,      /* what it says is done */
	PARAM_IDLE,      /* no effect in Postfix's agent either */
	PARAM_ELSEWHERE, /* for what another daemon does with Postfix, and nobody here */
	PARAM_NOT_YET,   /* recognised; warned about when set to something else than its default */
	PARAM_NEVER,     /* cannot be done here (OpenSSL only); warned about likewise */
};

#define PARAM_UNKEPT ((size_t)-1)

/* One row; NULL or 0 for what does not apply. */
struct param {
	const char *name;      /* smtp_ name, or the one both programs share */
	const char *lmtp_name; /* NULL: shared */
	enum param_type type;
	const char *value;      /* default text, may hold $name */
	const char *lmtp_value; /* NULL: the same */
	long least, most;       /* 0: no check (texts: length in bytes) */
	int since, until;       /* in Postfix versions since <= v < until; 0: always, still */
	const char *load_step;  /* "A01.018": the order in which values come to exist */
	enum param_effect effect;
	size_t field;   /* offset in the struct, or PARAM_UNKEPT: only checked */
	bool only_smtp; /* not read in LMTP mode: the field gets the default */
	bool ours;      /* Postfix doesn't know it */
	/* The default, where it is found at start; raw text that lives as long as CONF. */
	const char *(*compute)(struct conf *conf);
};

/* Another default, in versions since <= v < until; 0: open. */
struct param_change {
	const char *name;
	int since, until;
	const char *value;
	bool may_be_empty; /* there is no least length then */
	bool only_smtp;    /* LMTP's stays */
};

struct param_table {
	const struct param *rows;
	size_t count;
	const struct param_change *changes;
	size_t change_count;
};

/*
 * Loads the rows of TABLE whose load step begins with a letter of STEPS into the struct at BASE,
 * and their values into CONF, where $name finds them from then on. CONF's version says which rows
 * and defaults there are. LMTP chooses the twins. DEFAULTS (may be NULL) is what the installed
 * postconf(1) said: it overrides defaults, and what it doesn't know is not there. A row that is not
 * there is not looked up: its field gets the default, or "" where that is made of others.
 * Texts live as long as CONF. Warns about PARAM_NOT_YET and PARAM_NEVER rows that are set to
 * something else than their default. Returns NULL, or the text of the fatal message.
 */
const char *param_try_load(const struct param_table *table, const char *steps, struct conf *conf,
	const struct conf *defaults, bool lmtp, void *base);

/* Only the defaults, nothing is looked up: for rows that would not be loaded, as those for TLS. */
const char *param_default(const struct param_table *table, const char *steps, struct conf *conf,
	const struct conf *defaults, bool lmtp, void *base);

#endif

#ifndef POSTFIX_PARAM_H
#define POSTFIX_PARAM_H
/*
 * param - parameters as rows: text of main.cf to typed fields of a struct. Everything is fetched,
 * converted and range-checked once, in Postfix's order (configuration.md 5); a bad value is fatal
 * in Postfix's words (configuration.md 6).
 */
#include <stdbool.h>
#include <stddef.h>
#include "postfix/conf.h"

enum param_type {
	PARAM_TEXT,  /* const char *, expanded */
	PARAM_INT,   /* int */
	PARAM_LONG,  /* long */
	PARAM_BOOL,  /* bool */
	PARAM_TIME,  /* int, seconds */
	PARAM_KNOWN, /* recognised and checked, kept nowhere */
};

enum param_effect {
	PARAM_ACTS,    /* what it says is done */
	PARAM_IDLE,    /* no effect in Postfix's agent either */
	PARAM_ELSEWHERE, /* read by another daemon; nothing to do here */
	PARAM_NOT_YET, /* recognised; warned about when set to something else than its default */
	PARAM_NEVER,   /* cannot be done here (OpenSSL only); warned about likewise, see doc/compat.md */
};

/* One row; NULL for what does not apply. since 0: always; until 0: still there. */
struct param {
	const char *name;        /* smtp_ name, or the one both programs share */
	const char *lmtp_name;   /* NULL: shared, or not read by lmtp */
	enum param_type type;
	enum param_type check;   /* the type its text is checked as when type is PARAM_KNOWN */
	const char *value;       /* default text, may hold $name */
	const char *lmtp_value;  /* NULL: the same */
	long least, most;        /* 0: no check (strings: length) */
	char unit;               /* default unit of a time: s m h d w */
	int since, until;        /* POSTFIX() */
	const char *load_step;   /* "A01.018": the order in which defaults come to exist */
	enum param_effect effect;
	size_t field;            /* offset in the struct; ignored for PARAM_KNOWN */
	bool only_smtp, only_lmtp;
};

struct param_change { /* a default that another Postfix version has */
	const char *name;
	int since, until;   /* for versions since <= v < until; 0: open */
	const char *value;
};

/*
 * Loads all ROWS into BASE. LMTP chooses the twins. DEFAULTS (may be NULL) is what the installed
 * postconf said, and overrides a row's default for the names of `ask`. Warns about
 * PARAM_NOT_YET and PARAM_NEVER rows that are set to something else than their default.
 */
void param_load(struct conf *conf, const struct conf *defaults, const struct param *rows,
	size_t count, const struct param_change *changes, size_t change_count, bool lmtp, void *base);

#endif

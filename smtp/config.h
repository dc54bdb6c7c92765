#ifndef SMTP_CONFIG_H
#define SMTP_CONFIG_H
/*
 * config - all parameters of the agent as typed fields, const before the first thread
 * (postconf(5); the rows are in smtp/params.def). A field is named like its parameter without
 * smtp_: config->helo_timeout is smtp_helo_timeout, or lmtp_lhlo_timeout in LMTP mode. Times are
 * seconds. Text is never NULL and lives as long as the config. The one exception:
 * smtp_line_length_limit is config->line_length_limit, so the parameter line_length_limit is
 * config->stored_line_length_limit. Those of our own, safemx_FIELD, are fields like the others.
 */
#include <stdbool.h>
#include "postfix/conf.h"
#include "postfix/version.h"

struct master_args;
struct param_table;

#define CONFIG_TEXT const char *
#define CONFIG_INT int
#define CONFIG_LONG long
#define CONFIG_BOOL bool
#define CONFIG_TIME int

struct config {
	int version;                  /* of the installed Postfix: POSTFIX(3, 7) */
	bool lmtp;                    /* LMTP mode: lmtp_ names, LHLO */
	const char *config_directory; /* where main.cf is */
	const char *service_name;     /* of master.cf */

	/* Was it set? Where an explicit value means something else than the default. */
	bool secure_cert_match_set;  /* smtp_tls_secure_cert_match */
	bool mynetworks_set;         /* mynetworks: mynetworks_style is not looked at */

	/* Does an old default matter that compatibility_level has kept? Then its use is logged. */
	bool old_fingerprint_digest; /* smtp_tls_fingerprint_digest = md5 */
	bool old_skip_reused;        /* smtp_tlsrpt_skip_reused_handshakes = yes */
	bool old_relay_domains;      /* relay_domains = $mydestination, in fast_flush_domains */

#define TWIN(TYPE, FIELD, ...) CONFIG_##TYPE FIELD;
#define NAMED(TYPE, FIELD, ...) CONFIG_##TYPE FIELD;
#define SHARED(TYPE, FIELD, ...) CONFIG_##TYPE FIELD;
#define OURS(TYPE, FIELD, ...) CONFIG_##TYPE FIELD;
#define CHECKED(...)
#define PRESENCE(...)
#define CHANGE(...)
#include "smtp/params.def"

	struct conf conf; /* the text behind the fields, raw, for those who look further */
};

/*
 * Reads main.cf of MAIL_CONFIG and the settings of ARGS, asks the installed Postfix for its version
 * and defaults, and checks everything as smtp(8) does (smtp/config_check.h). Fatal in Postfix's
 * words. Before chroot.
 */
void config_load(struct config *config, const struct master_args *args, bool lmtp);

/*
 * The same without the checks across parameters; returns the fatal text, or NULL. POSTCONF is the
 * program to ask; NULL: it is looked for; "": nobody is asked, and the defaults are those of
 * smtp/params.def for Postfix 3.7.
 */
const char *config_try_load(struct config *config, const struct master_args *args, bool lmtp,
	const char *postconf);

void config_free(struct config *config);

/* The rows of smtp/params.def, whose fields are those of struct config. */
extern const struct param_table config_params;

#endif

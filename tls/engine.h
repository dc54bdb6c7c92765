#ifndef TLS_ENGINE_H
#define TLS_ENGINE_H
/*
 * engine - what all sessions share, read-only after start: credentials, anchors, priorities, the
 * ticket cache. Opened before chroot and before privileges are dropped. The only user of GnuTLS is
 * this room.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/why.h"

enum tls_log { /* smtp_tls_loglevel as features (TLS_README) */
	TLS_LOG_SUMMARY = 1, TLS_LOG_UNTRUSTED = 2, TLS_LOG_PEERCERT = 4, TLS_LOG_CERTMATCH = 8,
	TLS_LOG_VERBOSE = 16, TLS_LOG_CACHE = 32, TLS_LOG_DEBUG = 64, TLS_LOG_TLS_PACKETS = 128,
	TLS_LOG_ALL_PACKETS = 256, TLS_LOG_DANE = 512,
};

/* Warns about an unknown word (PARAM is its name), which makes it none. */
unsigned tls_log_parse(const char *param, const char *value, int version);

/* As options.version counts: the same numbers as elsewhere in the program. */
#define TLS_POSTFIX(MAJOR, MINOR) ((MAJOR) * 1000 + (MINOR))

struct tls_options {
	int version;              /* of the installed Postfix: TLS_POSTFIX(3, 7) */
	bool lmtp;                /* names of parameters in messages */
	const char *ca_file, *ca_path;
	bool append_default_ca;
	int verify_depth;         /* smtp_tls_scert_verifydepth */
	const char *cert_file, *key_file, *dcert_file, *dkey_file, *eccert_file, *eckey_file, *chain_files;
	const char *fingerprint_digest;
	const char *dane_digests; /* tls_dane_digests */
	const char *high_list, *medium_list, *low_list, *export_list, *null_list; /* tls_*_cipherlist */
	const char *curves, *groups; /* tls_eecdh_auto_curves, tls_ffdhe_auto_groups */
	unsigned log;             /* TLS_LOG_ bits */
	int session_timeout;      /* seconds a ticket is kept; 0: sessions are not kept */
	bool wildcards_many_labels; /* tls_wildcard_matches_multiple_labels, 3.5 only */
	bool fast_shutdown;       /* tls_fast_shutdown_enable */
	const char *ssl_options, *disable_workarounds; /* tls_ssl_options, tls_disable_workarounds */
	struct why *off;          /* tls_engine_open() sets its text when it fails, NULL: nobody asks */
	bool utf8;                /* smtputf8_enable: printable UTF-8 in names that are logged */
};

struct tls_engine;

/*
 * NULL: TLS is off; the warnings of TLS_README were logged. OPTIONS must outlive the engine.
 */
struct tls_engine *tls_engine_open(const struct tls_options *options);
void tls_engine_close(struct tls_engine *engine);

/*
 * For a policy with tafiles: reads them unless they are known. False: unusable, and the warning of
 * TLS_README was logged.
 */
bool tls_engine_anchors(struct tls_engine *engine, const char *const *files, size_t count);

#endif

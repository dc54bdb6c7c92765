#ifndef POSTFIX_REPORT_H
#define POSTFIX_REPORT_H
/*
 * report - the fate of one recipient to bounce(8), defer(8), trace(8), verify(8), flush(8), to the
 * log, and onto the queue file, as observed from smtp(8) (DSN_README, ADDRESS_VERIFICATION_README,
 * ETRN_README). The order is always: record, log, cross off: a crash in between makes a duplicate,
 * never a loss.
 */
#include <stdbool.h>
#include "util/pool.h"
#include "util/why.h"
#include "postfix/match.h"
#include "postfix/queuefile.h"
#include "postfix/request.h"
#include "postfix/table.h"
#include "postfix/wire.h"

/* What all reports of the process share; const after start. */
struct reporter {
	const struct wire *wire;
	bool soft_bounce;
	bool negative_cache;                /* address_verify_negative_cache */
	bool external_addresses;            /* info_log_address_format = external: quoted */
	int delay_resolution;               /* delay_logging_resolution_limit */
	const struct tables *status_filter; /* smtp_delivery_status_filter, or NULL */
	const char *status_filter_name;     /* the parameter's name, for warnings */
	const struct match *fast_flush;     /* fast_flush_domains, or NULL */
	bool old_relay_domains;             /* by an old default it is mydestination: logged */
	const char *verify_name, *bounce_name, *defer_name, *trace_name, *flush_name; /* services */
};

enum report_fate { REPORT_SENT, REPORT_DEFERRED, REPORT_BOUNCED };

/* Where and when the outcome arose. */
struct report_session {
	const char *relay;      /* "mx.example[192.0.2.1]:25", or "none" */
	int reuse_count;        /* conn_use - 1 */
	struct timeval ready;   /* when MAIL FROM could be sent; zero: never in this session */
	struct timeval done;    /* zero: now */
	const char *tls_status; /* tls= of Postfix 3.11; NULL or "": not logged */
	bool server_did_dsn;    /* offered DSN, so it will send the success notice */
	bool final;             /* LMTP with flags=X: a success is "delivered" */
};

/*
 * Reports it and crosses it off when that is due. WHAT: status, text, mta, said; for REPORT_SENT
 * its text is the server's reply. The class of the status (after the filter) decides between defer
 * and bounce. True: the recipient is finished; false: it stays in the queue.
 */
bool report(const struct reporter *reporter, const struct request *request, struct queuefile *file,
	const struct request_rcpt *rcpt, enum report_fate fate, const struct why *what,
	const struct report_session *session);

/* ADDRESS as the log shows it (info_log_address_format). In POOL. */
const char *report_address(const struct reporter *reporter, struct pool *pool, const char *address);

/*
 * The seconds between two times, at most RESOLUTION decimals of them (postconf(5),
 * delay_logging_resolution_limit): "0.07", "1.2", "35". In POOL.
 */
const char *report_delay(struct pool *pool, const struct timeval *from, const struct timeval *until,
	int resolution);

#endif

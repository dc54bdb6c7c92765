#ifndef TLS_FAILURE_H
#define TLS_FAILURE_H
/*
 * failure - why there is no channel, in words that tell an administrator what to do: what the
 * server did, and what each side had. Inside this room only.
 */
#include "tls/channel.h"
#include "tls/priority.h"
#include "util/pool.h"

enum { SNI_MOST = 255 }; /* bytes; RFC 1035 2.3.4 */

/*
 * After a handshake that failed: "the server's alert is "protocol version"; it was offered TLSv1.3
 * with ciphers medium". PRIORITY and EXPECT are what was offered.
 */
const char *failure_reason(struct pool *pool, const struct channel *channel,
	const struct priority *priority, const struct tls_expect *expect);

/* Of settings that nothing can be offered with. */
const char *failure_of_settings(struct pool *pool, const struct tls_expect *expect);

/*
 * The peer ended an established session by an alert: which one, and what it may have wanted; ""
 * otherwise.
 */
const char *failure_alert(struct pool *pool, const struct channel *channel);

#endif

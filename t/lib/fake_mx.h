#ifndef T_FAKE_MX_H
#define T_FAKE_MX_H
/*
 * fake_mx - a mail server that follows a script, in threads of its own, on 127.0.0.1 or a UNIX
 * socket. A script is lines that LF ends:
 *
 *   220 mx.test ESMTP   is said, with CR LF
 *   >EHLO client*       a line must come; '*' stands for what follows
 *   >>DATA              lines must come up to one that is like this
 *   !tls                a TLS handshake (RFC 3207) with a certificate for mx.test
 *   !close !reset       ends the connection, by FIN or RST
 *   !bytes N            so many bytes must come
 *   !swallow            one TLS record must come, which is not shown
 *   --                  what follows is for the next connection
 *
 * At its end it reads until the client is gone.
 */
#include <stdint.h>

struct fake_mx;

/* PATH NULL: TCP, any port. SCRIPT must stay. */
struct fake_mx *fake_mx(const char *path, const char *script);
uint16_t fake_mx_port(const struct fake_mx *mx);

/*
 * Waits until the clients of all connections so far are gone, and closes. What they said: lines
 * separated by ", ", what came in one piece separated by " | ", connections by " || ". A CR or LF
 * that is no line end is shown as \r, \n. What should have come and did not is in {}. In the caller's
 * hands: free it.
 */
char *fake_mx_end(struct fake_mx *mx);

#endif

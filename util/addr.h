#ifndef UTIL_ADDR_H
#define UTIL_ADDR_H
/* addr - a socket address as a value. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { ADDR_TEXT = 64 }; /* room for any numeric IP address as text */

struct addr {
	socklen_t length; /* 0: none */
	union {
		struct sockaddr any;
		struct sockaddr_in v4;  /* when any.sa_family is AF_INET */
		struct sockaddr_in6 v6; /* AF_INET6 */
		struct sockaddr_storage storage;
	} sa;
};

/* A numeric IPv4 or IPv6 address, nothing else around it (a known scope, "%eth0", may follow). */
bool addr_parse(struct addr *addr, const char *text, uint16_t port);
/* From the 4 or 16 bytes of an A or AAAA record. False: another length. */
bool addr_from_bytes(struct addr *addr, const void *bytes, size_t length, uint16_t port);
bool addr_is_numeric(const char *text);
int addr_family(const struct addr *addr);    /* AF_INET, AF_INET6, AF_UNSPEC for none */
uint16_t addr_port(const struct addr *addr); /* host order */
void addr_set_port(struct addr *addr, uint16_t port);
/* Numeric text without port and brackets, in TEXT of ADDR_TEXT bytes; returns TEXT ("" for none).
 */
const char *addr_text(const struct addr *addr, char *text);
bool addr_same_host(const struct addr *a, const struct addr *b); /* ports not compared */
bool addr_is_loopback(const struct addr *addr);

#endif

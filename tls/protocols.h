#ifndef TLS_PROTOCOLS_H
#define TLS_PROTOCOLS_H
/*
 * protocols - smtp_tls_protocols and smtp_tls_mandatory_protocols (postconf(5), TLS_README). A
 * function of its text. Inside this room only.
 */
#include <stdbool.h>

enum {
	PROTOCOL_TLS1 = 1,
	PROTOCOL_TLS1_1 = 2,
	PROTOCOL_TLS1_2 = 4,
	PROTOCOL_TLS1_3 = 8,
	PROTOCOLS_ALL = 15,
};

/*
 * *PROTOCOLS gets the PROTOCOL_ bits that the list leaves, perhaps none. VERSION is the installed
 * Postfix's: it has >= and <= since 3.6. False: an unknown word.
 */
bool protocols_parse(const char *list, int version, unsigned *protocols);

#endif

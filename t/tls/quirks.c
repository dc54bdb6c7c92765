#include <stddef.h>
#include "t/lib/heard.h"
#include "t/lib/tap.h"
#include "tls/quirks.h"
#include "util/macros.h"

static const struct asked {
	const char *value;
	bool no_tickets;
	const char *said;
} options[] = {
	{"", false, ""},
	{"no_ticket", true, ""},
	{"NO_COMPRESSION, NO_RENEGOTIATION NO_TICKET", true, ""},
	{"FOO, NO_COMPRESSION", false,
		"warning: unknown tls_ssl_options value \"FOO\" in \"FOO, NO_COMPRESSION\""},
	{"legacy_server_connect", false, ""},
	{"0x4000", false, "warning: tls_ssl_options: 0x4000 is for OpenSSL and has no effect"},
}, workarounds[] = {
	{"", false, ""},
	{"CVE-2010-4180 tls_d5_bug", false, ""},
	{"0xFFFFFFFF", false, ""},
	{"FOO", false, "warning: unknown tls_disable_workarounds value \"FOO\" in \"FOO\""},
};

int main(void)
{
	struct quirks quirks;

	heard_start();
	for (size_t i = 0; i < COUNT(options); i++) {
		quirks_options(options[i].value, &quirks);
		ok(quirks.no_tickets == options[i].no_tickets, options[i].value);
		is_text(heard(), options[i].said, "what is said");
	}
	for (size_t i = 0; i < COUNT(workarounds); i++) {
		quirks_workarounds(workarounds[i].value);
		is_text(heard(), workarounds[i].said, workarounds[i].value);
	}
	heard_stop();
	return done();
}

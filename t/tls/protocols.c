/* smtp_tls_protocols: what posttls-finger of Postfix 3.7 does with these lists. */
#include "tls/protocols.h"
#include "tls/engine.h"
#include "t/lib/tap.h"

enum { T10 = PROTOCOL_TLS1, T11 = PROTOCOL_TLS1_1, T12 = PROTOCOL_TLS1_2, T13 = PROTOCOL_TLS1_3 };

static const struct {
	const char *list;
	int bits; /* -1: not valid */
	int old;  /* the same for 3.5 */
} lists[] = {
	{"", PROTOCOLS_ALL, PROTOCOLS_ALL},
	{" , : \t", PROTOCOLS_ALL, PROTOCOLS_ALL},
	{"!SSLv2, !SSLv3", PROTOCOLS_ALL, PROTOCOLS_ALL},
	{"!SSLv2:!SSLv3:!TLSv1:!tlsv1.1", T12 | T13, T12 | T13},
	{"TLSv1.2", T12, T12},
	{"TLSv1.2,TLSv1.3 !TLSv1.3", T12, T12},
	{"TLSv1.2 !TLSv1.2", 0, 0},
	{"!TLSv1.3 TLSv1.3", 0, 0},
	{"!TLSv1.2", T10 | T11 | T13, T10 | T11 | T13},
	{"SSLv3", 0, 0},
	{"SSLv3 TLSv1", T10, T10},
	{">=TLSv1", PROTOCOLS_ALL, -1},
	{">=TLSv1.2", T12 | T13, -1},
	{"<=TLSv1.2", T10 | T11 | T12, -1},
	{"<=SSLv3", 0, -1},
	{">=TLSv1.1 <=TLSv1.2", T11 | T12, -1},
	{">=TLSv1.1 <=0303", T11 | T12, -1},
	{">=0x0303", T12 | T13, -1},
	{">=0X0303", T12 | T13, -1},
	{">=303", T12 | T13, -1},
	{">=TLSv1.2 >=TLSv1.3", T13, -1},
	{"<=TLSv1.2 >=TLSv1.3", 0, -1},
	{">=TLSv1.2 TLSv1.1", 0, -1},
	{">=TLSv1.2 !TLSv1.3", T12, -1},
	{">= TLSv1.2", T12, -1},
	{">=", PROTOCOLS_ALL, -1},
	{"<=", PROTOCOLS_ALL, -1},
	{">=0305", 0, -1},
	{">=03", PROTOCOLS_ALL, -1},
	{"TLSv9", -1, -1},
	{"!bogus", -1, -1},
	{"! TLSv1.2", -1, -1},
	{"!", -1, -1},
	{"=TLSv1.2", -1, -1},
	{">TLSv1.2", -1, -1},
	{">=TLSv1.9", -1, -1},
	{">=0x", -1, -1},
	{">=03043", -1, -1},
	{">=03g4", -1, -1},
	{"0303", -1, -1},
	{"TLSv1.2;TLSv1.3", -1, -1},
	{"TLSv1.2 TLSv9", -1, -1},
};

int main(void)
{
	for (size_t i = 0; i < COUNT(lists); i++) {
		unsigned bits = 99, old = 99;
		bool fine = protocols_parse(lists[i].list, TLS_POSTFIX(3, 7), &bits);

		okf(fine == (lists[i].bits >= 0), "\"%s\" is %svalid", lists[i].list,
			lists[i].bits < 0 ? "not " : "");
		okf(bits == (fine ? (unsigned)lists[i].bits : 99), "\"%s\" gives %u", lists[i].list,
			bits);
		fine = protocols_parse(lists[i].list, TLS_POSTFIX(3, 5), &old);
		okf(fine == (lists[i].old >= 0) && old == (fine ? (unsigned)lists[i].old : 99),
			"\"%s\" for 3.5", lists[i].list);
	}
	return done();
}

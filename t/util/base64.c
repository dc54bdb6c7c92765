#include <string.h>
#include "t/lib/tap.h"
#include "util/base64.h"

/* RFC 4648 10 */
static const struct pair {
	const char *plain, *encoded;
} pairs[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xFB\xFF\xBF", "+/+/"},
};

static const char *const not_base64[] = {"Z", "Zg", "Zg=", "Zg=a", "=Zg=", "====", "Z===", "Zm9v\n",
	"Zm9 ", "Zm-_", "Zg==Zg==", "Zg==="};

int main(void)
{
	struct buf buf = BUF(0);
	char all[256];

	for (const struct pair *p = pairs; p < pairs + COUNT(pairs); p++) {
		buf_clear(&buf);
		base64_encode(&buf, p->plain, strlen(p->plain));
		is_text(buf_text(&buf), p->encoded, p->encoded);
		buf_clear(&buf);
		ok(base64_decode(&buf, p->encoded, strlen(p->encoded)), p->encoded);
		is_text(buf_text(&buf), p->plain, p->encoded);
	}
	for (size_t i = 0; i < COUNT(not_base64); i++)
		okf(!base64_decode(&buf, not_base64[i], strlen(not_base64[i])), "not base64: %s",
			not_base64[i]);
	ok(!base64_decode(&buf, "Zm\0v", 4), "not base64: a NUL");

	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (char)i;
	for (size_t length = 0; length <= sizeof all; length += 51) {
		struct buf encoded = BUF(0), decoded = BUF(0);

		base64_encode(&encoded, all, length);
		okf(base64_decode(&decoded, buf_text(&encoded), encoded.length)
				&& decoded.length == length
				&& memcmp(buf_text(&decoded), all, length) == 0,
			"%zu bytes there and back", length);
		buf_close(&encoded);
		buf_close(&decoded);
	}
	buf_clear(&buf);
	buf_adds(&buf, "a ");
	ok(base64_decode(&buf, "Yg==", 4), "appended");
	is_text(buf_text(&buf), "a b", "behind what was there");
	buf_close(&buf);
	return done();
}

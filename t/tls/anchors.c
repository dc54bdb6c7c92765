/* Certificates and keys that someone trusts: a list that grows, and the files it is read from. */
#include "tls/anchors.h"
#include <errno.h>
#include <string.h>
#include "t/lib/tap.h"
#include "t/tls/forge.h"
#include "t/tls/zoo.h"

static const struct {
	const char *label;
	bool certificate;
} labels[] = {
	{"CERTIFICATE", true},
	{"X509 CERTIFICATE", true},
	{"TRUSTED CERTIFICATE", false}, /* it says for what, which we would not heed */
	{"certificate", false},
	{"CERTIFICATE REQUEST", false},
	{"PUBLIC KEY", false},
	{"", false},
};

/* More than there is room for at first. */
static void growing(void)
{
	struct anchors anchors = {.count = 0};
	struct tls_der der = zoo_der(&anchors.pool, "root", 0);
	struct tls_der other = zoo_der(&anchors.pool, "int", 0);
	struct certificate certificate;
	bool same = true;

	ok(!anchors_have(&anchors, der), "nothing to begin with");
	for (size_t i = 0; i < 20; i++) {
		certificate_open(&certificate, der);
		anchors_add(&anchors, &certificate);
		anchors_add_key(&anchors, (struct tls_der){der.data, i});
	}
	is_number((long long)anchors.count, 20, "certificates");
	is_number((long long)anchors.key_count, 20, "keys");
	for (size_t i = 0; i < 20; i++)
		same = same && der_same(anchors.certificates[i].der, der)
			&& anchors.keys[i].length == i;
	ok(same, "all are there, in order");
	ok(anchors_have(&anchors, der), "a certificate that is there");
	ok(!anchors_have(&anchors, other), "one that is not");
	ok(!anchors_have(&anchors, (struct tls_der){der.data, der.length - 1}), "nor a part of one");
	anchors_close(&anchors);
	ok(anchors.count == 0 && anchors.key_count == 0 && anchors.certificates == NULL,
		"nothing is left");
	anchors_close(&anchors);
	ok(!anchors_have(&anchors, other), "closed twice");
}

static void files(void)
{
	struct buf content = BUF(10);
	struct pool pool = {0};

	ok(anchors_read_file(forge_file(&pool, "one", "12345"), &content)
			&& anchors_read_file(forge_file(&pool, "two", "67890"), &content),
		"two files");
	is_text(buf_text(&content), "1234567890", "one behind the other");
	errno = 0;
	ok(!anchors_read_file(forge_file(&pool, "three", "x"), &content) && errno == EFBIG,
		"there is no room for more");
	buf_clear(&content);
	ok(anchors_read_file(forge_file(&pool, "empty", ""), &content) && content.length == 0,
		"an empty file");
	errno = 0;
	ok(!anchors_read_file("/nonexistent/file", &content) && errno == ENOENT, "no file");
	errno = 0;
	ok(!anchors_read_file(forge_directory(), &content) && errno == EISDIR, "a folder");
	buf_close(&content);
	pool_free(&pool);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(labels); i++)
		ok(anchors_is_certificate(labels[i].label) == labels[i].certificate,
			labels[i].label);
	growing();
	files();
	return done();
}

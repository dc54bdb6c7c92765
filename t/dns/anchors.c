#include "dns/anchors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "t/lib/tap.h"

/* The root's key of 2024, as package dns-root-data has it. */
#define KEY_2024                                                                                   \
	"AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jBosZBU5"    \
	"eeHspaQWOmOElZsjICMQMC3aeHbGiShvZsx4wMYSjH8e7Vrhbu6irwCzVBApESjbUdpWWmEnhathWu1jo+siF"    \
	"UiRAAxm9qyJNg/wOZqqzL/dL/q8PkcRU5oUKEpUge71M3ej2/7CPqpdVwuMoTvoB+ZOT4YeGyxMvHmbrxlFzG"    \
	"OHOijtzN+u1TQNatX2XBuzZNQ1K+s2CXkPIZo7s6JgZyvaBevYtxPvYLw4z9mR7K2vaF18UYH9Z9GNUUeayff"    \
	"KC73PYc="
#define DIGEST_2024 "683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"

static const struct line_case {
	const char *what, *line;
	unsigned tag;     /* 0: not an anchor */
	const char *text; /* NULL: not compared */
} lines[] = {
	{"a DS", ". IN DS 38696 8 2 " DIGEST_2024, 38696, ". IN DS 38696 8 2 " DIGEST_2024},
	{"in two parts, with TTL and comment",
		".\t86400\tIN\tDS 38696 8 2 "
		"683D2D0ACB8C9B712A1948B27F741219 298D0A450D612C483AF444A4C0FB2B16 ; KSK-2024\n",
		38696, ". IN DS 38696 8 2 " DIGEST_2024},
	{"class before TTL, lower case", ". in 300 ds 38696 8 2 " DIGEST_2024, 38696, NULL},
	{"neither", ". DS 38696 8 2 " DIGEST_2024, 38696, NULL},
	{"a DNSKEY", ". 3600 IN DNSKEY 257 3 8 " KEY_2024, 38696, ". IN DNSKEY 257 3 8 " KEY_2024},
	{"a zone's signing key", ". IN DNSKEY 256 3 8 " KEY_2024, 0, NULL},
	{"a revoked key", ". IN DNSKEY 385 3 8 " KEY_2024, 0, NULL},
	{"another protocol", ". IN DNSKEY 257 2 8 " KEY_2024, 0, NULL},
	{"a key that is no base64", ". IN DNSKEY 257 3 8 !!!!", 0, NULL},
	{"a key that is not there", ". IN DNSKEY 257 3 8", 0, NULL},
	{"another zone", "example. IN DS 38696 8 2 " DIGEST_2024, 0, NULL},
	{"a digest too short", ". IN DS 38696 8 2 683D", 0, NULL},
	{"a digest that is no hex",
		". IN DS 38696 8 2 X83D2D0ACB8C9B712A1948B27F741219"
		"298D0A450D612C483AF444A4C0FB2B16",
		0, NULL},
	{"an unknown digest", ". IN DS 38696 8 9 " DIGEST_2024, 0, NULL},
	{"a key tag too large", ". IN DS 99999 8 2 " DIGEST_2024, 0, NULL},
	{"another type", ". IN NS a.root-servers.net.", 0, NULL},
	{"a dot", ".", 0, NULL},
	{"nothing but class", ". IN", 0, NULL},
};

static void test_lines(struct pool *pool)
{
	for (const struct line_case *x = lines; x < lines + COUNT(lines); x++) {
		struct anchor anchor = {.tag = 0};

		okf(anchor_parse(pool, x->line, &anchor) == (x->tag != 0), "%s", x->what);
		is_number(anchor.tag, x->tag, "its tag");
		if (x->text)
			is_text(anchor.text, x->text, "as libunbound gets it");
	}
}

static void read_text(struct pool *pool, const char *text, struct anchors *anchors)
{
	char path[] = "/tmp/anchors-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	fputs(text, file);
	fclose(file);
	root_anchors_read(pool, path, anchors);
	unlink(path);
}

static void test_files(struct pool *pool)
{
	struct anchors anchors;

	read_text(pool,
		"; comment\n\n. IN DNSKEY 257 3 8 " KEY_2024 "\n. IN DS 20326 8 2 "
		"E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n",
		&anchors);
	ok(anchors.count == 2 && anchors.skipped == 0, "a file with two");
	is_text(anchors.trouble, "", "all is well");
	is_text(root_anchors_tags(pool, &anchors), "38696, 20326", "their tags");
	ok(root_anchors_have(&anchors, ANCHOR_KSK_2024) && !root_anchors_have(&anchors, 1), "have");

	read_text(pool, "rubbish\n. IN DS 38696 8 2 " DIGEST_2024, &anchors);
	ok(anchors.count == 1 && anchors.skipped == 1, "rubbish is counted");

	read_text(pool, "# nothing\n", &anchors);
	is_text(root_anchors_tags(pool, &anchors), "20326, 38696",
		"an empty file: both that we know");
	ok(strstr(anchors.trouble, "no trust anchor of the root in /tmp/anchors-") != NULL,
		"and a complaint");

	root_anchors_read(pool, "/nonexistent/root.key", &anchors);
	is_text(root_anchors_tags(pool, &anchors), "20326, 38696", "no file: the same");
	is_text(anchors.trouble, "cannot open /nonexistent/root.key: No such file or directory",
		"and its complaint");
}

int main(void)
{
	struct pool pool = {0};

	test_lines(&pool);
	test_files(&pool);
	pool_free(&pool);
	return done();
}

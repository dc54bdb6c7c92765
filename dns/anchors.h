#ifndef DNS_ANCHORS_H
#define DNS_ANCHORS_H
/*
 * anchors - trust anchors of the root from a file of DS and DNSKEY lines (RFC 1035 5.1), as package
 * dns-root-data has it. libunbound takes rubbish without a word and an empty file for "validate
 * nothing", so we read the file ourselves.
 */
#include <stdbool.h>
#include <stddef.h>
#include "util/pool.h"

enum { ANCHORS_MOST = 16, ANCHOR_KSK_2017 = 20326, ANCHOR_KSK_2024 = 38696 };

struct anchor {
	const char *text; /* ". IN DS 20326 8 2 E06D..." */
	unsigned tag;     /* RFC 4034 B */
};

struct anchors {
	struct anchor items[ANCHORS_MOST];
	size_t count;        /* at least 1 */
	const char *trouble; /* "": all is from the file; else why the compiled-in ones are used */
	unsigned skipped;    /* lines that are neither blank, comment, nor an anchor of the root */
};

/* The anchors in PATH, or, if there is none, the DS records of both root keys that we know. */
void root_anchors_read(struct pool *pool, const char *path, struct anchors *anchors);
/* One line of such a file. False: not an anchor of the root that may be used. */
bool anchor_parse(struct pool *pool, const char *line, struct anchor *anchor);
bool root_anchors_have(const struct anchors *anchors, unsigned tag);
/* "20326, 38696". */
const char *root_anchors_tags(struct pool *pool, const struct anchors *anchors);

#endif

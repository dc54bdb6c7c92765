/*
 * memcache:/file.cf, memcache:name (memcache_table(5)): asks a memcache server, and behind it a
 * backup table, whose answers it leaves in the server.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "util/log.h"
#include "util/text.h"
#include "postfix/conf.h"
#include "postfix/match.h"
#include "postfix/table_server.h"
#include "postfix/table_type.h"

enum { MEMCACHE_SECONDS = 2 }; /* timeout: for a command */

struct memcache {
	const char *source; /* the file, or the name: for people */
	struct table_server *server;
	const char *place;  /* "host:port", or the path: for people */
	struct table *backup; /* NULL: none */
	const char *key_format;
	struct match *domain; /* NULL: any key is asked for */
	int flags, ttl, tries, pause;
	size_t data_most, line_most; /* bytes */
};

/* --- settings --- */

/* Where settings come from: a file that is not expanded, or main.cf. */
struct settings {
	const struct table *table;
	const char *name;
	bool in_file; /* NAME is a path: */
	struct conf file;
	struct buf *why;
	bool good;
};

static const char *setting(struct settings *s, const char *name, const char *usual)
{
	const struct table_options *options = s->table->options;
	struct pool pool = {0};
	const char *value;

	if (s->in_file) {
		value = conf_raw(&s->file, name);
	} else {
		value = options->setting == NULL ? NULL : options->setting(options->setting_context,
			pool_format(&pool, "%s_%s", s->name, name));
	}
	pool_free(&pool);
	return pool_text(table_pool(s->table), value ? value : usual);
}

static int number(struct settings *s, const char *name, int usual, int least)
{
	const char *value = setting(s, name, "");
	long long parsed = usual;

	if (*value && !text_number(value, INT32_MIN, INT32_MAX, &parsed))
		s->good = table_refuse(s->why, "%s: bad numerical configuration: %s = %s", s->name,
			name, value);
	else if (parsed < least)
		s->good = table_refuse(s->why, "invalid %s: %s parameter value %lld < %d", s->name,
			name, parsed, least);
	return (int)parsed;
}

static bool read_file(struct settings *s)
{
	const char *error = conf_try_file(&s->file, s->name);

	s->in_file = true;
	return error == NULL || table_refuse(s->why, "%s", error);
}

/* --- keys --- */

/* What may stand behind a % in key_format. */
static bool good_format(const char *format)
{
	for (const char *at = strchr(format, '%'); at; at = strchr(at + 2, '%'))
		if (at[1] == '\0' || strchr("%sSuUdD123456789", at[1]) == NULL)
			return false;
	return true;
}

/* The NUMBERth label of DOMAIN, from the right. NULL: it has not so many. */
static const char *label(struct pool *pool, const char *domain, int number)
{
	const char *end = domain + strlen(domain), *start = end;

	for (;;) {
		while (start > domain && start[-1] != '.')
			start--;
		if (--number == 0)
			return start < end ? pool_bytes(pool, start, (size_t)(end - start)) : NULL;
		if (start == domain)
			return NULL;
		end = --start;
	}
}

/* What %WHAT stands for. NULL: this key doesn't have it, so there is nothing to ask for. */
static const char *part(struct pool *pool, const char *key, char what)
{
	const char *at = strrchr(key, '@');

	switch (what) {
	case '%':
		return "%";
	case 's':
	case 'S':
		return key;
	case 'u':
	case 'U':
		if (at == key)
			return NULL;
		return at ? pool_bytes(pool, key, (size_t)(at - key)) : key;
	case 'd':
	case 'D':
		return at && at[1] ? at + 1 : NULL;
	default:
		return at ? label(pool, at + 1, what - '0') : NULL;
	}
}

/* The protocol has no quotes: such a key can't be asked for. */
static bool can_be_said(const char *key)
{
	for (const unsigned char *at = (const unsigned char *)key; *at; at++)
		if (*at <= ' ' || *at == 0x7f)
			return false;
	return *key != '\0';
}

static const char *cache_key(const struct memcache *memcache, struct pool *pool, const char *key)
{
	struct buf text = BUF(0);
	const char *result = "", *piece = "";

	for (const char *at = memcache->key_format; *at && piece; at++) {
		if (*at != '%') {
			buf_addc(&text, *at);
		} else if ((piece = part(pool, key, *++at)) != NULL) {
			buf_adds(&text, piece);
		}
	}
	if (piece)
		result = pool_text(pool, buf_text(&text));
	buf_close(&text);
	return can_be_said(result) ? result : NULL;
}

/* With domain: only whole addresses in one of these, *failed: who knows. */
static bool is_eligible(const struct memcache *memcache, const char *key, bool *failed)
{
	const char *at = strrchr(key, '@');
	enum match_answer answer;

	if (memcache->domain == NULL)
		return true;
	if (at == NULL || at == key || at[1] == '\0')
		return false;
	answer = match_find(memcache->domain, at + 1, NULL);
	*failed = answer == MATCH_ERROR;
	return answer == MATCH_YES;
}

/* --- the protocol --- */

/* One command and its reply. */
struct asking {
	const struct table *table;
	struct buf command, bytes; /* what is said, and heard */
	struct table_link *link;
	bool no_server; /* nobody listens: no use in trying again */
	bool again;     /* not the first try: what goes wrong is told */
};

static const struct memcache *memcache_of(const struct asking *a)
{
	return a->table->state;
}

static bool broken(const struct asking *a)
{
	if (a->again)
		log_warning("database %s: I/O error", a->table->name);
	return false;
}

/* Reads until BYTES holds LENGTH of them behind FROM. */
static bool hear_bytes(struct asking *a, size_t from, size_t length)
{
	while (a->bytes.length < from + length)
		if (table_link_receive(a->link, &a->bytes) != LINK_OK) {
			if (a->again)
				log_warning("%s: EOF receiving memcache server reply",
					memcache_of(a)->source);
			return false;
		}
	return true;
}

/* The first line of the reply, whose CR LF becomes a NUL; *end is behind it. */
static bool hear_line(struct asking *a, size_t *end)
{
	const char *lf;

	while ((lf = memchr(buf_text(&a->bytes), '\n', a->bytes.length)) == NULL) {
		if (a->bytes.length > memcache_of(a)->line_most
			|| table_link_receive(a->link, &a->bytes) != LINK_OK)
			return broken(a);
	}
	*end = (size_t)(lf - a->bytes.data) + 1;
	if (*end > memcache_of(a)->line_most)
		return broken(a);
	a->bytes.data[*end - 1] = '\0';
	if (*end > 1 && a->bytes.data[*end - 2] == '\r')
		a->bytes.data[*end - 2] = '\0';
	return true;
}

static bool unexpected(const struct asking *a)
{
	if (a->again)
		log_warning("%s: unexpected memcache server reply: %.100s", memcache_of(a)->source,
			a->bytes.data);
	return false;
}

/* reply = "VALUE" SP key SP flags SP bytes CRLF data CRLF "END" CRLF / "END" CRLF */
static bool hear_value(struct asking *a, struct buf *value, enum table_answer *got)
{
	const struct memcache *memcache = memcache_of(a);
	size_t end, length;
	char *rest;
	const char *last;

	if (!hear_line(a, &end))
		return false;
	*got = TABLE_NONE;
	if (strcmp(a->bytes.data, "END") == 0)
		return true;
	last = strrchr(a->bytes.data, ' ');
	if (!text_starts(a->bytes.data, "VALUE ") || last[1] < '0' || last[1] > '9')
		return unexpected(a);
	errno = 0;
	length = strtoul(last + 1, &rest, 10);
	if (errno || *rest || length > memcache->data_most)
		return unexpected(a);
	if (!hear_bytes(a, end, length + strlen("\r\nEND\r\n")))
		return false;
	buf_add(value, a->bytes.data + end, length);
	*got = TABLE_FOUND;
	return true;
}

static bool connect_to(struct asking *a)
{
	const struct memcache *memcache = memcache_of(a);
	struct pool pool = {0};
	int error = 0;

	a->link = table_server_take(memcache->server, a->again, &error);
	a->no_server = a->link == NULL;
	if (a->no_server)
		log_warning("connect to %s: %s", memcache->place, text_errno(&pool, error));
	pool_free(&pool);
	return a->link != NULL;
}

/* One try. The connection is kept if it is in step. VALUE NULL: the command stores something. */
static bool try_once(struct asking *a, struct buf *value, enum table_answer *got)
{
	bool good;
	size_t end;

	buf_clear(&a->bytes);
	if (!connect_to(a))
		return false;
	good = table_link_send(a->link, a->command.data, a->command.length) == LINK_OK || broken(a);
	good = good && (value ? hear_value(a, value, got) : hear_line(a, &end));
	if (good)
		table_server_keep(memcache_of(a)->server, a->link);
	else
		table_link_close(a->link);
	return good;
}

static bool ask(struct asking *a, struct buf *value, enum table_answer *got)
{
	const struct memcache *memcache = memcache_of(a);
	bool good = false;

	for (int tries = 1; !good && tries <= memcache->tries && !a->no_server; tries++) {
		a->again = tries > 1;
		if (a->again)
			nanosleep(&(struct timespec){.tv_sec = memcache->pause}, NULL);
		good = try_once(a, value, got);
	}
	return good;
}

/* --- lookups --- */

static enum table_answer get(const struct table *table, const char *key, struct buf *answer)
{
	struct asking a = {.table = table};
	enum table_answer got = TABLE_ERROR;

	buf_addf(&a.command, "get %s\r\n", key);
	if (!ask(&a, answer, &got))
		got = table_trouble(answer, "no answer from the memcache server %s",
			memcache_of(&a)->place);
	buf_close(&a.command);
	buf_close(&a.bytes);
	return got;
}

/* It is only a cache: that this fails is told, and no more. */
static void set(const struct table *table, const char *key, const struct buf *value)
{
	const struct memcache *memcache = table->state;
	struct asking a = {.table = table};

	if (value->length <= memcache->data_most) {
		buf_addf(&a.command, "set %s %d %d %zu\r\n", key, memcache->flags, memcache->ttl,
			value->length);
		buf_add(&a.command, buf_text(value), value->length);
		buf_adds(&a.command, "\r\n");
		ask(&a, NULL, NULL);
	}
	buf_close(&a.command);
	buf_close(&a.bytes);
}

static enum table_answer find_backup(const struct table *table, const char *key,
	const char *cached_as, struct buf *answer)
{
	const struct memcache *memcache = table->state;
	enum table_answer got = table_find(memcache->backup, key, answer);

	if (got == TABLE_FOUND && cached_as)
		set(table, cached_as, answer);
	return got;
}

static enum table_answer find_memcache(const struct table *table, const char *key,
	struct buf *answer)
{
	const struct memcache *memcache = table->state;
	struct pool pool = {0};
	enum table_answer got = TABLE_NONE;
	const char *cached_as;
	bool failed = false;

	if (!is_eligible(memcache, key, &failed))
		return failed ? table_trouble(answer, "its domain list failed") : TABLE_NONE;
	cached_as = cache_key(memcache, &pool, key);
	if (cached_as)
		got = get(table, cached_as, answer);
	if (got != TABLE_FOUND && memcache->backup) {
		buf_clear(answer);
		got = find_backup(table, key, cached_as, answer);
	}
	pool_free(&pool);
	return got;
}

/* --- opening --- */

static bool open_server(struct settings *s, struct memcache *memcache)
{
	struct table_server_options options = {
		.seconds = number(s, "timeout", MEMCACHE_SECONDS, 1),
	};
	const char *where = setting(s, "memcache", "inet:localhost:11211"), *problem = NULL;

	memcache->place = strchr(where, ':') ? strchr(where, ':') + 1 : where;
	if (text_starts(where, "unix:"))
		options.path = memcache->place;
	else if (text_starts(where, "inet:"))
		problem = table_server_parse(table_pool(s->table), memcache->place, &options.host,
			&options.port);
	else
		return table_refuse(s->why, "%s: invalid transport name in service: %s", s->name,
			where);
	if (problem)
		return table_refuse(s->why, "%s: %s", memcache->place, problem);
	memcache->server = table_server_new(&options);
	return true;
}

static bool take_settings(struct settings *s, struct memcache *memcache)
{
	const char *domain = setting(s, "domain", ""), *backup = setting(s, "backup", "");

	memcache->key_format = setting(s, "key_format", "%s");
	memcache->flags = number(s, "flags", 0, 0);
	memcache->ttl = number(s, "ttl", 3600, 0);
	memcache->tries = number(s, "max_try", 2, 1);
	memcache->pause = number(s, "retry_pause", 1, 1);
	memcache->data_most = (size_t)number(s, "data_size_limit", 10240, 1);
	memcache->line_most = (size_t)number(s, "line_size_limit", 1024, 1);
	if (!good_format(memcache->key_format))
		return table_refuse(s->why, "%s: Invalid query template: %s", s->name,
			memcache->key_format);
	if (!s->good || !open_server(s, memcache))
		return false;
	memcache->domain = match_open(s->table->set, s->name, domain, MATCH_STRING, 0);
	memcache->backup = *backup ? table_open_member(s->table, backup) : NULL;
	return true;
}

static bool open_memcache(struct table *table, const char *name, struct buf *why)
{
	struct settings s = {.table = table, .name = name, .why = why, .good = true};
	struct memcache *memcache = POOL_NEW(table_pool(table), struct memcache);
	bool good = true;

	table->state = memcache;
	memcache->source = pool_text(table_pool(table), name);
	if (*name == '/' || *name == '.')
		good = read_file(&s);
	good = good && take_settings(&s, memcache);
	conf_free(&s.file);
	return good;
}

static void close_memcache(struct table *table)
{
	struct memcache *memcache = table->state;

	table_server_free(memcache->server);
	match_free(memcache->domain);
}

const struct table_type table_memcache = {
	.name = "memcache",
	.kind = TABLE_FIXED,
	.open = open_memcache,
	.find = find_memcache,
	.close = close_memcache,
};

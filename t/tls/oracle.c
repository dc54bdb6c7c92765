/*
 * Every chain of the zoo, judged by us and by openssl(1), which knows what Postfix knows. Where we
 * differ it is written here, and why.
 */
#include <dirent.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/wait.h>
#include "t/lib/tap.h"
#include "t/tls/zoo.h"
#include "util/addr.h"

extern char **environ;

static const struct difference {
	const char *chain, *why;
	bool we_take;
} differences[] = {
	{"selfissued", "GnuTLS counts self-issued authorities in a path length", false},
	{"nccase", "GnuTLS, until it was corrected, minds the case of a name constraint", false},
	{"ncnarrow", "the same", false},
	{"ncwildcn", "a wildcard commonName is a host name, so name constraints hold for it", false},
	{"ncdirectory", "a directory name that differs in bytes is not compared further", false},
	{"ncoddcn", "GnuTLS takes any commonName for a host name", false},
	{"behind", "of the certificates sent we look at sixteen", false},
	{"wildpart", "openssl(1) allows a part of a label to be a wildcard, Postfix does not", false},
	{"wildpart2", "the same", false},
	{"idnpart", "the same", false},
	{"ncuriuser", "a user in a URI is no host", false},
	{"ncuriother", "GnuTLS compares no URIs, and takes each for an excluded one", false},
	{"rsa1016", "RSA keys below 1024 bits are weak; OpenSSL 3 rounds", false},
	{"sanx400", "GnuTLS cannot read it: a name of a kind that nobody has", false},
	{"sanparty", "the same", false},
	{"sanblank", "the same: a name of no length", false},
	{"sanbehind", "the same: bytes behind what an extension holds", false},
	{"oddtwice", "the same: an extension that is there twice", false},
	{"v1extensions", "the same: extensions, which version 1 has not", false},
	{"decoys", "a valid path among invalid ones of the same name", true},
};

/* Runs it with all output dropped; its exit status, -1: not run. */
static int run(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	status = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (status != 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* NAME NULL: as at level may, where only the chain counts, and SHA-1 will do. */
static bool openssl_takes(struct pool *pool, const char *chain, const char *ca, const char *name)
{
	const char *file = zoo_file(pool, chain);
	const char *argv[] = {"openssl", "verify", "-purpose", "sslserver", "-auth_level",
		name ? "1" : "0", "-verify_depth", "10", "-attime",
		pool_format(pool, "%d", ZOO_NOW), "-no-CApath", "-no-CAstore", "-CAfile",
		zoo_file(pool, ca), "-untrusted", file,
		name ? addr_is_numeric(name) ? "-verify_ip" : "-verify_hostname" : file, name, file,
		NULL};

	return run(argv) == 0;
}

static bool we_take(struct pool *pool, const char *chain, const char *ca, const char *name)
{
	struct tls_options options = zoo_options(pool);
	struct tls_expect expect = {.level = name ? TLS_LEVEL_SECURE : TLS_LEVEL_MAY};
	struct tls_trust *trust;
	bool taken;

	options.ca_file = zoo_file(pool, ca);
	zoo_names(pool, &expect, name ? name : "", "match");
	trust = tls_trust_load(&options);
	taken = trust && zoo_verify(pool, trust, &options, &expect, chain).verdict.trusted;
	tls_trust_free(trust);
	return taken;
}

static const struct difference *known(const char *chain, bool ours)
{
	for (size_t i = 0; i < COUNT(differences); i++)
		if (strcmp(differences[i].chain, chain) == 0 && differences[i].we_take == ours)
			return &differences[i];
	return NULL;
}

static void compare(const char *chain, const char *ca, const char *name)
{
	struct pool pool = {0};
	bool ours = we_take(&pool, chain, ca, name);
	bool theirs = openssl_takes(&pool, chain, ca, name);
	const struct difference *difference = ours == theirs ? NULL : known(chain, ours);

	okf(ours == theirs || difference, "%s, CAfile %s, %s: %s%s%s", chain, ca,
		name ? name : "level may", ours ? "taken" : "refused", difference ? ", unlike OpenSSL: " : "",
		difference ? difference->why : "");
	pool_free(&pool);
}

static int is_chain(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 4 && strcmp(entry->d_name + length - 4, ".pem") == 0;
}

static void compare_all(void)
{
	const char *top = getenv("srcdir");
	struct dirent **entries;
	char folder[1024];
	int count;

	snprintf(folder, sizeof folder, "%s/t/data/certs", top ? top : ".");
	count = scandir(folder, &entries, is_chain, alphasort);
	okf(count > 100, "%s has certificates", folder);
	for (int i = 0; i < count; i++) {
		entries[i]->d_name[strlen(entries[i]->d_name) - 4] = '\0';
		compare(entries[i]->d_name, "root", ZOO_HOST);
		compare(entries[i]->d_name, "root", NULL);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

int main(void)
{
	static const char *const others[][3] = {
		{"rsa", "rsaroot", ZOO_HOST},
		{"rsa1024", "rsaroot", ZOO_HOST},
		{"rsa512", "rsaroot", ZOO_HOST},
		{"sha1", "rsaroot", ZOO_HOST},
		{"md5", "rsaroot", ZOO_HOST},
		{"sha1int", "rsaroot", ZOO_HOST},
		{"belowoldroot", "oldroot", ZOO_HOST},
		{"belowv1root", "v1root", ZOO_HOST},
		{"belownobcroot", "nobcroot", ZOO_HOST},
		{"belowclientroot", "clientroot", ZOO_HOST},
		{"belowsha1root", "sha1root", ZOO_HOST},
		{"crossed", "oldroot", ZOO_HOST},
		{"host", "int", ZOO_HOST},
		{"noint", "int", ZOO_HOST},
		{"host", "host", ZOO_HOST},
		{"selfsig", "selfsig", ZOO_HOST},
		{"selfbare", "selfbare", ZOO_HOST},
		{"selfexpired", "selfexpired", ZOO_HOST},
		{"selfclient", "selfclient", ZOO_HOST},
		{"host", "root", "other.example"},
		{"host", "root", ".a.test"},
		{"host", "root", ".test"},
		{"host", "root", "a.test"},
		{"wild", "root", "a.test"},
		{"wild", "root", "x.y.a.test"},
		{"wild", "root", ".a.test"},
		{"wild", "root", "*.a.test"},
		{"cn-two", "root", "second.a.test"},
		{"many", "root", "n39.example"},
		{"provider", "root", "mx1.provider.example"},
		{"rsa1024int", "rsaroot", ZOO_HOST},
		{"rsa512int", "rsaroot", ZOO_HOST},
		{"sha1", "rsaroot", NULL},
		{"md5", "rsaroot", NULL},
		{"rsa512", "rsaroot", NULL},
		{"rsa512int", "rsaroot", NULL},
		{"selfsig", "selfsig", NULL},
		{"belowncroot", "ncroot", ZOO_HOST},
		{"wildtld", "root", "mx.test"},
		{"wildtld", "root", "a.test"},
		{"wildmid", "root", "mx.b.test"},
		{"wildtwo", "root", "x.y.test"},
		{"wildcn", "root", "y.a.test"},
		{"wildidn", "root", "mx.xn--bcher-kva.test"},
		{"wildidn", "root", "xn--bcher-kva.test"},
		{"wild", "root", "xn--bcher-kva.a.test"},
		{"idn", "root", "xn--bcher-kva.a.test"},
		{"idn", "root", "XN--BCHER-KVA.A.TEST"},
		{"idn", "root", "mx.xn--bcher-kva.test"},
		{"idnpart", "root", "xn--bcher-kva.a.test"},
		{"idnutf8", "root", "xn--bcher-kva.a.test"},
		{"dotted", "root", "mx.a.test."},
		{"leading", "root", "a.test"},
		{"leading", "root", "mx.a.test"},
		{"under", "root", "mx_1.a.test"},
		{"under", "root", "x.mx_2.a.test"},
		{"wild", "root", "mx_1.a.test"},
		{"cnip", "root", "127.0.0.1"},
		{"cnip", "root", "127.0.0.2"},
		{"ip", "root", "127.0.0.1"},
		{"ip", "root", "2001:db8::1"},
		{"ip", "root", "2001:db8::2"},
		{"ip", "root", "::ffff:127.0.0.1"},
		{"sandnsip", "root", "127.0.0.1"},
		{"sanip5", "root", "127.0.0.1"},
		{"cn-nul", "root", "mx.a.test"},
		{"sanmany", "root", "n1499.example"},
		{"sanmany", "root", "n1500.example"},
		{"nul", "root", "mx.a.test"},
		{"brokennone", "brokenroot", ZOO_HOST},
		{"brokenbasic", "brokenroot", ZOO_HOST},
		{"brokenbasicint", "brokenroot", ZOO_HOST},
		{"brokenlength", "brokenroot", ZOO_HOST},
		{"brokenlengthint", "brokenroot", ZOO_HOST},
		{"brokenusage", "brokenroot", ZOO_HOST},
		{"brokenusageint", "brokenroot", ZOO_HOST},
		{"brokennousage", "brokenroot", ZOO_HOST},
		{"brokennousageint", "brokenroot", ZOO_HOST},
		{"brokenpurpose", "brokenroot", ZOO_HOST},
		{"brokenpurposeint", "brokenroot", ZOO_HOST},
		{"brokenskid", "brokenroot", ZOO_HOST},
		{"brokenskidint", "brokenroot", ZOO_HOST},
		{"brokenakid", "brokenroot", ZOO_HOST},
		{"brokenakidint", "brokenroot", ZOO_HOST},
		{"brokenakidname", "brokenroot", ZOO_HOST},
		{"brokenakidnameint", "brokenroot", ZOO_HOST},
		{"brokenpoints", "brokenroot", ZOO_HOST},
		{"brokenpointsint", "brokenroot", ZOO_HOST},
		{"brokenpointname", "brokenroot", ZOO_HOST},
		{"brokenpointnameint", "brokenroot", ZOO_HOST},
		{"brokenlimits", "brokenroot", ZOO_HOST},
		{"brokenlimitsint", "brokenroot", ZOO_HOST},
		{"brokensan", "brokenroot", ZOO_HOST},
		{"brokensanint", "brokenroot", ZOO_HOST},
		{"akidfull", "brokenroot", ZOO_HOST},
		{"akidserial", "brokenroot", ZOO_HOST},
		{"akidissuer", "brokenroot", ZOO_HOST},
		{"beginsnow", "brokenroot", ZOO_HOST},
		{"endsnow", "brokenroot", ZOO_HOST},
		{"noseconds", "brokenroot", ZOO_HOST},
		{"nosecondsbegin", "brokenroot", ZOO_HOST},
		{"nosecondsint", "brokenroot", ZOO_HOST},
		{"rsa768", "brokenroot", ZOO_HOST},
		{"brokenself", "brokenself", ZOO_HOST},
		{"rsa768", "brokenroot", NULL},
		{"belownciroot", "nciroot", ZOO_HOST},
		{"nciname", "limitsroot", ZOO_HOST},
		{"ncisan", "limitsroot", ZOO_HOST},
		{"ncimail", "limitsroot", ZOO_HOST},
		{"ncihost", "limitsroot", ZOO_HOST},
		{"nciok", "limitsroot", ZOO_HOST},
		{"nciself", "limitsroot", ZOO_HOST},
		{"nciselfleaf", "limitsroot", ZOO_HOST},
		{"ncuriok", "limitsroot", ZOO_HOST},
		{"ncuribad", "limitsroot", ZOO_HOST},
		{"ncuriexact", "limitsroot", ZOO_HOST},
		{"ncuripart", "limitsroot", ZOO_HOST},
		{"ncurinone", "limitsroot", ZOO_HOST},
		{"ncuriuser", "limitsroot", ZOO_HOST},
		{"ncuripath", "limitsroot", ZOO_HOST},
		{"ncuriexcluded", "limitsroot", ZOO_HOST},
		{"ncuriother", "limitsroot", ZOO_HOST},
		{"ncmailok", "limitsroot", ZOO_HOST},
		{"ncmailboth", "limitsroot", ZOO_HOST},
		{"ncmaildn", "limitsroot", ZOO_HOST},
		{"ncmailutf8", "limitsroot", ZOO_HOST},
		{"ncmailodd", "limitsroot", ZOO_HOST},
		{"ncmailbox", "limitsroot", ZOO_HOST},
		{"ncmailboxcase", "limitsroot", ZOO_HOST},
		{"ncmaildot", "limitsroot", ZOO_HOST},
		{"ncmaildotself", "limitsroot", ZOO_HOST},
		{"ncmailnone", "limitsroot", ZOO_HOST},
		{"ncmailexcluded", "limitsroot", ZOO_HOST},
		{"ncmailother", "limitsroot", ZOO_HOST},
		{"ncsmtputf8", "limitsroot", ZOO_HOST},
		{"ncregistered", "limitsroot", ZOO_HOST},
		{"ncregisteredsame", "limitsroot", ZOO_HOST},
		{"limitsnone", "limitsroot", ZOO_HOST},
		{"nsclient", "limitsroot", ZOO_HOST},
		{"nsempty", "limitsroot", ZOO_HOST},
		{"nsserver", "limitsroot", ZOO_HOST},
		{"nsclientint", "limitsroot", ZOO_HOST},
		{"emptyeku", "limitsroot", ZOO_HOST},
		{"emptyekuint", "limitsroot", ZOO_HOST},
		{"proxy", "limitsroot", ZOO_HOST},
		{"proxysan", "limitsroot", ZOO_HOST},
		{"proxyint", "limitsroot", ZOO_HOST},
		{"addresses", "limitsroot", ZOO_HOST},
		{"systems", "limitsroot", ZOO_HOST},
		{"addressesint", "limitsroot", ZOO_HOST},
		{"nosuchday", "oddroot", ZOO_HOST},
		{"nosuchdaybegin", "oddroot", ZOO_HOST},
		{"nosuchdayint", "oddroot", ZOO_HOST},
		{"noleapday", "oddroot", ZOO_HOST},
		{"nosuchsecond", "oddroot", ZOO_HOST},
		{"rsa1016", "oddroot", ZOO_HOST},
		{"sanx400", "oddroot", ZOO_HOST},
		{"sanparty", "oddroot", ZOO_HOST},
		{"sanblank", "oddroot", ZOO_HOST},
		{"sanbehind", "oddroot", ZOO_HOST},
		{"oddtwice", "oddroot", ZOO_HOST},
		{"v1extensions", "oddroot", ZOO_HOST},
	};
	static const char *const version[] = {"openssl", "version", NULL};

	zoo_start();
	if (run(version) != 0) {
		skip("openssl(1) as an oracle", "there is none");
		return done();
	}
	compare_all();
	for (size_t i = 0; i < COUNT(others); i++)
		compare(others[i][0], others[i][1], others[i][2]);
	return done();
}

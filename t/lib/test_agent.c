#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include "dns/answers.h"
#include "dns/unbound.h"
#include "postfix/master.h"
#include "postfix/param.h"
#include "smtp/setup.h"
#include "t/lib/test_agent.h"
#include "util/log.h"
#include "util/text.h"

/* With a main.cf that has not changed for long: a reader waits while one is being edited. */
static void make_directory(struct test_agent *test)
{
	const struct timeval old[] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	FILE *file;

	snprintf(test->directory, sizeof test->directory, "/tmp/safemx-test-XXXXXX");
	if (mkdtemp(test->directory) == NULL || chdir(test->directory) < 0
		|| (file = fopen("main.cf", "w")) == NULL)
		log_fatal("cannot make %s", test->directory);
	fclose(file);
	utimes("main.cf", old);
	setenv("MAIL_CONFIG", test->directory, 1);
}

static void arguments(struct test_agent *test, struct master_args *args, const char *settings)
{
	const char *setting;

	*args = (struct master_args){.program = test->config.lmtp ? "lmtp" : "smtp",
		.service = "out", .settings = {.pool = &test->pool}, .words = {.pool = &test->pool}};
	list_add(&args->settings, "compatibility_level=3.6");
	list_add(&args->settings, "myhostname=client.example");
	list_add(&args->settings, "inet_interfaces=127.0.0.1");
	list_add(&args->settings, "inet_protocols=ipv4");
	list_add(&args->settings, pool_format(&test->pool, "queue_directory=%s", test->directory));
	while (settings && (setting = text_token(&test->pool, &settings, ";", false)) != NULL) {
		setting = text_trim(&test->pool, setting);
		if (*setting)
			list_add(text_starts(setting, "flags=") ? &args->words
				: &args->settings, setting);
	}
}

/* What a postconf(1) of VERSION would know that one of another version might not. */
static void list_new_parameters(FILE *file, int version)
{
	for (size_t i = 0; i < config_params.count; i++) {
		const struct param *row = &config_params.rows[i];

		if (row->since == 0 || row->since > version)
			continue;
		fprintf(file, "%s = %s\n", row->name, row->value);
		if (row->lmtp_name)
			fprintf(file, "%s = %s\n", row->lmtp_name, row->value);
	}
}

static const char *make_postconf(struct test_agent *test, int version)
{
	const char *path = pool_format(&test->pool, "%s/postconf", test->directory);
	FILE *file = fopen(path, "w");

	if (file == NULL)
		log_fatal("cannot write %s", path);
	fprintf(file, "#!/bin/sh\ncat <<'END'\nmail_version = %d.%d.0\n", version / 1000,
		version % 1000);
	list_new_parameters(file, version);
	fprintf(file, "END\n");
	fclose(file);
	chmod(path, 0700);
	return path;
}

void test_agent_open(struct test_agent *test, bool lmtp, int version, const char *settings)
{
	struct master_args args;
	const char *error;

	*test = (struct test_agent){.config = {.lmtp = lmtp}};
	make_directory(test);
	arguments(test, &args, settings);
	error = config_try_load(&test->config, &args, lmtp,
		version ? make_postconf(test, version) : "");
	if (error) {
		fprintf(stderr, "test_agent: %s\n", error);
		exit(1);
	}
	setup_agent(&test->agent, &test->pool, &test->config, &args);
	test->agent.service = pool_text(&test->pool, args.service);
	test_agent_resolver(test, (struct resolver){0});
	log_allow_utf8(true);
}

static void empty_directory(const char *directory)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf -- '%s'", directory);
	if (chdir("/") < 0 || system(command) != 0)
		log_warning("cannot remove %s", directory);
}

void test_agent_close(struct test_agent *test)
{
	setup_close(&test->agent);
	config_free(&test->config);
	pool_free(&test->pool);
	empty_directory(test->directory);
}

void test_agent_resolver(struct test_agent *test, struct resolver resolver)
{
	answers_free(test->agent.answers);
	unbound_free(test->agent.unbound);
	test->agent.answers = NULL;
	test->agent.unbound = NULL;
	test->agent.resolver = resolver;
}

/*
 * safemx - a delivery agent for Postfix's master(8): the order of start-up,
 * and one request from greeting to verdict.
 */
#include "config.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "postfix/master.h"
#include "postfix/postlog.h"
#include "smtp/deliver.h"
#include "smtp/setup.h"
#include "util/log.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The name that the program is called by chooses the protocol; the log tag is always Postfix's. */
static const char *personality(const char *name)
{
	if (strcmp(name, "smtp") == 0 || strcmp(name, "safemx") == 0)
		return "smtp";
	if (strcmp(name, "lmtp") == 0 || strcmp(name, "safemx-lmtp") == 0)
		return "lmtp";
	log_fatal("unexpected process name \"%s\" - specify \"smtp\", \"lmtp\", \"safemx\", or"
		" \"safemx-lmtp\"", name);
}

static void open_log(const struct config *config, const char *program)
{
	char main_cf[4096];
	const struct postlog_options options = {
		.program = program,
		.syslog_name = config->syslog_name,
		.syslog_facility = config->syslog_facility,
		.queue_directory = config->queue_directory,
		.hostname = config->myhostname,
		.maillog_file = config->maillog_file,
		.maillog_file_prefixes = config->maillog_file_prefixes,
		.service = config->postlog_service_name,
		.main_cf = main_cf,
	};

	snprintf(main_cf, sizeof main_cf, "%s/main.cf", config->config_directory);
	log_allow_utf8(config->smtputf8_enable);
	postlog_open(&options);
}

/* Everything that the request says is done; FD gets the verdict. */
static void serve_request(const struct agent *agent, int fd, const struct request *request)
{
	struct queuefile *file = queuefile_open(request->pool, &agent->queue, request->queue_name,
		request->queue_id);
	struct delivery d;

	if (file == NULL) {
		request_reply(&agent->wire, fd, NULL, true);
		return;
	}
	delivery_begin(&d, request, file);
	deliver(agent, &d);
	if (d.corrupt)
		queuefile_corrupt(file);
	if (!d.abandoned)
		request_reply(&agent->wire, fd, d.hop.status ? &d.hop : NULL, d.deferred);
	queuefile_close(file); /* the lock lasts until qmgr knows */
}

static bool serve(void *context, int fd)
{
	const struct agent *agent = context;
	struct pool pool = {0};
	struct request request = {.pool = &pool};
	enum request_got got = request_receive(&agent->wire, fd, &request);

	if (got == REQUEST_READY) {
		log_tag(request.queue_id);
		serve_request(agent, fd, &request);
		log_tag(NULL);
	} else if (got == REQUEST_BROKEN) {
		request_reply(&agent->wire, fd, NULL, true);
	}
	pool_free(&pool);
	return got != REQUEST_NONE;
}

static bool stale(void *context)
{
	const struct agent *agent = context;

	return table_set_changed(agent->tables);
}

/* The administrator's limit of deliveries at once: -l, -z, or column 7 of master.cf. */
static size_t limit(const struct config *config, const struct master_args *args)
{
	int column;

	if (args->single)
		return 1;
	if (args->unlimited)
		return 0;
	column = conf_process_limit(config->config_directory, args->service, args->transport);
	return column >= 0 ? (size_t)column : (size_t)config->default_process_limit;
}

/* -D, or MAIL_DEBUG in the environment: a command that looks at this process from outside. */
static void start_debugger(struct config *config, const struct master_args *args)
{
	const char *command = conf_raw(&config->conf, "debugger_command");

	if (!args->debugger)
		return;
	command = command ? conf_expand(&config->conf, command) : "";
	if (*command == '\0')
		log_fatal("no debugger_command variable set up");
	log_info("running: %s", command);
	if (system(command) < 0)
		log_warning("cannot run debugger_command");
}

static int run(struct agent *agent, struct config *config, const struct master_args *args)
{
	struct master_service service = {
		.args = args,
		.limit = args->stream ? 1 : limit(config, args),
		.per_process = (size_t)config->process_deliveries,
		.max_use = config->max_use,
		.max_idle = config->max_idle,
		.daemon_timeout = config->daemon_timeout,
		.serve = serve,
		.stale = stale,
		.context = agent,
	};
	const struct master_jail jail = {config->queue_directory, config->mail_owner};
	struct pool pool = {0};
	int status;

	master_enter_queue(&jail);
	start_debugger(config, args);
	service.slots = master_open_slots(args); /* still root, outside the jail */
	setup_agent(agent, &pool, config, args);
	master_drop_privileges(args, &jail);
	status = args->stream ? master_serve_stream(&service) : master_serve(&service);
	setup_close(agent);
	pool_free(&pool);
	return status;
}

int main(int argc, char **argv)
{
	struct pool pool = {0};
	struct master_args args;
	struct config config;
	struct agent agent;
	const char *program;
	int status;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	log_also_stderr(isatty(STDERR_FILENO)); /* who starts it by hand sees why not */
	program = base_name(argc > 0 ? argv[0] : "");
	postlog_start(program); /* a wrong name must not go unheard */
	program = personality(program);
	master_arguments(&args, &pool, argc, argv);
	log_verbose(args.verbose);
	log_also_stderr(args.also_stderr || isatty(STDERR_FILENO));
	config_load(&config, &args, strcmp(program, "lmtp") == 0);
	open_log(&config, program);
	master_check_start(&args);
	status = run(&agent, &config, &args);
	config_free(&config);
	pool_free(&pool);
	return status;
}

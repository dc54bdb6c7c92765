/*
 * xoauth2 - a Cyrus SASL plug-in for tests: the mechanism XOAUTH2, with the password as token. Built
 * by lab.py, as users build theirs; nothing of it is ours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sasl/sasl.h>
#include <sasl/saslplug.h>

static int new(void *glob, sasl_client_params_t *params, void **conn)
{
	(void)glob;
	(void)params;
	*conn = calloc(1, 4096);
	return *conn ? SASL_OK : SASL_NOMEM;
}

static int ask_name(sasl_client_params_t *params, const char **name)
{
	sasl_getsimple_t *ask;
	sasl_callback_ft function;
	void *context;
	int result = params->utils->getcallback(params->utils->conn, SASL_CB_AUTHNAME, &function,
		&context);

	ask = (sasl_getsimple_t *)function;
	return result == SASL_OK ? ask(context, SASL_CB_AUTHNAME, name, NULL) : result;
}

static int ask_secret(sasl_client_params_t *params, sasl_secret_t **secret)
{
	sasl_getsecret_t *ask;
	sasl_callback_ft function;
	void *context;
	int result = params->utils->getcallback(params->utils->conn, SASL_CB_PASS, &function, &context);

	ask = (sasl_getsecret_t *)function;
	return result == SASL_OK ? ask(params->utils->conn, context, SASL_CB_PASS, secret) : result;
}

static int step(void *conn, sasl_client_params_t *params, const char *said, unsigned length,
	sasl_interact_t **prompt, const char **out, unsigned *out_length, sasl_out_params_t *done)
{
	const char *name;
	sasl_secret_t *secret;
	int result;

	(void)prompt;
	*out = NULL;
	*out_length = 0;
	if (said && length > 0) { /* a server that refuses says why, and wants an empty answer */
		*out = "";
		return SASL_CONTINUE;
	}
	if ((result = ask_name(params, &name)) != SASL_OK
		|| (result = ask_secret(params, &secret)) != SASL_OK)
		return result;
	result = params->canon_user(params->utils->conn, name, 0,
		SASL_CU_AUTHID | SASL_CU_AUTHZID, done);
	if (result != SASL_OK)
		return result;
	snprintf(conn, 4096, "user=%s\001auth=Bearer %.*s\001\001", name, (int)secret->len,
		(const char *)secret->data);
	*out = conn;
	*out_length = (unsigned)strlen(conn);
	done->doneflag = 1;
	return SASL_OK;
}

static void dispose(void *conn, const sasl_utils_t *utils)
{
	(void)utils;
	free(conn);
}

static sasl_client_plug_t plug = {.mech_name = "XOAUTH2", .security_flags = SASL_SEC_NOANONYMOUS,
	.features = SASL_FEAT_WANT_CLIENT_FIRST, .mech_new = new, .mech_step = step,
	.mech_dispose = dispose};

int sasl_client_plug_init(const sasl_utils_t *utils, int most, int *version,
	sasl_client_plug_t **list, int *count);

int sasl_client_plug_init(const sasl_utils_t *utils, int most, int *version,
	sasl_client_plug_t **list, int *count)
{
	(void)utils;
	(void)most;
	*version = SASL_CLIENT_PLUG_VERSION;
	*list = &plug;
	*count = 1;
	return SASL_OK;
}

#include "t/tls/client.h"
#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE = 20 /* seconds */ };

static void must(int rc)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "client: %s\n", gnutls_strerror(rc));
	exit(99);
}

static void identify(struct client *client, const struct forged *identity)
{
	gnutls_x509_crt_t chain[1];

	must(gnutls_certificate_allocate_credentials(&client->certificates));
	must(gnutls_anon_allocate_client_credentials(&client->anonymous));
	if (identity) {
		chain[0] = identity->crt;
		must(gnutls_certificate_set_x509_key(client->certificates, chain, 1,
			identity->key));
	}
	must(gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE,
		client->certificates));
	must(gnutls_credentials_set(client->session, GNUTLS_CRD_ANON, client->anonymous));
}

void client_start(struct client *client, struct server *server, const char *priority,
	const struct forged *identity)
{
	*client = (struct client){.server = server, .stream = stream_open(server_start(server))};
	stream_limit(client->stream, PATIENCE);
	must(gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL
		| (server->raw ? GNUTLS_ENABLE_RAWPK : 0)));
	must(gnutls_priority_set_direct(client->session, priority, NULL));
	identify(client, identity);
	channel_open(&client->channel, client->session, client->stream);
	do
		client->handshake = gnutls_handshake(client->session);
	while (client->handshake < 0 && !gnutls_error_is_fatal(client->handshake));
	channel_flush(&client->channel);
}

void client_stop(struct client *client)
{
	stream_close(client->stream);
	server_wait(client->server);
	gnutls_deinit(client->session);
	gnutls_certificate_free_credentials(client->certificates);
	gnutls_anon_free_client_credentials(client->anonymous);
	channel_free(&client->channel);
}
